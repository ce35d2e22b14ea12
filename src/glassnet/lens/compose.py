"""From a model and its judged rows to the Report: what goes into it, in which words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.answer import answer
from glassnet.lens.evidence import Evidence
from glassnet.lens.explained import explain
from glassnet.lens.figures import number_figures, reliability
from glassnet.lens.numerals import counted
from glassnet.lens.report import Report
from glassnet.lens.report_frame import Material, origin_of, span_of, task_report
from glassnet.lens.wording import ENDINGS
from glassnet.metrics.coverage import ends_asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassnet.lens.figures import NumberFigures, Reliability
    from glassnet.lens.judged import Judged
    from glassnet.lens.report import Explained
    from glassnet.model.table import Model


@dataclass(frozen=True)
class TableMaterial(Material):
    """What the report of a table is made of, beside the model.

    Attributes:
        judged: the rows that the scores belong to, where they are at hand.
        explained_on: which rows explanations look at, in words.
        spans: first and last moment of each split, where known.
        counting: how charts count rows where scores count them otherwise.
        deadline: of ``time.monotonic()``, for explanations.
    """

    judged: Judged | None = None
    explained_on: str = ""
    spans: dict[str, tuple[float, float]] | None = None
    counting: str = ""
    deadline: float | None = None


def compose(model: Model, material: TableMaterial) -> Report:
    """Make the report."""
    results, judged = material.results, material.judged
    numbers = () if judged is None else tuple(_numbers(model, judged))
    chances = None if judged is None else _reliability(model, judged)
    explained, unexplained = _explained(model, material)
    spans = material.spans or {}
    worst = None if explained is None else explained.worst
    is_other = material.is_other_data
    leaks = tuple(each for each in model.results.leaks if each.gives_away or not is_other)
    seen = Evidence(model, results, is_other, spans, numbers, chances, worst, leaks, judged)
    span = span_of(spans, results.shown_split())
    told = answer(model, results, material.data, span, _inputs(model), is_other=is_other)
    report = task_report(model, seen, material, answer=told, facts=_facts(model))
    return replace(
        report,
        advice="" if _is_given_away(seen) else report.advice,
        counting=material.counting,
        explained=explained,
        missing=(*material.missing, *unexplained, *_without_coverage(model, seen)),
    )


def _inputs(model: Model) -> str:
    return f"{counted(len(model.schema.columns), 'other column')} of a row"


def _explained(model: Model, material: TableMaterial) -> tuple[Explained | None, tuple[str, ...]]:
    if material.judged is None:
        return None, ()
    return explain(model, material.judged, material.explained_on, material.deadline)


def _is_given_away(seen: Evidence) -> bool:
    return any(each.kind in ("kept_leak", "identifier") for each in seen.leaks)


def _without_coverage(model: Model, seen: Evidence) -> Iterator[str]:
    """Say why numbers come without prediction intervals that were measured."""
    if model.task.is_classification or seen.coverage is not None:
        return
    why = "there are no test rows to measure them on"
    if ends_asked(model.conformal, np.zeros(1)) is None:
        why = "they are learned from the errors on validation rows, and there are too few of these"
    yield f"How often prediction intervals hold the truth: {why}"


def _numbers(model: Model, judged: Judged) -> Iterator[NumberFigures]:
    if model.task.is_classification:
        return
    rows, names = len(judged), model.schema.target_names
    truths, answers = (each.reshape(rows, -1).T for each in (judged.truth, judged.answers))
    ends = None if judged.ends is None else judged.ends.reshape(rows, 2, -1)
    for place, name in enumerate(names):
        band = None if ends is None else ends[:, :, place]
        truth = truths[place].astype(np.float64)
        yield number_figures(name, truth, answers[place], judged.raw.times, band)


def _reliability(model: Model, judged: Judged) -> Reliability | None:
    if not model.task.is_classification:
        return None
    return reliability(judged.answers, judged.truth, model.task.classes)


def _facts(model: Model) -> Iterator[tuple[str, str]]:
    """Yield how the model was made."""
    plan, history = model.plan, model.history
    yield "task", f"{plan.task}: {plan.task_reason}"
    weights = sum(each.numel() for each in model.net.parameters())
    yield "network", f"{plan.net}: {model.schema.width:,} inputs, {counted(weights, 'weight')}"
    compared = plan.compared()
    if compared is not None:
        yield "choice", compared
    yield "loss", model.task.loss
    yield "optimiser", f"{plan.optimizer}, rate {plan.lr:g}, {counted(plan.batch_size, 'row')} a step"
    ended = ENDINGS.get(history.stopped or "", history.stopped or "")
    best = "" if history.best_epoch is None else f"; weights of epoch {history.best_epoch}"
    yield "training", f"{counted(len(history), 'epoch')}, {ended}{best}"
    if plan.refit:
        yield "refit", "then trained again on training and validation rows together"
    where = f"{plan.device}, {counted(plan.threads, 'thread')}, {plan.precision}, engine {history.engine}"
    yield "computed on", where
    yield from origin_of(model.recipe, "a table in memory")
