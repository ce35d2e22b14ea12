// What each kernel computes, in the plainest loops: the check of the fast ones, number by number.
#include <cmath>

#include "kernels.hpp"

namespace glassnet::naive {

template <class T>
void product(const T *a, long a_row, long a_column, const T *b, long b_pitch, T *c, long c_pitch, long m, long n,
             long k, bool add, const T *start) {
    for (long i = 0; i < m; ++i)
        for (long j = 0; j < n; ++j) {
            T sum = add ? c[i * c_pitch + j] : start ? start[i] : T(0);
            for (long t = 0; t < k; ++t) sum += a[i * a_row + t * a_column] * b[t * b_pitch + j];
            c[i * c_pitch + j] = sum;
        }
}

template <class T>
void dots(const T *a, long a_row, const T *x, const T *start, T *out, long m, long n) {
    for (long i = 0; i < m; ++i) {
        out[i] = start[i];
        for (long t = 0; t < n; ++t) out[i] += a[i * a_row + t] * x[t];
    }
}

template <class T>
void gather(const T *const *rows, long count, long columns, const T *, T *panel, long pitch, T *by_row,
            long by_row_height, long first_row) {
    for (long c = 0; c < columns; ++c)
        for (long r = 0; r < pitch; ++r) {
            panel[c * pitch + r] = r < count ? rows[r][c] : T(0);
            if (r < count)
                by_row[columns_panel(by_row_height, c) + (first_row + r) * columns_pitch(columns, c) + c % PANEL] =
                    rows[r][c];
        }
}

template <class T>
void turn(const T *panel, long pitch, long units, long count, T *by_row, long by_row_height, long first_row) {
    for (long u = 0; u < units; ++u)
        for (long r = 0; r < count; ++r)
            by_row[columns_panel(by_row_height, u) + (first_row + r) * columns_pitch(units, u) + u % PANEL] =
                panel[u * pitch + r];
}

template <class T>
T sigmoid(T x) {
    return 1 / (1 + std::exp(-x));
}

template <class T>
void activate(Activation activation, T slope, T *values, T *kept, long count) {
    for (long i = 0; i < count; ++i) {
        const T z = values[i];
        switch (activation) {
            case Activation::identity: break;
            case Activation::sigmoid: values[i] = sigmoid(z); break;
            case Activation::tanh: values[i] = std::tanh(z); break;
            case Activation::relu: values[i] = z < 0 ? T(0) : z; break;
            case Activation::leaky_relu: values[i] = z > 0 ? z : slope * z; break;
            case Activation::silu: kept[i] = z, values[i] = z * sigmoid(z); break;
        }
    }
}

template <class T>
void derive(Activation activation, T slope, const T *values, const T *kept, T *gradient, long count) {
    for (long i = 0; i < count; ++i) {
        const T h = values[i];
        switch (activation) {
            case Activation::identity: break;
            case Activation::sigmoid: gradient[i] *= h * (1 - h); break;
            case Activation::tanh: gradient[i] *= 1 - h * h; break;
            case Activation::relu: gradient[i] = h > 0 ? gradient[i] : T(0); break;
            case Activation::leaky_relu: gradient[i] *= h > 0 ? T(1) : slope; break;
            case Activation::silu: {
                const T s = sigmoid(kept[i]);
                gradient[i] *= s * (1 + kept[i] * (1 - s));
            }
        }
    }
}

std::uint32_t mixed(std::uint32_t x) {  // triple32 of C. Wellons' hash-prospector
    x = (x ^ (x >> 17)) * 0xed5ad4bbu;
    x = (x ^ (x >> 11)) * 0xac4c1b51u;
    x = (x ^ (x >> 15)) * 0x31848babu;
    return x ^ (x >> 14);
}

template <class T>
void drop(const T *values, T *out, long units, long pitch, std::uint64_t key, std::uint32_t below,
          std::uint32_t first_row, T scale) {
    for (long u = 0; u < units; ++u)
        for (long r = 0; r < pitch; ++r) {
            const std::uint32_t unit = mixed(std::uint32_t(u) + std::uint32_t(key)) ^ std::uint32_t(key >> 32);
            const std::uint32_t row = (first_row + std::uint32_t(r)) * 0x9e3779b9u;
            out[u * pitch + r] = mixed(row ^ unit) < below ? T(0) : values[u * pitch + r] * scale;
        }
}

template <class T>
void lose(Loss loss, const T *output, const T *target, const T *factor, T *gradient, T *losses, long outputs,
          long pitch) {
    for (long r = 0; r < pitch; ++r) {
        T most = output[r], sum = 0, total = 0;
        for (long o = 0; o < outputs; ++o) most = std::fmax(most, output[o * pitch + r]);
        for (long o = 0; o < outputs; ++o) sum += std::exp(output[o * pitch + r] - most);
        for (long o = 0; o < outputs; ++o) {
            const T z = output[o * pitch + r];
            T slope = 0;
            if (loss == Loss::cross_entropy) {
                const T right = target[r] == T(o) ? T(1) : T(0);
                slope = std::exp(z - most) / sum - right;
                total += right * (std::log(sum) - (z - most));
            } else {
                const T y = target[o * pitch + r], error = z - y, share = T(1) / T(outputs);
                if (loss == Loss::mse) slope = 2 * share * error, total += share * error * error;
                if (loss == Loss::mae)
                    slope = share * T((error > 0) - (error < 0)), total += share * std::fabs(error);
                if (loss == Loss::poisson)
                    slope = share * (std::exp(z) - y), total += share * (std::exp(z) - y * z);
                if (loss == Loss::binary_cross_entropy) {
                    slope = share * (sigmoid(z) - y);
                    total += share * (std::fmax(z, T(0)) - z * y + std::log1p(std::exp(-std::fabs(z))));
                }
            }
            gradient[o * pitch + r] = factor[r] * slope;
        }
        losses[r] = total;
    }
}

template <class T>
void add_rows(const T *values, long pitch, long units, T *sums) {
    for (long i = 0; i < units; ++i)
        for (long r = 0; r < pitch; ++r) sums[i] += values[i * pitch + r];
}

template <class T>
void penalise(const T *weights, T *gradient, T l1, T l2, long count) {
    for (long i = 0; i < count; ++i)
        gradient[i] += l1 * T((weights[i] > 0) - (weights[i] < 0)) + l2 * weights[i];
}

template <class T>
void update(const Update<T> &s, T *weights, const T *gradient, T *first, T *second, long count) {
    for (long i = 0; i < count; ++i) {
        const T g = gradient[i] + s.decay * weights[i];
        if (s.method == Method::sgd) {
            if (s.momentum != 0) first[i] = s.momentum * first[i] + g;
            weights[i] -= s.rate * (s.momentum == 0 ? g : s.nesterov ? g + s.momentum * first[i] : first[i]);
        } else if (s.method == Method::rmsprop) {
            second[i] = s.alpha * second[i] + (1 - s.alpha) * g * g;
            first[i] = s.momentum * first[i] + g / (std::sqrt(second[i]) + s.epsilon);
            weights[i] -= s.rate * first[i];
        } else {
            first[i] = s.beta1 * first[i] + (1 - s.beta1) * g;
            second[i] = s.beta2 * second[i] + (1 - s.beta2) * g * g;
            weights[i] = s.shrink * weights[i] - s.rate * first[i] / (std::sqrt(second[i]) + s.epsilon);
        }
    }
}

template <class T>
void waves(const T *x, const T *frequency, const T *phase, long frequencies, T *sines, T *cosines, long pitch) {
    for (long f = 0; f < frequencies; ++f)
        for (long r = 0; r < pitch; ++r) {
            sines[f * pitch + r] = std::sin(frequency[f] * x[r] + phase[f]);
            cosines[f * pitch + r] = std::cos(frequency[f] * x[r] + phase[f]);
        }
}

template <class T>
void wave_slopes(const T *x, const T *sines, const T *gradient, long frequencies, T *frequency, T *phase,
                 long pitch) {
    for (long f = 0; f < frequencies; ++f)
        for (long r = 0; r < pitch; ++r) {
            phase[f] -= gradient[f * pitch + r] * sines[f * pitch + r];
            frequency[f] -= gradient[f * pitch + r] * sines[f * pitch + r] * x[r];
        }
}

template <class T>
void with_signs(const T *weights, const T *signs, T *out, long units, long pitch) {
    for (long i = 0; i < units; ++i)
        for (long j = 0; j < pitch; ++j) out[i * pitch + j] = weights[i * pitch + j] * signs[j];
}

template <class T>
void share(const T *gradient, const T *weights, const T *signs, T *to_signs, T *to_weights, long units, long pitch) {
    for (long i = 0; i < units; ++i)
        for (long j = 0; j < pitch; ++j) {
            to_signs[j] += gradient[i * pitch + j] * weights[i * pitch + j];
            to_weights[i * pitch + j] += gradient[i * pitch + j] * signs[j];
        }
}

template <class T>
void add(const T *from, T *to, long count) {
    for (long i = 0; i < count; ++i) to[i] += from[i];
}

template <class T>
void follow(T *average, const T *weights, T share, long count) {
    for (long i = 0; i < count; ++i) average[i] += share * (weights[i] - average[i]);
}

template <class T>
void apply(int which, T *values, long count) {
    T (*const functions[])(T) = {std::exp, std::log, std::tanh, std::sin, std::cos};
    for (long i = 0; i < count; ++i) values[i] = functions[which](values[i]);
}

template <class T>
double spin(long rounds, T *sink) {
    for (long t = 0; t < rounds; ++t) sink[2] = sink[2] * sink[0] + sink[1];
    return double(rounds);
}

template <class T>
constexpr Kernels<T> table() {
    return {"naive", product<T>, dots<T>, gather<T>,   turn<T>,     activate<T>, derive<T>,
            drop<T>, lose<T>,    add_rows<T>, penalise<T>, waves<T>,   wave_slopes<T>, with_signs<T>, share<T>,
            add<T>,  follow<T>,  apply<T>,    spin<T>,     update<T>};
}

}  // namespace glassnet::naive

namespace glassnet {
template <>
const Kernels<float> Tables<float>::naive = naive::table<float>();
template <>
const Kernels<double> Tables<double>::naive = naive::table<double>();
}  // namespace glassnet
