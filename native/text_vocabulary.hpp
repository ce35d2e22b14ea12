// Which n-grams a collection of texts has, and the texts as sparse rows. The Python twin is data/text_features.py.
#pragma once

#include <string>

#include "pages.hpp"
#include "text_tokens.hpp"

namespace glassnet {

struct TextBlock {
    const std::uint8_t *blob;
    const std::int64_t *offsets;  // texts + 1
    std::size_t texts;
};

struct Counted {
    Key key;
    std::uint32_t texts;  // in how many texts it is
    std::uint32_t last;  // the last of them
};

// The n-grams that are in min_count texts or more, those in most texts first, then by key; at most `most` of them.
std::vector<Counted> count_ngrams(const Reader &reader, const TextBlock &block, std::uint32_t min_count,
                                  std::size_t most, int threads);

// From keys to columns.
class Columns {
  public:
    Columns(const Key *keys, std::size_t count);
    std::size_t slot(Key key) const { return key * 0x9E3779B97F4A7C15ull >> shift_; }
    void prefetch(Key key) const { __builtin_prefetch(&slots_[slot(key)]); }
    void prefetch_key(std::int64_t column) const { __builtin_prefetch(keys_ + (column < 0 ? 0 : column)); }
    std::int64_t likely(Key key) const;  // the first column with the same upper half of its key; -1 where it is none
    std::int64_t find(Key key, std::int64_t likely) const;  // -1 where it is none
    std::size_t count() const { return count_; }

  private:
    const Key *keys_;
    std::size_t count_, mask_;
    int shift_;
    Many<std::uint64_t> slots_;  // 0, or the key's upper half and column + 1
};

struct SparseRows {
    std::vector<std::int64_t> offsets;
    Many<std::int32_t> columns;
    Many<std::uint32_t> counts;  // empty where it is enough to know what is there
};

// Some rows, and of their columns those with a place that is not negative, numbered by it; `place` may be null.
SparseRows narrowed(const std::int64_t *offsets, const std::int32_t *columns, const bool *rows, std::size_t count,
                    const std::int32_t *place, int threads);

SparseRows encode_texts(const Reader &reader, const Columns &columns, const TextBlock &block, bool with_counts,
                        int threads);

}  // namespace glassnet
