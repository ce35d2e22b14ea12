"""The report of a model of texts: gather the judged texts, make the View, write the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from glassnet.lens.report import Report
from glassnet.lens.text_compose import JudgedTexts, TextMaterial, compose_texts
from glassnet.lens.text_mistakes import mistakes_of
from glassnet.run.context import Own
from glassnet.run.cut_again import check_agree, check_can_be_cut, check_unchanged, of_the_run, seen_before
from glassnet.run.fold_scores import judged_once
from glassnet.run.text_prepare import prepare_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.data.text_rows import TextRows
    from glassnet.model.texts import TextModel
    from glassnet.run.fold_scores import FoldScores
    from glassnet.run.text_prepare import TextPrepared


def text_report(model: TextModel, data: object = None) -> Report:
    """Make the report of a model of texts; see :func:`glassnet.run.reports.report`."""
    return compose_texts(model, _of_the_run(model) if data is None else _of_other_texts(model, data))


def training_report(
    model: TextModel,
    prepared: TextPrepared,
    folds: Sequence[tuple[Fold, FoldScores]],
    told: tuple[str, ...],
) -> Report:
    """Make the report of a run that has just ended."""
    rows, truth, answers = judged_once(folds)
    judged = _judged(model, prepared.rows.take(rows), truth, answers)
    return compose_texts(model, replace(_bare(model), judged=judged, notes=told))


def _bare(model: TextModel) -> TextMaterial:
    return TextMaterial(model.recipe.data or "texts in memory", model.results)


def _judged(
    model: TextModel, rows: TextRows, truth: NDArray[np.int64], answers: NDArray[np.float64]
) -> JudgedTexts:
    return JudgedTexts(truth, answers, mistakes_of(rows, truth, answers, model.task.classes))


def _of_other_texts(model: TextModel, data: object) -> TextMaterial:
    """Gather texts that the run has not seen."""
    rows = model.rows(data, labelled=True)
    truth, answers = model.truth(rows), model.predictions(rows)
    are_those, learned = f"they are those of {_bare(model).data}", "the texts that it learned from"
    found = seen_before(model, rows.sha256, "these texts", are_those, learned)
    judged = _judged(model, rows, truth, answers)
    return TextMaterial(rows.name, model.evaluate(rows), judged, is_other_data=True, found=found)


def _of_the_run(model: TextModel) -> TextMaterial:
    what = "Its mistakes, and how far its probabilities can be believed"
    judgeable = "texts with labels, by glassnet report MODEL --data FILE"
    return of_the_run(_bare(model), partial(_cut_again, model), what, judgeable)


def _cut_again(model: TextModel, bare: TextMaterial) -> TextMaterial:
    """Read the texts of the run again, and cut and answer the same ones.

    Raises:
        RequestError: they cannot be had, or not be answered as they were then.
    """
    recipe = model.recipe
    check_can_be_cut(model, "texts", "they were in memory")
    prepared = prepare_texts(recipe, Own())
    is_same = (prepared.rows.sha256, prepared.test_sha256) == (recipe.sha256, recipe.test_sha256)
    check_unchanged(is_same, bare.data)
    split, judged = prepared.folds[0].judged()
    rows = prepared.rows.take(judged)
    truth, answers = prepared.truth[judged], model.predictions(rows)
    weight = None if prepared.weights is None else prepared.weights[judged]
    check_agree(model.task.metrics(truth, answers, weight), model.results.metrics.get(split, {}), "texts")
    return replace(bare, judged=_judged(model, rows, truth, answers))
