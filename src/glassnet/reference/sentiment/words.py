"""Step 1, the theory: words that stand in the texts of one class more often than in those of the other.

    >>> reviews = ["An amazing film.", "Amazing, and sad.", "A terrible film!", "Just terrible."]
    >>> counts = count_words(reviews, [1, 1, 0, 0])
    >>> counts.positive["amazing"], counts.negative["amazing"], counts.total["film"]
    (2, 0, 2)

A ratio of counts says how much more often: above 1 for a word of the positive class, below 1 for one of the
negative. But 4 and 1/4 say the same of either side and look unlike: their logarithms, 1.39 and -1.39, do not.

    >>> round(log_ratio(counts, "amazing"), 3), round(log_ratio(counts, "film"), 3)
    (0.693, -0.693)
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from glassnet.errors import message
from glassnet.reference.arrays import insist, not_labels, numbers

_SIGNS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LONGEST = 60
_WORD = re.compile(rf"[{_SIGNS}]|[^\W\d_{_SIGNS}]{{1,{_LONGEST}}}|[.。]")
NEVER = 0.01
"""What the course adds to a ratio of 1 or below, because the logarithm of 0 is none."""


def words(text: str) -> list[str]:
    """Return the words of a text: lower-case runs of letters, full stops, and Chinese signs one by one.

    Everything else only separates words, and a run of more than 60 letters is cut. The course has its
    reviews cleaned beforehand, lower-case and with spaces around each full stop, and splits at single spaces;
    on the raw reviews, with their line breaks in HTML, this rule finds nearly the same counts ("br" is a word
    in both). Two spaces make an empty word in the course, which is in nearly every review and is none here.

    >>> words("Isn't it AMAZING?<br />Yes. 好看")
    ['isn', 't', 'it', 'amazing', 'br', 'yes', '.', '好', '看']
    """
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class WordCounts:
    """How often each word stands in the texts of each class.

    Attributes:
        negative, positive: the counts in texts of class 0 and of class 1.
        negative_texts, positive_texts: how many texts there are of each class.
    """

    negative: Counter[str]
    positive: Counter[str]
    negative_texts: int
    positive_texts: int

    @property
    def total(self) -> Counter[str]:
        """How often each word stands in all texts."""
        return self.negative + self.positive


def count_words(texts: Sequence[str], labels: ArrayLike) -> WordCounts:
    """Count the words of the texts of class 0 and of class 1.

    Raises:
        RequestError: what is given are no texts, or there is not one label, 0 or 1, for each.
    """
    classes = numbers(labels, "labels")
    insist(not_texts(texts), not_labels(classes, len(texts), "labels"))
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for text, label in zip(texts, classes, strict=True):
        counts[int(label)].update(words(text))
    positive = int(classes.sum())
    return WordCounts(*counts, len(texts) - positive, positive)


def ratio(counts: WordCounts, word: str) -> float:
    """Return how much more often a word stands in positive texts.  r = p / (n + 1) * N / P

    n and p are its counts in negative and in positive texts; 1 is added so that nothing is divided by 0. N
    and P are how many texts there are of each class: in the course as many, so that it leaves them out.
    """
    share = counts.negative_texts / max(counts.positive_texts, 1)
    return counts.positive[word] / (counts.negative[word] + 1) * share


def log_ratio(counts: WordCounts, word: str) -> float:
    """Return the logarithm of :func:`ratio`: 0 for a word that says nothing, -inf where it is never positive.

    ln r. In the reviews of the course: the 0.059, amazing 1.392, terrible -1.729.
    """
    found = ratio(counts, word)
    return math.log(found) if found else -math.inf


def polarity(counts: WordCounts, word: str) -> float:
    """Return what the course holds against its cutoff: ln r above 1, ln(r + 0.01) up to 1, so never -inf."""
    found = ratio(counts, word)
    return math.log(found) if found > 1 else math.log(found + NEVER)


def extremes(counts: WordCounts, least: int = 100, most: int = 10) -> tuple[list[str], list[str]]:
    """Return the words with the lowest and with the highest ratio, the clearest and commonest first.

    Args:
        least: rarer words are left out: a word that stands in one text alone has the class of that text.
        most: so many of each.
    """
    total = counts.total
    known = sorted((word for word in total if total[word] > least), key=lambda word: (-total[word], word))
    lowest = sorted(known, key=lambda word: ratio(counts, word))
    highest = sorted(known, key=lambda word: -ratio(counts, word))
    return lowest[:most], highest[:most]


def not_texts(texts: object) -> str | None:
    """Say what is wrong with texts, if they are not a list of strings."""
    if isinstance(texts, Iterable) and not isinstance(texts, str):
        other = next(((at, each) for at, each in enumerate(texts) if not isinstance(each, str)), None)
        if other is None:
            return None
        found = f"texts[{other[0]}] is a {type(other[1]).__name__}"
    else:
        found = f"it is a {type(texts).__name__}"
    return message("texts must be a list of strings", found, 'write ["a good film", "a bad one"]')
