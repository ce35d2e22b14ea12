"""Do prediction intervals hold what they promise? Their coverage on rows that had no part in making them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from glassnet.metrics.conformal import Conformal, effective_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ASKED = 0.9
"""The coverage at which a run judges its intervals."""
_Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True)
class Coverage:
    """How often intervals held the truth.

    Attributes:
        asked: the coverage that they were made for.
        coverage: the share of rows, by weight, whose truth they hold; the mean over targets.
        interval: where that share lies with 95 % confidence; None for one day or group alone.
        mean_width: by weight, in the user's units; the mean over targets.
    """

    asked: float
    coverage: float
    interval: tuple[float, float] | None
    mean_width: float

    # It travels in the model file, where an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    @property
    def outcome(self) -> Literal["as asked", "too narrow", "too wide"]:
        """Whether the share is as asked, or the rows can tell it from that."""
        low, high = self.interval or (0.0, 1.0)
        if low <= self.asked <= high:
            return "as asked"
        return "too narrow" if high < self.asked else "too wide"

    def sentence(self, split: str) -> str:
        """Say it in plain words."""
        low, high = (100 * each for each in self.interval or (0.0, 1.0))
        shown = f" [{low:.1f}, {high:.1f}]" if self.interval else ""
        held = f"hold {100 * self.coverage:.1f} %{shown} of the {split} rows"
        return f"{100 * self.asked:.0f} % intervals {held}; mean width {self.mean_width:.4g}"

    def note(self, split: str) -> str | None:
        """Return what to distrust, where the share is not as asked."""
        if self.outcome == "as asked":
            return None
        return (
            f"the {100 * self.asked:.0f} % intervals, whose widths come from the validation rows, "
            f"are {self.outcome} for the {split} rows"
        )


def ends_asked(conformal: Conformal | None, prediction: Floats) -> Floats | None:
    """Return the 90 % intervals of predictions, or None where there can be none. Shape: (n, 2, ...)."""
    if conformal is None or conformal.most_coverage < ASKED:
        return None
    return np.stack(conformal.interval(prediction, ASKED), axis=1)


def coverage_of(
    truth: NDArray[np.float64],
    ends: Floats | None,
    asked: float = ASKED,
    *,
    unit: NDArray[np.int64] | None = None,
    weight: Floats | None = None,
) -> Coverage | None:
    """Measure intervals on rows with a known truth; None without intervals.

    The confidence interval is Wilson's (E. B. Wilson, 1927, Journal of the American Statistical Association
    22), which is honest at 100 % too, for as many independent rows as would leave the share as uncertain as
    these units do.

    Args:
        truth: (n,) or (n, t).
        ends: (n, 2) or (n, 2, t), lower and upper ends.
        asked: the coverage that they were made for.
        unit: (n,), equal for rows that belong together; None: every row by itself.
        weight: (n,), 0 or above and not all 0; None: all alike.
    """
    if ends is None:
        return None
    rows, low, high = len(truth), ends[:, 0], ends[:, 1]
    weights = np.ones(rows) if weight is None else weight / weight.max()
    held = ((low <= truth) & (truth <= high)).reshape(rows, -1).mean(axis=1)
    share = float(np.average(held, weights=weights))
    units = np.arange(rows) if unit is None else np.unique(unit, return_inverse=True)[1]
    width = float(np.average((high - low).reshape(rows, -1).mean(axis=1), weights=weights))
    return Coverage(asked, share, _wilson(share, held, weights, units), width)


def _wilson(
    share: float, held: Floats, weight: Floats, unit: NDArray[np.int64]
) -> tuple[float, float] | None:
    sizes = np.bincount(unit, weight).astype(np.float64)
    sizes = sizes[sizes > 0]
    if len(sizes) < 2:
        return None
    off = np.bincount(unit, weight * (held - share))
    variance = float(np.sum(off**2)) / weight.sum() ** 2 * len(sizes) / (len(sizes) - 1)
    rows = effective_rows(weight)
    alone = share * (1 - share) / max(rows - 1, 1e-9)  # the variance if no rows belonged together
    seen = rows * min(1.0, alone / variance) if variance > 0 else effective_rows(sizes)
    return wilson(share, seen)


def wilson(share: float, rows: float) -> tuple[float, float]:
    """Return where a share lies with 95 % confidence that was seen in so many independent rows."""
    centre = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * np.sqrt(share * (1 - share) / rows + (_Z / (2 * rows)) ** 2)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
