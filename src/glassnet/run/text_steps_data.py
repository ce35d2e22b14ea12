"""Texts of two classes, read for ``glassnet text-steps`` and turned into bags of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.split import RowFacts, cut
from glassnet.data.text_sources import read_texts
from glassnet.data.text_table import Asked
from glassnet.errors import DataError, message
from glassnet.lens.numerals import counted
from glassnet.reference import sentiment as s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.notation import SplitSpec

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts, each of one of two classes.

    Attributes:
        name: what they were read from.
        texts: n texts.
        labels: 0 or 1, (n,).
        classes: what 0 and 1 stand for.
        notes: what to know of them.
    """

    name: str
    texts: Sequence[str]
    labels: Floats
    classes: tuple[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Labelled texts as bags of words, and which of them train, choose and judge.

    Attributes:
        source: the texts.
        words: every word of them; which of these a net may know, its training texts decide.
        bags: with the numbers of these words, and counts.
        training, choosing, test: rows of the texts.
    """

    source: Labelled
    words: NDArray[np.object_]
    bags: s.Bags
    training: Rows
    choosing: Rows
    test: Rows

    @property
    def labels(self) -> Floats:
        """0 or 1 for each text."""
        return self.source.labels

    @property
    def learning(self) -> Rows:
        """Every row but the test rows, in order."""
        return np.sort(np.concatenate([self.training, self.choosing]))

    @property
    def sizes(self) -> dict[str, int]:
        """How many texts train, choose and judge."""
        return {"train": len(self.training), "validation": len(self.choosing), "test": len(self.test)}

    @property
    def repeated(self) -> int:
        """How many test texts stand among the others too, letter for letter."""
        known = {self.source.texts[row] for row in self.learning}
        return sum(self.source.texts[row] in known for row in self.test)

    def counts(self, rows: Rows) -> s.WordCounts:
        """Count the words of some texts, class by class."""
        found = []
        for label in (0.0, 1.0):
            part = self.bags.take(rows[self.labels[rows] == label])
            sizes = np.bincount(part.words, part.times, len(self.words)).astype(np.int64)
            there = np.flatnonzero(sizes)
            pairs = zip(self.words[there].tolist(), sizes[there].tolist(), strict=True)
            found.append((Counter(dict(pairs)), len(part)))
        (negative, first), (positive, second) = found
        return s.WordCounts(negative, positive, first, second)

    def facts(self, counts: s.WordCounts) -> s.WordFacts:
        """Return count and polarity of each word; words that were not counted have the count 0."""
        return s.word_facts(counts, {word: at for at, word in enumerate(self.words.tolist())})


def labelled(
    data: object, labels: Sequence[object] | None, target: str | None, column: str | None
) -> Labelled:
    """Read texts and their labels.

    Raises:
        DataError: they cannot be read, or have fewer or more classes than two.
    """
    if labels is not None:
        return _from_lists(data, labels)
    rows = read_texts(data, Asked(column=column, target=target))
    cells = rows.beside.frame[rows.target or "label"].to_list()
    notes = [f"{name} is not used: {why}" for name, why in rows.left_out.items()]
    return _checked(rows.name, list(rows.texts), cells, notes)


def _from_lists(data: object, labels: Sequence[object]) -> Labelled:
    problem = s.not_texts(data)
    if problem is None and len(data) != len(labels):  # type: ignore[arg-type]
        found = f"{len(data)} texts and {len(labels)} labels"  # type: ignore[arg-type]
        problem = message("there must be a label for each text", found, "give two lists of one length")
    if problem is not None:
        raise DataError(problem)
    texts = [str(each) for each in data]  # type: ignore[attr-defined]
    return _checked(f"a list of {counted(len(texts), 'text')}", texts, list(labels), [])


def _checked(name: str, texts: Sequence[str], cells: Sequence[object], notes: Sequence[str]) -> Labelled:
    """Leave out texts without a label, and insist on two classes.

    Raises:
        DataError: there are fewer or more.
    """
    kept = [at for at, cell in enumerate(cells) if cell is not None]
    names = sorted({str(cells[at]) for at in kept})
    if len(names) != 2:
        shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        found = f"there are {counted(len(names), 'class', 'classes')}: {shown}" if names else "there is none"
        do = "keep the texts of two classes, or train on all of them: glassnet train DATA --task text"
        raise DataError(message(f"{name} must have texts of two classes", found, do))
    values, classes = s.two_labels([cells[at] for at in kept])
    missing = len(cells) - len(kept)
    more = [f"{counted(missing, 'text')} without a label left out"] if missing else []
    return Labelled(name, [texts[at] for at in kept], values, classes, (*notes, *more))


def corpus_of(source: Labelled, test: SplitSpec, validation: SplitSpec, seed: int) -> Corpus:
    """Number the words of texts, and say which texts train, choose and judge.

    Raises:
        DataError: the texts hold no words, or a split leaves no texts of one of the classes to train on.
    """
    every = np.arange(len(source.texts))
    facts = RowFacts(len(every), classes=source.labels.astype(np.int64))
    held = cut(facts, every, test, seed, "test")
    learning = np.setdiff1d(every, held)
    choosing = cut(facts, learning, validation, seed, "validation")
    training = np.setdiff1d(learning, choosing)
    vocabulary, bags = s.all_bags(source.texts)
    problems = []
    if not vocabulary:
        must = f"the texts of {source.name} must hold words"
        problems.append(message(must, "they hold none", "give texts with letters in them"))
    if len(set(source.labels[training])) < 2:
        only = source.classes[int(source.labels[training][0])]
        found = f"all {len(training)} are {only!r}"
        problems.append(message("there must be training texts of both classes", found, "give more texts"))
    if problems:
        raise DataError(problems)
    words = np.array([*vocabulary, None], dtype=object)[:-1]
    return Corpus(source, words, bags, training, choosing, held)
