"""``train_characters``: a recurrent net learns one long text, with the loop of every training."""

from __future__ import annotations

import copy
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from glassnet.engine import callbacks as features
from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.characters import (
    Batch,
    CarriedStep,
    Course,
    CourseSchedule,
    KeepToBudget,
    Streams,
    character_losses,
)
from glassnet.engine.checkpoint import State
from glassnet.engine.history import History
from glassnet.engine.loop import Loop
from glassnet.engine.optim import build_optimizer
from glassnet.engine.threads import using_threads
from glassnet.errors import RecipeError, message
from glassnet.nets.recurrent import RecurrentNet


@dataclass(frozen=True)
class CharacterSettings:
    """How a net learns a text; the fields mean what they mean for ``gn.fit``.

    ``steps`` is the length of the run: its last epoch may be cut short.
    """

    streams: int
    window: int
    steps: int
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    schedule: str
    warmup: float
    clip: float | None
    patience: int | None
    precision: str
    threads: int
    seed: int


@dataclass(frozen=True)
class Text:
    """The codes that train, and those that validate after them: of ``validation`` those from ``first`` on are
    scored, those before only read."""

    train: Tensor
    validation: Tensor
    first: int

    @property
    def validates(self) -> bool:
        """Whether there are characters to validate on."""
        return len(self.validation) > self.first


def train_characters(
    net: RecurrentNet,
    text: Text,
    settings: CharacterSettings,
    *,
    callbacks: Sequence[object] = (),
    progress: features.ProgressFunction | None = None,
    should_stop: Callable[[], bool] | None = None,
    deadline: float | None = None,
    most: int = 0,
    changed: Callable[[], None] = lambda: None,
    state: State | None = None,
    save: Callable[[State], None] | None = None,
    save_every: float = 5.0,
) -> History:
    """Train the net in place; afterwards it holds the weights of its best epoch, in evaluation mode.

    Args:
        net: on the device on which it is to be trained, as the text is.
        deadline: of ``time.monotonic()``: where steps turn out to take longer or shorter, there will be fewer
            or more of them, ``most`` at most, and ``changed`` is called.
        progress, should_stop, state, save, save_every: see :func:`glassnet.engine.training.train_net`.
    """
    asked = _asked(settings, text) if state or save else {}
    history = _history(state, asked)
    course = Course.of(history.plan["course"]) if "course" in history.plan else Course(settings.steps)
    streams = Streams(len(text.train), settings.streams, settings.window, settings.seed)
    history.plan |= {"course": course.facts(), "steps_per_epoch": streams.steps}
    best = features.BestWeights(settings.patience if text.validates else None, state.best if state else None)
    reins: list[object] = [
        CourseSchedule(course, settings.lr, settings.schedule, settings.warmup),
        settings.clip and features.Clip(settings.clip),
        features.NonFinite(),
        best,
        *callbacks,
        save and features.Checkpointing(partial(_save, save, best, asked), save_every),
        deadline is not None and KeepToBudget(course, deadline, most, changed),
        progress and features.Progress(progress),
        deadline is not None and features.Deadline(deadline),
        should_stop and features.StopFlag(should_stop),
    ]
    loop = _loop(net, text, settings, streams, course, history, [each for each in reins if each])
    if state:
        checkpoints.restore(state, net, loop.optimizer)
    with using_threads(settings.threads):
        loop.fit()
    net.eval()
    return history


def _loop(
    net: RecurrentNet,
    text: Text,
    settings: CharacterSettings,
    streams: Streams,
    course: Course,
    history: History,
    callbacks: Sequence[object],
) -> Loop:
    shaped = {"momentum": settings.momentum, "weight_decay": settings.weight_decay}
    optimizer = build_optimizer(settings.optimizer, net.parameters(), lr=settings.lr, **shaped)  # type: ignore[arg-type]
    step = CarriedStep(net, settings.precision)

    def batches(epoch: int) -> Any:
        step.forget()
        return _until(streams.batches(text.train, epoch), course, (epoch - 1) * streams.steps)

    def validate() -> tuple[float, Tensor]:
        losses = character_losses(net, text.validation, text.first, settings.precision)
        return float(losses.double().mean()), losses

    return Loop(
        net,
        optimizer,
        step,
        batches,
        epochs=-(-course.total // streams.steps),
        steps_per_epoch=streams.steps,
        validate=validate if text.validates else None,
        callbacks=callbacks,
        seed=settings.seed,
        history=history,
        epoch=len(history),
        step_count=len(history) * streams.steps,
    )


def _until(batches: Any, course: Course, done: int) -> Any:
    """Yield the batches of an epoch, up to the last step of the run; ``done`` steps are behind."""
    for step, batch in enumerate(batches, start=done):
        if step >= course.total:
            return
        yield batch


def _save(
    save: Callable[[State], None], best: features.BestWeights, asked: dict[str, Any], loop: Loop
) -> None:
    save(checkpoints.capture(loop.net, loop.optimizer, best.weights, loop.history, asked))


def _history(state: State | None, asked: dict[str, Any]) -> History:
    """Return the history to go on with.

    Raises:
        RecipeError: the state is of another request or text.
    """
    if state is None:
        return History()
    names = [name for name in asked if state.asked.get(name) != asked[name]]
    if names:
        found = f"{', '.join(names)} differ from what the checkpoint was made with"
        must = "a run goes on only with the request that it began with"
        raise RecipeError(message(must, found, "ask for the same, or remove the checkpoint"))
    return copy.deepcopy(state.history)


def _asked(settings: CharacterSettings, text: Text) -> dict[str, Any]:
    """Return what decides the bits of a run: the settings, and a checksum of the text."""
    checksum = 0
    for each in (text.train, text.validation):
        checksum = zlib.crc32(each.cpu().contiguous().numpy().data, checksum)
    return {**asdict(settings), "text": f"{checksum:08x}"}


def seconds_per_step(
    net: RecurrentNet, batches: Sequence[Batch], precision: str, threads: int, limit: float
) -> float:
    """Return the seconds of the quickest of a few training steps; the net is used up.

    The first step, which is slower, counts only where it alone takes longer than ``limit`` seconds: then and
    later no further one is begun.
    """
    optimizer, step, seconds = build_optimizer("adamw", net.parameters()), CarriedStep(net, precision), []
    net.train()
    with using_threads(threads):
        for batch in batches:
            began = time.perf_counter()
            optimizer.zero_grad()
            torch.autograd.backward(step(batch)["loss"])
            optimizer.step()
            seconds.append(time.perf_counter() - began)
            if sum(seconds) > limit:
                break
    return min(seconds[1:] or seconds)
