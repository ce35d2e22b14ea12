// The kernels for avx512; CMakeLists.txt says with which options.
#define GLASSNET_ARCH avx512
#define GLASSNET_REGISTER_BYTES 64
#define GLASSNET_TILE_VECTORS 4
#include "kernels_body.hpp"

namespace glassnet {
extern const Kernels<float> avx512_float;
extern const Kernels<double> avx512_double;
constexpr Kernels<float> avx512_float = avx512::table<float>("avx512");
constexpr Kernels<double> avx512_double = avx512::table<double>("avx512");
}  // namespace glassnet
