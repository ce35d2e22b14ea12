"""Step 2, texts to numbers: a vocabulary, one number for each of its words, and 0 or 1 for the label.

    >>> vocabulary = number_words(["a good film", "a bad film"])
    >>> vocabulary
    {'a': 0, 'good': 1, 'film': 2, 'bad': 3}
    >>> count_vector("good, good film", vocabulary)
    array([0., 2., 1., 0.])

The order of the words is lost: what is left is a bag of words. Most numbers are 0, so only the others are
kept where many texts are, each with the number of its word:

    >>> bags = bags_of(["good, good film", "bad"], vocabulary)
    >>> bags.words, bags.times, bags.starts
    (array([1, 2, 3], dtype=int32), array([2., 1., 1.]), array([0, 2, 3]))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import message
from glassnet.reference.arrays import Floats, insist
from glassnet.reference.sentiment.words import not_texts, words

Vocabulary = Mapping[str, int]
"""The number of each word, from 0."""


def number_words(texts: Iterable[str]) -> dict[str, int]:
    """Return the vocabulary of texts: each word numbered by its first place."""
    vocabulary: dict[str, int] = {}
    for text in texts:
        for word in words(text):
            vocabulary.setdefault(word, len(vocabulary))
    return vocabulary


def count_vector(text: str, vocabulary: Vocabulary) -> Floats:
    """Return how often each word of the vocabulary stands in a text. Shape: (words,)."""
    vector = np.zeros(len(vocabulary))
    for word in words(text):
        if word in vocabulary:
            vector[vocabulary[word]] += 1
    return vector


def presence_vector(text: str, vocabulary: Vocabulary) -> Floats:
    """Return 1 for each word of the vocabulary that stands in a text, else 0. Shape: (words,)."""
    return np.minimum(count_vector(text, vocabulary), 1.0)


@dataclass(frozen=True, eq=False)
class Bags:
    """The words of several texts, each word of a text once; text i has those of starts[i] to starts[i + 1].

    Attributes:
        words: numbers of words, (n,), int32, of each text from the lowest.
        times: how often each of them stands in its text, (n,), float64; None: presence, 1 for each.
        starts: (texts + 1,), int64, from 0 to n.
    """

    words: NDArray[np.int32]
    times: Floats | None
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.starts) - 1

    def __getitem__(self, text: int) -> tuple[NDArray[np.int32], Floats]:
        """Return the words of one text and the input of each of them, (k,) each."""
        part = slice(*self.starts[text : text + 2])
        words = self.words[part]
        return words, np.ones(len(words)) if self.times is None else self.times[part]

    def presence(self) -> Bags:
        """Return the same texts with 1 for every word that is there."""
        return replace(self, times=None)

    def dense(self, text: int, size: int) -> Floats:
        """Return one text as a vector with mostly zeros. Shape: (size,)."""
        vector = np.zeros(size)
        at, times = self[text]
        vector[at] = times
        return vector

    def take(self, texts: NDArray[np.int64]) -> Bags:
        """Return some of the texts, in that order."""
        sizes = np.diff(self.starts)[texts]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        places = np.arange(starts[-1]) + np.repeat(self.starts[texts] - starts[:-1], sizes)
        return Bags(self.words[places], self._times_at(places), starts)

    def only(self, kept: NDArray[np.bool_]) -> Bags:
        """Return the texts with some of the words, which are numbered anew. Shape of ``kept``: (words,)."""
        places = kept[self.words]
        numbers = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        starts = np.concatenate([[0], np.cumsum(places)])[self.starts]
        return Bags(numbers[self.words[places]], self._times_at(places), starts)

    def _times_at(self, places: NDArray[Any]) -> Floats | None:
        return None if self.times is None else self.times[places]


def bags_of(texts: Sequence[str], vocabulary: Vocabulary) -> Bags:
    """Return the bags of texts; words that are not in the vocabulary are left out.

    Raises:
        RequestError: what is given are no texts.
    """
    insist(not_texts(texts))
    return _bags([vocabulary[word] for word in words(text) if word in vocabulary] for text in texts)


def all_bags(texts: Sequence[str]) -> tuple[dict[str, int], Bags]:
    """Return the vocabulary of texts as :func:`number_words` does, and their bags with all of it.

    Raises:
        RequestError: what is given are no texts.
    """
    insist(not_texts(texts))
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__  # a word that is looked up for the first time is numbered
    bags = _bags([vocabulary[word] for word in words(text)] for text in texts)
    return dict(vocabulary), bags


def _bags(numbered: Iterable[list[int]]) -> Bags:
    """Return bags of texts whose words are numbers, in the order of these."""
    found = [np.unique(np.array(each, np.int32), return_counts=True) for each in numbered]
    starts = np.concatenate([[0], np.cumsum([len(each) for each, _ in found], dtype=np.int64)])
    empty = np.array([], np.int32)
    at = np.concatenate([empty, *(each for each, _ in found)])
    times = np.concatenate([empty, *(times for _, times in found)]).astype(float)
    return Bags(at, times, starts.astype(np.int64))


def two_labels(labels: Sequence[object]) -> tuple[Floats, tuple[str, str]]:
    """Return 0 or 1 for each label, and the names of both: the one that comes second in the alphabet is 1.

    >>> two_labels(["POSITIVE", "NEGATIVE"])
    (array([1., 0.]), ('NEGATIVE', 'POSITIVE'))

    Raises:
        RequestError: there are fewer or more than two.
    """
    given = [str(label) for label in labels]
    names = sorted(set(given))
    insist(_not_two(names))
    return np.array([float(label == names[1]) for label in given]), (names[0], names[1])


def _not_two(names: Sequence[str]) -> str | None:
    if len(names) == 2:
        return None
    shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
    found = f"there are {len(names)}: {shown}" if names else "there is none"
    do = "keep the texts of two classes, such as positive and negative ones"
    return message("the labels must name two classes", found, do)
