"""The report of a model of texts: gather the judged texts, make the View, write the page."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import DataError, GlassnetWarning, RequestError, message
from glassnet.lens.report import Doubt, Report
from glassnet.lens.text_compose import JudgedTexts, TextMaterial, compose_texts
from glassnet.lens.text_mistakes import mistakes_of
from glassnet.run.context import Own
from glassnet.run.cut_again import agree, check_can_be_cut
from glassnet.run.text_prepare import prepare_texts
from glassnet.run.text_scoring import judged_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.data.text_rows import TextRows
    from glassnet.model.texts import TextModel
    from glassnet.run.fold_scores import FoldScores
    from glassnet.run.text_prepare import TextPrepared


def text_report(model: TextModel, data: object = None) -> Report:
    """Make the report of a model of texts; see :func:`glassnet.run.reports.report`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)  # whoever read these texts first was told
        return compose_texts(model, _of_the_run(model) if data is None else _of_other_texts(model, data))


def training_report(
    model: TextModel,
    prepared: TextPrepared,
    folds: Sequence[tuple[Fold, FoldScores]],
    told: tuple[str, ...],
) -> Report:
    """Make the report of a run that has just ended."""
    rows = np.concatenate([judged_texts(fold)[1] for fold, _ in folds])
    truth = np.concatenate([scores.truth for _, scores in folds])
    answers = np.concatenate([scores.predictions[""] for _, scores in folds])
    once = np.sort(np.unique(rows, return_index=True)[1])
    judged = _judged(model, prepared.rows.take(rows[once]), truth[once], answers[once])
    return compose_texts(model, TextMaterial(_name(model), model.results, judged, notes=told))


def _judged(
    model: TextModel, rows: TextRows, truth: NDArray[np.int64], answers: NDArray[np.float64]
) -> JudgedTexts:
    return JudgedTexts(truth, answers, mistakes_of(rows, truth, answers, model.task.classes))


def _of_other_texts(model: TextModel, data: object) -> TextMaterial:
    """Gather texts that the run has not seen."""
    rows = model.rows(data, labelled=True)
    truth, answers = model.truth(rows), model.predictions(rows)
    found: tuple[Doubt, ...] = ()
    if rows.sha256 is not None and rows.sha256 == model.recipe.sha256:
        told = (
            f"they are those of {_name(model)} itself (the same SHA-256), with the texts that it learned from"
        )
        found = (Doubt("It has seen these texts", told),)
    judged = _judged(model, rows, truth, answers)
    return TextMaterial(rows.name, model.evaluate(rows), judged, is_other_data=True, found=found)


def _of_the_run(model: TextModel) -> TextMaterial:
    """Gather what can still be had of the run's own texts."""
    try:
        judged = _cut_again(model)
    except RequestError as error:
        why = f"Its mistakes, and how far its probabilities can be believed: {error}. "
        do = "They can be had for texts with labels, by glassnet report MODEL --data FILE."
        return TextMaterial(_name(model), model.results, missing=(why + do,))
    return TextMaterial(_name(model), model.results, judged)


def _cut_again(model: TextModel) -> JudgedTexts:
    """Read the texts of the run again, and cut and answer the same ones.

    Raises:
        RequestError: they cannot be had, or not be answered as they were then.
    """
    check_can_be_cut(model, "texts", "they were in memory")
    prepared = prepare_texts(model.recipe, Own())
    if prepared.rows.sha256 != model.recipe.sha256 or prepared.test_sha256 != model.recipe.test_sha256:
        must, do = "the data must be as it was", "put the old one back"
        raise DataError(message(must, f"{_name(model)} has changed", do))
    split, judged = judged_texts(prepared.folds[0])
    rows = prepared.rows.take(judged)
    truth, answers = prepared.truth[judged], model.predictions(rows)
    weight = None if prepared.weights is None else prepared.weights[judged]
    if not agree(model.task.metrics(truth, answers, weight), model.results.metrics.get(split, {})):
        must, do = "texts that are cut again must give the scores of the run", "judge other texts"
        raise DataError(message(must, "they do not", do))
    return _judged(model, rows, truth, answers)


def _name(model: TextModel) -> str:
    return model.recipe.data or "texts in memory"
