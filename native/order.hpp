// The order of an epoch's rows: numbers 0 to rows - 1, shuffled as NumPy's Generator(PCG64).permutation does it, to the
// bit. So one order serves every engine, whoever draws it.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>

namespace glassnet {

// O'Neill 2014: a linear congruential generator of 128 bits, of which each number gives 64 (XSL RR).
class Pcg64 {
  public:
    // As NumPy seeds it: the upper half of each number first.
    explicit Pcg64(const std::uint64_t *words)
        : increment_((number(words[2], words[3]) << 1) | 1), state_(increment_ + number(words[0], words[1])) {
        advance();
    }

    // The lower half of a number, and then its upper half.
    std::uint32_t next() {
        if (halved_) {
            halved_ = false;
            return std::uint32_t(kept_ >> 32);
        }
        advance();
        const auto folded = std::uint64_t(state_ >> 64) ^ std::uint64_t(state_);
        const int turn = int(state_ >> 122);
        kept_ = (folded >> turn) | (folded << (-turn & 63));
        halved_ = true;
        return std::uint32_t(kept_);
    }

  private:
    __extension__ typedef unsigned __int128 Wide;
    static constexpr Wide number(std::uint64_t high, std::uint64_t low) { return Wide(high) << 64 | low; }
    void advance() { state_ = state_ * number(2549297995355413924u, 4865540595714422341u) + increment_; }

    Wide increment_, state_;
    std::uint64_t kept_ = 0;
    bool halved_ = false;
};

// Fisher and Yates: each row from the last one down changes places with one of those up to it. Which one is drawn until
// a number is small enough (its bits above the row's highest one cut off); a wrong guess of the processor whether it is
// costs more than the exchange of a row with itself, so that stands in its place. `rows` is at most 2^32 - 1.
inline void shuffled(const std::uint64_t *words, std::int64_t *order, std::int64_t rows) {
    Pcg64 chance(words);
    std::iota(order, order + rows, std::int64_t(0));
    std::int64_t row = rows - 1, bits = 1;
    while (bits < row) bits = bits << 1 | 1;
    for (; row > 0; bits >>= 1)
        while (row > bits >> 1) {
            const std::int64_t drawn = chance.next() & bits;
            const std::int64_t fits = (drawn - row - 1) >> 63;  // all bits, or none: where drawn <= row
            std::swap(order[row], order[row + ((drawn - row) & fits)]);
            row += fits;
        }
}

}  // namespace glassnet
