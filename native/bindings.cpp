// glassnet._native: what Python sees of the compiled part of Glassnet.
//
// Nothing here is needed: each function has a Python twin that gives the same result, and a test that
// compares the two.

#include <cstddef>
#include <string>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;

using Vector = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Scalar product of two vectors, sum_i a[i] * b[i], added up from the left in float64.
static double dot(const Vector &a, const Vector &b) {
    if (a.shape(0) != b.shape(0)) {
        const std::string text = "a and b must have the same length, however: len(a)=" +
                                 std::to_string(a.shape(0)) + ", len(b)=" + std::to_string(b.shape(0)) +
                                 "; give two vectors of one length";
        throw nb::value_error(text.c_str());
    }
    const double *x = a.data();
    const double *y = b.data();
    double sum = 0.0;
    for (std::size_t i = 0; i < a.shape(0); ++i) sum += x[i] * y[i];
    return sum;
}

NB_MODULE(_native, m) {
    m.doc() = "The compiled part of Glassnet.";
    m.def("dot", &dot, nb::arg("a").noconvert(), nb::arg("b").noconvert(),
          "Return the scalar product of two float64 vectors of shape (n,), added up from the left.\n\n"
          "Raises TypeError for another dtype, shape or a gap between the elements, and ValueError\n"
          "where the lengths differ.");
}
