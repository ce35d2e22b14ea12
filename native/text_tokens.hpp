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

// What one text is made of: each n-gram once, in the order in which each is first met, and how often it is there.
class Bag {
  public:
    struct Entry {
        Key key;
        std::uint32_t count;
    };
    std::vector<Entry> entries;

    void begin();  // forget all
    void add(Key key);

  private:
    std::vector<std::uint32_t> slots_;  // 0, or the number of an entry

    std::size_t place(Key key) const;
    void grow();
};

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
    // Its n-grams.
    void ngrams(const std::vector<Token> &tokens, Bag &to) const;

    int key_bits() const { return options_.bits ? options_.bits : 64; }

  private:
    ReaderOptions options_;
    std::vector<std::uint8_t> kinds_;
    std::vector<std::uint32_t> folds_;

    const std::uint8_t *after_tag(const std::uint8_t *at, const std::uint8_t *end) const;
};

}  // namespace glassnet
