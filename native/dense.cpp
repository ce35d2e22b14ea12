#include "dense.hpp"

#include "panels.hpp"

namespace glassnet {

// --- what a network holds ------------------------------------------------------------------------------------------

namespace {

constexpr long FEW_WEIGHTS = 24 << 10;  // bytes
constexpr long UNITS = 48;  // of a layer, whose gradient is summed and used together

}  // namespace

// --- which units are dropped ---------------------------------------------------------------------------------------

static std::uint64_t split_mix(std::uint64_t z) {  // Steele, Lea and Flood 2014
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

std::uint64_t dropout_key(std::uint64_t seed, std::uint64_t step, std::uint64_t layer) {
    for (const std::uint64_t value : {step, layer}) seed = split_mix(seed ^ ((value + 1) * 0x9e3779b97f4a7c15u));
    return seed;
}

// --- room ----------------------------------------------------------------------------------------------------------

template <class T>
Dense<T>::Dense(std::vector<Layer> given, const Objective &what, const Optimizer &how, std::uint64_t from_seed,
                const std::string &name)
    : layers(std::move(given)),
      objective(what),
      optimizer(how),
      seed(from_seed),
      k(kernels<T>(name)),
      values(layers.size()) {
    const bool first = how.method != Method::sgd || how.momentum != 0, second = how.method != Method::sgd;
    long widest = layers[0].inputs;
    few.emplace_back(rounded_up(widest, LANES));
    for (const Layer &layer : layers) {
        widest = std::max(widest, layer.outputs);
        few.emplace_back(rounded_up(layer.outputs, LANES));
        const long pitch = weight_pitch<T>(layer.inputs), all = layer.outputs * pitch;
        const long units = rounded_up(layer.outputs, LANES);
        const bool whole = objective.clip != 0 || layer.outputs <= UNITS;
        weights.push_back({Buffer<T>(all), Buffer<T>(whole ? all : UNITS * pitch), Buffer<T>(first ? all : 0), Buffer<T>(second ? all : 0),
                           Buffer<T>(units), Buffer<T>(units), Buffer<T>(first ? units : 0),
                           Buffer<T>(second ? units : 0), pitch, whole});
    }
    few.emplace_back(rounded_up(widest, LANES));
}

template <class T>
void Dense<T>::hold_whole_gradients() {
    for (Weights &w : weights)
        if (!w.whole) {
            w.gradient = Buffer<T>(w.weight.size());
            w.whole = true;
        }
}

template <class T>
void Dense<T>::make_room(long rows) {
    if (rows <= capacity) return;
    capacity = rounded_up(rows, PANEL);
    inputs = Buffer<T>(capacity * layers[0].inputs);
    targets = Buffer<T>(capacity * widest_target());
    factors = Buffer<T>(capacity);
    losses = Buffer<T>(capacity);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const Layer &layer = layers[l];
        values[l].out = Buffer<T>(capacity * layer.outputs);
        values[l].kept = Buffer<T>(layer.activation == Activation::silu ? capacity * layer.outputs : 0);
        values[l].gradient = Buffer<T>(capacity * layer.outputs);
        values[l].in = Buffer<T>(layer.dropout > 0 ? capacity * layer.inputs : 0);
        values[l].by_row = Buffer<T>(capacity * rounded_up(layer.inputs, LANES));
    }
}

template <class T>
const T *Dense<T>::inputs_of(std::size_t l, bool training) const {
    if (training && layers[l].dropout > 0) return values[l].in.data();
    return l == 0 ? inputs.data() : values[l - 1].out.data();
}

// --- one batch -----------------------------------------------------------------------------------------------------

// Rows, targets and weights into panels; what a row's loss counts for in the mean over the batch.
template <class T>
void Dense<T>::fetch(const Data<T> &data, const std::int64_t *rows, long count, double total_weight) {
    make_room(count);
    const T scale = total_weight > 0 ? T(objective.scale / total_weight) : T(0);
    glassnet::fetch(k, data, rows, count, layers.back().outputs, scale,
                    {inputs.data(), layers[0].inputs, values[0].by_row.data(), capacity, targets.data(),
                     factors.data()});
}

// Which rows of the batch are at hand decides what is dropped.
template <class T>
void Dense<T>::drop(long rows, std::size_t l, const T *from, T *to) {
    glassnet::drop(k, layers[l], dropout_key(seed, steps, l), from, to, rows, done);
}

// Layer after layer: out = activation(weight * in + bias).
template <class T>
void Dense<T>::forward(long rows, bool training) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const Layer &layer = layers[l];
        const Weights &w = weights[l];
        const T *in = l == 0 ? inputs.data() : values[l - 1].out.data();
        if (training && layer.dropout > 0) drop(rows, l, in, values[l].in.data());
        in = inputs_of(l, training);
        T *out = values[l].out.data();
        weighted_sums(k, w.weight.data(), w.pitch, w.bias.data(), in, layer.inputs, out, layer.outputs, rows);
        activate(k, layer, out, values[l].kept.data(), layer.outputs, rows);
    }
}

// What these rows add to the mean loss of the batch, and its gradient by the weighted sums of the last layer.
template <class T>
double Dense<T>::lose(long rows) {
    const Layer &last = layers.back();
    const std::size_t l = layers.size() - 1;
    double sum = 0;
    for (long first = 0; first < rows; first += PANEL) {
        const Panel p = panel(first / PANEL, rows);
        const long at = first * last.outputs, count = p.pitch * last.outputs;
        T *factor = factors.data() + first, *loss = losses.data() + first;
        k.lose(objective.loss, values[l].out.data() + at, targets.data() + first * widest_target(), factor,
               values[l].gradient.data() + at, loss, last.outputs, p.pitch);
        k.derive(last.activation, T(last.slope), values[l].out.data() + at, values[l].kept.data() + at,
                 values[l].gradient.data() + at, count);
        for (long r = 0; r < p.rows; ++r) sum += double(factor[r]) * double(loss[r]);
    }
    return sum;
}

// From the gradient by the weighted sums of layer l to that of layer l - 1: transposed weights of l times it, times
// the derivative of the activation of l - 1. It reads the weights of l, so they are updated afterwards; the activation
// of the last layer is that of lose.
template <class T>
void Dense<T>::backward(long rows, std::size_t l, bool training) {
    const Layer &layer = layers[l], &before = layers[l - 1];
    const Weights &w = weights[l];
    T *gradient = values[l - 1].gradient.data();
    back_through(k, w.weight.data(), w.pitch, values[l].gradient.data(), layer.outputs, gradient, layer.inputs, rows,
                 false);
    if (training && layer.dropout > 0) drop(rows, l, gradient, gradient);
    derive(k, before, values[l - 1].out.data(), values[l - 1].kept.data(), gradient, layer.inputs, rows);
}

// What the gradients of a layer's weights are summed from, its inputs as rows x units; and the whole gradient of its
// biases, which is a sum over the same rows.
template <class T>
void Dense<T>::turn_inputs(long rows, std::size_t l, bool training, bool add) {
    const Layer &layer = layers[l];
    Weights &w = weights[l];
    const bool fetched = l == 0 && !(training && layer.dropout > 0);  // then gather has written by_row already
    if (!add) w.bias_gradient.clear();
    if (!fetched) turned(k, inputs_of(l, training), layer.inputs, values[l].by_row.data(), capacity, rows);
    if (layer.bias) add_over_rows(k, values[l].gradient.data(), layer.outputs, w.bias_gradient.data(), rows);
}

// gradient[unit][input] = sum over the rows of gradient[unit][row] * input[row][input], for some of the units.
template <class T>
void Dense<T>::weight_gradient(long rows, std::size_t l, long unit, long units, T *to, bool add) {
    const Layer &layer = layers[l];
    const Values &v = values[l];
    glassnet::weight_gradient(k, v.gradient.data(), layer.outputs, unit, units, v.by_row.data(), capacity,
                              layer.inputs, to, weights[l].pitch, rows, add);
}

template <class T>
std::vector<Buffer<T> *> Dense<T>::all_gradients() {
    std::vector<Buffer<T> *> all;
    for (Weights &w : weights) all.insert(all.end(), {&w.gradient, &w.bias_gradient});
    return all;
}

// --- the update ----------------------------------------------------------------------------------------------------

template <class T>
void Dense<T>::penalise(std::size_t l, long unit, long units, double total_weight, T *gradient) {
    double l2 = objective.l2;
    if (objective.l2_per_batch) l2 = total_weight > 0 ? l2 / total_weight : 0;
    if (objective.l1 == 0 && l2 == 0) return;
    const long pitch = weights[l].pitch;
    k.penalise(weights[l].weight.data() + unit * pitch, gradient, T(objective.l1), T(l2), units * pitch);
}

template <class T>
void Dense<T>::update(const Update<T> &step, std::size_t l, long unit, long units, const T *gradient) {
    Weights &w = weights[l];
    const long at = unit * w.pitch;
    k.update(step, w.weight.data() + at, gradient, w.first.data() + at, w.second.data() + at, units * w.pitch);
}

template <class T>
void Dense<T>::update_biases(const Update<T> &step, std::size_t l) {
    Weights &w = weights[l];
    if (layers[l].bias)
        k.update(step, w.bias.data(), w.bias_gradient.data(), w.bias_first.data(), w.bias_second.data(),
                 w.bias.size());
}

// A layer's gradient and update, a few units at a time: their gradient is used where it lies in the cache.
template <class T>
void Dense<T>::learn(const Update<T> &step, long rows, std::size_t l, double total_weight) {
    const long pitch = weights[l].pitch, outputs = layers[l].outputs;
    turn_inputs(rows, l, true, false);
    for (long unit = 0; unit < outputs; unit += UNITS) {
        const long units = std::min(UNITS, outputs - unit);
        T *gradient = weights[l].gradient.data() + (weights[l].whole ? unit * pitch : 0);
        weight_gradient(rows, l, unit, units, gradient, false);
        penalise(l, unit, units, total_weight, gradient);
        update(step, l, unit, units, gradient);
    }
    update_biases(step, l);
}

// --- a pass --------------------------------------------------------------------------------------------------------

// How many rows of a batch go through the network together, so that what belongs to them stays in a near cache:
// one panel where the weights are few; otherwise more, because the weights are read again for each part.
template <class T>
long Dense<T>::rows_together(long rows) const {
    long numbers = 0;
    for (const Weights &w : weights) numbers += w.weight.size();
    return std::min(rows, numbers * long(sizeof(T)) <= FEW_WEIGHTS ? PANEL : 4 * PANEL);
}

// Loss and whole gradients of a batch, part by part.
template <class T>
double Dense<T>::batch_gradients(const Data<T> &data, const std::int64_t *order, long rows, double total_weight,
                                 bool training) {
    const long together = rows_together(rows);
    double sum = 0;
    for (done = 0; done < rows; done += together) {
        const long count = std::min(together, rows - done);
        fetch(data, order + done, count, total_weight);
        forward(count, training);
        sum += lose(count);
        for (std::size_t l = layers.size(); l-- > 0;) {
            if (l > 0) backward(count, l, training);
            turn_inputs(count, l, training, done > 0);
            weight_gradient(count, l, 0, layers[l].outputs, weights[l].gradient.data(), done > 0);
        }
    }
    done = 0;
    return sum;
}

// One step. Where nothing asks for all gradients at once, and the batch goes through the network in one part, each
// gradient is used and forgotten.
template <class T>
double Dense<T>::step(const Data<T> &data, const std::int64_t *order, long rows, double rate, double total_weight) {
    const Update<T> how = update_of<T>(optimizer, rate, steps);
    double loss;
    if (objective.clip == 0 && rows_together(rows) == rows) {
        fetch(data, order, rows, total_weight);
        forward(rows, true);
        loss = lose(rows);
        for (std::size_t l = layers.size(); l-- > 0;) {
            if (l > 0) backward(rows, l, true);
            learn(how, rows, l, total_weight);
        }
    } else {
        hold_whole_gradients();
        loss = batch_gradients(data, order, rows, total_weight, true);
        for (std::size_t l = 0; l < layers.size(); ++l)
            penalise(l, 0, layers[l].outputs, total_weight, weights[l].gradient.data());
        if (objective.clip != 0) clip(all_gradients(), objective.clip);
        for (std::size_t l = 0; l < layers.size(); ++l) {
            update(how, l, 0, layers[l].outputs, weights[l].gradient.data());
            update_biases(how, l);
        }
    }
    ++steps;
    return loss;
}

template <class T>
double Dense<T>::train(const Data<T> &data, const std::int64_t *order, const std::int64_t *sizes,
                       const double *rates, long batches, double *record) {
    double sum = 0, all = 0;
    for (long batch = 0; batch < batches; order += sizes[batch], ++batch) {
        const double weight = weight_of(data, order, sizes[batch]);
        const double loss = step(data, order, sizes[batch], rates[batch], weight) * weight;
        sum += loss, all += weight;
        if (record) *record++ = loss, *record++ = weight;
    }
    return all > 0 ? sum / all : 0;
}

template class Dense<float>;
template class Dense<double>;

}  // namespace glassnet
