"""What to distrust: rules that look at a run's figures and say something only where the figures do.

Each rule is a function that yields doubts with their evidence; the gravest stand first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lens.details import details_of, folds_of
from glassnet.lens.numerals import counted, moment, number, percent, signed
from glassnet.lens.report import Doubt
from glassnet.lens.text import shown
from glassnet.lens.wording import BASELINES, METRICS, SPLITS, in_order, score, score_between
from glassnet.metrics.compare import main_metrics

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Leak
    from glassnet.engine.history import History
    from glassnet.lens.figures import NumberFigures, Reliability
    from glassnet.lens.mistakes import Mistakes
    from glassnet.metrics.coverage import Coverage
    from glassnet.model import Model
    from glassnet.results import Results

FEW_UNITS = 50
FEW_OF_A_CLASS = 20
WIDE = 0.3
"""An interval is wide where it reaches over this share of the score, or of accuracy over 15 points."""
GAP = 1.5
BIASED = 0.15
NEGATIVE = 0.01
"""Of answers, so large a share below 0 is named where no truth is below 0."""
LARGE_SHARE = 0.5


@dataclass(frozen=True)
class Evidence:
    """What the rules look at; ``spans`` has the first and the last moment of each split where known,
    and ``leaks`` are those that concern the judged rows."""

    model: Model
    results: Results
    is_other_data: bool
    spans: dict[str, tuple[float, float]]
    numbers: tuple[NumberFigures, ...] = ()
    reliability: Reliability | None = None
    worst: Mistakes | None = None
    leaks: tuple[Leak, ...] = ()

    @property
    def split(self) -> str:
        """Which rows are judged."""
        return self.results.shown_split() or ""

    @property
    def main(self) -> str:
        """The metric that decides."""
        return main_metrics(self.model.task.name)[0]

    @property
    def coverage(self) -> Coverage | None:
        """How often prediction intervals hold the truth of the judged rows."""
        return self.results.prediction_intervals.get(self.split)

    @property
    def details(self) -> dict[str, Any]:
        """The details of the judged rows."""
        return details_of(self.results, self.split)


def doubts(evidence: Evidence) -> tuple[Doubt, ...]:
    """Return what the figures give reason to distrust."""
    return tuple(doubt for rule in RULES for doubt in rule(evidence))


LEAKS = {
    "kept_leak": "Columns give the target away",
    "near_duplicates": "It has nearly seen the rows that judge it",
    "group": "Rows of one group stand on both sides",
    "time": "It is judged by rows older than its training rows",
    "identifier": "Rows are numbered by the target",
}
"""What is wrong, by the kind of leak; the rest of a leak's sentence is the evidence."""


def _leaks(seen: Evidence) -> Iterator[Doubt]:
    for kind, title in LEAKS.items():
        for leak in (each for each in seen.leaks if each.kind == kind):
            yield Doubt(title, leak.sentence.partition("however: ")[2])


def _no_test_rows(seen: Evidence) -> Iterator[Doubt]:
    if seen.is_other_data or seen.split == "test":
        return
    if seen.split == "validation":
        why = "the scores are those of the validation rows, which chose when to stop, so they flatter"
        yield Doubt("No test rows were kept", f"{why}; train with --test random:0.2 or last:20d")
    elif seen.split == "train":
        why = "all scores are those of rows that it learned from, and say little about new ones"
        yield Doubt("Neither test nor validation rows", why)


def _ended_early(seen: Evidence) -> Iterator[Doubt]:
    history = seen.model.history
    epochs = counted(len(history), "epoch")
    if history.stopped == "interrupted":
        go_on = "glassnet train --resume goes on with it"
        yield Doubt(
            "The training was interrupted", f"after {epochs} of at most {seen.model.plan.epochs}; {go_on}"
        )
    elif history.stopped == "non_finite":
        yield Doubt("The training broke down", f"its loss became infinite after {epochs}; lower --lr")
    elif history.stopped == "budget":
        yield Doubt("The budget ended the training", f"after {epochs}; another run may end elsewhere")
    elif history.stopped == "epochs" and _best_is_last(history):
        told = f"the validation loss was at its lowest in the last of {epochs}: more may help"
        yield Doubt("It may not have been trained for long enough", told)


def _best_is_last(history: History) -> bool:
    return history.best_epoch == len(history) > 1 and history[-1].validation_loss is not None


def _worse_than_baseline(seen: Evidence) -> Iterator[Doubt]:
    for name in reversed(BASELINES):
        known = seen.results.differences.get(name, {}).get(seen.split, {})
        for each in in_order(known, seen.model.task.name):
            ours = f"{METRICS[each.metric][0]} {score(each.metric, each.network)}"
            theirs = f"{ours} against {score(each.metric, each.baseline)}"
            if each.outcome == "worse":
                yield Doubt(f"Worse than {BASELINES[name]}", f"{theirs} on the same rows")
            elif name in ("mean", "majority") and each.outcome != "better" and each.metric != "accuracy":
                yield Doubt("It may have learned nothing", f"not to be told from {BASELINES[name]}: {theirs}")


def _few_rows(seen: Evidence) -> Iterator[Doubt]:
    units, rows = seen.details.get("units"), seen.results.rows.get(seen.split, 0)
    if not isinstance(units, int) or units >= FEW_UNITS:
        return
    unit = "row" if units == rows else seen.model.plan.unit
    kind = f"{counted(rows, 'row')} of {counted(units, unit)}" if unit != "row" else counted(units, "row")
    yield Doubt("Few rows to judge by", f"all scores come from {kind}: another sample may differ much")


def _wide_interval(seen: Evidence) -> Iterator[Doubt]:
    metrics = seen.results.metrics.get(seen.split, {})
    intervals = seen.results.intervals.get(seen.split, {})
    for metric in main_metrics(seen.model.task.name):
        if metric not in intervals:
            continue
        width, value = intervals[metric][1] - intervals[metric][0], metrics[metric]
        if width > (WIDE / 2 if metric == "accuracy" else WIDE * abs(value)):
            told = f"{METRICS[metric][0]} is {score(metric, value)}, but may be anything from"
            yield Doubt("The score is not known well", f"{told} {score_between(metric, intervals[metric])}")
            return


def _gap_to_training(seen: Evidence) -> Iterator[Doubt]:
    metrics, interval = seen.results.metrics, seen.results.intervals.get(seen.split, {}).get(seen.main)
    if seen.is_other_data or seen.split == "train" or interval is None:
        return
    for other, title in (
        ("train", "It knows its training rows better"),
        ("validation", f"Its {SPLITS[seen.split]} are harder"),
    ):
        known = metrics.get(other, {}).get(seen.main)
        if other == seen.split or known is None or interval[0] <= GAP * known:
            continue
        here = f"{score(seen.main, metrics[seen.split][seen.main])} on {SPLITS[seen.split]}"
        why = " (it may have learned them by heart)" if other == "train" else " (they may differ in kind)"
        there = f"{score(seen.main, known)} on {SPLITS[other]}"
        yield Doubt(title, f"{METRICS[seen.main][0]} {there}, {here}{why}")


def _older_than_training(seen: Evidence) -> Iterator[Doubt]:
    if seen.is_other_data or seen.split not in seen.spans or "train" not in seen.spans:
        return
    first, last = seen.spans[seen.split][0], seen.spans["train"][1]
    is_told = any(leak.kind == "time" for leak in seen.leaks)
    if first < last and seen.model.plan.unit == "row" and not is_told:
        told = f"{SPLITS[seen.split]} begin {moment(first)}, training rows go on to {moment(last)}"
        yield Doubt(
            "Judged in the past", f"{told}: for predicting what is to come, cut by time (--test last:0.2)"
        )


def _texts_left_out(seen: Evidence) -> Iterator[Doubt]:
    texts = [each.name for each in seen.model.plan.columns if each.role == "text" and not each.used]
    if texts:
        named = ", ".join(texts[:8]) + (f" and {len(texts) - 8} more" if len(texts) > 8 else "")
        yield Doubt("It does not read texts", f"what these columns say is not used: {named}")


def _uneven_folds(seen: Evidence) -> Iterator[Doubt]:
    scores = [each["network"][seen.main] for each in folds_of(seen.results)]
    if len(scores) > 1 and max(scores) > GAP * min(scores):
        told = f"{METRICS[seen.main][0]} from {number(min(scores))} to {number(max(scores))}"
        yield Doubt("The folds differ much", f"{told} over {len(scores)} folds")


def _few_of_a_class(seen: Evidence) -> Iterator[Doubt]:
    per_class = [each for each in seen.details.get("per_class", []) if each["support"] < FEW_OF_A_CLASS]
    if per_class:
        named = ", ".join(f"{each['class']} ({number(each['support'])})" for each in per_class[:8])
        more = f" and {len(per_class) - 8} more" if len(per_class) > 8 else ""
        yield Doubt("Classes with few rows", f"fewer than {FEW_OF_A_CLASS} rows to judge by: {named}{more}")
    never = [each["class"] for each in seen.details.get("per_class", []) if each["precision"] is None]
    if never:
        yield Doubt("Classes that it never names", ", ".join(never[:8]))


def _miscalibrated(seen: Evidence) -> Iterator[Doubt]:
    found = seen.reliability
    if found is None or found.off.sum() < max(2, len(found.rows) / 4):
        return
    worst = int(np.argmax(np.where(found.off, np.abs(found.said - found.came_true), -1)))
    said, true = percent(float(found.said[worst])), percent(float(found.came_true[worst]))
    where = f"{counted(int(found.rows[worst]), 'row')}; off in {found.off.sum()} of {len(found.rows)} groups"
    yield Doubt("Its probabilities are off", f"where it gave {said} on average, {true} came true ({where})")


def _biased(seen: Evidence) -> Iterator[Doubt]:
    for each in seen.numbers:
        rmse = float(np.sqrt(each.residuals.mean_square))
        mean, units = each.residuals.mean, seen.details.get("units", 0)
        spread = np.sqrt(max(rmse**2 - mean**2, 0.0) / max(units, 1))
        if rmse and abs(mean) > BIASED * rmse and abs(mean) > 2.5 * spread:
            way = "high" if mean > 0 else "low"
            whose = f" for {each.target}" if len(seen.numbers) > 1 else ""
            told = f"the mean error is {signed(mean)}, beside an RMSE of {number(rmse)}"
            yield Doubt(f"Its answers are too {way}{whose}", told)


def _below_zero(seen: Evidence) -> Iterator[Doubt]:
    for each in seen.numbers:
        if each.negative > NEGATIVE * each.rows:
            target = shown(each.target)
            told = f"{each.negative:,} of {each.rows:,} are below 0, which no {target} among these rows is"
            yield Doubt("Some of its answers cannot be", told)


def _few_rows_hold_the_error(seen: Evidence) -> Iterator[Doubt]:
    worst = seen.worst
    if worst is not None and worst.share > LARGE_SHARE and len(worst.worst) <= worst.rows / 20:
        share = f"{len(worst.worst)} of {worst.rows:,} rows hold {percent(worst.share, 2)} of it"
        yield Doubt("A few rows make most of the error", f"{share}: look at them below")


def _coverage_off(seen: Evidence) -> Iterator[Doubt]:
    found = seen.coverage
    if found is not None and found.interval is not None and found.outcome != "as asked":
        known = " to ".join(map(percent, found.interval))
        share = f"they hold the truth of {percent(found.coverage)} of these rows (95 % interval {known})"
        asked = f"and should hold {percent(found.asked)}; their widths come from the validation rows"
        yield Doubt(f"Its prediction intervals are {found.outcome}", f"{share} {asked}")


RULES: tuple[Callable[[Evidence], Iterator[Doubt]], ...] = (
    _leaks,
    _no_test_rows,
    _ended_early,
    _worse_than_baseline,
    _older_than_training,
    _few_rows,
    _wide_interval,
    _gap_to_training,
    _biased,
    _below_zero,
    _miscalibrated,
    _coverage_off,
    _few_of_a_class,
    _texts_left_out,
    _uneven_folds,
    _few_rows_hold_the_error,
)
