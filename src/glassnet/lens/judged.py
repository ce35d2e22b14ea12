"""Judged rows: rows that were answered and whose truth is known. Charts and explanations look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from glassnet.data.columns import DateColumn
from glassnet.data.table import Table
from glassnet.data.times import row_times
from glassnet.errors import DataError
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.schema import Schema

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

KEPT = 10_000
"""Raw cells are kept of so many judged rows; of more rows, of a random sample."""
BLOCK = 65_536


@dataclass(frozen=True)
class RawRows:
    """What is known of n rows beside their truth and their answers.

    Attributes:
        numbers: (n,), the row's number in its file, 1 for the first.
        times: (n,), seconds since 1970; None where the model takes in no dates.
        kept: (k,), ascending positions of the rows whose cells are kept.
        cells: k raw rows.
    """

    numbers: Places
    times: Floats | None
    kept: Places
    cells: Table


@dataclass(frozen=True)
class Judged:
    """n rows with truth and answers, as the task shapes them; ``answers`` are of the network.

    ``ends`` are the 90 % prediction intervals of one network for rows that had no part in making them,
    (n, 2, ...), lower and upper ends; None where there are none.
    """

    truth: NDArray[Any]
    answers: Floats
    raw: RawRows
    ends: Floats | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def each_row_once(self) -> Judged:
        """Return the first answer to each row, where several nets have answered some."""
        raw = self.raw
        first = np.sort(np.unique(raw.numbers, return_index=True)[1])
        if len(first) == len(self):
            return self
        places = np.full(len(self), -1)
        places[first] = np.arange(len(first))
        inside = np.flatnonzero(places[raw.kept] >= 0)
        times = None if raw.times is None else raw.times[first]
        cells = Table(raw.cells.frame[inside], raw.cells.name)
        once = RawRows(raw.numbers[first], times, places[raw.kept[inside]], cells)
        return Judged(self.truth[first], self.answers[first], once)


def raw_rows(table: Table, rows: Places, schema: Schema, seed: int) -> RawRows:
    """Return what is to be kept of some rows (positions) of a table, so that the table may go."""
    kept = np.arange(len(rows))
    if len(rows) > KEPT:
        kept = np.sort(stream(seed, "report", "rows").permutation(len(rows))[:KEPT])
    return RawRows(
        numbers=rows + table.first_row,
        times=times_of(table, rows, schema),
        kept=kept,
        cells=Table(_copied(table.frame[rows[kept]]), table.name),
    )


def joined_rows(parts: Sequence[RawRows]) -> RawRows:
    """Put rows of several folds of one table together."""
    starts = np.cumsum([0, *(len(part.numbers) for part in parts[:-1])])
    times = [part.times for part in parts if part.times is not None]
    return RawRows(
        numbers=np.concatenate([part.numbers for part in parts]),
        times=np.concatenate(times) if len(times) == len(parts) else None,
        kept=np.concatenate([part.kept + start for part, start in zip(parts, starts, strict=True)]),
        cells=Table(pl.concat([part.cells.frame for part in parts]), parts[0].cells.name),
    )


def times_of(table: Table, rows: Places, schema: Schema) -> Floats | None:
    """Return the times of some rows by the first column of dates; None where not every row has one."""
    dates = next((each for each in schema.columns if isinstance(each, DateColumn)), None)
    if dates is None or dates.name not in table.columns:
        return None
    cells, found = table.frame.select(dates.name), []
    try:
        for start in range(0, len(rows), BLOCK):  # what reading them needs beside the result stays small
            block = Table(cells[rows[start : start + BLOCK]], table.name)
            found.append(row_times(block, dates.name, dates.format))
    except DataError:
        return None
    times = [each for each in found if each is not None]
    return np.concatenate(times) if len(times) == len(found) > 0 else None


def _copied(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose texts do not keep those of the whole table in memory."""
    texts = [pl.Series(each.name, each.to_list(), pl.String) for each in frame if each.dtype == pl.String]
    return frame.with_columns(texts)
