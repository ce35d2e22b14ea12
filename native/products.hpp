// Products of matrices in register tiles, and rows of data into panels: see kernels.hpp for the layout.
#pragma once

#include "functions.hpp"
#include "kernels.hpp"
#include "vectors.hpp"

namespace glassnet::GLASSNET_ARCH {

// --- products ------------------------------------------------------------------------------------------------------

constexpr int TILE_ROWS = 6;
constexpr int TILE_VECTORS = GLASSNET_TILE_VECTORS;
constexpr long DEPTH = 128;  // so many terms of a sum at once: their part of b stays in the nearest cache

template <class T>
using Tile = void (*)(const T *a, long a_row, long a_column, const T *b, long b_pitch, T *c, long c_pitch, long k,
                      bool add, const T *start);

// A tile of c, rows x (vectors * lanes), in registers from the first term of the sums to the last: each number of
// a is used `vectors` times, each vector of b `rows` times.
template <class T, int rows, int vectors>
void tile(const T *a, long a_row, long a_column, const T *b, long b_pitch, T *c, long c_pitch, long k, bool add,
          const T *start) {
    constexpr int lanes = Register<T>::lanes;
    Vec<T> sum[rows][vectors];
    for (int i = 0; i < rows; ++i)
        for (int v = 0; v < vectors; ++v)
            sum[i][v] = add ? load(c + i * c_pitch + v * lanes) : everywhere(start ? start[i] : T(0));
    for (long t = 0; t < k; ++t) {
        Vec<T> x[vectors];
        for (int v = 0; v < vectors; ++v) x[v] = load(b + t * b_pitch + v * lanes);
        for (int i = 0; i < rows; ++i) {
            const Vec<T> w = everywhere(a[i * a_row + t * a_column]);
            for (int v = 0; v < vectors; ++v) sum[i][v] += w * x[v];
        }
    }
    for (int i = 0; i < rows; ++i)
        for (int v = 0; v < vectors; ++v) store(c + i * c_pitch + v * lanes, sum[i][v]);
}

template <class T, int vectors>
Tile<T> tile_of(long rows) {
    constexpr Tile<T> tiles[TILE_ROWS] = {tile<T, 1, vectors>, tile<T, 2, vectors>, tile<T, 3, vectors>,
                                          tile<T, 4, vectors>, tile<T, 5, vectors>, tile<T, 6, vectors>};
    return tiles[rows - 1];
}

template <class T>
Tile<T> tile_of(long rows, long vectors) {
    switch (vectors) {
        case 1: return tile_of<T, 1>(rows);
        case 2: return tile_of<T, 2>(rows);
#if GLASSNET_TILE_VECTORS > 2
        case 3: return tile_of<T, 3>(rows);
#endif
        default: return tile_of<T, TILE_VECTORS>(rows);
    }
}

template <class T>
void product(const T *a, long a_row, long a_column, const T *b, long b_pitch, T *c, long c_pitch, long m, long n,
             long k, bool add, const T *start) {
    constexpr long lanes = Register<T>::lanes, widest = TILE_VECTORS * lanes;
    const long tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
    for (long j = 0; j < n; j += widest) {
        const long vectors = n - j < widest ? (n - j + lanes - 1) / lanes : TILE_VECTORS;
        for (long t = 0; t < k; t += DEPTH) {
            const long depth = k - t < DEPTH ? k - t : DEPTH;
            for (long part = 0; part < tiles; ++part) {
                const long i = m * part / tiles, rows = m * (part + 1) / tiles - i;
                tile_of<T>(rows, vectors)(a + i * a_row + t * a_column, a_row, a_column, b + t * b_pitch + j,
                                          b_pitch, c + i * c_pitch + j, c_pitch, depth, add || t > 0,
                                          start ? start + i : nullptr);
            }
        }
    }
}

template <class T>
inline T lanes_summed(Vec<T> value) {
    T sum = 0;
    for (int lane = 0; lane < Register<T>::lanes; ++lane) sum += value[lane];
    return sum;
}

template <class T, int rows>
inline void dots_of(const T *a, long a_row, const T *x, const T *start, T *out, long n) {
    constexpr long lanes = Register<T>::lanes;
    Vec<T> sum[rows] = {};
    for (long t = 0; t < n; t += lanes)
        for (int i = 0; i < rows; ++i) sum[i] += load(a + i * a_row + t) * load(x + t);
    for (int i = 0; i < rows; ++i) out[i] = start[i] + lanes_summed<T>(sum[i]);
}

template <class T>
void dots(const T *a, long a_row, const T *x, const T *start, T *out, long m, long n) {
    long i = 0;
    for (; i + 8 <= m; i += 8) dots_of<T, 8>(a + i * a_row, a_row, x, start + i, out + i, n);
    for (; i < m; ++i) dots_of<T, 1>(a + i * a_row, a_row, x, start + i, out + i, n);
}

// --- rows into panels ----------------------------------------------------------------------------------------------

// Numbers from `from` up to `end` at most, the rest 0.
template <class T>
inline Vec<T> load_up_to(const T *from, const T *end) {
    Vec<T> value{};
    for (int lane = 0; lane < Register<T>::lanes && from + lane < end; ++lane) value[lane] = from[lane];
    return value;
}

template <class T>
inline Vec<T> first_lanes(Vec<T> value, long count) {
    using Bits = typename Format<T>::Bits;
    typedef Bits Mask __attribute__((vector_size(GLASSNET_REGISTER_BYTES)));
    Mask mask;
    for (int lane = 0; lane < Register<T>::lanes; ++lane) mask[lane] = lane < count ? ~Bits(0) : Bits(0);
    return (Vec<T>)((Mask)value & mask);
}

// A square of `count` rows and `width` columns. Where both are known to be LANES it stays in registers throughout.
template <class T, class Read>
inline void gather_square(Read &&read, long count, long width, T *panel, long pitch, T *by_row, long by_row_pitch) {
    constexpr int lanes = Register<T>::lanes;
    Vec<T> square[lanes];
    for (int q = 0; q < lanes; ++q) {
        square[q] = q < count ? read(q) : Vec<T>{};
        if (q < count) store(by_row + q * by_row_pitch, square[q]);
    }
    transpose_square<T>(square);
    for (int q = 0; q < width; ++q) store(panel + q * pitch, square[q]);
}

template <class T>
void gather(const T *const *rows, long count, long columns, const T *end, T *panel, long pitch, T *by_row,
            long by_row_height, long first_row) {
    constexpr long lanes = Register<T>::lanes;
    for (long c = 0; c < columns; c += lanes) {
        const long width = columns - c < lanes ? columns - c : lanes;
        const long to_pitch = columns_pitch(columns, c);
        T *to = by_row + columns_panel(by_row_height, c) + first_row * to_pitch + c % PANEL;
        for (long r = 0; r < pitch; r += lanes) {
            T *to_panel = panel + c * pitch + r, *to_rows = to + r * to_pitch;
            const auto whole = [&](long q) { return load(rows[r + q] + c); };
            const auto part = [&](long q) {
                const T *from = rows[r + q] + c;
                return from + lanes <= end ? first_lanes<T>(load(from), width) : load_up_to(from, from + width);
            };
            if (width == lanes && count - r >= lanes)
                gather_square(whole, lanes, lanes, to_panel, pitch, to_rows, to_pitch);
            else if (count - r >= lanes)
                gather_square(part, lanes, width, to_panel, pitch, to_rows, to_pitch);
            else
                gather_square(part, count - r, width, to_panel, pitch, to_rows, to_pitch);
        }
    }
}

template <class T>
void turn(const T *panel, long pitch, long units, long count, T *by_row, long by_row_height, long first_row) {
    constexpr long lanes = Register<T>::lanes;
    for (long u = 0; u < units; u += lanes) {
        const long to_pitch = columns_pitch(units, u);
        T *to = by_row + columns_panel(by_row_height, u) + first_row * to_pitch + u % PANEL;
        for (long r = 0; r < count; r += lanes) {
            Vec<T> square[lanes];
            for (long q = 0; q < lanes; ++q)
                square[q] = u + q < units ? load(panel + (u + q) * pitch + r) : Vec<T>{};
            transpose_square<T>(square);
            for (long q = 0; q < lanes && r + q < count; ++q) store(to + (r + q) * to_pitch, square[q]);
        }
    }
}

}  // namespace glassnet::GLASSNET_ARCH
