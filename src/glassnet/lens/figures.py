"""What the charts of a report show, as data: binned or sampled, so that a million rows are a small page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_MOMENTS = 600
"""A curve over time has at most so many points; of more, means over equal spans of time are shown."""
BINS = 300
MOST_DOTS = 1_000
"""Of more points than this a grid of counts is drawn."""
GRID = 40
TENTHS = 10
OUTER = (0.005, 0.995)
BAND = (0.1, 0.9)
WITHIN = (0.5, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class TimeCurve:
    """Truth and answers over time, each of shape (m,); ``times`` are seconds since 1970.

    ``rows_each`` is how many rows a point stands for at most: 1, or their mean is shown. ``ends``, (m, 2),
    are prediction intervals; None without them, and for means, of which they say nothing. Where rows have no
    dates, ``by`` is "row", and ``times`` are their numbers, from 1.
    """

    times: Floats
    truth: Floats
    answers: Floats
    rows_each: int
    ends: Floats | None = None
    by: Literal["time", "row"] = "time"


@dataclass(frozen=True)
class Cloud:
    """Answers against truth: points of shape (n,), or a grid of counts, (truth, answers), and its edges."""

    truth: Floats
    answers: Floats
    counts: NDArray[np.int64] | None = None
    edges: Floats | None = None


@dataclass(frozen=True)
class Residuals:
    """How errors (answer - truth) are spread.

    Attributes:
        edges, shares: of the bars, (b + 1,) and (b,); shares are of the rows.
        mean, mean_square: of all errors.
        outside: rows beyond the ends, which are counted in the outermost bars.
        within: pairs of a share of the rows, and by how much they are off at most.
    """

    edges: Floats
    shares: Floats
    mean: float
    mean_square: float
    outside: int
    within: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Tenths:
    """The rows in (about) ten equal parts by their answer, low to high; all of shape (parts,).

    ``answers`` and ``truth`` are means; from ``low`` to ``high`` lie 80 % of the truths. ``ends``,
    (parts, 2), are the mean ends of prediction intervals; None without them.
    """

    answers: Floats
    truth: Floats
    low: Floats
    high: Floats
    ends: Floats | None = None


@dataclass(frozen=True)
class NumberFigures:
    """The charts of one numeric target; ``negative`` counts answers below 0 where no truth is."""

    target: str
    rows: int
    time: TimeCurve | None
    detail: TimeCurve | None
    cloud: Cloud
    residuals: Residuals
    tenths: Tenths
    negative: int


@dataclass(frozen=True)
class Reliability:
    """What was said beside what came true, in (about) ten equal parts; all of shape (parts,).

    Attributes:
        said: the mean probability that was given.
        came_true: the share of the rows in which it was so, from ``low`` to ``high`` with 95 % (Wilson).
        rows: how many.
        of: which probability, in words.
    """

    said: Floats
    came_true: Floats
    low: Floats
    high: Floats
    rows: NDArray[np.int64]
    of: str

    @property
    def off(self) -> NDArray[np.bool_]:
        """Say which parts are off: what was said lies outside the interval of what came true."""
        return (self.said < self.low) | (self.said > self.high)


def number_figures(
    target: str,
    truth: Floats,
    answers: Floats,
    times: Floats | None,
    ends: Floats | None = None,
    by: Literal["time", "row"] = "time",
) -> NumberFigures:
    """Return the charts of one numeric target. Shapes: (n,), and (n, 2) for the ends of intervals.

    ``times`` are seconds since 1970, or by row the numbers of the rows.
    """
    time = None if times is None else time_curve(times, truth, answers, ends)
    detail = None
    if times is not None and time is not None and time.rows_each > 1:
        last = np.sort(np.argsort(times, kind="stable")[-MOST_MOMENTS // 2 :])
        detail = time_curve(times[last], truth[last], answers[last], None if ends is None else ends[last])
    return NumberFigures(
        target=target,
        rows=len(truth),
        time=None if time is None else replace(time, by=by),
        detail=None if detail is None else replace(detail, by=by),
        cloud=_cloud(truth, answers),
        residuals=_residuals(answers - truth),
        tenths=_tenths(truth, answers, ends),
        negative=int(np.count_nonzero(answers < 0)) if truth.min() >= 0 else 0,
    )


def time_curve(times: Floats, truth: Floats, answers: Floats, ends: Floats | None = None) -> TimeCurve | None:
    """Return both over time: up to 600 rows one by one, of more rows the means of moments or equal spans.

    Rows of one moment (the hours of a day that has only its date) are spread until the next one, in their
    order. None where there are fewer than three moments.
    """
    if len(times) <= MOST_MOMENTS and len(np.unique(times)) >= 3:
        order = np.argsort(times, kind="stable")
        band = None if ends is None else ends[order]
        return TimeCurve(_spread(times[order]), truth[order], answers[order], 1, band)
    moments, place, counts = np.unique(times, return_inverse=True, return_counts=True)
    if len(moments) < 3:
        return None
    if len(moments) > MOST_MOMENTS:
        span = (moments[-1] - moments[0]) / BINS
        bins = np.minimum((times - moments[0]) // span, BINS - 1)
        _, place, counts = np.unique(bins, return_inverse=True, return_counts=True)
        moments = np.bincount(place, times) / counts
    means = [np.bincount(place, each) / counts for each in (truth, answers)]
    return TimeCurve(moments, means[0], means[1], int(counts.max()))


def _spread(times: Floats) -> Floats:
    """Place equal ascending times evenly until the next one, the last of them as far as those before.

    Rows are cut off in the middle of a moment too: where the first one has fewer rows than usual, they are
    the last of it, and where the last one has, the first of it.
    """
    moments, first, counts = np.unique(times, return_index=True, return_counts=True)
    steps = np.diff(moments, append=moments[-1] + np.diff(moments).min()) / counts
    within = np.arange(len(times)) - np.repeat(first, counts)
    usual = int(np.median(counts[1:-1]))
    if counts[0] < usual:
        steps[0] *= counts[0] / usual
        within[: counts[0]] += usual - counts[0]
    if counts[-1] < usual:
        steps[-1] *= counts[-1] / usual
    return np.asarray(times + within * np.repeat(steps, counts))


def reliability(chances: Floats, truth: NDArray[Any], classes: tuple[str, ...]) -> Reliability:
    """Return what was said beside what came true: of two classes the second, else the class answered.

    Args:
        chances: (n, k) probabilities.
        truth: (n,) class indices.
        classes: their names.
    """
    if len(classes) == 2:
        said, hit, of = chances[:, 1], truth == 1, f"of {classes[1]}"
    else:
        said, hit, of = chances.max(axis=1), chances.argmax(axis=1) == truth, "of the class that it names"
    parts = _parts(said)
    rows = np.array([len(part) for part in parts])
    means = np.array([said[part].mean() for part in parts])
    shares = np.array([hit[part].mean() for part in parts])
    low, high = wilson(shares, rows)
    return Reliability(means, shares, low, high, rows, of)


def wilson(share: Floats, rows: NDArray[Any], z: float = 1.959964) -> tuple[Floats, Floats]:
    """Return the interval of a share, 95 % by default (E. Wilson, 1927), which is right for few rows too."""
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    reach = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)


def _cloud(truth: Floats, answers: Floats) -> Cloud:
    if len(truth) <= MOST_DOTS:
        return Cloud(truth, answers)
    low, high = min(truth.min(), answers.min()), max(truth.max(), answers.max())
    edges = np.linspace(low, high if high > low else low + 1, GRID + 1)
    counts = np.histogram2d(truth, answers, bins=(edges, edges))[0].astype(np.int64)
    ends = np.array([low, high])
    return Cloud(ends, ends, counts, edges)


def _residuals(errors: Floats) -> Residuals:
    low, high = np.quantile(errors, OUTER) if len(errors) > 200 else (errors.min(), errors.max())
    reach = max(abs(float(low)), abs(float(high))) or 0.5
    edges = np.linspace(-reach, reach, int(np.clip(2 * round(len(errors) ** 0.5 / 2), 10, 40)) + 1)
    outside = int(np.count_nonzero(np.abs(errors) > reach))
    sizes = np.quantile(np.abs(errors), WITHIN).tolist()
    within = tuple(zip(WITHIN, sizes, strict=True))
    counts = np.histogram(np.clip(errors, -reach, reach), edges)[0]
    return Residuals(
        edges, counts / len(errors), float(errors.mean()), float((errors**2).mean()), outside, within
    )


def _tenths(truth: Floats, answers: Floats, ends: Floats | None) -> Tenths:
    parts = _parts(answers)
    spans = np.array([np.quantile(truth[part], BAND) for part in parts])
    means = [np.array([each[part].mean() for part in parts]) for each in (answers, truth)]
    band = None if ends is None else np.array([ends[part].mean(axis=0) for part in parts])
    return Tenths(means[0], means[1], spans[:, 0], spans[:, 1], band)


def _parts(values: Floats) -> list[NDArray[np.int64]]:
    """Cut rows into about ten equal parts by a value; equal values are never parted."""
    order = np.argsort(values, kind="stable")
    count = int(np.clip(len(values) // 8, 1, TENTHS))
    starts = np.unique(np.searchsorted(values[order], values[order][np.arange(count) * len(values) // count]))
    return [part for part in np.split(order, starts) if len(part)]
