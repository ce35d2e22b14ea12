"""The boundary of a Model, over two columns of raw numbers; the other columns are held at a typical cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.columns import NumberColumn
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.boundary_slice import span
from glassnet.lens.boundary_view import Boundary, Frame

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from glassnet.data.table import Table
    from glassnet.model.table import Model

    Floats = NDArray[np.float64]


def model_boundary(
    model: Model, data: object, inputs: tuple[Any, Any], held: Mapping[str, float | str] | Any, grid: int
) -> Boundary:
    """Return the boundary of a Model; see :func:`glassnet.lens.boundary.boundary`."""
    _check(model, inputs, held)
    examples = model.examples(data)
    table = examples.table
    at = {**_typical(model, table), **dict(held or {})}
    columns = [_numbers(table, name) for name in inputs]
    x, y = (span(values[np.isfinite(values)], grid) for values in columns)
    across, up = np.meshgrid(x, y)
    asked = _asked(at, {inputs[0]: across.ravel(), inputs[1]: up.ravel()})
    surface, right = (_answers(model, model.predictions(each)) for each in (model.table(asked), table))
    classes, known = tuple(map(str, model.task.classes or ())), np.isfinite(columns[0] + columns[1])
    truth = np.asarray(examples.truth, dtype=np.float64).reshape(len(right), -1)[:, 0]
    said = right >= 0.5 if len(classes) == 2 else right
    error = float(((right - truth) ** 2).mean()) if not classes else float(np.count_nonzero(said != truth))
    kind = "value" if not classes else "probability" if len(classes) == 2 else "class"
    return Boundary(
        kind=kind,  # type: ignore[arg-type]
        names=inputs,
        x=x,
        y=y,
        frames=(Frame(len(model.history), error, (), surface.reshape(grid, grid)),),
        points=np.column_stack(columns)[known],
        labels=truth[known],
        classes=classes,
        error_name="rows wrong" if classes else "mean squared error",
        held={name: value for name, value in at.items() if name not in inputs},
        notes=(),
    )


def _check(model: Model, inputs: tuple[Any, Any], held: Any) -> None:
    numbers = [each.name for each in model.schema.columns if isinstance(each, NumberColumn)]
    columns = [each.name for each in model.schema.columns]
    problems = [
        message(
            "inputs must be columns of numbers that the model takes in", repr(name), _meant(name, numbers)
        )
        for name in inputs
        if name not in numbers
    ]
    if not isinstance(held, Mapping | None):
        problems.append(message("held must map columns to cells", repr(held), 'write {"age": 40}'))
    else:
        problems += [
            message("held must name columns of the model", repr(name), _meant(name, columns))
            for name in held or {}
            if name not in columns
        ]
    if problems:
        raise RecipeError(problems)


def _meant(name: object, known: list[str]) -> str:
    return did_you_mean(str(name), known)


def _typical(model: Model, table: Table) -> dict[str, float | str]:
    """Return the median of each column of numbers, and the commonest cell of every other one."""
    found: dict[str, float | str] = {}
    for column in model.schema.columns:
        if isinstance(column, NumberColumn):
            found[column.name] = float(np.nanmedian(_numbers(table, column.name)))
        else:
            cells = [cell for cell in table.frame[column.name].to_list() if cell is not None]
            found[column.name] = max(sorted(set(cells), key=str), key=cells.count)
    return found


def _numbers(table: Table, name: str) -> Floats:
    import polars as pl

    values = table.frame[name].cast(pl.Float64, strict=False).fill_null(np.nan)
    return np.asarray(values.to_numpy(), dtype=np.float64)


def _asked(at: Mapping[str, float | str], varied: Mapping[str, Floats]) -> pl.DataFrame:
    import polars as pl

    rows = len(next(iter(varied.values())))
    return pl.DataFrame({name: varied.get(name, [cell] * rows) for name, cell in at.items()})


def _answers(model: Model, predictions: Floats) -> Floats:
    """Return the probability of the second of two classes, the class of several, or the first target."""
    if not model.task.is_classification:
        return predictions.reshape(len(predictions), -1)[:, 0]
    return predictions[:, 1] if predictions.shape[1] == 2 else predictions.argmax(axis=1).astype(np.float64)
