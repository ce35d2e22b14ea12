"""What to distrust: rules that look at a run's figures and say something only where the figures do.

Each rule is a function that yields doubts with their evidence; the gravest stand first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from glassnet.lens import doubts_rows as rows
from glassnet.lens import doubts_scores as scores
from glassnet.lens.numerals import counted, moment
from glassnet.lens.report import Doubt
from glassnet.lens.wording import SPLITS
from glassnet.plan.characters import CharacterPlan
from glassnet.plan.words import WordPlan

if TYPE_CHECKING:
    from glassnet.engine.history import History
    from glassnet.lens.evidence import Evidence
    from glassnet.plan.table import ColumnPlan


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
        rows = seen.rows_of("validation")
        why = f"the scores are those of the {rows}, which chose when to stop, so they flatter"
        do = "--test last:0.1" if seen.unit == "block" else "--test random:0.2 or last:20d"
        yield Doubt(f"No {seen.rows_of('test')} were kept", f"{why}; train with {do}")
    elif seen.split == "train":
        why = f"all scores are those of {seen.row}s that it learned from, and say little about new ones"
        yield Doubt(f"Neither test nor {seen.rows_of('validation')}", why)


def _ended_early(seen: Evidence) -> Iterator[Doubt]:
    history = seen.model.history
    epochs = counted(len(history), "epoch")
    if history.stopped == "interrupted":
        go_on = "glassnet train --resume goes on with it"
        yield Doubt(
            "The training was interrupted", f"after {epochs} of at most {_most_epochs(seen)}; {go_on}"
        )
    elif history.stopped == "non_finite":
        yield Doubt("The training broke down", f"its loss became infinite after {epochs}; lower --lr")
    elif history.stopped == "budget":
        yield Doubt("The budget ended the training", f"after {epochs}; another run may end elsewhere")
    elif history.stopped == "epochs" and _best_is_last(history):
        told = f"the validation loss was at its lowest in the last of {epochs}: more may help"
        yield Doubt("It may not have been trained for long enough", told)


def _most_epochs(seen: Evidence) -> int:
    plan = seen.model.plan
    return plan.most_epochs if isinstance(plan, WordPlan) else plan.epochs or 0


def _best_is_last(history: History) -> bool:
    return history.best_epoch == len(history) > 1 and history[-1].validation_loss is not None


def _older_than_training(seen: Evidence) -> Iterator[Doubt]:
    if seen.is_other_data or seen.split not in seen.spans or "train" not in seen.spans:
        return
    first, last = seen.spans[seen.split][0], seen.spans["train"][1]
    is_told = any(leak.kind == "time" for leak in seen.leaks)
    if first < last and seen.unit == "row" and not is_told:
        told = f"{SPLITS[seen.split]} begin {moment(first)}, training rows go on to {moment(last)}"
        yield Doubt(
            "Judged in the past", f"{told}: for predicting what is to come, cut by time (--test last:0.2)"
        )


def _columns(seen: Evidence) -> tuple[ColumnPlan, ...]:
    plan = seen.model.plan
    return () if isinstance(plan, CharacterPlan) else plan.columns


def _texts_left_out(seen: Evidence) -> Iterator[Doubt]:
    texts = [each.name for each in _columns(seen) if each.role == "text" and not each.used]
    if texts:
        named = ", ".join(texts[:8]) + (f" and {len(texts) - 8} more" if len(texts) > 8 else "")
        yield Doubt("It does not read texts", f"what these columns say is not used: {named}")


RULES: tuple[Callable[[Evidence], Iterator[Doubt]], ...] = (
    _leaks,
    _no_test_rows,
    _ended_early,
    scores.worse_than_baseline,
    scores.another_story,
    _older_than_training,
    scores.low_recall,
    scores.gap_to_training,
    rows.bad_stretch,
    rows.biased,
    rows.smoothed,
    rows.one_part,
    scores.few_rows,
    scores.wide_interval,
    scores.uneven_splits,
    rows.below_zero,
    scores.miscalibrated,
    scores.coverage_off,
    scores.few_of_a_class,
    _texts_left_out,
    scores.uneven_folds,
    rows.few_rows_hold_the_error,
)
