// Arrays between Python and the extension, and what is required of them: what every file of bindings shares.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;

namespace glassnet {

// Arrays of the caller, in C order: to be read, and to be written.
template <class T, std::size_t dimensions>
using Array = nb::ndarray<const T, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;
template <class T, std::size_t dimensions>
using Writable = nb::ndarray<T, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;
template <class T>
using Fresh = nb::ndarray<nb::numpy, T, nb::c_contig>;

inline void require(bool right, const char *what) {
    if (!right) throw std::invalid_argument(what);
}

// A NumPy array whose numbers are still to be written.
template <class T>
Fresh<T> fresh(std::size_t rows, std::size_t columns, bool flat) {
    auto *numbers = new T[rows * columns ? rows * columns : 1];
    nb::capsule owner(numbers, [](void *p) noexcept { delete[] static_cast<T *>(p); });
    const std::size_t shape[2] = {rows, columns};
    return Fresh<T>(numbers, flat ? 1 : 2, shape, owner);
}

// A NumPy array that owns these numbers, a vector of any kind.
template <class Numbers>
nb::object owned(Numbers numbers, std::size_t columns = 0) {
    auto *kept = new Numbers(std::move(numbers));
    nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<Numbers *>(p); });
    const std::size_t shape[2] = {columns ? kept->size() / columns : kept->size(), columns};
    return nb::cast(Fresh<typename Numbers::value_type>(kept->data(), columns ? 2 : 1, shape, owner));
}

}  // namespace glassnet
