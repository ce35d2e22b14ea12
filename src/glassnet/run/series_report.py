"""The report of a model of a series: gather the judged forecasts and make the View."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.columns import DateColumn
from glassnet.data.series import last_values, moments_of, seasonal_values
from glassnet.data.sources import open_source
from glassnet.data.times import row_times
from glassnet.errors import DataError, message
from glassnet.lens.report import Report
from glassnet.lens.sequence_compose import SequenceMaterial, SeriesRows, compose_series
from glassnet.notation import parse_split
from glassnet.run.cut_again import check_agree, check_unchanged, of_the_run, seen_before
from glassnet.run.series_prepare import prepare_series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.table import Table
    from glassnet.model.series import SeriesModel
    from glassnet.run.series_prepare import PreparedSeries

    Floats = NDArray[np.float64]


def series_report(model: SeriesModel, data: object = None) -> Report:
    """Make the report of a model of a series; see :func:`glassnet.run.reports.report`."""
    return compose_series(model, _of_the_run(model) if data is None else _of_other_rows(model, data))


def training_report(model: SeriesModel, prepared: PreparedSeries, told: tuple[str, ...]) -> Report:
    """Make the report of a run that has just ended."""
    return compose_series(model, replace(_bare(model), rows=_judged(model, prepared), notes=told))


def _bare(model: SeriesModel) -> SequenceMaterial:
    return SequenceMaterial(model.recipe.data or "a table in memory", model.results)


def _judged(model: SeriesModel, prepared: PreparedSeries) -> SeriesRows | None:
    """Return the forecasts of the split whose scores are shown."""
    split, plan = model.results.shown_split(), model.plan
    if split is None:
        return None
    moments = prepared.moments(split, max(plan.window, plan.season or 1), plan.horizon)
    return _rows(model, prepared.values, prepared.matrix, prepared.times, moments)


def _rows(
    model: SeriesModel,
    values: Floats,
    matrix: NDArray[np.float32],
    times: Floats | None,
    moments: NDArray[np.int64],
) -> SeriesRows:
    plan = model.plan
    answers = {
        "network": model.forecasts(matrix, moments),
        "last_value": last_values(values, moments, plan.horizon),
    }
    if plan.season is not None:
        answers["seasonal"] = seasonal_values(values, moments, plan.horizon, plan.season)
    truth = values[moments[:, None] + np.arange(1, plan.horizon + 1)]
    return SeriesRows(values, times, moments, truth, answers)


def _of_other_rows(model: SeriesModel, data: object) -> SequenceMaterial:
    """Gather rows that the run has not seen."""
    source, plan = open_source(data, model.recipe.missing), model.plan
    table = source.load()
    results = model.evaluate(table)
    values, matrix = model.schema.read(table)
    moments = moments_of(0, len(values), max(plan.window, plan.season or 1), plan.horizon)
    are_those = f"they are those of {_bare(model).data}"
    found = seen_before(model, source.sha256, "these rows", are_those, "what it learned from")
    rows = _rows(model, values, matrix, _times(model, table), moments)
    return SequenceMaterial(table.name, results, rows, is_other_data=True, found=found)


def _times(model: SeriesModel, table: Table) -> Floats | None:
    columns = () if model.schema.inputs is None else model.schema.inputs.columns
    date = next((each for each in columns if isinstance(each, DateColumn)), None)
    return None if date is None else row_times(table, date.name, date.format)


def _of_the_run(model: SeriesModel) -> SequenceMaterial:
    what = "Forecasts beside the truth, and how the error grows with the rows ahead"
    judgeable = "rows with the target, by glassnet report MODEL --data FILE"
    return of_the_run(_bare(model), partial(_cut_again, model), what, judgeable)


def _cut_again(model: SeriesModel, bare: SequenceMaterial) -> SequenceMaterial:
    """Read the rows of the run again, and cut and answer the same ones.

    Raises:
        RequestError: they cannot be had, or not be answered as they were then.
    """
    recipe, plan = model.recipe, model.plan
    if recipe.data is None:
        must = "the rows of the run must be there to be answered as they were then"
        raise DataError(message(must, "they were in memory", "judge other rows"))
    source = open_source(recipe.data, recipe.missing)
    check_unchanged(source.sha256 == recipe.sha256, recipe.data)
    rows = _judged(
        model, prepare_series(recipe, source, (parse_split(plan.test), parse_split(plan.validation)))
    )
    if rows is not None:
        found = float(np.sqrt(((rows.answers["network"] - rows.truth) ** 2).mean(axis=0)).mean())
        then = model.results.metrics[model.results.shown_split() or ""]["rmse"]
        check_agree({"rmse": found}, {"rmse": then}, "rows")
    return replace(bare, rows=rows)
