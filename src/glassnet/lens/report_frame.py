"""What the reports of all kinds of data have in common: what they are made of, and what each of them says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from glassnet.lens.again import again
from glassnet.lens.answer import context
from glassnet.lens.curves import learning_curve
from glassnet.lens.doubts import doubts
from glassnet.lens.numerals import moment, number
from glassnet.lens.report import Doubt, Report, SplitRows
from glassnet.lens.verdicts import advice, verdicts
from glassnet.lens.wording import REFIT, SPLITS, USES, how_cut
from glassnet.version import __version__

if TYPE_CHECKING:
    from glassnet.lens.evidence import Evidence
    from glassnet.model.trained import TaskModel
    from glassnet.recipe import Recipe
    from glassnet.results import Results


@dataclass(frozen=True)
class Material:
    """What a report is made of, beside the model; each kind of data adds what was judged.

    Attributes:
        data: the name of what the judged rows were read from.
        results: the scores that are told.
        is_other_data: whether the judged rows are others than those of the run.
        notes: what the run said beside the notes of its results.
        missing: what could not be had, why, and how to get it.
        found: doubts about these rows, beside those that the figures give.
    """

    data: str
    results: Results
    is_other_data: bool = field(default=False, kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    missing: tuple[str, ...] = field(default=(), kw_only=True)
    found: tuple[Doubt, ...] = field(default=(), kw_only=True)


def report_of(
    seen: Evidence,
    material: Material,
    *,
    targets: tuple[str, ...],
    answer: tuple[str, ...],
    splits: Iterable[SplitRows],
    facts: Iterable[tuple[str, str]],
) -> Report:
    """Make the report with what every kind of data has; each adds its own."""
    results, history = seen.results, seen.model.history
    return Report(
        data=material.data,
        targets=targets,
        task=seen.task,
        classes=(),
        split=results.shown_split(),
        judged=_judged(seen),
        unit=seen.unit,
        is_other_data=seen.is_other_data,
        answer=answer,
        verdicts=tuple(verdicts(results, seen.task)),
        advice=advice(results, seen.task),
        context=tuple(context(results)),
        leaks=seen.leaks,
        doubts=(*material.found, *doubts(seen)),
        notes=_notes(seen, material),
        counting="",
        results=results,
        splits=tuple(splits),
        columns=(),
        learning=learning_curve(history) if len(history) else None,
        numbers=seen.numbers,
        reliability=seen.reliability,
        explained=None,
        coverage=seen.coverage,
        missing=material.missing,
        facts=tuple(facts),
        again=again(seen.model.recipe),
    )


def task_report(
    model: TaskModel,
    seen: Evidence,
    material: Material,
    *,
    answer: tuple[str, ...],
    facts: Iterable[tuple[str, str]],
) -> Report:
    """Make the report of a model that answers row by row: of a table, of texts, of photos."""
    targets = tuple(each.name for each in model.task.targets)
    splits = _splits(model, seen)
    return replace(
        report_of(seen, material, targets=targets, answer=answer, splits=splits, facts=facts),
        classes=model.task.classes,
        columns=model.plan.columns,
    )


def span_of(spans: dict[str, tuple[float, float]], split: str | None) -> str:
    """Say from when to when a split is; empty where that is not known."""
    return " to ".join(map(moment, spans[split])) if split and split in spans else ""


def origin_of(recipe: Recipe, in_memory: str) -> Iterator[tuple[str, str]]:
    """Yield the facts on which a run rests; ``in_memory`` is what data without a name is called."""
    yield "seed", number(recipe.seed, 12)
    yield "data", f"{recipe.data or in_memory}, SHA-256 {recipe.sha256 or 'unknown'}"
    yield "glassnet", __version__


def _judged(seen: Evidence) -> int:
    """Count the different rows that were judged; of a repeated test, each may have several answers."""
    units, rows = seen.details.get("units"), seen.results.rows.get(seen.split, 0)
    is_repeated = seen.model.plan.test.startswith("repeat") and not seen.is_other_data
    return units if is_repeated and isinstance(units, int) else rows


def _notes(seen: Evidence, material: Material) -> tuple[str, ...]:
    """Return what was noted and does not stand among the doubts."""
    told = {*seen.model.results.warnings()}
    if seen.coverage is not None:
        told.add(seen.coverage.note(seen.split) or "")
    notes = dict.fromkeys([*material.notes, *seen.results.notes])
    return tuple(each for each in notes if each not in told)


def _splits(model: TaskModel, seen: Evidence) -> Iterator[SplitRows]:
    rows = model.results.rows
    for name in ("train", "validation", "test"):
        if rows.get(name):
            span = "" if seen.is_other_data else span_of(seen.spans, name)
            use = REFIT if name == "validation" and model.plan.refit else USES[name]
            yield SplitRows(SPLITS[name], rows[name], how_cut(model.plan, name), use, span)
    if seen.is_other_data:
        count, span = seen.results.rows.get("test", 0), span_of(seen.spans, "test")
        yield SplitRows("rows judged here", count, "given to the report", "judged in this report", span)
