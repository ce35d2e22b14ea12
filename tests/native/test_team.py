"""Threads at work together: what goes wrong in one of them comes out, and the next work is done."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.engine.dense import Layer, Objective, Optimizer, dense_net


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_error_of_one_thread_comes_out_and_the_next_call_works(native, threads):
    layers = [Layer(3, 1, "identity")]
    nets = [dense_net(layers, Objective("mse"), Optimizer("sgd"), "float32", 0, "native") for _ in range(9)]
    X, y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)

    def train(orders):
        sizes, rates = np.array([4]), [np.array([0.1])] * 9
        return native.train_many([net.core for net in nets], X, y, [None] * 9, orders, sizes, rates, threads)

    right, wrong = np.arange(4), np.array([0, 1, 2, 4])
    for place in (0, 4, 8):
        with pytest.raises(ValueError, match="a row that is not there"):
            train([wrong if each == place else right for each in range(9)])
    assert len(train([right] * 9)) == 9
