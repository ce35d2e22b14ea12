"""From a model of a series or of a long text to the Report; ``compose`` is the same for tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.answer import off_by
from glassnet.lens.evidence import Evidence
from glassnet.lens.figures import number_figures
from glassnet.lens.numerals import counted, number
from glassnet.lens.report import Report, SplitRows
from glassnet.lens.report_frame import Material, origin_of, report_of
from glassnet.lens.sequences import series_findings
from glassnet.lens.text import shown
from glassnet.lens.wording import ENDINGS, USES, file_name, rows_of, score, score_between
from glassnet.plan.characters import CharacterPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.lens.figures import NumberFigures
    from glassnet.lens.sequences import CharacterFindings
    from glassnet.model.characters import CharacterModel
    from glassnet.model.series import SeriesModel
    from glassnet.plan.series import SeriesPlan
    from glassnet.results import Results

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeriesRows:
    """Forecasts beside what came.

    Attributes:
        values: the whole series, (rows,); ``times`` of its rows in seconds since 1970, or None.
        moments: the last row before each forecast, from 0. Shape: (moments,).
        truth, answers: by method, "network" is the net's. Shape: (moments, horizon).
    """

    values: Floats
    times: Floats | None
    moments: NDArray[np.int64]
    truth: Floats
    answers: dict[str, Floats]


@dataclass(frozen=True)
class SequenceMaterial(Material):
    """``rows`` or ``findings`` are None where the judged series or text is not at hand."""

    rows: SeriesRows | None = None
    findings: CharacterFindings | None = None


def compose_series(model: SeriesModel, material: SequenceMaterial) -> Report:
    """Make the report of a model of a series."""
    plan, rows, target = model.plan, material.rows, model.schema.target.name
    numbers: tuple[NumberFigures, ...] = ()
    findings = None
    if rows is not None:
        numbers = tuple(_numbers(target, rows))
        findings = series_findings(target, rows.values, rows.moments, rows.truth, rows.answers, plan.window)
    others = "" if model.schema.inputs is None else f" and {counted(_others(model), 'other column')} of them"
    what = f"the next {shown(target)}" if plan.horizon == 1 else f"the next {plan.horizon} of {shown(target)}"
    told = f"This network foretells {what} from the last {counted(plan.window, 'row')}{others}"
    mean = f" (mean over the {plan.horizon} rows ahead)" if plan.horizon > 1 else ""
    seen = Evidence(model, material.results, material.is_other_data, {}, numbers)
    good = off_by(material.results, seen.split, mean) if seen.split else ""
    report = _report(model, seen, material, targets=(target,), told=told, good=good, whole="series")
    return replace(report, columns=plan.columns, series=findings)


def _others(model: SeriesModel) -> int:
    return sum(each.used and each.role != "target" for each in model.plan.columns)


def _numbers(target: str, rows: SeriesRows) -> Iterator[NumberFigures]:
    """Yield the charts of the first step ahead, and of the last one."""
    horizon = rows.truth.shape[1]
    for step in sorted({1, horizon}):
        foretold = rows.moments + step
        name = target if horizon == 1 else f"{target}, {counted(step, 'row')} ahead"
        at = foretold + 1.0 if rows.times is None else rows.times[foretold]
        truth, answers = rows.truth[:, step - 1], rows.answers["network"][:, step - 1]
        yield number_figures(name, truth, answers, at, by="row" if rows.times is None else "time")


def compose_characters(model: CharacterModel, material: SequenceMaterial) -> Report:
    """Make the report of a model of characters."""
    known = counted(len(model.vocabulary.characters), "different character")
    told = f"This network, which knows {known}, foretells each character from those before it"
    seen = Evidence(model, material.results, material.is_other_data, {})
    good = _nats(material.results, seen.split) if seen.split else ""
    targets = ("the next character",)
    report = _report(model, seen, material, targets=targets, told=told, good=good, whole="text")
    return replace(report, characters=material.findings)


def _nats(results: Results, split: str) -> str:
    nats = results.metrics[split]["nats_per_character"]
    known = results.intervals.get(split, {}).get("nats_per_character")
    interval = f" (95 % interval {score_between('nats_per_character', known)})" if known else ""
    return (
        f"it needs {score('nats_per_character', nats, known)} nats per character{interval}, as if it had to "
        f"guess among {number(math.exp(nats), 2)} characters of the same probability each time."
    )


def _report(
    model: SeriesModel | CharacterModel,
    seen: Evidence,
    material: SequenceMaterial,
    *,
    targets: tuple[str, ...],
    told: str,
    good: str,
    whole: str,
) -> Report:
    """Make what both have in common.

    Args:
        told: the first sentence of the answer, without the end that names the data.
        good: how good the model is: the end of the second one.
        whole: what the rows are cut from.
    """
    data = file_name(model.recipe.data or "data in memory")
    ended = f"{_where(seen, material.data, whole)} {good}" if seen.split else "It has not been scored."
    answer, splits = (f"{told}, in {data}.", ended), _splits(seen, whole)
    report = report_of(seen, material, targets=targets, answer=answer, splits=splits, facts=_facts(model))
    return replace(report, row=seen.row)


def _where(seen: Evidence, data: str, whole: str) -> str:
    """Say which moments or characters were judged."""
    rows = counted(seen.results.rows.get(seen.split, 0), seen.row)
    if seen.is_other_data:
        return f"On the {rows} of {file_name(data)},"
    last, has_test = f"the last ones of the {whole}", "test" in seen.results.rows
    if seen.split == "test":
        return f"On the {rows} kept aside as a test ({last}), which it had never seen,"
    if seen.split == "validation":
        why = "which it did not learn from but which chose when to stop,"
        return f"On the {rows} of validation ({last}{' before the test' * has_test}), {why}"
    return f"On the {rows} that it was trained on,"


def _splits(seen: Evidence, whole: str) -> Iterator[SplitRows]:
    has_test = "test" in seen.model.results.rows
    ways = {
        "train": "from the beginning on",
        "validation": f"the last ones of the {whole}" + " before the test" * has_test,
        "test": f"the last ones of the {whole}",
    }
    for name, how in ways.items():
        rows = seen.model.results.rows.get(name)
        if rows:
            yield SplitRows(rows_of(name, seen.row), rows, how, USES[name])
    if seen.is_other_data:
        count = seen.results.rows.get("test", 0)
        yield SplitRows(f"{seen.row}s judged here", count, "given to the report", "judged in this report")


def _reads(plan: SeriesPlan | CharacterPlan) -> str:
    if isinstance(plan, CharacterPlan):
        side = counted(plan.batch_size, "stream")
        return f"{side} of the text side by side, gradients through {plan.window} characters"
    season = "no season was found" if plan.season is None else f"a season of {plan.season} rows was found"
    return f"windows of {plan.window} rows, {plan.batch_size} a step; {season}"


def _facts(model: SeriesModel | CharacterModel) -> Iterator[tuple[str, str]]:
    """Yield how the model was made."""
    plan, history = model.plan, model.history
    weights = sum(each.numel() for each in model.net.parameters())
    yield "network", f"{plan.net}, {counted(weights, 'weight')}"
    yield "reads", _reads(plan)
    yield "optimiser", f"{plan.optimizer}, rate {plan.lr:g}, {plan.schedule}"
    best = "" if history.best_epoch is None else f"; weights of epoch {history.best_epoch}"
    ended = ENDINGS.get(history.stopped or "", history.stopped or "")
    yield "training", f"{counted(len(history), 'epoch')}, {ended}{best}"
    yield "computed on", f"{counted(plan.threads, 'thread')}, {plan.precision}, engine {history.engine}"
    yield from origin_of(model.recipe, "data in memory")
