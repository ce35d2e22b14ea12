"""``train_characters``: a recurrent net learns one long text, with the loop of every training."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from glassnet.engine.characters import Batch, CarriedStep, Streams, character_losses
from glassnet.engine.course_training import Pacing, Reins, train_course
from glassnet.engine.history import History
from glassnet.engine.optim import build_optimizer
from glassnet.engine.threads import using_threads
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


def train_characters(net: RecurrentNet, text: Text, settings: CharacterSettings, reins: Reins) -> History:
    """Train the net in place; afterwards it holds the weights of its best epoch, in evaluation mode.

    Args:
        net: on the device on which it is to be trained, as the text is.
    """
    streams = Streams(len(text.train), settings.streams, settings.window, settings.seed)
    shaped = {"momentum": settings.momentum, "weight_decay": settings.weight_decay}
    optimizer = build_optimizer(settings.optimizer, net.parameters(), lr=settings.lr, **shaped)  # type: ignore[arg-type]
    step = CarriedStep(net, settings.precision)

    def batches(epoch: int) -> Iterator[Batch]:
        step.forget()
        return streams.batches(text.train, epoch)

    def validate() -> tuple[float, Tensor]:
        losses = character_losses(net, text.validation, text.first, settings.precision)
        return float(losses.double().mean()), losses

    pacing = Pacing(
        settings.steps,
        streams.steps,
        settings.lr,
        settings.schedule,
        settings.warmup,
        settings.clip,
        settings.patience,
        settings.seed,
    )
    asked = _asked(settings, text) if reins.state or reins.save else {}
    with using_threads(settings.threads):
        judge = validate if text.validates else None
        return train_course(net, optimizer, step, batches, judge, pacing, reins, asked)


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
