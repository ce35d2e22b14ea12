"""The report of a model as a View: what is said and drawn, as plain data; ``page`` makes HTML of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from glassnet.lens.wording import left_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glassnet.data.leak_facts import Leak
    from glassnet.lens.again import Again
    from glassnet.lens.confusion import Confusion
    from glassnet.lens.contributions import Contributions
    from glassnet.lens.curves import LearningCurve
    from glassnet.lens.dependence import Dependence
    from glassnet.lens.figures import NumberFigures, Reliability
    from glassnet.lens.importance import Importance
    from glassnet.lens.mistakes import Mistakes
    from glassnet.lens.sequences import CharacterFindings, SeriesFindings
    from glassnet.lens.text_mistakes import TextMistakes
    from glassnet.lens.text_words import WordWeights
    from glassnet.metrics.compare import Judged, Outcome
    from glassnet.metrics.coverage import Coverage
    from glassnet.plan.table import ColumnPlan
    from glassnet.results import Results


@dataclass(frozen=True)
class Doubt:
    """Something to distrust: what, and the figures that say so."""

    title: str
    evidence: str


@dataclass(frozen=True)
class Verdict:
    """How the network stands beside the best simple method by one score: its sentence names the outcome."""

    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class SplitRows:
    """The rows of one split: how many, how they were cut, what for, and from when to when where known."""

    name: str
    rows: int
    how: str
    use: str
    span: str = ""


@dataclass(frozen=True)
class Example:
    """One row's answer taken apart: its number in the data, its truth, its answer, and what made it."""

    row: int
    truth: str
    answer: str
    contributions: Contributions


@dataclass(frozen=True)
class Explained:
    """What the model does with some rows; each part may be absent, and ``Report.missing`` says why.

    ``rows`` says in words which rows these are.
    """

    rows: str
    importance: Importance | None = None
    dependence: tuple[Dependence, ...] = ()
    example: Example | None = None
    worst: Mistakes | None = None


@dataclass(frozen=True)
class TextFindings:
    """What a model of texts goes by: its words, and where the texts are at hand its surest mistakes.

    ``words`` is None for a recurrent net: in it no word has a weight of its own.
    """

    words: WordWeights | None
    mistakes: TextMistakes | None


@dataclass(frozen=True)
class PhotoFindings:
    """What there is to see of photos.

    Attributes:
        counts: photos of each class, by split.
        problems: photos that are left out: their names, what was found, what to do.
        varied: how training photos were varied, in words.
        preview: rows of photos, the first one of each as it is, the others varied. Shape: (h, w, 1 or 3).
        confusion: what was taken for what; None where the photos are not at hand.
    """

    counts: dict[str, dict[str, int]]
    problems: tuple[tuple[str, str, str], ...] = ()
    varied: str = ""
    preview: NDArray[np.uint8] | None = None
    confusion: Confusion | None = None


@dataclass(frozen=True)
class Report:
    """Everything that a report says. ``str()`` gives its answer and its doubts.

    Attributes:
        data: what the judged rows were read from.
        targets: the columns that are predicted.
        task: the name of the task.
        classes: the classes, for classification.
        split: which rows are judged; None where it has not been scored.
        judged: how many different rows these are; each may have been answered several times.
        unit: what intervals resample: rows, days, groups, or blocks of neighbours.
        is_other_data: whether the rows are others than those of the run.
        answer: what is predicted, and how well: sentences.
        verdicts: how that compares with the best simple method, by each score that decides; may be empty.
        advice: which method to use, after "Which to use: "; may be empty.
        context: what else there is to know of the answers: sentences.
        leaks: what gives the target away, left out or kept, and what crosses to the rows of the run's test.
        doubts: what to distrust, the gravest first; empty where no check found anything.
        notes: what else the run said about its figures, and does not stand among the doubts.
        counting: how charts count rows where scores count them otherwise; else empty.
        results: scores, intervals, baselines and differences.
        splits: the rows that trained, chose and judged.
        columns: what each column was taken for.
        learning: losses over the epochs, None where no epoch was finished.
        numbers: charts of each numeric target; empty for classes, and without rows.
        reliability: how far probabilities can be believed; None for numbers, and without rows.
        explained: importance, dependence, one answer, worst rows; None without rows.
        coverage: how often prediction intervals hold the truth; None for classes, and where there are none.
        missing: what is not in this report, why, and how to get it.
        facts: how it was trained.
        again: how to run it again.
        texts: what a model of texts goes by; None for others.
        row: what one thing that is judged is called: a row, a moment, a character.
        photos: what there is to see of photos; None for other data.
        series, characters: what a net foretells of them; None for others, and where they are not at hand.
    """

    data: str
    targets: tuple[str, ...]
    task: Judged
    classes: tuple[str, ...]
    split: str | None
    judged: int
    unit: Literal["row", "day", "group", "block"]
    is_other_data: bool
    answer: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    advice: str
    context: tuple[str, ...]
    leaks: tuple[Leak, ...]
    doubts: tuple[Doubt, ...]
    notes: tuple[str, ...]
    counting: str
    results: Results
    splits: tuple[SplitRows, ...]
    columns: tuple[ColumnPlan, ...]
    learning: LearningCurve | None
    numbers: tuple[NumberFigures, ...]
    reliability: Reliability | None
    explained: Explained | None
    coverage: Coverage | None
    missing: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    again: Again
    texts: TextFindings | None = None
    photos: PhotoFindings | None = None
    row: str = "row"
    series: SeriesFindings | None = None
    characters: CharacterFindings | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is predicted, how well, compared with what, and which method to use."""
        compared = (each.sentence for each in self.verdicts)
        return (
            *self.answer,
            *compared,
            *([f"Which to use: {self.advice}"] if self.advice else []),
            *self.context,
        )

    def __str__(self) -> str:
        doubts = [f"- {each.title}: {each.evidence}" for each in self.doubts]
        missing = [f"- {each}" for each in self.missing]
        parts = (("What to distrust:", doubts), ("Not in this report:", missing))
        lists = [line for title, lines in parts if lines for line in (title, *lines)]
        return "\n".join([" ".join([*self.sentences, *left_out(self.leaks)]), *lists])
