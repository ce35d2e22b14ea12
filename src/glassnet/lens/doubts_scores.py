"""What to distrust in the scores: rules over intervals, baselines, other splits, classes and folds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lens.details import folds_of
from glassnet.lens.figures import wilson
from glassnet.lens.numerals import counted, number, percent
from glassnet.lens.report import Doubt
from glassnet.lens.text import shown
from glassnet.lens.verdicts import SIGMAS, other_stories
from glassnet.lens.wording import (
    BASELINES,
    METRICS,
    NOTHING,
    in_order,
    score,
    score_between,
    simplest,
    yardstick,
)
from glassnet.metrics.compare import main_metrics

if TYPE_CHECKING:
    from glassnet.lens.evidence import Evidence

FEW_UNITS = 50
FEW_OF_A_CLASS = 20
WIDE = 0.3
"""An interval is wide where it reaches over this share of the score, or of accuracy over 15 points."""
SLIGHT = 0.05
"""No interval is wide that reaches over less than this share of what the simplest method gets."""
GAP = 1.5
UNEVEN, SURE = 1.25, 3.0
"""Validation and test rows are uneven where errors differ so many times, by so many standard deviations."""
LEAST_POINTS = 0.01
MISSED = 0.05
"""A class is missed more often where its recall is so far below that of the other rows, and for sure."""
MOST_NAMED = 3


def worse_than_baseline(seen: Evidence) -> Iterator[Doubt]:
    """Name each simple method that is better, or the simplest one where it is as good."""
    for name in reversed(BASELINES):
        known = seen.results.differences.get(name, {}).get(seen.split, {})
        for each in in_order(known, seen.task):
            ours = f"{METRICS[each.metric][0]} {score(each.metric, each.network, each.interval)}"
            theirs = f"{ours} against {score(each.metric, each.baseline, each.interval)}"
            if each.outcome == "worse":
                yield Doubt(f"Worse than {BASELINES[name]}", f"{theirs} on the same rows")
            elif name in NOTHING and each.outcome != "better" and each.metric != "accuracy":
                told = f"it cannot be told apart from {BASELINES[name]}: {theirs}"
                yield Doubt("It may have learned nothing", told)


WHY_OTHERWISE = {
    "mae": "it is nearer to the truth on average, while RMSE counts large errors more",
    "poisson_deviance": "this score suits counts",
    "auc": "it puts the rows in a better order",
    "f1": "it balances false alarms and misses better",
}


def another_story(seen: Evidence) -> Iterator[Doubt]:
    """Name the scores that do not say what the verdict says."""
    for story in other_stories(seen.results, seen.task):
        told = f"{story} (not tested for luck): {WHY_OTHERWISE[story.metric]}"
        yield Doubt("Another score tells another story", told)


def few_rows(seen: Evidence) -> Iterator[Doubt]:
    """Say that few independent rows, days or groups were judged."""
    units, rows = seen.details.get("units"), seen.results.rows.get(seen.split, 0)
    if not isinstance(units, int) or units >= FEW_UNITS:
        return
    unit = seen.row if units == rows else seen.unit
    kind = counted(rows, seen.row) + (f" of {counted(units, unit)}" if unit != seen.row else "")
    yield Doubt(
        f"Few {seen.unit if unit == 'block' else 'row'}s to judge by",
        f"all scores come from {kind}: another sample may differ much",
    )


def wide_interval(seen: Evidence) -> Iterator[Doubt]:
    """Say that a main score may be far from what it is on these rows, and what it means."""
    metrics = seen.results.metrics.get(seen.split, {})
    intervals = seen.results.intervals.get(seen.split, {})
    for metric in main_metrics(seen.task):
        if metric not in intervals:
            continue
        known, value = intervals[metric], metrics[metric]
        width, simple = known[1] - known[0], simplest(seen.results, seen.split, metric)
        if width > (WIDE / 2 if metric == "accuracy" else max(WIDE * abs(value), SLIGHT * (simple or 0.0))):
            way = "higher" if metric == "accuracy" else "lower"
            scale = "; ".join(filter(None, [f"{way} is better", yardstick(seen.results, seen.split, metric)]))
            told = f"it is {score(metric, value, known)} on these rows, on others perhaps anything from"
            title = f"The {METRICS[metric][0]} is not known well"
            yield Doubt(title, f"{told} {score_between(metric, known)} ({scale})")
            return


def gap_to_training(seen: Evidence) -> Iterator[Doubt]:
    """Say that it knows the rows that it learned from clearly better."""
    if seen.is_other_data or seen.split == "train":
        return
    for metric in main_metrics(seen.task):
        here, there = (seen.results.metrics.get(split, {}).get(metric) for split in (seen.split, "train"))
        known = seen.results.intervals.get(seen.split, {}).get(metric)
        if here is None or there is None or known is None:
            continue
        least, learned = min(_error(metric, end) for end in known), _error(metric, there)
        is_small = metric == "accuracy" and there - here <= LEAST_POINTS
        if least > GAP * learned and not is_small:
            told = f"{METRICS[metric][0]} {score(metric, there, known)} on {seen.rows_of('train')}"
            where = f"{seen.rows_of(seen.split)} (it may have learned them by heart)"
            after = f"{score(metric, here, known)} on {where}"
            yield Doubt(f"It knows its {seen.rows_of('train')} better", f"{told}, {after}")
            return


def uneven_splits(seen: Evidence) -> Iterator[Doubt]:
    """Say that validation rows were clearly harder than test rows, or easier."""
    rows, known = seen.results.rows, seen.results.intervals.get(seen.split, {})
    if seen.is_other_data or seen.split != "test" or not rows.get("validation"):
        return
    for metric in main_metrics(seen.task):
        scores = [seen.results.metrics.get(split, {}).get(metric) for split in ("test", "validation")]
        if metric not in known or None in scores:
            continue
        test, validation = (_error(metric, each or 0.0) for each in scores)
        low, high = sorted(_error(metric, end) for end in known[metric])
        if min(test, validation, low) <= 0:
            continue
        # The validation score has no interval: it is taken to vary as that of so many test rows would.
        spread = math.log(high / low) / SIGMAS * math.sqrt(1 + rows["test"] / rows["validation"])
        if abs(math.log(validation / test)) > max(math.log(UNEVEN), SURE * spread):
            harder = "validation" if validation > test else "test"
            yield Doubt(
                f"Its {seen.rows_of(harder)} are harder", _uneven(seen, metric, *scores, harder=harder)
            )
            return


def _uneven(seen: Evidence, metric: str, test: Any, validation: Any, *, harder: str) -> str:
    known = seen.results.intervals[seen.split][metric]
    there = f"{METRICS[metric][0]} {score(metric, validation, known)} on {seen.rows_of('validation')}"
    here = f"{score(metric, test, known)} on {seen.rows_of('test')}"
    why = "they may differ in kind" if harder == "test" else f"{seen.row}s to come may be as hard as those"
    refit = "; the first is from before it learned from these rows too" if seen.refitted else ""
    return f"{there}, {here} ({why}{refit})"


def _error(metric: str, value: float) -> float:
    return 1 - value if metric == "accuracy" else value


def uneven_folds(seen: Evidence) -> Iterator[Doubt]:
    """Say that folds differ much."""
    scores = [each["network"][seen.main] for each in folds_of(seen.results)]
    if len(scores) > 1 and max(scores) > GAP * min(scores):
        told = f"{METRICS[seen.main][0]} from {number(min(scores))} to {number(max(scores))}"
        yield Doubt("The folds differ much", f"{told} over {len(scores)} folds")


def low_recall(seen: Evidence) -> Iterator[Doubt]:
    """Name the classes that it misses more often than it errs on other rows."""
    per_class: list[dict[str, Any]] = seen.details.get("per_class", [])
    rows = sum(each["support"] for each in per_class)
    hits = sum((each["recall"] or 0.0) * each["support"] for each in per_class)
    share = min(1.0, seen.details.get("units", rows) / max(rows, 1))  # rows of one group are not independent
    found, z = [], NormalDist().inv_cdf(1 - 0.025 / max(len(per_class), 1))  # 95 % for all classes together
    for each in per_class:
        size, recall = each["support"], each["recall"]
        if recall is None or each["precision"] is None or not float(size).is_integer() or size == rows:
            continue
        others = (hits - recall * size) / (rows - size)
        sizes = np.array([size, rows - size]) * share
        low, high = wilson(np.array([recall, others]), sizes, z)
        reach = math.hypot(high[0] - recall, others - low[1])  # R. Newcombe, 1998, method 10
        if others - recall > max(MISSED, reach):
            found.append((recall, shown(each["class"]), _missed(seen, each, others, size * share)))
    if found:
        told = "; ".join(text for _, _, text in sorted(found)[:MOST_NAMED])
        more = f"; and {len(found) - MOST_NAMED} more classes" if len(found) > MOST_NAMED else ""
        named = found[0][1] if len(found) == 1 else "some classes"
        yield Doubt(f"It misses {named} more often", told + more)


def _missed(seen: Evidence, scores: dict[str, Any], others: float, rows: float) -> str:
    """Say how often a class is missed, and what for."""
    names = [each["class"] for each in seen.details["per_class"]]
    cells = [*seen.details["confusion"][names.index(scores["class"])]]
    cells[names.index(scores["class"])] = 0.0
    low, high = (float(end[0]) for end in wilson(np.array([scores["recall"]]), np.array([rows])))
    other = shown(names[int(np.argmax(cells))]) if len(names) == 2 else ""
    missed = f"{number(sum(cells))} of {number(scores['support'])} rows of {shown(scores['class'])}"
    recall = score("accuracy", scores["recall"], (low, high))
    known = f"recall {recall}, 95 % interval {score_between('accuracy', (low, high))}"
    rest = f"of {other or 'the other rows'} it misses {percent(1 - others)}"
    return f"{missed} are taken for {other or 'others'} ({known}); {rest}"


def few_of_a_class(seen: Evidence) -> Iterator[Doubt]:
    """Name classes with few rows, and those that are never named."""
    per_class = [each for each in seen.details.get("per_class", []) if each["support"] < FEW_OF_A_CLASS]
    if per_class:
        named = ", ".join(f"{each['class']} ({number(each['support'])})" for each in per_class[:8])
        more = f" and {len(per_class) - 8} more" if len(per_class) > 8 else ""
        yield Doubt("Classes with few rows", f"fewer than {FEW_OF_A_CLASS} rows to judge by: {named}{more}")
    never = [each["class"] for each in seen.details.get("per_class", []) if each["precision"] is None]
    if never:
        yield Doubt("Classes that it never names", ", ".join(never[:8]))


def miscalibrated(seen: Evidence) -> Iterator[Doubt]:
    """Say that probabilities do not come true."""
    found = seen.reliability
    if found is None or found.off.sum() < max(2, len(found.rows) / 4):
        return
    worst = int(np.argmax(np.where(found.off, np.abs(found.said - found.came_true), -1)))
    said, true = percent(float(found.said[worst])), percent(float(found.came_true[worst]))
    where = f"{counted(int(found.rows[worst]), 'row')}; off in {found.off.sum()} of {len(found.rows)} groups"
    yield Doubt("Its probabilities are off", f"where it gave {said} on average, {true} came true ({where})")


def coverage_off(seen: Evidence) -> Iterator[Doubt]:
    """Say that prediction intervals hold more or fewer truths than they should."""
    found = seen.coverage
    if found is not None and found.interval is not None and found.outcome != "as asked":
        known = f"95 % interval {score_between('accuracy', found.interval)}"
        share = f"they hold the truth of {score('accuracy', found.coverage, found.interval)} of these rows"
        asked = f"and should hold {percent(found.asked)}; their widths come from the validation rows"
        yield Doubt(f"Its prediction intervals are {found.outcome}", f"{share} ({known}) {asked}")
