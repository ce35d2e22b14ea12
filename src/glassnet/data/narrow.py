"""Text cells become numbers, column by column, where every cell allows it.

A column is tried as integers, then as decimals, then as decimals with a comma, and is left as text
when none of them reads all its cells. It comes in chunks (the blocks of a file): a later chunk can only
widen what an earlier one decided, and a column that turns out to be text after some of it was kept as
numbers is *spoiled*: its spelling is gone and it has to be read once more, as text.

Integers with leading zeros (``007``, ``02139``) are codes, not amounts: their column stays text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import polars as pl

_WORDS = ". ? NA N/A n/a #N/A #NA <NA> NaN nan NAN -nan -NaN NaT null NULL Null None"
MISSING_WORDS: frozenset[str] = frozenset(["", *_WORDS.split()])

Kind = Literal["empty", "integer", "decimal", "comma", "text"]

DTYPES: dict[Kind, type[pl.DataType]] = {
    "empty": pl.String,
    "integer": pl.Int64,
    "decimal": pl.Float64,
    "comma": pl.Float64,
    "text": pl.String,
}
_WIDER: dict[Kind, tuple[Kind, ...]] = {
    "empty": ("integer", "decimal", "comma"),
    "integer": ("integer", "decimal", "comma"),
    "decimal": ("decimal",),
    "comma": ("comma",),
    "text": (),
}


class Column:
    """One column that is being read: its chunks so far and the narrowest kind that holds them all.

    Args:
        name: the column's name.
        missing: cells that count as missing, compared without the white space around them.
        delimiter: the file's delimiter. Where it is a comma, a comma is no decimal mark.
        as_text: keep every cell as it is written; for the second reading of a spoiled column.
    """

    def __init__(self, name: str, missing: frozenset[str], delimiter: str, as_text: bool = False) -> None:
        self.name = name
        self.kind: Kind = "text" if as_text else "empty"
        self.spoiled = False
        self._missing = pl.Series(sorted(missing), dtype=pl.String)
        self._missing_numbers = _numbers_among(self._missing)
        self._delimiter = delimiter
        self._chunks: list[pl.Series] = []
        self._comma_is_decimal = False

    def add(self, cells: pl.Series) -> None:
        """Take the next cells (String, nothing missing yet) of this column."""
        for kind in _WIDER[self.kind]:
            numbers = self._read(cells, kind)
            if numbers is not None:
                self.kind = "empty" if self._still_empty(numbers) else kind
                self._chunks.append(numbers)
                return
        self._widen_to_text()
        if not self.spoiled:
            self._chunks.append(self._without_missing(cells))

    def series(self) -> pl.Series:
        """Return the whole column in one piece, and let go of its chunks."""
        dtype = DTYPES[self.kind]
        whole: pl.Series = pl.concat([chunk.cast(dtype) for chunk in self._chunks], rechunk=True)
        self._chunks.clear()
        return whole.alias(self.name)

    def settle(self) -> None:
        """Decide at the end of the file about commas: in ``1,250`` they may well group thousands.

        Beside a semicolon they are decimal marks. Beside a tab or a bar they are only where some cell
        rules out groups of three; otherwise the column is spoiled, and stays text: no guess here.
        """
        if self.kind == "comma" and self._delimiter != ";" and not self._comma_is_decimal:
            self._widen_to_text()

    def _still_empty(self, numbers: pl.Series) -> bool:
        return self.kind == "empty" and numbers.null_count() == len(numbers)

    def _widen_to_text(self) -> None:
        if self.kind not in ("empty", "text"):
            self.spoiled = True
            self._chunks.clear()
        self.kind = "text"

    def _read(self, cells: pl.Series, kind: Kind) -> pl.Series | None:
        if kind == "comma":
            return None if self._delimiter == "," else self._read_commas(cells)
        numbers = self._cast(cells, DTYPES[kind])
        if numbers is None or _has_leading_zeros(cells):
            return None
        return None if kind == "integer" and _has_plus(cells) else numbers

    def _read_commas(self, cells: pl.Series) -> pl.Series | None:
        points = self._cast(cells.str.replace(",", ".", literal=True), pl.Float64)
        written = cells.filter(points.is_not_null()) if points is not None else None
        if written is None or written.str.contains(".", literal=True).any():
            return None
        commas = written.filter(written.str.contains(",", literal=True)).str.strip_chars()
        grouped = commas.str.contains(r"^[-+]?[1-9]\d{0,2},\d{3}$")
        self._comma_is_decimal |= not grouped.all()
        return points

    def _cast(self, cells: pl.Series, dtype: type[pl.DataType]) -> pl.Series | None:
        numbers = cells.cast(dtype, strict=False)
        if numbers.null_count() and not self._are_missing(cells.filter(numbers.is_null())):
            cells = cells.str.strip_chars()
            numbers = cells.cast(dtype, strict=False)
            if not self._are_missing(cells.filter(numbers.is_null())):
                return None
        return _without_numbers(numbers, self._missing_numbers)

    def _are_missing(self, cells: pl.Series) -> bool:
        return cells.str.strip_chars().is_in(self._missing.implode()).all()

    def _without_missing(self, cells: pl.Series) -> pl.Series:
        return _blank(cells, cells.str.strip_chars().is_in(self._missing.implode()))


def missing_words(added: Iterable[str] = ()) -> frozenset[str]:
    """Return the words that stand for a missing cell, the user's own included."""
    return MISSING_WORDS | {word.strip() for word in added}


def blank_words(column: pl.Series, missing: frozenset[str]) -> pl.Series:
    """Return a column that was never text in a file, with the cells that are missing words emptied.

    A number column is compared with those of the words that are numbers; not-a-number is missing too.
    """
    words = pl.Series(sorted(missing), dtype=pl.String)
    if column.dtype == pl.String:
        return _blank(column, column.str.strip_chars().is_in(words.implode()).fill_null(False))
    return _without_numbers(column, _numbers_among(words))


def _numbers_among(words: pl.Series) -> pl.Series:
    return words.cast(pl.Float64, strict=False).drop_nulls().drop_nans()


def _without_numbers(column: pl.Series, missing: pl.Series) -> pl.Series:
    if len(missing) and column.dtype in (pl.Int64, pl.Float64):
        column = _blank(column, column.cast(pl.Float64).is_in(missing.implode()).fill_null(False))
    return column.fill_nan(None) if column.dtype == pl.Float64 else column


def _blank(column: pl.Series, where: pl.Series) -> pl.Series:
    return column.zip_with(~where, pl.Series([None], dtype=column.dtype)) if where.any() else column


def _has_leading_zeros(cells: pl.Series) -> bool:
    suspects = cells.str.contains(r"^\s*[-+]?0\d")
    return suspects.any() and cells.filter(suspects).str.contains(r"^\s*[-+]?0\d+\s*$").any()


def _has_plus(cells: pl.Series) -> bool:
    return cells.str.contains("+", literal=True).any()
