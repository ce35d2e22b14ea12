// A dense network that trains: layers, loss and optimiser, and whole passes over the rows without a break.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "kernels.hpp"

namespace glassnet {

struct Layer {  // dropout on its inputs, then weight * x + bias, then the activation
    long inputs, outputs;
    Activation activation;
    double slope;    // of leaky_relu below 0
    double dropout;  // the part of the inputs that a training step sets to 0
    bool bias;
};

struct Objective {
    Loss loss;
    double scale;        // multiplies loss and gradient
    double l1, l2;       // penalties on weights, not biases; only in the gradient
    bool l2_per_batch;   // divide l2 by the weights of the batch's rows
    double clip;         // the most that the gradient may be long; 0: any length
};

struct Optimizer {
    Method method;
    double momentum;
    bool nesterov;
    double beta1, beta2, epsilon, alpha, decay;
    bool epsilon_corrected;  // adam: torch's place of epsilon, otherwise scikit-learn's
};

// Rows of the user's arrays. `target` holds classes for cross_entropy; `weight` may be null.
template <class T>
struct Data {
    const T *inputs;
    const T *targets;
    const std::int64_t *classes;
    const T *weight;
    long rows, columns;
};

template <class T>
class Dense {
  public:
    Dense(std::vector<Layer> layers, const Objective &objective, const Optimizer &optimizer, std::uint64_t seed,
          const std::string &kernels);

    // One pass over `order`, batch after batch. Returns the mean loss over the rows, by weight. Of each batch, `record`
    // gets the loss times what its rows weigh, and what they weigh; it may be null.
    double train(const Data<T> &data, const std::int64_t *order, const std::int64_t *sizes, const double *rates,
                 long batches, double *record);
    void outputs(const Data<T> &data, T *to);
    double loss(const Data<T> &data);
    double gradients(const Data<T> &data);  // they stay in `gradient` of each layer
    void hold_whole_gradients();

    // The largest difference between gradient and central differences of the loss, beside the largest gradient.
    double worst_gradient_error(const Data<T> &data, double step);

    void scale_momentum(double factor);

    struct Weights {  // of one layer; matrices have a row for each unit
        Buffer<T> weight, gradient, first, second;
        Buffer<T> bias, bias_gradient, bias_first, bias_second;
        long pitch;
        bool whole;  // gradient has room for all units, otherwise for those that are updated together
    };
    const std::vector<Layer> layers;
    std::vector<Weights> weights;
    std::uint64_t steps = 0;
    const char *kernels_name() const { return k.name; }

  private:
    struct Values {  // of one layer and a batch
        Buffer<T> out;       // panels of units x rows, after the activation
        Buffer<T> kept;      // what silu keeps of before it
        Buffer<T> gradient;  // of the loss, by the weighted sums
        Buffer<T> in;        // the layer's inputs where dropout changes them
        Buffer<T> by_row;    // the layer's inputs, rows x units
    };

    const Objective objective;
    const Optimizer optimizer;
    const std::uint64_t seed;
    const Kernels<T> &k;
    std::vector<Values> values;
    Buffer<T> inputs, targets, factors, losses;
    std::vector<Buffer<T>> few;  // one row: its inputs, the values of each layer, and what silu keeps
    long capacity = 0;
    long done = 0;  // rows of the batch that went through before those at hand

    long widest_target() const { return objective.loss == Loss::cross_entropy ? 1 : layers.back().outputs; }
    void make_room(long rows);
    void outputs_of_row(const T *row, T *to);
    const T *inputs_of(std::size_t layer, bool training) const;
    void fetch(const Data<T> &data, const std::int64_t *rows, long count, double total_weight);
    void forward(long rows, bool training);
    double lose(long rows);
    void backward(long rows, std::size_t layer, bool training);
    void turn_inputs(long rows, std::size_t layer, bool training, bool add);
    void weight_gradient(long rows, std::size_t layer, long unit, long units, T *to, bool add);
    void learn(const Update<T> &step, long rows, std::size_t layer, double total_weight);
    void penalise(std::size_t layer, long unit, long units, double total_weight, T *gradient);
    long rows_together(long rows) const;
    double batch_gradients(const Data<T> &data, const std::int64_t *order, long rows, double total_weight,
                           bool training);
    double step(const Data<T> &data, const std::int64_t *order, long rows, double rate, double total_weight);
    std::vector<Buffer<T> *> all_gradients();
    void update(const Update<T> &step, std::size_t layer, long unit, long units, const T *gradient);
    void update_biases(const Update<T> &step, std::size_t layer);
    void drop(long rows, std::size_t layer, const T *from, T *to);
};

}  // namespace glassnet
