// What a layer does with a batch, panel after panel: the words in which dense.cpp and tabular.cpp are written.
//
// `rows` numbers of the batch lie side by side for each unit, in panels of PANEL rows: the panel of rows `first` and
// after begins at first * units (see kernels.hpp). A weight matrix has a row of `pitch` numbers for each unit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "buffer.hpp"
#include "dense.hpp"
#include "kernels.hpp"

namespace glassnet {

struct Panel {
    long first, rows, pitch;
};

// The panels of a batch: PANEL rows each, the last one the rest.
inline Panel panel(long number, long rows) {
    const long first = number * PANEL, count = std::min(PANEL, rows - first);
    return {first, count, rounded_up(count, LANES)};
}

template <class Do>
void each_panel(long rows, Do &&work) {
    for (long first = 0; first < rows; first += PANEL) work(panel(first / PANEL, rows));
}

// An odd number of cache lines between rows: a column then lies in all parts of the cache, not in a few.
template <class T>
long weight_pitch(long inputs) {
    const long lanes = 64 / long(sizeof(T)), lines = rounded_up(inputs, LANES) / lanes;
    return (lines >= 8 && lines % 2 == 0 ? lines + 1 : lines) * lanes;
}

// What the rows weigh together.
template <class T>
double weight_of(const Data<T> &data, const std::int64_t *rows, long count) {
    if (!data.weight) return double(count);
    double total = 0;
    for (long r = 0; r < count; ++r) total += data.weight[rows[r]];
    return total;
}

// Where the rows at hand are fetched to, for rows that go through a network together.
template <class T>
struct Fetched {
    T *inputs;   // panels of `units` numbers for each row, of which the first are fetched
    long units;
    T *by_row;   // the same, rows x units, `height` rows high
    long height;
    T *targets;  // panels of one number for each output, or of the row's class
    T *factors;  // what a row's loss counts for
};

// Rows, targets and weights into panels.
template <class T>
void fetch(const Kernels<T> &k, const Data<T> &data, const std::int64_t *rows, long count, long outputs, T scale,
           const Fetched<T> &to) {
    const T *end = data.inputs + data.rows * data.columns;
    const long wide = data.classes ? 1 : outputs;
    each_panel(count, [&](const Panel &p) {
        const T *at[PANEL];
        T *factor = to.factors + p.first, *target = to.targets + p.first * wide;
        for (long r = 0; r < p.rows; ++r) {
            const std::int64_t row = rows[p.first + r];
            at[r] = data.inputs + row * data.columns;
            factor[r] = data.weight ? data.weight[row] * scale : scale;
            if (data.classes) target[r] = T(data.classes[row]);
            else if (data.targets)
                for (long o = 0; o < outputs; ++o) target[o * p.pitch + r] = data.targets[row * outputs + o];
        }
        for (long r = p.rows; r < p.pitch; ++r) factor[r] = 0;
        k.gather(at, p.rows, data.columns, end, to.inputs + p.first * to.units, p.pitch, to.by_row, to.height,
                 p.first);
    });
}

// out = weight * in + bias
template <class T>
void weighted_sums(const Kernels<T> &k, const T *weight, long pitch, const T *bias, const T *in, long inputs, T *out,
                   long outputs, long rows) {
    each_panel(rows, [&](const Panel &p) {
        k.product(weight, pitch, 1, in + p.first * inputs, p.pitch, out + p.first * outputs, p.pitch, outputs,
                  p.pitch, inputs, false, bias);
    });
}

// to (+)= transposed weight * gradient
template <class T>
void back_through(const Kernels<T> &k, const T *weight, long pitch, const T *gradient, long outputs, T *to,
                  long inputs, long rows, bool add) {
    each_panel(rows, [&](const Panel &p) {
        k.product(weight, 1, pitch, gradient + p.first * outputs, p.pitch, to + p.first * inputs, p.pitch, inputs,
                  p.pitch, outputs, add, nullptr);
    });
}

// to[unit][input] (+)= sum over the rows of gradient[unit][row] * input[row][input], for some units of `outputs`.
// The inputs lie as `turned` leaves them.
template <class T>
void weight_gradient(const Kernels<T> &k, const T *gradient, long outputs, long unit, long units, const T *by_row,
                     long height, long inputs, T *to, long to_pitch, long rows, bool add) {
    for (long i = 0; i < inputs; i += PANEL) {
        const long pitch = columns_pitch(inputs, i);
        const T *columns = by_row + columns_panel(height, i);
        each_panel(rows, [&](const Panel &p) {
            k.product(gradient + p.first * outputs + unit * p.pitch, p.pitch, 1, columns + p.first * pitch, pitch,
                      to + i, to_pitch, units, pitch, p.rows, add || p.first > 0, nullptr);
        });
    }
}

// Units x rows into rows x units.
template <class T>
void turned(const Kernels<T> &k, const T *values, long units, T *by_row, long height, long rows) {
    each_panel(rows, [&](const Panel &p) {
        k.turn(values + p.first * units, p.pitch, units, p.rows, by_row, height, p.first);
    });
}

// sums[unit] += sum over the rows
template <class T>
void add_over_rows(const Kernels<T> &k, const T *values, long units, T *sums, long rows) {
    each_panel(rows, [&](const Panel &p) { k.add_rows(values + p.first * units, p.pitch, units, sums); });
}

template <class T>
void activate(const Kernels<T> &k, const Layer &layer, T *values, T *kept, long units, long rows) {
    each_panel(rows, [&](const Panel &p) {
        const long at = p.first * units;
        k.activate(layer.activation, T(layer.slope), values + at, kept + at, units * p.pitch);
    });
}

// gradient *= the derivative of the layer's activation
template <class T>
void derive(const Kernels<T> &k, const Layer &layer, const T *values, const T *kept, T *gradient, long units,
            long rows) {
    each_panel(rows, [&](const Panel &p) {
        const long at = p.first * units;
        k.derive(layer.activation, T(layer.slope), values + at, kept + at, gradient + at, units * p.pitch);
    });
}

// What decides which inputs of a layer a step drops, together with the input's and the row's number.
std::uint64_t dropout_key(std::uint64_t seed, std::uint64_t step, std::uint64_t layer);

// to = values of a layer's inputs, some of them 0 and the others as much larger; the first row's number is given.
template <class T>
void drop(const Kernels<T> &k, const Layer &layer, std::uint64_t key, const T *values, T *to, long rows,
          long first_row) {
    const auto below = std::uint32_t(std::min(std::floor(layer.dropout * 4294967296.0), 4294967295.0));
    const T scale = T(1 / (1 - layer.dropout));
    each_panel(rows, [&](const Panel &p) {
        const long at = p.first * layer.inputs;
        k.drop(values + at, to + at, layer.inputs, p.pitch, key, below, std::uint32_t(first_row + p.first), scale);
    });
}

// Shorten all gradients together to the length that they may have (Pascanu et al. 2013), as torch does.
template <class T>
void clip(const std::vector<Buffer<T> *> &gradients, double longest) {
    double squares = 0;
    for (const Buffer<T> *each : gradients)
        for (long i = 0; i < each->size(); ++i) squares += double(each->data()[i]) * double(each->data()[i]);
    const double factor = longest / (std::sqrt(squares) + 1e-6);
    if (!(factor < 1)) return;
    for (Buffer<T> *each : gradients)
        for (long i = 0; i < each->size(); ++i) each->data()[i] *= T(factor);
}

// The numbers of one update, with the corrections of adam for its first steps; `steps` were made before.
template <class T>
Update<T> update_of(const Optimizer &o, double rate, std::uint64_t steps) {
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
    step.epsilon = std::max(step.epsilon, std::numeric_limits<T>::min());  // the padding must stay 0, not 0 / 0
    return step;
}

}  // namespace glassnet
