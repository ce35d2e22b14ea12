// What a network is asked without training it: outputs, loss, gradients, and whether the gradients are right.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "panels.hpp"

namespace glassnet {

namespace {

constexpr long FEW = 4;  // rows that are answered one by one
constexpr long AT_ONCE = 4 * PANEL;  // rows that go through the network together where nothing is trained

// first, first + 1, ...
struct Numbers : std::vector<std::int64_t> {
    Numbers(long first, long count) : std::vector<std::int64_t>(std::size_t(count)) {
        std::iota(begin(), end(), std::int64_t(first));
    }
};

}  // namespace

// One row through all layers, along the inputs: a panel would be nearly empty.
template <class T>
void Dense<T>::outputs_of_row(const T *row, T *to) {
    std::copy(row, row + layers[0].inputs, few[0].data());
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const Layer &layer = layers[l];
        T *out = few[l + 1].data();
        k.dots(weights[l].weight.data(), weights[l].pitch, few[l].data(), weights[l].bias.data(), out, layer.outputs,
               layer.inputs);
        k.activate(layer.activation, T(layer.slope), out, few.back().data(), layer.outputs);
    }
    const T *out = few[layers.size()].data();
    std::copy(out, out + layers.back().outputs, to);
}

template <class T>
void Dense<T>::outputs(const Data<T> &data, T *to) {
    const long outputs = layers.back().outputs;
    if (data.rows <= FEW) {
        for (long r = 0; r < data.rows; ++r) outputs_of_row(data.inputs + r * data.columns, to + r * outputs);
        return;
    }
    Data<T> some = data;
    some.targets = nullptr, some.classes = nullptr, some.weight = nullptr;
    for (long done = 0; done < data.rows; done += AT_ONCE) {
        const long rows = std::min(AT_ONCE, data.rows - done);
        const Numbers from(done, rows);
        fetch(some, from.data(), rows, 0);
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
        const double total_weight = weight_of(data, from.data(), rows);
        fetch(data, from.data(), rows, total_weight);
        forward(rows, false);
        sum += lose(rows) * total_weight;
        all += total_weight;
    }
    return all > 0 ? sum / all : 0;
}

template <class T>
double Dense<T>::gradients(const Data<T> &data) {
    hold_whole_gradients();
    const Numbers all(0, data.rows);
    return batch_gradients(data, all.data(), data.rows, weight_of(data, all.data(), data.rows), false);
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
