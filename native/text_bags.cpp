#include <algorithm>
#include <cmath>
#include <numeric>

#include "text_bags.hpp"

namespace glassnet {

namespace {

constexpr std::size_t PIECES = 64;  // of rows and of columns, whatever the number of cores
constexpr std::size_t BLOCK = 8192;  // numbers that are added up together
constexpr std::int64_t SMALL = 200000;  // entries that are not worth a second core
constexpr int HALVINGS = 30;

// Where to cut so that each piece has about as many entries.
std::vector<std::size_t> even_pieces(const std::int64_t *offsets, std::size_t count) {
    std::vector<std::size_t> starts;
    for (std::size_t piece = 0; piece <= PIECES; ++piece) {
        const std::int64_t wanted = offsets[count] / std::int64_t(PIECES) * std::int64_t(piece);
        starts.push_back(std::size_t(std::lower_bound(offsets, offsets + count, wanted) - offsets));
    }
    starts.back() = count;
    return starts;
}

double one_over_length(const Sparse &x, std::size_t row) {
    double squares = 0;
    for (std::int64_t k = x.offsets[row]; k < x.offsets[row + 1]; ++k)
        squares += x.values ? double(x.values[k]) * x.values[k] : 1.0;
    return squares > 0 ? 1 / std::sqrt(squares) : 0.0;
}

// sum of values times v[column][output], to[output]
template <class V>
void row_times(const Sparse &x, std::size_t row, const V *v, std::size_t outputs, double *to) {
    const std::int64_t begin = x.offsets[row], end = x.offsets[row + 1];
    if (outputs == 1 && !x.values) {
        double sums[4] = {0, 0, 0, 0};
        std::int64_t k = begin;
        for (; k + 4 <= end; k += 4)
            for (int j = 0; j < 4; ++j) sums[j] += v[x.columns[k + j]];
        for (; k < end; ++k) sums[0] += v[x.columns[k]];
        to[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        return;
    }
    std::fill(to, to + outputs, 0.0);
    for (std::int64_t k = begin; k < end; ++k) {
        const double value = x.values ? x.values[k] : 1.0;
        const V *from = v + std::size_t(x.columns[k]) * outputs;
        for (std::size_t o = 0; o < outputs; ++o) to[o] += value * from[o];
    }
}

// log(1 + exp(z)), without overflow
double log_1_exp(double z) { return z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)); }

int worth(const Sparse &x, int threads) { return x.offsets[x.rows] < SMALL ? 1 : threads; }

}  // namespace

void sparse_logits(const Sparse &x, const float *weights, const float *bias, std::size_t outputs, int threads,
                   float *logits) {
    const std::vector<std::size_t> pieces = even_pieces(x.offsets, x.rows);
    in_parallel(PIECES, worth(x, threads), [&](std::size_t piece, int) {
        std::vector<double> sums(outputs);
        for (std::size_t row = pieces[piece]; row < pieces[piece + 1]; ++row) {
            row_times(x, row, weights, outputs, sums.data());
            const double length = one_over_length(x, row);
            for (std::size_t o = 0; o < outputs; ++o) logits[row * outputs + o] = float(bias[o] + length * sums[o]);
        }
    });
}

void class_counts(const Sparse &x, const std::int64_t *labels, const double *weight, std::size_t classes, double *to) {
    for (std::size_t row = 0; row < x.rows; ++row)
        for (std::int64_t k = x.offsets[row]; k < x.offsets[row + 1]; ++k)
            to[std::size_t(x.columns[k]) * classes + std::size_t(labels[row])] += weight[row];
}

BagSolver::BagSolver(const Sparse &x, const BagTask &task, const double *scale, int threads)
    : x_(x), task_(task), team_(worth(x, threads)), size_(x.width * task.outputs), lengths_(x.rows),
      row_pieces_(even_pieces(x.offsets, x.rows)), scale_(scale, scale + size_), w_(size_), bias_(task.outputs),
      z_(x.rows * task.outputs) {
    for (std::size_t row = 0; row < x.rows; ++row) lengths_[row] = one_over_length(x, row);
    turn();
    column_pieces_ = even_pieces(starts_.data(), x.width);
}

// The same entries by column.
void BagSolver::turn() {
    starts_.assign(x_.width + 1, 0);
    for (std::int64_t k = 0; k < x_.offsets[x_.rows]; ++k) ++starts_[std::size_t(x_.columns[k]) + 1];
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    rows_.resize(std::size_t(starts_.back()));
    if (x_.values) values_.resize(rows_.size());
    const std::vector<std::size_t> pieces = even_pieces(starts_.data(), x_.width);
    std::vector<std::int64_t> next(starts_.begin(), starts_.end());
    team_.run(long(PIECES / 8), [&](long piece, int) {
        const std::int32_t first = std::int32_t(pieces[piece * 8]), last = std::int32_t(pieces[piece * 8 + 8]);
        for (std::size_t row = 0; row < x_.rows; ++row) {
            const std::int32_t *const begin = x_.columns + x_.offsets[row];
            const std::int32_t *const end = x_.columns + x_.offsets[row + 1];
            for (const std::int32_t *at = std::lower_bound(begin, end, first); at < end && *at < last; ++at) {
                const std::size_t to = std::size_t(next[std::size_t(*at)]++);
                rows_[to] = std::int32_t(row);
                if (x_.values) values_[to] = x_.values[at - x_.columns];
            }
        }
    });
}

// to = X (scale v) + bias
void BagSolver::times(const Numbers &v, const Numbers &bias, Numbers &to) const {
    Numbers scaled(size_);
    each([&](std::size_t i) { scaled[i] = v[i] * scale_[i]; });
    team_.run(long(PIECES), [&](long piece, int) {
        Numbers sums(task_.outputs);
        for (std::size_t row = row_pieces_[piece]; row < row_pieces_[piece + 1]; ++row) {
            row_times(x_, row, scaled.data(), task_.outputs, sums.data());
            for (std::size_t o = 0; o < task_.outputs; ++o)
                to[row * task_.outputs + o] = bias[o] + lengths_[row] * sums[o];
        }
    });
}

// to = scale X' u, bias = the sum of u over the rows; u is used up
void BagSolver::times_back(Numbers &u, Numbers &to, Numbers &bias) const {
    const std::size_t outputs = task_.outputs;
    std::fill(bias.begin(), bias.end(), 0.0);
    for (std::size_t row = 0; row < x_.rows; ++row)
        for (std::size_t o = 0; o < outputs; ++o) {
            bias[o] += u[row * outputs + o];
            u[row * outputs + o] *= lengths_[row];
        }
    team_.run(long(PIECES), [&](long piece, int) {
        const Sparse columns{starts_.data(), rows_.data(), x_.values ? values_.data() : nullptr, x_.width, x_.rows};
        for (std::size_t c = column_pieces_[piece]; c < column_pieces_[piece + 1]; ++c) {
            row_times(columns, c, u.data(), outputs, &to[c * outputs]);
            for (std::size_t i = c * outputs; i < (c + 1) * outputs; ++i) to[i] *= scale_[i];
        }
    });
}

template <class Change>
void BagSolver::each(Change &&change) const {
    const std::size_t blocks = (size_ + BLOCK - 1) / BLOCK;
    team_.run(long(blocks), [&](long block, int) {
        for (std::size_t i = block * BLOCK; i < std::min(size_, (block + 1) * BLOCK); ++i) change(i);
    });
}

double BagSolver::dot(const Numbers &a, const Numbers &b) const {
    const std::size_t blocks = (size_ + BLOCK - 1) / BLOCK;
    Numbers sums(blocks);
    team_.run(long(blocks), [&](long block, int) {
        double sum = 0;
        for (std::size_t i = block * BLOCK; i < std::min(size_, (block + 1) * BLOCK); ++i) sum += a[i] * b[i];
        sums[block] = sum;
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double BagSolver::dot_small(const Numbers &a, const Numbers &b) const {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double BagSolver::loss(const Numbers &z) const {
    double sum = 0;
    const std::size_t outputs = task_.outputs;
    for (std::size_t row = 0; row < x_.rows; ++row) {
        const double *of = &z[row * outputs];
        if (outputs == 1) {
            sum += task_.weight[row] * log_1_exp(task_.labels[row] ? -of[0] : of[0]);
            continue;
        }
        const double top = *std::max_element(of, of + outputs);
        double all = 0;
        for (std::size_t o = 0; o < outputs; ++o) all += std::exp(of[o] - top);
        sum += task_.weight[row] * (top + std::log(all) - of[task_.labels[row]]);
    }
    return sum;
}

// The probabilities that the logits stand for.
void BagSolver::chances(Numbers &to) const {
    const std::size_t outputs = task_.outputs;
    for (std::size_t row = 0; row < x_.rows; ++row) {
        const double *of = &z_[row * outputs];
        double *p = &to[row * outputs], all = 0;
        if (outputs == 1) {
            p[0] = 1 / (1 + std::exp(-of[0]));
            continue;
        }
        const double top = *std::max_element(of, of + outputs);
        for (std::size_t o = 0; o < outputs; ++o) all += p[o] = std::exp(of[o] - top);
        for (std::size_t o = 0; o < outputs; ++o) p[o] /= all;
    }
}

// The slope of the loss by the logits, from the probabilities, in place.
void BagSolver::errors(Numbers &p) const {
    for (std::size_t row = 0; row < x_.rows; ++row) {
        double *of = &p[row * task_.outputs];
        of[task_.outputs == 1 ? 0 : task_.labels[row]] -= task_.outputs == 1 ? double(task_.labels[row]) : 1.0;
        for (std::size_t o = 0; o < task_.outputs; ++o) of[o] *= task_.weight[row];
    }
}

// The second derivatives by the logits times u, in place.
void BagSolver::curved(Numbers &u, const Numbers &p) const {
    const std::size_t outputs = task_.outputs;
    for (std::size_t row = 0; row < x_.rows; ++row) {
        double *of = &u[row * outputs];
        const double *chance = &p[row * outputs];
        double mean = 0;
        if (outputs == 1) mean = chance[0] * of[0];
        for (std::size_t o = 0; o < outputs && outputs > 1; ++o) mean += chance[o] * of[o];
        for (std::size_t o = 0; o < outputs; ++o) of[o] = task_.weight[row] * chance[o] * (of[o] - mean);
    }
}

// Solves (second derivatives) d = -gradient by conjugate gradients, roughly.
void BagSolver::direction(const Numbers &gradient, const Numbers &bias_gradient, Numbers &d, Numbers &d_bias, int most,
                          double precision) const {
    const std::size_t outputs = task_.outputs;
    Numbers r(size_), p(size_), curved_p(size_), u(z_.size()), chance(z_.size());
    Numbers r_bias(outputs), p_bias(outputs), curved_bias(outputs);
    chances(chance);
    each([&](std::size_t i) { p[i] = r[i] = -gradient[i]; });
    for (std::size_t o = 0; o < outputs; ++o) p_bias[o] = r_bias[o] = -bias_gradient[o];
    double left = dot(r, r) + dot_small(r_bias, r_bias);
    const double enough = left * precision * precision;
    for (int product = 0; product < most && left > enough; ++product) {
        times(p, p_bias, u);
        curved(u, chance);
        times_back(u, curved_p, curved_bias);
        each([&](std::size_t i) { curved_p[i] += task_.l2 * p[i]; });
        const double curve = dot(p, curved_p) + dot_small(p_bias, curved_bias);
        if (!(curve > 0)) break;
        const double far = left / curve;
        each([&](std::size_t i) { d[i] += far * p[i], r[i] -= far * curved_p[i]; });
        for (std::size_t o = 0; o < outputs; ++o) d_bias[o] += far * p_bias[o], r_bias[o] -= far * curved_bias[o];
        const double before = left;
        left = dot(r, r) + dot_small(r_bias, r_bias);
        each([&](std::size_t i) { p[i] = r[i] + left / before * p[i]; });
        for (std::size_t o = 0; o < outputs; ++o) p_bias[o] = r_bias[o] + left / before * p_bias[o];
    }
}

double BagSolver::step(double length, int most_products, double precision) {
    const std::size_t outputs = task_.outputs;
    Numbers u(z_.size()), gradient(size_), bias_gradient(outputs), d(size_), d_bias(outputs), along(z_.size());
    chances(u);
    errors(u);
    times_back(u, gradient, bias_gradient);
    each([&](std::size_t i) { gradient[i] += task_.l2 * w_[i]; });
    direction(gradient, bias_gradient, d, d_bias, most_products, precision);
    times(d, d_bias, along);
    const double now = loss(z_), wd = dot(w_, d), dd = dot(d, d);
    double far = length, then = now;
    Numbers z(z_.size());
    for (int halving = 0; halving < HALVINGS; ++halving, far /= 2) {
        for (std::size_t i = 0; i < z.size(); ++i) z[i] = z_[i] + far * along[i];
        then = loss(z);
        if (then + task_.l2 / 2 * (2 * far * wd + far * far * dd) <= now) break;
        if (halving + 1 == HALVINGS) return now;
    }
    z_.swap(z);
    each([&](std::size_t i) { w_[i] += far * d[i]; });
    for (std::size_t o = 0; o < outputs; ++o) bias_[o] += far * d_bias[o];
    return then;
}

void BagSolver::read(float *weights, float *bias) const {
    each([&](std::size_t i) { weights[i] = float(w_[i] * scale_[i]); });
    std::copy(bias_.begin(), bias_.end(), bias);
}

}  // namespace glassnet
