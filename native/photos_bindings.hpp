#pragma once

#include <nanobind/nanobind.h>

namespace glassnet {

void bind_photos(nanobind::module_ &m);

}
