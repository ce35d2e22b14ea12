#include <algorithm>
#include <numeric>

#include "team.hpp"
#include "text_vocabulary.hpp"

namespace glassnet {

namespace {

constexpr int BUCKET_BITS = 10;
constexpr std::size_t BUCKETS = 1 << BUCKET_BITS;  // of keys, so that the counters of each stay in the cache
constexpr std::size_t BATCH_BYTES = std::size_t(1) << 25;  // of texts between two visits of the buckets
constexpr std::size_t PIECE_BYTES = std::size_t(1) << 18;  // of texts that one core takes at a time
constexpr std::size_t MOST_COUNTERS = 48u << 20;  // then the n-grams seen once are forgotten
constexpr Key FREE = 0;
constexpr std::size_t LONG_ROW = 200;  // entries
constexpr std::size_t AHEAD = 8;  // keys whose counters are fetched meanwhile
constexpr int DIGIT = 10;  // bits

// Counts of keys in open addressing. 0 is counted apart, as it marks a free place.
class Counters {
  public:
    std::size_t used() const { return used_; }

    void add(Key key) {
        if (key == FREE) {
            used_ += !zeros_++;
            return;
        }
        if (2 * used_ >= places_.size()) grow();
        Counted &place = at(key);
        used_ += place.key == FREE;
        place.key = key;
        ++place.texts;
    }

    void prefetch(Key key) const {
        if (!places_.empty()) __builtin_prefetch(&places_[place_of(key)]);
    }

    void give(std::uint32_t least, std::vector<Counted> &to) const {
        if (zeros_ >= std::max(least, 1u)) to.push_back({FREE, zeros_});
        for (const Counted &place : places_)
            if (place.key != FREE && place.texts >= least) to.push_back(place);
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
    std::uint32_t zeros_ = 0;

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
            zeros_ = each.texts, ++used_;
            return;
        }
        if (2 * used_ >= places_.size()) grow();
        at(each.key) = each, ++used_;
    }
    void grow() {
        std::vector<Counted> before(std::max<std::size_t>(64, 2 * places_.size()), Counted{FREE, 0});
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

// What a core works with.
struct Desk {
    std::vector<Token> tokens;
    Bag bag;

    void read(const Reader &reader, const TextBlock &block, std::size_t text) {
        const std::int64_t begin = block.offsets[text];
        reader.tokens(block.blob + begin, std::size_t(block.offsets[text + 1] - begin), tokens);
        reader.ngrams(tokens, bag);
    }
};

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
    std::vector<Counters> counters(BUCKETS);
    std::vector<Desk> desks(std::size_t(std::max(threads, 1)));
    std::vector<std::vector<std::vector<Key>>> found(desks.size(), std::vector<std::vector<Key>>(BUCKETS));
    const std::vector<std::size_t> batches = pieces_of(block, 0, block.texts, BATCH_BYTES);
    for (std::size_t b = 0; b + 1 < batches.size(); ++b) {
        const std::vector<std::size_t> pieces = pieces_of(block, batches[b], batches[b + 1], PIECE_BYTES);
        in_parallel(pieces.size() - 1, threads, [&](std::size_t piece, int thread) {
            Desk &desk = desks[std::size_t(thread)];
            for (std::size_t text = pieces[piece]; text < pieces[piece + 1]; ++text) {
                desk.read(reader, block, text);
                for (const Bag::Entry &each : desk.bag.entries)
                    found[std::size_t(thread)][each.key >> shift].push_back(each.key);
            }
        });
        in_parallel(BUCKETS, threads, [&](std::size_t bucket, int) {
            for (auto &keys : found) {
                const std::vector<Key> &own = keys[bucket];
                for (std::size_t i = 0; i < own.size(); ++i) {
                    if (i + AHEAD < own.size()) counters[bucket].prefetch(own[i + AHEAD]);
                    counters[bucket].add(own[i]);
                }
                std::vector<Key>().swap(keys[bucket]);
            }
        });
        std::size_t used = 0;
        for (const Counters &each : counters) used += each.used();
        if (used > MOST_COUNTERS)
            in_parallel(BUCKETS, threads, [&](std::size_t bucket, int) { counters[bucket].forget_below(2); });
    }
    std::vector<std::vector<Counted>> kept(BUCKETS);
    in_parallel(BUCKETS, threads, [&](std::size_t bucket, int) {
        counters[bucket].give(min_count, kept[bucket]);
        counters[bucket] = Counters();
        std::sort(kept[bucket].begin(), kept[bucket].end(),
                  [](const Counted &a, const Counted &b) { return a.key < b.key; });
    });
    return by_count(kept, block.texts, most);
}

Columns::Columns(const Key *keys, std::size_t count) : keys_(keys), count_(count) {
    int bits = 4;
    while ((std::size_t(3) << bits) < 4 * count) ++bits;  // at most three quarters full
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

// One row: column and count of each entry, in one number each.
struct Row {
    std::vector<std::int64_t> columns;
    std::vector<std::uint64_t> entries, other;

    void find(const Bag &bag, const Columns &all) {
        for (const Bag::Entry &each : bag.entries) all.prefetch(each.key);
        columns.clear();
        for (const Bag::Entry &each : bag.entries) {
            columns.push_back(all.likely(each.key));
            all.prefetch_key(columns.back());
        }
        entries.clear();
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (const std::int64_t column = all.find(bag.entries[i].key, columns[i]); column >= 0)
                entries.push_back(std::uint64_t(column) << 32 | bag.entries[i].count);
    }

    // By column, digit by digit where the row is long: there are no two of one column.
    void sort(std::size_t width) {
        if (entries.size() < LONG_ROW) return std::sort(entries.begin(), entries.end());
        for (int shift = 32; shift < 64 && (width - 1) >> (shift - 32); shift += DIGIT) {
            std::size_t starts[(1 << DIGIT) + 1] = {0};
            const auto digit = [shift](std::uint64_t entry) { return entry >> shift & ((1 << DIGIT) - 1); };
            for (std::uint64_t entry : entries) ++starts[digit(entry) + 1];
            std::partial_sum(starts, starts + (1 << DIGIT), starts);
            other.resize(entries.size());
            for (std::uint64_t entry : entries) other[starts[digit(entry)]++] = entry;
            entries.swap(other);
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
    std::vector<Desk> desks(std::size_t(std::max(threads, 1)));
    std::vector<Row> rows(desks.size());
    SparseRows all;
    all.offsets.assign(block.texts + 1, 0);
    in_parallel(pieces.size(), threads, [&](std::size_t piece, int thread) {
        Desk &desk = desks[std::size_t(thread)];
        Row &row = rows[std::size_t(thread)];
        for (std::size_t text = starts[piece]; text < starts[piece + 1]; ++text) {
            desk.read(reader, block, text);
            row.find(desk.bag, columns);
            row.sort(columns.count());
            for (std::uint64_t entry : row.entries) {
                pieces[piece].columns.push_back(std::int32_t(entry >> 32));
                if (with_counts) pieces[piece].counts.push_back(std::uint32_t(entry));
            }
            all.offsets[text + 1] = std::int64_t(row.entries.size());
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
