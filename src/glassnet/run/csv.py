"""Tables as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.storage import write_atomically

if TYPE_CHECKING:
    import polars as pl


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all.

    Raises:
        RequestError: the folder does not exist, or ``path`` is one.
        WorkError: the disk is full, or the folder cannot be written to.
    """
    write_atomically(path, frame.write_csv().encode())
