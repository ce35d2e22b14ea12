// Linear nets over sparse rows, trained by Newton's method. The Python twin is engine/bags_numpy.py.
//
// What is gathered from afar in the products of conjugate gradients is stored in float32; all sums are in float64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pages.hpp"
#include "team.hpp"

namespace glassnet {

// Rows of numbers, most of them 0. Each row is divided by its length, the root of the sum of its squares.
struct Sparse {
    const std::int64_t *offsets;  // rows + 1
    const std::int32_t *columns;  // rising in each row
    const float *values;  // null where all are 1
    std::size_t rows, width;
};

struct BagTask {
    const std::int64_t *labels;  // of each row: 0 or 1 for one output, else the number of an output
    const double *weight;  // of each row; they add up to 1
    std::size_t outputs;  // 1, or the number of classes
    double l2;
};

using Numbers = std::vector<double>;

// logits[row][output] = bias[output] + sum of value / length * weights[column][output]
void sparse_logits(const Sparse &x, const float *weights, const float *bias, std::size_t outputs, int threads,
                   float *logits);

// For each feature and class, the sum of value times weight over its rows. Shape: (width, classes), 0 to begin with.
void class_sums(const Sparse &x, const std::int64_t *labels, const double *weight, std::size_t classes, int threads,
                double *to);

// Minimises the mean log loss + l2 / 2 |w|^2, where a feature's weight is w times its scale.
class BagSolver {
  public:
    BagSolver(const Sparse &x, const BagTask &task, int threads);

    // For each feature and class, the weight of the rows that have it. Shape: (width, classes), 0 to begin with.
    void class_counts(const double *weight, std::size_t classes, double *to);
    // Before the first step. Shape: (width, outputs).
    void rescale(const double *scale) { scale_.assign(scale, scale + size_); }
    // One step of Newton's method of at most this length, its direction found by conjugate gradients. Returns the mean
    // log loss after it.
    double step(double length, int most_products, double precision);
    void read(float *weights, float *bias);

  private:
    Sparse x_;
    BagTask task_;
    Team team_;
    std::size_t size_;  // of w: width * outputs
    std::vector<double> lengths_;  // one over that of each row
    std::vector<std::size_t> row_pieces_, column_pieces_;
    Many<std::int64_t> starts_;  // where each column begins in rows_
    Many<std::int32_t> rows_;
    Many<float> values_;
    Many<double> scale_, w_, d_, r_, p_, curved_;  // as conjugate gradients call them; d_ is the direction
    Many<double> ease_;  // one over the root of each second derivative, by which gradients are preconditioned
    Many<float> scaled_;  // p times the scale
    Numbers bias_, d_bias_, r_bias_, p_bias_, curved_bias_, ease_bias_;
    Numbers z_, along_, product_, chance_, slope_;  // of each row: logits, X d, X p, probabilities, slope of the loss
    std::vector<float> bent_;  // second derivatives times X p

    void turn();
    Sparse by_column() const;
    template <class Change>
    void each(Change &&change);
    template <class Term>
    double sum(Term &&term);
    void gradient();
    void precondition();
    void direction(int most_products, double precision);
    double product();
    void curve(std::size_t row, double *bias);
    template <class U>
    double times_back(const U *u, const Many<double> &other, double factor, Many<double> &to);
    double loss(const Numbers &z) const;
    void chances();
};

}  // namespace glassnet
