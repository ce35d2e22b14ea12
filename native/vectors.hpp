// A few numbers side by side in one register, written once for every instruction set.
//
// The compiler's own vector types (GCC, Clang) carry +, -, * and turn a * b + c into one fused instruction.
// LANES is how many numbers a register holds; each kernels_*.cpp is compiled for one instruction set.
#pragma once

#include <utility>

namespace glassnet::GLASSNET_ARCH {

template <class T>
struct Register {
    static constexpr int lanes = GLASSNET_REGISTER_BYTES / int(sizeof(T));
    // Any address will do: the rows of a user's array begin where they begin.
    typedef T type __attribute__((vector_size(GLASSNET_REGISTER_BYTES), aligned(alignof(T)), may_alias));
};

template <class T>
using Vec = typename Register<T>::type;

template <class T>
inline Vec<T> load(const T *from) {
    return *reinterpret_cast<const Vec<T> *>(from);
}

template <class T>
inline void store(T *to, Vec<T> value) {
    *reinterpret_cast<Vec<T> *>(to) = value;
}

template <class T>
inline Vec<T> everywhere(T value) {
    return value - Vec<T>{};
}

// Swap the two off-diagonal blocks of `half` x `half` numbers in rows a and b of a square.
template <class T, int half, int... lane>
inline void swap_blocks(Vec<T> &a, Vec<T> &b, std::integer_sequence<int, lane...>) {
    constexpr int n = Register<T>::lanes;
#if defined(__clang__)
    const Vec<T> first = __builtin_shufflevector(a, b, ((lane & half) ? n + lane - half : lane)...);
    const Vec<T> second = __builtin_shufflevector(a, b, ((lane & half) ? n + lane : lane + half)...);
#else
    using Int = std::conditional_t<sizeof(T) == 4, int, long long>;
    typedef Int Lanes __attribute__((vector_size(GLASSNET_REGISTER_BYTES)));
    const Vec<T> first = __builtin_shuffle(a, b, Lanes{((lane & half) ? n + lane - half : lane)...});
    const Vec<T> second = __builtin_shuffle(a, b, Lanes{((lane & half) ? n + lane : lane + half)...});
#endif
    a = first;
    b = second;
}

// Transpose a square of LANES x LANES numbers: halves, quarters, ... change places.
template <class T, int half = Register<T>::lanes / 2>
inline void transpose_square(Vec<T> *rows) {
    constexpr int n = Register<T>::lanes;
    for (int i = 0; i < n; ++i)
        if (!(i & half)) swap_blocks<T, half>(rows[i], rows[i + half], std::make_integer_sequence<int, n>{});
    if constexpr (half > 1) transpose_square<T, half / 2>(rows);
}

}  // namespace glassnet::GLASSNET_ARCH
