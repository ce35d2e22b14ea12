"""Counting and encoding n-grams in plain Python: what runs without the extension, and what it is compared
with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ngrams, tokens

Array = NDArray[Any]


def counted(texts: Texts, options: TextOptions, threads: int = 1) -> tuple[Array, Array]:
    """Return the keys of the n-grams that ``options`` keep, and in how many texts each is.

    In order of falling count, then of rising key. Shapes: (features,) uint64 and int64.
    """
    counts: Counter[int] = Counter()
    for text in texts:
        counts.update({key for key, _ in ngrams(tokens(text, options), options)})
    kept = sorted((-count, key) for key, count in counts.items() if count >= options.min_count)
    kept = kept[: options.max_features]
    return np.array([key for _, key in kept], np.uint64), np.array([-count for count, _ in kept], np.int64)


def encoded(texts: Texts, options: TextOptions, keys: Array, threads: int = 1) -> tuple[Array, Array, Array]:
    """Return texts as rows: offsets (texts + 1,) int64, columns (entries,) int32, how often each is there
    (entries,) uint32; n-grams without a column are left out."""
    columns_of = {key: column for column, key in enumerate(keys.tolist())}
    offsets, columns, counts = [0], [], []
    for text in texts:
        found = (columns_of.get(key) for key, _ in ngrams(tokens(text, options), options))
        row = sorted(Counter(column for column in found if column is not None).items())
        columns += [column for column, _ in row]
        counts += [count for _, count in row]
        offsets.append(len(columns))
    return np.array(offsets, np.int64), np.array(columns, np.int32), np.array(counts, np.uint32)


def narrowed(
    offsets: Array, columns: Array, rows: Array, place: Array | None, threads: int = 1
) -> tuple[Array, Array]:
    """Return offsets and columns of some rows, and of the columns that have a place.

    Args:
        rows: which rows. Shape: (texts,), bool.
        place: the new number of each column, -1 for one that is left out; None keeps all. Shape: (width,),
            int32.
    """
    row = np.repeat(np.arange(len(rows)), np.diff(offsets))
    found = columns if place is None else place[columns]
    kept = rows[row] & (found >= 0)
    sizes = np.bincount(row[kept], minlength=len(rows))[rows]
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), found[kept]


def named(text: bytes, options: TextOptions, wanted: Array) -> Iterator[tuple[int, str]]:
    """Give the key and the name of each n-gram of a text that is wanted. Shape of wanted: (n,), rising,
    uint64."""
    keys = set(wanted.tolist())
    words = tokens(text.decode("utf-8", "replace"), options)
    return ((key, name) for key, name in ngrams(words, options) if key in keys)
