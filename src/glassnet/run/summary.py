"""The one JSON object that ``glassnet train --json`` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from glassnet.plan.characters import CharacterPlan
from glassnet.plan.images import ImagePlan
from glassnet.plan.series import SeriesPlan
from glassnet.plan.table import Plan

if TYPE_CHECKING:
    from glassnet.plan.texts import TextPlan
    from glassnet.results import Results
    from glassnet.run.context import Outcome


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return what a run did and scored, as JSON values."""
    model, results = outcome.model, outcome.model.results
    if isinstance(model.plan, CharacterPlan):
        return _of_characters(outcome, model.plan)
    if isinstance(model.plan, SeriesPlan):
        return _of_series(outcome, model.plan)
    return {
        "model": None if outcome.folder is None else str(outcome.folder.model),
        "report": None if outcome.report is None else str(outcome.report),
        "kind": model.recipe.kind,
        "task": model.task.name,
        "rows": results.rows,
        **scores_json(results),
        "engine": model.history.engine,
        "engine_reason": model.history.engine_reason,
        "stopped": model.history.stopped,
        "epochs": len(model.history),
        "best_epoch": model.history.best_epoch,
        "net": model.plan.net,
        **({"target_scale": model.plan.target_scale} if isinstance(model.plan, Plan) else {}),
        **_of_photos(model.plan),
        "columns": [column.model_dump() for column in model.plan.columns],
        "left_out": {c.name: c.reason for c in model.plan.columns if not c.used and c.role != "target"},
        "details": results.details,
        "leaks": [asdict(leak) for leak in results.leaks],
        "warnings": [*dict.fromkeys([*outcome.warnings, *results.warnings()]), *results.notes],
        "was_finished": outcome.was_finished,
        "seconds": {name: round(value, 2) for name, value in outcome.seconds.items()},
    }


_PHOTOS = {"size", "channels", "fit", "augmentation", "flips", "batch_size", "steps"}
_PHOTOS |= {"precision", "channels_last", "threads", "device", "paces"}


def _of_photos(plan: Plan | TextPlan | ImagePlan) -> dict[str, Any]:
    """Return how photos were seen and computed with; for other data what was compared."""
    if isinstance(plan, ImagePlan):
        return plan.model_dump(mode="json", include=_PHOTOS)
    return {"trials": [trial.model_dump() for trial in plan.trials]}


def _of_characters(outcome: Outcome, plan: CharacterPlan) -> dict[str, Any]:
    return {
        **_of_sequences(outcome),
        "steps": outcome.model.history.plan["course"]["total"],
        **plan.model_dump(include={"net", "batch_size", "window", "precision", "threads"}),
        "paces": [each.model_dump() for each in plan.paces],
    }


def _of_series(outcome: Outcome, plan: SeriesPlan) -> dict[str, Any]:
    left_out = {each.name: each.reason for each in plan.columns if not each.used}
    kept = {"net", "batch_size", "window", "horizon", "season", "precision", "threads"}
    columns = [column.model_dump() for column in plan.columns]
    return {
        **_of_sequences(outcome),
        **plan.model_dump(include=kept),
        "columns": columns,
        "left_out": left_out,
    }


def _of_sequences(outcome: Outcome) -> dict[str, Any]:
    model, results = outcome.model, outcome.model.results
    return {
        "model": None if outcome.folder is None else str(outcome.folder.model),
        "report": None,
        "kind": model.recipe.kind,
        "task": model.recipe.kind,
        "rows": results.rows,
        **scores_json(results),
        "engine": model.history.engine,
        "engine_reason": model.history.engine_reason,
        "stopped": model.history.stopped,
        "epochs": len(model.history),
        "best_epoch": model.history.best_epoch,
        "details": results.details,
        "warnings": [*dict.fromkeys([*outcome.warnings, *results.warnings()]), *results.notes],
        "was_finished": outcome.was_finished,
        "seconds": {name: round(value, 2) for name, value in outcome.seconds.items()},
    }


def scores_json(results: Results) -> dict[str, Any]:
    """Return metrics, intervals, baselines and coverage as ``train`` and ``evaluate`` print them."""
    return {
        "metrics": results.metrics,
        "intervals": results.intervals,
        "baselines": results.baselines,
        "baseline_intervals": results.baseline_intervals,
        "differences": {
            name: {
                split: {metric: {**asdict(each), "outcome": each.outcome} for metric, each in metrics.items()}
                for split, metrics in splits.items()
            }
            for name, splits in results.differences.items()
        },
        "verdict": results.verdict(),
        "prediction_intervals": {split: asdict(each) for split, each in results.prediction_intervals.items()},
    }
