// The kernels for portable; CMakeLists.txt says with which options.
#define GLASSNET_ARCH portable
#define GLASSNET_REGISTER_BYTES 16
#define GLASSNET_TILE_VECTORS 2
#include "kernels_body.hpp"

namespace glassnet {
extern const Kernels<float> portable_float;
extern const Kernels<double> portable_double;
constexpr Kernels<float> portable_float = portable::table<float>("portable");
constexpr Kernels<double> portable_double = portable::table<double>("portable");
}  // namespace glassnet
