#include "dense.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace glassnet {

// --- what a network holds ------------------------------------------------------------------------------------------

namespace {

// An odd number of cache lines between rows: a column then lies in all parts of the cache, not in a few.
template <class T>
long weight_pitch(long inputs) {
    const long lanes = 64 / long(sizeof(T)), lines = rounded_up(inputs, LANES) / lanes;
    return (lines >= 8 && lines % 2 == 0 ? lines + 1 : lines) * lanes;
}

constexpr long AT_ONCE = 4 * PANEL;  // rows that go through the network together where nothing is trained

// first, first + 1, ...
struct Numbers : std::vector<std::int64_t> {
    Numbers(long first, long count) : std::vector<std::int64_t>(std::size_t(count)) {
        std::iota(begin(), end(), std::int64_t(first));
    }
};

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
    for (const Layer &layer : layers) {
        const long pitch = weight_pitch<T>(layer.inputs), all = layer.outputs * pitch;
        const long units = rounded_up(layer.outputs, LANES);
        weights.push_back({Buffer<T>(all), Buffer<T>(all), Buffer<T>(first ? all : 0), Buffer<T>(second ? all : 0),
                           Buffer<T>(units), Buffer<T>(units), Buffer<T>(first ? units : 0),
                           Buffer<T>(second ? units : 0), pitch});
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

// The panels of a batch: PANEL rows each, the last one the rest. Each begins at first * units numbers.
template <class T>
typename Dense<T>::Panel Dense<T>::panel(long number, long rows) const {
    const long first = number * PANEL, count = std::min(PANEL, rows - first);
    return {first, count, rounded_up(count, LANES)};
}

template <class T>
const T *Dense<T>::inputs_of(std::size_t l, bool training) const {
    if (training && layers[l].dropout > 0) return values[l].in.data();
    return l == 0 ? inputs.data() : values[l - 1].out.data();
}

// --- one batch -----------------------------------------------------------------------------------------------------

// Rows, targets and weights of a batch into panels. Returns the sum of the weights.
template <class T>
double Dense<T>::fetch(const Data<T> &data, const std::int64_t *rows, long count) {
    make_room(count);
    const long columns = layers[0].inputs, outputs = layers.back().outputs;
    const T *end = data.inputs + data.rows * columns;
    double total = 0;
    for (long first = 0; first < count; first += PANEL) {
        const Panel p = panel(first / PANEL, count);
        const T *at[PANEL];
        for (long r = 0; r < p.rows; ++r) {
            const std::int64_t row = rows ? rows[first + r] : first + r;
            at[r] = data.inputs + row * columns;
            const T weight = data.weight ? data.weight[row] : T(1);
            factors.data()[first + r] = weight;
            total += weight;
            if (data.classes) targets.data()[first + r] = T(data.classes[row]);
            else if (data.targets)
                for (long o = 0; o < outputs; ++o)
                    targets.data()[first * outputs + o * p.pitch + r] = data.targets[row * outputs + o];
        }
        for (long r = p.rows; r < p.pitch; ++r) factors.data()[first + r] = 0;
        k.gather(at, p.rows, columns, end, inputs.data() + first * columns, p.pitch, values[0].by_row.data(),
                 capacity, first);
    }
    return total;
}

template <class T>
void Dense<T>::drop(long rows, std::size_t l, const T *from, T *to) {
    const Layer &layer = layers[l];
    const std::uint64_t key = dropout_key(seed, steps, l);
    const auto below = std::uint32_t(std::min(std::floor(layer.dropout * 4294967296.0), 4294967295.0));
    const T scale = T(1 / (1 - layer.dropout));
    for (long first = 0; first < rows; first += PANEL) {
        const Panel p = panel(first / PANEL, rows);
        const long at = first * layer.inputs;
        k.drop(from + at, to + at, layer.inputs, p.pitch, key, below, std::uint32_t(first), scale);
    }
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
        for (long first = 0; first < rows; first += PANEL) {
            const Panel p = panel(first / PANEL, rows);
            T *out = values[l].out.data() + first * layer.outputs;
            k.product(w.weight.data(), w.pitch, 1, in + first * layer.inputs, p.pitch, out, p.pitch, layer.outputs,
                      p.pitch, layer.inputs, false, w.bias.data());
            k.activate(layer.activation, T(layer.slope), out, values[l].kept.data() + first * layer.outputs,
                       layer.outputs * p.pitch);
        }
    }
}

// The mean loss of the batch, and its gradient by the weighted sums of the last layer.
template <class T>
double Dense<T>::lose(long rows, double total_weight) {
    const Layer &last = layers.back();
    const std::size_t l = layers.size() - 1;
    const T scale = total_weight > 0 ? T(objective.scale / total_weight) : T(0);
    double sum = 0;
    for (long first = 0; first < rows; first += PANEL) {
        const Panel p = panel(first / PANEL, rows);
        const long at = first * last.outputs, count = p.pitch * last.outputs;
        T *factor = factors.data() + first, *loss = losses.data() + first;
        for (long r = 0; r < p.pitch; ++r) factor[r] *= scale;
        k.lose(objective.loss, values[l].out.data() + at, targets.data() + first * widest_target(), factor,
               values[l].gradient.data() + at, loss, last.outputs, p.pitch);
        k.derive(last.activation, T(last.slope), values[l].out.data() + at, values[l].kept.data() + at,
                 values[l].gradient.data() + at, count);
        for (long r = 0; r < p.rows; ++r) sum += double(factor[r]) * double(loss[r]);
    }
    return sum;
}

// From the gradient by a layer's weighted sums to that of the layer before: transposed weights times it, times the
// derivative of the activation there.
template <class T>
void Dense<T>::backward(long rows, std::size_t l, bool training) {
    const Layer &layer = layers[l], &before = layers[l - 1];
    const Weights &w = weights[l];
    for (long first = 0; first < rows; first += PANEL) {
        const Panel p = panel(first / PANEL, rows);
        const long at = first * layer.inputs;
        k.product(w.weight.data(), 1, w.pitch, values[l].gradient.data() + first * layer.outputs, p.pitch,
                  values[l - 1].gradient.data() + at, p.pitch, layer.inputs, p.pitch, layer.outputs, false, nullptr);
    }
    T *gradient = values[l - 1].gradient.data();
    if (training && layer.dropout > 0) drop(rows, l, gradient, gradient);
    for (long first = 0; first < rows; first += PANEL) {
        const Panel p = panel(first / PANEL, rows);
        const long at = first * layer.inputs;
        k.derive(before.activation, T(before.slope), values[l - 1].out.data() + at, values[l - 1].kept.data() + at,
                 gradient + at, layer.inputs * p.pitch);
    }
}

// weight gradient[unit][input] = sum over the rows of gradient[unit][row] * input[row][input].
template <class T>
void Dense<T>::weight_gradient(long rows, std::size_t l, bool training) {
    const Layer &layer = layers[l];
    Weights &w = weights[l];
    Values &v = values[l];
    const bool fetched = l == 0 && !(training && layer.dropout > 0);  // then gather has written by_row already
    w.bias_gradient.clear();
    for (long first = 0; first < rows; first += PANEL) {
        const Panel p = panel(first / PANEL, rows);
        const T *gradient = v.gradient.data() + first * layer.outputs;
        if (!fetched)
            k.turn(inputs_of(l, training) + first * layer.inputs, p.pitch, layer.inputs, p.rows, v.by_row.data(),
                   capacity, first);
        if (layer.bias) k.add_rows(gradient, p.pitch, layer.outputs, w.bias_gradient.data());
    }
    for (long i = 0; i < layer.inputs; i += PANEL) {
        const long pitch = columns_pitch(layer.inputs, i);
        const T *by_row = v.by_row.data() + columns_panel(capacity, i);
        for (long first = 0; first < rows; first += PANEL) {
            const Panel p = panel(first / PANEL, rows);
            k.product(v.gradient.data() + first * layer.outputs, p.pitch, 1, by_row + first * pitch, pitch,
                      w.gradient.data() + i, w.pitch, layer.outputs, pitch, p.rows, first > 0, nullptr);
        }
    }
}

// --- the update ----------------------------------------------------------------------------------------------------

template <class T>
void Dense<T>::penalise(std::size_t l, double total_weight) {
    double l2 = objective.l2;
    if (objective.l2_per_batch) l2 = total_weight > 0 ? l2 / total_weight : 0;
    if (objective.l1 == 0 && l2 == 0) return;
    Weights &w = weights[l];
    k.penalise(w.weight.data(), w.gradient.data(), T(objective.l1), T(l2), w.weight.size());
}

// Shorten all gradients together to the length that they may have (Pascanu et al. 2013), as torch does.
template <class T>
void Dense<T>::clip() {
    double squares = 0;
    for (const Weights &w : weights)
        for (const Buffer<T> *each : {&w.gradient, &w.bias_gradient})
            for (long i = 0; i < each->size(); ++i) squares += double(each->data()[i]) * double(each->data()[i]);
    const double factor = objective.clip / (std::sqrt(squares) + 1e-6);
    if (!(factor < 1)) return;
    for (Weights &w : weights)
        for (Buffer<T> *each : {&w.gradient, &w.bias_gradient})
            for (long i = 0; i < each->size(); ++i) each->data()[i] *= T(factor);
}

template <class T>
void Dense<T>::update(std::size_t l, double rate) {
    const Optimizer &o = optimizer;
    Update<T> step{o.method,   T(rate),    T(o.decay),   T(o.momentum), o.nesterov,
                   T(o.beta1), T(o.beta2), T(o.epsilon), T(1),          T(o.alpha)};
    if (o.method == Method::adamw) {
        step.shrink = T(1 - rate * o.decay);
        step.decay = 0;
    }
    if (o.method == Method::adam || o.method == Method::adamw) {
        const double t = double(steps) + 1, second = std::sqrt(1 - std::pow(o.beta2, t));
        step.rate = T(rate * second / (1 - std::pow(o.beta1, t)));
        if (o.epsilon_corrected) step.epsilon = T(o.epsilon * second);
    }
    Weights &w = weights[l];
    k.update(step, w.weight.data(), w.gradient.data(), w.first.data(), w.second.data(), w.weight.size());
    if (layers[l].bias)
        k.update(step, w.bias.data(), w.bias_gradient.data(), w.bias_first.data(), w.bias_second.data(),
                 w.bias.size());
}

// --- what Python calls ---------------------------------------------------------------------------------------------

template <class T>
double Dense<T>::train(const Data<T> &data, const std::int64_t *order, const std::int64_t *sizes,
                       const double *rates, long batches) {
    double sum = 0, all = 0;
    for (long batch = 0; batch < batches; order += sizes[batch], ++batch) {
        const long rows = sizes[batch];
        const double total_weight = fetch(data, order, rows);
        forward(rows, true);
        sum += lose(rows, total_weight) * total_weight;
        all += total_weight;
        for (std::size_t l = layers.size(); l-- > 0;) {
            if (l > 0) backward(rows, l, true);
            weight_gradient(rows, l, true);
            penalise(l, total_weight);
            if (objective.clip == 0) update(l, rates[batch]);
        }
        if (objective.clip != 0) {
            clip();
            for (std::size_t l = 0; l < layers.size(); ++l) update(l, rates[batch]);
        }
        ++steps;
    }
    return all > 0 ? sum / all : 0;
}

template <class T>
void Dense<T>::outputs(const Data<T> &data, T *to) {
    const long outputs = layers.back().outputs;
    Data<T> some = data;
    some.targets = nullptr, some.classes = nullptr, some.weight = nullptr;
    for (long done = 0; done < data.rows; done += AT_ONCE) {
        const long rows = std::min(AT_ONCE, data.rows - done);
        const Numbers from(done, rows);
        fetch(some, from.data(), rows);
        forward(rows, false);
        for (long first = 0; first < rows; first += PANEL) {
            const Panel p = panel(first / PANEL, rows);
            const T *out = values.back().out.data() + first * outputs;
            for (long r = 0; r < p.rows; ++r)
                for (long o = 0; o < outputs; ++o) *to++ = out[o * p.pitch + r];
        }
    }
}

template <class T>
double Dense<T>::loss(const Data<T> &data) {
    double sum = 0, all = 0;
    for (long done = 0; done < data.rows; done += AT_ONCE) {
        const long rows = std::min(AT_ONCE, data.rows - done);
        const Numbers from(done, rows);
        const double total_weight = fetch(data, from.data(), rows);
        forward(rows, false);
        sum += lose(rows, total_weight) * total_weight;
        all += total_weight;
    }
    return all > 0 ? sum / all : 0;
}

template <class T>
double Dense<T>::gradients(const Data<T> &data) {
    const Numbers all(0, data.rows);
    const double total_weight = fetch(data, all.data(), data.rows);
    forward(data.rows, false);
    const double value = lose(data.rows, total_weight);
    for (std::size_t l = layers.size(); l-- > 0;) {
        if (l > 0) backward(data.rows, l, false);
        weight_gradient(data.rows, l, false);
    }
    return value;
}

template <class T>
double Dense<T>::worst_gradient_error(const Data<T> &data, double step) {
    gradients(data);
    double worst = 0, largest = 0;
    const auto compare = [&](T &weight, double gradient) {
        const T before = weight;
        weight = T(before + step);
        const double above = loss(data);
        weight = T(before - step);
        const double below = loss(data);
        weight = before;
        worst = std::max(worst, std::abs((above - below) / (2 * step) - gradient));
        largest = std::max(largest, std::abs(gradient));
    };
    for (std::size_t l = 0; l < layers.size(); ++l) {
        Weights &w = weights[l];
        for (long o = 0; o < layers[l].outputs; ++o) {
            for (long i = 0; i < layers[l].inputs; ++i)
                compare(w.weight.data()[o * w.pitch + i], double(w.gradient.data()[o * w.pitch + i]));
            if (layers[l].bias) compare(w.bias.data()[o], double(w.bias_gradient.data()[o]));
        }
    }
    return largest > 0 ? worst / largest : worst;
}

template <class T>
void Dense<T>::scale_momentum(double factor) {
    if (optimizer.method != Method::sgd) return;
    for (Weights &w : weights)
        for (Buffer<T> *each : {&w.first, &w.bias_first})
            for (long i = 0; i < each->size(); ++i) each->data()[i] *= T(factor);
}

template class Dense<float>;
template class Dense<double>;

}  // namespace glassnet
