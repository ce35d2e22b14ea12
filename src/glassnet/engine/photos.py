"""Photos on their way through a net: the order of an epoch, mixed photos, soft targets, answers.

Photos stay small whole numbers until their batch is used. What chance does to a batch is a pure function of
(seed, epoch, step), so that a resumed run needs no state of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glassnet.data.augment import augmented, mixed
from glassnet.engine.precision import computing
from glassnet.nets.side_by_side import SideBySide
from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import derived_seed, epoch_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_AT_ONCE = 1 << 23
"""About how many numbers of photos go through a net at once where nothing is trained."""


@dataclass(frozen=True)
class Labelled:
    """Photos with their classes.

    Attributes:
        pixels: (photos, height, width, channels), whole numbers up to 255; may be memory-mapped.
        labels: number of each photo's class. Shape: (photos,).
    """

    pixels: Pixels
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Look:
    """How pixels become what a net takes: (pixels / 255 - mean) / deviation, by channel."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    device: torch.device
    channels_last: bool = True

    def __call__(self, pixels: Pixels) -> Tensor:
        """Shape: (photos, height, width, channels) -> (photos, channels, height, width), float32."""
        moved = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.device)
        width = pixels.shape[2]  # over whole rows of pixels this is three times as quick as over channels
        scale = torch.tensor([1 / (255 * each) for each in self.deviation] * width, device=self.device)
        shift = [-m / d for m, d in zip(self.mean, self.deviation, strict=True)] * width
        rows = moved.to(torch.float32).flatten(2).mul_(scale).add_(torch.tensor(shift, device=self.device))
        looked = rows.view(moved.shape).permute(0, 3, 1, 2)
        return looked if self.channels_last else looked.contiguous()


Batch = tuple[Tensor, Tensor]
"""Photos as the net takes them, and the share of each class in each photo: (photos, classes)."""


@dataclass(frozen=True)
class PhotoBatches:
    """The batches of each epoch: all photos once, in pieces of nearly one size, changed by chance."""

    photos: Labelled
    classes: int
    batch_size: int
    look: Look
    augmentation: Augmentation
    seed: int

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return max(1, round(len(self.photos) / self.batch_size))

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 1."""
        order = epoch_order(self.seed, epoch, len(self.photos))
        for step, rows in enumerate(np.array_split(order, self.steps)):
            rows = np.sort(rows)
            photos = self.look(self.photos.pixels[rows])
            labels = torch.from_numpy(self.photos.labels[rows]).to(photos.device)
            shares = F.one_hot(labels, self.classes).to(torch.float32)
            seed = derived_seed(self.seed, "augment", epoch, step)
            photos = augmented(photos, seed, self.augmentation)
            if self.augmentation.mixes:
                photos, partner, share = mixed(photos, seed, self.augmentation)
                shares = torch.lerp(shares[partner], shares, share)
            yield photos, shares


class PhotoStep:
    """The loop's step: the cross-entropy of a batch, with smoothed targets.

    Args:
        smoothing: part of each target that is spread over all classes (Szegedy et al. 2016, section 7).
        weights: how much a photo of each class counts; None: all alike.
    """

    def __init__(
        self, net: nn.Module, precision: str, smoothing: float, weights: tuple[float, ...] | None
    ) -> None:
        self.net, self.precision, self.smoothing, self.weights = net, precision, smoothing, weights

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Return the weighted mean loss in nats, and the sum of weights as its weight."""
        photos, shares = batch
        with computing(self.precision, photos.device):
            answers = self.net(photos)
        if isinstance(self.net, SideBySide):
            shares = self.net.once_a_member(shares)
        if self.weights is None:
            losses = F.cross_entropy(answers.float(), shares, label_smoothing=self.smoothing)
            return {"loss": losses, "weight": len(photos)}
        counts = shares @ torch.tensor(self.weights, device=shares.device)
        each = F.cross_entropy(answers.float(), shares, label_smoothing=self.smoothing, reduction="none")
        return {"loss": (each * counts).sum() / counts.sum(), "weight": counts.sum().detach()}


def answers(
    net: nn.Module,
    look: Look,
    pixels: Pixels,
    *,
    flips: bool,
    precision: str = "float32",
    told: Callable[[int], None] | None = None,
) -> NDArray[np.float64]:
    """Return the logarithm of each class's probability for each photo; the net is left in evaluation mode.

    Args:
        flips: answer each photo as it is and mirrored, and take the mean of what the net puts out.
        told: called with the number of photos that are answered.

    Shape: (photos, classes).
    """
    net.eval()
    at_once = max(1, _AT_ONCE // math.prod(pixels.shape[1:]))
    found = []
    with torch.no_grad():
        for start in range(0, len(pixels), at_once):
            photos = look(pixels[start : start + at_once])
            with computing(precision, look.device):
                out = net(photos).float()
                if flips:
                    out = (out + net(photos.flip(3)).float()) / 2
            found.append(out.double().log_softmax(1).cpu().numpy())
            if told is not None:
                told(start + len(out))
    return np.concatenate(found)
