"""Step 6, less vocabulary: leave out the words that are too rare to learn from, and those that say nothing.

    keep a word    if it stands in the training texts more than ``min_count`` times
            and    if its polarity is ``cutoff`` or more, or -``cutoff`` or less; or if it is too rare, below
                   50 times, for a polarity

Fewer words are less work. Some of the words that are gone were noise, so that a small cutoff may even help; a
large one takes away what the network lives on. :func:`frontier` tries both settings side by side.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import message
from glassnet.reference.arrays import Floats, insist, numbers
from glassnet.reference.sentiment.bags import Bags
from glassnet.reference.sentiment.network import Weights, accuracy, start
from glassnet.reference.sentiment.sparse import scores_sparse, train_sparse
from glassnet.reference.sentiment.words import WordCounts, polarity

ENOUGH = 50
"""Rarer words have no polarity in the course."""
Train = Callable[[Bags, Floats, Weights, float], Floats]
Scores = Callable[[Bags, Weights], Floats]


@dataclass(frozen=True, eq=False)
class WordFacts:
    """What decides about each word of a vocabulary, learned from the training texts alone.

    Attributes:
        counts: how often it stands in them, (words,).
        polarity: (words,); NaN for a word that is too rare for one.
    """

    counts: NDArray[np.int64]
    polarity: Floats

    def kept(self, min_count: int, cutoff: float) -> NDArray[np.bool_]:
        """Say for each word whether it stays. Shape: (words,)."""
        clear = ~(np.abs(self.polarity) < cutoff)  # not a number is below nothing: rare words stay
        return np.asarray((self.counts > min_count) & clear)


def word_facts(counts: WordCounts, vocabulary: Mapping[str, int], enough: int = ENOUGH) -> WordFacts:
    """Return count and polarity of each word of a vocabulary, in the order of its numbers.

    >>> from glassnet.reference.sentiment import count_words
    >>> counts = count_words(["good good film", "bad bad film"], [1, 0])
    >>> facts = word_facts(counts, {"good": 0, "film": 1, "bad": 2}, enough=2)
    >>> facts.kept(min_count=1, cutoff=0.6)
    array([ True,  True,  True])
    >>> facts.kept(min_count=1, cutoff=0.7)
    array([False, False,  True])
    """
    total = counts.total
    names = sorted(vocabulary, key=lambda word: vocabulary[word])
    found = np.array([total[word] for word in names], dtype=np.int64)
    polarities = [polarity(counts, word) if total[word] >= enough else np.nan for word in names]
    return WordFacts(found, np.array(polarities, dtype=float))


@dataclass(frozen=True)
class Setting:
    """One pair of settings, what it costs and what it brings.

    Attributes:
        min_count, cutoff: as in :meth:`WordFacts.kept`.
        words: how many words are left.
        words_per_text: how many of them a training text has on average: the work of one step.
        accuracy: on the texts that choose.
        reviews_per_second: while it was trained.
    """

    min_count: int
    cutoff: float
    words: int
    words_per_text: float
    accuracy: float
    reviews_per_second: float


def frontier(
    facts: WordFacts,
    training: tuple[Bags, ArrayLike],
    choosing: tuple[Bags, ArrayLike],
    *,
    min_counts: Sequence[int] = (10, 20, 50),
    cutoffs: Sequence[float] = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8),
    rate: float = 0.01,
    seed: int = 0,
    repeats: int = 1,
    train: Train = train_sparse,
    scores: Scores = scores_sparse,
) -> list[Setting]:
    """Train once for each pair of settings and return what each costs and brings.

    Args:
        facts: of the words, from the training texts.
        training, choosing: bags over that vocabulary and labels, 0 or 1; the texts that choose teach nothing.
        min_counts, cutoffs: every one with every other.
        rate, seed: the same for all.
        repeats: how often each training is timed; the speed is that of the median.
        train, scores: what trains and answers; any that give the same numbers.
    """
    bags, targets = training[0].presence(), numbers(training[1], "labels")
    others, truth = choosing[0].presence(), numbers(choosing[1], "labels")
    insist(_not_there(len(others)))
    found = []
    for min_count in min_counts:
        for cutoff in cutoffs:
            kept = facts.kept(min_count, cutoff)
            few, seconds = bags.only(kept), list[float]()
            for _ in range(repeats):
                weights = start(int(kept.sum()), seed)
                began = time.perf_counter()
                train(few, targets, weights, rate)
                seconds.append(time.perf_counter() - began)
            share = accuracy(scores(others.only(kept), weights), truth)
            each = len(few.words) / len(few), share, len(few) / median(seconds)
            found.append(Setting(min_count, cutoff, int(kept.sum()), *each))
    return found


def best_settings(settings: Sequence[Setting]) -> list[Setting]:
    """Return the frontier: those than which none has less work and is as right, the least work first."""
    ordered = sorted(settings, key=lambda each: (each.words_per_text, -each.accuracy))
    front: list[Setting] = []
    for each in ordered:
        if not front or each.accuracy > front[-1].accuracy:
            front.append(each)
    return front


def recommended(settings: Sequence[Setting], texts: int) -> Setting:
    """Return the setting with the least work whose accuracy is within a standard error of the best one's.

    L. Breiman and others, 1984, "Classification and Regression Trees", section 3.4.3: the rule of one
    standard error, sqrt(a (1 - a) / n). It asks for simplicity where the texts that chose cannot tell.

    Args:
        texts: n, how many chose.
    """
    with_words = [each for each in settings if each.words] or settings
    best = max(each.accuracy for each in with_words)
    least = best - (best * (1.0 - best) / max(texts, 1)) ** 0.5
    good = [each for each in with_words if each.accuracy >= least]
    return min(good, key=lambda each: (each.words_per_text, -each.accuracy, each.min_count, each.cutoff))


def _not_there(texts: int) -> str | None:
    must = "there must be texts to choose on"
    return None if texts else message(must, "there is none", "hold some of the training texts out")
