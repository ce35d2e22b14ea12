// What Python sees of the sentiment network. What is wrong with an argument is a ValueError or a TypeError.

#include <cstdint>
#include <optional>

#include <nanobind/stl/optional.h>

#include "arrays.hpp"
#include "sentiment.hpp"
#include "sentiment_bindings.hpp"

using namespace glassnet;

namespace {

using Words = Array<std::int32_t, 1>;
using Starts = Array<std::int64_t, 1>;
using Numbers = Array<double, 1>;
using Times = std::optional<Numbers>;

// Bags whose every word has a row and whose texts lie one after the other.
Bags bags_of(const Words &words, const Times &times, const Starts &starts, std::size_t rows) {
    const std::size_t count = words.shape(0), ends = starts.shape(0);
    require(ends > 0 && starts.data()[0] == 0 && starts.data()[ends - 1] == std::int64_t(count),
            "starts must go from 0 to the number of words");
    require(!times || times->shape(0) == count, "there must be a number of times for each word");
    bool right = true;
    for (std::size_t i = 1; i < ends; ++i) right &= starts.data()[i - 1] <= starts.data()[i];
    require(right, "starts must not fall");
    for (std::size_t i = 0; i < count; ++i) right &= std::uint32_t(words.data()[i]) < rows;
    require(right, "a word has no row");
    return {words.data(), times ? times->data() : nullptr, starts.data(), long(ends - 1)};
}

void train(const Words &words, const Times &times, const Starts &starts, const Numbers &targets,
           const Writable<double, 2> &hidden, const Writable<double, 1> &output, double rate,
           const Writable<double, 1> &scores) {
    const Bags bags = bags_of(words, times, starts, hidden.shape(0));
    require(hidden.shape(1) == output.shape(0), "there must be one output weight for each hidden unit");
    require(long(targets.shape(0)) == bags.texts && long(scores.shape(0)) == bags.texts,
            "there must be a target and a score for each text");
    const SentimentNet net{hidden.data(), output.data(), long(output.shape(0))};
    const nb::gil_scoped_release free;
    sentiment_train(bags, targets.data(), net, rate, scores.data());
}

void ask(const Words &words, const Times &times, const Starts &starts, const Writable<double, 2> &hidden,
         const Writable<double, 1> &output, const Writable<double, 1> &scores) {
    const Bags bags = bags_of(words, times, starts, hidden.shape(0));
    require(hidden.shape(1) == output.shape(0), "there must be one output weight for each hidden unit");
    require(long(scores.shape(0)) == bags.texts, "there must be a score for each text");
    const SentimentNet net{hidden.data(), output.data(), long(output.shape(0))};
    const nb::gil_scoped_release free;
    sentiment_scores(bags, net, scores.data());
}

}  // namespace

void glassnet::bind_sentiment(nb::module_ &m) {
    m.def("sentiment_train", &train, nb::arg("words").noconvert(), nb::arg("times").noconvert().none(),
          nb::arg("starts").noconvert(), nb::arg("targets").noconvert(), nb::arg("hidden").noconvert(),
          nb::arg("output").noconvert(), nb::arg("rate"), nb::arg("scores").noconvert());
    m.def("sentiment_scores", &ask, nb::arg("words").noconvert(), nb::arg("times").noconvert().none(),
          nb::arg("starts").noconvert(), nb::arg("hidden").noconvert(), nb::arg("output").noconvert(),
          nb::arg("scores").noconvert());
}
