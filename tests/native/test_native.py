"""The compiled extension refuses what it cannot take, and its absence is explained."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest

from glassnet.native_status import native_status


def test_an_array_of_another_dtype_is_refused_not_converted(native):
    with pytest.raises(TypeError):
        native.apply("exp", np.zeros(4, np.int64), "auto")


def test_kernels_that_the_processor_does_not_run_are_refused_with_those_that_it_runs(native):
    with pytest.raises(ValueError, match=r"however: kernels='avx1024'; use 'auto'.*'portable', 'naive'"):
        native.apply("exp", np.zeros(4), "avx1024")


def test_the_fastest_kernels_come_first_and_the_naive_ones_last(native):
    assert native.kernel_names()[-2:] == ["portable", "naive"]
    assert native.peak("naive", 0.01) > 0


def test_a_missing_extension_is_explained_with_what_to_do(monkeypatch):
    real_import = builtins.__import__

    def without_native(name, *rest, **named):
        if name == "glassnet._native":
            raise ImportError("No module named 'glassnet._native'")
        return real_import(name, *rest, **named)

    monkeypatch.delitem(sys.modules, "glassnet._native", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_native)
    status = native_status()
    assert not status.available
    assert "however: No module named 'glassnet._native'" in status.reason
    assert "GLASSNET_REQUIRE_NATIVE=1" in status.reason
