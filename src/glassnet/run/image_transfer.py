"""Beginning with a net that others have trained: a new last layer on its features, then the whole net."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.photos import Labelled, Look, answers
from glassnet.engine.settings import Settings
from glassnet.engine.threads import using_threads
from glassnet.engine.training import train_net
from glassnet.engine.transfer import (
    cached_features,
    features,
    layer_rates,
    split_backbone,
    weights_fingerprint,
)
from glassnet.nets.pretrained import last_linear, pretrained
from glassnet.run.course import Followed, followed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.engine.history import History
    from glassnet.engine.rows import Rows
    from glassnet.errors import NonFiniteLoss
    from glassnet.plan.images import ImagePlan
    from glassnet.run.context import Context

    Trained = tuple[nn.Module, History, NonFiniteLoss | None]

HEAD_RATE, HEAD_DECAY, HEAD_BATCH = 0.003, 0.01, 64
"""How the new last layer learns, with AdamW."""
PIECE = 256
"""Photos that are read at a time."""
FACTOR = 0.5
"""Each part below the last layer learns at this share of the rate of the one above."""


@dataclass(frozen=True)
class Transfer:
    """What a transfer works on: photos with their classes, and how they become numbers."""

    plan: ImagePlan
    train: Labelled
    validation: Labelled
    look: Look
    classes: int
    seed: int

    def loss(self, net: nn.Module) -> float | None:
        """Return the mean log loss on the validation photos; None without any."""
        if not len(self.validation):
            return None
        found = answers(net, self.look, self.validation.pixels, flips=self.plan.flips)
        return -float(found[np.arange(len(found)), self.validation.labels].mean())


class _Looked:
    """Photos as a net takes them, made part by part."""

    def __init__(self, look: Look, pixels: NDArray[np.uint8], mirrored: bool) -> None:
        self.look, self.pixels, self.mirrored = look, pixels, mirrored

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, part: slice) -> Tensor:
        photos = self.look(self.pixels[part])
        return photos.flip(3) if self.mirrored else photos


def with_new_head(context: Context, transfer: Transfer, name: str) -> Trained:
    """Load the net, train a new last layer on what the rest makes of the photos, and let all of it learn.

    What the rest makes of them is computed once, and in a run folder kept until the run is finished.
    """
    plan = transfer.plan
    known = pretrained(plan.pretrained or "", classes=transfer.classes, seed=transfer.seed)
    net = known.to(transfer.look.device)
    context.reporter.phase("computing what the pretrained net sees in each photo")
    with using_threads(plan.threads):
        seen = {
            part: _features(context, transfer, net, photos)
            for part, photos in (("train", transfer.train), ("validation", transfer.validation))
        }
    history, failure = _trained_head(context, transfer, last_linear(net)[1], seen, name)
    net.requires_grad_()
    for group in layer_rates(net, 1.0, FACTOR):
        for each in group["params"]:
            each.learning_share = group["lr"]
    return net.eval(), history, failure


def _features(context: Context, transfer: Transfer, net: nn.Module, photos: Labelled) -> NDArray[np.float32]:
    """Return the features of photos, and after them those of their mirror images where these count."""
    if not len(photos):
        return np.empty((0, 1), np.float32)
    backbone, _ = split_backbone(net)
    plan, path = transfer.plan, context.checkpoint("features")
    sides = (False, True) if plan.flips else (False,)

    def make() -> NDArray[np.float32]:
        looked = (_Looked(transfer.look, photos.pixels, side) for side in sides)
        return np.concatenate([features(backbone, each, precision=plan.precision) for each in looked])

    if path is None:
        return make()
    key = (_digest(photos.pixels), weights_fingerprint(backbone), plan.precision, f"{plan.size} {sides}")
    return cached_features(Path(path).parent, key, make)


def _digest(pixels: NDArray[np.uint8]) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(pixels), PIECE):
        digest.update(np.ascontiguousarray(pixels[start : start + PIECE]).data)
    return digest.hexdigest()


def _trained_head(
    context: Context, transfer: Transfer, head: nn.Linear, seen: dict[str, NDArray[np.float32]], name: str
) -> tuple[History, NonFiniteLoss | None]:
    plan, times = transfer.plan, 2 if transfer.plan.flips else 1
    settings = Settings(
        loss="cross_entropy",
        optimizer="adamw",
        lr=HEAD_RATE,
        weight_decay=HEAD_DECAY,
        batch_size=HEAD_BATCH,
        epochs=plan.head_epochs,
        schedule="cosine",
        seed=transfer.seed,
        device=plan.device,
        engine="torch",
        threads=plan.threads,
    )

    def rows(part: str, photos: Labelled) -> Rows:
        labels = np.tile(photos.labels, times)
        weights = np.array(plan.class_weights)[labels] if plan.class_weights else None
        return checked_rows(head, np.array(seen[part]), labels, weights, loss=settings.loss)

    held = rows("validation", transfer.validation) if len(transfer.validation) else None

    def train_it(reins: Followed) -> History:
        return train_net(head, rows("train", transfer.train), settings, validation=held, **reins)

    return followed(context, name, train_it)


def kept_if_better(
    transfer: Transfer, done: Trained, loss: float | None, weights: dict[str, Tensor]
) -> Trained:
    """Return the net as the training of all of it left it, or where validation got worse as it was before.

    Args:
        done: the net after that training.
        loss, weights: what it had before.
    """
    net, history, failure = done
    after = transfer.loss(net)
    if loss is not None and after is not None and after > loss and history.stopped != "interrupted":
        net.load_state_dict(weights)
    return net, history, failure
