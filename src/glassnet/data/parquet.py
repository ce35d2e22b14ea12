"""Tables in Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from glassnet.data.frames import plain_column, plain_frame
from glassnet.data.textfile import (
    MAX_COLUMNS,
    MAX_UNPACK_FLOOR,
    MAX_UNPACK_RATIO,
    Bytes,
    File,
    InMemory,
    check_file,
)
from glassnet.errors import DataError, message


def read_parquet(path: File, missing: frozenset[str]) -> pl.DataFrame:
    """Read a Parquet file, gzipped or not, into plain types.

    Its schema and its number of rows are looked at first: a column that cannot be used costs nothing to
    refuse, and a few bytes that stand for billions of cells are not unpacked.

    Raises:
        DataError: a damaged file, nested or binary columns (all are named), too many columns or cells.
    """
    with scanned(path) as table:
        plain_frame(
            [pl.Series(name, [None], dtype) for name, dtype in table.collect_schema().items()],
            path.name,
            frozenset(),
        )
        columns = [plain_column(column, path.name) for column in table.collect()]
    return plain_frame(columns, path.name, missing)


@contextmanager
def scanned(path: File) -> Iterator[pl.LazyFrame]:
    """Open a Parquet file without reading its rows.

    Raises:
        DataError: a damaged file, or too many columns or cells.
    """
    try:
        table = pl.scan_parquet(_source(path), glob=False)
        width = len(table.collect_schema())
        _check_size(path, width, table.select(pl.len()).collect().item())
        yield table
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise DataError(
            message(
                f"{path.name} must be a whole, undamaged Parquet file", reason, "write or download it again"
            )
        ) from None


def _source(path: File) -> Path | io.BytesIO:
    with Bytes(path) as content:
        packed = content.packed or isinstance(path, InMemory)
        return io.BytesIO(content.read(-1)) if packed else Path(str(path))


def _check_size(path: File, columns: int, rows: int) -> None:
    most = max(MAX_UNPACK_FLOOR, MAX_UNPACK_RATIO * check_file(path)) // 8
    if columns > MAX_COLUMNS or columns * rows > most:
        raise DataError(
            message(
                f"{path.name} must have at most {MAX_COLUMNS:,} columns and, for its size, {most:,} cells",
                f"{columns:,} columns of {rows:,} rows",
                "keep the columns and rows that you need",
            )
        )
