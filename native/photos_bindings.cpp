// What Python sees of photos that are varied. What is wrong with an argument is a ValueError or a TypeError.

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include <nanobind/stl/optional.h>

#include "arrays.hpp"
#include "photos.hpp"
#include "photos_bindings.hpp"

using namespace glassnet;

namespace {

using Lines = std::optional<Array<std::int32_t, 2>>;
using Numbers = std::optional<Array<float, 2>>;
using Matrices = std::optional<Array<float, 3>>;

constexpr double FARTHEST = 1e9;

void check_lines(const Lines &lines, std::size_t photos, std::size_t places) {
    require(lines->shape(0) == photos && lines->shape(1) == places, "there must be a place for each row and column");
    bool right = true;
    for (std::size_t i = 0; i < photos * places; ++i) right &= lines->data()[i] < std::int64_t(places);
    require(right, "a row or column is not there");
}

void check_places(const Array<float, 2> &places, std::size_t photos, std::size_t height, std::size_t width) {
    require(places.shape(0) == photos && places.shape(1) == 6, "there must be six numbers for each photo");
    bool near = true;
    for (const float *p = places.data(); p < places.data() + 6 * photos; p += 3)
        near &= std::abs(p[0]) * double(width) + std::abs(p[1]) * double(height) + std::abs(p[2]) <= FARTHEST;
    require(near, "places must lie within a billion pixels");
}

void vary(const Array<float, 4> &photos, const Lines &rows, const Lines &columns, const Numbers &places, bool reflect,
          const Matrices &matrices, const Numbers &offsets, const Writable<float, 4> &to, int threads) {
    const std::size_t count = photos.shape(0), channels = photos.shape(3);
    for (std::size_t i = 0; i < 4; ++i) require(photos.shape(i) == to.shape(i), "to must have the shape of photos");
    if (photos.size() == 0) return;
    require(photos.size() / count <= std::size_t(std::numeric_limits<std::int32_t>::max()),
            "a photo must have less than 2^31 numbers");
    require(bool(rows) == bool(columns) && !(rows && places), "photos are moved by rows and columns, or by places");
    require(bool(matrices) == bool(offsets), "colours must have matrices and offsets");
    if (rows) check_lines(rows, count, photos.shape(1));
    if (columns) check_lines(columns, count, photos.shape(2));
    if (places) check_places(*places, count, photos.shape(1), photos.shape(2));
    if (matrices) {
        require(matrices->shape(0) == count && matrices->shape(1) == channels && matrices->shape(2) == channels,
                "there must be a matrix over the channels for each photo");
        require(offsets->shape(0) == count && offsets->shape(1) == 2, "there must be two offsets for each photo");
    }
    const Photos all{photos.data(), long(count), long(photos.shape(1)), long(photos.shape(2)), long(channels)};
    const Changes changes{rows ? rows->data() : nullptr,
                          columns ? columns->data() : nullptr,
                          places ? places->data() : nullptr,
                          reflect,
                          matrices ? matrices->data() : nullptr,
                          offsets ? offsets->data() : nullptr};
    const nb::gil_scoped_release free;
    vary_photos(all, changes, to.data(), threads);
}

}  // namespace

void glassnet::bind_photos(nb::module_ &m) {
    m.def("vary_photos", &vary, nb::arg("photos").noconvert(), nb::arg("rows").noconvert().none(),
          nb::arg("columns").noconvert().none(), nb::arg("places").noconvert().none(), nb::arg("reflect"),
          nb::arg("matrices").noconvert().none(), nb::arg("offsets").noconvert().none(), nb::arg("to").noconvert(),
          nb::arg("threads"));
}
