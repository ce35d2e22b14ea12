"""How far a score could be off: bootstrap intervals that resample whole units.

A test set is one draw out of many that could have been drawn. The bootstrap imitates drawing again: as many
units as there are, with replacement, and the spread of the scores is the interval (B. Efron, 1979,
"Bootstrap methods: another look at the jackknife"; percentile intervals). Rows that belong together, such as
the hours of one day, are drawn together: drawn one by one they would pass for independent news and the
interval would come out too narrow.

The draws are a function of the seed and the number of units alone. So every model scored on the same rows
meets the same resamples, and their intervals can be compared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from glassnet.metrics.classification import classification_resamples
from glassnet.metrics.regression import regression_resamples
from glassnet.metrics.rows import CLASS_TASKS
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.metrics.rows import Rows

RESAMPLES = 1_000
COVERAGE = 0.95
# More units than this are folded at random into so many. Independent units put together at random are again
# independent units, and the spread of a sum is the same in either count; estimating it from 10,000 folds adds
# an error of 1 / sqrt(2 x 10,000) = 0.7 % to the width. Memory and time stop growing there.
MOST_UNITS = 10_000
# With many classes or outputs there are fewer folds, so that units x columns stays below this.
MOST_CELLS = 2_000_000
FEWEST_FOLDS = 500
# A score that more than this share of resamples cannot have, such as an AUC without positive rows, has no
# interval: that of the rest would leave out the very draws that make it uncertain.
MOST_UNDEFINED = 0.05


def scores_of_resamples(
    rows: Rows, unit: NDArray[np.int64], counts: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Score every resample: (n,) unit of each row, (resamples, units) draws -> metric to (resamples,)."""
    scored = classification_resamples if rows.task in CLASS_TASKS else regression_resamples
    return scored(rows, unit, counts)


def row_scores(rows: Rows) -> dict[str, float]:
    """Score the rows themselves, the one resample that draws all once; undefined metrics are absent."""
    scores = scores_of_resamples(rows, np.zeros(len(rows.truth), dtype=np.int64), np.ones((1, 1)))
    return {name: float(value[0]) for name, value in scores.items() if np.isfinite(value[0])}


def row_intervals(rows: Rows, seed: int, resamples: int = RESAMPLES) -> dict[str, tuple[float, float]]:
    """Return metric to the (low, high) of its 95 % interval.

    A metric is absent where there is only one unit, or where over 5 % of the resamples cannot have it.
    """
    unit, counts = drawn_units(rows, seed, resamples)
    if counts.shape[1] < 2:
        return {}
    scores = scores_of_resamples(rows, unit, counts)
    return {name: percentiles(values) for name, values in scores.items() if _is_mostly_defined(values)}


def drawn_units(
    rows: Rows, seed: int, resamples: int = RESAMPLES
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the unit of each row, (n,), and how often each resample draws each unit, (resamples, units).

    Both depend on the units and the seed alone, so two models on the same rows meet the same draws. One unit
    means that nothing can be resampled.
    """
    unit = _folded_units(rows, seed)
    return unit, _draws(seed, int(unit.max()) + 1, resamples)


def percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the (low, high) between which 95 % of the finite values lie. Shape: (resamples,)."""
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(values[np.isfinite(values)], [tail, 1 - tail])
    return float(low), float(high)


def units_of(rows: Rows) -> int:
    """Count the independent units among the rows."""
    return len(rows.truth) if rows.unit is None else int(rows.unit.max()) + 1


def _folded_units(rows: Rows, seed: int) -> NDArray[np.int64]:
    """Return the unit of each row, at most as many as the limits allow. Shape: (n,)."""
    columns = rows.prediction.shape[1] if rows.prediction.ndim == 2 else 1
    limit = int(np.clip(MOST_CELLS // columns, FEWEST_FOLDS, MOST_UNITS))
    units = units_of(rows)
    unit = np.arange(units) if rows.unit is None else rows.unit
    if units <= limit:
        return unit
    fold = stream(seed, "bootstrap", "fold").permutation(units) % limit
    return fold[unit]


@lru_cache(maxsize=1)
def _draws(seed: int, units: int, resamples: int) -> NDArray[np.float64]:
    """Return how often each resample draws each unit. Shape: (resamples, units), its rows sum to units.

    A network and its baselines are scored on the same draws one after the other, so the last ones are kept.
    """
    chance = stream(seed, "bootstrap")
    counts = np.empty((resamples, units))
    for resample in counts:
        resample[:] = np.bincount(chance.integers(0, units, units), minlength=units)
    counts.setflags(write=False)
    return counts


def _is_mostly_defined(values: NDArray[np.float64]) -> bool:
    return float(np.mean(~np.isfinite(values))) <= MOST_UNDEFINED
