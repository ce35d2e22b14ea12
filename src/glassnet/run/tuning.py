"""Which ways to train ``--tune`` tries: the default ones first, then random ones, all from one seed.

What the user decided is kept: a net, a rate or a batch size that was asked for is the same in every trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from glassnet.plan.table import Plan, Trial
from glassnet.randomness import stream

if TYPE_CHECKING:
    import numpy as np

    from glassnet.recipe import Recipe, TargetScale

BRACKET = 9
"""Trials that begin together, of which successive halving leaves one."""
MEMBERS = 8
WIDTHS, DEPTHS, DROPOUTS = (64, 128, 256), (1, 2, 3), (0.0, 0.1, 0.2, 0.3, 0.5)
ACTIVATIONS = ("relu", "silu")
RATES = 3e-4, 1e-2
WEIGHT_DECAYS = (0.0, 0.01, 0.1)
BATCHES = (0.5, 1.0, 2.0)
"""Batch sizes, as multiples of the one that the plan would take."""

T = TypeVar("T")


def bracket(
    plan: Plan, recipe: Recipe, first: Sequence[Trial], scales: Sequence[TargetScale], known: Sequence[Trial]
) -> list[Trial]:
    """Return the trials of the next bracket; none where there is nothing left to vary.

    Args:
        plan: what would be trained.
        recipe: what the user decided.
        first: the trials that are compared without tuning; the first bracket begins with them.
        scales: on which the target may be learned.
        known: the trials of earlier brackets.
    """
    chance = stream(recipe.seed, "tuning", len(known))
    trials = [] if known else list(first)
    for _ in range(10 * BRACKET):
        trial = _drawn(plan, recipe, scales, chance)
        if len(trials) < BRACKET and trial not in (*trials, *known):
            trials.append(trial)
    return trials


def _drawn(plan: Plan, recipe: Recipe, scales: Sequence[TargetScale], chance: np.random.Generator) -> Trial:
    low, high = RATES
    drawn = low * (high / low) ** chance.random()
    decay, batch = _one_of(WEIGHT_DECAYS, chance), _one_of(BATCHES, chance)
    net, decays = _drawn_net(chance), recipe.weight_decay is None and recipe.optimizer == "adamw"
    return Trial(
        net=net if recipe.net == "tabular" else plan.net,
        lr=float(f"{drawn:.2g}") if recipe.lr is None and recipe.optimizer != "sgd" else plan.lr,
        weight_decay=decay if decays else plan.weight_decay,
        batch_size=max(1, int(batch * plan.batch_size)) if recipe.batch_size is None else plan.batch_size,
        target_scale=_one_of(scales, chance),
    )


def _drawn_net(chance: np.random.Generator) -> str:
    width, depth = _one_of(WIDTHS, chance), _one_of(DEPTHS, chance)
    activation, dropout = _one_of(ACTIVATIONS, chance), _one_of(DROPOUTS, chance)
    layer = f"{width}:{activation}" + (f":{dropout}" if dropout else "")
    return f"{MEMBERS}x" + ",".join([layer] * depth) + ("+waves" if chance.random() < 0.75 else "")


def _one_of(values: Sequence[T], chance: np.random.Generator) -> T:
    return values[int(chance.integers(len(values)))]
