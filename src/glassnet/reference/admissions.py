"""The course's admissions network, exactly as the course has it, with its faults beside the right figures.

Who is admitted to graduate school, by gre (an exam), gpa (grades) and the rank of the college? 400 rows, no
bias, 2 sigmoid hidden units, 1 sigmoid output, full batch, 900 epochs, rate 0.005, seed 21.

Three slips of the course, kept here on purpose so that its numbers come out, and each shown:

1. **The printed loss.** The course computes the hidden layer for the loss with the ``x`` that is left over
   from its loop, which is the *last row* alone, and compares that one output with all targets. The loss of
   the set is printed beside it.
2. **Scaling.** Mean and deviation of gre and gpa are taken over all rows, those held out included, so the
   training has seen a little of the test. Here the difference is small; the habit is not a good one.
3. **The error term** is that of squares times the derivative of the sigmoid, y_hat (1 - y_hat), which is why
   it learns slowly. With the log loss that factor cancels, see ``losses.binary_cross_entropy``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import DataError, RecipeError, message
from glassnet.randomness import stream
from glassnet.reference.activations import Floats, sigmoid
from glassnet.reference.dense import Layer, backward, forward
from glassnet.reference.limits import wrong_count

COLUMNS = ("admit", "gre", "gpa", "rank")
FEATURES = ("gre", "gpa", "rank_1", "rank_2", "rank_3", "rank_4")
SEED = 21
HIDDEN = 2
EPOCHS = 900
LEARNING_RATE = 0.005


@dataclass(frozen=True)
class Students:
    """The rows as numbers: ``features`` (n, 6) in the order of ``FEATURES``, ``admitted`` (n,) 0 or 1."""

    features: Floats
    admitted: Floats


@dataclass(frozen=True)
class Line:
    """One printed line: both losses, and whether each rose since the line before.

    ``printed`` is what the course prints, of the last row's hidden layer; ``loss`` is the training set's.
    """

    epoch: int
    printed: float
    printed_rose: bool
    loss: float
    rose: bool


@dataclass(frozen=True)
class Admissions:
    """The run: its printed lines, the layers at its end, and the share of right answers on held-out rows.

    ``majority`` is the share that answering "rejected" to everyone would have got right.
    """

    lines: list[Line]
    layers: list[Layer]
    accuracy: float
    majority: float
    rows: tuple[int, int]

    def __str__(self) -> str:
        head = ["epoch   as the course prints it      of the training set"]
        for line in self.lines:
            warned = (
                "WARNING - rising" if line.printed_rose else "",
                "WARNING - rising" if line.rose else "",
            )
            row = f"{line.epoch:5d}   {line.printed:.9f} {warned[0]:16s} {line.loss:.9f} {warned[1]}"
            head.append(row.rstrip())
        head.append(
            f"accuracy on {self.rows[1]} held-out rows: {self.accuracy:.3f} "
            f"(rejecting everyone: {self.majority:.3f})"
        )
        return "\n".join(head)


def read_students(path: str | Path) -> Students:
    """Read the course's table: a CSV file with the columns admit, gre, gpa and rank.

    gre and gpa become (value - mean) / deviation, rank becomes four columns of which one is 1.

    Raises:
        DataError: the file or a cell is not as it should be.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        do = "name the file of the admissions data"
        raise DataError(message(f"{path} must be a readable text file", str(error), do)) from error
    rows = list(csv.DictReader(text.splitlines()))
    if not rows or any(column not in rows[0] for column in COLUMNS):
        found = f"{path} has {', '.join(map(str, rows[0])) if rows else 'no rows'}"
        must = f"the admissions table must have the columns {', '.join(COLUMNS)}"
        raise DataError(message(must, found, "name the file of the admissions data"))
    return _students(np.array([_numbers(path, number, row) for number, row in enumerate(rows, start=2)]))


def _numbers(path: str | Path, line: int, row: dict[str, str]) -> list[float]:
    try:
        values = [float(row[column]) for column in COLUMNS]
    except (TypeError, ValueError) as error:
        raise DataError(
            message(f"{path}, line {line} must hold numbers", str(error), "mend that line")
        ) from None
    if values[0] in (0, 1) and values[3] in (1, 2, 3, 4) and np.isfinite(values).all():
        return values
    found = f"admit={values[0]:g}, rank={values[3]:g}"
    must = f"{path}, line {line} must have admit 0 or 1 and rank 1 to 4"
    raise DataError(message(must, found, "mend that line"))


def made_up_students(rows: int = 400, seed: int = 0) -> Students:
    """Return drawn rows that look like the course's, for those who do not have its file.

    The chance to be admitted grows with gre and gpa and falls with the rank; about a third get in.

    Raises:
        RecipeError: rows is below 10, or the seed below 0.
    """
    if problems := [*wrong_count("rows", rows, 10, 400), *wrong_count("seed", seed, 0, 0)]:
        raise RecipeError(problems)
    rng = stream(seed, "students")
    gre = np.clip(np.round(rng.normal(588, 116, rows) / 20) * 20, 220, 800)
    gpa = np.clip(rng.normal(3.39, 0.38, rows).round(2), 2.26, 4.0)
    rank = rng.choice([1, 2, 3, 4], rows, p=[0.15, 0.38, 0.30, 0.17])
    score = 0.0023 * gre + 0.80 * gpa - 0.56 * rank - 3.45
    admit = (rng.random(rows) < sigmoid(score)).astype(float)
    return _students(np.column_stack([admit, gre, gpa, rank]))


def _students(table: Floats) -> Students:
    """Turn columns (admit, gre, gpa, rank) into features; the deviation is that of a sample, n - 1."""
    scores = table[:, 1:3]
    scaled = (scores - scores.mean(axis=0)) / scores.std(axis=0, ddof=1)
    one_hot = (table[:, 3:] == np.arange(1, 5)).astype(float)
    return Students(np.hstack([scaled, one_hot]), table[:, 0])


def held_out(rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the training rows (90 %) and of those held out, as the course draws them."""
    chosen = np.random.RandomState(SEED).choice(rows, size=int(rows * 0.9), replace=False)
    return chosen, np.setdiff1d(np.arange(rows), chosen)


def start() -> list[Layer]:
    """Return the course's first weights: normal with deviation 1 / sqrt(features) in *both* layers."""
    rng, scale = np.random.RandomState(SEED), len(FEATURES) ** -0.5
    hidden = rng.normal(scale=scale, size=(len(FEATURES), HIDDEN))
    output = rng.normal(scale=scale, size=HIDDEN)
    return [Layer(hidden, None, "sigmoid"), Layer(output[:, None], None, "sigmoid")]


def train_admissions(students: Students | None = None, epochs: int = EPOCHS) -> Admissions:
    """Train the course's network and return what it prints, beside what it should have printed.

    Args:
        students: from ``read_students``; None: ``made_up_students()``.

    Raises:
        DataError: there are fewer than ten rows, so none would be held out.
        RecipeError: epochs is not a whole number from 1.
    """
    students = made_up_students() if students is None else students
    if len(students.features) < 10:
        found = f"there are {len(students.features)}"
        raise DataError(message("a tenth is held out, so ten rows are needed", found, "pass more rows"))
    train, test = held_out(len(students.features))
    if problems := wrong_count("epochs", epochs, example=900):
        raise RecipeError(problems)
    X, y = students.features[train], students.admitted[train, None]
    layers, lines = start(), list[Line]()
    for epoch in range(epochs):
        layers = _one_epoch(layers, X, y)
        if epoch % (EPOCHS // 10) == 0:
            lines.append(_line(layers, X, y, epoch, lines[-1:]))
    answers = forward(layers, students.features[test]).output[:, 0] > 0.5
    admitted = students.admitted[test]
    accuracy, majority = float((answers == admitted).mean()), float((admitted == 0).mean())
    return Admissions(lines, layers, accuracy, majority, (len(train), len(test)))


def _one_epoch(layers: list[Layer], X: Floats, y: Floats) -> list[Layer]:
    """Make one full-batch step: w += lr * (sum over rows of error term * input) / rows."""
    seen = forward(layers, X)
    back = backward(layers, seen, -(y - seen.output) / len(X))
    return [
        Layer(layer.W - LEARNING_RATE * dW, None, layer.activation)
        for layer, dW in zip(layers, back.dW, strict=True)
    ]


def _line(layers: list[Layer], X: Floats, y: Floats, epoch: int, before: Iterable[Line]) -> Line:
    """Compute both losses. The course's uses the output of the last row, X[-1], for every target."""
    printed = float(((forward(layers, X[-1:]).output - y) ** 2).mean())
    loss = float(((forward(layers, X).output - y) ** 2).mean())
    last = next(iter(before), None)
    rose = (last is not None and last.printed < printed, last is not None and last.loss < loss)
    return Line(epoch, printed, rose[0], loss, rose[1])
