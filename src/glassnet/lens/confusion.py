"""How photos were judged: what was taken for what, class by class, and the surest mistakes.

    found = confusion(probabilities, labels, classes, thumbnails)
    print(found)
    found.to_html("confusion.html")     # every cell opens the photos behind it

Pure data in: probabilities of any model of photos, the class of each, and small pictures of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError, message
from glassnet.lens.as_json import as_json
from glassnet.lens.figures import wilson
from glassnet.lens.numerals import counted, percent
from glassnet.lens.text import aligned, shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

TOP = (1, 2, 3, 5)
MOST_TOLD = 10


@dataclass(frozen=True)
class ClassScore:
    """How well one class is told from the others.

    Attributes:
        name: of the class.
        photos: how many are of it.
        right: the share of them that was answered so (recall); nan without any.
        low, high: its 95 % interval (Wilson).
        precision: the share of the answers of this class that are right; nan without any.
        taken_for: the class that it is most often taken for, and how often; None: never for another.
    """

    name: str
    photos: int
    right: float
    low: float
    high: float
    precision: float
    taken_for: tuple[str, int] | None


@dataclass(frozen=True)
class Judged:
    """One photo: its row, its name, its class, the answer, and the probabilities of both."""

    row: int
    name: str
    truth: int
    answer: int
    sure: float
    of_truth: float


@dataclass(frozen=True)
class Confusion:
    """Answers beside the truth.

    Attributes:
        classes: their names.
        counts: photos, truth down and answers across. Shape: (classes, classes).
        accuracy, low, high: the share that is right, and its 95 % interval (Wilson).
        top: pairs of a number k and the share of photos whose class is among the k likeliest.
        scores: of each class.
        cells: for each pair (truth, answer) that occurs, the rows, the surest first.
        judged: every photo, by its row.
        thumbnails: bytes, shape (photos, height, width[, 3]); None without.
    """

    classes: tuple[str, ...]
    counts: Places
    accuracy: float
    low: float
    high: float
    top: tuple[tuple[int, float], ...]
    scores: tuple[ClassScore, ...]
    cells: dict[tuple[int, int], tuple[int, ...]]
    judged: tuple[Judged, ...]
    thumbnails: NDArray[np.uint8] | None = None

    @property
    def pairs(self) -> list[tuple[int, int, int]]:
        """The classes that are confused: truth, answer and how often, the most frequent first."""
        found = [
            (truth, answer, len(rows)) for (truth, answer), rows in self.cells.items() if truth != answer
        ]
        return sorted(found, key=lambda each: (-each[2], each[:2]))

    def mistakes(self, most: int = 24) -> list[Judged]:
        """Return the wrong answers that were given most surely, the surest first."""
        wrong = [each for each in self.judged if each.truth != each.answer]
        return sorted(wrong, key=lambda each: (-each.sure, each.row))[:most]

    def to_json(self) -> str:
        """Return all but the thumbnails as one JSON object."""
        parts = ("classes", "counts", "accuracy", "low", "high", "top", "scores", "judged")
        facts: dict[str, Any] = {name: getattr(self, name) for name in parts}
        return as_json(facts)

    def to_html(self, path: str | Path) -> Path:
        """Write a page whose cells open the photos behind them, and return its path."""
        from glassnet.lens.confusion_page import confusion_page
        from glassnet.storage import write_atomically

        write_atomically(Path(path), confusion_page(self).encode())
        return Path(path)

    def answer(self) -> str:
        """Return the result in a sentence."""
        inside = f"95 % interval {percent(self.low)} to {percent(self.high)}"
        more = ", ".join(f"{percent(share)} among the first {k}" for k, share in self.top[1:])
        head = f"{percent(self.accuracy)} of {counted(len(self.judged), 'photo')} right ({inside})"
        return f"{head}; {more}" if more else head

    def __str__(self) -> str:
        rows = [["class", "photos", "right", "95 % interval", "precision", "most taken for"]]
        rows += [score_cells(each) for each in self.scores]
        lines = [self.answer(), aligned(rows)]
        if mistakes := self.mistakes(MOST_TOLD):
            rows = [["surest mistakes", "is", "answered", "sure", "probability of the truth"]]
            for each in mistakes:
                names = [self.classes[each.truth], self.classes[each.answer]]
                rows.append([shown(each.name), *names, percent(each.sure), percent(each.of_truth)])
            lines.append(aligned(rows, left=3))
        return "\n\n".join(lines)


def confusion(
    probabilities: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[object],
    thumbnails: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> Confusion:
    """Return how photos were judged.

    Args:
        probabilities: of each class, shape (photos, classes), as ``predict_proba`` gives them.
        labels: the class of each photo, as its number or as it stands in ``classes``. Shape: (photos,).
        classes: in the order of the probabilities.
        thumbnails: bytes (uint8), shape (photos, height, width[, 1 or 3]); None shows none.
        names: of the photos, such as their files; None: "photo 0", "photo 1", ...

    Raises:
        DataError: shapes that do not fit, labels that are no class, probabilities that are none.
    """
    kinds = tuple(str(each) for each in classes)
    chances = np.asarray(probabilities, dtype=np.float64)
    truth = _class_numbers(labels, classes)
    pictures = None if thumbnails is None else np.asarray(thumbnails)
    if problems := list(_wrong(chances, truth, kinds, pictures, names)):
        raise DataError(problems)
    if pictures is not None and pictures.ndim == 4 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    answers = chances.argmax(axis=1)
    counts = np.zeros((len(kinds), len(kinds)), dtype=np.int64)
    np.add.at(counts, (truth, answers), 1)
    judged = tuple(
        Judged(row, names[row] if names else f"photo {row}", int(t), int(a), float(p[a]), float(p[t]))
        for row, (t, a, p) in enumerate(zip(truth, answers, chances, strict=True))
    )
    right = float((answers == truth).mean())
    low, high = wilson(np.array([right]), np.array([len(truth)]))
    return Confusion(
        kinds,
        counts,
        right,
        float(low[0]),
        float(high[0]),
        _top(chances, truth),
        tuple(_class_score(counts, at, kinds) for at in range(len(kinds))),
        _cells(judged),
        judged,
        pictures,
    )


def score_cells(score: ClassScore) -> list[str]:
    """Write the figures of one class as cells of a table; what is not known is a dash."""
    if not score.photos:
        right = inside = "–"
    else:
        right, inside = percent(score.right), f"{percent(score.low)} to {percent(score.high)}"
    precision = "–" if np.isnan(score.precision) else percent(score.precision)
    other = "–" if score.taken_for is None else f"{score.taken_for[0]} ({score.taken_for[1]:,})"
    return [score.name, f"{score.photos:,}", right, inside, precision, other]


def _class_numbers(labels: ArrayLike, classes: Sequence[object]) -> Places:
    """Return the number of each label's class; -1 where it is none."""
    given = np.asarray(labels)
    if given.dtype.kind in "iu":
        return given.astype(np.int64)
    place = {str(name): at for at, name in enumerate(classes)}
    return np.array([place.get(str(each), -1) for each in given.ravel().tolist()], dtype=np.int64)


def _wrong(
    chances: Floats,
    truth: Places,
    classes: tuple[str, ...],
    pictures: NDArray[Any] | None,
    names: Sequence[str] | None,
) -> list[str]:
    problems = []
    if chances.ndim != 2 or chances.shape[1] != len(classes) or not len(chances):
        must = f"probabilities must have the shape (photos, {len(classes)} classes)"
        problems.append(message(must, f"their shape is {chances.shape}", "pass those of predict_proba"))
    elif not np.isfinite(chances).all() or chances.min() < 0 or np.abs(chances.sum(axis=1) - 1).max() > 1e-3:
        must, found = "probabilities must lie between 0 and 1 and sum to 1", "some do not"
        problems.append(message(must, found, "pass those of predict_proba, not logits"))
    if truth.shape != chances.shape[:1]:
        must = "there must be one label for each row of probabilities"
        found = f"{truth.shape} labels and {len(chances)} rows"
        problems.append(message(must, found, "pass the labels of the same photos"))
    elif len(truth) and (truth.min() < 0 or truth.max() >= len(classes)):
        strange = int(((truth < 0) | (truth >= len(classes))).sum())
        problems.append(
            message("each label must be one of the classes", f"{strange} are not", "look at classes")
        )
    shapes = pictures is None or (pictures.dtype == np.uint8 and pictures.shape[3:] in ((), (1,), (3,)))
    if pictures is not None and not (shapes and pictures.ndim > 2 and len(pictures) == len(chances)):
        must = "thumbnails must be bytes (uint8), one of shape (height, width[, 1 or 3]) for each photo"
        found = f"{pictures.dtype} of shape {pictures.shape}"
        problems.append(message(must, found, "pass the pixels of the same photos"))
    if names is not None and len(names) != len(chances):
        problems.append(message("there must be one name for each photo", f"{len(names)} names", "pass all"))
    return problems


def _top(chances: Floats, truth: Places) -> tuple[tuple[int, float], ...]:
    """Return for some k the share of photos whose class is among the k likeliest."""
    of_truth = chances[np.arange(len(truth)), truth]
    likelier = (chances > of_truth[:, None]).sum(axis=1)
    before = np.arange(chances.shape[1])[None, :] < truth[:, None]
    likelier += ((chances == of_truth[:, None]) & before).sum(axis=1)
    return tuple((k, float((likelier < k).mean())) for k in TOP if k < chances.shape[1])


def _class_score(counts: Places, at: int, classes: tuple[str, ...]) -> ClassScore:
    photos, answered, right = int(counts[at].sum()), int(counts[:, at].sum()), int(counts[at, at])
    share = right / photos if photos else np.nan
    low, high = wilson(np.array([share]), np.array([max(photos, 1)]))
    others = counts[at].copy()
    others[at] = 0
    most = int(others.argmax())
    taken = (classes[most], int(others[most])) if others[most] else None
    precision = right / answered if answered else np.nan
    return ClassScore(classes[at], photos, share, float(low[0]), float(high[0]), precision, taken)


def _cells(judged: Sequence[Judged]) -> dict[tuple[int, int], tuple[int, ...]]:
    found: dict[tuple[int, int], list[Judged]] = {}
    for each in judged:
        found.setdefault((each.truth, each.answer), []).append(each)
    return {
        pair: tuple(each.row for each in sorted(rows, key=lambda each: (-each.sure, each.row)))
        for pair, rows in sorted(found.items())
    }
