#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "text_bags.hpp"

namespace glassnet {

namespace {

constexpr long PIECES = 64;  // of rows and of columns, whatever the number of cores
constexpr long SHARES = 4;  // of the rows that are turned to columns at a time
constexpr std::size_t BLOCK = 8192;  // numbers that are added up together
constexpr std::int64_t SMALL = 200000;  // entries that are not worth a second core
constexpr int HALVINGS = 30;

// Where to cut so that each piece has about as many entries.
std::vector<std::size_t> even_pieces(const std::int64_t *offsets, std::size_t count) {
    std::vector<std::size_t> starts;
    for (std::int64_t piece = 0; piece <= PIECES; ++piece) {
        const std::int64_t wanted = offsets[count] / PIECES * piece;
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

// The sum of values, or of their squares, times v[column][output], to[output].
template <class V>
void row_times(const Sparse &x, std::size_t row, const V *v, std::size_t outputs, double *to, bool squares = false) {
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
        double value = x.values ? x.values[k] : 1.0;
        if (squares) value *= value;
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
    in_parallel(std::size_t(PIECES), worth(x, threads), [&](std::size_t piece, int) {
        std::vector<double> sums(outputs);
        for (std::size_t row = pieces[piece]; row < pieces[piece + 1]; ++row) {
            row_times(x, row, weights, outputs, sums.data());
            const double length = one_over_length(x, row);
            for (std::size_t o = 0; o < outputs; ++o) logits[row * outputs + o] = float(bias[o] + length * sums[o]);
        }
    });
}

// Each core takes a range of columns, short where they are frequent, and looks for it in every row.
void class_sums(const Sparse &x, const std::int64_t *labels, const double *weight, std::size_t classes, int threads,
                double *to) {
    constexpr std::size_t ranges = 16;
    const auto first_of = [&](std::size_t range) {
        const double share = double(range) / double(ranges);
        return std::int32_t(double(x.width) * share * share * share * share);
    };
    in_parallel(ranges, worth(x, threads), [&](std::size_t range, int) {
        const std::int32_t first = first_of(range), last = first_of(range + 1);
        for (std::size_t row = 0; row < x.rows; ++row) {
            const std::int32_t *const end = x.columns + x.offsets[row + 1];
            const std::int32_t *at = std::lower_bound(x.columns + x.offsets[row], end, first);
            double *const own = to + labels[row];
            for (; at < end && *at < last; ++at)
                own[std::size_t(*at) * classes] += x.values ? x.values[at - x.columns] * weight[row] : weight[row];
        }
    });
}

BagSolver::BagSolver(const Sparse &x, const BagTask &task, int threads)
    : x_(x), task_(task), team_(worth(x, threads)), size_(x.width * task.outputs), lengths_(x.rows),
      row_pieces_(even_pieces(x.offsets, x.rows)), scale_(size_, 1.0), w_(size_, 0.0), d_(size_), r_(size_), p_(size_),
      curved_(size_), ease_(size_), scaled_(size_), bias_(task.outputs), d_bias_(task.outputs), r_bias_(task.outputs),
      p_bias_(task.outputs), curved_bias_(task.outputs), ease_bias_(task.outputs), z_(x.rows * task.outputs), along_(z_.size()),
      product_(z_.size()), chance_(z_.size()), slope_(z_.size()), bent_(z_.size()) {
    for (std::size_t row = 0; row < x.rows; ++row) lengths_[row] = one_over_length(x, row);
    turn();
    column_pieces_ = even_pieces(starts_.data(), x.width);
}

// The same entries by column. Each share of the rows counts its own entries, and then knows where they go.
void BagSolver::turn() {
    std::vector<Many<std::int32_t>> next(SHARES);
    const auto entries_of = [&](long share, auto &&work) {
        for (std::size_t row = row_pieces_[std::size_t(share * PIECES / SHARES)];
             row < row_pieces_[std::size_t((share + 1) * PIECES / SHARES)]; ++row)
            for (std::int64_t k = x_.offsets[row]; k < x_.offsets[row + 1]; ++k) work(row, k, std::size_t(x_.columns[k]));
    };
    team_.run(SHARES, [&](long share, int) {
        next[std::size_t(share)].assign(x_.width, 0);
        entries_of(share, [&](std::size_t, std::int64_t, std::size_t column) { ++next[std::size_t(share)][column]; });
    });
    starts_.resize(x_.width + 1);
    starts_[0] = 0;
    for (std::size_t column = 0; column < x_.width; ++column) {
        std::int32_t before = 0;
        for (Many<std::int32_t> &each : next) before += std::exchange(each[column], before);
        starts_[column + 1] = starts_[column] + before;
    }
    rows_.resize(std::size_t(starts_.back()));
    if (x_.values) values_.resize(rows_.size());
    team_.run(SHARES, [&](long share, int) {
        entries_of(share, [&](std::size_t row, std::int64_t k, std::size_t column) {
            const std::size_t to = std::size_t(starts_[column] + next[std::size_t(share)][column]++);
            rows_[to] = std::int32_t(row);
            if (x_.values) values_[to] = x_.values[k];
        });
    });
}

Sparse BagSolver::by_column() const {
    return {starts_.data(), rows_.data(), x_.values ? values_.data() : nullptr, x_.width, x_.rows};
}

void BagSolver::class_counts(const double *weight, std::size_t classes, double *to) {
    team_.run(PIECES, [&](long piece, int) {
        for (std::size_t c = column_pieces_[std::size_t(piece)]; c < column_pieces_[std::size_t(piece) + 1]; ++c)
            for (std::int64_t k = starts_[c]; k < starts_[c + 1]; ++k)
                to[c * classes + std::size_t(task_.labels[rows_[std::size_t(k)]])] += weight[rows_[std::size_t(k)]];
    });
}

template <class Change>
void BagSolver::each(Change &&change) {
    const std::size_t blocks = (size_ + BLOCK - 1) / BLOCK;
    team_.run(long(blocks), [&](long block, int) {
        for (std::size_t i = std::size_t(block) * BLOCK; i < std::min(size_, std::size_t(block + 1) * BLOCK); ++i)
            change(i);
    });
}

// The sum of term(i) over the weights.
template <class Term>
double BagSolver::sum(Term &&term) {
    const std::size_t blocks = (size_ + BLOCK - 1) / BLOCK;
    Numbers sums(blocks);
    team_.run(long(blocks), [&](long block, int) {
        double all = 0;
        for (std::size_t i = std::size_t(block) * BLOCK; i < std::min(size_, std::size_t(block + 1) * BLOCK); ++i)
            all += term(i);
        sums[std::size_t(block)] = all;
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// to = scale X' u + factor other; returns the product of `to` and `other`.
template <class U>
double BagSolver::times_back(const U *u, const Many<double> &other, double factor, Many<double> &to) {
    Numbers sums(PIECES);
    team_.run(PIECES, [&](long piece, int) {
        const Sparse columns = by_column();
        const std::size_t outputs = task_.outputs;
        double all = 0;
        for (std::size_t c = column_pieces_[std::size_t(piece)]; c < column_pieces_[std::size_t(piece) + 1]; ++c) {
            row_times(columns, c, u, outputs, &to[c * outputs]);
            for (std::size_t i = c * outputs; i < (c + 1) * outputs; ++i) {
                to[i] = to[i] * scale_[i] + factor * other[i];
                all += to[i] * other[i];
            }
        }
        sums[std::size_t(piece)] = all;
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
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
void BagSolver::chances() {
    const std::size_t outputs = task_.outputs;
    for (std::size_t row = 0; row < x_.rows; ++row) {
        const double *of = &z_[row * outputs];
        double *p = &chance_[row * outputs], all = 0;
        if (outputs == 1) {
            p[0] = 1 / (1 + std::exp(-of[0]));
            continue;
        }
        const double top = *std::max_element(of, of + outputs);
        for (std::size_t o = 0; o < outputs; ++o) all += p[o] = std::exp(of[o] - top);
        for (std::size_t o = 0; o < outputs; ++o) p[o] /= all;
    }
}

// r = minus the gradient.
void BagSolver::gradient() {
    const std::size_t outputs = task_.outputs;
    chances();
    std::fill(r_bias_.begin(), r_bias_.end(), 0.0);
    for (std::size_t row = 0; row < x_.rows; ++row)
        for (std::size_t o = 0; o < outputs; ++o) {
            const double truth = outputs == 1 ? double(task_.labels[row]) : double(std::size_t(task_.labels[row]) == o);
            const double slope = task_.weight[row] * (truth - chance_[row * outputs + o]);
            r_bias_[o] += slope;
            slope_[row * outputs + o] = slope * lengths_[row];
        }
    times_back(slope_.data(), w_, -task_.l2, r_);
}

// From the second derivatives by each weight alone, and by each bias.
void BagSolver::precondition() {
    const std::size_t outputs = task_.outputs;
    const auto ease = [](double second) { return second > 0 ? 1 / std::sqrt(second) : 1.0; };
    std::fill(ease_bias_.begin(), ease_bias_.end(), 0.0);
    for (std::size_t row = 0; row < x_.rows; ++row)
        for (std::size_t o = 0; o < outputs; ++o) {
            const double p = chance_[row * outputs + o], second = task_.weight[row] * p * (1 - p);
            ease_bias_[o] += second;
            bent_[row * outputs + o] = float(second * lengths_[row] * lengths_[row]);
        }
    for (double &each : ease_bias_) each = ease(each);
    team_.run(PIECES, [&](long piece, int) {
        const Sparse columns = by_column();
        Numbers sums(outputs);
        for (std::size_t c = column_pieces_[std::size_t(piece)]; c < column_pieces_[std::size_t(piece) + 1]; ++c) {
            row_times(columns, c, bent_.data(), outputs, sums.data(), true);
            for (std::size_t o = 0; o < outputs; ++o) {
                const double scale = scale_[c * outputs + o];
                ease_[c * outputs + o] = ease(scale * scale * sums[o] + task_.l2);
            }
        }
    });
}

// The second derivatives by the logits of a row times its X p.
void BagSolver::curve(std::size_t row, double *bias) {
    const std::size_t outputs = task_.outputs;
    const double *chance = &chance_[row * outputs], *of = &product_[row * outputs];
    double mean = 0;
    for (std::size_t o = 0; o < outputs; ++o) mean += chance[o] * of[o];
    for (std::size_t o = 0; o < outputs; ++o) {
        const double bent = task_.weight[row] * chance[o] * (of[o] - mean);
        bias[o] += bent;
        bent_[row * outputs + o] = float(bent * lengths_[row]);
    }
}

// curved = (second derivatives) p; returns the product of the two.
double BagSolver::product() {
    const std::size_t outputs = task_.outputs;
    Numbers bias(std::size_t(PIECES) * outputs);
    team_.run(PIECES, [&](long piece, int) {
        for (std::size_t row = row_pieces_[std::size_t(piece)]; row < row_pieces_[std::size_t(piece) + 1]; ++row) {
            double *const to = &product_[row * outputs];
            row_times(x_, row, scaled_.data(), outputs, to);
            for (std::size_t o = 0; o < outputs; ++o) to[o] = p_bias_[o] + lengths_[row] * to[o];
            curve(row, &bias[std::size_t(piece) * outputs]);
        }
    });
    double all = times_back(bent_.data(), p_, task_.l2, curved_);
    for (std::size_t o = 0; o < outputs; ++o) {
        curved_bias_[o] = 0;
        for (long piece = 0; piece < PIECES; ++piece) curved_bias_[o] += bias[std::size_t(piece) * outputs + o];
        all += curved_bias_[o] * p_bias_[o];
    }
    return all;
}

// Solves (second derivatives) d = r by preconditioned conjugate gradients, roughly.
void BagSolver::direction(int most_products, double precision) {
    const std::size_t outputs = task_.outputs;
    const auto of_bias = [&] {
        double all = 0;
        for (std::size_t o = 0; o < outputs; ++o) all += r_bias_[o] * r_bias_[o] * ease_bias_[o];
        return all;
    };
    double left = sum([&](std::size_t i) {
        d_[i] = 0, p_[i] = r_[i] * ease_[i], scaled_[i] = float(p_[i] * scale_[i]);
        return r_[i] * p_[i];
    });
    left += of_bias();
    for (std::size_t o = 0; o < outputs; ++o) p_bias_[o] = r_bias_[o] * ease_bias_[o];
    std::fill(d_bias_.begin(), d_bias_.end(), 0.0);
    std::fill(along_.begin(), along_.end(), 0.0);
    const double enough = left * precision * precision;
    for (int products = 0; products < most_products && left > enough; ++products) {
        const double curve = product();
        if (!(curve > 0)) break;
        const double far = left / curve, before = left;
        left = sum([&](std::size_t i) {
            d_[i] += far * p_[i], r_[i] -= far * curved_[i];
            return r_[i] * r_[i] * ease_[i];
        });
        for (std::size_t i = 0; i < z_.size(); ++i) along_[i] += far * product_[i];
        for (std::size_t o = 0; o < outputs; ++o)
            d_bias_[o] += far * p_bias_[o], r_bias_[o] -= far * curved_bias_[o];
        left += of_bias();
        const double kept = left / before;
        each([&](std::size_t i) {
            p_[i] = r_[i] * ease_[i] + kept * p_[i], scaled_[i] = float(p_[i] * scale_[i]);
        });
        for (std::size_t o = 0; o < outputs; ++o) p_bias_[o] = r_bias_[o] * ease_bias_[o] + kept * p_bias_[o];
    }
}

double BagSolver::step(double length, int most_products, double precision) {
    gradient();
    precondition();
    direction(most_products, precision);
    const double now = loss(z_), wd = sum([&](std::size_t i) { return w_[i] * d_[i]; });
    const double dd = sum([&](std::size_t i) { return d_[i] * d_[i]; });
    double far = length, then = now;
    Numbers z(z_.size());
    for (int halving = 0; halving < HALVINGS; ++halving, far /= 2) {
        for (std::size_t i = 0; i < z.size(); ++i) z[i] = z_[i] + far * along_[i];
        then = loss(z);
        if (then + task_.l2 / 2 * (2 * far * wd + far * far * dd) <= now) break;
        if (halving + 1 == HALVINGS) return now;
    }
    z_.swap(z);
    each([&](std::size_t i) { w_[i] += far * d_[i]; });
    for (std::size_t o = 0; o < task_.outputs; ++o) bias_[o] += far * d_bias_[o];
    return then;
}

void BagSolver::read(float *weights, float *bias) {
    each([&](std::size_t i) { weights[i] = float(w_[i] * scale_[i]); });
    std::copy(bias_.begin(), bias_.end(), bias);
}

}  // namespace glassnet
