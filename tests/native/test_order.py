"""The compiled order of an epoch's rows is NumPy's, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.engine.dense_native import NativeOrder
from glassnet.randomness import epoch_order

_native = pytest.importorskip("glassnet._native")


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 8, 9, 127, 128, 129, 1000, 15_360, 65_537])
def test_it_is_the_order_of_numpy_for_every_count_of_rows(rows):
    for seed, epoch in ((0, 1), (0, 2), (7, 1), (2**40 + 3, 123)):
        found = NativeOrder(seed, rows, 5)(epoch)
        assert found.dtype == np.int64
        assert np.array_equal(found, epoch_order(seed, epoch, rows))


@given(st.integers(0, 2**70), st.integers(0, 2**31), st.integers(0, 300))
def test_it_is_the_order_of_numpy_for_any_seed_and_epoch(seed, epoch, rows):
    assert np.array_equal(NativeOrder(seed, rows, epoch)(epoch), epoch_order(seed, epoch, rows))


def test_each_epoch_has_its_own_whichever_was_asked_for_before():
    order = NativeOrder(3, 50, 40)
    for epoch in (1, 2, 16, 17, 18, 40, 41, 7, 1):
        assert np.array_equal(order(epoch), epoch_order(3, epoch, 50))


def test_what_is_wrong_is_refused():
    with pytest.raises(ValueError, match="four words"):
        _native.order(np.zeros(3, np.uint64), np.zeros(10, np.int64))
    for wrong in (np.zeros(10), np.zeros((5, 2), np.int64), np.zeros(10, np.int64)[::2]):
        with pytest.raises(TypeError):
            _native.order(np.zeros(4, np.uint64), wrong)
