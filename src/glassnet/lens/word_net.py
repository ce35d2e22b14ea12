"""Nets whose score is a sum over the words of a text: what has to be known of one to look into it.

The score z is the logit of the second class: z = bias + sum of times_i pull_i, and p = 1 / (1 + exp(-z)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from glassnet.data.text_tokens import tokens
from glassnet.engine.bags import BagNet
from glassnet.errors import RequestError, message
from glassnet.reference.sentiment import Weights, bags_of, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.texts import TextModel

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

    def parts(self, text: str) -> list[tuple[str, float, float]]:
        """Return each known word of a text, how much it counts, and what it adds to z each time."""
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

    def parts(self, text: str) -> list[tuple[str, float, float]]:
        """Return each known word of a text, how much it counts, and what it adds to z each time."""
        bags, pull = bags_of([text], self.vocabulary), self.pull
        numbers, times = (bags if self.counted else bags.presence())[0]
        pairs = zip(numbers.tolist(), times.tolist(), strict=True)
        return [(self.words[number], count, float(pull[number])) for number, count in pairs]

    def pieces(self, text: str) -> list[str]:
        """Return the words of a text in their order, known or not."""
        return words(text)


@dataclass(frozen=True, eq=False)
class BagWords:
    """The bag of n-grams of a text model of two classes, seen as a :class:`WordNet`; a word may be several.

    Attributes:
        classes: the two classes.
        net: the bag of n-grams; its ``words`` are those of its n-grams whose names it has kept.
    """

    classes: tuple[str, str]
    net: BagNet = field(repr=False)

    @property
    def words(self) -> Sequence[str]:
        """The n-grams whose names are kept."""
        return tuple(self.net.names.values())

    @property
    def vectors(self) -> Floats:
        """Their weights: without hidden layers one each, with them one for each unit of the first."""
        return self.net.weights[list(self.net.names)].astype(np.float64)

    @property
    def pull(self) -> Floats:
        """What each adds to the score of a text that holds nothing else. Shape: (n-grams,)."""
        return self.net.alone(np.array(list(self.net.names), np.int64))[:, 0].astype(np.float64)

    @property
    def bias(self) -> float:
        """The score of a text without a known n-gram."""
        return float(self.net.base[0])

    def parts(self, text: str) -> list[tuple[str, float, float]]:
        """Return each known n-gram of a text, how often it stands there, and what it adds each time."""
        found = self.net.contributions(text)
        return [(each.ngram, float(each.count), float(each.logits[0]) / each.count) for each in found]

    def pieces(self, text: str) -> list[str]:
        """Return the tokens of a text in their order, known or not."""
        return tokens(text, self.net.vocabulary.options)


def word_net(of: object) -> WordNet:
    """Return a net over words as it is, and the net of a text model as one.

    Raises:
        RequestError: it is neither, has more than two classes, or its words do not add up to its answers.
    """
    from glassnet.model.texts import TextModel

    if isinstance(of, TextModel):
        return _of_model(of)
    if isinstance(of, WordNet):
        return of
    must = "it must be a net over words or a text model"
    do = "give gn.text_steps(...).net, or what gn.train made of texts"
    raise RequestError(message(must, f"it is a {type(of).__name__}", do))


def _of_model(model: TextModel) -> BagWords:
    classes, do = model.task.classes, "ask model.contributions(text), which has every class"
    if len(classes) != 2:
        must = "the text model must have two classes"
        raise RequestError(message(must, f"it has {len(classes)}", do))
    if isinstance(model.net, BagNet) and not model.net.stack.bends:
        return BagWords((str(classes[0]), str(classes[1])), model.net)
    must = "the words of a text model must add up to its answers"
    do = "ask model.contributions(text), or train with net='bag' or net='10:identity'"
    raise RequestError(message(must, f"net={model.plan.net!r}", do))
