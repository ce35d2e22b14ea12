// The kernels for avx2; CMakeLists.txt says with which options.
#define GLASSNET_ARCH avx2
#define GLASSNET_REGISTER_BYTES 32
#define GLASSNET_TILE_VECTORS 2
#include "kernels_body.hpp"

namespace glassnet {
template <>
const Kernels<float> Tables<float>::avx2 = avx2::table<float>("avx2");
template <>
const Kernels<double> Tables<double>::avx2 = avx2::table<double>("avx2");
}  // namespace glassnet
