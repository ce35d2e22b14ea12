"""What the net learns to answer: numbers in the user's units, or classes by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from glassnet.data.cells import LARGEST, UNSEEN, Findings, look_up, plain
from glassnet.data.columns import FARTHEST, Finite, Flag, NotNegative, Positive, Record, checked_numbers
from glassnet.recipe import TargetScale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_CLASSES = 10_000
LEAST_NUMBER = 1e-30
"""The least number whose logarithm is taken."""


def note_missing(cells: pl.Series, log: Findings) -> None:
    """Note the missing cells of a target."""
    missing = plain(cells).is_null().to_numpy()
    do = "give it a value or take the row out"
    log.unreadable(cells, missing, "must have a value, because it is the target", do)


def read_target_numbers(cells: pl.Series, counts: bool, log: Findings) -> NDArray[np.float64]:
    """Read a block of cells as numbers, shape (rows,), noting missing and wrong ones and negative counts."""
    note_missing(cells, log)
    values = checked_numbers(cells, log)
    if counts:
        do = "correct it or choose the task regression"
        log.unreadable(cells, values < 0, "must be 0 or above, because it is a count", do)
    return values


class NumberTarget(Record):
    """A number to be predicted, with the mean and the standard deviation of the training rows.

    Counts (``counts``) are learned as multiples of their mean, because the net predicts the logarithm of
    their rate, and thus begins at the right level.

    On the scale ``sqrt`` the net learns the square root of the number, on ``log`` the logarithm of the number
    plus ``shift``; mean and standard deviation are then those of the roots or logarithms. Numbers below 0
    count as 0 on ``sqrt``, those without a logarithm as the least that has one on ``log``.
    """

    kind: Literal["number"] = "number"
    name: str
    mean: Finite
    scale: Positive
    counts: Flag = False
    on: TargetScale = "plain"
    shift: NotNegative = 0.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.counts and not self.mean > 0:
            raise ValueError("the mean of counts must be above 0")
        if self.counts and self.on != "plain":
            raise ValueError("counts must be on the plain scale")
        if self.shift and self.on != "log":
            raise ValueError("a shift must belong to the scale log")
        return self

    def read(self, cells: pl.Series, log: Findings) -> NDArray[np.float64]:
        """Read a block of cells in the user's units, shape (rows,), noting missing and wrong ones."""
        values = read_target_numbers(cells, self.counts, log)
        with np.errstate(all="ignore"):
            far = np.abs(self.encode(values)) > FARTHEST
        log.unreadable(
            cells, far & (not self.counts), "must be a number such as those in training", "correct it"
        )
        return values

    def encode(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn the user's units into what the net learns, any shape; what a scale lacks becomes its least."""
        if self.counts:
            return values / self.mean
        return (_on_scale(values, self.on, self.shift) - self.mean) / self.scale

    def decode(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn what the net answers (for counts: the rate / mean) into the user's units, any shape."""
        if self.counts:
            return outputs * self.mean
        values = outputs * self.scale + self.mean
        if self.on == "sqrt":
            return np.square(np.maximum(values, 0.0))
        if self.on == "log":
            return np.maximum(np.exp(np.minimum(values, _MOST_LOG)) - self.shift, 0.0)
        return values

    def rescaled(self, on: TargetScale, values: NDArray[np.float64]) -> NumberTarget:
        """Return the same target on another scale, fitted on training values in the user's units.

        On ``sqrt`` and ``log`` they must be 0 or above, and vary there too.
        """
        shift = 0.0
        if on == "log" and values.min() == 0:
            shift = float(values[values > 0].min())
        scaled = _on_scale(values, on, shift)
        return NumberTarget(
            name=self.name, mean=float(scaled.mean()), scale=float(scaled.std()), on=on, shift=shift
        )


_MOST_LOG = float(np.log(LARGEST))


def _on_scale(values: NDArray[np.float64], on: TargetScale, shift: float) -> NDArray[np.float64]:
    if on == "sqrt":
        return np.sqrt(np.maximum(values, 0.0))
    if on == "log":
        return np.log(np.maximum(values + shift, LEAST_NUMBER))
    return values


Written = Literal["text", "whole number", "number", "boolean"]
_WRITTEN: dict[Written, re.Pattern[str]] = {
    "boolean": re.compile("false|true"),
    "whole number": re.compile(r"-?\d{1,18}"),
    "number": re.compile(r"-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,2})?"),
    "text": re.compile("(?s:.*)"),
}


def way_written(levels: Sequence[str]) -> Written:
    """Return the narrowest way in which all levels are written.

    >>> way_written(["0", "1"]), way_written(["0.5", "1"]), way_written(["cat", "1"])
    ('whole number', 'number', 'text')
    """
    return next(way for way, shape in _WRITTEN.items() if all(shape.fullmatch(each) for each in levels))


class ClassTarget(Record):
    """A class to be predicted: its levels in order, as text in one spelling.

    ``written`` is how the levels were written in the training rows, so that answers are given the same
    way; in booleans (``fold``) upper and lower case are the same.
    """

    kind: Literal["class"] = "class"
    name: str
    levels: Annotated[tuple[str, ...], Field(min_length=2, max_length=MOST_CLASSES)]
    written: Written = "text"
    fold: Flag = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({self._folded(level) for level in self.levels}) != len(self.levels) or "" in self.levels:
            raise ValueError("levels must be distinct and not empty")
        if not all(_WRITTEN[self.written].fullmatch(level) for level in self.levels):
            raise ValueError(f"levels must be written as {self.written}")
        return self

    def _folded(self, level: str) -> str:
        return level.lower() if self.fold else level

    def read(self, cells: pl.Series, log: Findings) -> NDArray[np.int64]:
        """Read a block of cells as class indices, shape (rows,), noting missing and unseen classes."""
        places = {self._folded(level): place for place, level in enumerate(self.levels)}
        found = look_up(cells, places, fold=self.fold)
        note_missing(cells, log)
        shown = ", ".join(self.levels[:10]) + (", ..." if len(self.levels) > 10 else "")
        do = "correct it, take the row out, or train with rows of this class"
        log.unreadable(cells, found == UNSEEN, f"must be a class of the training rows ({shown})", do)
        return found

    def decode(self, places: NDArray[np.int64]) -> NDArray[np.generic]:
        """Turn class indices into levels as they were written: text, int64, float64 or bool."""
        levels = list(self.levels)
        if self.written == "whole number":
            return np.array([int(level) for level in levels], dtype=np.int64)[places]
        if self.written == "number":
            return np.array([float(level) for level in levels])[places]
        if self.written == "boolean":
            return np.array([level == "true" for level in levels])[places]
        return np.array(levels, dtype=object)[places]


Target = Annotated[NumberTarget | ClassTarget, Field(discriminator="kind")]
