"""The first paragraph of a report: what is predicted, how well, and on which rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glassnet.lens.details import details_of, folds_of
from glassnet.lens.numerals import counted
from glassnet.lens.wording import (
    file_name,
    held,
    how_cut,
    score,
    score_between,
)
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from glassnet.model.trained import TaskModel
    from glassnet.results import Results


def answer(
    model: TaskModel, results: Results, data: str, span: str, inputs: str, *, is_other: bool
) -> tuple[str, ...]:
    """Say in a few sentences what the model predicts and how good it is.

    Args:
        model: the model.
        results: the scores that are told.
        data: the name of what the judged rows were read from.
        span: from when to when the judged rows are; may be empty.
        inputs: from what it predicts: "4 other columns of a row".
        is_other: whether they are others than those of the run.
    """
    split = results.shown_split()
    if split is None:
        return (_what(model, data, inputs, is_other), "It has not been scored.")
    where = f"On {_where(model, results, split, span, is_other, data)}"
    if model.task.is_classification:
        good = _classes(model, results, split)
    else:
        good = off_by(results, split, " (mean over the targets)" if len(model.task.targets) > 1 else "")
    return (_what(model, data, inputs, is_other), f"{where} {good}")


def _what(model: TaskModel, data: str, inputs: str, is_other: bool) -> str:
    targets = [each.name for each in model.task.targets]
    names = " and ".join([", ".join(targets[:-1])] * (len(targets) > 1))
    target = f"{names} and {targets[-1]}" if names else targets[0]
    classes = model.task.classes
    kinds = ""
    if classes:
        shown = (
            ", ".join(classes[:-1]) + f" or {classes[-1]}" if len(classes) <= 6 else f"one of {len(classes)}"
        )
        kinds = f" ({shown})"
    named = model.recipe.data or "the training table" if is_other else data
    return f"This network predicts {target}{kinds} from {inputs} of {file_name(named)}."


def _where(model: TaskModel, results: Results, split: str, span: str, is_other: bool, data: str) -> str:
    rows = counted(results.rows.get(split, 0), "row")
    if is_other:
        return f"the {rows} of {file_name(data)}" + (f" ({span})," if span else ",")
    test = parse_split(model.plan.test)
    if split == "test" and test.has_folds:
        by = f"by one of {len(folds_of(results)) or test.count} networks that had not seen it"
        how = ", ".join(filter(None, [how_cut(model.plan, split), span]))
        units = details_of(results, split).get("units")
        if test.kind == "repeat" and isinstance(units, int):
            all_told = counted(results.rows[split], "answer")
            return f"{counted(units, 'row')} ({how}), each answered once or more {by} ({all_told} in all),"
        return f"{rows} ({how}), each answered {by},"
    how = ", ".join(filter(None, [how_cut(model.plan, split), span]))
    if split == "test":
        return f"the {rows} kept aside as a test ({how}), which it had never seen,"
    if split == "validation":
        return f"the {rows} of validation ({how}), which it did not learn from but which chose when to stop,"
    return f"the {rows} that it was trained on,"


def off_by(results: Results, split: str, each: str) -> str:
    """Say how far numbers are off; ``each`` says over what scores are a mean, and may be empty."""
    metrics, intervals = results.metrics[split], results.intervals.get(split, {})
    off = (
        f"its answers are off by {score('mae', metrics['mae'], intervals.get('mae'))} on average{each} (MAE)"
    )
    known = intervals.get("rmse")
    rmse = f"the RMSE, in which large errors count more, is {score('rmse', metrics['rmse'], known)}"
    return f"{off}; {rmse}" + (f" (95 % interval {score_between('rmse', known)})." if known else ".")


def _classes(model: TaskModel, results: Results, split: str) -> str:
    metrics, known = results.metrics[split], results.intervals.get(split, {}).get("accuracy")
    interval = f" (95 % interval {score_between('accuracy', known)})" if known else ""
    right = f"it names the right class in {score('accuracy', metrics['accuracy'], known)} of them{interval}"
    simple = results.baselines.get("majority", {}).get(split, {}).get("accuracy")
    always = (
        ""
        if simple is None
        else f"; always naming the most frequent class is right in {score('accuracy', simple, known)}"
    )
    return f"{right}{always}."


def context(results: Results) -> Iterator[str]:
    """Say what the simplest method gets, and how often prediction intervals hold the truth."""
    split = results.shown_split() or ""
    simple, best = results.baselines.get("mean", {}).get(split, {}).get("rmse"), _best_rmse(results, split)
    if simple is not None and simple != best:
        known = results.intervals.get(split, {}).get("rmse")
        told = f"has an RMSE of {score('rmse', simple, known)}"
        yield f"For scale: always answering the mean of the training rows {told}."
    if split in results.prediction_intervals:
        yield held(results.prediction_intervals[split], "these rows")


def _best_rmse(results: Results, split: str) -> float | None:
    scores = (each.get(split, {}).get("rmse") for each in results.baselines.values())
    return min((each for each in scores if each is not None), default=None)
