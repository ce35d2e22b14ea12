"""The first paragraph of a report: what is predicted, how well, on which rows, and compared with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glassnet.lens.details import details_of, folds_of
from glassnet.lens.numerals import counted, number, percent
from glassnet.lens.wording import (
    BASELINES,
    METRICS,
    best_baseline,
    changed,
    file_name,
    held,
    how_cut,
    in_order,
    score,
    score_between,
)
from glassnet.metrics.compare import main_metrics
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from glassnet.metrics.compare import Difference
    from glassnet.model import Model
    from glassnet.results import Results


def answer(model: Model, results: Results, data: str, span: str, *, is_other: bool) -> tuple[str, ...]:
    """Say in a few sentences what the model predicts and how good it is.

    Args:
        model: the model.
        results: the scores that are told.
        data: the name of what the judged rows were read from.
        span: from when to when the judged rows are; may be empty.
        is_other: whether they are others than those of the run.
    """
    split = results.shown_split()
    if split is None:
        return (_what(model, data, is_other), "It has not been scored.")
    where = f"On {_where(model, results, split, span, is_other, data)}"
    say = _classes if model.task.is_classification else _numbers
    sentences = [_what(model, data, is_other), f"{where} {say(model, results, split)}"]
    return (*sentences, *_compared(model, results, split), *_held(results, split))


def _what(model: Model, data: str, is_other: bool) -> str:
    columns = counted(len(model.schema.columns), "other column")
    names = " and ".join([", ".join(model.schema.target_names[:-1])] * (len(model.schema.targets) > 1))
    target = f"{names} and {model.schema.target_names[-1]}" if names else model.schema.target_names[0]
    classes = model.task.classes
    kinds = ""
    if classes:
        shown = (
            ", ".join(classes[:-1]) + f" or {classes[-1]}" if len(classes) <= 6 else f"one of {len(classes)}"
        )
        kinds = f" ({shown})"
    named = model.recipe.data or "the training table" if is_other else data
    return f"This network predicts {target}{kinds} from {columns} of a row of {file_name(named)}."


def _where(model: Model, results: Results, split: str, span: str, is_other: bool, data: str) -> str:
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


def _numbers(model: Model, results: Results, split: str) -> str:
    metrics, intervals = results.metrics[split], results.intervals.get(split, {})
    each = " (mean over the targets)" if len(model.schema.targets) > 1 else ""
    off = f"its answers are off by {number(metrics['mae'])} on average{each}"
    rmse = f"the RMSE, in which large errors count more, is {number(metrics['rmse'])}"
    known = intervals.get("rmse")
    return f"{off}; {rmse}" + (f" (95 % interval {score_between('rmse', known)})." if known else ".")


def _classes(model: Model, results: Results, split: str) -> str:
    metrics, known = results.metrics[split], results.intervals.get(split, {}).get("accuracy")
    interval = f" (95 % interval {score_between('accuracy', known)})" if known else ""
    right = f"it names the right class in {percent(metrics['accuracy'])} of them{interval}"
    simple = results.baselines.get("majority", {}).get(split, {}).get("accuracy")
    always = "" if simple is None else f"; always naming the most frequent one is right in {percent(simple)}"
    return f"{right}{always}."


def _compared(model: Model, results: Results, split: str) -> Iterator[str]:
    """Compare with the best baseline by each main metric, and with the simplest one for scale."""
    metric = main_metrics(model.task.name)[0]
    found = {name: each[split] for name, each in results.differences.items() if split in each}
    best = best_baseline(
        {name: each[metric].baseline for name, each in found.items() if metric in each}, metric
    )
    if best is None:
        return
    for difference in in_order(found[best], model.task.name):
        yield f"{_sentence(difference, best)}."
    simple = results.baselines.get("mean", {}).get(split, {}).get("rmse")
    if simple is not None and best != "mean":
        yield f"For scale: always answering the mean of the training rows has an RMSE of {number(simple)}."


def _held(results: Results, split: str) -> Iterator[str]:
    if split in results.prediction_intervals:
        yield held(results.prediction_intervals[split], "these rows")


def _sentence(difference: Difference, name: str) -> str:
    metric, title = difference.metric, METRICS[difference.metric][0]
    beside = f"{BASELINES[name]}, the best of the simple methods"
    scores = f"{title} {score(metric, difference.network)} against {score(metric, difference.baseline)}"
    change = changed(metric, difference.difference)
    if difference.interval is not None:
        low, high = (changed(metric, each) for each in difference.interval)
        change += f", 95 % interval {low} to {high}"
    if difference.folds:
        change += f", on average over {counted(len(difference.folds), 'fold')}"
    told = {
        "better": f"It is better than {beside}",
        "worse": f"It is worse than {beside}",
        "equal": f"It is equal to {beside}",
        "cannot be told apart": f"By {title} it cannot be told apart from {beside}",
    }[difference.outcome]
    return f"{told}: {scores} (difference {change})"
