#include <algorithm>
#include <array>
#include <numeric>

#include "team.hpp"
#include "text_vocabulary.hpp"

namespace glassnet {

namespace {

constexpr int BUCKET_BITS = 10;
constexpr std::size_t BUCKETS = 1 << BUCKET_BITS;  // of keys, so that the counters of each stay in the cache
constexpr std::size_t BATCH_BYTES = std::size_t(1) << 23;  // of texts between two visits of the buckets
constexpr std::size_t ONE_BATCH = 48u << 20;  // bytes of texts that are one batch
constexpr std::size_t PIECE_BYTES = std::size_t(1) << 18;  // of texts that one core takes at a time
constexpr std::size_t MOST_COUNTERS = 48u << 20;  // then the n-grams seen once are forgotten
constexpr Key FREE = 0;
constexpr std::size_t LONG_ROW = 100;  // columns
constexpr std::ptrdiff_t AHEAD = 8;  // keys whose counters are fetched meanwhile
constexpr std::size_t TOGETHER = 1024;  // keys whose columns are fetched together
constexpr int DIGIT = 8;  // bits

// An n-gram and the text that it was found in.
struct Found {
    std::uint32_t low, high, text;
    Key key() const { return Key(high) << 32 | low; }
};

// A list for each bucket, in chunks of a few large blocks.
class Piles {
  public:
    void push(std::size_t bucket, Key key, std::size_t text) {
        Pile &pile = piles_[bucket];
        if (pile.at == pile.end) more(pile);
        *pile.at++ = {std::uint32_t(key), std::uint32_t(key >> 32), std::uint32_t(text)};
    }
    // Calls work(first, last) for each chunk.
    template <class Work>
    void each(std::size_t bucket, Work &&work) const {
        const Pile &pile = piles_[bucket];
        for (const Found *chunk : pile.chunks) work(chunk, pile.end == chunk + CHUNK ? pile.at : chunk + CHUNK);
    }
    void clear() {
        for (Pile &pile : piles_) pile.chunks.clear(), pile.at = pile.end = nullptr;
        taken_ = 0;
    }

  private:
    static constexpr std::size_t CHUNK = 256, BLOCK = 2048;  // of n-grams, of chunks
    struct Pile {
        Found *at = nullptr, *end = nullptr;
        std::vector<Found *> chunks;
    };
    std::vector<Pile> piles_{BUCKETS};
    std::vector<Many<Found>> blocks_;
    std::size_t taken_ = 0;  // chunks

    void more(Pile &pile) {
        if (taken_ == blocks_.size() * BLOCK) blocks_.emplace_back(BLOCK * CHUNK);
        pile.at = blocks_[taken_ / BLOCK].data() + taken_ % BLOCK * CHUNK;
        pile.end = pile.at + CHUNK;
        pile.chunks.push_back(pile.at);
        ++taken_;
    }
};

// Which keys may have been seen more than once: all that were, and a few others.
class Filter {
  public:
    void begin() { seen_.assign(PLACES, 0); }
    void see(Key key) {
        std::uint8_t &seen = seen_[place_of(key)];
        seen = std::uint8_t(std::min(seen + 1, 2));
    }
    bool again(Key key) const { return seen_[place_of(key)] > 1; }

  private:
    static constexpr std::size_t PLACES = 1 << 15;
    std::vector<std::uint8_t> seen_;

    static std::size_t place_of(Key key) { return key * 0x9E3779B97F4A7C15ull >> 20 & (PLACES - 1); }
};

// In how many texts each key is, in open addressing. 0 is counted apart, as it marks a free place.
class Counters {
  public:
    std::size_t used() const { return used_; }

    // What was found for a bucket; with a filter that is all there is, and what is there once may be left out.
    void add(const std::vector<Piles> &found, std::size_t bucket, Filter *filter) {
        if (filter) filter->begin();
        for (const Piles &piles : found)
            if (filter)
                piles.each(bucket, [&](const Found *at, const Found *end) {
                    for (; at < end; ++at) filter->see(at->key());
                });
        for (const Piles &piles : found)
            piles.each(bucket, [&](const Found *at, const Found *end) {
                for (; at < end; ++at) {
                    if (filter && !filter->again(at->key())) continue;
                    if (end - at > AHEAD) prefetch(at[AHEAD].key());
                    add(at->key(), at->text);
                }
            });
    }

    // Give what is in `least` texts or more by rising key, and forget all.
    void end(std::uint32_t least, std::vector<Counted> &to) {
        give(least, to);
        *this = Counters();
        std::sort(to.begin(), to.end(), [](const Counted &a, const Counted &b) { return a.key < b.key; });
    }

    void forget_below(std::uint32_t least) {
        std::vector<Counted> kept;
        give(least, kept);
        *this = Counters();
        for (const Counted &each : kept) put(each);
    }

  private:
    std::vector<Counted> places_;
    std::size_t used_ = 0;
    Counted zero_{FREE, 0, 0};

    // All that a text has comes without another text's between.
    void add(Key key, std::uint32_t text) {
        if (key != FREE && 2 * used_ >= places_.size()) grow();
        Counted &place = key == FREE ? zero_ : at(key);
        used_ += !place.texts;
        if (place.texts && place.last == text) return;
        place.key = key, place.last = text;
        ++place.texts;
    }

    void prefetch(Key key) const {
        if (!places_.empty()) __builtin_prefetch(&places_[place_of(key)]);
    }

    void give(std::uint32_t least, std::vector<Counted> &to) const {
        if (zero_.texts >= std::max(least, 1u)) to.push_back(zero_);
        for (const Counted &place : places_)
            if (place.key != FREE && place.texts >= least) to.push_back(place);
    }

    std::size_t place_of(Key key) const {
        return (key * 0x9E3779B97F4A7C15ull >> 24) & (places_.size() - 1);
    }
    Counted &at(Key key) {
        const std::size_t mask = places_.size() - 1;
        std::size_t place = place_of(key);
        while (places_[place].key != FREE && places_[place].key != key) place = (place + 1) & mask;
        return places_[place];
    }
    void put(const Counted &each) {
        if (each.key == FREE) {
            zero_ = each, ++used_;
            return;
        }
        if (2 * used_ >= places_.size()) grow();
        at(each.key) = each, ++used_;
    }
    void grow() {
        std::vector<Counted> before(std::max<std::size_t>(64, 2 * places_.size()), Counted{FREE, 0, 0});
        before.swap(places_);
        for (const Counted &each : before)
            if (each.key != FREE) at(each.key) = each;
    }
};

// Rows of about so many bytes of text: the first of each piece, and the number of texts.
std::vector<std::size_t> pieces_of(const TextBlock &block, std::size_t first, std::size_t last, std::size_t bytes) {
    std::vector<std::size_t> starts{first};
    for (std::size_t i = first; i < last; ++i)
        if (std::size_t(block.offsets[i + 1] - block.offsets[starts.back()]) >= bytes && i + 1 < last)
            starts.push_back(i + 1);
    starts.push_back(last);
    return starts;
}

std::vector<Token> &tokens_of(const Reader &reader, const TextBlock &block, std::size_t text, std::vector<Token> &to) {
    const std::int64_t begin = block.offsets[text];
    reader.tokens(block.blob + begin, std::size_t(block.offsets[text + 1] - begin), to);
    return to;
}

// All of them, those in most texts first, else in the order in which they come.
std::vector<Counted> by_count(const std::vector<std::vector<Counted>> &kept, std::size_t texts, std::size_t most) {
    std::vector<std::size_t> starts(texts + 2);
    for (const auto &some : kept)
        for (const Counted &each : some) ++starts[texts - each.texts + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<Counted> all(starts.back());
    for (const auto &some : kept)
        for (const Counted &each : some) all[starts[texts - each.texts]++] = each;
    if (all.size() > most) all.resize(most);
    return all;
}

}  // namespace

std::vector<Counted> count_ngrams(const Reader &reader, const TextBlock &block, std::uint32_t min_count,
                                  std::size_t most, int threads) {
    const int shift = std::max(reader.key_bits() - BUCKET_BITS, 0);  // so that the buckets rise as the keys do
    const std::size_t cores = std::size_t(std::max(threads, 1));
    const bool once = std::size_t(block.offsets[block.texts]) <= ONE_BATCH;
    std::vector<Counters> counters(BUCKETS);
    std::vector<std::vector<Token>> tokens(cores);
    std::vector<Filter> filters(once && min_count > 1 ? cores : 0);
    std::vector<Piles> found(cores);
    std::vector<std::vector<Counted>> kept(BUCKETS);
    const std::vector<std::size_t> batches = pieces_of(block, 0, block.texts, once ? ONE_BATCH : BATCH_BYTES);
    for (std::size_t b = 0; b + 1 < batches.size(); ++b) {
        const std::vector<std::size_t> pieces = pieces_of(block, batches[b], batches[b + 1], PIECE_BYTES);
        in_parallel(pieces.size() - 1, threads, [&](std::size_t piece, int thread) {
            for (std::size_t text = pieces[piece]; text < pieces[piece + 1]; ++text)
                reader.ngrams(tokens_of(reader, block, text, tokens[std::size_t(thread)]),
                              [&](Key key) { found[std::size_t(thread)].push(key >> shift, key, text); });
        });
        const bool last = b + 2 == batches.size();
        in_parallel(BUCKETS, threads, [&](std::size_t bucket, int thread) {
            counters[bucket].add(found, bucket, filters.empty() ? nullptr : &filters[std::size_t(thread)]);
            if (last) counters[bucket].end(min_count, kept[bucket]);
        });
        for (Piles &piles : found) piles.clear();
        std::size_t used = 0;
        for (const Counters &each : counters) used += each.used();
        if (used > MOST_COUNTERS)
            in_parallel(BUCKETS, threads, [&](std::size_t bucket, int) { counters[bucket].forget_below(2); });
    }
    return by_count(kept, block.texts, most);
}

Columns::Columns(const Key *keys, std::size_t count) : keys_(keys), count_(count) {
    int bits = 4;
    while ((std::size_t(3) << bits) < 8 * count) ++bits;  // at most three eighths full
    mask_ = (std::size_t(1) << bits) - 1, shift_ = 64 - bits;
    slots_.assign(mask_ + 1, 0);
    for (std::size_t column = 0; column < count; ++column) {
        std::size_t place = slot(keys[column]);
        while (slots_[place]) place = (place + 1) & mask_;
        slots_[place] = (keys[column] & 0xFFFFFFFF00000000ull) | (column + 1);
    }
}

std::int64_t Columns::likely(Key key) const {
    for (std::size_t place = slot(key); slots_[place]; place = (place + 1) & mask_)
        if (!((slots_[place] ^ key) >> 32)) return std::int64_t(slots_[place] & 0xFFFFFFFF) - 1;
    return -1;
}

std::int64_t Columns::find(Key key, std::int64_t likely) const {
    if (likely < 0 || keys_[likely] == key) return likely;
    for (std::size_t place = slot(key); slots_[place]; place = (place + 1) & mask_) {
        const std::size_t column = std::size_t(slots_[place] & 0xFFFFFFFF) - 1;
        if (keys_[column] == key) return std::int64_t(column);
    }
    return -1;
}

namespace {

// One row.
class Row {
  public:
    std::vector<Token> tokens;
    std::vector<std::uint32_t> columns;  // of its n-grams, as often as they are there, rising

    void read(const Reader &reader, const Columns &all, const TextBlock &block, std::size_t text) {
        columns.clear(), size_ = 0;
        reader.ngrams(tokens_of(reader, block, text, tokens), [&](Key key) {
            all.prefetch(key);
            keys_[waiting_++] = key;
            if (waiting_ == TOGETHER) find(all);
        });
        find(all);
        sort(all.count());
    }

  private:
    std::array<Key, TOGETHER> keys_;
    std::array<std::int64_t, TOGETHER> likely_;
    std::size_t waiting_ = 0, size_ = 0;
    std::vector<std::uint32_t> other_;

    void find(const Columns &all) {
        for (std::size_t i = 0; i < waiting_; ++i) all.prefetch_key(likely_[i] = all.likely(keys_[i]));
        columns.resize(size_ + waiting_);
        for (std::size_t i = 0; i < waiting_; ++i) {
            const std::int64_t column = all.find(keys_[i], likely_[i]);
            columns[size_] = std::uint32_t(column), size_ += column >= 0;
        }
        columns.resize(size_);
        waiting_ = 0;
    }

    // Digit by digit where the row is long.
    void sort(std::size_t width) {
        if (columns.size() < LONG_ROW) return std::sort(columns.begin(), columns.end());
        other_.resize(columns.size());
        for (int shift = 0; shift < 32 && (width - 1) >> shift; shift += DIGIT) {
            std::size_t starts[(1 << DIGIT) + 1] = {0};
            const auto digit = [shift](std::uint32_t column) { return column >> shift & ((1 << DIGIT) - 1); };
            for (std::uint32_t column : columns) ++starts[digit(column) + 1];
            std::partial_sum(starts, starts + (1 << DIGIT), starts);
            for (std::uint32_t column : columns) other_[starts[digit(column)]++] = column;
            columns.swap(other_);
        }
    }
};

}  // namespace

SparseRows encode_texts(const Reader &reader, const Columns &columns, const TextBlock &block, bool with_counts,
                        int threads) {
    struct Piece {
        std::vector<std::int32_t> columns;
        std::vector<std::uint32_t> counts;
    };
    const std::vector<std::size_t> starts = pieces_of(block, 0, block.texts, PIECE_BYTES);
    std::vector<Piece> pieces(starts.size() - 1);
    std::vector<Row> rows(std::size_t(std::max(threads, 1)));
    SparseRows all;
    all.offsets.assign(block.texts + 1, 0);
    in_parallel(pieces.size(), threads, [&](std::size_t piece, int thread) {
        Row &row = rows[std::size_t(thread)];
        Piece &to = pieces[piece];
        for (std::size_t text = starts[piece]; text < starts[piece + 1]; ++text) {
            row.read(reader, columns, block, text);
            const std::size_t before = to.columns.size();
            for (std::size_t i = 0; i < row.columns.size();) {
                const std::size_t first = i;
                while (i < row.columns.size() && row.columns[i] == row.columns[first]) ++i;
                to.columns.push_back(std::int32_t(row.columns[first]));
                if (with_counts) to.counts.push_back(std::uint32_t(i - first));
            }
            all.offsets[text + 1] = std::int64_t(to.columns.size() - before);
        }
    });
    std::partial_sum(all.offsets.begin(), all.offsets.end(), all.offsets.begin());
    all.columns.resize(std::size_t(all.offsets.back()));
    if (with_counts) all.counts.resize(all.columns.size());
    in_parallel(pieces.size(), threads, [&](std::size_t piece, int) {
        const std::size_t to = std::size_t(all.offsets[starts[piece]]);
        std::copy(pieces[piece].columns.begin(), pieces[piece].columns.end(), all.columns.begin() + std::ptrdiff_t(to));
        std::copy(pieces[piece].counts.begin(), pieces[piece].counts.end(), all.counts.begin() + std::ptrdiff_t(to));
        pieces[piece] = Piece();
    });
    return all;
}

SparseRows narrowed(const std::int64_t *offsets, const std::int32_t *columns, const bool *rows, std::size_t count,
                    const std::int32_t *place, int threads) {
    constexpr std::size_t together = 256;  // rows of a piece
    std::vector<std::size_t> kept;
    for (std::size_t row = 0; row < count; ++row)
        if (rows[row]) kept.push_back(row);
    SparseRows some;
    some.offsets.assign(kept.size() + 1, 0);
    const auto each_row = [&](auto &&work) {
        in_parallel((kept.size() + together - 1) / together, threads, [&](std::size_t piece, int) {
            for (std::size_t at = piece * together; at < std::min(kept.size(), (piece + 1) * together); ++at)
                work(at, columns + offsets[kept[at]], columns + offsets[kept[at] + 1]);
        });
    };
    each_row([&](std::size_t at, const std::int32_t *from, const std::int32_t *end) {
        const auto stays = [&](std::int32_t column) { return place[column] >= 0; };
        some.offsets[at + 1] = place ? std::count_if(from, end, stays) : end - from;
    });
    std::partial_sum(some.offsets.begin(), some.offsets.end(), some.offsets.begin());
    some.columns.resize(std::size_t(some.offsets.back()));
    each_row([&](std::size_t at, const std::int32_t *from, const std::int32_t *end) {
        std::int32_t *to = some.columns.data() + some.offsets[at];
        for (; from < end; ++from)
            if (!place) *to++ = *from;
            else if (place[*from] >= 0) *to++ = place[*from];
    });
    return some;
}

}  // namespace glassnet
