// The course's sentiment network, one text at a time: words that are there, linear hidden units, a sigmoid.
//
//   h = sum of t_i W_i over the words i of a text      z = h v      p = 1 / (1 + exp(-z))
//   d = (p - y) p (1 - p)      W_i -= rate (t_i (d v))      v -= rate (d h)
//
// Products and sums are in this order, word by word and unit by unit, as in the NumPy form, which gives the same bits
// where the compiler fuses no a * b + c. float64 throughout.
#pragma once

#include <cstdint>

namespace glassnet {

// Texts as the numbers of their words: text i has words[starts[i]] to words[starts[i + 1]].
struct Bags {
    const std::int32_t *words;
    const double *times;  // how often each stands in its text; null: once
    const std::int64_t *starts;
    long texts;
};

struct SentimentNet {
    double *hidden;  // W: words x units
    double *output;  // v: units
    long units;
};

// A step for each text in order; scores (texts,) are those just before each step. Targets are 0 or 1.
void sentiment_train(const Bags &bags, const double *targets, const SentimentNet &net, double rate, double *scores);

// The score z of each text.
void sentiment_scores(const Bags &bags, const SentimentNet &net, double *scores);

}  // namespace glassnet
