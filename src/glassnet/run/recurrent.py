"""What runs of a recurrent net share: its notation becomes a net, and ``train_net`` trains it in the run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.nets.build import build
from glassnet.nets.recurrent import RecurrentNet
from glassnet.nets.spec import Recurrent
from glassnet.notation import RecurrentSpec, parse_recurrent, write_recurrent
from glassnet.randomness import derived_seed
from glassnet.run.course import Followed, followed

if TYPE_CHECKING:
    from torch import nn

    from glassnet.engine.history import History
    from glassnet.engine.rows import Rows
    from glassnet.errors import NonFiniteLoss
    from glassnet.plan.series import SeriesPlan
    from glassnet.plan.words import WordPlan
    from glassnet.recipe import Recipe
    from glassnet.run.context import Context

CLIP = 1.0
"""Longest gradient."""
BUDGET_SHARE = 0.85
"""The part of what is left of a budget that training takes."""


def decided(notation: str, units: int, dropout: float) -> str:
    """Return a net as the plan writes it, with what the recipe leaves open: one layer of so many units."""
    asked = parse_recurrent(notation)
    dropout = dropout if asked.dropout is None else asked.dropout
    return write_recurrent(RecurrentSpec(asked.cell, asked.layers or 1, asked.units or units, dropout))


def learning(recipe: Recipe, rates: Mapping[str, float]) -> dict[str, Any]:
    """Return how the net learns, as the plan writes it; ``rates`` by optimiser."""
    return {
        "lr": recipe.lr or rates[recipe.optimizer],
        "optimizer": recipe.optimizer,
        "schedule": recipe.schedule or "constant",
        "warmup": recipe.warmup,
        "weight_decay": 0.01 if recipe.weight_decay is None else recipe.weight_decay,
        "clip": recipe.clip or CLIP,
    }


def spec_of(
    notation: str, layers: int, units: int, *, symbols: int | None, inputs: int, outputs: int
) -> Recurrent:
    """Return what a net is built from; ``layers`` and ``units`` are for a notation that leaves them open."""
    asked = parse_recurrent(notation)
    return Recurrent(
        symbols=symbols,
        inputs=inputs,
        cell=asked.cell,
        layers=asked.layers or layers,
        units=asked.units or units,
        dropout=asked.dropout or 0.0,
        outputs=outputs,
    )


def new_net(spec: Recurrent, seed: int) -> RecurrentNet:
    """Build the untrained net."""
    return cast(RecurrentNet, build(spec, seed=derived_seed(seed, "weights")))


def settings_of(
    recipe: Recipe,
    plan: WordPlan | SeriesPlan,
    *,
    loss: str,
    epochs: int,
    validates: bool,
    precision: Literal["float32", "bfloat16"],
) -> Settings:
    """Return the engine's settings; without validation rows there is nothing to be patient about."""
    return Settings(
        loss=loss,
        optimizer=plan.optimizer,
        lr=plan.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=plan.weight_decay,
        batch_size=plan.batch_size,
        epochs=epochs,
        patience=plan.patience if validates else None,
        schedule=plan.schedule,
        warmup=plan.warmup,
        clip=plan.clip,
        seed=recipe.seed,
        device=recipe.device,
        precision=precision,
        threads=plan.threads,
        engine="torch",
    )


def train_recurrent(
    context: Context, net: nn.Module, train: Rows, validation: Rows | None, settings: Settings
) -> tuple[History, NonFiniteLoss | None]:
    """Train the only net of a run; see :func:`glassnet.run.course.followed`."""
    budget, now = context.recipe.budget, time.monotonic()
    deadline = None if budget is None else now + BUDGET_SHARE * (context.began + budget - now)

    def train_it(reins: Followed) -> History:
        return train_net(net, train, settings, validation=validation, deadline=deadline, **reins)

    with context.interrupts.asking():
        return followed(context, "net", train_it)
