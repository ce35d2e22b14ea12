"""``train_steps``: any step function in the loop of every training, for what has no task: two nets, or none.

    step(batch) -> {"loss": scalar tensor, "metrics": {"critic_loss": scalar tensor, ...}}

``loss`` is what the loop descends, ``metrics`` become means over the epoch in its record. A step for two nets
makes one optimiser hold the weights of both, as ``adversarial`` does: torch passes over weights without a
gradient, and so a checkpoint holds everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from glassnet.engine import callbacks as features
from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.checkpoint import State
from glassnet.engine.history import History
from glassnet.engine.loop import Loop
from glassnet.engine.steps import Step
from glassnet.engine.threads import using_threads


@dataclass(frozen=True)
class StepSettings:
    """How long and how fast steps are taken; the fields mean what they mean for ``gn.fit``."""

    epochs: int
    steps_per_epoch: int
    schedule: str = "constant"
    warmup: float = 0.0
    ema: float = 0.0
    seed: int = 0
    threads: int = 1


class Means:
    """An engine callback: the means of a step's ``metrics`` over an epoch go into its record."""

    def epoch_begin(self, loop: Loop) -> None:
        """Begin anew."""
        self.sums: dict[str, Tensor] = {}
        self.count = 0

    def batch_end(self, loop: Loop) -> None:
        """Add what the step measured."""
        self.count += 1
        for name, value in loop.outcome.get("metrics", {}).items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value.detach()

    def measured(self, loop: Loop) -> None:
        """Put the means into the record."""
        loop.metrics.update({name: float(total) / self.count for name, total in self.sums.items()})


def train_steps(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: Step,
    batches: Callable[[int], Iterable[Any]],
    settings: StepSettings,
    *,
    asked: dict[str, Any] | None = None,
    callbacks: Sequence[object] = (),
    progress: features.ProgressFunction | None = None,
    should_stop: Callable[[], bool] | None = None,
    deadline: float | None = None,
    state: State | None = None,
    save: Callable[[State], None] | None = None,
    save_every: float = 5.0,
) -> History:
    """Train the net in place; afterwards it holds the weights of its last whole epoch.

    Everything that decides the bits of a run is a pure function of the seed, the epoch and ``asked``, so a
    run that goes on from a checkpoint ends with the bits of one left alone.

    Args:
        net: all that a checkpoint must hold, on the device where it is trained.
        optimizer: of the weights in it.
        step, batches: see the head of this file; ``batches`` maps an epoch, counted from 1, to its batches.
        asked: JSON values that must be the same for a run to go on, such as a checksum of the data.
        progress, should_stop, deadline, state, save, save_every: see
            :func:`glassnet.engine.training.train_net`.

    Raises:
        RecipeError: the state is of another request.
        NonFiniteLoss: the loss or the weights became infinite or not a number.
    """
    asked = {**vars(settings), **(asked or {})}
    history = checkpoints.going_on(state, asked)
    best = features.BestWeights(None, state.best if state else None)
    first = [*_shaping(optimizer, settings), Means(), features.NonFinite(), best]
    last = [
        save and features.Checkpointing(checkpoints.saving(save, best, asked), save_every),
        progress and features.Progress(progress),
        deadline is not None and features.Deadline(deadline),
        should_stop and features.StopFlag(should_stop),
    ]
    epochs, steps = settings.epochs, settings.steps_per_epoch
    loop = Loop(
        *(net, optimizer, step, batches, epochs, steps),
        callbacks=[*first, *callbacks, *filter(None, last)],
        seed=settings.seed,
        history=history,
        epoch=len(history),
        step_count=len(history) * steps,
    )
    if state:
        checkpoints.restore(state, net, optimizer)
    with using_threads(settings.threads):
        loop.fit()
    return history


def _shaping(optimizer: torch.optim.Optimizer, settings: StepSettings) -> list[object]:
    """Return the callbacks that shape the learning rate and the weights."""
    total = settings.epochs * settings.steps_per_epoch
    shaping: list[object] = []
    if settings.schedule != "constant" or settings.warmup:
        shaping.append(features.Schedule(optimizer, settings.schedule, total, settings.warmup))
    if settings.ema:
        shaping.append(features.Averaging(settings.ema))
    return shaping
