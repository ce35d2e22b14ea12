"""The use case that ends in a report: gather the judged rows, make the View, write the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.sources import open_source
from glassnet.data.table import Table
from glassnet.errors import DataError, RequestError, message
from glassnet.lens.compose import TableMaterial, compose
from glassnet.lens.judged import Judged, RawRows, joined_rows, raw_rows
from glassnet.lens.report import Report
from glassnet.lens.text import shown
from glassnet.lens.wording import SPLITS
from glassnet.metrics.coverage import ends_asked
from glassnet.notation import parse_split
from glassnet.run.budget import ENDING
from glassnet.run.cut_again import agree, check_can_be_cut, seen_before
from glassnet.run.kept import KeptRows, Spans, keep_rows
from glassnet.run.prepare import prepare
from glassnet.run.told import quietly
from glassnet.storage import file_sha256

if TYPE_CHECKING:
    from glassnet.data.split import Fold
    from glassnet.model.table import Model
    from glassnet.run.context import Context
    from glassnet.run.fold_scores import FoldScores
    from glassnet.run.prepare import Prepared


def table_report(model: Model, data: object = None) -> Report:
    """Make the report of a model of a table; see :func:`glassnet.run.reports.report`."""
    return compose(model, _of_the_run(model) if data is None else _of_other_rows(model, data))


def training_report(
    context: Context, model: Model, folds: Sequence[tuple[FoldScores, KeptRows]], told: tuple[str, ...]
) -> Report:
    """Make the report of a run that has just ended."""
    with quietly():
        return compose(model, _of_training(context, model, folds, told))


def _of_training(
    context: Context, model: Model, folds: Sequence[tuple[FoldScores, KeptRows]], told: tuple[str, ...]
) -> TableMaterial:
    """Gather what a run had at hand when it ended."""
    budget = context.recipe.budget
    scores, kept = zip(*folds, strict=True)
    judged = Judged(
        truth=np.concatenate([each.truth for each in scores]),
        answers=np.concatenate([each.predictions[""] for each in scores]),
        raw=joined_rows([each.raw for each in kept]),
        ends=scores[0].ends if len(folds) == 1 else None,
    )
    once = judged.each_row_once()
    on, spans = SPLITS[scores[0].split], kept[0].spans
    if len(folds) > 1:
        spans = _span(scores[0].split, judged.raw)
        on = f"{on} of all folds; the network that was saved has learned from them since"
    return TableMaterial(
        data=_name(model),
        results=model.results,
        judged=once,
        explained_on=on,
        spans=spans,
        counting=_counting(model.recipe.weight, repeated=len(once) < len(judged)),
        notes=told,
        deadline=None if budget is None else context.began + budget - ENDING,
    )


def _counting(weight: str | None, *, repeated: bool = False) -> str:
    """Say how charts count rows, where scores count them otherwise."""
    told = []
    if weight is not None:
        told.append(f"Scores weigh each row by its {shown(weight)}; {_CHARTS} count every row alike.")
    if repeated:
        told.append(f"Scores count every answer; {_CHARTS} show the first answer to each row.")
    return " ".join([*told, "So they can differ from the scores."]) if told else ""


_CHARTS = "charts of numbers and probabilities, and the worst rows,"


def _span(split: str, raw: RawRows) -> Spans:
    return {} if raw.times is None else {split: (float(raw.times.min()), float(raw.times.max()))}


def _of_other_rows(model: Model, data: object) -> TableMaterial:
    """Gather rows that the run has not seen."""
    source = open_source(data, model.recipe.missing)
    table = source.load()
    examples = model.examples(table)
    every = np.arange(table.rows)
    raw = raw_rows(table, every, model.schema, model.recipe.seed)
    answers = model.predictions(table)
    are_those = f"they are those of {_name(model)}"
    return TableMaterial(
        data=table.name,
        results=model.evaluate(table),
        judged=Judged(examples.truth, answers, raw, ends_asked(model.conformal, answers)),
        explained_on=f"the rows of {table.name}",
        is_other_data=True,
        spans=_span("test", raw),
        counting=_counting(None if examples.weight is None else model.recipe.weight),
        found=seen_before(model, source.sha256, "these rows", are_those, "the rows that it learned from"),
    )


def _of_the_run(model: Model) -> TableMaterial:
    """Gather what can still be had of the run's own rows."""
    try:
        kept, table = _cut_again(model)
    except RequestError as error:
        return TableMaterial(_name(model), model.results, missing=(_without_rows(str(error)),))
    truth, answers = model.task.truth(model.schema.raw_targets(table)), model.predictions(table)
    ends = ends_asked(model.conformal, answers) if kept.split == "test" else None
    judged = Judged(truth, answers, kept.raw, ends)
    if not _agrees(model, judged, kept, table):
        why = "the rows that were cut again do not give the scores of the run"
        return TableMaterial(_name(model), model.results, missing=(_without_rows(why),))
    on, counting = SPLITS[kept.split], _counting(model.recipe.weight)
    return TableMaterial(_name(model), model.results, judged, on, spans=kept.spans, counting=counting)


def _cut_again(model: Model) -> tuple[KeptRows, Table]:
    """Read the data of the run again and cut the same rows.

    Raises:
        RequestError: they cannot be had, or not be answered as they were then.
    """
    recipe = model.recipe
    check_can_be_cut(model, "rows", "the table was in memory")
    source = open_source(recipe.data, recipe.missing)
    test_file = parse_split(recipe.test).path if recipe.test else None
    changed = [recipe.data] if source.sha256 != recipe.sha256 else []
    if test_file is not None and file_sha256(Path(test_file)) != recipe.test_sha256:
        changed.append(test_file)
    if changed:
        must = "the data must be as it was"
        raise DataError(
            message(must, f"{' and '.join(map(str, changed))} has changed", "put the old one back")
        )
    prepared = prepare(recipe, source)
    fold = prepared.folds[0]
    return keep_rows(prepared, fold, model.schema, recipe.seed), _table_of(prepared, fold)


def _table_of(prepared: Prepared, fold: Fold) -> Table:
    _, rows = fold.judged()
    first = prepared.tables[0]
    if rows[0] < first.rows:
        return Table(first.frame[rows], first.name)
    return prepared.tables[1]


def _agrees(model: Model, judged: Judged, kept: KeptRows, table: Table) -> bool:
    """Say whether rows that were cut again give the scores of the run."""
    weight = model.examples(table).weight if model.recipe.weight else None
    found = model.task.metrics(judged.truth, judged.answers, weight)
    return agree(found, model.results.metrics.get(kept.split, {}))


def _without_rows(why: str) -> str:
    return (
        "Charts row by row, calibration, what each column is worth, one answer taken apart, worst rows: "
        f"{why}. "
        "They can be had for rows that have the target, by glassnet report MODEL --data FILE."
    )


def _name(model: Model) -> str:
    return model.recipe.data or "a table in memory"
