// The kernels for portable; CMakeLists.txt says with which options.
#define GLASSNET_ARCH portable
#define GLASSNET_REGISTER_BYTES 16
#define GLASSNET_TILE_VECTORS 2
#include "kernels_body.hpp"

namespace glassnet {
template <>
const Kernels<float> Tables<float>::portable = portable::table<float>("portable");
template <>
const Kernels<double> Tables<double>::portable = portable::table<double>("portable");
}  // namespace glassnet
