#include <algorithm>
#include <numeric>
#include <string>

#include "text_tokens.hpp"

namespace glassnet {

namespace {

constexpr std::uint32_t POINTS = 0x110000, BROKEN = 0xFFFD;
constexpr int TAG_POINTS = 200;
enum Kind : std::uint8_t { gap, word, alone, mark, quote };

struct Point {
    std::uint32_t point;
    const std::uint8_t *next;
};

// The code point at `at`, which is before `end`. As Python does, what is no UTF-8 becomes one U+FFFD for each longest
// beginning of something that could have been right.
inline Point decode(const std::uint8_t *at, const std::uint8_t *end) {
    const std::uint8_t lead = *at++;
    if (lead < 0x80) return {lead, at};
    if (lead < 0xC2 || lead > 0xF4) return {BROKEN, at};
    const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    std::uint32_t point = lead & (0x3F >> more);
    for (int k = 0; k < more; ++k, ++at) {
        std::uint8_t low = 0x80, high = 0xBF;
        if (k == 0 && lead == 0xE0) low = 0xA0;  // not shorter than needed
        if (k == 0 && lead == 0xF0) low = 0x90;
        if (k == 0 && lead == 0xED) high = 0x9F;  // no surrogates
        if (k == 0 && lead == 0xF4) high = 0x8F;  // nothing beyond Unicode
        if (at == end || *at < low || *at > high) return {BROKEN, at};
        point = point << 6 | (*at & 0x3F);
    }
    return {point, at};
}

// FNV-1a over the UTF-8 bytes of code points.
struct Hash {
    Key h = 0xCBF29CE484222325ull;
    void byte(std::uint32_t b) { h = (h ^ b) * 0x100000001B3ull; }
    void add(std::uint32_t p) {
        if (p < 0x80) return byte(p);
        if (p < 0x800) {
            byte(0xC0 | p >> 6);
        } else {
            if (p < 0x10000) {
                byte(0xE0 | p >> 12);
            } else {
                byte(0xF0 | p >> 18);
                byte(0x80 | (p >> 12 & 0x3F));
            }
            byte(0x80 | (p >> 6 & 0x3F));
        }
        byte(0x80 | (p & 0x3F));
    }
};

Key key_of(std::uint32_t point) {
    Hash hash;
    hash.add(point);
    return mixed(hash.h);
}

}  // namespace

Reader::Reader(const std::vector<Range> &words, const std::vector<Range> &alones, const std::vector<Range> &folds,
               const std::string &marks, const ReaderOptions &options)
    : options_(options), kinds_(POINTS, gap), folds_(POINTS) {
    for (const Range &range : words) std::fill(&kinds_[range[0]], &kinds_[range[1]] + 1, word);
    for (const Range &range : alones)
        for (std::int64_t point = range[0]; point <= range[1]; ++point)
            if (kinds_[point] == word) kinds_[point] = alone;
    for (unsigned char each : marks) kinds_[each] = mark;
    kinds_['\''] = quote;
    std::iota(folds_.begin(), folds_.end(), 0u);
    for (const Range &range : folds)
        for (std::int64_t point = range[0]; point <= range[1]; point += range[2]) {
            const std::int64_t to = point + range[3];
            if (options.lower || kinds_[to] == mark || kinds_[to] == quote) folds_[point] = std::uint32_t(to);
        }
    for (std::size_t byte = 0; byte < quick_.size(); ++byte) {
        const std::uint32_t to = byte < 0x80 ? folds_[byte] : 0x80;
        quick_[byte] = to < 0x80 && kinds_[to] == word ? std::uint8_t(to) : 0;
    }
}

// Where a tag that begins at `at` ends; null where none does.
const std::uint8_t *Reader::after_tag(const std::uint8_t *at, const std::uint8_t *end) const {
    if (end - at < 3) return nullptr;
    const std::uint8_t first = at[1] | 0x20;
    if (!((first >= 'a' && first <= 'z') || at[1] == '/' || at[1] == '!' || at[1] == '?')) return nullptr;
    at += 2;
    for (int points = 0; at < end; ++points) {
        if (*at == '>') return at + 1;
        if (*at == '<' || points == TAG_POINTS) return nullptr;
        at = decode(at, end).next;
    }
    return nullptr;
}

void Reader::tokens(const std::uint8_t *const text, std::size_t size, std::vector<Token> &to,
                    std::vector<std::size_t> *bounds) const {
    const std::uint8_t *at = text, *const end = text + size, *begin = text;
    to.clear();
    bool in_word = false;
    Hash hash;
    const auto put = [&](Token token, const std::uint8_t *until) {
        to.push_back(token);
        if (bounds) bounds->insert(bounds->end(), {std::size_t(begin - text), std::size_t(until - text)});
    };
    const auto end_word = [&](const std::uint8_t *until) {
        if (in_word) put({mixed(hash.h), false}, until);
        in_word = false;
    };
    while (at < end) {
        const std::uint8_t *const here = at;
        if (quick_[*at]) {
            if (!in_word) hash = Hash(), begin = here;
            in_word = true;
            for (; at < end && quick_[*at]; ++at) hash.byte(quick_[*at]);
            continue;
        }
        const std::uint8_t *const after = *at == '<' && options_.html ? after_tag(at, end) : nullptr;
        if (after) {
            end_word(here);
            at = after;
            continue;
        }
        const Point read = decode(at, end);
        at = read.next;
        const std::uint32_t point = folds_[read.point];
        const std::uint8_t kind = kinds_[point];
        if (kind == word || (kind == quote && in_word && at < end && kinds_[folds_[decode(at, end).point]] == word)) {
            if (!in_word) hash = Hash(), begin = here;
            in_word = true;
            hash.add(point);
            continue;
        }
        end_word(here);
        begin = here;
        if (kind == alone || (kind == mark && options_.marks)) put({key_of(point), kind == alone}, at);
    }
    end_word(end);
}

std::vector<std::int64_t> Reader::spans(const std::uint8_t *text, std::size_t size, const Key *wanted,
                                        std::size_t count) const {
    std::vector<Token> tokens_of;
    std::vector<std::size_t> bounds;
    tokens(text, size, tokens_of, &bounds);
    std::vector<std::int64_t> found;
    for (std::size_t i = 0; i < tokens_of.size(); ++i) {
        Key key = 0;
        for (std::size_t n = 0; n < std::size_t(options_.ngrams > 1 ? options_.ngrams : 2) && i + n < tokens_of.size();
             ++n) {
            if (n && options_.ngrams == 1 && !(tokens_of[i].alone && tokens_of[i + 1].alone)) break;
            key = n ? joined(key, tokens_of[i + n].key) : tokens_of[i].key;
            const Key whole = options_.bits ? key >> (64 - options_.bits) : key;
            const Key *const at = std::lower_bound(wanted, wanted + count, whole);
            if (at < wanted + count && *at == whole)
                found.insert(found.end(), {at - wanted, std::int64_t(bounds[2 * i]),
                                           std::int64_t(bounds[2 * (i + n) + 1])});
        }
    }
    return found;
}

}  // namespace glassnet
