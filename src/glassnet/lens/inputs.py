"""What explanations look at: the input units of each raw column, their averages, some rows, one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.columns import BooleanColumn, CategoryColumn, DateColumn
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.columns import Column
    from glassnet.data.schema import Schema
    from glassnet.model.table import Model

    Floats = NDArray[np.float64]


def blocks(schema: Schema) -> dict[str, slice]:
    """Map each raw column to its place among the input units."""
    places, start = {}, 0
    for column in schema.columns:
        stop = start + len(column.input_names)
        places[column.name] = slice(start, stop)
        start = stop
    return places


def average_inputs(schema: Schema) -> Floats:
    """Return what the training rows are on average. Shape: (width,).

    Numbers are 0, categories their shares, booleans the share of ones, dates the mean of each unit. The unit
    that says that a cell is missing is 0: the average is taken over the cells that are there.
    """
    return np.concatenate([_average(column) for column in schema.columns])


def _average(column: Column) -> Floats:
    means: tuple[float, ...] = (0.0,)
    if isinstance(column, CategoryColumn):
        means = column.shares
    elif isinstance(column, BooleanColumn):
        means = (column.share,)
    elif isinstance(column, DateColumn):
        means = column.means
    units = np.zeros(len(column.input_names))
    units[: len(means)] = means
    return units


def some_rows(rows: int, most: int, seed: int, name: str) -> NDArray[np.int64]:
    """Return the positions of all rows, or of a random sample of ``most`` in their order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(stream(seed, name, "rows").permutation(rows)[:most])


def sample_note(looked_at: int, rows: int) -> tuple[str, ...]:
    """Say that only a sample was looked at, where that is so."""
    return (f"from a random sample of {looked_at:,} of {rows:,} rows",) if looked_at < rows else ()


def target_place(model: Model, target: str | None) -> int:
    """Return which of the targets is explained, 0 for None.

    Raises:
        RecipeError: the model does not predict it.
    """
    names = model.schema.target_names
    if target is not None and target not in names:
        must = "target must be one that the model predicts"
        raise RecipeError(message(must, f"target={target!r}", did_you_mean(target, names)))
    return 0 if target is None else names.index(target)
