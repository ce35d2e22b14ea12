"""Mistakes: the rows that a model answers most wrongly, to be looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.lens.inputs import target_place
from glassnet.lens.text import aligned, shown
from glassnet.metrics.classification import LEAST_PROBABILITY
from glassnet.model.table import outputs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.table import Table
    from glassnet.model.table import Model

    Floats = NDArray[np.float64]

MOST_COLUMNS = 6
"""A text shows so many of a row's columns; the View has all."""


@dataclass(frozen=True)
class Mistake:
    """One row and how wrong its answer is.

    Attributes:
        row: its number in the data, 1 for the first.
        truth, predicted: numbers in the target's units, or classes.
        error: predicted - truth; None for classes.
        probability: what the model gave the true class; None for numbers.
        cells: column -> raw cell as text, first the columns that the model takes in; no targets.
    """

    row: int
    truth: float | str
    predicted: float | str
    error: float | None
    probability: float | None
    cells: dict[str, str]


@dataclass(frozen=True)
class Mistakes:
    """The rows that a model answers most wrongly, the worst first; ``dataclasses.asdict`` gives JSON values.

    Attributes:
        target: the column that is predicted.
        worst: the rows, by size of the error or by the smallest probability of the true class.
        share: what these rows add to the whole loss, 0 to 1: squared error, or log loss for classes.
        rows: how many rows were answered.
    """

    target: str
    worst: tuple[Mistake, ...]
    share: float
    rows: int

    def __str__(self) -> str:
        names = list(self.worst[0].cells)[:MOST_COLUMNS]
        measure = "error" if self.worst[0].probability is None else "p(truth)"
        lines = [("row", "truth", "predicted", measure, *map(shown, names))]
        for each in self.worst:
            size = f"{each.probability:.3g}" if each.error is None else f"{each.error:+.4g}"
            facts = (f"{each.row:,}", _written(each.truth), _written(each.predicted), size)
            lines.append((*facts, *(each.cells[name] for name in names)))
        what = "squared error" if self.worst[0].probability is None else "log loss"
        head = f"the worst {len(self.worst)} of {self.rows:,} rows hold {self.share:.0%} of the {what} of"
        hidden = len(self.worst[0].cells) - len(names)
        rest = [f"and {hidden} more columns"] if hidden > 0 else []
        return "\n".join([f"{head} {self.target}", aligned(lines), *rest])


def _written(answer: float | str) -> str:
    return shown(answer) if isinstance(answer, str) else f"{answer:.4g}"


def worst_rows(model: Model, data: object, count: int = 10, *, target: str | None = None) -> Mistakes:
    """Return the rows that the model answers most wrongly.

    They are where to look for wrong data, for what the columns do not say, and for what the model has not
    learned; the smaller ``share`` is, the less they matter.

    Args:
        model: the model.
        data: raw rows with the target.
        count: how many rows, 1 or more; of equally wrong rows the first ones.
        target: which of several numeric targets; None: the first.

    Raises:
        RecipeError: ``count`` is below 1, or the target is not the model's.
        DataError: columns or cells do not fit, or a target is missing; every problem is named.
    """
    if count < 1:
        raise RecipeError(message("count must be 1 or more", f"count={count}", "leave it at 10"))
    place = target_place(model, target)
    examples = model.examples(data)
    answers = model.task.decode(outputs_of(model.net, examples.inputs))
    numbers = np.arange(examples.table.rows) + examples.table.first_row
    return mistakes_of(model, examples.table, numbers, examples.truth, answers, count, place)


def mistakes_of(
    model: Model,
    table: Table,
    numbers: NDArray[np.int64],
    truth: NDArray[Any],
    predictions: Floats,
    count: int,
    place: int = 0,
) -> Mistakes:
    """Return the rows that were answered most wrongly.

    Args:
        model: whose task and columns these are.
        table: the n raw rows.
        numbers: (n,), the numbers of the rows in their file.
        truth: as the task shapes it, n rows; ``predictions`` likewise.
        count: how many rows, 1 or more.
        place: which of several numeric targets.
    """
    if model.task.is_classification:
        answers = _classes(model, truth, predictions)
    else:
        answers = _numbers(*(each.reshape(len(each), -1)[:, place] for each in (truth, predictions)))
    worst = np.argsort(-answers.loss, kind="stable")[:count]
    total = float(answers.loss.sum())
    return Mistakes(
        target=model.schema.target_names[place],
        worst=tuple(_mistake(model, table, int(numbers[row]), answers, int(row)) for row in worst),
        share=float(answers.loss[worst].sum()) / total if total else 0.0,
        rows=len(answers.loss),
    )


@dataclass(frozen=True)
class _Answers:
    """Truth beside prediction of all n rows, each of shape (n,); see :class:`Mistake`."""

    truth: NDArray[Any]
    predicted: NDArray[Any]
    error: Floats | None
    probability: Floats | None
    loss: Floats


def _numbers(truth: Floats, predicted: Floats) -> _Answers:
    error = predicted - truth
    return _Answers(truth, predicted, error, None, error**2)


def _classes(model: Model, truth: NDArray[np.int64], chances: Floats) -> _Answers:
    names = np.array(model.task.classes, dtype=object)
    probability = chances[np.arange(len(chances)), truth]
    loss = -np.log(np.clip(probability, LEAST_PROBABILITY, 1))
    return _Answers(names[truth], names[chances.argmax(axis=1)], None, probability, loss)


def _mistake(model: Model, table: Table, number: int, answers: _Answers, row: int) -> Mistake:
    taken_in = [each.name for each in model.schema.columns]
    others = [name for name in table.columns if name not in (*taken_in, *model.schema.target_names)]
    cells = table.frame.row(row, named=True)
    return Mistake(
        row=number,
        truth=answers.truth[row : row + 1].tolist()[0],
        predicted=answers.predicted[row : row + 1].tolist()[0],
        error=None if answers.error is None else float(answers.error[row]),
        probability=None if answers.probability is None else float(answers.probability[row]),
        cells={name: shown(cells[name]) for name in (*taken_in, *others)},
    )
