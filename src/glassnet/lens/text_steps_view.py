"""The View of ``gn.text_steps``: the six steps of the sentiment network on one's own texts, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.lens.as_json import as_json, plain
from glassnet.lens.numerals import counted, number, percent, signed
from glassnet.lens.text import aligned
from glassnet.lens.word_map import WordMap
from glassnet.lens.word_net import SentimentWords
from glassnet.lens.words import SimilarWords, WordContributions, WordWeights
from glassnet.reference.sentiment import Setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TITLES = (
    "Theory: words that tell the classes apart",
    "Texts to numbers",
    "The network, on counts",
    "Less noise: presence in place of counts",
    "Less work: only the words that are there",
    "Less vocabulary: minimum count and polarity cutoff",
)
SHORT = ("theory", "numbers", "counts", "presence", "only words there", "less vocabulary")
IDEAS = (
    "A word that stands more often in the texts of one class speaks for that class. The logarithm of the "
    "ratio is 0 for a word that says nothing, and as far below 0 for one class as above it for the other.",
    "Each word of the vocabulary gets a number, a text becomes a vector of counts, a label becomes 0 or 1.",
    "An input for each word, ten linear hidden units, a sigmoid; one text at a time. Words that are said "
    "often pull as often, whether they say anything or not.",
    'A word pulls once, however often it is there: "the" drowns "excellent" no longer.',
    "What is not there is multiplied by 0, so it can be left out. The answers stay what they are, and the "
    "work falls to the words of the text.",
    "Words that are rare, or that stand as often on both sides, are left out before the training. A little "
    "of it removes noise and work; too much removes what the network lives on.",
)


@dataclass(frozen=True)
class CountedWord:
    """A word in the training texts of both classes, and the ratio of the two counts, as it is and as ln."""

    word: str
    first: int
    second: int
    ratio: float
    log_ratio: float


@dataclass(frozen=True, eq=False)
class Theory:
    """Step 1, from the training texts alone.

    Attributes:
        lowest, highest: words of the first and of the second class, the clearest first.
        common: the commonest words, which say little.
        least: words that stand less often are not listed.
        edges, sizes: how many words have a log ratio between which values; (n + 1,) and (n,).
    """

    lowest: tuple[CountedWord, ...]
    highest: tuple[CountedWord, ...]
    common: tuple[CountedWord, ...]
    least: int
    edges: NDArray[np.float64]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """Step 2: one text, the numbers of its first words in the vocabulary, and its label.

    Attributes:
        text: the beginning of it.
        label, target: the class, and the number that it becomes.
        words: of some words, the word, its number and how often it stands in the text.
        distinct: how many inputs are not 0, of ``inputs``.
    """

    text: str
    label: str
    target: int
    words: tuple[tuple[str, int, int], ...]
    distinct: int
    inputs: int


@dataclass(frozen=True)
class Step:
    """A network of steps 3 to 6, judged once on the test texts.

    Attributes:
        number: of the step.
        inputs: words of the vocabulary.
        rate: the learning rate, chosen on the validation texts.
        accuracy: the share of test texts that are answered rightly.
        interval: where it lies with 95 % confidence.
        online: the share of training texts that were answered rightly just before they taught.
        speeds: texts a second while training, by what did the work.
    """

    number: int
    inputs: int
    rate: float
    accuracy: float
    interval: tuple[float, float]
    online: float
    speeds: dict[str, float]

    @property
    def title(self) -> str:
        """What the step is about."""
        return TITLES[self.number - 1]


@dataclass(frozen=True)
class SameAnswers:
    """Step 5: the same training with every word and with those that are there, compared.

    Attributes:
        texts: so many taught both nets, and so many more asked both.
        asked: so many answers were compared, those while training included.
        different: how many classes differ.
        largest: difference of two scores.
    """

    texts: int
    asked: int
    different: int
    largest: float


@dataclass(frozen=True)
class Frontier:
    """Step 6: every setting that was tried, judged on the validation texts.

    Attributes:
        settings: all of them.
        front: those than which none has less work and is as right, the least work first.
        chosen: that with the least work whose accuracy is within a standard error of the best.
        rate: the learning rate of all.
        texts: how many validation texts judged.
    """

    settings: tuple[Setting, ...]
    front: tuple[Setting, ...]
    chosen: Setting
    rate: float
    texts: int


@dataclass(frozen=True)
class Answer:
    """A test text's own label, and what each of its words adds to the answer."""

    label: str
    words: WordContributions


@dataclass(frozen=True, eq=False)
class TextSteps:
    """What ``gn.text_steps`` found.

    Attributes:
        data: what was read.
        classes: the class whose label is 0, and the class whose label is 1.
        texts: how many trained, chose and judged: "train", "validation", "test".
        majority: the accuracy on the test texts of always answering the commoner class.
        passes: how often each training saw every text.
        theory, example, steps, same, frontier: the six steps; ``steps`` are networks 3 to 6.
        weights, similar, maps: what the network of step 6 learned.
        answers: some test texts, with what each word adds.
        seconds: that all of it took.
        notes: what to know of the data.
        net: the network of step 6, for ``gn.word_weights`` and its neighbours.
    """

    data: str
    classes: tuple[str, str]
    texts: dict[str, int]
    majority: float
    passes: int
    theory: Theory
    example: Example
    steps: tuple[Step, ...]
    same: SameAnswers
    frontier: Frontier
    weights: WordWeights
    similar: tuple[SimilarWords, ...]
    maps: tuple[WordMap, ...]
    answers: tuple[Answer, ...]
    seconds: float
    notes: tuple[str, ...]
    net: SentimentWords = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the net as what JSON knows."""
        kept = [each.name for each in fields(self) if each.name != "net"]
        return {name: plain(getattr(self, name)) for name in kept}

    def to_json(self) -> str:
        """Return everything but the net as one JSON object."""
        return as_json(self.to_dict())

    def to_html(self, path: str | Path) -> Path:
        """Write one page without network: the steps, the frontier, the words, the map; return its path."""
        from glassnet.lens.text_steps_page import steps_page
        from glassnet.storage import write_atomically

        write_atomically(Path(path), steps_page(self).encode())
        return Path(path)

    def __str__(self) -> str:
        return "\n".join(part for _, part in self.parts())

    def parts(self) -> Iterator[tuple[str, str]]:
        """Give the text part by part, each with its kind: "head", "text" or "table"."""
        yield "text", self.opening()
        yield "head", f"\n1. {TITLES[0]}"
        yield "text", IDEAS[0]
        yield "table", theory_table(self)
        yield "head", f"\n2. {TITLES[1]}"
        yield "text", IDEAS[1]
        yield "table", example_text(self)
        for step in self.steps:
            yield "head", f"\n{step.number}. {step.title}"
            yield "text", IDEAS[step.number - 1]
            yield "text", step_sentence(step)
            if step.number == 5:
                yield "text", same_sentence(self.same)
            if step.number == 6:
                yield "table", frontier_table(self.frontier)
                yield "text", frontier_sentence(self.frontier)
        yield "head", "\nThe steps side by side"
        yield "table", steps_table(self)
        yield "head", "\nWhat the weights learned"
        yield "table", str(self.weights)
        for each in self.similar:
            yield "table", f"\n{each.table()}"
        told = dict.fromkeys(each.note for each in self.similar if each.note)
        yield from (("text", each) for each in [*told, *self.notes])

    def opening(self) -> str:
        """Say what was done on what."""
        n = self.texts
        return (
            f"{self.data}: {counted(sum(n.values()), 'text')} of {self.classes[0]} and {self.classes[1]}; "
            f"{n['train']:,} train, {n['validation']:,} choose, {n['test']:,} judge"
        )


def speed_text(speed: float) -> str:
    """Write a speed with the two digits that a measurement has.

    >>> speed_text(1_719_722.3), speed_text(417.2)
    ('1,700,000', '420')
    """
    return f"{float(f'{speed:.2g}'):,.0f}"


def interval_text(interval: tuple[float, float]) -> str:
    """Write where an accuracy lies.

    >>> interval_text((0.823, 0.8519))
    '82.3 to 85.2 %'
    """
    low, high = (number(100 * each, 3) for each in interval)
    return f"{low} to {high} %"


def theory_table(view: TextSteps) -> str:
    """Write the clearest and the commonest words with their counts."""
    first, second = view.classes
    rows = [["word", first, second, "ratio", "ln"]]
    for words in (view.theory.highest[:8], view.theory.common[:3], view.theory.lowest[:8][::-1]):
        rows += [
            [w.word, f"{w.first:,}", f"{w.second:,}", number(w.ratio, 3), signed(w.log_ratio)] for w in words
        ]
    return aligned(rows)


def example_text(view: TextSteps) -> str:
    """Write the first words of a text with their numbers and counts."""
    of = view.example
    numbers = ", ".join(f"{word} → input {at}: {times}" for word, at, times in of.words)
    return (
        f'"{of.text}"\n{numbers}, ...\n'
        f"{of.distinct:,} of {of.inputs:,} inputs are not 0; {of.label} → {of.target}"
    )


def step_sentence(step: Step) -> str:
    """Say how good and how fast one network is."""
    speeds = "; ".join(f"{speed_text(speed)} texts/s by {by}" for by, speed in step.speeds.items())
    return (
        f"accuracy {percent(step.accuracy)} [{interval_text(step.interval)}] on the test texts, "
        f"{percent(step.online)} while training; {step.inputs:,} inputs, learning rate {step.rate:g}; "
        f"{speeds}"
    )


def same_sentence(same: SameAnswers) -> str:
    """Say whether leaving out the zeros changed an answer."""
    told = "not one is another" if not same.different else f"{same.different:,} are others"
    how_far = f"the largest difference of two scores is {number(same.largest, 2)}"
    return (
        f"{same.asked:,} answers compared with those of step 4, {same.texts:,} texts into the training: "
        f"{told}; {how_far if same.largest else 'their scores are the same to the last bit'}"
    )


def frontier_table(found: Frontier) -> str:
    """Write how right each setting is and how many words it leaves: cutoffs down, minimum counts across."""
    counts = sorted({each.min_count for each in found.settings})
    cells = {(each.min_count, each.cutoff): each for each in found.settings}
    rows = [["cutoff", *(f"> {count} times" for count in counts)]]
    for cutoff in sorted({each.cutoff for each in found.settings}):
        rows.append([f"{cutoff:g}", *(_cell(cells[count, cutoff], found) for count in counts)])
    return f"% right / words left\n{aligned(rows)}"


def _cell(setting: Setting, found: Frontier) -> str:
    mark = "→ " if setting == found.chosen else ""
    return f"{mark}{number(100 * setting.accuracy, 3)} / {setting.words:,}"


def frontier_sentence(found: Frontier) -> str:
    """Say which setting is recommended, and why."""
    best = max(found.settings, key=lambda each: each.accuracy)
    chosen = found.chosen
    return (
        f"recommended: words that stand more than {chosen.min_count} times, cutoff {chosen.cutoff:g}: "
        f"{chosen.words:,} words, {percent(chosen.accuracy)} of {found.texts:,} validation texts, "
        f"{speed_text(chosen.reviews_per_second)} texts/s; with {number(chosen.words_per_text, 3)} words "
        f"a text the least work whose accuracy is within a standard error of the best, "
        f"{percent(best.accuracy)}"
    )


def steps_table(view: TextSteps) -> str:
    """Write the networks side by side."""
    rows = [["step", "inputs", "rate", "accuracy", "95 % interval", "texts/s"]]
    for step in view.steps:
        rows.append(
            [
                f"{step.number}. {SHORT[step.number - 1]}",
                f"{step.inputs:,}",
                f"{step.rate:g}",
                percent(step.accuracy),
                interval_text(step.interval),
                speed_text(max(step.speeds.values())),
            ]
        )
    rows.append(["commoner class", "", "", percent(view.majority), "", ""])
    return aligned(rows)
