#include <algorithm>
#include <numeric>

#include "text_parallel.hpp"
#include "text_vocabulary.hpp"

namespace glassnet {

namespace {

constexpr std::size_t BUCKETS = 256;  // of keys, so that the counters of each stay in the cache
constexpr std::size_t BATCH_BYTES = std::size_t(1) << 25;  // of texts between two visits of the buckets
constexpr std::size_t PIECE_BYTES = std::size_t(1) << 18;  // of texts that one core takes at a time
constexpr std::size_t MOST_COUNTERS = 48u << 20;  // then the n-grams seen once are forgotten
constexpr Key FREE = 0;

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

    Counted &at(Key key) {
        const std::size_t mask = places_.size() - 1;
        std::size_t place = (key * 0x9E3779B97F4A7C15ull >> 24) & mask;
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

std::size_t bucket_of(Key key) { return key * 0x9E3779B97F4A7C15ull >> 56; }

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

}  // namespace

std::vector<Counted> count_ngrams(const Reader &reader, const TextBlock &block, std::uint32_t min_count,
                                  std::size_t most, int threads) {
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
                    found[std::size_t(thread)][bucket_of(each.key)].push_back(each.key);
            }
        });
        in_parallel(BUCKETS, threads, [&](std::size_t bucket, int) {
            for (auto &keys : found) {
                for (Key key : keys[bucket]) counters[bucket].add(key);
                std::vector<Key>().swap(keys[bucket]);
            }
        });
        std::size_t used = 0;
        for (const Counters &each : counters) used += each.used();
        if (used > MOST_COUNTERS)
            in_parallel(BUCKETS, threads, [&](std::size_t bucket, int) { counters[bucket].forget_below(2); });
    }
    std::vector<Counted> kept;
    for (Counters &each : counters) {
        each.give(min_count, kept);
        each = Counters();
    }
    const auto before = [](const Counted &a, const Counted &b) {
        return a.texts != b.texts ? a.texts > b.texts : a.key < b.key;
    };
    std::sort(kept.begin(), kept.end(), before);
    if (kept.size() > most) kept.resize(most);
    return kept;
}

Columns::Columns(const Key *keys, std::size_t count) : keys_(keys) {
    int bits = 4;
    while ((std::size_t(1) << bits) < 2 * count) ++bits;
    mask_ = (std::size_t(1) << bits) - 1, shift_ = 64 - bits;
    slots_.assign(mask_ + 1, 0);
    for (std::size_t column = 0; column < count; ++column) {
        std::size_t place = slot(keys[column]);
        while (slots_[place]) place = (place + 1) & mask_;
        slots_[place] = (keys[column] & 0xFFFFFFFF00000000ull) | (column + 1);
    }
}

std::int64_t Columns::find(Key key) const {
    for (std::size_t place = slot(key); slots_[place]; place = (place + 1) & mask_) {
        if ((slots_[place] ^ key) >> 32) continue;
        const std::size_t column = std::size_t(slots_[place] & 0xFFFFFFFF) - 1;
        if (keys_[column] == key) return std::int64_t(column);
    }
    return -1;
}

SparseRows encode_texts(const Reader &reader, const Columns &columns, const TextBlock &block, bool with_counts,
                        int threads) {
    struct Piece {
        std::vector<std::int32_t> columns;
        std::vector<std::uint32_t> counts;
    };
    const std::vector<std::size_t> starts = pieces_of(block, 0, block.texts, PIECE_BYTES);
    std::vector<Piece> pieces(starts.size() - 1);
    std::vector<Desk> desks(std::size_t(std::max(threads, 1)));
    std::vector<std::vector<std::pair<std::int32_t, std::uint32_t>>> rows(desks.size());
    SparseRows all;
    all.offsets.assign(block.texts + 1, 0);
    in_parallel(pieces.size(), threads, [&](std::size_t piece, int thread) {
        Desk &desk = desks[std::size_t(thread)];
        auto &row = rows[std::size_t(thread)];
        for (std::size_t text = starts[piece]; text < starts[piece + 1]; ++text) {
            desk.read(reader, block, text);
            for (const Bag::Entry &each : desk.bag.entries) columns.prefetch(each.key);
            row.clear();
            for (const Bag::Entry &each : desk.bag.entries)
                if (const std::int64_t column = columns.find(each.key); column >= 0)
                    row.push_back({std::int32_t(column), each.count});
            std::sort(row.begin(), row.end());
            for (const auto &[column, count] : row) {
                pieces[piece].columns.push_back(column);
                if (with_counts) pieces[piece].counts.push_back(count);
            }
            all.offsets[text + 1] = std::int64_t(row.size());
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

}  // namespace glassnet
