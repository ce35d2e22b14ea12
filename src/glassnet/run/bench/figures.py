"""Measured numbers: rounds in turn, medians, quartiles and ratios, and how they are written."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Work = Callable[[int], int]
"""Does at least so many units of work and returns how many it did."""


@dataclass(frozen=True)
class Figure:
    """One number, measured once in each round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between which numbers the middle half of the values lies; with one value that value twice."""
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high

    def scaled(self, factor: float) -> Figure:
        """Return the same in another unit."""
        return Figure(tuple(factor * value for value in self.values))

    def over(self, own: Figure) -> Figure:
        """Return how many times ``own`` this is, round by round: what slowed a round slowed both."""
        return Figure(tuple(value / base for value, base in zip(self.values, own.values, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """Return median, quartiles and the values themselves, as JSON values."""
        return {"median": self.median, "quartiles": list(self.quartiles), "values": list(self.values)}


def number(value: float) -> str:
    """Write a positive number with three digits that count.

    >>> number(0.01234), number(1.5), number(17.26), number(1234.5)
    ('0.0123', '1.50', '17.3', '1,234')
    """
    decimals = next((each for each, limit in ((0, 100), (1, 10), (2, 1), (3, 0.1)) if value >= limit), 4)
    return f"{value:,.{decimals}f}"


def spread(figure: Figure) -> str:
    """Write the median and, in brackets, the quartiles.

    >>> spread(Figure((10.0, 12.0, 11.0)))
    '11.0 [10.5, 11.5]'
    """
    low, high = figure.quartiles
    return f"{number(figure.median)} [{number(low)}, {number(high)}]"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns, the header first; the first column is text, the others are figures."""
    return "\n".join(_lines(rows))


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield "   ".join([first.ljust(widths[0]), *cells]).rstrip()


def timed(work: Work, units: int) -> tuple[float, int]:
    """Return the seconds of this much work, and how much it was."""
    began = time.perf_counter()
    done = work(units)
    return time.perf_counter() - began, done


def units_within(work: Work, seconds: float) -> int:
    """Return about how many units of work fit into the time, at least 1."""
    units = 1
    while True:
        took, done = timed(work, units)
        if took >= seconds / 4:
            return max(1, round(done * seconds / took))
        units = 4 * done


def in_turn(
    measures: Mapping[str, Callable[[], float]], rounds: int, progress: Callable[[str], None]
) -> dict[str, Figure]:
    """Measure everything once in each round, one after the other."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for index in range(rounds):
        for name, measure in measures.items():
            progress(f"round {index + 1} of {rounds}: {name}")
            found[name].append(measure())
    return {name: Figure(tuple(values)) for name, values in found.items()}
