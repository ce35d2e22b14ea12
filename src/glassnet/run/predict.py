"""Predictions as a table to write or to print: answers, their intervals, and for classes probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from glassnet.errors import RecipeError, message

if TYPE_CHECKING:
    from glassnet.model.table import Model


def predictions_frame(model: Model, data: object, interval: float | None = None) -> pl.DataFrame:
    """Return one row a raw row: ``<target>``, and for classes ``<target>=<class>`` with each probability.

    Args:
        interval: a coverage; adds ``<target>_low`` and ``<target>_high``, between which that share of the
            truth lies.

    Raises:
        RecipeError: the model has no intervals, or none of this coverage; a name would stand twice.
        DataError: columns or cells do not fit; every problem is named.
    """
    if interval is not None:
        return _with_intervals(model, data, interval)
    predictions = model.predictions(model.table(data))
    answers = model.task.answers(predictions)
    names = model.schema.target_names
    if model.task.is_classification:
        probabilities = {f"{names[0]}={each}": predictions[:, i] for i, each in enumerate(model.task.classes)}
        return pl.DataFrame({names[0]: answers, **probabilities})
    columns = answers.reshape(len(answers), -1)
    return pl.DataFrame({name: columns[:, i] for i, name in enumerate(names)})


def _with_intervals(model: Model, data: object, coverage: float) -> pl.DataFrame:
    names, conformal = model.schema.target_names, model.check_coverage(coverage)
    predictions = model.predictions(model.table(data))
    low, high = conformal.interval(predictions, coverage)
    parts = {"": predictions, "_low": low, "_high": high}
    columns = [
        pl.Series(name + end, values.reshape(len(values), -1)[:, i])
        for i, name in enumerate(names)
        for end, values in parts.items()
    ]
    twice = sorted({each.name for each in columns if [c.name for c in columns].count(each.name) > 1})
    if twice:
        must = "the ends of the intervals need names that no target has"
        raise RecipeError(message(must, f"{twice[0]!r} is a target too", "call Model.predict_interval"))
    return pl.DataFrame(columns)
