// The kernels of kernels.hpp for one instruction set; kernels_*.cpp include this, each compiled with its own options.
#pragma once

#include <cmath>

#include "functions.hpp"
#include "kernels.hpp"
#include "products.hpp"
#include "vectors.hpp"

namespace glassnet::GLASSNET_ARCH {

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
        sums[i] += lanes_summed<T>(sum);
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

// --- the tabular network ----------------------------------------------------------------------------------------

template <class T>
void waves(const T *x, const T *frequency, const T *phase, long frequencies, T *sines, T *cosines, long pitch) {
    for (long f = 0; f < frequencies; ++f, sines += pitch, cosines += pitch) {
        const T often = frequency[f], begin = phase[f];
        T largest = 0;
        for (long r = 0; r < pitch; ++r) {
            const T turn = often * x[r] + begin, size = size_of(turn);
            turn_of(turn, sines[r], cosines[r]);
            largest = size <= largest ? largest : size;  // NaN too
        }
        if (largest <= Format<T>::turns_most) continue;
        for (long r = 0; r < pitch; ++r) {
            const T turn = often * x[r] + begin;
            sines[r] = std::sin(turn);
            cosines[r] = std::cos(turn);
        }
    }
}

template <class T>
void wave_slopes(const T *x, const T *sines, const T *gradient, long frequencies, T *frequency, T *phase,
                 long pitch) {
    constexpr long lanes = Register<T>::lanes;
    for (long f = 0; f < frequencies; ++f, sines += pitch, gradient += pitch) {
        Vec<T> turned{}, shifted{};
        for (long r = 0; r < pitch; r += lanes) {
            const Vec<T> slope = load(sines + r) * load(gradient + r);
            shifted += slope;
            turned += slope * load(x + r);
        }
        frequency[f] -= lanes_summed<T>(turned);
        phase[f] -= lanes_summed<T>(shifted);
    }
}

template <class T>
void with_signs(const T *weights, const T *__restrict signs, T *__restrict out, long units, long pitch) {
    for (long i = 0; i < units; ++i, weights += pitch, out += pitch)
        for (long j = 0; j < pitch; ++j) out[j] = weights[j] * signs[j];
}

template <class T>
void share(const T *gradient, const T *weights, const T *__restrict signs, T *__restrict to_signs,
           T *__restrict to_weights, long units, long pitch) {
    for (long i = 0; i < units; ++i, gradient += pitch, weights += pitch, to_weights += pitch)
        for (long j = 0; j < pitch; ++j) {
            to_signs[j] += gradient[j] * weights[j];
            to_weights[j] += gradient[j] * signs[j];
        }
}

template <class T>
void add(const T *from, T *to, long count) {
    for (long i = 0; i < count; ++i) to[i] += from[i];
}

template <class T>
void follow(T *__restrict average, const T *__restrict weights, T share, long count) {
    for (long i = 0; i < count; ++i) average[i] += share * (weights[i] - average[i]);
}

template <class T>
void apply(int which, T *values, long count) {
    if (which == 0)
        for (long i = 0; i < count; ++i) values[i] = exp(values[i]);
    if (which == 1)
        for (long i = 0; i < count; ++i) values[i] = log(values[i]);
    if (which == 2)
        for (long i = 0; i < count; ++i) values[i] = tanh(values[i]);
    if (which == 3)
        for (long i = 0; i < count; ++i) {
            T cosine;
            turn_of(values[i], values[i], cosine);
        }
    if (which == 4)
        for (long i = 0; i < count; ++i) {
            T sine;
            turn_of(values[i], sine, values[i]);
        }
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
    return {name,    product<T>, dots<T>,     gather<T>,   turn<T>,   activate<T>, derive<T>,
            drop<T>, lose<T>,    add_rows<T>, penalise<T>, waves<T>,   wave_slopes<T>, with_signs<T>, share<T>,
            add<T>,  follow<T>,  apply<T>,    spin<T>,     update<T>};
}

}  // namespace glassnet::GLASSNET_ARCH
