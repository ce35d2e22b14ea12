"""From a model and its judged rows to the Report: what goes into it, in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.again import again
from glassnet.lens.answer import answer, context
from glassnet.lens.curves import learning_curve
from glassnet.lens.doubts import doubts
from glassnet.lens.evidence import Evidence
from glassnet.lens.explained import explain
from glassnet.lens.figures import number_figures, reliability
from glassnet.lens.numerals import counted, moment, number
from glassnet.lens.report import Doubt, Report, SplitRows
from glassnet.lens.verdicts import advice, verdicts
from glassnet.lens.wording import ENDINGS, REFIT, SPLITS, USES, how_cut
from glassnet.metrics.coverage import ends_asked
from glassnet.notation import parse_split
from glassnet.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassnet.lens.figures import NumberFigures, Reliability
    from glassnet.lens.judged import Judged
    from glassnet.lens.report import Explained
    from glassnet.model.table import Model
    from glassnet.results import Results


@dataclass(frozen=True)
class Material:
    """What a report is made of, beside the model.

    Attributes:
        data: the name of what the judged rows were read from.
        results: the scores that are told.
        judged: the rows that they belong to, where they are at hand.
        explained_on: which rows explanations look at, in words.
        is_other_data: whether they are others than those of the run.
        spans: first and last moment of each split, where known.
        counting: how charts count rows where scores count them otherwise.
        notes: what the run said beside the notes of its results.
        missing: what could not be had, why, and how to get it.
        found: doubts about these rows, beside those that the figures give.
        deadline: of ``time.monotonic()``, for explanations.
    """

    data: str
    results: Results
    judged: Judged | None = None
    explained_on: str = ""
    is_other_data: bool = False
    spans: dict[str, tuple[float, float]] | None = None
    counting: str = ""
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    found: tuple[Doubt, ...] = ()
    deadline: float | None = None


def compose(model: Model, material: Material) -> Report:
    """Make the report."""
    results, judged = material.results, material.judged
    numbers = () if judged is None else tuple(_numbers(model, judged))
    chances = None if judged is None else _reliability(model, judged)
    explained, unexplained = _explained(model, material)
    spans, split = material.spans or {}, results.shown_split()
    worst = None if explained is None else explained.worst
    is_other = material.is_other_data
    leaks = tuple(each for each in model.results.leaks if each.gives_away or not is_other)
    evidence = Evidence(model, results, is_other, spans, numbers, chances, worst, leaks, judged)
    return Report(
        data=material.data,
        targets=model.schema.target_names,
        task=model.task.name,
        classes=model.task.classes,
        split=split,
        judged=_rows(evidence),
        unit=model.plan.unit,
        is_other_data=is_other,
        answer=answer(model, results, material.data, _span(spans, split), _inputs(model), is_other=is_other),
        verdicts=tuple(verdicts(results, model.task.name)),
        advice=_advice(evidence),
        context=tuple(context(results)),
        leaks=leaks,
        doubts=(*material.found, *doubts(evidence)),
        notes=_notes(material, evidence),
        counting=material.counting,
        results=results,
        splits=tuple(_splits(model, results, spans, is_other)),
        columns=model.plan.columns,
        learning=learning_curve(model.history) if len(model.history) else None,
        numbers=numbers,
        reliability=chances,
        explained=explained,
        coverage=evidence.coverage,
        missing=(*material.missing, *unexplained, *_without_coverage(model, evidence)),
        facts=tuple(_facts(model)),
        again=again(model.recipe),
    )


def _inputs(model: Model) -> str:
    return f"{counted(len(model.schema.columns), 'other column')} of a row"


def _explained(model: Model, material: Material) -> tuple[Explained | None, tuple[str, ...]]:
    if material.judged is None:
        return None, ()
    return explain(model, material.judged, material.explained_on, material.deadline)


def _advice(seen: Evidence) -> str:
    given_away = any(each.kind in ("kept_leak", "identifier") for each in seen.leaks)
    return "" if given_away else advice(seen.results, seen.task)


def _rows(seen: Evidence) -> int:
    units, rows = seen.details.get("units"), seen.results.rows.get(seen.split, 0)
    is_repeated = parse_split(seen.model.plan.test).kind == "repeat" and not seen.is_other_data
    return units if is_repeated and isinstance(units, int) else rows


def _notes(material: Material, seen: Evidence) -> tuple[str, ...]:
    """Return what was noted and does not stand among the doubts."""
    told = {*seen.model.results.warnings()}
    if seen.coverage is not None:
        told.add(seen.coverage.note(seen.split) or "")
    notes = dict.fromkeys([*material.notes, *material.results.notes])
    return tuple(each for each in notes if each not in told)


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


def _splits(
    model: Model, results: Results, spans: dict[str, tuple[float, float]], is_other: bool
) -> Iterator[SplitRows]:
    rows = model.results.rows
    for name in ("train", "validation", "test"):
        if rows.get(name):
            span = "" if is_other else _span(spans, name)
            use = REFIT if name == "validation" and model.plan.refit else USES[name]
            yield SplitRows(SPLITS[name], rows[name], how_cut(model.plan, name), use, span)
    if is_other:
        count, span = results.rows.get("test", 0), _span(spans, "test")
        yield SplitRows("rows judged here", count, "given to the report", "judged in this report", span)


def _span(spans: dict[str, tuple[float, float]], split: str | None) -> str:
    return " to ".join(map(moment, spans[split])) if split and split in spans else ""


def _facts(model: Model) -> Iterator[tuple[str, str]]:
    """Yield how the model was made."""
    plan, history, recipe = model.plan, model.history, model.recipe
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
    yield "seed", number(recipe.seed, 12)
    yield "data", f"{recipe.data or 'a table in memory'}, SHA-256 {recipe.sha256 or 'unknown'}"
    yield "glassnet", __version__
