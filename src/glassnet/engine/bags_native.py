"""Linear nets over sparse rows in compiled code; see ``bags_numpy`` for what each name gives.

The answers do not depend on the number of threads: sums are cut in the same places with any.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.text_features import Features

Array = NDArray[Any]


class NativeSolver:
    """See ``NumpySolver``."""

    def __init__(
        self,
        features: Features,
        labels: Array,
        weight: Array,
        outputs: int,
        l2: float,
        threads: int = 1,
    ) -> None:
        from glassnet import _native

        rows = features.offsets, features.columns, features.values, features.width
        self._core = _native.BagSolver(*rows, labels, weight, outputs, l2, threads)

    def class_counts(self, weight: Array) -> Array:
        """Return how much the texts weigh that have each feature, by class. Shape: (width, classes)."""
        return self._core.class_counts(weight)

    def rescale(self, scale: Array) -> None:
        """Take the scale of the features, before the first step. Shape: (width, outputs)."""
        self._core.rescale(np.ascontiguousarray(scale, np.float64).ravel())

    def step(self, length: float, products: int, precision: float) -> float:
        """Make one step and return the mean log loss after it."""
        return self._core.step(length, products, precision)

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights, scaled, (width, outputs), and bias (outputs,)."""
        return self._core.read()


def logits(features: Features, weights: Array, bias: Array, threads: int) -> NDArray[np.float32]:
    """Return bias + sum of value times weight / length of the row. Shape: (texts, outputs)."""
    from glassnet import _native

    rows = features.offsets, features.columns, features.values
    flat = np.ascontiguousarray(weights, np.float32).ravel()
    return _native.sparse_logits(*rows, flat, np.ascontiguousarray(bias, np.float32), threads)


def class_sums(features: Features, labels: Array, weight: Array, classes: int, threads: int) -> Array:
    """Return the sum of value times weight of each feature, by class. Shape: (width, classes)."""
    from glassnet import _native

    rows = features.offsets, features.columns, features.values, features.width
    return _native.class_sums(*rows, labels, weight, classes, threads)
