"""``train_course``: training for a number of steps that a time budget may change on the way, and resume."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from glassnet.engine import callbacks as features
from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.checkpoint import State
from glassnet.engine.course import Course, CourseSchedule, KeepToBudget
from glassnet.engine.history import History
from glassnet.engine.loop import Loop
from glassnet.engine.steps import Step


@dataclass(frozen=True)
class Pacing:
    """How the steps of a run follow one another; the fields mean what they mean for ``gn.fit``.

    ``steps`` is the length of the run: its last epoch may be cut short.
    """

    steps: int
    steps_per_epoch: int
    lr: float
    schedule: str
    warmup: float
    clip: float | None
    patience: int | None
    seed: int


@dataclass(frozen=True)
class Reins:
    """Whoever follows a run, and may end it.

    Attributes:
        deadline: of ``time.monotonic()``: where steps turn out to take longer or shorter, there will be fewer
            or more of them, ``most`` at most, and ``changed`` is called.
        progress, should_stop, state, save, save_every: see :func:`glassnet.engine.training.train_net`.
    """

    callbacks: Sequence[object] = ()
    progress: features.ProgressFunction | None = None
    should_stop: Callable[[], bool] | None = None
    deadline: float | None = None
    most: int = 0
    changed: Callable[[], None] = lambda: None
    state: State | None = None
    save: Callable[[State], None] | None = None
    save_every: float = 5.0


def train_course(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: Step,
    batches: Callable[[int], Iterable[Any]],
    validate: Callable[[], tuple[float, Tensor]] | None,
    pacing: Pacing,
    reins: Reins,
    asked: dict[str, Any],
) -> History:
    """Train the net in place; afterwards it holds the weights of its best epoch, in evaluation mode.

    Args:
        optimizer: its groups may have a ``share`` of the learning rate each, 1 where they have none.
        batches: maps an epoch, counted from 1, to all its batches.
        asked: what decides the bits of the run, as JSON values: it goes on only where that is the same.

    Raises:
        RecipeError: the state to go on from is of another request.
        NonFiniteLoss: the best weights so far were put back.
    """
    state, history = reins.state, checkpoints.going_on(reins.state, asked)
    course = Course.of(history.plan["course"]) if "course" in history.plan else Course(pacing.steps)
    history.plan |= {"course": course.facts(), "steps_per_epoch": pacing.steps_per_epoch}

    def until_the_end(epoch: int) -> Iterator[Any]:
        behind = (epoch - 1) * pacing.steps_per_epoch
        for done, batch in zip(itertools.count(behind), batches(epoch)):
            if done >= course.total:
                return
            yield batch

    loop = Loop(
        net,
        optimizer,
        step,
        until_the_end,
        epochs=-(-course.total // pacing.steps_per_epoch),
        steps_per_epoch=pacing.steps_per_epoch,
        validate=validate,
        callbacks=_callbacks(pacing, reins, course, asked, validates=validate is not None),
        seed=pacing.seed,
        history=history,
        epoch=len(history),
        step_count=len(history) * pacing.steps_per_epoch,
    )
    if state:
        checkpoints.restore(state, net, optimizer)
    loop.fit()
    net.eval()
    return history


def _callbacks(
    pacing: Pacing, reins: Reins, course: Course, asked: dict[str, Any], validates: bool
) -> list[object]:
    best = features.BestWeights(
        pacing.patience if validates else None, reins.state.best if reins.state else None
    )
    deadline, save = reins.deadline, reins.save
    found: list[object] = [
        CourseSchedule(course, pacing.lr, pacing.schedule, pacing.warmup),
        pacing.clip and features.Clip(pacing.clip),
        features.NonFinite(),
        best,
        *reins.callbacks,
        save and features.Checkpointing(checkpoints.saving(save, best, asked), reins.save_every),
        deadline is not None and KeepToBudget(course, deadline, reins.most, reins.changed),
        reins.progress and features.Progress(reins.progress),
        deadline is not None and features.Deadline(deadline),
        reins.should_stop and features.StopFlag(reins.should_stop),
    ]
    return [each for each in found if each]
