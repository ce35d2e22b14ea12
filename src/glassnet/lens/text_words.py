"""What a bag of words has learned, and what made one answer: words with what they add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import DataError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.text_rows import TextRows
    from glassnet.model.texts import TextModel

SHOWN = 15


@dataclass(frozen=True)
class WeightedWord:
    """A word, or a group of neighbours, with how far it speaks for a class: its weight in the logit."""

    word: str
    weight: float


@dataclass(frozen=True)
class WordWeights:
    """The words that speak for each class most, the strongest first.

    Attributes:
        classes: class -> words. The weight is added to the logit of the class (of several classes: beyond
            the mean of all), divided by the length of the row: the root of the number of features of a text.
        alone: there are hidden layers, and the weight is what the word adds in a text that has no other.
    """

    classes: dict[str, tuple[WeightedWord, ...]]
    alone: bool = False

    def __str__(self) -> str:
        lines = []
        for name, words in self.classes.items():
            told = ", ".join(f"{each.word} {each.weight:+.3g}" for each in words)
            lines.append(f"words for {name}: {told or 'none'}")
        return "\n".join(lines)


@dataclass(frozen=True)
class TextAnswer:
    """One text's answer taken apart: what its words add up to.

    Attributes:
        row: its number in what was read, from 1.
        text: the text.
        answer: the class; ``probability`` of it.
        towards: the class for which words speak where their number is above 0, and against it below.
        base: the logit of a text without known words.
        words: all of them, the strongest first, each with what the logit would lose without it.
        together: what they do beyond that, through hidden layers; without them 0.
        logit: of ``towards``; of several classes beyond the mean of all.
    """

    row: int
    text: str
    answer: str
    probability: float
    towards: str
    base: float
    words: tuple[WeightedWord, ...]
    together: float
    logit: float

    def __str__(self) -> str:
        shown = self.words[:SHOWN]
        rest = sum(each.weight for each in self.words[SHOWN:])
        lines = [f"row {self.row}: {self.answer} ({self.probability:.1%})", _clipped(self.text, 300)]
        lines += [f"  {each.weight:+.4f}  {each.word}" for each in shown]
        if len(self.words) > SHOWN:
            lines.append(f"  {rest:+.4f}  {len(self.words) - SHOWN:,} more words and groups of words")
        if self.together:
            lines.append(f"  {self.together:+.4f}  what they do together, beyond what each does")
        lines.append(f"  {self.base:+.4f}  without any word")
        return "\n".join([*lines, f"  {self.logit:+.4f}  in all, for {self.towards}: the logit"])


def word_weights(model: TextModel, most: int = SHOWN) -> WordWeights:
    """Return the words that speak for each class most, at most ``most`` of each."""
    named = model.net.word_weights()
    words = [name for name, _ in named]
    table = _towards(np.array([weights for _, weights in named], np.float64).reshape(len(named), -1))
    found = {}
    for place, name in enumerate(model.task.classes):
        column = table[:, place]
        best = [each for each in np.argsort(-column, kind="stable")[:most] if column[each] > 0]
        found[name] = tuple(WeightedWord(words[each], float(column[each])) for each in best)
    return WordWeights(found, alone=bool(model.net.stack.hidden))


def text_answer(model: TextModel, rows: TextRows, row: int) -> TextAnswer:
    """Take the answer to one text apart.

    Args:
        row: its place in ``rows``, from 1.

    Raises:
        DataError: there is no such row.
    """
    if not 1 <= row <= len(rows):
        must = f"--row must name a text of {rows.name}"
        raise DataError(message(must, f"row {row} of {len(rows):,}", "count from 1"))
    one = rows.take(np.array([row - 1]))
    probabilities = model.predictions(one)[0]
    best = int(probabilities.argmax())
    place = best if len(model.task.classes) > 2 else 1
    found = model.contributions(one.texts.raw(0))
    added = _towards(np.array([each.logits for each in found], np.float64).reshape(len(found), -1))[:, place]
    base = float(_towards(model.net.base[None, :])[0, place])
    logit = base + float(added.sum())
    if model.net.stack.hidden:
        logit = float(_towards(model.net.logits(one.texts).astype(np.float64))[0, place])
    order = np.argsort(-np.abs(added), kind="stable")
    return TextAnswer(
        row=one.number(0),
        text=one.texts[0],
        answer=model.task.classes[best],
        probability=float(probabilities[best]),
        towards=model.task.classes[place],
        base=base,
        words=tuple(WeightedWord(found[each].ngram, float(added[each])) for each in order),
        together=logit - base - float(added.sum()),
        logit=logit,
    )


def _towards(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each class gets. Shape: (n, outputs) -> (n, classes)."""
    if logits.shape[1] == 1:
        return np.concatenate([-logits, logits], axis=1)
    return logits - logits.mean(axis=1, keepdims=True) if logits.shape[1] else logits


def _clipped(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."
