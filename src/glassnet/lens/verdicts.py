"""How a network stands beside the simple methods, in sentences, by every score; and which of them to use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glassnet.lens.numerals import counted
from glassnet.lens.report import Verdict
from glassnet.lens.wording import (
    BASELINES,
    METRICS,
    NOTHING,
    SMALLER_IS_BETTER,
    best_baseline,
    changed,
    changed_between,
    in_order,
    score,
)
from glassnet.metrics.compare import main_metrics

if TYPE_CHECKING:
    from glassnet.metrics.compare import Difference, Judged, Outcome
    from glassnet.results import Results

SIGMAS = 3.92
"""A 95 % interval is so many standard deviations wide."""


SAME_ORDER = ("r2", "bits_per_character")
"""Scores that order as a main one does: R² as the RMSE, bits as nats."""


@dataclass(frozen=True)
class Story:
    """A score that does not say what the verdict says: which of the two it puts ahead, and both scores."""

    metric: str
    baseline: str
    is_network_ahead: bool
    scores: str

    def __str__(self) -> str:
        ahead = "this network" if self.is_network_ahead else BASELINES[self.baseline]
        return f"by {METRICS[self.metric][0]} {ahead} is ahead, {self.scores}"


def verdicts(results: Results, task: Judged) -> Iterator[Verdict]:
    """Yield how the network stands beside the best simple method, by each main score and then by others."""
    split = results.shown_split() or ""
    best = _best(results, split, task)
    if best is None:
        return
    found = in_order(results.differences[best][split], task)
    for place, each in enumerate(found):
        said = _sentence(each, best, is_first=place == 0)
        if place == len(found) - 1:
            said += "".join(f" But {story}." for story in other_stories(results, task))
        yield Verdict(each.outcome, said)


def other_stories(results: Results, task: Judged) -> Iterator[Story]:
    """Yield each score beside the main ones by which another one is ahead than by those.

    These scores are not compared on the same resamples. So the gap counts where it is larger than one
    standard deviation would be if the two were independent, which is more than it is on the same rows.
    """
    split = results.shown_split() or ""
    for name in (each for each in BASELINES if each not in NOTHING):
        known = results.differences.get(name, {}).get(split)
        if not known:
            continue
        outcome = overall([each.outcome for each in in_order(known, task)])
        for metric in METRICS:
            ahead = _ahead(results, split, name, metric)
            if metric in (*main_metrics(task), *SAME_ORDER) or ahead is None:
                continue
            if ahead == (outcome == "worse"):
                yield Story(metric, name, ahead, _both(results, split, name, metric, ahead=ahead))


def advice(results: Results, task: Judged) -> str:
    """Say which method to use; empty where there is nothing to compare with."""
    split = results.shown_split() or ""
    best = _best(results, split, task)
    if best is None:
        return ""
    known = {name: each[split] for name, each in results.differences.items() if split in each}
    outcomes = {
        name: overall([each.outcome for each in in_order(known[name], task)])
        for name in BASELINES
        if name in known
    }
    rivals = [name for name, outcome in outcomes.items() if outcome != "better"]
    simplest = next((name for name in rivals if name in NOTHING), None)
    if simplest is not None:
        shown = "not this network, which has not been shown to be better than"
        return f"{shown} {BASELINES[simplest]}, {NOTHING[simplest]}."
    by = {each.metric: each.outcome for each in in_order(known[best], task)}
    if {"better", "worse"} <= {*by.values()}:
        ours, theirs = (
            [METRICS[m][0] for m, each in by.items() if each == way] for way in ("better", "worse")
        )
        return f"if {ours[0]} is what counts, this network; if {theirs[0]}, {BASELINES[best]}."
    if outcomes[best] == "worse":
        return f"{BASELINES[best]}, which is better on these rows."
    if "linear" in rivals:
        told = f"{BASELINES['linear']} is simpler and cannot be told apart from this network on these rows"
        return f"{told}: prefer it, unless more rows to judge by show a difference."
    ahead = [each for each in other_stories(results, task) if not each.is_network_ahead][:1]
    unless = "".join(
        f"; if {METRICS[each.metric][0]} is what counts, {BASELINES[each.baseline]}" for each in ahead
    )
    if rivals and outcomes[best] == "better":
        beside = f"from {BASELINES[rivals[0]]} it cannot be told apart"
        return f"this network, which is better than the best simple method on these rows; {beside}{unless}."
    if rivals:
        return (
            f"these rows give no reason to prefer this network to {BASELINES[rivals[0]]}, nor the other way "
            f"round{unless}. More rows to judge by may tell."
        )
    return f"this network, which is better than every simple method on these rows{unless}."


def overall(outcomes: list[Outcome]) -> Outcome:
    """Join the outcomes by several scores: one that is worse decides, else the first one."""
    return "worse" if "worse" in outcomes else outcomes[0]


def _best(results: Results, split: str, task: Judged) -> str | None:
    metric = main_metrics(task)[0]
    known = {name: each[split] for name, each in results.differences.items() if split in each}
    return best_baseline(
        {name: each[metric].baseline for name, each in known.items() if metric in each}, metric
    )


def _sentence(difference: Difference, name: str, *, is_first: bool) -> str:
    metric, known = difference.metric, difference.interval
    beside = f"{BASELINES[name]}, the best of the simple methods" if is_first else BASELINES[name]
    scores = f"{score(metric, difference.network, known)} against {score(metric, difference.baseline, known)}"
    change = changed(metric, difference.difference, known)
    if known is not None:
        change += f", 95 % interval {changed_between(metric, known)}"
    if difference.folds:
        change += f", on average over {counted(len(difference.folds), 'fold')}"
    told = {"better": "is better than", "worse": "is worse than", "equal": "is equal to"}.get(
        difference.outcome, "cannot be told apart from"
    )
    return f"By {METRICS[metric][0]} this network {told} {beside}: {scores} (difference {change})."


def _ahead(results: Results, split: str, name: str, metric: str) -> bool | None:
    """Say whether the network is ahead by a score, or the baseline; None where the gap is small."""
    ours = results.metrics[split].get(metric)
    theirs = results.baselines.get(name, {}).get(split, {}).get(metric)
    known = results.intervals.get(split, {}).get(metric)
    other = results.baseline_intervals.get(name, {}).get(split, {}).get(metric)
    if ours is None or theirs is None or known is None or other is None:
        return None
    spread = ((known[1] - known[0]) ** 2 + (other[1] - other[0]) ** 2) ** 0.5 / SIGMAS
    if abs(ours - theirs) <= spread:
        return None
    return (ours < theirs) == (metric in SMALLER_IS_BETTER)


def _both(results: Results, split: str, name: str, metric: str, *, ahead: bool) -> str:
    both = (results.intervals[split][metric], results.baseline_intervals[name][split][metric])
    known = max(both, key=lambda interval: interval[1] - interval[0])
    ours, theirs = results.metrics[split][metric], results.baselines[name][split][metric]
    first, second = (ours, theirs) if ahead else (theirs, ours)
    return f"{score(metric, first, known)} against {score(metric, second, known)}"
