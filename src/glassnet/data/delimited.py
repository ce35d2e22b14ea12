"""Tables in text: CSV and its relatives, read in blocks, with every bad row named.

Two readers share the work. Where quotes stand only where they should, polars parses a block as text, and
counting delimiters proves that no row was too short or too long. Where it refuses or the count is off,
Python's csv module goes over the same rows, slowly, and either names what is wrong or reads them.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.narrow import Column
from glassnet.data.textfile import MAX_COLUMNS, MAX_LINE_BYTES, TextFile
from glassnet.errors import DataError, message

DELIMITERS = (";", "\t", "|", ",")  # the comma last: it may be a decimal mark too
MAX_PROBLEMS = 20

_SAMPLE_BYTES = 1 << 16
_SAMPLE_ROWS = 50
_CELLS_AT_ONCE = 500_000
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*")
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")


def read_delimited(file: TextFile, missing: frozenset[str]) -> pl.DataFrame:
    """Read a table with one row a line: Int64, Float64 or String columns, missing cells null.

    Raises:
        DataError: an empty file, a header alone, a column named twice, too many columns, rows with too
            few or too many cells, a quote that is never closed (up to 20 rows are named at once).
        UnicodeDecodeError: the file is not in this encoding.
    """
    layout = find_layout(file)
    columns = [Column(name, missing, layout.delimiter) for name in layout.names]
    rows = _Rows(file, layout)
    for frame in rows.frames():
        for column, cells in zip(columns, frame, strict=True):
            column.add(cells)
    rows.check()
    for column in columns:
        column.settle()
    spoiled = [index for index, column in enumerate(columns) if column.spoiled]
    for index in spoiled:
        columns[index] = Column(layout.names[index], missing, layout.delimiter, as_text=True)
    for frame in _Rows(file, layout).frames(spoiled) if spoiled else ():
        for index, cells in zip(spoiled, frame, strict=True):
            columns[index].add(cells)
    return pl.DataFrame([column.series() for column in columns])


@dataclass(frozen=True)
class Layout:
    """How a text table is written: its delimiter, its columns, and how many lines come before the data."""

    delimiter: str
    names: tuple[str, ...]
    lines: int


def find_layout(file: TextFile) -> Layout:
    """Detect the delimiter and the header from the file's first lines.

    The delimiter is the one that cuts the most of them into as many cells as the first; then the one that
    leaves more numbers; then the one that makes more cells. The first row is the header unless one of its
    cells is a number or a date; then the columns are x1, x2, ... A nameless column is x and its position.

    Raises:
        DataError: nothing but blank lines, too many columns, a name that is used twice.
    """
    text, empty = _opening(file)
    delimiter = _find_delimiter(text, file.name)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)
    head = next(_filled(reader), None)
    if head is None:
        raise DataError(
            message(
                f"{file.name} must hold at least one row",
                "it begins with nothing but blank lines",
                "check how it was made",
            )
        )
    headed = not any(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell) for cell in head)
    names = [cell.strip() if headed else "" for cell in head]
    named = tuple(name or f"x{index}" for index, name in enumerate(names, start=1))
    _check_names(file.name, named)
    return Layout(delimiter, named, empty + reader.line_num if headed else 0)


def _opening(file: TextFile) -> tuple[str, int]:
    """Return some 64 KB of whole lines, at least one, and the number of empty lines that come before."""
    text, empty = b"", 0
    for block in file.blocks():
        filled = (text + block).lstrip(b"\n")
        empty += len(text + block) - len(filled)
        text = filled
        if len(text) >= _SAMPLE_BYTES:
            break
    end = text.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or text.find(b"\n") + 1
    return text[:end].decode(), empty


def _check_names(file: str, names: Sequence[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise DataError(
            message(
                f"{file} must have at most {MAX_COLUMNS:,} columns",
                f"its first row has {len(names):,} cells",
                "keep the columns that you need, or check the file's line ends",
            )
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            message(
                f"{file}: each column must have a name of its own",
                f"the header names {name!r} {names.count(name)} times",
                "rename all but one of them",
            )
            for name in twice[:MAX_PROBLEMS]
        )


def _find_delimiter(text: str, name: str) -> str:
    if "\t" in text and name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    scores = {delimiter: _score(text, delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda each: scores[each])


def _score(text: str, delimiter: str) -> tuple[float, float, int]:
    rows: list[list[str]] = []
    filled = _filled(csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter))
    with contextlib.suppress(csv.Error):  # a cell too long for a sample; what came before it decides
        rows.extend(islice(filled, _SAMPLE_ROWS))
    width = len(rows[0]) if rows else 0
    if width < 2:
        return (0.0, 0.0, 0)
    even = sum(len(row) == width for row in rows) / len(rows)
    cells = list(islice(chain.from_iterable(rows), 2000))
    return (even, sum(bool(_NUMBER.fullmatch(cell)) for cell in cells) / len(cells), width)


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if len(row) > 1 or (row and row[0].strip()))


@dataclass(frozen=True)
class _Piece:
    """Whole rows from the start of some data: how much was taken, and what it holds outside of quotes."""

    taken: int
    text: bytes
    quoted: bool
    lines: int
    rows: int
    delimiters: int


def _whole_rows(data: bytes, delimiter: str) -> _Piece | None:
    """Cut off the rows that end in these lines; None where a quote stands inside an unquoted cell."""
    letters = np.frombuffer(data, np.uint8)
    if b'"' not in data:
        blank_lines = b"\n\n" in data or data[:1] == b"\n"
        text = re.sub(rb"\n{2,}", b"\n", data).lstrip(b"\n") if blank_lines else data
        lines = int(np.count_nonzero(letters == ord("\n")))
        delimiters = int(np.count_nonzero(letters == ord(delimiter)))
        return _Piece(len(data), text, False, lines, text.count(b"\n") if blank_lines else lines, delimiters)
    quotes = np.flatnonzero(letters == ord('"'))
    newlines = np.flatnonzero(letters == ord("\n"))
    ends = _outside(newlines, quotes)
    taken = int(ends[-1]) + 1 if len(ends) else 0
    quotes = quotes[quotes < taken]
    if not _regular(letters, quotes, ord(delimiter)) or (not taken and len(data) > MAX_LINE_BYTES):
        return None
    blank = ends[(ends == 0) | (letters[ends - 1] == ord("\n"))]
    text = np.delete(letters[:taken], blank).tobytes() if len(blank) else data[:taken]
    lines = int(np.count_nonzero(newlines < taken))
    delimiters = len(_outside(np.flatnonzero(letters[:taken] == ord(delimiter)), quotes))
    return _Piece(taken, text, True, lines, len(ends) - len(blank), delimiters)


def _outside(places: NDArray[np.intp], quotes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Keep the places before which the number of quotes is even."""
    outside: NDArray[np.intp] = places[np.searchsorted(quotes, places) % 2 == 0]
    return outside


def _regular(letters: NDArray[np.uint8], quotes: NDArray[np.intp], delimiter: int) -> bool:
    """Tell whether every first quote of a pair opens a cell and every second one closes it.

    A doubled quote inside a cell counts as closing it and opening it again at once.
    """
    edges = (delimiter, ord("\n"), ord('"'))
    opening, closing = quotes[0::2], quotes[1::2]
    before = letters[opening[opening > 0] - 1]
    return bool(np.isin(before, edges).all() and np.isin(letters[closing + 1], edges).all())


class _Rows:
    """The rows of one reading of a file, as frames of text; it counts rows and lines and keeps problems."""

    def __init__(self, file: TextFile, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self._width = len(layout.names)
        self._schema = {str(index): pl.String for index in range(self._width)}
        self._rows = 0
        self._lines = layout.lines
        self._problems: list[str] = []

    def frames(self, only: list[int] | None = None) -> Iterator[pl.DataFrame]:
        """Yield the rows in pieces, all columns or only those at these positions."""
        for frame in self._pieces():
            yield frame if only is None else frame[:, only]

    def check(self) -> None:
        """Raise all problems together, if there are any, or if there was no row at all."""
        if self._problems:
            raise DataError(self._problems)
        if self._rows == 0:
            raise DataError(
                message(
                    f"{self._file.name} must hold at least one row of data",
                    "it has a header and nothing below it",
                    "check how it was made",
                )
            )

    def _pieces(self) -> Iterator[pl.DataFrame]:
        blocks = self._below_header()
        carry = b""
        for block in blocks:
            data = carry + block
            piece = _whole_rows(data, self._layout.delimiter)
            if piece is None:
                yield from self._slowly(chain([data], blocks))
                return
            carry = data[piece.taken :]
            yield from self._quickly(piece, data[: piece.taken]) if piece.taken else ()
            if len(self._problems) >= MAX_PROBLEMS:
                return
        if carry:
            yield from self._slowly([carry])

    def _below_header(self) -> Iterator[bytes]:
        left = self._layout.lines
        for block in self._file.blocks():
            start = 0
            while left and start < len(block):
                start = block.find(b"\n", start) + 1
                left -= 1
            if start < len(block):
                yield block[start:]

    def _quickly(self, piece: _Piece, data: bytes) -> Iterator[pl.DataFrame]:
        frame = self._parsed(piece)
        if frame is None:
            yield from self._slowly([data])
            return
        self._rows += frame.height
        self._lines += piece.lines
        yield frame

    def _parsed(self, piece: _Piece) -> pl.DataFrame | None:
        if not piece.text:
            return pl.DataFrame(schema=self._schema)
        if piece.delimiters != piece.rows * (self._width - 1):
            return None
        try:
            frame = pl.read_csv(
                piece.text,
                has_header=False,
                schema=self._schema,
                separator=self._layout.delimiter,
                quote_char='"' if piece.quoted else None,
                infer_schema=False,
                empty_string_is_null=False,
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            return None
        return frame if frame.height == piece.rows else None

    def _slowly(self, blocks: Iterable[bytes]) -> Iterator[pl.DataFrame]:
        lines = chain.from_iterable(io.StringIO(block.decode(), newline="\n") for block in blocks)
        reader = csv.reader(lines, delimiter=self._layout.delimiter, strict=True)
        rows: list[list[str]] = []
        while len(self._problems) < MAX_PROBLEMS:
            line = self._lines + reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                self._problems.append(self._unclosed(line, error))
                break
            if row is None:
                break
            if self._is_blank(row):
                continue
            self._rows += 1
            if len(row) == self._width:
                rows.append(row)
            else:
                self._problems.append(self._ragged(line, len(row)))
            if len(rows) * self._width >= _CELLS_AT_ONCE:
                yield self._frame(rows)
                rows = []
        self._lines += reader.line_num
        yield self._frame(rows)

    def _frame(self, rows: list[list[str]]) -> pl.DataFrame:
        columns = zip(*rows, strict=True) if rows else [[]] * self._width
        return pl.DataFrame(
            [pl.Series(name, cells, pl.String) for name, cells in zip(self._schema, columns, strict=True)]
        )

    def _is_blank(self, row: list[str]) -> bool:
        return not row or (self._width > 1 and len(row) == 1 and not row[0].strip())

    def _ragged(self, line: int, cells: int) -> str:
        delimiter = {"\t": "a tab"}.get(self._layout.delimiter, repr(self._layout.delimiter))
        do = f"write all cells, and put one that holds {delimiter} in quotes"
        row = f"{self._file.name}, row {self._rows} (line {line})"
        return message(f"{row} must have {self._width} cells, as the first row has", f"it has {cells}", do)

    def _unclosed(self, line: int, error: csv.Error) -> str:
        if "field limit" in str(error):
            limit = csv.field_size_limit()
            found = f"a cell that begins in line {line} or soon after has more than {limit:,} characters"
        else:
            found = f"those of the row that begins in line {line} do not ({error})"
        return message(
            f"{self._file.name}, row {self._rows + 1}: quotes must open and close a whole cell",
            found,
            "close the quote, and double each quote that belongs to a text",
        )
