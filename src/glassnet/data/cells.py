"""Reading cells: what a cell holds, in one spelling, and how one that cannot be read is named.

Cells come as any of a Table's column types and leave as float64 numbers or as text in one canonical
spelling, so that 3, 3.0 and "3" are the same category. Empty cells and NaN are missing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from glassnet.errors import DataError, GlassnetWarning, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from glassnet.data.table import Table

LARGEST = 1e30
"""Numbers beyond this size cannot be computed with in float32."""
LISTED = 20
"""So many problems are written out; the others are counted."""
MISSING, UNSEEN = -2, -1
LARGEST_WHOLE = 2.0**53
"""Floats of this size and above do not tell neighbouring whole numbers apart."""
_CODE = r"^[-+]?0\d+$"
"""Whole numbers with leading zeros are codes, which are never read as numbers."""


def plain(cells: pl.Series) -> pl.Series:
    """Return the cells with NaN as missing."""
    return cells.fill_nan(None) if cells.dtype == pl.Float64 else cells


def stripped(cells: pl.Series) -> pl.Series:
    """Return text without the blanks around it; what is then empty is missing."""
    bare = cells.str.strip_chars()
    return bare.set(bare == "", None)


def read_numbers(cells: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read cells as numbers.

    Returns:
        values: shape (rows,), float64, NaN where a cell is missing or unreadable.
        unreadable: shape (rows,), true where a cell holds something that is no number.
    """
    cells = plain(cells)
    if cells.dtype == pl.String:
        cells = stripped(cells)
    if cells.dtype.is_temporal():
        return np.full(len(cells), np.nan), cells.is_not_null().to_numpy()
    numbers = cells.cast(pl.Float64, strict=False)
    unreadable = (numbers.is_null() & cells.is_not_null()).to_numpy()
    return numbers.to_numpy(), unreadable


def canonical_text(cells: pl.Series) -> pl.Series:
    """Return the cells in one spelling: 3, 3.0, "3" and " 3.00" are "3"; True and "TRUE" are "true".

    Text with leading zeros ("007") is kept, because it is a code and not a number.
    """
    cells = plain(cells)
    if cells.dtype == pl.Float64:
        whole = (cells == cells.round(0)) & (cells.abs() < LARGEST_WHOLE)
        text = cells.cast(pl.String)
        return text.zip_with(~whole.fill_null(False), cells.cast(pl.Int64, strict=False).cast(pl.String))
    if cells.dtype != pl.String:
        return cells.cast(pl.String)
    text = stripped(cells)
    text = text.str.replace(r"^(-?(?:0|[1-9]\d*))\.0+$", "$1")
    text = text.str.replace(r"^(-?(?:0|[1-9]\d*)\.\d*[1-9])0+$", "$1")
    truth = text.str.to_lowercase()
    return text.zip_with(~truth.is_in(["true", "false"]).fill_null(False), truth)


def look_up(cells: pl.Series, places: Mapping[str, int], fold: bool = False) -> NDArray[np.int64]:
    """Return the place of each cell's canonical text, shape (rows,): UNSEEN (-1) or MISSING (-2) if none.

    Args:
        places: canonical texts and their places, 0 or above.
        fold: upper and lower case are the same; the texts in ``places`` are then lower case.
    """
    cells = plain(cells)
    different = cells.unique().drop_nulls()
    texts = canonical_text(different)
    if different.dtype.is_numeric():
        places = _places_of_numbers(places) | dict(places)
    texts = texts.str.to_lowercase() if fold else texts
    found = texts.replace_strict(list(places), list(places.values()), default=UNSEEN, return_dtype=pl.Int64)
    found = found.set(texts.is_null(), MISSING)
    if len(different) == 0:
        return np.full(len(cells), MISSING, dtype=np.int64)
    return cells.replace_strict(different, found, default=MISSING, return_dtype=pl.Int64).to_numpy()


def _places_of_numbers(places: Mapping[str, int]) -> dict[str, int]:
    """Spell the texts that are numbers as number cells are spelled: "1E3" is "1000".

    Among other texts the code 1E3 is read as text; alone in its column it is read as a number.
    """
    texts = pl.Series([*places], dtype=pl.String)
    numbers = texts.set(texts.str.contains(_CODE), None).cast(pl.Float64, strict=False)
    spelled = canonical_text(numbers).to_list()
    found = [(text, place) for text, place in zip(spelled, places.values(), strict=True) if text is not None]
    return dict(reversed(found))  # of two texts for one number the first is meant


@dataclass
class _Cells:
    """Cells of one column with the same fault: how many, out of how many, and the first of them."""

    count: int = 0
    checked: int = 0
    first: list[tuple[int, str, str]] = field(default_factory=list)


class Findings:
    """What reading a table brings to light: problems (one error for all) and fills (one warning for all).

    A table is read in blocks; ``start`` is where the present block begins among ``rows``, the positions
    of the rows that are read (``None``: all rows).
    """

    def __init__(self, table: Table, rows: NDArray[np.int64] | None = None) -> None:
        self.table = table
        self.start = 0
        self._rows = rows
        self._problems: list[str] = []
        self._cells: dict[tuple[str, str], _Cells] = {}
        self._fills: dict[tuple[str, str], int] = {}

    def problem(self, text: str) -> None:
        """Note a problem with the whole table or a whole column."""
        self._problems.append(text)

    def unreadable(self, cells: pl.Series, bad: NDArray[np.bool_], must: str, do: str) -> None:
        """Note the ``bad`` cells of a block of one column: what they must be, and what to do."""
        found = self._cells.setdefault((cells.name, must), _Cells())
        rows = np.flatnonzero(bad)
        found.count += len(rows)
        if len(rows) == 0:  # by far the most blocks: counting is all that is left
            found.checked += len(cells) - cells.null_count()
            return
        found.checked += int((cells.is_not_null().to_numpy() | bad).sum())
        for place in rows[: LISTED - len(found.first)].tolist():
            row = self.start + place
            row = row if self._rows is None else int(self._rows[row])
            found.first.append((row, _shown(cells[place]), do))

    def fill(self, column: str, count: int, what: str) -> None:
        """Note that ``count`` cells of a column are filled in, because of ``what``."""
        if count:
            self._fills[column, what] = self._fills.get((column, what), 0) + count

    def finish(self) -> None:
        """Raise all problems at once, or warn of all fills at once.

        Raises:
            DataError: any problem was noted.
        """
        cells = [problem for name, must in self._cells for problem in self._of_column(name, must)]
        listed = self._problems + [text for _, text in sorted(cells, key=lambda each: each[0])]
        total = len(self._problems) + sum(each.count for each in self._cells.values())
        total -= sum(each.count - 1 for each in self._cells.values() if _is_whole_column(each))
        if total > LISTED:
            listed = [*listed[:LISTED], f"and {total - LISTED} more"]
        if listed:
            raise DataError(listed)
        if self._fills:
            texts = [f"{count} {what} in column {name!r}" for (name, what), count in self._fills.items()]
            warnings.warn(f"{self.table.name}: {'; '.join(texts)}", GlassnetWarning, stacklevel=3)

    def _of_column(self, name: str, must: str) -> list[tuple[int, str]]:
        """Return a column's problems, each with its rank, so that no column crowds out the others."""
        found = self._cells[name, must]
        if _is_whole_column(found):
            row, value, do = found.first[0]
            where = f"{self.table.where(row, name)} and the {found.count - 1} other cells of the column"
            return [(0, message(f"{where} {must}", value, do))]
        return [
            (rank, message(f"{self.table.where(row, name)} {must}", value, do))
            for rank, (row, value, do) in enumerate(found.first)
        ]


def _is_whole_column(found: _Cells) -> bool:
    """Say whether none of many cells can be read: the column is of another type, not a cell mistyped."""
    return found.count == found.checked > 3


def _shown(value: object) -> str:
    text = "a missing cell" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
