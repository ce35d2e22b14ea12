"""Does a generator make everything that there is to make? Mode collapse, measured and not guessed.

Two ways: where the modes are known as points, each sample belongs to the nearest (``mode_coverage``); where a
judge sorts samples into classes, to the most probable one (``class_coverage``). And one way without either,
by neighbours among real rows (``neighbour_coverage``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.metrics.bootstrap import RESAMPLES, percentiles
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

SHARE = 0.1
"""A mode is reached when it gets at least this part of its due."""
WITHIN = 3.0
"""Standard deviations from a mode within which a sample counts as good."""
NEIGHBOURS = 5
_AT_ONCE = 500


@dataclass(frozen=True)
class Modes:
    """How a generator's samples are spread over modes.

    Attributes:
        names: of the modes.
        shares: what part of the samples each mode got.
        due: what part it has in the data.
        quality: of points, the share of samples within three standard deviations of their mode; of classes,
            the judge's mean confidence, which is the mean of the highest probability.
        interval: between what the quality lies with 95 % confidence.
        samples: how many were looked at.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    due: tuple[float, ...]
    quality: float
    interval: tuple[float, float]
    samples: int

    @property
    def missing(self) -> tuple[str, ...]:
        """The modes that got less than a tenth of their due."""
        together = zip(self.names, self.shares, self.due, strict=True)
        return tuple(name for name, share, due in together if share < SHARE * due or share == 0.0)

    @property
    def reached(self) -> int:
        """How many modes got at least a tenth of their due."""
        return len(self.names) - len(self.missing)

    @property
    def divergence(self) -> float:
        """Kullback-Leibler divergence of the shares from what is due, in nats: 0 where they are equal.

        Samples that are near no mode do not count; infinite where none is near any.
        """
        total = sum(self.shares)
        parts = [(share / total, due) for share, due in zip(self.shares, self.due, strict=True) if share > 0]
        return float(sum(part * np.log(part / due) for part, due in parts)) if parts else float("inf")


def mode_coverage(
    samples: ArrayLike, modes: ArrayLike, deviation: float, due: ArrayLike | None = None, seed: int = 0
) -> Modes:
    """Say which modes of a mixture with known centres samples reach.

    Args:
        samples: (n, numbers).
        modes: the centres, (modes, numbers).
        deviation: the standard deviation of a mode in each direction.
        due: what part of the samples each mode should get; None: equal parts.

    >>> ring = [[0.0, 0.0], [10.0, 0.0]]
    >>> mode_coverage([[0.1, 0.0], [0.0, 0.2], [5.0, 0.0]], ring, 0.5).missing
    ('1',)
    """
    points, centres = np.asarray(samples, dtype=np.float64), np.asarray(modes, dtype=np.float64)
    distances = np.linalg.norm(points[:, None] - centres[None], axis=2)
    near = (distances.min(axis=1) <= WITHIN * deviation).astype(np.float64)
    names = tuple(str(number) for number in range(len(centres)))
    parts = np.full(len(centres), 1 / len(centres)) if due is None else np.asarray(due, dtype=np.float64)
    good = distances.argmin(axis=1)[near > 0]
    return _modes(names, np.bincount(good, minlength=len(centres)) / len(points), parts, near, seed)


def class_coverage(
    probabilities: ArrayLike, classes: tuple[str, ...], due: ArrayLike, seed: int = 0
) -> Modes:
    """Say which classes samples reach by what a judge says of them.

    Args:
        probabilities: of the judge, (n, classes).
        due: what part of the samples each class should get.
    """
    said = np.asarray(probabilities, dtype=np.float64)
    shares = np.bincount(said.argmax(axis=1), minlength=said.shape[1]) / len(said)
    return _modes(classes, shares, np.asarray(due, dtype=np.float64), said.max(axis=1), seed)


def _modes(names: tuple[str, ...], shares: Floats, due: Floats, quality: Floats, seed: int) -> Modes:
    n = len(quality)
    draws = stream(seed, "bootstrap", "modes").multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    interval = percentiles(draws @ quality / n)
    mean = float(quality.mean())
    return Modes(names, tuple(shares.tolist()), tuple(due.tolist()), mean, interval, n)


@dataclass(frozen=True)
class Neighbours:
    """How samples lie among real rows (Naeem et al. 2020, eq. 3 and 4), each real row with the ball that
    reaches to its fifth neighbour among the real ones.

    ``coverage`` is the share of the balls with a sample in them: low where modes are missing. ``density`` is
    how many balls a sample lies in, divided by 5: about 1 for real rows, low for samples that look like none.
    """

    coverage: float
    density: float


def neighbour_coverage(real: NDArray[Any], made: NDArray[Any], neighbours: int = NEIGHBOURS) -> Neighbours:
    """Say how samples lie among real rows. Shapes: (n, numbers), (m, numbers), n above ``neighbours``."""
    truth, false = real.astype(np.float64), made.astype(np.float64)
    radius = np.concatenate(
        [np.sort(_squared(part, truth), axis=1)[:, neighbours] for part in _pieces(truth)]
    )
    inside = np.zeros(len(truth), dtype=np.int64)
    for part in _pieces(false):
        inside += (_squared(part, truth) <= radius).sum(axis=0)
    return Neighbours(float((inside > 0).mean()), float(inside.sum() / (neighbours * len(false))))


def _pieces(rows: Floats) -> list[Floats]:
    return np.array_split(rows, max(1, -(-len(rows) // _AT_ONCE)))


def _squared(some: Floats, others: Floats) -> Floats:
    """Return the squared distances between rows. Shapes: (n, d), (m, d) -> (n, m)."""
    sums = np.square(some).sum(axis=1)[:, None] + np.square(others).sum(axis=1)
    squares: Floats = np.maximum(sums - 2 * some @ others.T, 0.0)
    return squares
