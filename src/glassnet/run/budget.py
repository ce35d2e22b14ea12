"""A time budget becomes a number of epochs, once, before training: measured, then written into the plan."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet.engine.training import train_net
from glassnet.run.nets import new_net, rows_of, settings_of
from glassnet.run.prepare import Encoded

if TYPE_CHECKING:
    from glassnet.plan import Plan
    from glassnet.run.context import Context

MARGIN = 0.85
"""Share of the time left that is planned for: the rest is for a machine that gets busier."""
_PROBE_STEPS = 40


def within_budget(context: Context, encoded: Encoded, plan: Plan, trainings: float, reserve: float) -> Plan:
    """Return the plan with as many epochs as the budget pays for, at most those that it has.

    Args:
        context: its recipe has a budget; its deadline is set here.
        encoded: the rows of the first fold.
        plan: with the epochs that would be trained without a budget.
        trainings: how often a net is trained in this run, refits and folds included.
        reserve: seconds that the rest of the work needs after training.
    """
    if context.recipe.budget is None:
        return plan
    end = context.began + context.recipe.budget
    context.deadline = end - reserve
    left = max(context.deadline - time.monotonic(), 0.0)
    epochs = int(MARGIN * left / (trainings * _epoch_seconds(context, encoded, plan)))
    return plan.model_copy(update={"epochs": max(1, min(plan.epochs, epochs))})


def _epoch_seconds(context: Context, encoded: Encoded, plan: Plan) -> float:
    """Measure some steps and the validation on a copy of the net that is thrown away."""
    net, _ = new_net(context, encoded, plan.net, context.recipe.seed)
    settings = replace(settings_of(context, plan, encoded.task.loss, 0), epochs=1, patience=None)
    fold = encoded.fold
    some = fold.train[: _PROBE_STEPS * plan.batch_size]
    rows = rows_of(net, encoded, some, settings, "none")
    train_net(net, rows_of(net, encoded, some[: plan.batch_size * 4], settings, "none"), settings)
    began = time.monotonic()
    train_net(net, rows, settings)
    training = (time.monotonic() - began) * len(fold.train) / max(len(some), 1)
    forward = training * len(fold.validation) / max(3 * len(fold.train), 1)
    return float(np.maximum(training + forward, 1e-4))
