"""Several classes: scores become probabilities by softmax, and names become one-hot codes.

    >>> scores = [2, 1, 0]  # duck, beaver, walrus
    >>> softmax(scores).round(8)
    array([0.66524096, 0.24472847, 0.09003057])

Scores, also called logits, have shape (..., classes): softmax goes along the last axis.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import did_you_mean, message
from glassnet.reference.arrays import Floats, insist, numbers


def shares(scores: ArrayLike) -> Floats:
    """Divide the scores by their sum: the first idea, and why it fails.  z_i / sum_j z_j

    Right for (2, 1, 0). But scores can be negative, and so then are the shares; and they can add up to 0:

    >>> shares([1, -3, 1]), shares([1, 0, -1])
    (array([-1.,  3., -1.]), array([ inf,  nan, -inf]))
    """
    z = _scores(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = z / z.sum(axis=-1, keepdims=True)
    return share


def naive_softmax(scores: ArrayLike) -> Floats:
    """Make the scores positive with exp first.  p_i = exp(z_i) / sum_j exp(z_j)

    exp is e to the power of z, not z squared: squaring would make -2 as probable as 2. This is the formula
    as it stands in books; exp overflows above 709:

    >>> naive_softmax([2, 1, 0]).round(4), naive_softmax([1000, 0, 0])
    (array([0.6652, 0.2447, 0.09  ]), array([nan,  0.,  0.]))
    """
    with np.errstate(over="ignore", invalid="ignore"):
        positive = np.exp(_scores(scores))
        p: Floats = positive / positive.sum(axis=-1, keepdims=True)
    return p


def softmax(scores: ArrayLike) -> Floats:
    """Make the same probabilities without overflow.  p_i = exp(z_i - m) / sum_j exp(z_j - m), m = max_j z_j

    Dividing above and below by exp(m) changes nothing, and no exponent is above 0 any more:

    >>> softmax([1000, 0, -1000])
    array([1., 0., 0.])

    For two classes it is the sigmoid of the difference: softmax((z, 0)) = (s(z), 1 - s(z)). A score that is
    infinite or missing makes its row nan, as in torch.

    J. S. Bridle, 1990, "Probabilistic interpretation of feedforward classification network outputs";
    P. Blanchard, D. J. Higham and N. J. Higham, 2021, "Accurately computing the log-sum-exp and softmax
    functions", IMA Journal of Numerical Analysis 41, for the shift.
    """
    z = _scores(scores)
    with np.errstate(invalid="ignore"):  # inf - inf
        positive = np.exp(z - z.max(axis=-1, keepdims=True))
    p: Floats = positive / positive.sum(axis=-1, keepdims=True)
    return p


def log_softmax(scores: ArrayLike) -> Floats:
    """Return the logarithms of the probabilities.  ln p_i = (z_i - m) - ln sum_j exp(z_j - m)

    Finite where p itself rounds to 0: this is what the losses use.
    """
    z = _scores(scores)
    with np.errstate(invalid="ignore"):
        shifted = z - z.max(axis=-1, keepdims=True)
    logs: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def softmax_derivative(scores: ArrayLike) -> Floats:
    """Return how each probability follows each score.  dp_i/dz_j = p_i ([i = j] - p_j)

    Shape: (..., classes) -> (..., classes, classes). Unlike an activation of one unit, softmax has a whole
    matrix of slopes, because raising one score lowers all other probabilities.
    """
    p = softmax(scores)
    same = np.eye(p.shape[-1])
    return p[..., :, None] * (same - p[..., None, :])


def one_hot(labels: Sequence[Hashable], classes: Sequence[Hashable] | None = None) -> Floats:
    """Give each class a column of its own: 1 in the column of the row's class, else 0.

    Args:
        labels: the class of each row: names, or whole numbers.
        classes: all classes, in the order of the columns; None: those that occur, sorted.

    Returns:
        Shape: (rows, classes).

    >>> one_hot(["duck", "walrus", "duck"], classes=["duck", "beaver", "walrus"])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [1., 0., 0.]])
    """
    labels = list(labels)
    insist(_not_of_one_kind(labels))
    columns = sorted(set(labels)) if classes is None else list(classes)  # type: ignore[type-var]
    insist(
        _not_distinct(columns),
        *(_unknown(each, columns) for each in sorted(set(labels) - set(columns), key=str)),
    )
    codes = np.zeros((len(labels), len(columns)))
    codes[np.arange(len(labels)), [columns.index(label) for label in labels]] = 1.0
    return codes


def code_distances(codes: ArrayLike) -> Floats:
    """Return how far apart the codes of the classes lie.  d_ij = |c_i - c_j|

    Shape: (classes, numbers per code) -> (classes, classes). As whole numbers the classes get an order that
    is not theirs: a walrus (2) is twice as far from a duck (0) as a beaver (1) is, and the mean of duck and
    walrus is a beaver. One-hot codes are all equally far apart, sqrt(2):

    >>> code_distances([[0], [1], [2]])
    array([[0., 1., 2.],
           [1., 0., 1.],
           [2., 1., 0.]])
    >>> code_distances(one_hot([0, 1, 2])).round(3)
    array([[0.   , 1.414, 1.414],
           [1.414, 0.   , 1.414],
           [1.414, 1.414, 0.   ]])
    """
    c = numbers(codes, "codes")
    insist(_not_a_table(c))
    distances: Floats = np.linalg.norm(c[:, None, :] - c[None, :, :], axis=-1)
    return distances


def _scores(scores: ArrayLike) -> Floats:
    z = numbers(scores, "scores")
    insist(_no_class(z))
    return z


def _no_class(z: Floats) -> str | None:
    if z.ndim and z.shape[-1]:
        return None
    must = "scores must have one number for each class in their last axis"
    return message(must, f"the shape is {z.shape}", "pass at least one score, such as [2, 1, 0]")


def _not_a_table(codes: Floats) -> str | None:
    if codes.ndim == 2:
        return None
    must = "codes must have shape (classes, numbers per code)"
    return message(must, f"the shape is {codes.shape}", "write each code as a list: [[0], [1], [2]]")


def _not_of_one_kind(labels: Sequence[Any]) -> str | None:
    kinds = {"lists" if np.ndim(each) else "names" if isinstance(each, str) else "numbers" for each in labels}
    if len(kinds) <= 1 and "lists" not in kinds:
        return None
    must, found = "labels must be all names or all numbers", f"they are {' and '.join(sorted(kinds))}"
    return message(must, found, "write one label for each row")


def _not_distinct(columns: Sequence[Hashable]) -> str | None:
    twice = [each for each in columns if list(columns).count(each) > 1]
    if not twice:
        return None
    return message("each class must be listed once", f"{twice[0]!r} is listed twice", "leave one of them out")


def _unknown(label: Hashable, columns: Sequence[Hashable]) -> str:
    do = did_you_mean(str(label), [str(each) for each in columns])
    return message("each label must be one of the classes", f"{label!r} is not", do)
