"""What splits, scores and intervals know of each row beside its inputs: its group and its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import DataError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.table import Table


def row_groups(table: Table, column: str) -> NDArray[np.int64]:
    """Return the group of each row, shape (rows,); rows without a value are a group of their own."""
    return table.frame[column].rank("dense").fill_null(0).to_numpy().astype(np.int64)


def row_weights(table: Table, column: str) -> NDArray[np.float64]:
    """Return how much each row counts, shape (rows,); where the column is absent, each counts 1.

    Raises:
        DataError: a weight is missing, negative or infinite, or none is above 0.
    """
    if column not in table.columns:
        return np.ones(table.rows)
    cells = table.frame[column]
    wrong = not cells.dtype.is_numeric() or cells.null_count() > 0 or not (cells >= 0).all()
    if wrong or not np.isfinite(cells.to_numpy()).all() or not (cells > 0).any():
        raise DataError(
            message(
                f"the weights in {column!r} must be finite numbers, 0 or above",
                f"{table.name} has others, or none above 0",
                "correct them, or name another column with --weight",
            )
        )
    return cells.to_numpy().astype(np.float64)
