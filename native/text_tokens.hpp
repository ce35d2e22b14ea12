// Texts to tokens to numbered n-grams. The Python twin, with the same results, is data/text_tokens.py.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace glassnet {

using Key = std::uint64_t;  // of an n-gram

struct ReaderOptions {
    int ngrams;  // 1 to 3
    int bits;  // 0 for whole keys, else how many of their upper bits
    bool html, lower, marks;
};

inline Key mixed(Key h) {
    h ^= h >> 33;
    h *= 0xFF51AFD7ED558CCDull;
    h ^= h >> 33;
    h *= 0xC4CEB9FE1A85EC53ull;
    return h ^ h >> 33;
}

inline Key joined(Key first, Key second) { return mixed(first * 0x9E3779B97F4A7C15ull + second); }

struct Token {
    Key key;
    bool alone;  // a character of a script without spaces
};

// Texts are read by it on any number of threads.
class Reader {
  public:
    using Range = std::array<std::int64_t, 4>;  // first and last code point, step, what is added

    Reader(const std::vector<Range> &words, const std::vector<Range> &alone, const std::vector<Range> &folds,
           const std::string &marks, const ReaderOptions &options);

    // The tokens of a text of so many bytes, and where that is asked the bytes at which each begins and ends.
    void tokens(const std::uint8_t *text, std::size_t size, std::vector<Token> &to,
                std::vector<std::size_t> *bounds = nullptr) const;
    // The begin and end of each n-gram of a text whose key is `wanted`, which rises: (place in wanted, begin, end).
    std::vector<std::int64_t> spans(const std::uint8_t *text, std::size_t size, const Key *wanted,
                                    std::size_t count) const;
    // Calls put(key) for each of its n-grams, as often as it is there.
    template <class Put>
    void ngrams(const std::vector<Token> &tokens, Put &&put) const {
        const int shift = options_.bits ? 64 - options_.bits : 0;
        Key pair_before = 0;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            put(tokens[i].key >> shift);
            if (!i) continue;
            const Key pair = joined(tokens[i - 1].key, tokens[i].key);
            if (options_.ngrams > 1 || (tokens[i].alone && tokens[i - 1].alone)) put(pair >> shift);
            if (i > 1 && options_.ngrams > 2) put(joined(pair_before, tokens[i].key) >> shift);
            pair_before = pair;
        }
    }

    int key_bits() const { return options_.bits ? options_.bits : 64; }

  private:
    ReaderOptions options_;
    std::vector<std::uint8_t> kinds_;
    std::vector<std::uint32_t> folds_;
    std::array<std::uint8_t, 256> quick_;  // what an ASCII byte becomes that is part of a word; else 0

    const std::uint8_t *after_tag(const std::uint8_t *at, const std::uint8_t *end) const;
};

}  // namespace glassnet
