"""``glassnet text-steps``: the six steps of the sentiment network, run and measured on texts of two classes.

Settings are chosen on validation texts; then each network is trained once more on everything but the test
texts, and judged on those. Vocabulary, counts and polarity come from the texts that train.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.engine import sentiment as engine
from glassnet.errors import RecipeError, message
from glassnet.lens.text_steps_view import (
    Answer,
    CountedWord,
    Example,
    Frontier,
    SameAnswers,
    Step,
    TextSteps,
    Theory,
)
from glassnet.lens.word_map import FEWEST, WordMap, word_map
from glassnet.lens.word_net import SentimentWords
from glassnet.lens.words import (
    SimilarWords,
    WordWeights,
    similar_words,
    word_contributions,
    word_weights,
)
from glassnet.notation import SplitSpec, parse_split
from glassnet.reference import sentiment as s
from glassnet.run.text_steps_data import Corpus, corpus_of, labelled
from glassnet.run.text_steps_nets import How, best_rate, same_answers, step_net, tried

if TYPE_CHECKING:
    from numpy.typing import NDArray

LISTED, LEAST = 15, 100
"""So many words of each class are listed, of those that stand at least so often, or in 1 of 250 texts."""
ON_MAP = 300
READABLE = (15, 150)
"""Texts of so many words are shown with what each word adds, where there are such."""
SHOWN_LETTERS, SHOWN_WORDS = 240, 8
Progress = Callable[[str], None]


def text_steps(
    data: object,
    labels: Sequence[object] | None = None,
    *,
    target: str | None = None,
    column: str | None = None,
    test: str = "random:0.1",
    validation: str | None = None,
    passes: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> TextSteps:
    """Run, measure and explain the course's sentiment network in its six steps on texts of two classes.

    Args:
        data: a folder with a sub-folder of texts for each class, a table, ``reviews.txt`` beside
            ``labels.txt``; a zip of these; or a list of texts, with ``labels``.
        labels: one for each text of a list.
        target, column: the columns of labels and of texts in a table; None: found by themselves.
        test: which texts judge: ``random:0.1``, ``last:1000``.
        validation: which of the others choose; None: cut the same way.
        passes: how often each training sees every text; the course has one.
        seed: of the split, the order of the texts and the random weights.
        progress: called with what is being done.

    Returns:
        The steps as plain data; ``print`` it, or take ``.to_json()``, ``.to_html(path)`` and ``.net``.

    Raises:
        RecipeError: a split or a number is wrong.
        DataError: the texts cannot be read, or have fewer or more classes than two.
    """
    began, tell = time.perf_counter(), progress or (lambda text: None)
    splits = _splits(test, validation, passes, seed)
    tell("reading the texts")
    source = labelled(data, labels, target, column)
    tell("counting the words")
    corpus = corpus_of(source, *splits, seed)
    counts = corpus.counts(corpus.learning)
    nets = _networks(corpus, corpus.facts(counts), How(passes, seed), tell)
    weights = word_weights(nets.last, LISTED)
    return TextSteps(
        data=source.name,
        classes=source.classes,
        texts=corpus.sizes,
        majority=_majority(corpus),
        passes=passes,
        theory=_theory(counts, nets.facts),
        example=_example(corpus, nets.facts.counts > 0),
        steps=nets.steps,
        same=nets.same,
        frontier=nets.frontier,
        weights=weights,
        similar=_similar(nets.last, weights),
        maps=_maps(nets.last, seed),
        answers=_answers(corpus, nets.last, nets.bags),
        seconds=time.perf_counter() - began,
        notes=_notes(corpus),
        net=nets.last,
    )


@dataclass(frozen=True, eq=False)
class _Networks:
    """Steps 3 to 6, with the net of the last and the texts as it reads them."""

    facts: s.WordFacts
    steps: tuple[Step, ...]
    same: SameAnswers
    frontier: Frontier
    last: SentimentWords
    bags: s.Bags


def _networks(corpus: Corpus, facts: s.WordFacts, how: How, tell: Progress) -> _Networks:
    """Choose rates and vocabulary on the validation texts, then train, judge and time the networks."""
    there, known = corpus.bags.presence(), facts.counts > 0
    tell("trying minimum counts and cutoffs")
    slow, rate = best_rate(corpus.bags, corpus, how), best_rate(there, corpus, how)
    frontier = tried(corpus, rate, how)
    tell("training the networks")
    settings = ((3, corpus.bags, known, slow), (4, there, known, rate), (5, there, known, rate))
    whole = [step_net(number, bags, corpus, kept, each, how)[0] for number, bags, kept, each in settings]
    chosen = facts.kept(frontier.chosen.min_count, frontier.chosen.cutoff) & known
    small, net = step_net(6, there, corpus, chosen, rate, how)
    tell("comparing with every input")
    same = same_answers(corpus, known, rate, how)
    tell("drawing the map of words")
    return _Networks(facts, (*whole, small), same, frontier, net, there.only(chosen))


def _splits(test: str, validation: str | None, passes: int, seed: int) -> tuple[SplitSpec, SplitSpec]:
    problems, found = [], []
    for name, text in (("test", test), ("validation", validation or test)):
        try:
            spec = parse_split(text)
        except ValueError as error:
            problems.append(str(error))
            continue
        found.append(spec)
        if spec.kind not in ("random", "last") or spec.seconds is not None:
            must = f"{name} must be a share or a number of texts"
            problems.append(message(must, f"{name}={text!r}", "write random:0.1 or last:1000"))
    for name, value, least in (("passes", passes, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or value < least:
            must = f"{name} must be a whole number from {least}"
            problems.append(message(must, f"{name}={value!r}", f"write for example {name}={least}"))
    if problems:
        raise RecipeError(list(dict.fromkeys(problems)))
    return found[0], found[1]


def _majority(corpus: Corpus) -> float:
    """Return the accuracy on the test texts of always answering the class that is commoner before them."""
    commoner = float(np.mean(corpus.labels[corpus.learning]) >= 0.5)
    return float(np.mean(corpus.labels[corpus.test] == commoner))


def _theory(counts: s.WordCounts, facts: s.WordFacts) -> Theory:
    """Return step 1, of the texts that teach."""
    texts = counts.negative_texts + counts.positive_texts
    least = min(LEAST, max(2, texts // 250))
    lowest, highest = s.extremes(counts, least, LISTED)
    common = [word for word, _ in counts.total.most_common(6)]
    known = facts.polarity[np.isfinite(facts.polarity)]
    ends = max(0.5, float(np.abs(known).max(initial=0.0)))
    sizes, edges = np.histogram(known, bins=25, range=(-ends, ends))
    first, second, third = ([_counted(counts, word) for word in side] for side in (lowest, highest, common))
    return Theory(
        lowest=tuple(each for each in first if each.ratio < 1),
        highest=tuple(each for each in second if each.ratio > 1),
        common=tuple(third),
        least=least,
        edges=edges,
        sizes=sizes,
    )


def _counted(counts: s.WordCounts, word: str) -> CountedWord:
    sides = counts.negative[word], counts.positive[word]
    return CountedWord(word, *sides, s.ratio(counts, word), s.log_ratio(counts, word))


def _example(corpus: Corpus, known: NDArray[np.bool_]) -> Example:
    """Return step 2, of the first training text that has words."""
    sizes = np.diff(corpus.bags.starts)
    row = int(next((at for at in corpus.training if sizes[at]), corpus.training[0]))
    numbers, times = corpus.bags.only(known)[row]
    names = corpus.words[known]
    some = zip(numbers[:SHOWN_WORDS].tolist(), times[:SHOWN_WORDS].tolist(), strict=True)
    text = " ".join(corpus.source.texts[row][: 4 * SHOWN_LETTERS].split())
    target = int(corpus.labels[row])
    return Example(
        text=text if len(text) <= SHOWN_LETTERS else text[: SHOWN_LETTERS - 1] + "…",
        label=corpus.source.classes[target],
        target=target,
        words=tuple((str(names[at]), at, int(count)) for at, count in some),
        distinct=len(numbers),
        inputs=int(known.sum()),
    )


def _notes(corpus: Corpus) -> tuple[str, ...]:
    """Return what to know of the texts."""
    again, all_ = corpus.repeated, len(corpus.test)
    told = f"{again:,} of {all_:,} test texts stand among the others too; trust the accuracies less"
    return (*corpus.source.notes, *([told] if again else []))


def _similar(net: SentimentWords, weights: WordWeights) -> tuple[SimilarWords, ...]:
    """Return the words most like the strongest word of either class."""
    strongest = [side[0].word for side in (weights.second, weights.first) if side]
    return tuple(similar_words(net, word, 8) for word in strongest)


def _maps(net: SentimentWords, seed: int) -> tuple[WordMap, ...]:
    """Return both maps; none where the net knows too few words for one."""
    if np.count_nonzero(net.pull) < FEWEST:
        return ()
    return tuple(word_map(net, method=each, most=ON_MAP, seed=seed) for each in ("tsne", "pca"))


def _answers(corpus: Corpus, net: SentimentWords, bags: s.Bags) -> tuple[Answer, ...]:
    """Return what made the surest right answers of both classes, and the surest wrong one.

    Args:
        bags: the texts with the words that the net knows.
    """
    scores = engine.scores(bags.take(corpus.test), net.weights)
    toward = scores * (2 * corpus.labels[corpus.test] - 1)
    words = np.array([len(s.words(corpus.source.texts[row])) for row in corpus.test])
    readable = (words >= READABLE[0]) & (words <= READABLE[1])
    if not readable.any():
        readable[:] = True
    found = []
    for label in (1.0, 0.0):
        side = np.flatnonzero(readable & (corpus.labels[corpus.test] == label))
        found += [side[np.argmax(toward[side])]] if len(side) else []
    rest = np.flatnonzero(readable)
    found.append(rest[np.argmin(toward[rest])])
    places = list(dict.fromkeys(int(at) for at in found))
    rows = corpus.test[places]
    return tuple(
        Answer(
            corpus.source.classes[int(corpus.labels[row])], word_contributions(net, corpus.source.texts[row])
        )
        for row in rows
    )
