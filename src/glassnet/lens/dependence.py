"""Partial dependence: what the model answers on average as one column takes each of its values.

Every row is given the value in turn and the answers are averaged (J. Friedman, 2001, "Greedy function
approximation", section 8.2). The rows' own curves (A. Goldstein and others, 2015, "Peeking inside the black
box", ICE) are shown by the band in which 80 % of the answers lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.cells import Findings
from glassnet.data.columns import BooleanColumn, CategoryColumn, NumberColumn, checked_numbers
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.inputs import blocks, sample_note, some_rows
from glassnet.lens.text import aligned, shown
from glassnet.model.table import outputs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.columns import Column
    from glassnet.data.table import Table
    from glassnet.model.table import Model

    Floats = NDArray[np.float64]
    Varied = NumberColumn | CategoryColumn | BooleanColumn

MOST_ROWS = 2_000
"""Of more rows than this a random sample is looked at: each of them is answered once a point."""
BAND = (0.1, 0.9)
EDGES = (0.01, 0.99)
"""Numbers go from the 1 % to the 99 % quantile: beyond there is too little data to answer from."""


@dataclass(frozen=True)
class Dependence:
    """The mean answer as one column takes each value; ``dataclasses.asdict`` gives JSON values.

    Attributes:
        column: the column that is varied.
        target: the column that is predicted.
        answer: the class whose probability is shown; None for numbers.
        values: its values: numbers in ascending order, or levels and words.
        mean, low, high: per value the mean of the rows' answers and the band of 80 % of them, in the target's
            units, or probabilities.
        rows: how many rows were looked at.
        notes: what the reader should know.
    """

    column: str
    target: str
    answer: str | None
    values: tuple[float, ...] | tuple[str, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    rows: int
    notes: tuple[str, ...]

    @property
    def unit(self) -> str:
        """What the answers are: the target, or the probability of a class."""
        return self.target if self.answer is None else f"probability of {self.target}={self.answer}"

    def __str__(self) -> str:
        lines = [(shown(self.column), "mean", "80 % of rows")]
        for value, mean, low, high in zip(self.values, self.mean, self.low, self.high, strict=True):
            lines.append((shown(value), f"{mean:.4g}", f"{low:.4g} to {high:.4g}"))
        return "\n".join([f"{self.unit}, {self.rows:,} rows", aligned(lines), *self.notes])


def partial_dependence(
    model: Model, data: object, column: str, *, points: int = 20, output: str | None = None, seed: int = 0
) -> Dependence:
    """Return the mean answer over rows as a column takes each value of a grid.

    Numbers take quantiles of the data, or all their values where there are at most ``points``; categories and
    booleans take every level, missing and pooled ones too. All other columns stay as they are, so where
    columns move together some of the rows that are asked about cannot exist.

    Args:
        model: the model.
        data: raw rows; the target need not be there. Beyond 2,000 a random sample is looked at.
        column: a column of numbers, categories or booleans that the model takes in.
        points: most values of a number, 2 or more.
        output: which of several targets, or which class; None: the first target, the second of two classes,
            the class that is most probable over the rows.
        seed: decides the sample.

    Raises:
        RecipeError: the model does not take the column in, or it is a date, or ``points`` or ``output``
            is wrong.
        DataError: columns or cells do not fit.
    """
    varied = _varied(model, column, points)
    table = model.table(data)
    inputs = model.schema.encode(table)
    picked = some_rows(table.rows, MOST_ROWS, seed, "dependence")
    values, units = _grid(varied, table, points)
    block = blocks(model.schema)[column]
    answers = np.stack([_answers(model, inputs[picked], block, unit) for unit in units])
    place = _place(model, output, answers)
    chosen = answers[:, :, place]
    low, high = np.quantile(chosen, BAND, axis=1)
    names, classes = model.schema.target_names, model.task.classes
    return Dependence(
        column=column,
        target=names[0] if classes else names[place],
        answer=classes[place] if classes else None,
        values=values,
        mean=tuple(chosen.mean(axis=1).tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        rows=len(picked),
        notes=sample_note(len(picked), table.rows),
    )


def _varied(model: Model, name: str, points: int) -> Varied:
    """Return the column that is to be varied, or say why it cannot be."""
    if points < 2:
        raise RecipeError(message("points must be 2 or more", f"points={points}", "leave it at 20"))
    columns = {each.name: each for each in model.schema.columns}
    if name not in columns:
        must = "the column must be one that the model takes in"
        why = model.schema.left_out.get(name)
        found = f"{name!r} is left out: {why}" if why else f"column={name!r}"
        raise RecipeError(message(must, found, did_you_mean(name, columns)))
    return _not_a_date(columns[name])


def _not_a_date(column: Column) -> Varied:
    if column.kind != "date":
        return column
    parts = [f"{each.part}" for each in column.parts] + ["day of year"] * column.day_of_year
    raise RecipeError(
        message(
            "partial dependence needs a column of numbers, categories or booleans",
            f"{column.name!r} is a date, whose parts ({', '.join(parts) or 'year'}) never move one by one",
            "look at the predictions over time, or at columns made of its parts",
        )
    )


def _grid(
    column: Varied, table: Table, points: int
) -> tuple[tuple[float, ...] | tuple[str, ...], NDArray[np.float32]]:
    """Return the values that a column takes, and the input units of each. Shape: (values, units)."""
    width = len(column.input_names)
    if isinstance(column, CategoryColumn):
        labels = tuple(each.removeprefix(f"{column.name}=") for each in column.values)
        return labels, np.eye(width, dtype=np.float32)
    if isinstance(column, BooleanColumn):
        labels = (*column.words, *(("(missing)",) * column.missing))
        units = np.zeros((len(labels), width), dtype=np.float32)
        units[1, 0] = units[2:, -1:] = 1.0
        return labels, units
    values = _quantiles(checked_numbers(table.frame[column.name], Findings(table)), column.mean, points)
    units = np.zeros((len(values), width), dtype=np.float32)
    units[:, 0] = column.scaled(values)
    return tuple(values.tolist()), units


def _quantiles(cells: Floats, mean: float, points: int) -> Floats:
    """Return the distinct values, or quantiles where they are many; the mean where all are missing."""
    known = cells[~np.isnan(cells)]
    if not len(known):
        return np.array([mean])
    distinct = np.unique(known)
    if len(distinct) <= points:
        return distinct
    return np.unique(np.quantile(known, np.linspace(*EDGES, points), method="inverted_cdf"))


def _answers(model: Model, inputs: NDArray[np.float32], block: slice, units: NDArray[np.float32]) -> Floats:
    """Return every row's answers when a column's units are these. Shape: (rows, targets or classes)."""
    changed = inputs.copy()
    changed[:, block] = units
    return model.task.decode(outputs_of(model.net, changed)).reshape(len(inputs), -1)


def _place(model: Model, output: str | None, answers: Floats) -> int:
    """Return which target or class is shown."""
    names = model.task.classes or model.schema.target_names
    if output is not None and output not in names:
        must = "output must be a class or a target of the model"
        raise RecipeError(message(must, f"output={output!r}", did_you_mean(output, names)))
    if output is not None:
        return names.index(output)
    if model.task.name == "binary":
        return 1
    return int(answers.mean(axis=(0, 1)).argmax()) if model.task.is_classification else 0
