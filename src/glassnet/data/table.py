"""The one form in which a table of raw data is handed on, and the ways into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glassnet.data.delimited import read_delimited
from glassnet.data.frames import as_frame
from glassnet.data.jsonlines import read_json_lines
from glassnet.data.narrow import MISSING_WORDS, missing_words
from glassnet.data.parquet import read_parquet
from glassnet.data.textfile import File, TextFile, opening_bytes, undecodable
from glassnet.errors import DataError, message

__all__ = ["MISSING_WORDS", "SUFFIXES", "Table", "as_table", "read_table"]

SUFFIXES = frozenset([".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson"])


@dataclass(frozen=True)
class Table:
    """Raw data: columns with names, one row a record, before anything is decided about them.

    Attributes:
        frame: columns of Int64, Float64, Boolean, String, Date, Datetime("us") without zone, or Time.
            Null is missing. Texts are as written; infinities are kept, to be named later.
        name: what messages call it, such as ``"hour.csv"`` or ``"DataFrame"``.
        first_row: number of the frame's first row in its file, 1 for the first row below the header.
    """

    frame: pl.DataFrame
    name: str
    first_row: int = 1

    @property
    def rows(self) -> int:
        """Number of rows, at least 1 as read."""
        return self.frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(self.frame.columns)

    def where(self, row: int, column: str) -> str:
        """Name one cell for a message; ``row`` counts from 0 in the frame.

        >>> Table(pl.DataFrame({"temp": [0.2]}), "hour.csv", first_row=12).where(0, "temp")
        "hour.csv, row 12, column 'temp'"
        """
        return f"{self.name}, row {self.first_row + row}, column {column!r}"


def read_table(path: File, missing: tuple[str, ...] = ()) -> Table:
    """Read a table file: .csv, .tsv, .txt, .parquet, .jsonl or .ndjson, each also gzipped (.gz).

    The content decides before the name does: gzip and Parquet are known by their first bytes, and what
    has another name is read as delimited text. Text is UTF-8 with or without a byte order mark; a file
    that is not is read as GB18030. Delimiter (comma, semicolon, tab, bar) and header are detected.

    Limits: 10,000 columns; 16 MiB a line; 131,072 characters in a cell of a file whose quotes are
    irregular; gzip may unpack to 200 times its size, or 1 GiB where that is more.

    Args:
        path: the file.
        missing: words that stand for a missing cell, beside `MISSING_WORDS`.

    Raises:
        DataError: the file cannot be read, or is no whole table; bad rows are named, up to 20 at once.
    """
    words = missing_words(missing)
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    opening = opening_bytes(path)
    if opening.startswith(b"PAR1") or suffix == ".parquet":
        return Table(read_parquet(path, words), path.name)
    _check_text(path, suffix, opening)
    read = read_json_lines if suffix in (".jsonl", ".ndjson") else read_delimited
    return Table(_decoded(path, read, words), path.name)


def as_table(data: object, name: str = "data", missing: tuple[str, ...] = ()) -> Table:
    """Take a table that is in memory.

    Args:
        data: a pandas, polars or Arrow frame (a pandas index is ignored: make it a column to use it), a
            NumPy array of shape (rows, columns), whose columns become x1, x2, ..., a dictionary of equally
            long lists, or a list of dictionaries. A `Table` comes back as it is.
        name: what messages call it.
        missing: words that stand for a missing cell, beside `MISSING_WORDS`.

    Raises:
        DataError: not a table, no rows, or columns without plain values; all columns are named at once.
    """
    if isinstance(data, Table):
        return data
    return Table(as_frame(data, name, missing_words(missing)), name)


def _check_text(path: File, suffix: str, opening: bytes) -> None:
    must = (
        f"{path.name} must be a table in one of the formats {', '.join(sorted(SUFFIXES))}, each also with .gz"
    )
    if opening.startswith(b"PK\x03\x04"):
        raise DataError(message(must, "it is a zip file, as Excel's workbooks are", "save its table as CSV"))
    if suffix == ".json":
        raise DataError(message(must, "it is named .json", "write one object a line into a .jsonl file"))


def _decoded(
    path: File, read: Callable[[TextFile, frozenset[str]], pl.DataFrame], words: frozenset[str]
) -> pl.DataFrame:
    try:
        return read(TextFile(path, "utf-8"), words)
    except UnicodeDecodeError as first:
        try:
            return read(TextFile(path, "gb18030"), words)
        except UnicodeDecodeError:
            raise undecodable(path.name, first) from None
