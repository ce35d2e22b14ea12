"""The sentiment network in compiled loops: a pass over 24,000 reviews in a few hundredths of a second.

The arithmetic is that of ``glassnet.reference.sentiment``, in the same order, in float64; where the extension
is not there, its NumPy form does the work. Arguments, results and errors are the reference's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from glassnet.native_status import native_status
from glassnet.reference.sentiment import Bags, Weights, scores_sparse, train_sparse
from glassnet.reference.sentiment.network import checked, finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def train(bags: Bags, targets: ArrayLike, weights: Weights, rate: float) -> Floats:
    """Make a step for each review in order and return the score of each just before its step.

    The weights are changed in place: arrays of float64 in C order, as ``start`` makes them.

    Raises:
        RequestError: a target is not 0 or 1, or not one for each review, or the rate is not above 0.
        NonFiniteLoss: the steps were so long that the weights left all numbers.
    """
    if not native_status().available:
        return train_sparse(bags, targets, weights, rate)
    from glassnet import _native

    y, found = checked(bags, targets, rate), np.empty(len(bags))
    net = weights.hidden, weights.output
    _native.sentiment_train(bags.words, bags.times, bags.starts, y, *net, float(rate), found)
    return finite(found, weights, rate)


def scores(bags: Bags, weights: Weights) -> Floats:
    """Return the score z of each review. Shape: (reviews,)."""
    if not native_status().available:
        return scores_sparse(bags, weights)
    from glassnet import _native

    found = np.empty(len(bags))
    _native.sentiment_scores(bags.words, bags.times, bags.starts, weights.hidden, weights.output, found)
    return found
