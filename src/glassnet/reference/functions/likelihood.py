"""How probable does a model make what really happened? The best model is the one that makes it most probable.

Four points, and the probability that each of two models gives to the colour that it really has:

    >>> likelihood([0.6, 0.2, 0.1, 0.7]).round(4), likelihood([0.7, 0.9, 0.8, 0.6]).round(4)
    (np.float64(0.0084), np.float64(0.3024))

R. A. Fisher, 1922, "On the mathematical foundations of theoretical statistics", section 6.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import message
from glassnet.reference.arrays import Floats, insist, numbers


def probability_of_truth(probabilities: ArrayLike, targets: ArrayLike) -> Floats:
    """Return what a model gives to what happened: p where the target is 1, and 1 - p where it is 0.

    Args:
        probabilities: of target 1, shape (rows,).
        targets: 0 or 1, shape (rows,).
    """
    p, y = numbers(probabilities, "probabilities"), numbers(targets, "targets")
    insist(not_probabilities(p), not_probabilities(y, "targets"), not_alike(p, y))
    return np.where(y == 1, p, 1 - p)


def likelihood(probabilities: ArrayLike) -> np.float64:
    """Return the probability of everything that happened together.  L = p_1 p_2 ... p_n

    Args:
        probabilities: what the model gives to what happened, see :func:`probability_of_truth`; any shape.

    A product of many probabilities vanishes: no float64 is smaller than 5e-324, and 0.4^1000 would be.

    >>> likelihood(np.full(1000, 0.4)), log_likelihood(np.full(1000, 0.4)).round(1)
    (np.float64(0.0), np.float64(-916.3))
    """
    p = numbers(probabilities, "probabilities")
    insist(not_probabilities(p))
    return np.float64(np.prod(p))


def log_likelihood(probabilities: ArrayLike) -> np.float64:
    """Return its logarithm, which turns the product into a sum.  ln L = ln p_1 + ln p_2 + ... + ln p_n

    The logarithm rises with its argument, so the best model stays the best. It is 0 for a model that was
    certain and right, and -inf for one that held what happened to be impossible.
    """
    p = numbers(probabilities, "probabilities")
    insist(not_probabilities(p))
    with np.errstate(divide="ignore"):
        return np.float64(np.log(p).sum())


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Every way that things can come out.

    Attributes:
        happened: (2^n, n), 1 where a door has a gift.
        probability: (2^n,), they add up to 1.
        negative_log: (2^n,), -ln of the probability: small for what is likely.
    """

    happened: Floats
    probability: Floats
    negative_log: Floats

    def __str__(self) -> str:
        """Show one line for each outcome, the most probable first."""
        heads = "  ".join(f"door {number}" for number in range(1, self.happened.shape[1] + 1))
        lines = [f"{heads}  probability  -ln(probability)"]
        for row in np.argsort(-self.probability, kind="stable"):
            doors = "  ".join(f"{'gift' if gift else '-':6}" for gift in self.happened[row])
            lines.append(f"{doors}  {self.probability[row]:<11.6g}  {self.negative_log[row]:.6g}")
        return "\n".join(lines)


def doors(gift: ArrayLike = (0.8, 0.7, 0.1)) -> Outcomes:
    """Three doors, each with a gift behind it or not: 8 outcomes, their probabilities and negative logs.

    P(outcome) = product over doors of (p if there is a gift, else 1 - p). Its negative logarithm is the
    cross-entropy of that outcome: -sum(y ln p + (1 - y) ln(1 - p)). A likely outcome has a small one.

    Args:
        gift: the probability of a gift behind each door, shape (n,).

    C. E. Shannon, 1948, "A mathematical theory of communication", section 6: -ln p is the surprise.
    """
    p = numbers(gift, "gift")
    insist(not_probabilities(p, "gift"), _not_doors(p))
    happened = np.array(list(itertools.product([1.0, 0.0], repeat=len(p))))
    probability = np.where(happened == 1, p, 1 - p).prod(axis=1)
    with np.errstate(divide="ignore"):
        return Outcomes(happened, probability, -np.log(probability))


def not_probabilities(p: Floats, name: str = "probabilities") -> str | None:
    """Probabilities lie from 0 to 1."""
    bad = p[~((p >= 0) & (p <= 1))]
    if not bad.size:
        return None
    do = "pass scores through sigmoid or softmax first"
    return message(f"{name} must lie from 0 to 1", f"one is {bad.flat[0]:g}", do)


def not_alike(first: Floats, second: Floats) -> str | None:
    """Predictions and targets belong together number by number; NumPy would repeat one to fit the other."""
    if first.shape == second.shape:
        return None
    found = f"their shapes are {first.shape} and {second.shape}"
    return message("predictions and targets must have the same shape", found, "reshape one of them")


def _not_doors(p: Floats) -> str | None:
    if p.ndim == 1 and 1 <= len(p) <= 10:
        return None
    return message("there must be 1 to 10 doors", f"gift has shape {p.shape}", "pass one probability a door")
