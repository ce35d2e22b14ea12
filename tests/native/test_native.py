"""The compiled extension gives what NumPy gives, and its absence is explained."""

from __future__ import annotations

import builtins
import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.native_status import native_status


@pytest.fixture
def native():
    """Give the extension; skip without it, but fail where GLASSNET_REQUIRE_NATIVE=1 asks for it."""
    status = native_status()
    if not status.available:
        if os.environ.get("GLASSNET_REQUIRE_NATIVE") == "1":
            pytest.fail(f"GLASSNET_REQUIRE_NATIVE=1 is set: {status.reason}")
        pytest.skip(str(status.reason))
    from glassnet import _native

    return _native


@given(length=st.integers(0, 200), seed=st.integers(0, 2**32))
def test_dot_agrees_with_numpy(native, length, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, length))
    assert native.dot(a, b) == pytest.approx(float(a @ b), rel=1e-12, abs=1e-12)


def test_dot_by_hand(native):
    assert native.dot(np.array([1.0, 2.0, 3.0]), np.array([4.0, -5.0, 6.0])) == 12.0  # 4 - 10 + 18


def test_vectors_of_different_lengths_are_refused(native):
    with pytest.raises(ValueError, match=r"same length, however: len\(a\)=2, len\(b\)=3"):
        native.dot(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize(
    "wrong",
    [np.zeros(4, np.float32), np.zeros(4, np.int64), np.zeros((2, 2)), np.zeros(8)[::2], [0.0] * 4],
    ids=["float32", "int64", "matrix", "strided", "list"],
)
def test_other_kinds_of_array_are_refused_not_converted(native, wrong):
    with pytest.raises(TypeError):
        native.dot(wrong, np.zeros(4))


def test_a_read_only_vector_is_fine(native):
    a = np.ones(3)
    a.flags.writeable = False
    assert native.dot(a, a) == 3.0


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
