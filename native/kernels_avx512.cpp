// The kernels for avx512; CMakeLists.txt says with which options.
#define GLASSNET_ARCH avx512
#define GLASSNET_REGISTER_BYTES 64
#define GLASSNET_TILE_VECTORS 4
#include "kernels_body.hpp"

namespace glassnet {
template <>
const Kernels<float> Tables<float>::avx512 = avx512::table<float>("avx512");
template <>
const Kernels<double> Tables<double>::avx512 = avx512::table<double>("avx512");
}  // namespace glassnet
