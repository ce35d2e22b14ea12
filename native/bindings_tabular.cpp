// The tabular network for Python: what trains the members of a nets.tabular.TabularNet.
#include "binding.hpp"
#include "tabular.hpp"

using namespace glassnet;

namespace {

// The shape as Python gives it: members, inputs, the numbers' places, frequencies, sums of each, average.
using ShapeTuple = std::tuple<long, long, std::vector<long>, long, long, double>;

template <class T>
class Members {
  public:
    Members(const ShapeTuple &shape, const std::vector<LayerTuple> &layers, const ObjectiveTuple &objective,
            const OptimizerTuple &optimizer, std::uint64_t seed, const std::string &kernels)
        : net_(shape_of(shape, layers), objective_of(objective), optimizer_of(optimizer), seed, kernels),
          loss_(Loss(std::get<0>(objective))) {}

    double train(const Array<T, 2> &X, const nb::object &y, const std::optional<Array<T, 1>> &weight,
                 const Counts &order, const Counts &sizes, const Array<double, 1> &rates, const Record &record,
                 int threads) {
        const Data<T> rows = data_of<T>(X, y, weight, net_.shape.inputs, net_.shape.outputs(), loss_);
        check_batches(rows, order, sizes, rates);
        double *to = record_of(record, sizes);
        const Hold hold(busy_);
        const nb::gil_scoped_release free;
        return net_.train(rows, order.data(), sizes.data(), rates.data(), long(sizes.shape(0)), to, threads);
    }

    // What each member answers: members x (rows * outputs).
    Fresh<T> outputs(const Array<T, 2> &X, int threads) {
        require(long(X.shape(1)) == net_.shape.inputs && X.shape(0) > 0, "X has another number of columns");
        const Data<T> rows{X.data(), nullptr, nullptr, nullptr, long(X.shape(0)), net_.shape.inputs};
        auto to = fresh<T>(std::size_t(net_.shape.members), X.shape(0) * std::size_t(net_.shape.outputs()), false);
        const Hold hold(busy_);
        const nb::gil_scoped_release free;
        net_.outputs(rows, to.data(), threads);
        return to;
    }

    void exchange_average() {
        const Hold hold(busy_);
        net_.exchange_average();
    }

    // "values", "gradients", "first", "second" or "average" of all that is trained, one flat array in torch's order.
    Fresh<T> read(const std::string &which) {
        const Hold hold(busy_);
        auto to = fresh<T>(std::size_t(count()), 1, true);
        T *at = to.data();
        visit(which, [&at](T *own) { *at++ = *own; });
        return to;
    }

    void write(const std::string &which, const Array<T, 1> &from) {
        require(long(from.shape(0)) == count(), "there must be one number for each that is trained");
        const Hold hold(busy_);
        const T *at = from.data();
        visit(which, [&at](T *own) { *own = *at++; });
    }

    std::uint64_t steps() const { return net_.steps; }
    void set_steps(std::uint64_t steps) { net_.steps = steps; }

  private:
    TabularNet<T> net_;
    Loss loss_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;

    static Tabular shape_of(const ShapeTuple &t, const std::vector<LayerTuple> &layers) {
        Tabular shape{std::get<0>(t), std::get<1>(t), std::get<2>(t), std::get<3>(t),
                      std::get<4>(t), layers_of(layers), std::get<5>(t)};
        require(shape.members > 0 && layers.size() > 1 && shape.layers[0].inputs == shape.units() &&
                    shape.layers[0].dropout == 0,
                "a tabular network needs members and a trunk that takes its units");
        for (const long number : shape.numbers)
            require(0 <= number && number < shape.inputs, "a number must be an input");
        return shape;
    }

    long count() const {
        long numbers = 0;
        for (const Trained<T> &each : net_.trained) numbers += each.rows * each.columns;
        return numbers;
    }

    template <class Visit>
    void visit(const std::string &which, Visit &&each) {
        Buffer<T> Trained<T>::*const kinds[] = {&Trained<T>::value, &Trained<T>::gradient, &Trained<T>::first,
                                                &Trained<T>::second, &Trained<T>::average};
        const char *const names[] = {"values", "gradients", "first", "second", "average"};
        for (int i = 0; i < 5; ++i)
            if (which == names[i]) return visit(kinds[i], each);
        require(false, "there is nothing of that name");
    }

    template <class Visit>
    void visit(Buffer<T> Trained<T>::*kind, Visit &each) {
        for (Trained<T> &t : net_.trained) {
            Buffer<T> &numbers = t.*kind;
            require(t.rows * t.columns == 0 || numbers.size() > 0, "there is no such memory");
            const long rows = t.group ? t.group : 1;
            for (long first = 0; first < t.rows; first += rows)
                for (long i = 0; i < t.columns; ++i)
                    for (long r = first; r < first + rows; ++r) each(numbers.data() + r * t.pitch + i);
        }
    }
};

template <class T>
void bind(nb::module_ &m, const char *name) {
    using N = Members<T>;
    nb::class_<N>(m, name)
        .def(nb::init<const ShapeTuple &, const std::vector<LayerTuple> &, const ObjectiveTuple &,
                      const OptimizerTuple &, std::uint64_t, const std::string &>(),
             nb::arg("shape"), nb::arg("layers"), nb::arg("objective"), nb::arg("optimizer"), nb::arg("seed"),
             nb::arg("kernels"))
        .def("train", &N::train, nb::arg("X").noconvert(), nb::arg("y"), nb::arg("weight").noconvert().none(),
             nb::arg("order").noconvert(), nb::arg("sizes").noconvert(), nb::arg("rates").noconvert(),
             nb::arg("record").noconvert().none(), nb::arg("threads"))
        .def("outputs", &N::outputs, nb::arg("X").noconvert(), nb::arg("threads"))
        .def("exchange_average", &N::exchange_average)
        .def("read", &N::read, nb::arg("which"))
        .def("write", &N::write, nb::arg("which"), nb::arg("numbers").noconvert())
        .def_prop_rw("steps", &N::steps, &N::set_steps);
}

}  // namespace

void glassnet::bind_tabular(nb::module_ &m) {
    bind<float>(m, "TabularFloat32");
    bind<double>(m, "TabularFloat64");
}
