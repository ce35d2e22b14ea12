#pragma once

#include <nanobind/nanobind.h>

namespace glassnet {

void bind_sentiment(nanobind::module_ &m);

}
