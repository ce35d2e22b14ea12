"""What metrics, baselines and splits are called in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.lens.numerals import number, percent, rounded, signed
from glassnet.metrics.compare import main_metrics
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from glassnet.data.leak_facts import Leak
    from glassnet.metrics.compare import Difference, Judged, MainMetric
    from glassnet.metrics.coverage import Coverage
    from glassnet.plan.images import ImagePlan
    from glassnet.plan.table import Plan
    from glassnet.plan.texts import TextPlan
    from glassnet.results import Results

    Interval = tuple[float, float]

METRICS = {
    "rmse": (
        "RMSE",
        "the usual size of an error, in the target's unit; lower is better, large errors count more",
    ),
    "mae": ("MAE", "by how much an answer is off on average, in the target's unit; lower is better"),
    "r2": ("R²", "1 is perfect, 0 is no better than always answering the mean of these rows"),
    "poisson_deviance": ("Poisson deviance", "an error that suits counts; 0 is perfect"),
    "accuracy": ("accuracy", "the share of rows whose class it names rightly; higher is better"),
    "log_loss": (
        "log loss",
        "how far its probabilities are from the truth; lower is better, 0 is perfect, and being sure and "
        "wrong costs most",
    ),
    "auc": ("AUC", "1 is perfect, 0.5 is chance"),
    "f1": ("F1", "the balance of false alarms and misses; 1 is perfect"),
    "nats_per_character": (
        "nats per character",
        "how much the next character surprises it: the mean of −ln of the probability that it gave the one "
        "that came; lower is better, 0 is perfect",
    ),
    "bits_per_character": ("bits per character", "the same in powers of 2: nats divided by ln 2"),
}
ENDINGS = {
    "epochs": "as many as planned",
    "early_stopping": "until validation got no better",
    "budget": "until the budget was spent",
    "interrupted": "until it was interrupted",
    "non_finite": "until the loss was no longer finite",
}
SAME = "the same in all these rows, so not to be judged by them: "
"""How a note begins that names columns without importance."""
MOST_LEAKS = 5
SMALLER_IS_BETTER = (
    *("rmse", "mae", "poisson_deviance", "log_loss"),
    *("nats_per_character", "bits_per_character"),
)
BASELINES = {
    "mean": "always the mean",
    "majority": "always the most frequent",
    "linear": "a linear model",
    "gradient_boosting": "gradient boosting",
    "naive_bayes": "naive Bayes",
    "thumbnails": "logistic regression on thumbnails",
    "frequencies": "the frequencies of characters",
    "ngrams": "n-grams",
    "last_value": "always the last value",
    "seasonal": "the value one season before",
}
NOTHING = {
    "mean": "which looks at no column",
    "majority": "which looks at no column",
    "frequencies": "which looks at no character before",
    "last_value": "which learns nothing",
    "seasonal": "which learns nothing",
}
"""The methods that any network has to beat, with the reason."""
SPLITS = {"test": "test rows", "validation": "validation rows", "train": "training rows"}


def rows_of(split: str, row: str) -> str:
    """Return what the things of a split are called.

    >>> rows_of("test", "character")
    'test characters'
    """
    return SPLITS[split].replace("row", row)


USES = {
    "train": "the network learned from them",
    "validation": "chose when to stop; not learned from",
    "test": "only judged it",
}
REFIT = "chose when to stop; then it was trained once more, from these rows too"


def meaning(metric: str, classes: Sequence[str]) -> str:
    """Say what a score means, of which class too."""
    told = METRICS[metric][1]
    if metric == "auc" and len(classes) == 2:
        of, other = classes[1], classes[0]
        return f"how often a row of {of} gets a higher probability of it than one of {other}; {told}"
    if metric == "auc":
        return f"how often a row of a class gets a higher probability of it than another row; {told}"
    if metric == "f1":
        return f"{f'of {classes[1]}' if len(classes) == 2 else 'mean over the classes'}: {told}"
    return told


def score(metric: str, value: float, interval: Interval | None = None) -> str:
    """Write a score, accuracy as percent, rounded to what its interval allows."""
    if metric == "r2" and abs(value) < 5e-5:  # always answering the mean comes to rounding errors
        return "0"
    width = None if interval is None else interval[1] - interval[0]
    if metric != "accuracy":
        return rounded(value, width)
    return percent(value) if not width else f"{rounded(100 * value, 100 * width)} %"


def score_between(metric: str, interval: Interval) -> str:
    """Write the interval of a score."""
    return f"{score(metric, interval[0], interval)} to {score(metric, interval[1], interval)}"


def changed(metric: str, difference: float, interval: Interval | None = None) -> str:
    """Write a difference of scores: of accuracy in points of a hundred, else as it is."""
    size, unit = (100.0, " points") if metric == "accuracy" else (1.0, "")
    if interval is None:
        return signed(size * difference) + unit
    text = rounded(size * difference, size * (interval[1] - interval[0]))
    return f"{'+' if difference > 0 and text.strip('0.') else ''}{text}{unit}"


def changed_between(metric: str, interval: Interval) -> str:
    """Write the interval of a difference."""
    low, high = (changed(metric, end, interval) for end in interval)
    if interval[0] > 0 and not low.strip("0. points"):  # an end beside 0 must not look as if it were 0
        low = "just above 0"
    if interval[1] < 0 and not high.strip("−0. points"):
        high = "just below 0"
    return f"{low.removesuffix(' points')} to {high}"


def yardstick(results: Results, split: str, metric: str) -> str:
    """Say what the simplest method gets, for scale; empty without it."""
    value = simplest(results, split, metric)
    if value is None:
        return ""
    known = results.intervals.get(split, {}).get(metric)
    what = BASELINES[next(name for name in NOTHING if name in results.baselines)]
    what = "always naming the shares of the classes" if metric == "log_loss" else what
    return f"{what} gets {score(metric, value, known)}"


def simplest(results: Results, split: str, metric: str) -> float | None:
    """Return what the method that looks at no column gets."""
    known = (results.baselines.get(name, {}).get(split, {}).get(metric) for name in NOTHING)
    return next((value for value in known if value is not None), None)


def file_name(data: str) -> str:
    """Return what data is called without the folders that it lies in."""
    return data.replace("\\", "/").rstrip("/").rpartition("/")[2] or data


def held(coverage: Coverage, rows: str) -> str:
    """Say which share of some rows prediction intervals hold, and how wide they are."""
    ends, width = coverage.interval, number(coverage.mean_width, 3)
    share = score("accuracy", coverage.coverage, ends)
    known = "" if ends is None else f" (95 % interval {score_between('accuracy', ends)})"
    promise = (
        f"With each answer comes a prediction interval that should hold the truth {often(coverage.asked)}"
    )
    return f"{promise}: for {share} of {rows} it did{known}. The intervals are {width} wide on average."


def often(share: float) -> str:
    """Say a share as so many times in a hundred.

    >>> often(0.9)
    '90 times in 100'
    """
    return f"{number(100 * share, 3)} times in 100"


def left_out(leaks: Sequence[Leak]) -> Iterator[str]:
    """Say which columns were left out for giving the target away, in one sentence if at all."""
    found = [f"{_listed(each.columns)} ({each.finding})" for each in leaks if each.kind == "leak"]
    if found:
        more = f"; and {len(found) - MOST_LEAKS} more findings" if len(found) > MOST_LEAKS else ""
        yield f"Not used, because they give the target away: {'; '.join(found[:MOST_LEAKS])}{more}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def how_cut(plan: Plan | TextPlan | ImagePlan, split: str) -> str:
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


def in_order(differences: Mapping[MainMetric, Difference], task: Judged) -> list[Difference]:
    """Return differences in the order of the task's main metrics, whichever order they were stored in."""
    return [differences[metric] for metric in main_metrics(task) if metric in differences]


def best_baseline(scores: Mapping[str, float], metric: str) -> str | None:
    """Return the best baseline by one metric; of equal ones the simplest."""
    sign = 1 if metric in SMALLER_IS_BETTER else -1
    known = (name for name in BASELINES if name in scores)
    return min(known, key=lambda name: sign * scores[name], default=None)
