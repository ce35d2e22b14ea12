"""Against overfitting: L1 and L2 penalties, clipping, dropout. Early stopping is in ``training``.

    l1     adds l1 * |w| for each weight to the loss, so l1 * sign(w) to its gradient
    l2     adds l2 / 2 * w^2 for each weight, so l2 * w to its gradient

Weights are punished, biases are not: a bias moves a line and does not make it steeper.
Source: Goodfellow, Bengio and Courville 2016, section 7.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.errors import RecipeError
from glassnet.randomness import stream
from glassnet.reference.activations import Floats
from glassnet.reference.limits import wrong_number

Mask = Floats | None


def penalty(weights: Sequence[Floats], l1: float = 0.0, l2: float = 0.0) -> float:
    """Return l1 * sum |w| + l2 / 2 * sum w^2 over all weight matrices.

    Why L1 gives sparse weights and L2 even ones: of the vectors (1, 0) and (1/2, 1/2), which both add up
    to 1, L1 punishes both alike, but L2 prefers the even one.

    >>> [penalty([np.array(w)], l1=1.0) for w in ([1.0, 0.0], [0.5, 0.5])]
    [1.0, 1.0]
    >>> [2 * penalty([np.array(w)], l2=1.0) for w in ([1.0, 0.0], [0.5, 0.5])]
    [1.0, 0.5]
    """
    return float(sum(l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum() for w in weights))


def penalty_gradient(w: Floats, l1: float = 0.0, l2: float = 0.0) -> Floats:
    """Return l1 * sign(w) + l2 * w.

    The pull of L1 is as strong at 0.001 as at 1, so small weights end at 0. The pull of L2 fades with w: they
    get small, and not 0.
    """
    return l1 * np.sign(w) + l2 * w


def clip_gradients(gradients: Sequence[Floats], limit: float) -> list[Floats]:
    """Scale all gradients together so that their common Euclidean norm is at most the limit.

    g = g * min(1, limit / (norm + 1e-6)). The direction stays. Source: Pascanu, Mikolov and Bengio 2013; the
    1e-6, which keeps from dividing by zero, is torch's.
    """
    norm = float(np.sqrt(sum(float((g**2).sum()) for g in gradients)))
    factor = min(1.0, limit / (norm + 1e-6))
    return [g * factor for g in gradients]


def dropout_mask(
    rows: int, units: int, dropout: float, *, seed: int = 0, layer: int = 0, step: int = 1
) -> Floats:
    """Return a mask for one step: 0 for a unit that is off, 1 / (1 - dropout) for one that is on.

    Each unit is off with the chance ``dropout``, in each row and step anew; the layer's a is multiplied with
    the mask. Those that are on speak louder, so that the sum they feed is on average the same as in use, when
    all of them are on and there is no mask. Source: Srivastava et al. 2014, section 10 ("inverted").

    >>> dropout_mask(2, 4, 0.5, seed=3)
    array([[0., 2., 0., 0.],
           [2., 2., 2., 0.]])

    Raises:
        RecipeError: dropout is not from 0 and below 1.
    """
    if problems := wrong_number("dropout", dropout, least=0, below=1, example=0.2):
        raise RecipeError(problems)
    kept = stream(seed, "dropout", layer, step).random((rows, units)) >= dropout
    return kept / (1.0 - dropout)
