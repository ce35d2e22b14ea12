"""exp, log and tanh of every set of kernels: within 2 units in the last place over the whole range."""

from __future__ import annotations

import numpy as np
import pytest

FUNCTIONS = {"exp": np.exp, "log": np.log, "tanh": np.tanh}
WIDER = {np.float32: np.float64, np.float64: np.longdouble}


def numbers(dtype, function):
    """Numbers of every size: random patterns of bits, where results begin and end, around 1, below normal."""
    rng = np.random.default_rng(0)
    kind = np.uint32 if dtype == np.float32 else np.uint64
    patterns = rng.integers(0, np.iinfo(kind).max, 400_000, dtype=kind).view(dtype)
    edge = {"exp": 110.0 if dtype == np.float32 else 750.0, "log": 3.0, "tanh": 22.0}[function]
    near = rng.uniform(-edge, edge, 400_000)
    around_one = 1 + rng.uniform(-1e-3, 1e-3, 50_000)
    tiny = np.finfo(dtype).tiny * rng.uniform(0, 4, 50_000)
    x = np.concatenate([patterns[np.isfinite(patterns)], near, around_one, tiny])
    return x.astype(dtype)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs a float that is wider than float64")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_right_to_two_units_in_the_last_place(native, function, dtype, kernels):
    if kernels == "naive":
        pytest.skip("these are the functions of the C library, whose tanh is off by 2.03 units")
    x = numbers(dtype, function)
    found = native.apply(function, x, kernels).astype(WIDER[dtype])
    with np.errstate(all="ignore"):
        exact = FUNCTIONS[function](x.astype(WIDER[dtype]))
        rounded = exact.astype(dtype)
    finite = np.isfinite(rounded)
    off = np.abs(found[finite] - exact[finite]) / np.spacing(np.abs(rounded[finite]))
    assert float(off.max()) <= 2
    np.testing.assert_array_equal(found[~finite], rounded[~finite])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinity_zero_and_nan_come_out_as_in_c(native, dtype, kernels):
    inf, nan = np.inf, np.nan
    x = np.array([0.0, -0.0, inf, -inf, nan], dtype)
    expected = {"exp": [1, 1, inf, 0, nan], "log": [-inf, -inf, inf, nan, nan], "tanh": [0, 0, 1, -1, nan]}
    for function, values in expected.items():
        np.testing.assert_array_equal(native.apply(function, x, kernels), np.array(values, dtype))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs a float that is wider than float64")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_waves_are_right_to_two_units_of_numbers_around_one(native, name, dtype, kernels):
    """Beyond these angles the kernels ask the C library: tests/native/test_tabular.py."""
    most = 8192 if dtype == np.float32 else 1e6
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-most, most, 300_000), rng.uniform(-7, 7, 300_000), [0.0, -most, most]])
    x = x.astype(dtype)
    exact = getattr(np, name)(x.astype(WIDER[dtype]))
    off = np.abs(native.apply(name, x, kernels).astype(WIDER[dtype]) - exact)
    assert float(off.max()) <= 2 * np.finfo(dtype).epsneg
    assert np.isnan(native.apply(name, np.array([np.nan], dtype), kernels)[0])
