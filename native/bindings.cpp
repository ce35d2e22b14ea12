// glassnet._native: what Python sees of the compiled part of Glassnet.
//
// Nothing here is needed: each function has a Python twin that gives the same result, and a test that compares the
// two. What is wrong with an argument is a ValueError or a TypeError, which the Python side puts into words.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "binding.hpp"
#include "order.hpp"
#include "photos_bindings.hpp"
#include "sentiment_bindings.hpp"
#include "team.hpp"
#include "text_bindings.hpp"

using namespace glassnet;

namespace {

// A dense network and a lock: while one thread trains it, no other may touch it.
template <class T>
class Net {
  public:
    Net(const std::vector<LayerTuple> &layers, const ObjectiveTuple &objective, const OptimizerTuple &optimizer,
        std::uint64_t seed, const std::string &kernels)
        : net_(layers_of(layers), objective_of(objective), optimizer_of(optimizer), seed, kernels),
          loss_(Loss(std::get<0>(objective))) {}

    Data<T> data(const Array<T, 2> &X, const nb::object &y, const std::optional<Array<T, 1>> &weight) const {
        return data_of<T>(X, y, weight, net_.layers[0].inputs, net_.layers.back().outputs, loss_);
    }

    double train(const Array<T, 2> &X, const nb::object &y, const std::optional<Array<T, 1>> &weight,
                 const Counts &order, const Counts &sizes, const Array<double, 1> &rates, const Record &record) {
        const Data<T> rows = data(X, y, weight);
        double *to = record_of(record, sizes);
        const nb::gil_scoped_release free;
        return pass(rows, order, sizes, rates, to);
    }

    double pass(const Data<T> &rows, const Counts &order, const Counts &sizes, const Array<double, 1> &rates,
                double *record) {
        check_batches(rows, order, sizes, rates);
        const Hold hold(busy_);
        return net_.train(rows, order.data(), sizes.data(), rates.data(), long(sizes.shape(0)), record);
    }

    Fresh<T> outputs(const Array<T, 2> &X) {
        const std::size_t rows = X.shape(0), outputs = std::size_t(net_.layers.back().outputs);
        require(long(X.shape(1)) == net_.layers[0].inputs && rows > 0, "X has another number of columns");
        auto to = fresh<T>(rows, outputs, false);
        const Data<T> all{X.data(), nullptr, nullptr, nullptr, long(rows), long(X.shape(1))};
        const Hold hold(busy_);
        if (rows < PANEL) {  // over before another thread could have begun
            net_.outputs(all, to.data());
        } else {
            const nb::gil_scoped_release free;
            net_.outputs(all, to.data());
        }
        return to;
    }

    double loss(const Array<T, 2> &X, const nb::object &y, const std::optional<Array<T, 1>> &weight) {
        const Data<T> rows = data(X, y, weight);
        const nb::gil_scoped_release free;
        const Hold hold(busy_);
        return net_.loss(rows);
    }

    double gradients(const Array<T, 2> &X, const nb::object &y, const std::optional<Array<T, 1>> &weight) {
        const Data<T> rows = data(X, y, weight);
        const nb::gil_scoped_release free;
        const Hold hold(busy_);
        return net_.gradients(rows);
    }

    double worst_gradient_error(const Array<T, 2> &X, const nb::object &y, double step) {
        const Data<T> rows = data(X, y, std::nullopt);
        const Hold hold(busy_);
        return net_.worst_gradient_error(rows, step);
    }

    // "values", "gradients", "first" or "second" of all weights as one flat array: the weights layer by layer and
    // row by row, then the biases.
    Fresh<T> read(const std::string &which) {
        const Hold hold(busy_);
        auto to = fresh<T>(std::size_t(count()), 1, true);
        T *at = to.data();
        visit(which, [&at](T *from, long numbers) { at = std::copy(from, from + numbers, at); });
        return to;
    }

    void write(const std::string &which, const Array<T, 1> &from) {
        require(long(from.shape(0)) == count(), "there must be one number for each weight and bias");
        const Hold hold(busy_);
        const T *at = from.data();
        visit(which, [&at](T *to, long numbers) { std::copy(at, at + numbers, to), at += numbers; });
    }

    // Weights and biases from arrays of the caller, one pair for each layer; and back, saying whether all are finite.
    using Pair = std::tuple<Writable<T, 2>, std::optional<Writable<T, 1>>>;

    void take(const std::vector<Pair> &pairs) {
        copy(pairs, [](T *own, T *others, long numbers) { std::copy(others, others + numbers, own); });
    }
    bool give(const std::vector<Pair> &pairs) {
        bool finite = true;
        copy(pairs, [&finite](T *own, T *others, long numbers) {
            for (long i = 0; i < numbers; ++i) others[i] = own[i], finite &= std::abs(own[i]) <= most;
        });
        return finite;
    }

    std::uint64_t steps() const { return net_.steps; }
    void set_steps(std::uint64_t steps) { net_.steps = steps; }
    void scale_momentum(double factor) { net_.scale_momentum(factor); }
    std::string kernels() const { return net_.kernels_name(); }

  private:
    Dense<T> net_;
    Loss loss_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    static constexpr T most = std::numeric_limits<T>::max();

    long count() const {
        long numbers = 0;
        for (const Layer &layer : net_.layers)
            numbers += layer.outputs * layer.inputs + (layer.bias ? layer.outputs : 0);
        return numbers;
    }

    template <class Copy>
    void copy(const std::vector<Pair> &pairs, Copy &&each) {
        const Hold hold(busy_);
        require(pairs.size() == net_.layers.size(), "there must be a pair for each layer");
        for (std::size_t l = 0; l < pairs.size(); ++l) {
            const Layer &layer = net_.layers[l];
            const auto &[weight, bias] = pairs[l];
            require(long(weight.shape(0)) == layer.outputs && long(weight.shape(1)) == layer.inputs &&
                        bias.has_value() == layer.bias && (!bias || long(bias->shape(0)) == layer.outputs),
                    "a pair has other shapes than its layer");
        }
        for (std::size_t l = 0; l < pairs.size(); ++l) {
            auto &w = net_.weights[l];
            const auto &[weight, bias] = pairs[l];
            for (long row = 0; row < net_.layers[l].outputs; ++row)
                each(w.weight.data() + row * w.pitch, weight.data() + row * net_.layers[l].inputs,
                     net_.layers[l].inputs);
            if (bias) each(w.bias.data(), bias->data(), net_.layers[l].outputs);
        }
    }

    template <class Visit>
    void visit(const std::string &which, Visit &&each) {
        const int at = which == "values" ? 0 : which == "gradients" ? 1 : which == "first" ? 2 : 3;
        require(at < 3 || which == "second", "there is nothing of that name");
        if (at == 1) net_.hold_whole_gradients();
        for (std::size_t l = 0; l < net_.layers.size(); ++l) {
            auto &w = net_.weights[l];
            Buffer<T> *matrix[] = {&w.weight, &w.gradient, &w.first, &w.second};
            require(matrix[at]->size() > 0, "this optimiser has no such memory");
            for (long row = 0; row < net_.layers[l].outputs; ++row)
                each(matrix[at]->data() + row * w.pitch, net_.layers[l].inputs);
        }
        for (std::size_t l = 0; l < net_.layers.size(); ++l) {
            auto &w = net_.weights[l];
            Buffer<T> *biases[] = {&w.bias, &w.bias_gradient, &w.bias_first, &w.bias_second};
            if (net_.layers[l].bias) each(biases[at]->data(), net_.layers[l].outputs);
        }
    }
};

// One pass of each network over the same rows, several networks at a time. Each does what it would do alone.
template <class T>
std::vector<double> train_many(const std::vector<Net<T> *> &nets, const Array<T, 2> &X, const nb::object &y,
                               const std::vector<std::optional<Array<T, 1>>> &weights,
                               const std::vector<Counts> &orders, const Counts &sizes,
                               const std::vector<Array<double, 1>> &rates, int threads) {
    const std::size_t count = nets.size();
    require(weights.size() == count && orders.size() == count && rates.size() == count,
            "there must be weights, an order and rates for each network");
    std::vector<Data<T>> rows;
    for (std::size_t i = 0; i < count; ++i) rows.push_back(nets[i]->data(X, y, weights[i]));
    std::vector<double> losses(count);
    const nb::gil_scoped_release free;
    in_parallel(count, threads, [&](std::size_t i, int) {
        losses[i] = nets[i]->pass(rows[i], orders[i], sizes, rates[i], nullptr);
    });
    return losses;
}

void order(const Array<std::uint64_t, 1> &words, const Writable<std::int64_t, 1> &to) {
    require(words.shape(0) == 4, "there must be four words");
    require(to.shape(0) < std::size_t(1) << 32, "there must be fewer rows than 2^32");
    shuffled(words.data(), to.data(), std::int64_t(to.shape(0)));
}

// The multiply-adds in 1e9 a second that one core does where nothing but registers is touched.
double peak(const std::string &name, double seconds) {
    const nb::gil_scoped_release free;
    const Kernels<float> &k = kernels<float>(name);
    float sink[3] = {0.5f, 0.25f, 0.0f};
    double best = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (auto now = begin; std::chrono::duration<double>(now - begin).count() < seconds;) {
        const double done = k.spin(20000, sink);
        const auto after = std::chrono::steady_clock::now();
        best = std::max(best, done / std::chrono::duration<double>(after - now).count() / 1e9);
        now = after;
    }
    return best;
}

// A function of each number, as the kernels of that name compute it.
template <class T>
Fresh<T> apply(const std::string &function, const Array<T, 1> &x, const std::string &name) {
    const char *const names[] = {"exp", "log", "tanh", "sin", "cos"};
    const int which = int(std::find(names, names + 5, function) - names);
    require(which < 5, "there are exp, log, tanh, sin and cos");
    auto to = fresh<T>(x.shape(0), 1, true);
    std::copy(x.data(), x.data() + x.shape(0), to.data());
    kernels<T>(name).apply(which, to.data(), long(x.shape(0)));
    return to;
}

template <class T>
void bind(nb::module_ &m, const char *name) {
    using N = Net<T>;
    nb::class_<N>(m, name)
        .def(nb::init<const std::vector<LayerTuple> &, const ObjectiveTuple &, const OptimizerTuple &, std::uint64_t,
                      const std::string &>(),
             nb::arg("layers"), nb::arg("objective"), nb::arg("optimizer"), nb::arg("seed"), nb::arg("kernels"))
        .def("train", &N::train, nb::arg("X").noconvert(), nb::arg("y"), nb::arg("weight").noconvert().none(),
             nb::arg("order").noconvert(), nb::arg("sizes").noconvert(), nb::arg("rates").noconvert(),
             nb::arg("record").noconvert().none() = nb::none())
        .def("outputs", &N::outputs, nb::arg("X").noconvert())
        .def("loss", &N::loss, nb::arg("X").noconvert(), nb::arg("y"), nb::arg("weight").noconvert().none())
        .def("gradients", &N::gradients, nb::arg("X").noconvert(), nb::arg("y"),
             nb::arg("weight").noconvert().none())
        .def("worst_gradient_error", &N::worst_gradient_error, nb::arg("X").noconvert(), nb::arg("y"),
             nb::arg("step"))
        .def("read", &N::read, nb::arg("which"))
        .def("write", &N::write, nb::arg("which"), nb::arg("numbers").noconvert())
        .def("take", &N::take, nb::arg("pairs").noconvert())
        .def("give", &N::give, nb::arg("pairs").noconvert())
        .def("scale_momentum", &N::scale_momentum, nb::arg("factor"))
        .def_prop_rw("steps", &N::steps, &N::set_steps)
        .def_prop_ro("kernels", &N::kernels);
    m.def("apply", &apply<T>, nb::arg("function"), nb::arg("x").noconvert(), nb::arg("kernels"));
    m.def("train_many", &train_many<T>, nb::arg("nets"), nb::arg("X").noconvert(), nb::arg("y"), nb::arg("weights"),
          nb::arg("orders"), nb::arg("sizes"), nb::arg("rates"), nb::arg("threads"));
}

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "The compiled part of Glassnet.";
    m.def("kernel_names", &kernel_names, "The kernels that this processor runs, the fastest first.");
    m.def("empty", [] {}, "Do nothing: what a call of the extension costs.");
    m.def("peak", &peak, nb::arg("kernels") = "auto", nb::arg("seconds") = 0.05,
          "The float32 multiply-adds in 1e9 a second that one core does in registers alone.");
    m.def("order", &order, nb::arg("words").noconvert(), nb::arg("to").noconvert(),
          "Write the permutation that NumPy's PCG64 of that seed makes.");
    bind<float>(m, "DenseFloat32");
    bind<double>(m, "DenseFloat64");
    bind_tabular(m);
    bind_sentiment(m);
    bind_photos(m);
    bind_text(m);
}
