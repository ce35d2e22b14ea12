"""``train_photos``: a convolutional net learns photos, with the loop of every training."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.course_training import Pacing, Reins, train_course
from glassnet.engine.history import History
from glassnet.engine.norms import settle_norms
from glassnet.engine.optim import build_optimizer
from glassnet.engine.photos import Batch, Labelled, Look, PhotoBatches, PhotoStep, answers
from glassnet.engine.precision import computing
from glassnet.engine.threads import using_threads
from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import stream

_BIASES = 64.0
"""Biases of batch norm learn so much faster than weights under sgd, and decay so much less (Jordan 2024)."""
SETTLED, GLANCED = 4096, 512
"""Training photos that the statistics of batch norm are taken from at most: at the end, and to be judged."""
_TOGETHER = 64
"""Of them so many at least are one batch."""


@dataclass(frozen=True)
class PhotoSettings:
    """How a net learns photos; the fields mean what they mean for ``gn.fit``.

    Attributes:
        steps: the length of the run: its last epoch may be cut short.
        smoothing: part of each target that is spread over all classes.
        class_weights: how much a photo of each class counts; None: all alike.
        channels_last: how photos lie in memory: the channels of a pixel side by side.
        flips: validation answers each photo as it is and mirrored.
    """

    batch_size: int
    steps: int
    optimizer: str
    lr: float
    momentum: float
    nesterov: bool
    weight_decay: float
    schedule: str
    warmup: float
    clip: float | None
    patience: int | None
    smoothing: float
    class_weights: tuple[float, ...] | None
    augmentation: Augmentation
    flips: bool
    precision: str
    channels_last: bool
    threads: int
    seed: int


def train_photos(
    net: nn.Module,
    train: Labelled,
    validation: Labelled | None,
    look: Look,
    classes: int,
    settings: PhotoSettings,
    reins: Reins,
) -> History:
    """Train the net in place; afterwards it holds the weights of its best epoch, in evaluation mode.

    What batch norm normalises by is taken from training photos as they are, whenever the net is judged.

    Args:
        net: (photos, channels, height, width) -> (photos, classes), on the device of ``look``.
        validation: photos that judge each epoch; None or none at all: the last epoch is the best.
    """
    s = settings
    batches = PhotoBatches(train, classes, s.batch_size, look, s.augmentation, s.seed)
    laid_out(net, s.channels_last)
    pacing = Pacing(s.steps, batches.steps, s.lr, s.schedule, s.warmup, s.clip, s.patience, s.seed)

    def settle(most: int) -> None:
        with computing(s.precision, look.device):
            settle_norms(net, _plain(train, look, s, most))

    def validate(photos: Labelled) -> tuple[float, Tensor]:
        settle(GLANCED)
        found = answers(net, look, photos.pixels, flips=s.flips, precision=s.precision)
        return -float(found[np.arange(len(photos)), photos.labels].mean()), torch.from_numpy(found)

    judge = partial(validate, validation) if validation is not None and len(validation) else None
    asked = _asked(settings, train, validation) if reins.state or reins.save else {}
    step = PhotoStep(net, s.precision, s.smoothing, s.class_weights)
    with using_threads(s.threads):
        history = train_course(net, optimizer_of(net, s), step, batches, judge, pacing, reins, asked)
        settle(SETTLED)
    return history


def _plain(train: Labelled, look: Look, settings: PhotoSettings, most: int) -> Iterator[Tensor]:
    """Yield training photos as they are, every other one mirrored where answers look at both."""
    rows = np.unique(np.linspace(0, len(train) - 1, most).astype(np.int64))
    rows = stream(settings.seed, "settle").permutation(rows)
    for some in np.array_split(rows, max(1, round(len(rows) / max(_TOGETHER, settings.batch_size)))):
        photos = look(train.pixels[np.sort(some)])
        if settings.flips:
            photos[::2] = photos[::2].flip(3)
        yield photos


def laid_out(net: nn.Module, channels_last: bool) -> nn.Module:
    """Lay the filters of a net out in memory as the photos are."""
    kind: Any = {"memory_format": torch.channels_last if channels_last else torch.contiguous_format}
    net.to(**kind)
    return net


def optimizer_of(net: nn.Module, settings: PhotoSettings) -> torch.optim.Optimizer:
    """Return the optimiser, with groups for what learns at a rate of its own.

    Biases and the shifts of norms do not decay. Under sgd those of norms learn faster, by ``_BIASES``. A
    parameter may carry a ``learning_share`` of its own (a pretrained layer that is to change slowly).
    """
    groups: dict[tuple[float, bool], list[Tensor]] = {}
    for module in net.modules():
        norm = isinstance(module, nn.BatchNorm2d)
        for each in module.parameters(recurse=False):
            if each.requires_grad:
                share = float(getattr(each, "learning_share", 1.0))
                share *= _BIASES if norm and settings.optimizer == "sgd" else 1.0
                groups.setdefault((share, each.ndim > 1), []).append(each)
    options = {"momentum": settings.momentum, "nesterov": settings.nesterov}
    asked: Iterable[dict[str, Any]] = [
        {"params": members, "share": share, "weight_decay": settings.weight_decay if decays else 0.0}
        for (share, decays), members in groups.items()
    ]
    return build_optimizer(settings.optimizer, asked, lr=settings.lr, **options)  # type: ignore[arg-type]


def _asked(settings: PhotoSettings, train: Labelled, validation: Labelled | None) -> dict[str, Any]:
    """Return what decides the bits of a run: the settings, and a checksum of the photos."""
    checksum = 0
    for photos in (train, validation):
        if photos is not None:
            checksum = zlib.crc32(np.ascontiguousarray(photos.labels).data, checksum)
            for start in range(0, len(photos), 1024):
                piece = np.ascontiguousarray(photos.pixels[start : start + 1024])
                checksum = zlib.crc32(piece.data, checksum)
    told = {**asdict(settings), "augmentation": settings.augmentation.model_dump(mode="json")}
    return {**told, "photos": f"{checksum:08x}"}


def seconds_per_step(net: nn.Module, batches: list[Batch], settings: PhotoSettings, limit: float) -> float:
    """Return the seconds of the quickest of a few training steps; the net is used up.

    The first step, which is slower, counts only where it alone takes longer than ``limit`` seconds: then and
    later no further one is begun.
    """
    laid_out(net, settings.channels_last)
    kind = torch.channels_last if settings.channels_last else torch.contiguous_format
    optimizer, seconds = optimizer_of(net, settings), list[float]()
    step = PhotoStep(net, settings.precision, settings.smoothing, settings.class_weights)
    net.train()
    with using_threads(settings.threads):
        for photos, shares in batches:
            laid = photos.contiguous(memory_format=kind)
            began = time.perf_counter()
            optimizer.zero_grad()
            loss = step((laid, shares))["loss"]
            torch.autograd.backward(loss)
            optimizer.step()
            float(loss.detach())  # on a GPU all of this has only been asked for: wait until it is done
            seconds.append(time.perf_counter() - began)
            if sum(seconds) > limit:
                break
    return min(seconds[1:] or seconds)
