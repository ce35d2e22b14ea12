// The arithmetic of a dense network, as a table of functions: one table for each instruction set, and a naive one
// that says in the plainest loops what each of them computes.
//
// Layout. The rows of a batch lie side by side: a layer's values are `units` rows of a panel, and a panel holds up
// to PANEL rows of the batch. So a register holds one unit's value for many rows, and 20 hidden units need no
// padding. A panel of fewer rows is as wide as `pitch` says: the rows rounded up to LANES.
// Weights lie as in torch: a row for each unit, padded with zeros to a pitch of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace glassnet {

constexpr long PANEL = 64;
constexpr long LANES = 16;

constexpr long rounded_up(long n, long to) { return (n + to - 1) / to * to; }

enum class Activation { identity, sigmoid, tanh, relu, leaky_relu, silu };
enum class Loss { mse, mae, binary_cross_entropy, cross_entropy, poisson };
enum class Method { sgd, adam, adamw, rmsprop };

// One update of some weights, in numbers that are the same for all of them.
template <class T>
struct Update {
    Method method;
    T rate, decay, momentum;
    bool nesterov;
    T beta1, beta2, epsilon;  // of adam: rate and epsilon correct already that its means begin at 0
    T shrink;                 // of adamw: 1 - rate * decay
    T alpha;                  // of rmsprop
};

template <class T>
struct Kernels {
    const char *name;

    // c[i][j] (+)= sum over k of a(i, k) * b[k][j], for i < m, j < n; a(i, k) lies at a[i * a_row + k * a_column].
    // b and c are wide enough that n may be rounded up to LANES. Without `add`, c begins as start[i], or as 0.
    void (*product)(const T *a, long a_row, long a_column, const T *b, long b_pitch, T *c, long c_pitch, long m,
                    long n, long k, bool add, const T *start);

    // out[i] = start[i] + sum over k of a[i * a_row + k] * x[k], for i < m, k < n: one row at a time, along the inputs.
    // a's rows and x are padded with zeros up to a multiple of LANES.
    void (*dots)(const T *a, long a_row, const T *x, const T *start, T *out, long m, long n);

    // Fetch up to PANEL rows of `columns` numbers: into a panel (columns x rows), and as they are into `by_row`,
    // which is cut into panels of columns (see columns_panel). `end` is where the last row of all ends.
    void (*gather)(const T *const *rows, long count, long columns, const T *end, T *panel, long pitch, T *by_row,
                   long by_row_height, long first_row);

    // The second half of `gather`, for a layer's values: panel (units x count) -> by_row.
    void (*turn)(const T *panel, long pitch, long units, long count, T *by_row, long by_row_height,
                 long first_row);

    // out = activation(z); silu keeps z in `kept`.
    void (*activate)(Activation activation, T slope, T *values, T *kept, long count);

    // gradient *= the activation's derivative, from its values (silu: from what it kept).
    void (*derive)(Activation activation, T slope, const T *values, const T *kept, T *gradient, long count);

    // out = values * scale, or 0 where a number drawn for unit u and row r of the batch is below `below`. It is a
    // pure function of the key, u and first_row + r. values, out: a panel of units x rows.
    void (*drop)(const T *values, T *out, long units, long pitch, std::uint64_t key, std::uint32_t below,
                 std::uint32_t first_row, T scale);

    // Losses of a panel's rows: loss[r], and gradient = what a small change of each output does to it, times
    // factor[r]. target: outputs x rows, or for cross_entropy the class of each row.
    void (*lose)(Loss loss, const T *output, const T *target, const T *factor, T *gradient, T *losses, long outputs,
                 long pitch);

    // sums[i] += sum over j of values[i][j].
    void (*add_rows)(const T *values, long pitch, long units, T *sums);

    // gradient += l1 * sign(w) + l2 * w.
    void (*penalise)(const T *weights, T *gradient, T l1, T l2, long count);

    // Waves of a number x, one value for each of `pitch` rows: sine and cosine of frequency[f] * x + phase[f].
    void (*waves)(const T *x, const T *frequency, const T *phase, long frequencies, T *sines, T *cosines, long pitch);

    // Add to the gradients of frequencies and phases, from those of the cosines.
    void (*wave_slopes)(const T *x, const T *sines, const T *gradient, long frequencies, T *frequency, T *phase,
                        long pitch);

    // out[i][j] = weights[i][j] * signs[j]: the weights of a member of a tabular network. All rows are `pitch` wide.
    void (*with_signs)(const T *weights, const T *signs, T *out, long units, long pitch);

    // From the gradient of such weights: that of the signs and that of the shared weights, each added.
    void (*share)(const T *gradient, const T *weights, const T *signs, T *to_signs, T *to_weights, long units,
                  long pitch);

    // to += from
    void (*add)(const T *from, T *to, long count);

    // average += share * (weights - average)
    void (*follow)(T *average, const T *weights, T share, long count);

    // values = exp, log, tanh, sine or cosine of them (which = 0 to 4): what the others are made of, to be measured.
    void (*apply)(int which, T *values, long count);

    // Multiply-adds in registers alone, `rounds` times; returns how many they were. What the processor can do at most.
    double (*spin)(long rounds, T *sink);

    // One step of the optimiser on `count` weights and what it remembers of them.
    void (*update)(const Update<T> &step, T *weights, const T *gradient, T *first, T *second, long count);
};

// Where column c of row r lies in values that are cut into panels of columns, `height` rows each.
// The panels are PANEL wide, the last one as wide as the rest rounded up to LANES.
inline long columns_panel(long height, long c) {
    return c / PANEL * PANEL * height;
}
inline long columns_pitch(long columns, long c) {
    const long rest = columns - c / PANEL * PANEL;
    return rest < PANEL ? rounded_up(rest, LANES) : PANEL;
}

// One table for each instruction set; each is in the file of its name.
template <class T>
struct Tables {
    static const Kernels<T> avx512, avx2, portable, naive;
};

// The table of that name: "avx512", "avx2", "portable", "naive", or "auto" for the fastest that this processor runs.
// Throws std::invalid_argument for one that it does not run.
template <class T>
const Kernels<T> &kernels(const std::string &name);
std::vector<std::string> kernel_names();

}  // namespace glassnet
