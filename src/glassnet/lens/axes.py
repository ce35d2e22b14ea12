"""Axes: where a value lies between the two ends of a drawing, and which round values stand beside it.

An axis of numbers begins and ends at round values outside the data, so that nothing lies over its edges.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

HOUR, DAY = 3600.0, 86_400.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TIME_STEPS = (60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 12000)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Axis:
    """One axis: its two ends, its ticks with their labels, its title; ``log`` counts in powers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    title: str
    log: bool = False

    def places(self, values: ArrayLike) -> Floats:
        """Return where values lie, from 0 at ``low`` to 1 at ``high``."""
        ends = np.array([self.low, self.high])
        given = np.asarray(values, dtype=np.float64)
        if self.log:
            ends, given = np.log(ends), np.log(np.maximum(given, self.low))
        return np.asarray(np.clip((given - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0))

    def place(self, value: float) -> float:
        """Return where one value lies."""
        return float(self.places(value))


def number_axis(
    values: ArrayLike,
    title: str,
    *,
    count: int = 5,
    zero: bool = False,
    whole: bool = False,
    tight: bool = False,
) -> Axis:
    """Return an axis of numbers around the finite ones of ``values``.

    Args:
        values: what has to lie on it, any shape.
        title: what the numbers are.
        count: about how many ticks.
        zero: whether 0 has to lie on it.
        whole: ticks are whole numbers.
        tight: end at the values, not at ticks beyond them.

    >>> number_axis([3, 97], "rides").labels
    ('0', '20', '40', '60', '80', '100')
    >>> number_axis([0, 23], "hour", tight=True).labels
    ('0', '5', '10', '15', '20')
    """
    known = np.asarray(values, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        reach = abs(low) / 10 or 0.5
        low, high = low - reach, high + reach
    step = _round_step((high - low) / count)
    step = max(1.0, round(step)) if whole else step
    if tight:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    else:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(step * each for each in range(first, last + 1))
    ends = (low, high) if tight else (ticks[0], ticks[-1])
    return Axis(*ends, ticks, _labels(ticks, step), title)


def share_axis(values: ArrayLike, title: str, *, count: int = 5, zero: bool = False) -> Axis:
    """Return an axis of shares from 0 to 1 whose ticks are in percent.

    >>> share_axis([0.42, 0.97], "accuracy").labels
    ('40 %', '60 %', '80 %', '100 %')
    """
    axis = number_axis(100 * np.asarray(values, dtype=np.float64), title, count=count, zero=zero)
    ticks, labels = (each / 100 for each in axis.ticks), (f"{each} %" for each in axis.labels)
    return Axis(axis.low / 100, axis.high / 100, tuple(ticks), tuple(labels), title)


def log_axis(values: ArrayLike, title: str) -> Axis:
    """Return an axis in powers of ten around numbers above 0; steep curves can be read on it."""
    known = np.asarray(values, dtype=np.float64).ravel()
    known = known[np.isfinite(known) & (known > 0)]
    low, high = math.floor(math.log10(known.min())), math.ceil(math.log10(known.max()))
    low, high = (low, high) if high > low else (low - 1, high + 1)
    marks = (1, 2, 5) if high - low <= 3 else (1,)
    every = max(1, (high - low) // 6)
    ticks = [m * 10.0**p for p in range(low, high + 1, every) for m in marks]
    # The axis ends at the marks beside the data: a whole power of ten may leave half the drawing empty.
    first = max((each for each in ticks if each <= known.min()), default=10.0**low)
    last = min((each for each in ticks if each >= known.max()), default=10.0**high)
    kept = tuple(each for each in ticks if first <= each <= last)
    return Axis(first, last, kept, tuple(f"{each:g}" for each in kept), title, log=True)


def time_axis(times: ArrayLike, title: str, *, count: int = 6) -> Axis:
    """Return an axis of times, in seconds since 1970, from the first to the last."""
    known = np.asarray(times, dtype=np.float64)
    low, high = float(known.min()), float(known.max())
    if high <= low:
        low, high = low - HOUR, high + HOUR
    step = next((each for each in _TIME_STEPS if (high - low) / each <= count), None)
    if step is not None:
        first, last = math.ceil(low / step), math.floor(high / step)
        ticks = tuple(float(step * each) for each in range(first, last + 1))
    else:
        ticks = _months(low, high, count)
    return Axis(low, high, ticks, _time_labels(ticks, step), title)


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is: an ordinary letter is 0.6 of its size, a wide one as wide as it."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return size * (0.6 * (len(text) - wide) + wide)


def fitted(text: str, width: float, size: float) -> str:
    """Return a text, cut at its end where it is wider than that.

    >>> fitted("temperature", 40, 12)
    'tempe…'
    """
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width + size / 2:
        text = text[:-1]
    return text + "…"


def _round_step(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return size * next(each for each in _STEPS if each * size >= step * (1 - 1e-9))


def _labels(ticks: tuple[float, ...], step: float) -> tuple[str, ...]:
    """Write ticks alike: with as many decimals as their step needs."""
    largest = max(abs(ticks[0]), abs(ticks[-1]))
    if largest >= 1e9 or (0 < largest < 1e-4):
        return tuple(f"{0.0 if abs(each) < step / 2 else each:.6g}".replace("-", "−", 1) for each in ticks)
    size, sign = (1e6, "M") if largest >= 1e6 else (1.0, "")
    decimals = next(n for n in range(13) if abs(round(step / size, n) - step / size) < step / size * 1e-6)
    texts = (f"{each / size + 0.0:,.{decimals}f}{sign if each else ''}" for each in ticks)
    return tuple(text.replace("-", "−", 1) if text.startswith("-") else text for text in texts)


def _months(low: float, high: float, count: int) -> tuple[float, ...]:
    months = (high - low) / (30.44 * DAY)
    step = next((each for each in _MONTH_STEPS if months / each <= count), _MONTH_STEPS[-1])
    start, end = (
        np.floor(np.array([low, high]) / DAY).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    )
    whole = np.arange(-(-int(start) // step) * step, int(end) + 1, step).astype("datetime64[M]")
    seconds: list[float] = whole.astype("datetime64[s]").astype(np.float64).tolist()
    return tuple(each for each in seconds if low <= each <= high)


def _time_labels(ticks: tuple[float, ...], step: float | None) -> tuple[str, ...]:
    dates = [_EPOCH + timedelta(seconds=each) for each in ticks]
    if step is None:
        if all(each.month == 1 for each in dates):
            return tuple(f"{each.year}" for each in dates)
        return tuple(f"{_MONTHS[each.month - 1]} {each.year}" for each in dates)
    if step < DAY:
        return tuple(
            f"{each.hour:02}:{each.minute:02}" if each.hour or each.minute else _day(each) for each in dates
        )
    return tuple(map(_day, dates))


def _day(date: datetime) -> str:
    return f"{date.day} {_MONTHS[date.month - 1]}"
