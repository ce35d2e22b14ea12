"""What metrics, baselines and splits are called in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.lens.numerals import number, percent, signed
from glassnet.metrics.compare import main_metrics
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from glassnet.data.leak_facts import Leak
    from glassnet.metrics.compare import Difference, MainMetric
    from glassnet.metrics.coverage import Coverage
    from glassnet.plan import Plan
    from glassnet.recipe import TaskName

METRICS = {
    "rmse": ("RMSE", "the usual size of an error, in the target's unit; large errors count more"),
    "mae": ("MAE", "by how much an answer is off on average, in the target's unit"),
    "r2": ("R²", "1 is perfect, 0 is no better than always answering the mean of these rows"),
    "poisson_deviance": ("Poisson deviance", "an error that suits counts; 0 is perfect"),
    "accuracy": ("accuracy", "the share of rows whose class it names rightly"),
    "log_loss": ("log loss", "what its probabilities miss; 0 is perfect, and confident mistakes cost most"),
    "auc": ("AUC", "how well it ranks: 1 is perfect, 0.5 is chance"),
    "f1": ("F1", "the balance of false alarms and misses; 1 is perfect"),
}
MOST_LEAKS = 5
SMALLER_IS_BETTER = ("rmse", "mae", "poisson_deviance", "log_loss")
BASELINES = {
    "mean": "always the mean",
    "majority": "always the same shares",
    "linear": "a linear model",
    "gradient_boosting": "gradient boosting",
}
SPLITS = {"test": "test rows", "validation": "validation rows", "train": "training rows"}
USES = {
    "train": "the network learned from them",
    "validation": "chose when to stop; not learned from",
    "test": "only judged it",
}


def score(metric: str, value: float) -> str:
    """Write a score: accuracy as percent, everything else as a number."""
    if metric == "r2" and abs(value) < 5e-5:  # always answering the mean comes to rounding errors
        return "0"
    return percent(value) if metric == "accuracy" else number(value)


def changed(metric: str, difference: float) -> str:
    """Write a difference of scores: of accuracy in points of a hundred, else as it is."""
    return f"{signed(100 * difference)} points" if metric == "accuracy" else signed(difference)


def score_between(metric: str, interval: tuple[float, float]) -> str:
    """Write the interval of a score."""
    return f"{score(metric, interval[0])} to {score(metric, interval[1])}"


def file_name(data: str) -> str:
    """Return what data is called without the folders that it lies in."""
    return data.replace("\\", "/").rstrip("/").rpartition("/")[2] or data


def held(coverage: Coverage, rows: str) -> str:
    """Say which share of some rows prediction intervals hold, and how wide they are."""
    low_high = coverage.interval
    known = "" if low_high is None else f" (95 % interval {percent(low_high[0])} to {percent(low_high[1])})"
    share = f"hold the truth of {percent(coverage.coverage)} of {rows}{known}"
    told = f"Its {percent(coverage.asked)} prediction intervals {share}"
    return f"{told} and are {number(coverage.mean_width)} wide on average."


def left_out(leaks: Sequence[Leak]) -> Iterator[str]:
    """Say which columns were left out for giving the target away, in one sentence if at all."""
    found = [f"{_listed(each.columns)} ({each.finding})" for each in leaks if each.kind == "leak"]
    if found:
        more = f"; and {len(found) - MOST_LEAKS} more findings" if len(found) > MOST_LEAKS else ""
        yield f"Not used, because they give the target away: {'; '.join(found[:MOST_LEAKS])}{more}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def how_cut(plan: Plan, split: str) -> str:
    """Say how the rows of a split were chosen."""
    text = {"test": plan.test, "validation": plan.validation}.get(split)
    if text is None:
        return "all the others"
    spec = parse_split(text)
    in_time = "in time" if plan.unit == "day" else "of the table"
    return {
        "last": f"the last ones {in_time}",
        "random": "drawn at random",
        "group": f"whole groups of {spec.column}",
        "file": f"of the file {spec.path}",
        "cv": f"each part of {spec.count} in turn",
        "repeat": f"{percent(spec.fraction or 0)} drawn at random, {spec.count} times anew",
        "windows": f"{spec.count} windows {in_time}, one after the other",
        "none": "none",
    }[spec.kind]


def in_order(differences: Mapping[MainMetric, Difference], task: TaskName) -> list[Difference]:
    """Return differences in the order of the task's main metrics, whichever order they were stored in."""
    return [differences[metric] for metric in main_metrics(task) if metric in differences]


def best_baseline(scores: Mapping[str, float], metric: str) -> str | None:
    """Return the best baseline by one metric."""
    sign = 1 if metric in SMALLER_IS_BETTER else -1
    return min(scores, key=lambda name: sign * scores[name], default=None)
