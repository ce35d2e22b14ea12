"""How each kind of column becomes input units, and what is kept of the training rows for that.

Every record is frozen and closed: it travels in the model file and refuses values that no fit gives.

    number    (x - mean) / scale, or the normal score of x: in a straight line between knots
    category  one unit per level; missing and the pooled rare levels are levels of their own
    boolean   0 or 1
    date      year as a number; month, weekday and hour one unit per value; day of year as sine and cosine

A column with missing cells in the training rows has one unit more, the indicator, which is 1 where the
cell is missing and the others are 0: its weight is the fill that the net learns. Where training had no
missing cell, a missing one is filled with the training mean of each unit, and a warning says so. A
category that training never saw is the pooled level where there is one, else the average category.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from glassnet.data.cells import LARGEST, MISSING, UNSEEN, Findings, look_up, read_numbers
from glassnet.data.dates import FIRST_YEAR, LAST_YEAR, DateParts, check_format, date_parts, read_dates

if TYPE_CHECKING:
    from numpy.typing import NDArray

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=LARGEST)]
NotNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=LARGEST)]
Score = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-10, le=10)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Flag = Annotated[bool, Field(strict=True)]
PartName = Literal["month", "weekday", "hour"]

FARTHEST = 1e12
"""Standardised numbers beyond this size are refused: no net can answer for them."""
MOST_LEVELS = 100
"""A category keeps this many levels of its own; the rarer ones are pooled."""
MOST_KNOTS = 129
"""A number that is scaled by its rank keeps at most this many values of the training rows."""
MISSING_LEVEL, OTHER_LEVEL = "(missing)", "(other)"
_FALSE = ("false", "no", "n", "f", "off", "0", "否")
_TRUE = ("true", "yes", "y", "t", "on", "1", "是")
WORD_PAIRS = tuple(zip(_FALSE, _TRUE, strict=True))
"""The pairs of words that are false and true, in lower case."""
_PART_VALUES: dict[PartName, range] = {"month": range(1, 13), "weekday": range(1, 8), "hour": range(24)}


class Record(BaseModel):
    """A frozen, closed record: an unknown key or a value out of range is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Column(Record):
    name: str
    missing: Flag
    """Whether training rows had missing cells, so that there is an indicator."""

    @property
    def values(self) -> tuple[str, ...]:
        """The names of the input units that hold the value, without the indicator."""
        return (self.name,)

    @property
    def input_names(self) -> tuple[str, ...]:
        """One name per input unit."""
        return (*self.values, f"{self.name} is missing") if self.missing else self.values

    def _fill(
        self,
        out: NDArray[np.float32],
        empty: NDArray[np.bool_],
        means: tuple[float, ...],
        log: Findings,
        by: str = "mean",
    ) -> None:
        """Write the units of missing cells: the indicator if there is one, else the training means."""
        out[empty, : len(means)] = 0.0 if self.missing else means
        if self.missing:
            out[:, -1] = empty
        else:
            log.fill(self.name, int(empty.sum()), _FILLED.format(by))


_FILLED = "missing cells (training had none) are filled with the training {}"


class NumberColumn(_Column):
    """A number, standardised with the mean and the standard deviation of the training rows, or by its rank.

    With ``knots`` it is placed in a straight line between them, from ``scores`` to ``scores``, and at the
    first or the last score beyond them: skewed numbers and outliers come out as even as normal ones.
    """

    kind: Literal["number"] = "number"
    mean: Finite
    scale: Positive
    knots: Annotated[tuple[Finite, ...], Field(max_length=MOST_KNOTS)] = ()
    """Values of the training rows, ascending; none where the number is standardised."""
    scores: Annotated[tuple[Score, ...], Field(max_length=MOST_KNOTS)] = ()
    """What each knot becomes: the normal quantile of the middle of its ranks, ascending."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.knots) != len(self.scores) or len(self.knots) == 1:
            raise ValueError("there must be one score for each knot, and none or several")
        if any(sorted(set(each)) != list(each) for each in (self.knots, self.scores)):
            raise ValueError("knots and scores must ascend")
        return self

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return numbers as the net takes them in, shape (rows,); NaN stays NaN."""
        if self.knots:
            return np.interp(values, self.knots, self.scores)
        return (values - self.mean) / self.scale

    def encode(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write a block of cells into ``out``, shape (rows, units), noting what cannot be read."""
        values = checked_numbers(cells, log)
        with np.errstate(all="ignore"):
            far = np.abs((values - self.mean) / self.scale) > FARTHEST
            do = f"correct it: training had a mean of {self.mean:g} and a deviation of {self.scale:g}"
            log.unreadable(cells, far, "must be a number such as those in training", do)
            out[:, 0] = self.scaled(values)
        self._fill(out, np.isnan(values), (0.0,), log, "median" if self.knots else "mean")

    def codes(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write the raw numbers, NaN where missing."""
        out[:, 0] = checked_numbers(cells, log)


def checked_numbers(cells: pl.Series, log: Findings) -> NDArray[np.float64]:
    """Read a block of cells as numbers of at most 1e30 in size, noting those that are not; NaN if missing."""
    values, unreadable = read_numbers(cells)
    log.unreadable(cells, unreadable, "must be a number", "write a number or leave the cell empty")
    large = np.abs(values) > LARGEST
    log.unreadable(cells, large, f"must be a number of at most {LARGEST:g} in size", "correct it")
    return np.where(large, np.nan, values) if large.any() else values


class CategoryColumn(_Column):
    """A category with the levels of the training rows, each with its share of them."""

    kind: Literal["category"] = "category"
    levels: Annotated[tuple[str, ...], Field(max_length=MOST_LEVELS)]
    other: Flag
    """Whether rare levels were pooled."""
    shares: Annotated[tuple[Share, ...], Field(min_length=1, max_length=MOST_LEVELS + 2)]
    """The share of training rows of each level, of missing cells and of pooled ones, in that order."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.levels)) != len(self.levels) or "" in self.levels:
            raise ValueError("levels must be distinct and not empty")
        if len(self.shares) != len(self.values) or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("there must be one share for each level, together 1")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """One unit per level; missing and pooled levels are units like the others."""
        pooled = (MISSING_LEVEL,) * self.missing + (OTHER_LEVEL,) * self.other
        return tuple(f"{self.name}={level}" for level in (*self.levels, *pooled))

    @property
    def input_names(self) -> tuple[str, ...]:
        """One name per input unit."""
        return self.values

    def places(self, cells: pl.Series) -> NDArray[np.int64]:
        """Return the unit of each cell, shape (rows,); MISSING or UNSEEN where there is none for it."""
        places = look_up(cells, {level: place for place, level in enumerate(self.levels)})
        if self.missing:
            places = np.where(places == MISSING, len(self.levels), places)
        return np.where(places == UNSEEN, len(self.shares) - 1, places) if self.other else places

    def encode(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write a block of cells into ``out``, shape (rows, units), noting what is filled in."""
        places = self.places(cells)
        out[:] = 0.0
        known = np.flatnonzero(places >= 0)
        out[known, places[known]] = 1.0
        out[places < 0] = self.shares
        log.fill(self.name, int((places == MISSING).sum()), _FILLED.format("mean"))
        log.fill(self.name, int((places == UNSEEN).sum()), _AVERAGED)

    def codes(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write the unit's index, NaN where there is none."""
        places = self.places(cells)
        out[:, 0] = np.where(places < 0, np.nan, places)


_AVERAGED = "cells with categories never seen in training are taken as the average category"


class BooleanColumn(_Column):
    """One of two words: 0 for the first, 1 for the second. Upper and lower case are the same."""

    kind: Literal["boolean"] = "boolean"
    words: tuple[str, str]
    share: Share
    """The share of ones among the training rows that are not missing."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.words[0] == self.words[1] or any(word != word.lower() for word in self.words):
            raise ValueError("words must differ and be in lower case")
        return self

    def codes(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write 0 or 1, NaN where missing, noting the cells that are neither."""
        places = look_up(cells, boolean_words(self.words), fold=True)
        must = f"must be {self.words[0]} or {self.words[1]}"
        do = f"correct it, or train with the role {self.name}=category"
        log.unreadable(cells, places == UNSEEN, must, do)
        out[:, 0] = np.where(places < 0, np.nan, places)

    def encode(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write a block of cells into ``out``, shape (rows, units), noting what cannot be read."""
        self.codes(cells, out, log)
        self._fill(out, np.isnan(out[:, 0]), (self.share,), log)


def boolean_words(words: tuple[str, str]) -> dict[str, int]:
    """Return all words understood as 0 and as 1; every known pair if ``words`` is one of them."""
    pairs = WORD_PAIRS if words in WORD_PAIRS else (words,)
    return {word: truth for pair in pairs for truth, word in enumerate(pair)}


class DatePart(Record):
    """A part of a date with one unit for each value that the training rows have; others are 0 in all."""

    part: PartName
    values: Annotated[tuple[Annotated[int, Field(strict=True)], ...], Field(min_length=2, max_length=24)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = _PART_VALUES[self.part]
        if any(value not in known for value in self.values) or list(self.values) != sorted(set(self.values)):
            raise ValueError(f"values of {self.part} must ascend and be from {known[0]} to {known[-1]}")
        return self


class Year(Record):
    """The year as a number: mean and standard deviation of the training rows."""

    mean: Annotated[float, Field(strict=True, ge=FIRST_YEAR, le=LAST_YEAR)]
    scale: Annotated[float, Field(strict=True, ge=1e-6, le=LAST_YEAR)]


def part_of(parts: DateParts, name: PartName) -> NDArray[np.float64]:
    """Return one part of the dates by its name."""
    return {"month": parts.month, "weekday": parts.weekday, "hour": parts.hour}[name]


def date_units(
    parts: DateParts, year: Year | None, one_hot: tuple[DatePart, ...], day_of_year: bool
) -> list[NDArray[np.float64]]:
    """Return the input units of dates, each of shape (rows,)."""
    units = [(parts.year - year.mean) / year.scale] if year else []
    for each in one_hot:
        part = part_of(parts, each.part)
        units += [(part == value).astype(np.float64) for value in each.values]
    return [*units, np.sin(parts.angle), np.cos(parts.angle)] if day_of_year else units


class DateColumn(_Column):
    """A date, a date with time, or a time of day, taken apart; parts constant in training are left out."""

    kind: Literal["date"] = "date"
    format: str | None
    year: Year | None
    parts: Annotated[tuple[DatePart, ...], Field(max_length=3)]
    day_of_year: Flag
    means: Annotated[tuple[Finite, ...], Field(max_length=64)]
    """The training mean of each unit."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.format is not None and check_format(self.format):
            raise ValueError("format must be a date format")
        if len({each.part for each in self.parts}) != len(self.parts):
            raise ValueError("parts must be distinct")
        if len(self.means) != len(self.values):
            raise ValueError("there must be one mean for each unit")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """One unit for the year, one per value of the other parts, two for the day of the year."""
        names = ["year"] if self.year else []
        names += [f"{each.part}={value}" for each in self.parts for value in each.values]
        names += ["day of year (sine)", "day of year (cosine)"] if self.day_of_year else []
        return tuple(f"{self.name} {each}" for each in names)

    def read(self, cells: pl.Series, log: Findings) -> tuple[DateParts, NDArray[np.bool_]]:
        """Read a block of cells, noting those that cannot be read; the parts, and which are missing."""
        dates, unreadable = read_dates(cells, self.format)
        needs_date = self.year or self.day_of_year or any(each.part != "hour" for each in self.parts)
        if dates.dtype == pl.Time and needs_date:
            unreadable = dates.is_not_null().to_numpy()
        must = f"must be a date written {self.format or 'as in 2024-01-31 or 2024-01-31 12:00:00'}"
        log.unreadable(cells, unreadable, must, "correct it or leave the cell empty")
        return date_parts(dates), dates.is_null().to_numpy()

    def encode(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write a block of cells into ``out``, shape (rows, units), noting what cannot be read."""
        parts, empty = self.read(cells, log)
        units = date_units(parts, self.year, self.parts, self.day_of_year)
        for place, unit in enumerate(units):
            out[:, place] = unit
        self._fill(out, empty, self.means, log)

    @property
    def code_names(self) -> tuple[str, ...]:
        """The parts that :meth:`codes` writes, one column each."""
        year = ("year",) if self.year else ()
        return (*year, *(each.part for each in self.parts), *(("day of year",) * self.day_of_year))

    def codes(self, cells: pl.Series, out: NDArray[np.float32], log: Findings) -> None:
        """Write the parts as plain numbers, NaN where missing."""
        parts, _ = self.read(cells, log)
        columns = [parts.year] if self.year else []
        columns += [part_of(parts, each.part) for each in self.parts]
        columns += [parts.angle] if self.day_of_year else []
        for place, column in enumerate(columns):
            out[:, place] = column


Column = Annotated[NumberColumn | CategoryColumn | BooleanColumn | DateColumn, Field(discriminator="kind")]
