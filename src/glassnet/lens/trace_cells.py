"""From raw cells to what the net takes in, for a trace: each input unit with its arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.cells import Findings
from glassnet.data.columns import (
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    NumberColumn,
    checked_numbers,
    date_units,
    part_of,
)
from glassnet.errors import WorkError, message
from glassnet.lens.text import shown
from glassnet.lens.trace_codes import Floats, Pieces, exact
from glassnet.lens.trace_ledger import Ledger, Sheet

if TYPE_CHECKING:
    import polars as pl

    from glassnet.data.columns import Column
    from glassnet.data.schema import Schema
    from glassnet.data.table import Table

Arithmetic = Callable[[int, int], Pieces]
"""arithmetic(row, code of the raw cell) of one input unit."""


@dataclass(frozen=True, eq=False)
class Units:
    """What the columns of some rows become.

    Attributes:
        values: (rows, width), float64.
        raw: the cells of number columns, 0 where one is missing.
        columns: of each unit, the column that it comes from.
        arithmetic: of each unit.
    """

    values: Floats
    raw: dict[str, Floats]
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    arithmetic: tuple[Arithmetic, ...]

    def enter(self, ledger: Ledger) -> list[Sheet]:
        """Enter the raw cells, and replace the sheet ``x`` by one with arithmetic; return the sheets."""
        x = ledger.sheet("x")
        words = "the raw cell, as it stands in the data"
        one = len(self.values) == 1
        sheets = {
            name: ledger.add(f"row.{name}", "raw", values[0] if one else values, words)
            for name, values in self.raw.items()
        }

        def explain(place: int) -> Pieces:
            row, unit = divmod(place, len(self.arithmetic))
            sheet = sheets.get(self.columns[unit])
            return self.arithmetic[unit](row, 0 if sheet is None else int(sheet.codes[row]))

        words = (
            "the raw cell as a number that the net takes in, by the mean and deviation of the training rows"
        )
        x = ledger.add("x", "input", self.values, words, explain, number=x.number, labels=self.labels)
        return [*sheets.values(), x]


def units_of(schema: Schema, table: Table) -> Units:
    """Encode rows as :meth:`Schema.encode` does, in float64 and with arithmetic.

    Raises:
        DataError: columns or cells do not fit.
    """
    encoded, log = schema.encode(table), Findings(table)
    found: list[tuple[str, Arithmetic]] = []
    raw: dict[str, Floats] = {}
    blocks = []
    for column in schema.columns:
        cells = table.frame[column.name]
        values, arithmetic = _column(column, cells, log)
        if isinstance(column, NumberColumn):
            raw[column.name] = np.nan_to_num(checked_numbers(cells, log))
        blocks.append(values)
        found += [(column.name, each) for each in arithmetic]
    values = np.concatenate(blocks, axis=1)
    if not np.allclose(values, encoded, rtol=1e-5, atol=1e-6):
        must, do = "the trace must encode cells as the model does", "report this as a fault of Glassnet"
        raise WorkError(message(must, "it gives other numbers", do))
    names, arithmetics = zip(*found, strict=True)
    return Units(values, raw, names, schema.input_names, arithmetics)


def raw_cells(schema: Schema, table: Table, row: int) -> tuple[tuple[str, str], ...]:
    """Return the cells of a row as they were written, column by column."""
    cells = table.frame.row(row, named=True)
    return tuple((column.name, shown(cells[column.name])) for column in schema.columns)


def _column(column: Column, cells: pl.Series, log: Findings) -> tuple[Floats, list[Arithmetic]]:
    """Return the units of one column, shape (rows, units), and the arithmetic of each."""
    if isinstance(column, NumberColumn):
        return _number(column, cells, log)
    if isinstance(column, CategoryColumn):
        return _category(column, cells)
    texts = _boolean(column, cells, log) if isinstance(column, BooleanColumn) else _date(column, cells, log)
    if column.missing:
        for unit, text in zip(texts, _indicator(cells), strict=True):
            unit.append(text)
    values = np.array(
        [[float(eval(text, {"sin": np.sin, "cos": np.cos})) for text in unit] for unit in texts]
    )
    return values, [_given([unit[k] for unit in texts]) for k in range(len(texts[0]))]


def _given(texts: list[str]) -> Arithmetic:
    return lambda row, _: (texts[row],)


def _indicator(cells: pl.Series) -> list[str]:
    return ["1" if cell is None else "0" for cell in cells.to_list()]


def _number(column: NumberColumn, cells: pl.Series, log: Findings) -> tuple[Floats, list[Arithmetic]]:
    raw = checked_numbers(cells, log)
    missing = np.isnan(raw)
    values = [np.where(missing, 0.0, column.scaled(raw))]

    def scaled(row: int, code: int) -> Pieces:
        if missing[row]:
            return ("0",)
        if column.knots:
            return _between(raw[row], code, column.knots, column.scores)
        return "(", code, f" - {exact(column.mean)}) / {exact(column.scale)}"

    arithmetic: list[Arithmetic] = [scaled]
    if column.missing:
        values.append(missing.astype(np.float64))
        arithmetic.append(_given(_indicator(cells)))
    return np.stack(values, axis=1), arithmetic


def _between(value: float, code: int, knots: Sequence[float], scores: Sequence[float]) -> Pieces:
    """Place a number by its rank: in a straight line between the knots beside it, from score to score."""
    right = int(np.searchsorted(knots, value, side="right"))
    if right in (0, len(knots)):
        return (exact(scores[0] if right == 0 else scores[-1]),)
    low, high, start, end = knots[right - 1], knots[right], scores[right - 1], scores[right]
    slope = f" * ({exact(end)} - {exact(start)}) / ({exact(high)} - {exact(low)})"
    return f"{exact(start)} + (", code, f" - {exact(low)}){slope}"


def _category(column: CategoryColumn, cells: pl.Series) -> tuple[Floats, list[Arithmetic]]:
    places, levels = column.places(cells), len(column.levels)
    values = np.zeros((len(places), len(column.shares)))
    written: list[str | None] = []
    for row, place in enumerate(places.tolist()):
        if place < 0:
            values[row] = column.shares
        else:
            values[row, place] = 1.0
        written.append(column.levels[place] if 0 <= place < levels else None)

    def one(unit: int) -> Arithmetic:
        def compared(row: int, _: int) -> Pieces:
            cell = written[row]
            if cell is None or unit >= levels:
                return (exact(values[row, unit]),)
            return (f"({cell!r} == {column.levels[unit]!r})",)

        return compared

    return values, [one(unit) for unit in range(len(column.shares))]


def _boolean(column: BooleanColumn, cells: pl.Series, log: Findings) -> list[list[str]]:
    codes = np.empty((len(cells), 1), dtype=np.float32)
    column.codes(cells, codes, log)
    found = []
    for cell, value in zip(cells.to_list(), codes[:, 0].tolist(), strict=True):
        word = str(cell).strip().lower()
        same = value == value and (word == column.words[1]) == bool(value)
        empty = "0" if column.missing else exact(column.share)
        text = f"({word!r} == {column.words[1]!r})" if same else exact(value)
        found.append([empty if value != value else text])
    return found


def _date(column: DateColumn, cells: pl.Series, log: Findings) -> list[list[str]]:
    parts, empty = column.read(cells, log)
    units = date_units(parts, column.year, column.parts, column.day_of_year)
    found = []
    for row in range(len(cells)):
        if empty[row]:
            found.append(["0" if column.missing else exact(each) for each in column.means])
            continue
        texts = []
        if column.year:
            texts.append(f"({parts.year[row]:g} - {exact(column.year.mean)}) / {exact(column.year.scale)}")
        for each in column.parts:
            here = part_of(parts, each.part)[row]
            texts += [f"({here:g} == {value})" for value in each.values]
        if column.day_of_year:
            texts += [f"{word}({exact(parts.angle[row])})" for word in ("sin", "cos")]
        assert len(texts) == len(units)
        found.append(texts)
    return found
