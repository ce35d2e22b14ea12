"""Which bag net is best: candidates compared on texts that they have not seen, and the best trained on
all."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.text_features import Features, Vocabulary
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine.bags_net import BagNet, BagSettings, PassRecord
from glassnet.engine.bags_train import Rows, checked, fit, limited, strongest
from glassnet.errors import DataError, message

MOST_PASSES = 12
PATIENCE = 1
ENOUGH_WORK = 5_000_000
"""Entries of the texts under the candidates so far, beyond which no further one is begun: with many long
texts the first is the best (``benchmarks/bags.py``), and each costs as much as the training itself."""

CANDIDATES = (
    (TextOptions(), BagSettings(passes=MOST_PASSES)),
    (TextOptions(), BagSettings(passes=MOST_PASSES, l2=1e-4)),
    (TextOptions(ngrams=2, min_count=1), BagSettings(passes=MOST_PASSES, l2=1e-5)),
    (
        TextOptions(ngrams=2, min_count=1, weighting="tfidf"),
        BagSettings(passes=MOST_PASSES, l2=1e-5, scale="none"),
    ),
)
"""The first is best for long texts, the others for short or few ones."""

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
        held_out: as the best candidate, on the texts without those held out, and so with honest validation
            scores.
        trials: every candidate, the best first.
        features: all texts under the vocabulary of ``net``, so that a baseline need not read them again; None
            where ``net`` was not trained on all of them.
        columns: which columns of ``net`` ``held_out`` has too. Shape: (features of ``net``,).
    """

    net: BagNet
    held_out: BagNet
    trials: tuple[BagTrial, ...]
    features: Features | None
    columns: NDArray[np.bool_]


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
    if judging.all() or not judging.any():
        found = f"{int(judging.sum())} of {len(texts)} texts are held out"
        raise DataError(message("some texts must train and some be held out", found, "hold out a tenth"))
    begun, work, tried = time.perf_counter(), 0, list[_Tried]()
    for candidate, settings in CANDIDATES:
        late = budget is not None and time.perf_counter() - begun > budget
        if tried and (late or work > ENOUGH_WORK):
            break
        options = limited(candidate, classes, settings)
        vocabulary = Vocabulary.fit(texts, options, threads=threads)
        rows = Rows(vocabulary.encode(texts, threads=threads), truth, weight)
        told = None if progress is None else functools.partial(progress, in_words(options, settings))
        tried.append(_try(vocabulary, rows, classes, settings, judging, told, threads))
        work += len(rows.features.columns)
        tried = sorted(tried, key=lambda each: each.trial.validation_loss)
        tried[1:] = [replace(each, rows=None) for each in tried[1:]]
    told = None if progress is None else functools.partial(progress, "refit")
    trials, best = tuple(each.trial for each in tried), tried[0]
    if not refit:
        every = np.ones(len(best.net.vocabulary), bool)
        return BagChoice(_named(best, texts), best.net, trials, None, every)
    net, features = _refitted(best, texts, classes, told, threads)
    return BagChoice(net, best.net, trials, features, best.columns)


def in_words(options: TextOptions, settings: BagSettings) -> str:
    """Say in a few words what a candidate is.

    >>> in_words(TextOptions(), BagSettings())
    '1- to 3-grams, presence, naive Bayes, l2 5e-07'
    """
    grams = "words" if options.ngrams == 1 else f"1- to {options.ngrams}-grams"
    scale = ["naive Bayes"] if settings.scale == "naive_bayes" else []
    how = f"l2 {settings.l2:g}" if not settings.hidden else f"hidden layers {settings.hidden}"
    return ", ".join([grams, options.weighting, *scale, how])


@dataclass(frozen=True, eq=False)
class _Tried:
    """A candidate: the net that was judged, and what the refit needs: the vocabulary of all texts, which of
    its columns that net has and, of the best candidate only, all rows."""

    trial: BagTrial
    net: BagNet
    vocabulary: Vocabulary
    columns: NDArray[np.bool_]
    rows: Rows | None


def _try(
    vocabulary: Vocabulary,
    rows: Rows,
    classes: int,
    settings: BagSettings,
    judging: NDArray[np.bool_],
    told: Callable[[PassRecord], None] | None,
    threads: int | None,
) -> _Tried:
    """Train on the texts that do not judge, with the n-grams that those alone would keep, as they would
    count."""
    begun = time.perf_counter()
    texts_with = vocabulary.texts_with - rows.features.where(judging).texts_with()
    columns = texts_with >= vocabulary.options.min_count
    narrow = vocabulary.where(columns, texts_with[columns], int((~judging).sum()))
    own, others = (
        Rows(
            vocabulary.revalued(rows.features.where(of, columns), narrow, columns),
            rows.labels[of],
            rows.weight[of],
        )
        for of in (~judging, judging)
    )
    fitted = fit(own, classes, settings, others, told, patience=PATIENCE, threads=threads)
    settings = replace(settings, passes=fitted.passes)
    net = fitted.net(narrow, settings)
    loss = fitted.history[fitted.passes - 1].validation_loss
    assert loss is not None
    found = fitted.answers(others.features, threads=threads)
    answers = found[:, 0] > 0 if found.shape[1] == 1 else found.argmax(1)
    right = float((answers == others.labels).mean())
    seconds = time.perf_counter() - begun
    trial = BagTrial(narrow.options, settings, loss, right, fitted.passes, seconds)
    return _Tried(trial, net, vocabulary, columns, rows)


def _refitted(
    best: _Tried,
    texts: Texts,
    classes: int,
    told: Callable[[PassRecord], None] | None,
    threads: int | None,
) -> tuple[BagNet, Features]:
    """Return the best candidate trained on all texts, for as many passes as were best, and their features."""
    assert best.rows is not None
    fitted = fit(best.rows, classes, best.trial.settings, progress=told, threads=threads)
    names = strongest(best.vocabulary, texts, best.rows.features, fitted.weights)
    return fitted.net(best.vocabulary, best.trial.settings, names), best.rows.features


def _named(best: _Tried, texts: Texts) -> BagNet:
    """Return the net that was judged, with names for its columns."""
    assert best.rows is not None
    weights = np.zeros((len(best.columns), best.net.weights.shape[1]), np.float32)
    weights[best.columns] = best.net.weights
    place = np.cumsum(best.columns) - 1
    named = strongest(best.vocabulary, texts, best.rows.features, weights).items()
    return replace(best.net, names={int(place[each]): name for each, name in named if best.columns[each]})
