// The kernels of kernels.hpp for one instruction set; kernels_*.cpp include this, each compiled with its own options.
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

template <class T>
void gather(const T *const *rows, long count, long columns, const T *end, T *panel, long pitch, T *by_row,
            long by_row_height, long first_row) {
    constexpr long lanes = Register<T>::lanes;
    for (long c = 0; c < columns; c += lanes) {
        const long width = columns - c < lanes ? columns - c : lanes;
        const long to_pitch = columns_pitch(columns, c);
        T *to = by_row + columns_panel(by_row_height, c) + first_row * to_pitch + c % PANEL;
        for (long r = 0; r < pitch; r += lanes) {
            Vec<T> square[lanes];
            for (long q = 0; q < lanes; ++q) {
                square[q] = Vec<T>{};
                if (r + q >= count) continue;
                const T *from = rows[r + q] + c;
                square[q] = width == lanes ? load(from)
                            : from + lanes <= end ? first_lanes<T>(load(from), width)
                                                  : load_up_to(from, from + width);
                store(to + (r + q) * to_pitch, square[q]);
            }
            transpose_square<T>(square);
            for (long q = 0; q < width; ++q) store(panel + (c + q) * pitch + r, square[q]);
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

// --- activations ---------------------------------------------------------------------------------------------------

template <class T>
void activate(Activation activation, T slope, T *values, T *kept, long count) {
    switch (activation) {
        case Activation::identity: return;
        case Activation::sigmoid:
            for (long i = 0; i < count; ++i) values[i] = sigmoid(values[i]);
            return;
        case Activation::tanh:
            for (long i = 0; i < count; ++i) values[i] = tanh(values[i]);
            return;
        case Activation::relu:
            for (long i = 0; i < count; ++i) values[i] = values[i] < 0 ? T(0) : values[i];
            return;
        case Activation::leaky_relu:
            for (long i = 0; i < count; ++i) values[i] = values[i] > 0 ? values[i] : values[i] * slope;
            return;
        case Activation::silu:
            for (long i = 0; i < count; ++i) {
                kept[i] = values[i];
                values[i] = values[i] * sigmoid(values[i]);
            }
            return;
    }
}

template <class T>
void derive(Activation activation, T slope, const T *values, const T *kept, T *gradient, long count) {
    switch (activation) {
        case Activation::identity: return;
        case Activation::sigmoid:
            for (long i = 0; i < count; ++i) gradient[i] *= values[i] * (1 - values[i]);
            return;
        case Activation::tanh:
            for (long i = 0; i < count; ++i) gradient[i] *= 1 - values[i] * values[i];
            return;
        case Activation::relu:
            for (long i = 0; i < count; ++i) gradient[i] = values[i] > 0 ? gradient[i] : T(0);
            return;
        case Activation::leaky_relu:
            for (long i = 0; i < count; ++i) gradient[i] = values[i] > 0 ? gradient[i] : gradient[i] * slope;
            return;
        case Activation::silu:
            for (long i = 0; i < count; ++i) {
                const T s = sigmoid(kept[i]);
                gradient[i] *= s * (1 + kept[i] * (1 - s));
            }
            return;
    }
}

// --- dropout -------------------------------------------------------------------------------------------------------

inline std::uint32_t mixed(std::uint32_t x) {
    x = (x ^ (x >> 17)) * 0xed5ad4bbu;
    x = (x ^ (x >> 11)) * 0xac4c1b51u;
    x = (x ^ (x >> 15)) * 0x31848babu;
    return x ^ (x >> 14);
}

template <class T>
void drop(const T *values, T *out, long units, long pitch, std::uint64_t key, std::uint32_t below,
          std::uint32_t first_row, T scale) {
    for (long u = 0; u < units; ++u, values += pitch, out += pitch) {
        const std::uint32_t unit_key = mixed(std::uint32_t(u) + std::uint32_t(key)) ^ std::uint32_t(key >> 32);
        for (long r = 0; r < pitch; ++r) {
            const std::uint32_t drawn = mixed(((first_row + std::uint32_t(r)) * 0x9e3779b9u) ^ unit_key);
            out[r] = drawn < below ? T(0) : values[r] * scale;
        }
    }
}

// --- losses --------------------------------------------------------------------------------------------------------

template <class T>
inline T size_of(T x) {
    return x < 0 ? -x : x;
}

template <class T>
void lose_classes(const T *output, const T *target, const T *factor, T *gradient, T *losses, long outputs,
                  long pitch) {
    T most[PANEL], sum[PANEL], right[PANEL];
    for (long r = 0; r < pitch; ++r) {
        most[r] = output[r];
        sum[r] = right[r] = 0;
    }
    for (long o = 1; o < outputs; ++o)
        for (long r = 0; r < pitch; ++r) most[r] = output[o * pitch + r] > most[r] ? output[o * pitch + r] : most[r];
    for (long o = 0; o < outputs; ++o)
        for (long r = 0; r < pitch; ++r) {
            const T z = output[o * pitch + r] - most[r], e = exp(z);
            gradient[o * pitch + r] = e;
            sum[r] += e;
            right[r] = target[r] == T(o) ? z : right[r];
        }
    for (long r = 0; r < pitch; ++r) {
        losses[r] = log(sum[r]) - right[r];
        sum[r] = factor[r] / sum[r];
    }
    for (long o = 0; o < outputs; ++o)
        for (long r = 0; r < pitch; ++r)
            gradient[o * pitch + r] =
                gradient[o * pitch + r] * sum[r] - (target[r] == T(o) ? factor[r] : T(0));
}

template <class T>
void lose(Loss loss, const T *output, const T *target, const T *factor, T *gradient, T *losses, long outputs,
          long pitch) {
    if (loss == Loss::cross_entropy)
        return lose_classes(output, target, factor, gradient, losses, outputs, pitch);
    const T share = T(1) / T(outputs);
    for (long r = 0; r < pitch; ++r) losses[r] = 0;
    for (long o = 0; o < outputs; ++o, output += pitch, target += pitch, gradient += pitch) switch (loss) {
            case Loss::mse:
                for (long r = 0; r < pitch; ++r) {
                    const T error = output[r] - target[r];
                    losses[r] += share * error * error;
                    gradient[r] = 2 * share * factor[r] * error;
                }
                break;
            case Loss::mae:
                for (long r = 0; r < pitch; ++r) {
                    const T error = output[r] - target[r];
                    losses[r] += share * size_of(error);
                    gradient[r] = share * factor[r] * (error > 0 ? T(1) : error < 0 ? T(-1) : error);
                }
                break;
            case Loss::poisson:
                for (long r = 0; r < pitch; ++r) {
                    const T rate = exp(output[r]);
                    losses[r] += share * (rate - target[r] * output[r]);
                    gradient[r] = share * factor[r] * (rate - target[r]);
                }
                break;
            default:  // binary_cross_entropy
                for (long r = 0; r < pitch; ++r) {
                    const T z = output[r], cut = z < 0 ? T(0) : z;
                    losses[r] += share * (cut - z * target[r] + log1p(exp(-size_of(z))));
                    gradient[r] = share * factor[r] * (sigmoid(z) - target[r]);
                }
        }
}

// --- the update ----------------------------------------------------------------------------------------------------

template <class T>
void add_rows(const T *values, long pitch, long units, T *sums) {
    constexpr long lanes = Register<T>::lanes;
    for (long i = 0; i < units; ++i) {
        Vec<T> sum{};
        for (long r = 0; r < pitch; r += lanes) sum += load(values + i * pitch + r);
        T total = 0;
        for (int lane = 0; lane < lanes; ++lane) total += sum[lane];
        sums[i] += total;
    }
}

template <class T>
void penalise(const T *weights, T *gradient, T l1, T l2, long count) {
    for (long i = 0; i < count; ++i) {
        const T w = weights[i], sign = w > 0 ? T(1) : w < 0 ? T(-1) : T(0);
        gradient[i] += l1 * sign + l2 * w;
    }
}

template <class T>
inline T root(T x);
template <>
inline float root(float x) {
    return __builtin_sqrtf(x);
}
template <>
inline double root(double x) {
    return __builtin_sqrt(x);
}

template <class T>
void update_sgd(const Update<T> &step, T *__restrict w, const T *__restrict g, T *__restrict velocity, long count) {
    const T rate = step.rate, decay = step.decay, momentum = step.momentum;
    if (momentum == 0) {
        for (long i = 0; i < count; ++i) w[i] -= rate * (g[i] + decay * w[i]);
    } else if (step.nesterov) {
        for (long i = 0; i < count; ++i) {
            const T slope = g[i] + decay * w[i];
            velocity[i] = momentum * velocity[i] + slope;
            w[i] -= rate * (slope + momentum * velocity[i]);
        }
    } else {
        for (long i = 0; i < count; ++i) {
            velocity[i] = momentum * velocity[i] + (g[i] + decay * w[i]);
            w[i] -= rate * velocity[i];
        }
    }
}

template <class T>
void update_adam(const Update<T> &step, T *__restrict w, const T *__restrict g, T *__restrict mean,
                 T *__restrict square, long count) {
    const T rate = step.rate, decay = step.decay, beta1 = step.beta1, beta2 = step.beta2;
    const T epsilon = step.epsilon, shrink = step.shrink;
    for (long i = 0; i < count; ++i) {
        const T slope = g[i] + decay * w[i];
        mean[i] += (1 - beta1) * (slope - mean[i]);
        square[i] = beta2 * square[i] + (1 - beta2) * slope * slope;
        w[i] = shrink * w[i] - rate * mean[i] / (root(square[i]) + epsilon);
    }
}

template <class T>
void update_rmsprop(const Update<T> &step, T *__restrict w, const T *__restrict g, T *__restrict velocity,
                    T *__restrict square, long count) {
    const T rate = step.rate, decay = step.decay, momentum = step.momentum, alpha = step.alpha;
    const T epsilon = step.epsilon;
    for (long i = 0; i < count; ++i) {
        const T slope = g[i] + decay * w[i];
        square[i] = alpha * square[i] + (1 - alpha) * slope * slope;
        const T scaled = slope / (root(square[i]) + epsilon);
        velocity[i] = momentum * velocity[i] + scaled;
        w[i] -= rate * velocity[i];
    }
}

template <class T>
void update(const Update<T> &step, T *weights, const T *gradient, T *first, T *second, long count) {
    switch (step.method) {
        case Method::sgd: return update_sgd(step, weights, gradient, first, count);
        case Method::adam:
        case Method::adamw: return update_adam(step, weights, gradient, first, second, count);
        case Method::rmsprop: return update_rmsprop(step, weights, gradient, first, second, count);
    }
}

template <class T>
void apply(int which, T *values, long count) {
    if (which == 0)
        for (long i = 0; i < count; ++i) values[i] = exp(values[i]);
    if (which == 1)
        for (long i = 0; i < count; ++i) values[i] = log(values[i]);
    if (which == 2)
        for (long i = 0; i < count; ++i) values[i] = tanh(values[i]);
}

template <class T>
double spin(long rounds, T *sink) {
    constexpr int chains = 12;
    Vec<T> sum[chains];
    for (int i = 0; i < chains; ++i) sum[i] = everywhere(T(i));
    const Vec<T> a = everywhere(sink[0]), b = everywhere(sink[1]);
    for (long t = 0; t < rounds; ++t)
        for (int i = 0; i < chains; ++i) sum[i] = sum[i] * a + b;
    for (int i = 1; i < chains; ++i) sum[0] += sum[i];
    sink[2] = sum[0][0];
    return double(rounds) * chains * Register<T>::lanes;
}

template <class T>
constexpr Kernels<T> table(const char *name) {
    return {name,    product<T>, gather<T>,   turn<T>,     activate<T>, derive<T>,
            drop<T>, lose<T>,    add_rows<T>, penalise<T>, apply<T>,   spin<T>,   update<T>};
}

}  // namespace glassnet::GLASSNET_ARCH
