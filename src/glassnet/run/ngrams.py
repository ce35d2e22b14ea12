"""The baselines of a text: how often each character is, and what follows the last few characters.

Counts of longer contexts are mixed with those of shorter ones as much as a context is followed by different
characters (Witten and Bell 1991; formula 16 of Chen and Goodman 1999):

    P(c | context) = (count(context, c) + kinds(context) * P(c | shorter)) / (count(context) + kinds(context))

where kinds(context) is how many different characters followed it. The shortest context is none, and below it
every code of the vocabulary is as probable as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.characters import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]

ORDER = 6
"""Characters of the longest n-gram, the foretold one included."""
MOST = 5_000_000
"""Characters that n-grams are counted in: the last ones of a longer text."""
_LARGEST = 1 << 62


def frequencies(train: Codes, size: int) -> Floats:
    """Return the probability of each code: its share, mixed a little with that of all codes alike.

    Shape: (size,).
    """
    counts = counted(train, size)
    kinds = np.count_nonzero(counts)
    mixed: Floats = (counts + kinds / size) / (len(train) + kinds)
    return mixed


def longest_order(size: int) -> int:
    """Return the n of the longest n-gram that fits into a whole number of 63 bits.

    >>> longest_order(84), longest_order(20_000)
    (6, 4)
    """
    return max(each for each in range(1, ORDER + 1) if size**each < _LARGEST)


def ngram_losses(train: Codes, text: Codes, first: int, size: int) -> Floats:
    """Return -ln of the probability of each character of a text from ``first`` on, given those before it.

    Args:
        train: codes in which the n-grams are counted.
        text: codes, of which those before ``first`` are only read.
        size: number of codes.

    Shape: (characters - first,).
    """
    chance: Floats = np.full(len(text), 1 / size)
    train = train[-MOST:]
    for order in range(1, longest_order(size) + 1):
        shorter, chance = chance, np.empty(len(text))
        counts, totals, kinds = _counts(_keys(train, order, size), size, _keys(text, order, size))
        begin = order - 1  # the characters before have no context of this length
        chance[:begin] = shorter[:begin]
        seen = totals > 0
        mixed = (counts + kinds * shorter[begin:]) / np.maximum(totals + kinds, 1)
        chance[begin:] = np.where(seen, mixed, shorter[begin:])
    losses: Floats = -np.log(chance[first:])
    return losses


def _keys(codes: Codes, order: int, size: int) -> NDArray[np.int64]:
    """Return each n-gram as one whole number, the last character its lowest digit."""
    keys = np.zeros(max(0, len(codes) - order + 1), np.int64)
    for place in range(order):
        keys = keys * size + codes[place : place + len(keys)]
    return keys


def _counts(train: NDArray[np.int64], size: int, asked: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return for each asked n-gram how often it is there, how often its context is, and in how many kinds."""
    grams, times = np.unique(train, return_counts=True)
    contexts, first = np.unique(grams // size, return_index=True)
    totals = np.add.reduceat(times, first) if len(first) else times
    kinds = np.diff([*first.tolist(), len(grams)]) if len(first) else first
    at_gram, at_context = _found(grams, asked), _found(contexts, asked // size)
    return _taken(times, at_gram), _taken(totals, at_context), _taken(kinds, at_context)


def _found(sorted_keys: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each asked key is, -1 where it is not."""
    at = np.searchsorted(sorted_keys, asked)
    there = at < len(sorted_keys)
    there[there] = sorted_keys[at[there]] == asked[there]
    return np.where(there, at, -1)


def _taken(values: NDArray[np.int64], at: NDArray[np.int64]) -> Floats:
    if not len(values):
        return np.zeros(len(at))
    taken: Floats = np.where(at >= 0, values[np.maximum(at, 0)], 0).astype(np.float64)
    return taken
