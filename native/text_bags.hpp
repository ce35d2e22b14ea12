// Linear nets over sparse rows, trained by Newton's method. The Python twin is engine/bags_numpy.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

// For each class and feature, the weight of the rows that have it. Shape: (width, classes).
void class_counts(const Sparse &x, const std::int64_t *labels, const double *weight, std::size_t classes, double *to);

// Minimises the mean log loss + l2 / 2 |w|^2, where a feature's weight is w times its scale.
class BagSolver {
  public:
    BagSolver(const Sparse &x, const BagTask &task, const double *scale, int threads);

    // One step of Newton's method of at most this length, its direction found by conjugate gradients. Returns the mean
    // log loss after it.
    double step(double length, int most_products, double precision);
    void read(float *weights, float *bias) const;

  private:
    Sparse x_;
    BagTask task_;
    mutable Team team_;
    std::size_t size_;  // of w: width * outputs
    std::vector<double> lengths_;  // one over that of each row
    std::vector<std::size_t> row_pieces_, column_pieces_;
    std::vector<std::int64_t> starts_;  // where each column begins in rows_
    std::vector<std::int32_t> rows_;
    std::vector<float> values_;
    Numbers scale_, w_, bias_, z_;  // z_: the logits of the rows

    void turn();
    void times(const Numbers &v, const Numbers &bias, Numbers &to) const;
    void times_back(Numbers &u, Numbers &to, Numbers &bias) const;
    double loss(const Numbers &z) const;
    void errors(Numbers &to) const;
    void curved(Numbers &u, const Numbers &p) const;
    void chances(Numbers &to) const;
    double dot(const Numbers &a, const Numbers &b) const;
    double dot_small(const Numbers &a, const Numbers &b) const;
    template <class Change>
    void each(Change &&change) const;
    void direction(const Numbers &gradient, const Numbers &bias_gradient, Numbers &d, Numbers &d_bias, int most,
                   double precision) const;
};

}  // namespace glassnet
