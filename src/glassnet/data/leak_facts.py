"""What the search for leaks sees of a column, and the few statistics that its checks share.

Everything works on ranks or on codes, so that units, skew and a few wild cells do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import polars as pl

from glassnet.data.cells import LARGEST, canonical_text, read_numbers
from glassnet.data.dates import read_dates
from glassnet.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from glassnet.data.roles import ColumnRole
    from glassnet.data.table import Table

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

LeakKind = Literal["leak", "kept_leak", "identifier", "group", "near_duplicates", "time"]
INPUT_ROLES = ("number", "category", "boolean", "date")
FEW = 32
"""A column of at most this many different values is looked at value by value, one of more as a number."""
BINS = 10
ROWS = 20_000
"""Training rows that columns are judged by."""
SURE = 4.5
"""Standard deviations from chance (3 in a million) that count as a connection, however many columns."""


@dataclass(frozen=True)
class Leak:
    """One way in which answers leak into the inputs, or test rows into the training rows.

    Attributes:
        kind: ``leak`` (columns that give the target away and are left out), or one of the warnings:
            ``kept_leak`` (the same, kept by the user), ``identifier``, ``group``, ``near_duplicates``,
            ``time``.
        columns: the columns at fault, every one of them; empty for ``near_duplicates``.
        finding: what was found, in a few words: ``casual + registered = cnt``.
        sentence: what was found, in figures, and what to do.
        evidence: the figures that it rests on, by name; shares are from 0 to 1.
    """

    kind: LeakKind
    columns: tuple[str, ...]
    finding: str
    sentence: str
    evidence: dict[str, float] = field(default_factory=dict)

    # It travels in the model file, where an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    @property
    def gives_away(self) -> bool:
        """Whether its columns give the target away, left out or kept."""
        return self.kind in ("leak", "kept_leak")

    @property
    def warning(self) -> str | None:
        """The warning under its name; None where nothing is wrong any more, as the columns are left out."""
        return None if self.kind == "leak" else f"{self.kind.replace('_', ' ')}: {self.sentence}"


@dataclass(frozen=True)
class Seen:
    """Some rows of one column.

    Attributes:
        numbers: shape (rows,), NaN where missing; None for text. Dates are days since 1970.
        codes: shape (rows,), 0 to ``levels`` - 1 in the order of the values, missing cells the last.
        empty: shape (rows,), true where the cell is missing.
    """

    name: str
    role: str
    numbers: Floats | None
    codes: Codes
    empty: Mask

    @property
    def levels(self) -> int:
        """How many different values there are, a missing cell being one of them."""
        return int(self.codes.max()) + 1


@dataclass(frozen=True)
class Sides:
    """The rows of both sides of a split: positions that count on through all tables, ascending.

    ``name`` is what the rows held back are: those of the test, or without any those of the validation.
    """

    tables: Sequence[Table]
    train: Codes
    held: Codes
    name: Literal["test", "validation"]

    def cells(self, name: str, rows: Codes) -> pl.Series:
        """Return a column's cells in some rows."""
        return gather(self.tables, name, rows)


def gather(tables: Sequence[Table], name: str, rows: Codes) -> pl.Series:
    """Return a column's cells at ``rows``, which count on through all tables; missing where it is absent."""
    pieces, first = [], 0
    for table in tables:
        inside = rows[(rows >= first) & (rows < first + table.rows)] - first
        first += table.rows
        if name in table.columns:
            pieces.append(table.frame[name].gather(inside))
        elif len(inside):
            pieces.append(pl.Series(name, [None] * len(inside)))
    pieces = [each for each in pieces if len(each)] or pieces[:1]
    if len({each.dtype for each in pieces}) > 1:
        pieces = [each.cast(pl.String) for each in pieces]
    return pl.concat(pieces)


def look(cells: pl.Series, role: ColumnRole) -> Seen:
    """See cells as their role says."""
    numbers = _numbers(cells, role)
    if numbers is None:
        ranks = canonical_text(cells).rank("dense")
        codes = ranks.fill_null((ranks.max() or 0) + 1).to_numpy()  # type: ignore[operator]
        return Seen(role.name, role.role, None, dense(codes), ranks.is_null().to_numpy())
    return Seen(role.name, role.role, numbers, dense(numbers), np.isnan(numbers))


def _numbers(cells: pl.Series, role: ColumnRole) -> Floats | None:
    if role.role == "date":
        return days(cells, role.format)
    if role.role == "boolean" and not cells.dtype.is_numeric():
        ranks = canonical_text(cells).str.to_lowercase().rank("dense").cast(pl.Float64) - 1
        return ranks.fill_null(np.nan).to_numpy()
    if role.role != "number" and not cells.dtype.is_numeric():
        return None
    values, _ = read_numbers(cells)
    return np.where(np.abs(values) <= LARGEST, values, np.nan)


def days(cells: pl.Series, format: str | None) -> Floats:
    """Read dates as days since 1970, NaN where there is none; times of day as parts of a day."""
    dates, _ = read_dates(cells, format)
    if dates.dtype == pl.Time:
        return dates.cast(pl.Int64).cast(pl.Float64).fill_null(np.nan).to_numpy() / 86_400e9
    moments = dates.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64)
    return moments.fill_null(np.nan).to_numpy() / 86_400e6


def dense(values: Floats | Codes) -> Codes:
    """Return codes from 0 in the order of the values, the same for equal ones."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def ranks(codes: Codes) -> Floats:
    """Turn codes that are in order into ranks from 0 to 1, equal values sharing their mean rank."""
    counts = np.bincount(codes)
    middles = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(middles[codes] / len(codes))


def shuffled_order(codes: Codes) -> Codes:
    """Return the positions in the order of the codes, equal ones in random order."""
    mixed = stream(0, "leaks", "order").permutation(len(codes))
    return np.asarray(mixed[np.argsort(codes[mixed], kind="stable")])


def coarse(codes: Codes, levels: bool = False, bins: int = BINS) -> Codes:
    """Return at most ``bins`` codes: parts of equally many rows, or the most frequent levels and the rest."""
    codes = dense(codes)
    if int(codes.max()) < bins:
        return codes
    if not levels:
        return dense(np.minimum((ranks(codes) * bins).astype(np.int64), bins - 1))
    frequent = np.argsort(-np.bincount(codes), kind="stable")[: bins - 1]
    places = np.full(int(codes.max()) + 1, bins - 1, dtype=np.int64)
    places[frequent] = np.arange(len(frequent))
    return np.asarray(places[codes])


def connection(one: Codes, other: Codes) -> float:
    """Return how far two coarse columns are from having nothing to do with each other.

    In standard deviations of chance: Pearson's chi-square, brought to the normal by Wilson and Hilferty.
    """
    wide = int(other.max()) + 1
    counts = np.bincount(one * wide + other, minlength=(int(one.max()) + 1) * wide).reshape(-1, wide)
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0].astype(np.float64)
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    if freedom == 0:
        return 0.0
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    return chi_square_deviation(float(((counts - expected) ** 2 / expected).sum()), freedom)


def chi_square_deviation(value: float, freedom: int) -> float:
    """Return a chi-square value as standard deviations of a normal one (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return float(((value / freedom) ** (1 / 3) - (1 - spread)) / np.sqrt(spread))


def scatter(values: Floats, order: Codes) -> float:
    """Return how much ``values`` jump from row to row in an order, relative to their whole spread.

    0 if they change smoothly along it, i.e. are a function of what it is the order of; about 1 if they
    have nothing to do with it; t if they are such a function plus noise of t standard deviations. The 5 %
    wildest rows do not count, unless one value fills half the rows.
    """
    along = values[order]
    spread = float(along.std())
    if len(along) < 20 or spread == 0:
        return 1.0
    jumps = np.abs(along[2:-2] - (along[:-4] + along[1:-3] + along[3:-1] + along[4:]) / 4)
    narrowed = 1.0
    if np.unique(along, return_counts=True)[1].max() < len(along) / 2:
        jumps = np.sort(jumps)[: int(0.95 * len(jumps))]
        narrowed = 0.871  # a normal distribution without its outer 5 % has this standard deviation
    return float(np.sqrt(np.mean(jumps**2) / 1.25) / narrowed / spread)
