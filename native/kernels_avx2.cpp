// The kernels for avx2; CMakeLists.txt says with which options.
#define GLASSNET_ARCH avx2
#define GLASSNET_REGISTER_BYTES 32
#define GLASSNET_TILE_VECTORS 2
#include "kernels_body.hpp"

namespace glassnet {
extern const Kernels<float> avx2_float;
extern const Kernels<double> avx2_double;
constexpr Kernels<float> avx2_float = avx2::table<float>("avx2");
constexpr Kernels<double> avx2_double = avx2::table<double>("avx2");
}  // namespace glassnet
