"""Texts as they were read, with what stands beside them: labels, and columns that splits and weights need."""

from __future__ import annotations

import codecs
import hashlib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.table import Table
from glassnet.data.text_store import Texts
from glassnet.errors import DataError, GlassnetWarning, message

NO_COLUMN = "text"
"""What texts are called that come from no column."""
NAMED = 3
"""So many of the texts at fault are named in a warning."""


@dataclass(frozen=True)
class TextRows:
    """Texts and what belongs to them.

    Attributes:
        texts: n texts.
        beside: n rows with the columns that are used beside the texts: the target, groups, weights.
        column: what the texts are called: the name of their column, or "text".
        target: the name of the labels; None where there are none.
        reason: how the text was found among the columns.
        target_reason: how the labels were found.
        left_out: columns that are not used, each with its reason.
        files: the names of the files that the texts come from; empty where they come from one.
        numbers: the row of each text in what was read, from 1. Shape: (n,), int64; None: 1 to n.
        sha256: of the file, or of texts and labels where there is none.
    """

    texts: Texts
    beside: Table
    column: str = NO_COLUMN
    target: str | None = None
    reason: str = "the texts"
    target_reason: str = "the labels"
    left_out: dict[str, str] = field(default_factory=dict)
    files: Sequence[str] = ()
    numbers: NDArray[np.int64] | None = None
    sha256: str | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def name(self) -> str:
        """What messages call the whole."""
        return self.beside.name

    def number(self, row: int) -> int:
        """Return the number of a row, counted from 0, in what was read."""
        return row + 1 if self.numbers is None else int(self.numbers[row])

    def where(self, row: int) -> str:
        """Name one text, counted from 0, for a message."""
        return self.files[row] if len(self.files) else f"row {self.number(row)}"

    def take(self, rows: NDArray[np.int64]) -> TextRows:
        """Return some of the rows, in this order."""
        files = [self.files[row] for row in rows.tolist()] if len(self.files) else ()
        frame = self.beside.frame
        beside = Table(frame[rows] if frame.width else frame, self.beside.name)
        numbers = rows + 1 if self.numbers is None else self.numbers[rows]
        return replace(self, texts=self.texts.take(rows), beside=beside, files=files, numbers=numbers)

    def with_sha256(self) -> TextRows:
        """Return the rows with the SHA-256 of their content, where they have none of a file."""
        if self.sha256 is not None:
            return self
        digest = hashlib.sha256(self.texts.offsets.astype("<i8").tobytes())
        digest.update(self.texts.blob.data)
        for column in self.beside.frame:
            digest.update(repr((column.name, str(column.dtype), column.to_list())).encode())
        return replace(self, sha256=digest.hexdigest())


def named(rows: Iterable[int], where: TextRows) -> str:
    """Name the first of some rows, and count the others.

    >>> rows = TextRows(Texts.of(["a"] * 9), Table(pl.DataFrame({"label": ["x"] * 9}), "a.csv"))
    >>> named([0, 2], rows), named(range(9), rows)
    ('row 1, row 3', 'row 1, row 2, row 3 and 6 more')
    """
    every = list(rows)
    more = f" and {len(every) - NAMED:,} more" if len(every) > NAMED else ""
    return ", ".join(where.where(row) for row in every[:NAMED]) + more


def texts_of_bytes(parts: Sequence[bytes], names: Sequence[str], name: str) -> Texts:
    """Take texts as bytes: UTF-8, or where most of them are none GB18030, or UTF-16 with its mark.

    What cannot be read stays and is read as U+FFFD; a warning names it.
    """
    parts = [_without_mark(part) for part in parts]
    wrong = [place for place, part in enumerate(parts) if not _is(part, "utf-8")]
    if len(wrong) * 2 > sum(not part.isascii() for part in parts) and all(
        _is(parts[place], "gb18030") for place in wrong
    ):
        for place in wrong:
            parts[place] = parts[place].decode("gb18030").encode()
        _warn(f"{name} is not UTF-8 and is read as GB18030")
    elif wrong:
        told = ", ".join(names[place] for place in wrong[:NAMED])
        more = f" and {len(wrong) - NAMED:,} more" if len(wrong) > NAMED else ""
        _warn(f"{name}: bytes that are no UTF-8 are read as \N{REPLACEMENT CHARACTER} in {told}{more}")
    zero = sum(b"\0" in part for part in parts)
    if zero:
        _warn(f"{name}: {zero:,} texts hold zero bytes, which are read as gaps between words")
    return Texts.of(parts)


def labels_of(values: Sequence[str | None], target: str, name: str) -> Table:
    """Return labels as a table of one column; blank ones are missing."""
    cells = [None if value is None or not value.strip() else value.strip() for value in values]
    return Table(pl.DataFrame([pl.Series(target, cells, pl.String)]), name)


def no_texts(name: str) -> DataError:
    """Return the error of data without a single text."""
    must, do = f"{name} must hold texts", "give one text or more"
    return DataError(message(must, "it holds none", do))


def _without_mark(part: bytes) -> bytes:
    if part.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return part.decode("utf-16", "replace").encode("utf-8", "replace")
    return part.removeprefix(codecs.BOM_UTF8)


def _is(part: bytes, encoding: str) -> bool:
    try:
        part.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _warn(text: str) -> None:
    warnings.warn(text, GlassnetWarning, stacklevel=3)


def joined(one: TextRows, other: TextRows) -> TextRows:
    """Put the rows of another source behind those of one; columns that it has not are missing there."""
    texts, more = one.texts, other.texts
    blob = np.concatenate([texts.blob, more.blob])
    offsets = np.concatenate([texts.offsets, more.offsets[1:] + texts.offsets[-1]])
    beside = other.beside.frame
    if other.target is not None and one.target is not None and other.target != one.target:
        beside = beside.rename({other.target: one.target})
    frames = [one.beside.frame, beside.select(name for name in one.beside.columns if name in beside.columns)]
    if any(frames[0][name].dtype != frames[1][name].dtype for name in frames[1].columns):
        frames = [frame.with_columns(pl.all().cast(pl.String)) for frame in frames]
    both = Table(pl.concat(frames, how="diagonal"), one.name)
    files = [rows.where(row) for rows in (one, other) for row in range(len(rows))] if len(one.files) else ()
    numbers = np.array([rows.number(row) for rows in (one, other) for row in range(len(rows))], np.int64)
    return replace(one, texts=Texts(blob, offsets), beside=both, files=files, numbers=numbers)
