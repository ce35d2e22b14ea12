// exp, log, tanh, sine and cosine of single numbers without a branch, so that the compiler runs them on whole registers.
//
// exp, log and tanh are within 2 units in the last place over the whole range, infinities and NaN as in <cmath>.
// Sine and cosine are as near where they are of the size of 1, and right up to `turns_most`.
#pragma once

#include <cstdint>
#include <cstring>

namespace glassnet::GLASSNET_ARCH {

template <class T>
struct Format;

template <>
struct Format<float> {
    using Bits = std::uint32_t;
    using Signed = std::int32_t;
    static constexpr int fraction_bits = 23, bias = 127, exp_terms = 7, log_terms = 5;
    static constexpr float magic = 12582912.0f;  // 1.5 * 2^23: a number added to it is rounded to a whole one
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float exp_least = -104.0f, exp_most = 89.0f;
    static constexpr float least_normal = 1.17549435e-38f, half_root = 0.70710678f;
    // pi / 2 in three parts: the first two, times a whole number of quarter turns, are exact
    static constexpr float quarter[] = {1.5703125f, 4.837512969970703125e-4f, 7.54978995489188e-8f};
    static constexpr float turns_most = 8192.0f;
    static constexpr int turn_terms = 4;
};

template <>
struct Format<double> {
    using Bits = std::uint64_t;
    using Signed = std::int64_t;
    static constexpr int fraction_bits = 52, bias = 1023, exp_terms = 13, log_terms = 11;
    static constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
    static constexpr double exp_least = -746.0, exp_most = 710.0;
    static constexpr double least_normal = 2.2250738585072014e-308, half_root = 0.70710678118654752;
    static constexpr double quarter[] = {1.57079625129699707, 7.54978941586159635e-8, 5.39030285815811905e-15};
    static constexpr double turns_most = 1e6;
    static constexpr int turn_terms = 8;
};

template <class T>
inline typename Format<T>::Bits bits_of(T x) {
    typename Format<T>::Bits bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

template <class T>
inline T from_bits(typename Format<T>::Bits bits) {
    T x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// 2^n for an n that a normal number has as exponent.
template <class T>
inline T power_of_two(typename Format<T>::Bits n) {
    return from_bits<T>((n + Format<T>::bias) << Format<T>::fraction_bits);
}

template <class T>
struct Coefficients {
    T value[20];
};

// 1 / k! for k = 0, 1, ...
template <class T>
constexpr Coefficients<T> inverse_factorials() {
    Coefficients<T> c{};
    double factorial = 1;
    for (int k = 0; k < 20; ++k) {
        if (k > 1) factorial *= k;
        c.value[k] = T(1 / factorial);
    }
    return c;
}

// 2 / (2 k + 1) for k = 0, 1, ...: the series of log((1 + s) / (1 - s)).
template <class T>
constexpr Coefficients<T> odd_fractions() {
    Coefficients<T> c{};
    for (int k = 0; k < 20; ++k) c.value[k] = T(2.0 / (2 * k + 1));
    return c;
}

// e^x = 2^n e^r with a whole n and |r| <= log(2) / 2; e^r by its Taylor series.
template <class T>
inline T exp(T x) {
    using F = Format<T>;
    constexpr auto taylor = inverse_factorials<T>();
    x = x < F::exp_least ? F::exp_least : x;
    x = x > F::exp_most ? F::exp_most : x;
    const T shifted = x * T(1.4426950408889634) + F::magic;
    const T n = shifted - F::magic;
    const T r = (x - n * F::ln2_high) - n * F::ln2_low;
    T sum = taylor.value[F::exp_terms];
    for (int k = F::exp_terms - 1; k >= 0; --k) sum = sum * r + taylor.value[k];
    const auto whole = typename F::Signed(bits_of(shifted) - bits_of(F::magic));
    const auto half = whole >> 1;  // in two steps: results below the normal numbers are rounded once
    return sum * power_of_two<T>(typename F::Bits(half)) * power_of_two<T>(typename F::Bits(whole - half));
}

// log(x) = n log(2) + log(m) with sqrt(1/2) <= m < sqrt(2), and log(m) by the series in s = (m - 1) / (m + 1).
template <class T>
inline T log(T x) {
    using F = Format<T>;
    using Bits = typename F::Bits;
    constexpr auto series = odd_fractions<T>();
    const bool small = x < F::least_normal;
    const T scaled = small ? x * power_of_two<T>(F::fraction_bits + 1) : x;
    const auto exponent = typename F::Signed(bits_of(scaled) - bits_of(F::half_root)) >> F::fraction_bits;
    const T f = from_bits<T>(bits_of(scaled) - (Bits(exponent) << F::fraction_bits)) - 1;
    const T n = (from_bits<T>(bits_of(F::magic) + Bits(exponent)) - F::magic) -
                (small ? T(F::fraction_bits + 1) : T(0));
    const T s = f / (2 + f), z = s * s, half_square = T(0.5) * f * f;
    T sum = series.value[F::log_terms];
    for (int k = F::log_terms - 1; k >= 1; --k) sum = sum * z + series.value[k];
    const T tail = s * (half_square + z * sum) + n * F::ln2_low;
    const T finite = n * F::ln2_high - ((half_square - tail) - f);
    const T infinite = x > 0 ? x : x == 0 ? -T(__builtin_inf()) : T(__builtin_nan(""));
    return x > 0 && x < T(__builtin_inf()) ? finite : infinite;
}

// log(1 + x) for x >= 0: what 1 + x rounds away is put back.
template <class T>
inline T log1p(T x) {
    const T one_more = 1 + x;
    return log(one_more) + (x - (one_more - 1)) / one_more;
}

inline float tanh_of_small(float x) {  // Cephes, tanhf
    const float z = x * x;
    float sum = -5.70498872745e-3f;
    sum = sum * z + 2.06390887954e-2f;
    sum = sum * z - 5.37397155531e-2f;
    sum = sum * z + 1.33314422036e-1f;
    sum = sum * z - 3.33332819422e-1f;
    return x + x * (z * sum);
}

inline double tanh_of_small(double x) {  // Cephes, tanh
    const double z = x * x;
    const double p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3;
    const double q =
        ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3;
    return x + x * (z * (p / q));
}

// tanh(x) = 1 - 2 / (e^2x + 1) where that loses nothing, and a quotient of polynomials near 0.
template <class T>
inline T tanh(T x) {
    const T size = x < 0 ? -x : x;
    const T large = 1 - 2 / (exp(2 * size) + 1);
    const T near = tanh_of_small(size > T(0.625) ? T(0) : x);
    return size < T(0.625) ? near : x < 0 ? -large : large;
}

template <class T>
inline T sigmoid(T x) {
    return 1 / (1 + exp(-x));
}

// Sine and cosine of x, |x| <= turns_most: x = n pi / 2 + r with |r| <= pi / 4, and their Taylor series in r.
template <class T>
inline void turn_of(T x, T &sine, T &cosine) {
    using F = Format<T>;
    constexpr auto taylor = inverse_factorials<T>();
    const T shifted = x * T(0.63661977236758134) + F::magic;
    const T n = shifted - F::magic;
    const T r = ((x - n * F::quarter[0]) - n * F::quarter[1]) - n * F::quarter[2], z = -r * r;
    T s = taylor.value[2 * F::turn_terms + 1], c = taylor.value[2 * F::turn_terms + 2];
    for (int k = F::turn_terms; k >= 1; --k) {
        if (k < F::turn_terms) s = s * z + taylor.value[2 * k + 1];
        c = c * z + taylor.value[2 * k];
    }
    s = r + r * (z * s);
    c = 1 + z * c;
    const auto quarters = bits_of(shifted) - bits_of(F::magic);
    const bool swapped = quarters & 1, down = quarters & 2, back = (quarters + 1) & 2;
    sine = swapped ? c : s;
    cosine = swapped ? s : c;
    sine = down ? -sine : sine;
    cosine = back ? -cosine : cosine;
}

}  // namespace glassnet::GLASSNET_ARCH
