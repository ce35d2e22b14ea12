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
    from glassnet.run.context import AnyModel, Outcome


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return what a run did and scored, as JSON values."""
    model, results = outcome.model, outcome.model.results
    return {
        "model": None if outcome.folder is None else str(outcome.folder.model),
        "report": None if outcome.report is None else str(outcome.report),
        "kind": model.recipe.kind,
        "task": model.recipe.kind,  # where it has another name, _of_kind gives that
        "rows": results.rows,
        **scores_json(results),
        "engine": model.history.engine,
        "engine_reason": model.history.engine_reason,
        "stopped": model.history.stopped,
        "epochs": len(model.history),
        "best_epoch": model.history.best_epoch,
        **_of_kind(model),
        "details": results.details,
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


def _of_kind(model: AnyModel) -> dict[str, Any]:
    """Return what only some kinds of data have."""
    if isinstance(model.plan, CharacterPlan):
        return {
            "steps": model.history.plan["course"]["total"],
            **model.plan.model_dump(include={"net", "batch_size", "window", "precision", "threads"}),
            "paces": [each.model_dump() for each in model.plan.paces],
        }
    columns = model.plan.columns
    of_columns = {
        "columns": [each.model_dump() for each in columns],
        "left_out": {each.name: each.reason for each in columns if not each.used and each.role != "target"},
    }
    if isinstance(model.plan, SeriesPlan):
        kept = {"net", "batch_size", "window", "horizon", "season", "precision", "threads"}
        return {**model.plan.model_dump(include=kept), **of_columns}
    return {
        "task": model.task.name,
        "net": model.plan.net,
        **({"target_scale": model.plan.target_scale} if isinstance(model.plan, Plan) else {}),
        **_of_photos(model.plan),
        **of_columns,
        "leaks": [asdict(leak) for leak in model.results.leaks],
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
