"""What a report needs of a fold's raw rows, kept before the tables are given back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.judged import RawRows, raw_rows, times_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.schema import Schema
    from glassnet.data.split import Fold
    from glassnet.data.table import Table
    from glassnet.run.prepare import Prepared

Spans = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class KeptRows:
    """The judged rows of one fold: their cells (of many a sample), numbers and times; and when each split
    began and ended, in seconds since 1970, where the data has dates."""

    split: str
    raw: RawRows
    spans: Spans


def keep_rows(prepared: Prepared, fold: Fold, schema: Schema, seed: int) -> KeptRows:
    """Keep what a report needs of the raw rows of a fold."""
    split, judged = fold.judged()
    table, rows = _in_table(prepared, judged)
    spans: Spans = {}
    for name in ("train", "validation", "test"):
        part: NDArray[np.int64] = getattr(fold, name)
        times = times_of(*_in_table(prepared, part), schema) if len(part) else None
        if times is not None:
            spans[name] = (float(times.min()), float(times.max()))
    return KeptRows(split, raw_rows(table, rows, schema, seed), spans)


def _in_table(prepared: Prepared, rows: NDArray[np.int64]) -> tuple[Table, NDArray[np.int64]]:
    """Return the table in which rows stand (positions count through all tables), and their places there."""
    first = prepared.tables[0]
    return (first, rows) if rows[0] < first.rows else (prepared.tables[1], rows - first.rows)
