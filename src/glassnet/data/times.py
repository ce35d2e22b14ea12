"""The time of each row, for splits by time and for intervals that resample whole days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from glassnet.data.dates import read_dates
from glassnet.errors import DataError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.table import Table


def row_times(table: Table, column: str, format: str | None) -> NDArray[np.float64] | None:
    """Return the seconds since 1970 of each row, or None where the column holds times of day only.

    Shape: (rows,).

    Args:
        table: the rows.
        column: a column of dates.
        format: its strptime format; None for a column that came typed.

    Raises:
        DataError: rows without a date, or with one that cannot be read; the first ones are named.
    """
    dates, _ = read_dates(table.frame[column], format)
    if dates.dtype == pl.Time:
        return None
    unknown = np.flatnonzero(dates.is_null().to_numpy())
    if len(unknown):
        first = "; ".join(table.where(int(row), column) for row in unknown[:3])
        raise DataError(
            message(
                f"every row needs a date in {column!r} for a split by time",
                f"{len(unknown)} rows have none that can be read ({first})",
                "fill them in, or choose --test random:0.2",
            )
        )
    return dates.cast(pl.Datetime("us")).dt.epoch("us").to_numpy() / 1e6
