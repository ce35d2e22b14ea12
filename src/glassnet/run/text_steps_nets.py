"""The networks of ``glassnet text-steps``: settings chosen, nets trained and judged, speeds measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from glassnet.engine import sentiment as engine
from glassnet.lens.text_steps_view import Frontier, SameAnswers, Step
from glassnet.lens.word_net import SentimentWords
from glassnet.metrics.coverage import wilson
from glassnet.native_status import native_status
from glassnet.randomness import epoch_order
from glassnet.reference import sentiment as s
from glassnet.reference.functions.activations import sigmoid
from glassnet.run.text_steps_data import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

RATES = (0.001, 0.01, 0.1)
MIN_COUNTS = (0, 10, 20, 50, 100)
CUTOFFS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
DENSE, WORDS, NUMPY = "NumPy with every input", "Python word by word", "NumPy text by text"
FAST = "compiled loops"
DENSE_NUMBERS = 15_000_000
"""So many inputs are computed with where all are: about a second."""
BY_WORD = 2_000
"""So many texts are trained on word by word."""
REPEATS, LONG_ENOUGH = 5, 0.3
Train = Callable[[s.Bags, "NDArray[np.float64]", s.Weights, float], "NDArray[np.float64]"]


@dataclass(frozen=True)
class How:
    """How often each training sees every text, and the seed of order and weights."""

    passes: int
    seed: int


def trained(bags: s.Bags, corpus: Corpus, rows: Rows, size: int, rate: float, how: How) -> s.Weights:
    """Train a net on some texts, each pass in an order of its own."""
    weights = s.start(size, how.seed)
    for number in range(how.passes):
        order = rows[epoch_order(how.seed, number, len(rows))]
        engine.train(bags.take(order), corpus.labels[order], weights, rate)
    return weights


def best_rate(bags: s.Bags, corpus: Corpus, how: How) -> float:
    """Return the learning rate that is best on the validation texts: most right, then least wrong."""
    kept = np.bincount(corpus.bags.take(corpus.training).words, minlength=len(corpus.words)) > 0
    few = bags.only(kept)

    truth = corpus.labels[corpus.choosing]

    def good(rate: float) -> tuple[float, float]:
        weights = trained(few, corpus, corpus.training, int(kept.sum()), rate, how)
        scores = engine.scores(few.take(corpus.choosing), weights)
        return s.accuracy(scores, truth), -float(np.mean((sigmoid(scores) - truth) ** 2))

    return max(RATES, key=good)


def tried(corpus: Corpus, rate: float, how: How) -> Frontier:
    """Try every pair of minimum count and cutoff on the validation texts."""
    facts = corpus.facts(corpus.counts(corpus.training))
    order = corpus.training[epoch_order(how.seed, 0, len(corpus.training))]
    settings = s.frontier(
        facts,
        (corpus.bags.take(order), corpus.labels[order]),
        (corpus.bags.take(corpus.choosing), corpus.labels[corpus.choosing]),
        min_counts=MIN_COUNTS,
        cutoffs=CUTOFFS,
        rate=rate,
        seed=how.seed,
        repeats=REPEATS if native_status().available else 1,
        train=_passes(how.passes),
        scores=engine.scores,
    )
    settings = [replace(each, reviews_per_second=how.passes * each.reviews_per_second) for each in settings]
    chosen, front = s.recommended(settings, len(corpus.choosing)), s.best_settings(settings)
    return Frontier(tuple(settings), tuple(front), chosen, rate, len(corpus.choosing))


def _passes(count: int) -> Train:
    def train(bags: s.Bags, y: NDArray[np.float64], weights: s.Weights, rate: float) -> NDArray[np.float64]:
        for _ in range(count - 1):
            engine.train(bags, y, weights, rate)
        return engine.train(bags, y, weights, rate)

    return train


def step_net(
    number: int, bags: s.Bags, corpus: Corpus, kept: NDArray[np.bool_], rate: float, how: How
) -> tuple[Step, SentimentWords]:
    """Train the net of a step on everything but the test texts, judge it on these, and time it.

    Args:
        number: 3 has counts, the others presence; 3 and 4 are timed with every input.
        bags: all texts with all words.
        kept: the words that the net knows, (words,).
    """
    few, size = bags.only(kept), int(kept.sum())
    order = corpus.learning[epoch_order(how.seed, 0, len(corpus.learning))]
    online = engine.train(few.take(order), corpus.labels[order], s.start(size, how.seed), rate)
    weights = trained(few, corpus, corpus.learning, size, rate, how)
    share = s.accuracy(engine.scores(few.take(corpus.test), weights), corpus.labels[corpus.test])
    ways: dict[str, tuple[Train, int]] = {DENSE: (s.train_dense, dense_texts(size))}
    if number > 4:
        ways = {WORDS: (s.train_word_by_word, BY_WORD), NUMPY: (s.train_sparse, len(order))}
        ways |= {FAST: (engine.train, len(order))} if native_status().available else {}
    speeds = {
        name: _speed(train, few.take(order[:most]), corpus.labels[order[:most]], size, rate)
        for name, (train, most) in ways.items()
    }
    seen = s.accuracy(online, corpus.labels[order])
    step = Step(number, size, rate, share, wilson(share, len(corpus.test)), seen, speeds)
    words = tuple(corpus.words[kept].tolist())
    return step, SentimentWords(corpus.source.classes, words, weights, counted=number == 3)


def same_answers(corpus: Corpus, kept: NDArray[np.bool_], rate: float, how: How) -> SameAnswers:
    """Train one net with every input and one with the words that are there, and compare what they say."""
    bags, size = corpus.bags.presence().only(kept), int(kept.sum())
    order = corpus.learning[epoch_order(how.seed, 0, len(corpus.learning))][: dense_texts(size)]
    asked = corpus.test[: dense_texts(size)]
    dense, sparse = s.start(size, how.seed), s.start(size, how.seed)
    learning, asking = (bags.take(order), corpus.labels[order], rate), bags.take(asked)
    first, second = (
        np.concatenate([train(learning[0], learning[1], net, rate), scores(asking, net)])
        for train, scores, net in (
            (s.train_dense, s.scores_dense, dense),
            (engine.train, engine.scores, sparse),
        )
    )
    different = int(np.sum((first >= 0) != (second >= 0)))
    return SameAnswers(len(order), len(first), different, float(np.abs(first - second).max()))


def dense_texts(size: int) -> int:
    """Return how many texts are computed with every one of so many inputs."""
    return max(20, DENSE_NUMBERS // max(size, 1))


def _speed(train: Train, bags: s.Bags, y: NDArray[np.float64], size: int, rate: float) -> float:
    """Return how many texts a second teach a new net: the median of five times, or of one that is long."""
    seconds: list[float] = []
    while len(seconds) < REPEATS and sum(seconds) < LONG_ENOUGH:
        weights = s.start(size)
        began = time.perf_counter()
        train(bags, y, weights, rate)
        seconds.append(time.perf_counter() - began)
    return len(bags) / median(seconds)
