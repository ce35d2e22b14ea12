"""What a net over words has learned: words for and against, words alike, and the words behind one answer.

gn.word_weights(net)                       # the words that speak most for each class
gn.similar_words(net, "excellent")         # words that the net uses in the same way
gn.word_contributions(net, "A sad film.")  # what each word of a text adds to its answer: it sums up exactly
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import RequestError, did_you_mean, message
from glassnet.lens.as_json import as_json
from glassnet.lens.numerals import number, percent, signed
from glassnet.lens.text import aligned
from glassnet.lens.word_net import WordNet, word_net

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.texts import TextModel

    Floats = NDArray[np.float64]

ONE_LINE = (
    "the vectors of all words lie on one line, as they do where the first layer starts at zero or has one "
    "unit: words that pull to the same class have the cosine 1 whatever they mean, and only the length of a "
    "vector tells them apart"
)


@dataclass(frozen=True)
class WordWeight:
    """One word, and what it adds to the score each time that it counts."""

    word: str
    pull: float


@dataclass(frozen=True)
class WordWeights:
    """The words that pull most to each class, the strongest first.

    Attributes:
        classes: the class of a score below 0, and that of a score from 0 on.
        first, second: the words that speak for each of them.
        words: how many words the net knows.
    """

    classes: tuple[str, str]
    first: tuple[WordWeight, ...]
    second: tuple[WordWeight, ...]
    words: int

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def __str__(self) -> str:
        heads = [cell for name in self.classes for cell in (f"for {name}", "pull")]
        rows = max(len(self.first), len(self.second))
        columns = [_cells(side, rows) for side in (self.first, self.second)]
        return aligned([heads, *([*a, *b] for a, b in zip(*columns, strict=True))])


@dataclass(frozen=True)
class Likeness:
    """Another word, beside the one that was asked for.

    Attributes:
        product: of the two vectors, a b: large for words that pull alike and strongly.
        cosine: a b / |a| |b|: 1 where both point the same way, however far.
    """

    word: str
    product: float
    cosine: float


@dataclass(frozen=True)
class SimilarWords:
    """The words most and least alike to one word, by the product of their vectors, as in the course.

    Attributes:
        word: the one that was asked for.
        pull: what it adds to the score.
        most, least: the words alike, and those most unlike.
        note: what to know before reading it; None: nothing.
    """

    word: str
    pull: float
    most: tuple[Likeness, ...]
    least: tuple[Likeness, ...]
    note: str | None

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def table(self) -> str:
        """Return the words alike and unlike, without the note."""
        rows = [["most like " + self.word, "product", "cosine"]]
        rows += [[each.word, number(each.product, 3), number(each.cosine, 3)] for each in self.most]
        rows.append(["least like it", "", ""])
        rows += [[each.word, number(each.product, 3), number(each.cosine, 3)] for each in self.least]
        return aligned(rows)

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.table(), self.note]))


@dataclass(frozen=True)
class WordPart:
    """One word of a text: how much it counts, what it adds to the score each time, and in all."""

    word: str
    times: float
    pull: float
    contribution: float


def sure_text(probability: float) -> str:
    """Write how sure an answer is, and never that it is certain.

    >>> sure_text(0.873), sure_text(0.9999)
    ('87.3 % sure', 'over 99.9 % sure')
    """
    return "over 99.9 % sure" if probability > 0.999 else f"{percent(probability)} sure"


@dataclass(frozen=True)
class WordContributions:
    """Where the answer for one text comes from: bias + the contributions = score.

    Attributes:
        classes: the class of a score below 0, and that of a score from 0 on.
        answer: the class that is answered.
        probability: of that class.
        score: the logit of the second class.
        bias: the score of a text without a known word.
        parts: the known words, the largest contribution in size first.
        pieces: the words of the text in their order, each with what it adds where it stands; None for a
            word that the net does not know. What a word adds that counts once is shared among its places.
    """

    classes: tuple[str, str]
    answer: str
    probability: float
    score: float
    bias: float
    parts: tuple[WordPart, ...]
    pieces: tuple[tuple[str, float | None], ...]

    @property
    def unknown(self) -> int:
        """How many words of the text the net does not know."""
        return sum(value is None for _, value in self.pieces)

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def __str__(self) -> str:
        head = f"{self.answer}, {sure_text(self.probability)}: score {signed(self.score)}"
        rows = [["word", "times", "adds"]]
        rows += [[each.word, number(each.times, 3), signed(each.contribution)] for each in self.parts[:15]]
        rest = self.parts[15:]
        if rest:
            rows.append([f"{len(rest):,} others", "", signed(sum(each.contribution for each in rest))])
        if self.bias:
            rows.append(["(always)", "", signed(self.bias)])
        rows.append(["sum", "", signed(self.score)])
        return "\n".join([head, aligned(rows), f"{self.unknown:,} words of the text are not known"])


def word_weights(of: WordNet | TextModel, most: int = 20) -> WordWeights:
    """Return the words that pull most to each class.

    Args:
        of: ``gn.text_steps(...).net``, a text model of two classes, or any ``WordNet``.
        most: so many of each class.
    """
    net = word_net(of)
    pull = net.pull
    order = np.argsort(pull, kind="stable")
    lowest = [place for place in order[:most] if pull[place] < 0]
    highest = [place for place in order[::-1][:most] if pull[place] > 0]
    first, second = (
        tuple(WordWeight(net.words[place], float(pull[place])) for place in places)
        for places in (lowest, highest)
    )
    return WordWeights(net.classes, first, second, len(net.words))


def similar_words(of: WordNet | TextModel, word: str, most: int = 10) -> SimilarWords:
    """Return the words that the net treats most like one word, and those that it treats least so.

    Args:
        of: ``gn.text_steps(...).net``, a text model of two classes, or any ``WordNet``.
        word: one of its words.
        most: so many of each.

    Raises:
        RequestError: the net does not know the word.
    """
    net = word_net(of)
    if word not in net.words:
        close = did_you_mean(word, net.words)
        raise RequestError(message("the net must know the word", f"it does not know {word!r}", close))
    vectors = net.vectors
    at = list(net.words).index(word)
    products = vectors @ vectors[at]
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vectors[at])
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    order = np.argsort(-products, kind="stable")
    order = order[order != at]

    def found(places: Sequence[int]) -> tuple[Likeness, ...]:
        return tuple(Likeness(net.words[n], float(products[n]), float(cosines[n])) for n in places)

    note = ONE_LINE if directions(vectors) < 2 else None
    shown = min(most, (len(order) + 1) // 2)
    alike, unlike = order[:shown].tolist(), order[::-1][: min(shown, len(order) // 2)].tolist()
    return SimilarWords(word, float(net.pull[at]), found(alike), found(unlike), note)


def directions(vectors: Floats) -> int:
    """Count the independent directions among vectors, (words, units), by their singular values."""
    return int(np.linalg.matrix_rank(vectors)) if vectors.size else 0


def word_contributions(of: WordNet | TextModel, text: str) -> WordContributions:
    """Return what each word of a text adds to its answer; with the bias it sums to the score exactly.

    Args:
        of: ``gn.text_steps(...).net``, a text model of two classes, or any ``WordNet``.
        text: any text, also one without a known word.
    """
    net = word_net(of)
    found = net.parts(text)
    parts = [WordPart(word, times, pull, times * pull) for word, times, pull in found]
    score = net.bias + math.fsum(each.contribution for each in parts)
    parts.sort(key=lambda each: (-abs(each.contribution), each.word))
    sure = 1.0 / (1.0 + math.exp(-abs(score)))
    answer = net.classes[score >= 0]
    pieces = _pieces(net.pieces(text), parts)
    return WordContributions(net.classes, answer, sure, score, net.bias, tuple(parts), pieces)


def _pieces(found: Sequence[str], parts: Sequence[WordPart]) -> tuple[tuple[str, float | None], ...]:
    """Return each word in its place with its share of what it adds, alone and with its neighbours."""
    adds = {part.word: part.contribution for part in parts}
    longest = max((word.count(" ") + 1 for word in adds), default=1)
    places: dict[str, list[range]] = {}
    for at in range(len(found)):
        for length in range(1, longest + 1):
            name = " ".join(found[at : at + length])
            if name in adds and at + length <= len(found):
                places.setdefault(name, []).append(range(at, at + length))
    shares: list[float | None] = [None] * len(found)
    for name, spans in places.items():
        for at in (at for span in spans for at in span):
            shares[at] = (shares[at] or 0.0) + adds[name] / (len(spans) * len(spans[0]))
    return tuple(zip(found, shares, strict=True))


def _cells(words: Sequence[WordWeight], rows: int) -> list[list[str]]:
    cells = [[each.word, signed(each.pull)] for each in words]
    return cells + [["", ""]] * (rows - len(cells))
