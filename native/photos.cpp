#include "photos.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "team.hpp"

namespace glassnet {
namespace {

// Four numbers in one register, three of them used.
typedef float Four __attribute__((vector_size(16)));

// Functions of `fixed` are compiled for so many channels, or, where that is 0, for as many as there are.
template <int fixed>
void move(const float *from, const Photos &p, const std::int32_t *rows, const std::int32_t *columns, float *to) {
    const long c = fixed ? fixed : p.channels;
    for (long i = 0; i < p.height; ++i) {
        float *out = to + i * p.width * c;
        const float *row = from + std::max(rows[i], 0) * p.width * c;
        for (long j = 0; j < p.width; ++j) {
            const bool there = rows[i] >= 0 && columns[j] >= 0;
            for (long k = 0; k < c; ++k) out[j * c + k] = there ? row[columns[j] * c + k] : 0.0f;
        }
    }
}

// Where the pixels of a row come from along one axis: the lines on both sides of each, and the share of each; 0 of one
// that is not there.
struct Sides {
    explicit Sides(long width) : before(std::size_t(width)), after(before), shares(before.size()), others(shares) {}
    std::vector<std::int32_t> before, after;
    std::vector<float> shares, others;
};

// Pixel j comes from step * j + start, of `size` lines. Without a branch, so that several pixels are found at once.
template <bool reflect>
void find_sides(float step, float start, long size, Sides &sides) {
    const float n = float(size), twice = 2 * n, part = 1 / twice;
    const auto last = std::int32_t(size - 1), count = std::int32_t(sides.before.size());
    std::int32_t *before = sides.before.data(), *after = sides.after.data();
    float *shares = sides.shares.data(), *others = sides.others.data();
    for (std::int32_t j = 0; j < count; ++j) {
        float at = step * float(j) + start;
        if (reflect) {
            at += 0.5f;  // the photo lies from 0 to n, and mirrored from n to 2 n
            at = at < 0 ? -at : at;
            at -= twice * float(std::int32_t(at * part));
            at = (at > n ? twice - at : at) - 0.5f;
            at = at < 0 ? 0 : at;
            const auto low = std::int32_t(at);
            before[j] = low;
            after[j] = low < last ? low + 1 : last;
            others[j] = at - float(low);
            shares[j] = 1 - others[j];
        } else {
            at = at < -1 ? -1 : at;  // further away there is nothing either
            at = at > n ? n : at;
            const auto low = std::int32_t(at + 1) - 1, high = low + 1;
            const float share = at - float(low);
            before[j] = low < 0 ? 0 : low > last ? last : low;
            after[j] = high > last ? last : high;
            shares[j] = (low >= 0) & (low <= last) ? 1 - share : 0;
            others[j] = high <= last ? share : 0;
        }
    }
}

template <int fixed>
void turn(const float *from, const Photos &p, const float *place, bool reflect, float *to) {
    const long c = fixed ? fixed : p.channels, stride = p.width * c;
    const auto find = reflect ? find_sides<true> : find_sides<false>;
    Sides x(p.width), y(p.width);
    for (long i = 0; i < p.height; ++i) {
        find(place[0], place[1] * float(i) + place[2], p.width, x);
        find(place[3], place[4] * float(i) + place[5], p.height, y);
        for (long j = 0; j < p.width; ++j) {
            const auto at = std::size_t(j);
            const float *above = from + y.before[at] * stride, *below = from + y.after[at] * stride;
            const long left = x.before[at] * c, right = x.after[at] * c;
            const float one = y.shares[at] * x.shares[at], two = y.shares[at] * x.others[at];
            const float three = y.others[at] * x.shares[at], last = y.others[at] * x.others[at];
            float *out = to + i * stride + j * c;
            for (long k = 0; k < c; ++k)
                out[k] = one * above[left + k] + two * above[right + k] + three * below[left + k] +
                         last * below[right + k];
        }
    }
}

double mean(const float *numbers, long count) {
    double sums[8] = {};
    long i = 0;
    for (; i + 8 <= count; i += 8)
        for (int lane = 0; lane < 8; ++lane) sums[lane] += numbers[i + lane];
    for (; i < count; ++i) sums[0] += numbers[i];
    return std::accumulate(sums, sums + 8, 0.0) / double(count);
}

template <int fixed>
void colour(float *photo, const Photos &p, const float *matrix, const float *offset) {
    const long c = fixed ? fixed : p.channels, pixels = p.height * p.width;
    const float added = offset[0] * float(mean(photo, pixels * c)) + offset[1];
    if (fixed == 3) {
        const float *m = matrix;
        const Four one{m[0], m[3], m[6], 0}, two{m[1], m[4], m[7], 0}, three{m[2], m[5], m[8], 0};
        for (float *pixel = photo; pixel < photo + pixels * 3; pixel += 3) {
            const Four sum = added + pixel[0] * one + pixel[1] * two + pixel[2] * three;
            for (int k = 0; k < 3; ++k) pixel[k] = sum[k];
        }
        return;
    }
    std::vector<float> old(std::size_t(c), 0.0f);
    for (float *pixel = photo; pixel < photo + pixels * c; pixel += c) {
        std::copy(pixel, pixel + c, old.begin());
        for (long k = 0; k < c; ++k) {
            pixel[k] = added;
            for (long l = 0; l < c; ++l) pixel[k] += matrix[k * c + l] * old[std::size_t(l)];
        }
    }
}

template <int fixed>
void vary(const Photos &p, const Changes &changes, float *to, int threads) {
    const long c = p.channels, size = p.height * p.width * c;
    in_parallel(std::size_t(p.count), threads, [&](std::size_t each, int) {
        const long k = long(each);
        const float *photo = p.pixels + k * size;
        float *out = to + k * size;
        if (changes.places) {
            turn<fixed>(photo, p, changes.places + 6 * k, changes.reflect, out);
        } else if (changes.rows) {
            move<fixed>(photo, p, changes.rows + k * p.height, changes.columns + k * p.width, out);
        } else {
            std::copy(photo, photo + size, out);
        }
        if (changes.matrices) colour<fixed>(out, p, changes.matrices + k * c * c, changes.offsets + 2 * k);
    });
}

}  // namespace

void vary_photos(const Photos &photos, const Changes &changes, float *to, int threads) {
    const auto work = photos.channels == 3 ? vary<3> : photos.channels == 1 ? vary<1> : vary<0>;
    work(photos, changes, to, threads);
}

}  // namespace glassnet
