"""Nets whose score is a sum over the words of a text: what has to be known of one to look into it.

The score z is the logit of the second class: z = bias + sum of times_i pull_i, and p = 1 / (1 + exp(-z)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from glassnet.reference.sentiment import Weights, bags_of, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@runtime_checkable
class WordNet(Protocol):
    """A net over bags of words that is linear in its inputs.

    Attributes:
        classes: the class below z = 0, and the class from 0 on.
        words: the vocabulary.
        vectors: what the net learned of each word, (words, units).
        pull: what each word adds to z each time that it counts, (words,).
        bias: z of a text without a known word.
    """

    @property
    def classes(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def words(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def vectors(self) -> Floats: ...  # noqa: D102
    @property
    def pull(self) -> Floats: ...  # noqa: D102
    @property
    def bias(self) -> float: ...  # noqa: D102

    def inputs(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        """Return the numbers of the words of a text, and how much each of them counts, (k,) both."""
        ...

    def pieces(self, text: str) -> list[str]:
        """Return the words of a text in their order, known or not."""
        ...


@dataclass(frozen=True, eq=False)
class SentimentWords:
    """The course's sentiment network, trained: a :class:`WordNet`.

    Attributes:
        classes: the two classes.
        words: the vocabulary.
        weights: of the net, (words, hidden units) and (hidden units,).
        counted: whether a word counts as often as it stands in a text, or once.
    """

    classes: tuple[str, str]
    words: tuple[str, ...]
    weights: Weights = field(repr=False)
    counted: bool = False
    bias: float = 0.0

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The number of each word."""
        return {word: number for number, word in enumerate(self.words)}

    @property
    def vectors(self) -> Floats:
        """The rows of the first matrix. Shape: (words, hidden units)."""
        return self.weights.hidden

    @property
    def pull(self) -> Floats:
        """What each word adds to the score: its row times the output weights. Shape: (words,)."""
        return self.weights.pull

    def inputs(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        """Return the numbers of the words of a text, and how much each of them counts, (k,) both."""
        bags = bags_of([text], self.vocabulary)
        numbers, times = (bags if self.counted else bags.presence())[0]
        return numbers.astype(np.int64), times

    def pieces(self, text: str) -> list[str]:
        """Return the words of a text in their order, known or not."""
        return words(text)
