"""The vocabulary of a text collection, and texts as rows of numbers under it.

>>> texts = Texts.of(["good film", "bad film", "good good"])
>>> vocabulary = Vocabulary.fit(texts, TextOptions(ngrams=1, min_count=1, weighting="counts"))
>>> features = vocabulary.encode(texts)
>>> len(vocabulary), features.offsets.tolist(), features.values.tolist()
(3, [0, 2, 4, 5], [1.0, 1.0, 1.0, 1.0, 2.0])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data import text_native, text_python
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.machine import all_cores
from glassnet.native_status import native_status

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Features:
    """Texts as sparse rows; row i has ``columns[offsets[i]:offsets[i + 1]]``, rising.

    Attributes:
        offsets: where each row begins. Shape: (texts + 1,), int64.
        columns: which features are there. Shape: (entries,), int32.
        values: what they count, above 0; None where all are 1. Shape: (entries,), float32.
        width: the number of features of the vocabulary.
    """

    offsets: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32] | None
    width: int

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self.offsets) - 1

    def texts_with(self) -> NDArray[np.int64]:
        """Return in how many texts each feature is. Shape: (width,)."""
        return np.bincount(self.columns, minlength=self.width)

    def where(self, rows: NDArray[np.bool_], columns: NDArray[np.bool_] | None = None) -> Features:
        """Return some rows, and some of the columns, numbered anew. Shapes of the masks: (texts,) and
        (width,)."""
        width, place = self.width, None
        if columns is not None:
            width = int(columns.sum())
            place = np.where(columns, np.cumsum(columns) - 1, -1).astype(np.int32)
        given = self.offsets, self.columns, rows, place
        offsets, found = _twin().narrowed(*given, all_cores())
        values = self.values
        if values is not None:
            kept = np.repeat(rows, np.diff(self.offsets))
            values = values[kept if columns is None else kept & columns[self.columns]]
        return Features(offsets, found, values, width)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Which n-grams are features. Fitted on training texts only.

    Attributes:
        options: how texts are read.
        keys: the 64-bit key of the n-gram of each column. Shape: (features,), uint64.
        texts_with: in how many training texts each is. Shape: (features,), int64.
        texts: how many training texts there were.
    """

    options: TextOptions
    keys: NDArray[np.uint64]
    texts_with: NDArray[np.int64]
    texts: int

    @classmethod
    def fit(cls, texts: Texts, options: TextOptions, *, threads: int | None = None) -> Vocabulary:
        """Count in how many texts each n-gram is, and keep what ``options`` ask for.

        Columns are in order of falling count, then of rising key.
        """
        keys, texts_with = _twin().counted(texts, options, threads or all_cores())
        return cls(options, keys, texts_with, len(texts))

    def __len__(self) -> int:
        """Return how many features there are."""
        return len(self.keys)

    def where(self, columns: NDArray[np.bool_], texts_with: NDArray[np.int64], texts: int) -> Vocabulary:
        """Return some of the columns, as counted in other texts. Shapes: (features,), and (kept,)."""
        return Vocabulary(self.options, self.keys[columns], texts_with, texts)

    def encode(self, texts: Texts, *, threads: int | None = None) -> Features:
        """Turn texts into rows; n-grams that are not in the vocabulary are left out.

        A value is 1 (presence), how often the n-gram is there (counts), or
        (1 + ln count) (1 + ln((1 + texts) / (1 + texts with it))) (tfidf).
        """
        threads = threads or all_cores()
        offsets, columns, counts = _twin().encoded(texts, self.options, self.keys, threads)
        values = None if self.options.weighting == "presence" else self._values(columns, counts)
        return Features(offsets, columns, values, len(self))

    def _values(self, columns: Array, counts: Array) -> NDArray[np.float32]:
        if self.options.weighting == "counts":
            return counts.astype(np.float32)
        found: NDArray[np.float32] = ((1 + np.log(counts)) * self._rarity()[columns]).astype(np.float32)
        return found

    def _rarity(self) -> Array:
        rarity: Array = 1 + np.log((1 + self.texts) / (1 + self.texts_with))
        return rarity

    def revalued(self, features: Features, other: Vocabulary, columns: NDArray[np.bool_]) -> Features:
        """Return rows of some of the columns as ``other``, which has only those, would have encoded them."""
        if self.options.weighting != "tfidf" or features.values is None:
            return features
        factor = other._rarity() / self._rarity()[columns]
        return replace(features, values=(features.values * factor[features.columns]).astype(np.float32))

    def column(self, key: int) -> int | None:
        """Return the column of an n-gram's key; None where it is no feature."""
        at = int(np.searchsorted(self._rising[0], np.uint64(key)))
        found = at < len(self) and int(self._rising[0][at]) == key
        return int(self._rising[1][at]) if found else None

    @cached_property
    def _rising(self) -> tuple[Array, Array]:
        order = np.argsort(self.keys)
        return self.keys[order], order

    def names(self, texts: Texts, features: Features, wanted: Array) -> dict[int, str]:
        """Return the n-grams of some columns, in their order, as the texts have them that were encoded.

        Args:
            wanted: columns. Shape: (n,), integers.
        """
        rows = _first_rows(features, wanted)
        found: dict[int, str] = {}
        for row in np.unique(rows[rows >= 0]).tolist():
            keys = np.sort(self.keys[wanted[rows == row]])
            for key, name in _twin().named(texts.raw(row), self.options, keys):
                found.setdefault(key, name)
        named = ((int(column), found.get(int(self.keys[column]))) for column in wanted)
        return {column: name for column, name in named if name is not None}

    def arrays(self) -> dict[str, Array]:
        """Return what a file must hold beside ``described``."""
        return {"keys": self.keys, "texts_with": self.texts_with}

    def described(self) -> dict[str, Any]:
        """Return what is not an array: options and the number of texts, for JSON."""
        return {"options": asdict(self.options), "texts": self.texts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], described: Mapping[str, Any]) -> Vocabulary:
        """Take what ``arrays`` and ``described`` gave."""
        options = TextOptions(**described["options"])
        return cls(options, arrays["keys"], arrays["texts_with"], int(described["texts"]))


def _first_rows(features: Features, columns: Array) -> Array:
    """Return the first row that has each of some columns, -1 where none has. Shape: (columns,)."""
    first = np.full(features.width, -1)
    first[columns] = len(features.columns)
    entries = np.flatnonzero(first[features.columns] >= 0)[::-1]
    first[features.columns[entries]] = entries  # the last that is written is the first entry
    rows = np.searchsorted(features.offsets, first[columns], "right") - 1
    return np.where(rows < len(features), rows, -1)


def _twin() -> Any:
    return text_native if native_status().available else text_python
