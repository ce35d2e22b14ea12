"""A time budget becomes a number of epochs, once, before training: measured, then written into the plan."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glassnet.engine.history import History
from glassnet.engine.training import train_net
from glassnet.run.context import Allowance
from glassnet.run.fold_scores import results_of
from glassnet.run.nets import TrainedNet, new_net, rows_of, settings_of
from glassnet.run.trials import Chosen, most_epochs

if TYPE_CHECKING:
    from glassnet.plan.table import Plan
    from glassnet.run.context import Context
    from glassnet.run.prepare import Encoded
    from glassnet.run.scoring import Judge

MARGIN = 0.85
"""Share of the time left that is planned for: the rest is for a machine that gets busier."""
ENDING = 0.4
"""Seconds for what is not measured: saving, printing, leaving Python."""
REPORT, REPORT_SHARE = 1.0, 0.05
"""Seconds kept for the report, but at most that share of the budget; its explanations take what is there."""
_PROBE_STEPS, _PROBE_EPOCHS = 40, 4


@dataclass(frozen=True)
class Budget:
    """The end of a run, of ``time.monotonic()``, and how much it has to score after training."""

    end: float
    scored: int

    def deadline(self, per_second: float) -> float:
        """Return when training has to end, where so much is scored in a second."""
        return self.end - self.scored / per_second


def budget_of(context: Context, scored: int, report: float = REPORT) -> Budget | None:
    """Return what a budget leaves for training and for scoring so many; None without a budget.

    Args:
        report: seconds that the report of a run in a folder takes at most.
    """
    seconds = context.recipe.budget
    if seconds is None:
        return None
    kept = min(report, REPORT_SHARE * seconds) if context.folder is not None else 0.0
    return Budget(context.began + seconds - ENDING - kept, scored)


def within_budget(
    context: Context, encoded: Encoded, judge: Judge, plan: Plan, folds: int, fitting: float
) -> Plan:
    """Return the plan with as many epochs as the budget pays for, at most those that it has.

    From here on each training gets its share of the time that is left, and ends there at the latest.

    Args:
        context: its recipe may have a budget; its allowance is set here.
        encoded: the rows of the first fold, and ``judge`` its baselines.
        plan: with the epochs that would be trained without a budget.
        folds: trainings on different rows, the final one included.
        fitting: seconds that encoding and baselines of one fold take.
    """
    budget = budget_of(context, 0)
    if budget is None:
        return plan
    scoring = _scoring_seconds(context, encoded, judge, plan)
    epoch = _epoch_seconds(context, encoded, plan)
    reserve = folds * scoring + (folds - 1) * fitting
    left = max(budget.end - reserve - time.monotonic(), 0.0)

    def trained(epochs: int) -> float:
        shorter = plan.model_copy(update={"epochs": epochs})
        return folds * most_epochs(shorter, encoded, context.recipe.restarts)

    epochs = max(1, bisect_right(range(1, plan.epochs + 1), MARGIN * left / epoch, key=trained))
    context.allowance = Allowance(left, trained(epochs))
    return plan.model_copy(update={"epochs": epochs})


def _scoring_seconds(context: Context, encoded: Encoded, judge: Judge, plan: Plan) -> float:
    """Score an untrained net: it takes as long as a trained one."""
    began = time.monotonic()
    net, architecture = new_net(context, encoded, plan.net, context.recipe.seed)
    untrained = TrainedNet(net, architecture, History())
    results_of([judge.scores(Chosen(plan, encoded, untrained, untrained))])
    return time.monotonic() - began


def _epoch_seconds(context: Context, encoded: Encoded, plan: Plan) -> float:
    """Train a net that is thrown away on some rows, and take the quickest of a few epochs: the others were
    the first, or disturbed."""
    net, _ = new_net(context, encoded, plan.net, context.recipe.seed)
    settings = settings_of(context, plan, encoded.task.loss, 0)
    fold = encoded.fold
    some = fold.train[: _PROBE_STEPS * plan.batch_size]
    rows = rows_of(net, encoded, some, settings, "none")
    history = train_net(net, rows, replace(settings, epochs=_PROBE_EPOCHS, patience=None))
    training = min(record.seconds or 0.0 for record in history) * len(fold.train) / len(some)
    forward = training * len(fold.validation) / (3 * len(fold.train))
    return max(training + forward, 1e-4)
