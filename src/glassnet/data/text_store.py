"""Many texts in one block of bytes: what the fast path reads, without a Python object for each text.

>>> texts = Texts.of(["Good film.", b"Bad \\xff film."])
>>> len(texts), texts[1]
(2, 'Bad \\ufffd film.')
>>> texts.take([1])[0]
'Bad \\ufffd film.'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import DataError, message

if TYPE_CHECKING:
    import polars as pl

AT_ONCE = 1000
"""Rows of a column that are joined at a time."""


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts that do not change.

    Attributes:
        blob: the bytes of all texts, one after the other, UTF-8 where they are right. Shape: (bytes,), uint8.
        offsets: text i is ``blob[offsets[i]:offsets[i + 1]]``. Shape: (texts + 1,), int64.

    What is no UTF-8 is read as U+FFFD, as ``bytes.decode(errors="replace")`` does.
    """

    blob: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the offsets cut the blob.

        Raises:
            DataError: they do not.
        """
        offsets = self.offsets
        if (
            not (len(offsets) and offsets[0] == 0 and offsets[-1] == len(self.blob))
            or (np.diff(offsets) < 0).any()
        ):
            found = f"{len(offsets)} offsets for {len(self.blob)} bytes"
            raise DataError(
                message("offsets must rise from 0 to the length of blob", found, "make them with Texts.of")
            )

    @classmethod
    def of(cls, texts: Iterable[str | bytes]) -> Texts:
        """Take texts; a ``str`` becomes UTF-8, ``bytes`` stay what they are."""
        parts = [
            each.encode("utf-8", "surrogatepass") if isinstance(each, str) else bytes(each) for each in texts
        ]
        sizes = np.fromiter(map(len, parts), np.int64, len(parts))
        return cls(np.frombuffer(b"".join(parts), np.uint8), _offsets(sizes))

    @classmethod
    def of_column(cls, column: pl.Series) -> Texts:
        """Take a polars column of text; a null becomes an empty text."""
        column = column.fill_null("")
        offsets = _offsets(column.str.len_bytes().to_numpy())
        blob = np.empty(int(offsets[-1]), np.uint8)
        for first in range(0, len(column), AT_ONCE):
            piece = b"".join(column[first : first + AT_ONCE].cast(_binary()).to_list())
            blob[offsets[first] : offsets[first] + len(piece)] = np.frombuffer(piece, np.uint8)
        return cls(blob, offsets)

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        """Return one text, decoded."""
        return self.raw(row).decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        """Give each text, decoded."""
        return (self[row] for row in range(len(self)))

    def raw(self, row: int) -> bytes:
        """Return the bytes of one text; a negative row counts from the end."""
        row = range(len(self))[row]
        return self.blob[self.offsets[row] : self.offsets[row + 1]].tobytes()

    def take(self, rows: Sequence[int] | ArrayLike) -> Texts:
        """Return the texts of these rows, in this order. Shape of rows: (n,), integers or a mask."""
        chosen = np.arange(len(self))[np.asarray(rows, None if len(np.asarray(rows)) else np.int64)]
        starts, sizes = self.offsets[:-1][chosen], np.diff(self.offsets)[chosen]
        offsets = _offsets(sizes)
        blob = np.empty(int(offsets[-1]), np.uint8)
        for at, start, size in zip(offsets.tolist(), starts.tolist(), sizes.tolist(), strict=False):
            blob[at : at + size] = self.blob[start : start + size]
        return Texts(blob, offsets)


def _offsets(sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return where texts of these sizes begin, one after the other, and where the last ends."""
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def _binary() -> type[pl.Binary]:
    import polars as pl

    return pl.Binary
