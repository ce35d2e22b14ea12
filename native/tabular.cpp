#include "tabular.hpp"

#include <numeric>

#include "panels.hpp"

namespace glassnet {

namespace {

constexpr long AT_ONCE = 4 * PANEL;  // rows that go through the network together
constexpr long GROUPS = 4;           // of members: so many threads can work at once, and no more

}  // namespace

// --- room ----------------------------------------------------------------------------------------------------------

template <class T>
TabularNet<T>::TabularNet(Tabular given, const Objective &what, const Optimizer &how, std::uint64_t from_seed,
                          const std::string &name)
    : shape(std::move(given)), objective(what), optimizer(how), seed(from_seed), k(kernels<T>(name)) {
    const long numbers = long(shape.numbers.size()), frequencies = shape.frequencies;
    add(shape.members, shape.units(), weight_pitch<T>(shape.units()), 0, false);
    add(numbers, frequencies, frequencies, 0, false);
    add(numbers, frequencies, frequencies, 0, false);
    add(shape.sums(), frequencies, weight_pitch<T>(frequencies), shape.width, true);
    add(1, shape.sums(), shape.sums(), 0, false);
    for (const Layer &layer : shape.layers) {
        const bool output = &layer == &shape.layers.back();
        const long units = layer.outputs * (output ? shape.members : 1);
        add(units, layer.inputs, weight_pitch<T>(layer.inputs), output ? layer.outputs : 0, true);
        add(1, layer.bias ? units : 0, layer.bias ? units : 0, 0, false);
    }
    groups.resize(std::size_t(std::min(GROUPS, shape.members)));
    for (Group &g : groups)
        for (std::size_t l = 0; l < last(); ++l) {
            g.weight.emplace_back(weight(l).value.size());
            g.bias.emplace_back(shape.layers[l].outputs);
        }
}

template <class T>
void TabularNet<T>::add(long rows, long columns, long pitch, long group, bool matrix) {
    const bool first = optimizer.method != Method::sgd || optimizer.momentum != 0;
    const long all = rows * pitch, padded = rounded_up(all, LANES);  // a bias is read from its beginning only
    trained.push_back({rows, columns, pitch, group, matrix, Buffer<T>(padded), Buffer<T>(padded),
                       Buffer<T>(first ? padded : 0), Buffer<T>(optimizer.method != Method::sgd ? padded : 0),
                       Buffer<T>(shape.average > 0 ? padded : 0)});
}

template <class T>
void TabularNet<T>::make_worker(Worker &w) const {
    w.values.resize(shape.layers.size());
    for (std::size_t l = 0; l < shape.layers.size(); ++l) {
        const Layer &layer = shape.layers[l];
        Layered &v = w.values[l];
        v.out = Buffer<T>(capacity * layer.outputs);
        v.kept = Buffer<T>(layer.activation == Activation::silu ? capacity * layer.outputs : 0);
        v.gradient = Buffer<T>(capacity * layer.outputs);
        v.in = Buffer<T>(layer.dropout > 0 ? capacity * layer.inputs : 0);
        v.by_row = Buffer<T>(l > 0 ? capacity * rounded_up(layer.inputs, LANES) : 0);
    }
    w.weight = Buffer<T>(trained[5].value.size());
    w.gradient = Buffer<T>(trained[5].value.size());
    w.waves = Buffer<T>(PANEL * shape.frequencies);
    w.waves_by_row = Buffer<T>(PANEL * rounded_up(shape.frequencies, LANES));
    w.losses = Buffer<T>(capacity);
}

template <class T>
void TabularNet<T>::make_room(long rows, int threads) {
    const bool grows = rows > capacity;
    if (grows) {
        const long waves = long(shape.numbers.size()) * shape.frequencies;
        capacity = rounded_up(rows, PANEL);
        units = Buffer<T>(capacity * shape.units());
        by_row = Buffer<T>(capacity * rounded_up(shape.units(), LANES));
        targets = Buffer<T>(capacity * shape.outputs());
        factors = Buffer<T>(capacity);
        sines = Buffer<T>(capacity * waves);
        cosines = Buffer<T>(capacity * waves);
        for (Group &g : groups) g.sums = Buffer<T>(capacity * shape.sums());
    }
    const std::size_t before = grows ? 0 : workers.size();
    workers.resize(std::max(workers.size(), std::size_t(threads)));
    for (std::size_t i = before; i < workers.size(); ++i) make_worker(workers[i]);
}

// --- what all members see ------------------------------------------------------------------------------------------

// Rows, targets and weights into panels; what a row's loss counts for in the mean over rows and members.
template <class T>
void TabularNet<T>::fetch(const Data<T> &data, const std::int64_t *rows, long count, double total_weight) {
    const T scale = total_weight > 0 ? T(objective.scale / (total_weight * double(shape.members))) : T(0);
    glassnet::fetch(k, data, rows, count, shape.outputs(), scale,
                    {units.data(), shape.units(), by_row.data(), capacity, targets.data(), factors.data()});
}

// Where the sums of a number's waves lie in a panel of units.
template <class T>
T *TabularNet<T>::sums_of(long number, const T *panel_of_units, long pitch) const {
    return const_cast<T *>(panel_of_units) + (shape.inputs + number * shape.width) * pitch;
}

// sums = relu(weight * cos(frequency * x + phase) + bias)
template <class T>
void TabularNet<T>::waves_of(long number, long rows) {
    const long often = shape.frequencies, from = number * often, sum = number * shape.width;
    const Trained<T> &w = sum_weight();
    each_panel(rows, [&](const Panel &p) {
        T *panel_of_units = units.data() + p.first * shape.units(), *to = sums_of(number, panel_of_units, p.pitch);
        const T *x = panel_of_units + shape.numbers[std::size_t(number)] * p.pitch;
        T *cosine = cosines.data() + from * capacity + p.first * often;
        T *sine = sines.data() + from * capacity + p.first * often;
        k.waves(x, frequency().value.data() + from, phase().value.data() + from, often, sine, cosine, p.pitch);
        k.product(w.value.data() + sum * w.pitch, w.pitch, 1, cosine, p.pitch, to, p.pitch, shape.width, p.pitch,
                  often, false, sum_bias().value.data() + sum);
        k.activate(Activation::relu, T(0), to, nullptr, shape.width * p.pitch);
    });
}

// The same backwards, from the gradient of the sums in the first group.
template <class T>
void TabularNet<T>::waves_back(long number, long rows, Worker &worker) {
    const long often = shape.frequencies, from = number * often, width = shape.width, sum = number * width;
    Trained<T> &w = sum_weight();
    each_panel(rows, [&](const Panel &p) {
        const T *panel_of_units = units.data() + p.first * shape.units();
        const T *x = panel_of_units + shape.numbers[std::size_t(number)] * p.pitch;
        const T *cosine = cosines.data() + from * capacity + p.first * often;
        T *gradient = groups[0].sums.data() + p.first * shape.sums() + sum * p.pitch;
        T *slope = worker.waves.data(), *cosine_by_row = worker.waves_by_row.data();
        k.derive(Activation::relu, T(0), sums_of(number, panel_of_units, p.pitch), nullptr, gradient,
                 width * p.pitch);
        k.add_rows(gradient, p.pitch, width, sum_bias().gradient.data() + sum);
        turned(k, cosine, often, cosine_by_row, PANEL, p.rows);
        weight_gradient(k, gradient, width, 0, width, cosine_by_row, PANEL, often,
                        w.gradient.data() + sum * w.pitch, w.pitch, p.rows, true);
        back_through(k, w.value.data() + sum * w.pitch, w.pitch, gradient, width, slope, often, p.rows, false);
        k.wave_slopes(x, sines.data() + from * capacity + p.first * often, slope, often,
                      frequency().gradient.data() + from, phase().gradient.data() + from, p.pitch);
    });
}

template <class T>
void TabularNet<T>::front(long rows, Team &team) {
    team.run(long(shape.numbers.size()), [&](long number, int) { waves_of(number, rows); });
}

// --- one member ----------------------------------------------------------------------------------------------------

// Layer after layer, the first with the member's signs, the last with weights of its own.
template <class T>
void TabularNet<T>::forward(long member, long rows, long first_row, bool training, Worker &w) {
    const long pitch = weight(0).pitch;
    k.with_signs(weight(0).value.data(), signs().value.data() + member * pitch, w.weight.data(),
                 shape.layers[0].outputs, pitch);
    const T *in = units.data();
    for (std::size_t l = 0; l <= last(); ++l) {
        const Layer &layer = shape.layers[l];
        Layered &v = w.values[l];
        if (training && layer.dropout > 0) {
            drop(k, layer, dropout_key(seed, steps, l), in, v.in.data(), rows, first_row);
            in = v.in.data();
        }
        const long unit = l == last() ? member * layer.outputs : 0;
        const T *weights = l == 0 ? w.weight.data() : weight(l).value.data() + unit * weight(l).pitch;
        weighted_sums(k, weights, weight(l).pitch, layer.bias ? bias(l).value.data() + unit : nullptr, in,
                      layer.inputs, v.out.data(), layer.outputs, rows);
        activate(k, layer, v.out.data(), v.kept.data(), layer.outputs, rows);
        in = v.out.data();
    }
}

// What the member's rows add to the loss, and its gradient by the outputs.
template <class T>
double TabularNet<T>::lose(long rows, Worker &w) {
    const long outputs = shape.outputs(), wide = objective.loss == Loss::cross_entropy ? 1 : outputs;
    Layered &v = w.values[last()];
    double sum = 0;
    each_panel(rows, [&](const Panel &p) {
        const T *factor = factors.data() + p.first;
        T *loss = w.losses.data() + p.first;
        k.lose(objective.loss, v.out.data() + p.first * outputs, targets.data() + p.first * wide, factor,
               v.gradient.data() + p.first * outputs, loss, outputs, p.pitch);
        for (long r = 0; r < p.rows; ++r) sum += double(factor[r]) * double(loss[r]);
    });
    return sum;
}

// Add to the gradients of a layer after the first: the trunk's in the group, the outputs' where they are learned.
template <class T>
void TabularNet<T>::learn_layer(std::size_t l, long member, long rows, Worker &w, Group &g) {
    const Layer &layer = shape.layers[l];
    Layered &v = w.values[l];
    const long pitch = weight(l).pitch, unit = member * layer.outputs;
    T *weights = l == last() ? weight(l).gradient.data() + unit * pitch : g.weight[l].data();
    T *biases = l == last() ? bias(l).gradient.data() + unit : g.bias[l].data();
    turned(k, layer.dropout > 0 ? v.in.data() : w.values[l - 1].out.data(), layer.inputs, v.by_row.data(), capacity,
           rows);
    weight_gradient(k, v.gradient.data(), layer.outputs, 0, layer.outputs, v.by_row.data(), capacity, layer.inputs,
                    weights, pitch, rows, true);
    if (layer.bias) add_over_rows(k, v.gradient.data(), layer.outputs, biases, rows);
}

// The first layer: one gradient for its weights with signs becomes that of the weights and that of the signs.
template <class T>
void TabularNet<T>::learn_first(long member, long rows, Worker &w, Group &g) {
    const Layer &layer = shape.layers[0];
    const T *gradient = w.values[0].gradient.data();
    const long pitch = weight(0).pitch, at = member * pitch;
    weight_gradient(k, gradient, layer.outputs, 0, layer.outputs, by_row.data(), capacity, layer.inputs,
                    w.gradient.data(), pitch, rows, false);
    k.share(w.gradient.data(), weight(0).value.data(), signs().value.data() + at, signs().gradient.data() + at,
            g.weight[0].data(), layer.outputs, pitch);
    if (layer.bias) add_over_rows(k, gradient, layer.outputs, g.bias[0].data(), rows);
    if (shape.sums() > 0)
        back_through(k, w.weight.data() + shape.inputs, pitch, gradient, layer.outputs, g.sums.data(), shape.sums(),
                     rows, true);
}

template <class T>
void TabularNet<T>::backward(long member, long rows, long first_row, Worker &w, Group &g) {
    for (std::size_t l = last(); l > 0; --l) {
        const Layer &layer = shape.layers[l], &before = shape.layers[l - 1];
        const Trained<T> &weights = weight(l);
        Layered &v = w.values[l - 1];
        learn_layer(l, member, rows, w, g);
        const long unit = l == last() ? member * layer.outputs : 0;
        back_through(k, weights.value.data() + unit * weights.pitch, weights.pitch, w.values[l].gradient.data(),
                     layer.outputs, v.gradient.data(), layer.inputs, rows, false);
        if (layer.dropout > 0)
            drop(k, layer, dropout_key(seed, steps, l), v.gradient.data(), v.gradient.data(), rows, first_row);
        derive(k, before, v.out.data(), v.kept.data(), v.gradient.data(), layer.inputs, rows);
    }
    learn_first(member, rows, w, g);
}

// --- a step --------------------------------------------------------------------------------------------------------

// Some rows of a batch through all members, forth and back: their gradients are added to those before.
template <class T>
double TabularNet<T>::part(const Data<T> &data, const std::int64_t *order, long rows, long done, long batch,
                           double total_weight, Team &team) {
    fetch(data, order, rows, total_weight);
    front(rows, team);
    turned(k, units.data(), shape.units(), by_row.data(), capacity, rows);
    const long count = long(groups.size());
    team.run(count, [&](long number, int worker) {
        Group &g = groups[std::size_t(number)];
        Worker &w = workers[std::size_t(worker)];
        g.sums.clear();
        g.loss = 0;
        for (long m = shape.members * number / count; m < shape.members * (number + 1) / count; ++m) {
            forward(m, rows, m * batch + done, true, w);
            g.loss += lose(rows, w);
            backward(m, rows, m * batch + done, w, g);
        }
    });
    for (std::size_t g = 1; g < groups.size(); ++g)
        k.add(groups[g].sums.data(), groups[0].sums.data(), rounded_up(rows, LANES) * shape.sums());
    team.run(long(shape.numbers.size()),
             [&](long number, int worker) { waves_back(number, rows, workers[std::size_t(worker)]); });
    double loss = 0;
    for (const Group &g : groups) loss += g.loss;
    return loss;
}

template <class T>
void TabularNet<T>::gather_gradients() {
    for (Group &g : groups)
        for (std::size_t l = 0; l < last(); ++l) {
            k.add(g.weight[l].data(), weight(l).gradient.data(), g.weight[l].size());
            if (shape.layers[l].bias) k.add(g.bias[l].data(), bias(l).gradient.data(), g.bias[l].size());
        }
}

template <class T>
std::vector<Buffer<T> *> TabularNet<T>::all_gradients() {
    std::vector<Buffer<T> *> all;
    for (Trained<T> &each : trained) all.push_back(&each.gradient);
    return all;
}

template <class T>
void TabularNet<T>::update(double rate) {
    const Update<T> how = update_of<T>(optimizer, rate, steps);
    const T share = T(std::max(1 - shape.average, 1 / double(steps + 1)));
    for (Trained<T> &each : trained) {
        const long count = each.value.size();
        k.update(how, each.value.data(), each.gradient.data(), each.first.data(), each.second.data(), count);
        if (shape.average > 0) k.follow(each.average.data(), each.value.data(), share, count);
    }
}

template <class T>
double TabularNet<T>::step(const Data<T> &data, const std::int64_t *order, long rows, double rate,
                           double total_weight, Team &team) {
    for (Trained<T> &each : trained) each.gradient.clear();
    for (Group &g : groups) {
        for (Buffer<T> &each : g.weight) each.clear();
        for (Buffer<T> &each : g.bias) each.clear();
    }
    double loss = 0;
    for (long done = 0; done < rows; done += AT_ONCE)
        loss += part(data, order + done, std::min(AT_ONCE, rows - done), done, rows, total_weight, team);
    gather_gradients();
    if (objective.l1 != 0 || objective.l2 != 0)
        for (Trained<T> &each : trained)
            if (each.matrix)
                k.penalise(each.value.data(), each.gradient.data(), T(objective.l1), T(objective.l2),
                           each.value.size());
    if (objective.clip != 0) clip(all_gradients(), objective.clip);
    update(rate);
    ++steps;
    return loss;
}

template <class T>
double TabularNet<T>::train(const Data<T> &data, const std::int64_t *order, const std::int64_t *sizes,
                            const double *rates, long batches, double *record, int threads) {
    Team team(std::min(threads, int(groups.size())));
    double sum = 0, all = 0;
    for (long batch = 0; batch < batches; order += sizes[batch], ++batch) {
        make_room(std::min(sizes[batch], std::int64_t(AT_ONCE)), team.size());
        const double weight = weight_of(data, order, sizes[batch]);
        const double loss = step(data, order, sizes[batch], rates[batch], weight, team) * weight;
        sum += loss, all += weight;
        if (record) *record++ = loss, *record++ = weight;
    }
    return all > 0 ? sum / all : 0;
}

template <class T>
void TabularNet<T>::outputs(const Data<T> &data, T *to, int threads) {
    Team team(std::min(threads, int(groups.size())));
    const long outputs = shape.outputs();
    std::vector<std::int64_t> order(std::size_t(std::min(AT_ONCE, data.rows)));
    make_room(long(order.size()), team.size());
    for (long done = 0; done < data.rows; done += AT_ONCE) {
        const long rows = std::min(AT_ONCE, data.rows - done);
        std::iota(order.begin(), order.end(), std::int64_t(done));
        fetch(data, order.data(), rows, 0);
        front(rows, team);
        team.run(shape.members, [&](long member, int worker) {
            Worker &w = workers[std::size_t(worker)];
            forward(member, rows, 0, false, w);
            T *answers = to + (member * data.rows + done) * outputs;
            each_panel(rows, [&](const Panel &p) {
                const T *out = w.values[last()].out.data() + p.first * outputs;
                for (long r = 0; r < p.rows; ++r)
                    for (long o = 0; o < outputs; ++o) answers[(p.first + r) * outputs + o] = out[o * p.pitch + r];
            });
        });
    }
}

template <class T>
void TabularNet<T>::exchange_average() {
    if (shape.average > 0 && steps > 0)
        for (Trained<T> &each : trained) std::swap(each.value, each.average);
}

template class TabularNet<float>;
template class TabularNet<double>;

}  // namespace glassnet
