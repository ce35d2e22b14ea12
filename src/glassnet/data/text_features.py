"""The vocabulary of a text collection, and texts as rows of numbers under it.

>>> texts = Texts.of(["good film", "bad film", "good good"])
>>> vocabulary = Vocabulary.fit(texts, TextOptions(ngrams=1, min_count=1, weighting="counts"))
>>> features = vocabulary.encode(texts)
>>> len(vocabulary), features.offsets.tolist(), features.values.tolist()
(3, [0, 2, 4, 5], [1.0, 1.0, 1.0, 1.0, 2.0])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ngrams, tokens

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


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Which n-grams are features. Fitted on training texts only.

    Attributes:
        options: how texts are read.
        keys: the 64-bit key of the n-gram of each column, those in most texts first. Shape: (features,), uint64.
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
        counts: Counter[int] = Counter()
        for text in texts:
            counts.update({key for key, _ in ngrams(tokens(text, options), options)})
        kept = sorted((-count, key) for key, count in counts.items() if count >= options.min_count)
        kept = kept[: options.max_features]
        keys = np.array([key for _, key in kept], np.uint64)
        return cls(options, keys, np.array([-count for count, _ in kept], np.int64), len(texts))

    def __len__(self) -> int:
        """Return how many features there are."""
        return len(self.keys)

    def encode(self, texts: Texts, *, threads: int | None = None) -> Features:
        """Turn texts into rows; n-grams that are not in the vocabulary are left out."""
        offsets, columns, values = [0], [], []
        for text in texts:
            row = sorted(self.row(text).items())
            columns += [column for column, _ in row]
            values += [self.value(column, count) for column, count in row]
            offsets.append(len(columns))
        numbers = None if self.options.weighting == "presence" else np.array(values, np.float32)
        return Features(np.array(offsets, np.int64), np.array(columns, np.int32), numbers, len(self))

    def row(self, text: str) -> Counter[int]:
        """Return how often each column is in one text."""
        found = (self.column(key) for key, _ in ngrams(tokens(text, self.options), self.options))
        return Counter(column for column in found if column is not None)

    def column(self, key: int) -> int | None:
        """Return the column of an n-gram's key; None where it is no feature."""
        return self._columns.get(key)

    def value(self, column: int, count: int) -> float:
        """Return the value of a feature that is ``count`` times in a text.

        For tfidf this is (1 + ln count) (1 + ln((1 + texts) / (1 + texts with it))).
        """
        if self.options.weighting == "tfidf":
            rare = np.log((1 + self.texts) / (1 + int(self.texts_with[column])))
            return float((1 + np.log(count)) * (1 + rare))
        return float(count) if self.options.weighting == "counts" else 1.0

    @cached_property
    def _columns(self) -> Mapping[int, int]:
        return {key: column for column, key in enumerate(self.keys.tolist())}

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
