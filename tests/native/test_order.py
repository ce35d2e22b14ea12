"""The compiled order of an epoch's rows is NumPy's, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.engine.dense_native import native_order
from glassnet.randomness import epoch_order

_native = pytest.importorskip("glassnet._native")


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 8, 9, 127, 128, 129, 1000, 15_360, 65_537])
def test_it_is_the_order_of_numpy_for_every_count_of_rows(rows):
    for seed, epoch in ((0, 1), (0, 2), (7, 1), (2**40 + 3, 123)):
        found = native_order(seed, epoch, rows)
        assert found.dtype == np.int64
        assert np.array_equal(found, epoch_order(seed, epoch, rows))


@given(st.integers(0, 2**70), st.integers(0, 2**31), st.integers(0, 300))
def test_it_is_the_order_of_numpy_for_any_seed_and_epoch(seed, epoch, rows):
    assert np.array_equal(native_order(seed, epoch, rows), epoch_order(seed, epoch, rows))


def test_what_is_wrong_is_refused():
    with pytest.raises(ValueError, match="four words"):
        _native.order(np.zeros(3, np.uint64), 10)
    with pytest.raises(ValueError, match="fewer rows than"):
        _native.order(np.zeros(4, np.uint64), 2**32)
    with pytest.raises(ValueError, match="fewer rows"):
        _native.order(np.zeros(4, np.uint64), -1)
