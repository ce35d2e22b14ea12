"""Which bag net is best: candidates compared on texts that they have not seen, and the best trained on all."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.text_features import Features, Vocabulary
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine.bags_net import BagNet, BagSettings, PassRecord, logits
from glassnet.engine.bags_train import Fitted, Rows, checked, fit, limited, strongest

MOST_PASSES = 12
PATIENCE = 2
ENOUGH_WORK = 5_000_000
"""Entries of the texts under the candidates so far, beyond which no further one is begun: with many long texts the
first is the best (``benchmarks/bags.py``), and each costs as much as the training itself."""

CANDIDATES = (
    (TextOptions(), BagSettings(passes=MOST_PASSES)),
    (TextOptions(ngrams=2), BagSettings(passes=MOST_PASSES)),
    (TextOptions(ngrams=2, weighting="tfidf", min_count=1), BagSettings(passes=MOST_PASSES, scale="none", l2=1e-5)),
)

Tell = Callable[[str, PassRecord], None]


@dataclass(frozen=True)
class BagTrial:
    """One candidate: what was tried, its lowest mean log loss on the validation texts, and in which pass."""

    options: TextOptions
    settings: BagSettings
    validation_loss: float
    validation_accuracy: float
    passes: int
    seconds: float


@dataclass(frozen=True, eq=False)
class BagChoice:
    """What ``choose_bags`` found.

    Attributes:
        net: trained as the best candidate on all texts.
        held_out: as the best candidate, on the texts without those held out, and so with honest validation scores.
        trials: every candidate, the best first.
        features: all texts as ``net`` reads them; None without a refit.
    """

    net: BagNet
    held_out: BagNet
    trials: tuple[BagTrial, ...]
    features: Features | None = None


def choose_bags(
    texts: Texts,
    labels: ArrayLike,
    classes: int,
    held_out: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: Sequence[float] | None = None,
    budget: float | None = None,
    refit: bool = True,
    progress: Tell | None = None,
    threads: int | None = None,
) -> BagChoice:
    """Compare candidates on held-out rows, and train the best of them on all rows.

    Args:
        labels: the class of each text, 0 to ``classes - 1``. Shape: (texts,).
        held_out: the rows of ``texts`` that choose candidate and number of passes. Shape: (rows,), integers.
        sample_weight: how much each text counts. Shape: (texts,).
        class_weight: how much each class counts. Shape: (classes,).
        budget: the seconds after which no further candidate is begun.
        refit: False leaves ``net`` as it was when it was judged.
        progress: told the candidate in a few words and its record, after each pass.
        threads: how many cores; the result is the same with any number. None takes all.

    Raises:
        DataError: labels or weights do not fit the texts; all is named.
    """
    truth, weight = checked(texts, labels, classes, sample_weight, class_weight)
    judging = np.zeros(len(texts), bool)
    judging[np.asarray(held_out, np.int64)] = True
    begun, work, tried = time.perf_counter(), 0, list[_Tried]()
    for candidate, settings in CANDIDATES:
        late = budget is not None and time.perf_counter() - begun > budget
        if tried and (late or work > ENOUGH_WORK):
            break
        options = limited(candidate, classes)
        vocabulary = Vocabulary.fit(texts, options, threads=threads)
        rows = Rows(vocabulary.encode(texts, threads=threads), truth, weight)
        told = None if progress is None else functools.partial(progress, in_words(options, settings))
        tried.append(_try(vocabulary, rows, classes, settings, judging, told, threads))
        work += len(rows.features.columns)
        tried = sorted(tried, key=lambda each: each.trial.validation_loss)
        tried[1:] = [replace(each, rows=None) for each in tried[1:]]
    best = tried[0]
    assert best.rows is not None
    held = best.net(texts, best.rows, judging)
    net = held
    if refit:
        settings = replace(best.trial.settings, passes=best.fitted.passes)
        told = None if progress is None else functools.partial(progress, "refit")
        fitted = fit(best.rows, classes, settings, progress=told, threads=threads)
        names = strongest(best.vocabulary, texts, best.rows.features, fitted.weights)
        net = BagNet(best.vocabulary, fitted.weights, fitted.bias, settings, fitted.history, names)
    features = best.rows.features if refit else None
    return BagChoice(net, held, tuple(each.trial for each in tried), features)


def in_words(options: TextOptions, settings: BagSettings) -> str:
    """Say in a few words what a candidate is.

    >>> in_words(TextOptions(), BagSettings())
    '1- to 3-grams, presence, naive Bayes'
    """
    grams = "words" if options.ngrams == 1 else f"1- to {options.ngrams}-grams"
    return ", ".join([grams, options.weighting, *(["naive Bayes"] if settings.scale == "naive_bayes" else [])])


@dataclass(frozen=True, eq=False)
class _Tried:
    """A candidate with what the refit needs: the vocabulary of all texts and, of the best one, their rows."""

    trial: BagTrial
    fitted: Fitted
    vocabulary: Vocabulary
    columns: NDArray[np.bool_]
    texts_with: NDArray[np.int64]
    rows: Rows | None

    def net(self, texts: Texts, rows: Rows, judging: NDArray[np.bool_]) -> BagNet:
        """Return the net that was judged."""
        vocabulary = self.vocabulary.where(self.columns, self.texts_with, int((~judging).sum()))
        settings = replace(self.trial.settings, passes=self.fitted.passes)
        weights = np.zeros((rows.features.width, self.fitted.weights.shape[1]), np.float32)
        weights[self.columns] = self.fitted.weights
        named = strongest(self.vocabulary, texts, rows.features, weights)
        place = np.cumsum(self.columns) - 1
        names = {int(place[column]): name for column, name in named.items() if self.columns[column]}
        return BagNet(vocabulary, self.fitted.weights, self.fitted.bias, settings, self.fitted.history, names)


def _try(
    vocabulary: Vocabulary,
    rows: Rows,
    classes: int,
    settings: BagSettings,
    judging: NDArray[np.bool_],
    told: Callable[[PassRecord], None] | None,
    threads: int | None,
) -> _Tried:
    """Train on the texts that do not judge, with the n-grams that those alone would keep."""
    begun, features = time.perf_counter(), rows.features
    texts_with = features.where(~judging).texts_with()
    columns = texts_with >= vocabulary.options.min_count
    own, others = (
        Rows(features.where(of, columns), rows.labels[of], rows.weight[of]) for of in (~judging, judging)
    )
    fitted = fit(own, classes, settings, others, told, patience=PATIENCE, threads=threads)
    loss = fitted.history[fitted.passes - 1].validation_loss
    assert loss is not None
    found = logits(others.features, fitted.weights, fitted.bias, threads=threads)
    answers = found[:, 0] > 0 if found.shape[1] == 1 else found.argmax(1)
    right = float((answers == others.labels).mean())
    trial = BagTrial(vocabulary.options, settings, loss, right, fitted.passes, time.perf_counter() - begun)
    return _Tried(trial, fitted, vocabulary, columns, texts_with[columns], rows)
