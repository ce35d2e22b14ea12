#pragma once

#include <nanobind/nanobind.h>

void bind_text(nanobind::module_ &m);  // adds what is in text_bindings.cpp
