// The tabular network: several members that share a trunk of dense layers, and see each number as waves too.
//
// In words for one row: units = the inputs, and for each number relu(weight * cos(frequency * number + phase) + bias).
// Member m takes units * signs[m] through the trunk, and through an output layer of its own. The loss is the mean
// over rows and members. glassnet/nets/tabular.py says the same in torch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "dense.hpp"
#include "kernels.hpp"
#include "team.hpp"

namespace glassnet {

struct Tabular {
    long members, inputs;
    std::vector<long> numbers;  // which inputs get waves
    long frequencies, width;    // waves of each, and sums of these
    std::vector<Layer> layers;  // the trunk, and the output layer of each member
    double average;             // the decay of the weights' moving average; 0: there is none

    long sums() const { return long(numbers.size()) * width; }
    long units() const { return inputs + sums(); }
    long outputs() const { return layers.back().outputs; }
};

// Numbers that are trained: `rows` of `columns`, each `pitch` from the next. Outside, `group` rows lie as the columns
// of a matrix, one such matrix after the other; 0: outside they lie as here.
template <class T>
struct Trained {
    long rows, columns, pitch, group;
    bool matrix;  // penalties are for these
    Buffer<T> value, gradient, first, second, average;
};

template <class T>
class TabularNet {
  public:
    TabularNet(Tabular shape, const Objective &objective, const Optimizer &optimizer, std::uint64_t seed,
               const std::string &kernels);

    // One pass over `order`, as in dense.hpp; the loss is the mean over rows and members. The result is the same to the
    // bit for any number of threads.
    double train(const Data<T> &data, const std::int64_t *order, const std::int64_t *sizes, const double *rates,
                 long batches, double *record, int threads);
    void outputs(const Data<T> &data, T *to, int threads);  // members x rows x outputs
    void exchange_average();  // the weights change places with their average, once there is one

    const Tabular shape;
    std::vector<Trained<T>> trained;  // in torch's order, see the names below
    std::uint64_t steps = 0;

  private:
    struct Layered {  // the values of one layer for one member
        Buffer<T> out, kept, gradient, in, by_row;
    };
    struct Worker {  // what a thread needs for the member at hand
        std::vector<Layered> values;
        Buffer<T> weight, gradient;       // of the first layer, with the member's signs
        Buffer<T> waves, waves_by_row;    // of one panel: the gradient of the cosines, and the cosines row by row
        Buffer<T> losses;
    };
    struct Group {  // members whose gradients are added one after the other
        std::vector<Buffer<T>> weight, bias;  // of the trunk
        Buffer<T> sums;                       // of the waves' sums
        double loss;
    };

    const Objective objective;
    const Optimizer optimizer;
    const std::uint64_t seed;
    const Kernels<T> &k;
    std::vector<Worker> workers;
    std::vector<Group> groups;
    Buffer<T> units, by_row, targets, factors, sines, cosines;
    long capacity = 0;

    Trained<T> &signs() { return trained[0]; }
    Trained<T> &frequency() { return trained[1]; }
    Trained<T> &phase() { return trained[2]; }
    Trained<T> &sum_weight() { return trained[3]; }
    Trained<T> &sum_bias() { return trained[4]; }
    Trained<T> &weight(std::size_t l) { return trained[5 + 2 * l]; }
    Trained<T> &bias(std::size_t l) { return trained[6 + 2 * l]; }
    std::size_t last() const { return shape.layers.size() - 1; }
    T *sums_of(long number, const T *panel_of_units, long pitch) const;

    void add(long rows, long columns, long pitch, long group, bool matrix);
    void make_room(long rows, int workers);
    void make_worker(Worker &worker) const;
    void fetch(const Data<T> &data, const std::int64_t *rows, long count, double total_weight);
    void waves_of(long number, long rows);
    void waves_back(long number, long rows, Worker &w);
    void front(long rows, Team &team);
    void forward(long member, long rows, long first_row, bool training, Worker &w);
    double lose(long rows, Worker &w);
    void learn_layer(std::size_t l, long member, long rows, Worker &w, Group &g);
    void learn_first(long member, long rows, Worker &w, Group &g);
    void backward(long member, long rows, long first_row, Worker &w, Group &g);
    double part(const Data<T> &data, const std::int64_t *order, long rows, long done, long batch,
                double total_weight, Team &team);
    void gather_gradients();
    std::vector<Buffer<T> *> all_gradients();
    void update(double rate);
    double step(const Data<T> &data, const std::int64_t *order, long rows, double rate, double total_weight,
                Team &team);
};

}  // namespace glassnet
