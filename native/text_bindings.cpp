// What Python sees of texts and bags of n-grams.
//
// What is wrong with an argument is a ValueError or a TypeError. Every loop over texts frees the interpreter.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "text_bags.hpp"
#include "text_bindings.hpp"
#include "text_vocabulary.hpp"

using namespace glassnet;

namespace {

template <class T>
using Flat = Array<T, 1>;
using Ranges = Array<std::int64_t, 2>;

std::vector<Reader::Range> ranges_of(const Ranges &from) {
    const std::size_t columns = from.shape(1);
    require(columns == 2 || columns == 4, "a range has 2 or 4 numbers");
    std::vector<Reader::Range> to;
    for (std::size_t i = 0; i < from.shape(0); ++i) {
        const std::int64_t *at = from.data() + i * columns;
        const Reader::Range range{at[0], at[1], columns == 4 ? at[2] : 1, columns == 4 ? at[3] : 0};
        require(0 <= range[0] && range[0] <= range[1] && range[1] < 0x110000 && range[2] > 0 &&
                    range[0] + range[3] >= 0 && range[1] + range[3] < 0x110000,
                "a range lies outside of Unicode");
        to.push_back(range);
    }
    return to;
}

bool rise(const Flat<std::int64_t> &offsets, std::int64_t last) {
    const std::int64_t *at = offsets.data();
    const std::size_t count = offsets.shape(0);
    return count && at[0] == 0 && at[count - 1] == last && std::is_sorted(at, at + count);
}

TextBlock block_of(const Flat<std::uint8_t> &blob, const Flat<std::int64_t> &offsets) {
    require(rise(offsets, std::int64_t(blob.shape(0))), "offsets must rise from 0 to the length of blob");
    return {blob.data(), offsets.data(), offsets.shape(0) - 1};
}

// Keys and their place, which holds on to the array of keys.
struct Lookup {
    explicit Lookup(Flat<std::uint64_t> from) : keys(std::move(from)), columns(keys.data(), keys.shape(0)) {}
    Flat<std::uint64_t> keys;
    Columns columns;
};

nb::object token_keys(const Reader &reader, const nb::bytes &text) {
    std::vector<Token> tokens;
    reader.tokens(reinterpret_cast<const std::uint8_t *>(text.data()), text.size(), tokens);
    std::vector<std::uint64_t> keys;
    for (const Token &each : tokens) keys.push_back(each.key);
    return owned(std::move(keys));
}

nb::object spans(const Reader &reader, const nb::bytes &text, const Flat<std::uint64_t> &wanted) {
    require(std::is_sorted(wanted.data(), wanted.data() + wanted.shape(0)), "what is wanted must rise");
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(text.data());
    return owned(reader.spans(bytes, text.size(), wanted.data(), wanted.shape(0)), 3);
}

std::pair<nb::object, nb::object> count(const Reader &reader, const Flat<std::uint8_t> &blob,
                                        const Flat<std::int64_t> &offsets, std::uint32_t min_count, std::size_t most,
                                        int threads) {
    const TextBlock block = block_of(blob, offsets);
    Many<std::uint64_t> keys;
    Many<std::int64_t> texts;
    {
        const nb::gil_scoped_release free;
        const std::vector<Counted> all = count_ngrams(reader, block, min_count, most, threads);
        keys.resize(all.size()), texts.resize(all.size());
        for (std::size_t i = 0; i < all.size(); ++i) keys[i] = all[i].key, texts[i] = all[i].texts;
    }
    return {owned(std::move(keys)), owned(std::move(texts))};
}

std::tuple<nb::object, nb::object, nb::object> encode(const Reader &reader, const Lookup &lookup,
                                                      const Flat<std::uint8_t> &blob,
                                                      const Flat<std::int64_t> &offsets, bool with_counts,
                                                      int threads) {
    const TextBlock block = block_of(blob, offsets);
    SparseRows rows;
    {
        const nb::gil_scoped_release free;
        rows = encode_texts(reader, lookup.columns, block, with_counts, threads);
    }
    return {owned(std::move(rows.offsets)), owned(std::move(rows.columns)), owned(std::move(rows.counts))};
}

std::pair<nb::object, nb::object> narrow(const Flat<std::int64_t> &offsets, const Flat<std::int32_t> &columns,
                                         const Flat<bool> &rows, const std::optional<Flat<std::int32_t>> &place,
                                         int threads) {
    const std::size_t entries = columns.shape(0), width = place ? place->shape(0) : std::size_t(1) << 31;
    require(rise(offsets, std::int64_t(entries)), "offsets must rise from 0 to the number of entries");
    require(rows.shape(0) + 1 == offsets.shape(0), "there must be a mark for each row");
    SparseRows some;
    {
        const nb::gil_scoped_release free;
        bool inside = true;
        for (std::size_t i = 0; i < entries; ++i) inside &= std::size_t(std::uint32_t(columns.data()[i])) < width;
        require(inside, "a column must have a place");
        some = narrowed(offsets.data(), columns.data(), rows.data(), rows.shape(0), place ? place->data() : nullptr,
                        threads);
    }
    return {owned(std::move(some.offsets)), owned(std::move(some.columns))};
}

using Values = std::optional<Flat<float>>;

Sparse sparse_of(const Flat<std::int64_t> &offsets, const Flat<std::int32_t> &columns, const Values &values,
                 std::size_t width) {
    const std::size_t entries = columns.shape(0);
    require(rise(offsets, std::int64_t(entries)), "offsets must rise from 0 to the number of entries");
    require(!values || values->shape(0) == entries, "there must be a value for each entry");
    const Sparse x{offsets.data(), columns.data(), values ? values->data() : nullptr, offsets.shape(0) - 1, width};
    bool right = true;
    for (std::size_t row = 0; row < x.rows; ++row)
        for (std::int64_t k = x.offsets[row]; k < x.offsets[row + 1]; ++k)
            right &= x.columns[k] > (k > x.offsets[row] ? x.columns[k - 1] : -1) && std::size_t(x.columns[k]) < width;
    require(right, "the columns of a row must rise and be below the width");
    return x;
}

void check_labels(const Flat<std::int64_t> &labels, const Flat<double> &weight, std::size_t rows,
                  std::size_t classes) {
    require(labels.shape(0) == rows && weight.shape(0) == rows, "there must be a label and a weight for each row");
    const auto wrong = [&](std::int64_t label) { return label < 0 || std::size_t(label) >= classes; };
    require(std::none_of(labels.data(), labels.data() + rows, wrong), "a label must be a class");
}

nb::object logits(const Flat<std::int64_t> &offsets, const Flat<std::int32_t> &columns, const Values &values,
                  const Flat<float> &weights, const Flat<float> &bias, int threads) {
    const std::size_t outputs = bias.shape(0);
    require(outputs && weights.shape(0) % outputs == 0, "there must be a weight for each feature and output");
    const Sparse x = sparse_of(offsets, columns, values, weights.shape(0) / outputs);
    std::vector<float> to(x.rows * outputs);
    {
        const nb::gil_scoped_release free;
        sparse_logits(x, weights.data(), bias.data(), outputs, threads, to.data());
    }
    return owned(std::move(to), outputs);
}

nb::object sums_by_class(const Flat<std::int64_t> &offsets, const Flat<std::int32_t> &columns, const Values &values,
                         std::size_t width, const Flat<std::int64_t> &labels, const Flat<double> &weight,
                         std::size_t classes, int threads) {
    const Sparse x = sparse_of(offsets, columns, values, width);
    check_labels(labels, weight, x.rows, classes);
    std::vector<double> to(width * classes);
    {
        const nb::gil_scoped_release free;
        class_sums(x, labels.data(), weight.data(), classes, threads, to.data());
    }
    return owned(std::move(to), classes);
}

// A solver and the arrays that it looks at.
class Solver {
  public:
    Solver(Flat<std::int64_t> offsets, Flat<std::int32_t> columns, Values values, std::size_t width,
           Flat<std::int64_t> labels, Flat<double> weight, std::size_t outputs, double l2, int threads)
        : offsets_(std::move(offsets)), columns_(std::move(columns)), values_(std::move(values)),
          labels_(std::move(labels)), weight_(std::move(weight)), outputs_(outputs), width_(width) {
        const Sparse x = sparse_of(offsets_, columns_, values_, width);
        require(outputs > 0, "there must be an output");
        check_labels(labels_, weight_, x.rows, outputs == 1 ? 2 : outputs);
        const nb::gil_scoped_release free;
        core_ = std::make_unique<BagSolver>(x, BagTask{labels_.data(), weight_.data(), outputs, l2}, threads);
    }

    nb::object class_counts(const Flat<double> &weight) {
        const std::size_t classes = outputs_ == 1 ? 2 : outputs_;
        require(weight.shape(0) == weight_.shape(0), "there must be a weight for each row");
        std::vector<double> to(width_ * classes);
        {
            const nb::gil_scoped_release free;
            core_->class_counts(weight.data(), classes, to.data());
        }
        return owned(std::move(to), classes);
    }

    void rescale(const Flat<double> &scale) {
        require(scale.shape(0) == width_ * outputs_, "there must be a scale for each feature and output");
        core_->rescale(scale.data());
    }

    double step(double length, int most_products, double precision) {
        const nb::gil_scoped_release free;
        return core_->step(length, most_products, precision);
    }

    std::pair<nb::object, nb::object> read() {
        Many<float> weights(width_ * outputs_), bias(outputs_);
        core_->read(weights.data(), bias.data());
        return {owned(std::move(weights), outputs_), owned(std::move(bias))};
    }

  private:
    Flat<std::int64_t> offsets_;
    Flat<std::int32_t> columns_;
    Values values_;
    Flat<std::int64_t> labels_;
    Flat<double> weight_;
    std::size_t outputs_, width_;
    std::unique_ptr<BagSolver> core_;
};

}  // namespace

void bind_text(nb::module_ &m) {
    nb::class_<Reader>(m, "TextReader")
        .def("__init__",
             [](Reader *at, const Ranges &words, const Ranges &alone, const Ranges &folds, const std::string &marks,
                int ngrams, int bits, bool html, bool lower, bool with_marks) {
                 require(ngrams >= 1 && ngrams <= 3 && bits >= 0 && bits < 64, "ngrams or bits are out of range");
                 new (at) Reader(ranges_of(words), ranges_of(alone), ranges_of(folds), marks,
                                 {ngrams, bits, html, lower, with_marks});
             })
        .def("token_keys", &token_keys)
        .def("spans", &spans)
        .def("count", &count)
        .def("encode", &encode);
    nb::class_<Lookup>(m, "TextColumns").def(nb::init<Flat<std::uint64_t>>());
    nb::class_<Solver>(m, "BagSolver")
        .def(nb::init<Flat<std::int64_t>, Flat<std::int32_t>, Values, std::size_t, Flat<std::int64_t>, Flat<double>,
                      std::size_t, double, int>(),
             nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg())
        .def("class_counts", &Solver::class_counts)
        .def("rescale", &Solver::rescale)
        .def("step", &Solver::step)
        .def("read", &Solver::read);
    m.def("sparse_logits", &logits, nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg());
    m.def("class_sums", &sums_by_class, nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg(),
          nb::arg(), nb::arg());
    m.def("narrow", &narrow, nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg());
}
