// What the files that bind networks to Python share: their parts, rows and batches, and what is checked of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "dense.hpp"

namespace glassnet {

using Counts = Array<std::int64_t, 1>;
using Record = std::optional<Writable<double, 2>>;

// Layers, objective and optimiser as Python gives them.
using LayerTuple = std::tuple<long, long, int, double, double, bool>;
using ObjectiveTuple = std::tuple<int, double, double, double, bool, double>;
using OptimizerTuple = std::tuple<int, double, bool, double, double, double, double, double, bool>;

inline std::vector<Layer> layers_of(const std::vector<LayerTuple> &tuples) {
    std::vector<Layer> layers;
    for (const auto &[inputs, outputs, activation, slope, dropout, bias] : tuples)
        layers.push_back({inputs, outputs, Activation(activation), slope, dropout, bias});
    require(!layers.empty(), "a network needs a layer");
    return layers;
}

inline Objective objective_of(const ObjectiveTuple &t) {
    return {Loss(std::get<0>(t)), std::get<1>(t), std::get<2>(t), std::get<3>(t), std::get<4>(t), std::get<5>(t)};
}

inline Optimizer optimizer_of(const OptimizerTuple &t) {
    return {Method(std::get<0>(t)), std::get<1>(t), std::get<2>(t), std::get<3>(t), std::get<4>(t),
            std::get<5>(t),         std::get<6>(t), std::get<7>(t), std::get<8>(t)};
}

// While one thread trains a network, no other may touch it.
class Hold {
  public:
    explicit Hold(std::atomic_flag &busy) : busy_(busy) {
        if (busy_.test_and_set()) throw std::runtime_error("a network is in use by another thread");
    }
    ~Hold() { busy_.clear(); }

  private:
    std::atomic_flag &busy_;
};

// What is given for rows, checked: numbers for most losses' targets, classes for cross_entropy.
template <class T>
Data<T> data_of(const Array<T, 2> &X, const nb::object &y, const std::optional<Array<T, 1>> &weight, long columns,
                long outputs, Loss loss) {
    const long rows = long(X.shape(0));
    require(long(X.shape(1)) == columns && rows > 0, "X has another number of columns");
    Data<T> data{X.data(), nullptr, nullptr, nullptr, rows, columns};
    if (loss == Loss::cross_entropy) {
        const auto classes = nb::cast<Counts>(y, false);
        require(long(classes.shape(0)) == rows, "y has another number of rows");
        data.classes = classes.data();
    } else {
        const auto targets = nb::cast<Array<T, 2>>(y, false);
        require(long(targets.shape(0)) == rows && long(targets.shape(1)) == outputs, "y has another shape");
        data.targets = targets.data();
    }
    if (weight) {
        require(long(weight->shape(0)) == rows, "weight has another number of rows");
        data.weight = weight->data();
    }
    return data;
}

template <class T>
void check_batches(const Data<T> &rows, const Counts &order, const Counts &sizes, const Array<double, 1> &rates) {
    require(sizes.shape(0) == rates.shape(0), "there must be a rate for each batch");
    std::int64_t all = 0;
    for (std::size_t i = 0; i < sizes.shape(0); ++i) {
        require(sizes.data()[i] > 0, "a batch must have a row");
        all += sizes.data()[i];
    }
    require(all == std::int64_t(order.shape(0)), "sizes must add up to the length of order");
    bool inside = true;
    for (std::size_t i = 0; i < order.shape(0); ++i)
        inside &= std::uint64_t(order.data()[i]) < std::uint64_t(rows.rows);
    require(inside, "order names a row that is not there");
}

inline double *record_of(const Record &record, const Counts &sizes) {
    if (!record) return nullptr;
    require(record->shape(0) == sizes.shape(0) && record->shape(1) == 2, "record must have two numbers a batch");
    return record->data();
}

void bind_tabular(nb::module_ &m);

}  // namespace glassnet
