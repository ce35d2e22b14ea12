"""Convolutional nets for photos: a default that learns quickly on a CPU, and the LeNet of every first course.

>>> architecture = PhotoNet(channels=3, widths=(32, 128, 128), outputs=10)
>>> Photo(architecture)(torch.zeros(8, 3, 32, 32)).shape
torch.Size([8, 10])
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glassnet.nets.photo_spec import LeNet, PhotoNet
from glassnet.nets.side_by_side import SideBySide, log_of_mean

_WHITENED_AT_MOST = 200_000
"""Patches whose directions the first layer takes."""
_NOISE = 5e-4
"""Added to the variance of a direction, so that weak ones are not blown up (photos have deviation 1)."""
_SCALE = 1 / 9
"""What the answers are multiplied with, so that an untrained net answers every photo nearly alike."""


class Tower(nn.Module):
    """Stages of convolutions, the greatest value of each last feature map, a linear layer.

    Shape: (photos, whitened, height, width), what the first layer makes of photos, -> (photos, outputs).
    """

    def __init__(self, spec: PhotoNet, kind: dict[str, Any]) -> None:
        super().__init__()
        widths = [spec.whitened, *spec.widths]
        self.stages = nn.Sequential(
            *(Stage(taken, given, spec.depth, kind) for taken, given in pairwise(widths))
        )
        self.output = nn.Linear(widths[-1], spec.outputs, bias=False, **kind)

    def forward(self, seen: Tensor) -> Tensor:
        """Answer what the first layer makes of photos."""
        answers: Tensor = self.output(self.stages(seen).amax((2, 3)))
        return answers * _SCALE


class Photo(SideBySide):
    """Whitened patches, and over them one tower or several that answer together.

    What makes it quick to train: the first layer, the largest, is not learned, so that nothing goes back to
    it. Its filters are the main directions of small patches of the photos, each scaled to variance 1 and
    taken with both signs. Convolutions begin as the identity; batch norm is without a learned scale; the last
    layer's answers are made small (after Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU").
    Stages of three convolutions and more add what came out of the first to the last (He et al. 2016). The net
    takes photos of any size.

    Several towers begin with other weights and learn side by side, each for itself: in training each
    answers every photo, one after another, and :meth:`once_a_member` gives them their targets. In evaluation
    their probabilities are averaged, and the logarithm is handed on (Lakshminarayanan et al. 2017,
    "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles").

    Shape: (photos, channels, height, width) -> (photos, outputs) in evaluation, (members * photos, outputs)
    in training.
    """

    def __init__(self, spec: PhotoNet, device: str = "cpu") -> None:
        super().__init__()
        self.spec = spec
        kind: dict[str, Any] = {"device": device, "dtype": torch.float32}
        self.patches = nn.Conv2d(spec.channels, spec.whitened, spec.patch, spec.stride, bias=False, **kind)
        self.patches.weight.requires_grad_(False)
        self.members = nn.ModuleList(Tower(spec, kind) for _ in range(spec.members))

    def forward(self, x: Tensor) -> Tensor:
        """Answer a batch of photos."""
        seen = F.silu(self.patches(x))
        answers = [member(seen) for member in self.members]
        if self.training or len(answers) == 1:
            return torch.cat(answers)
        return log_of_mean(torch.stack([each.float().log_softmax(1) for each in answers]))

    def whiten(self, photos: Tensor) -> None:
        """Take the filters of the first layer from the patches of some photos.

        Args:
            photos: of mean 0 and deviation 1. Shape: (photos, channels, height, width).
        """
        side, step = self.spec.patch, max(1, self.spec.patch // 2)
        patches = photos.unfold(2, side, step).unfold(3, side, step).permute(0, 2, 3, 1, 4, 5)
        rows = patches.reshape(-1, self.spec.channels * side * side)
        rows = rows[:: -(-len(rows) // _WHITENED_AT_MOST)].double()
        covariance = rows.T @ rows / len(rows)
        variances, directions = torch.linalg.eigh(covariance)
        kept = self.spec.whitened // 2
        filters = directions.T.flip(0)[:kept] / (variances.flip(0)[:kept, None].clamp(min=0) + _NOISE).sqrt()
        filters = filters.reshape(kept, self.spec.channels, side, side)
        self.patches.weight.data.copy_(torch.cat([filters, -filters]))


class Stage(nn.Module):
    """Convolutions of one size: the first one is pooled to half the size, the others stay there."""

    def __init__(self, taken: int, given: int, depth: int, kind: dict[str, Any]) -> None:
        super().__init__()
        inputs = [taken, *[given] * (depth - 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(each, given, 3, padding=1, bias=False, **kind) for each in inputs
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(given, eps=1e-5, momentum=0.3, **kind) for _ in inputs)
        for each in self.norms:
            each.weight.requires_grad_(False)
        for each, inner in zip(self.convolutions, inputs, strict=True):
            nn.init.dirac_(each.weight.data[: min(given, inner)])  # type: ignore[index]

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (photos, taken, h, w) -> (photos, given, h // 2, w // 2)."""
        first = x = F.silu(self.norms[0](F.max_pool2d(self.convolutions[0](x), 2)))
        for number in range(1, len(self.norms)):
            x = self.norms[number](self.convolutions[number](x))
            last = number == len(self.norms) - 1
            x = F.silu(x + first if last and number > 1 else x)
        return x


class LeNetwork(nn.Module):
    """The course's LeNet: convolutions of 6 and 16 filters, both with max pooling, 120, 84 and the answers.

    Shape: (photos, channels, size, size) -> (photos, outputs).
    """

    def __init__(self, spec: LeNet, device: str = "cpu") -> None:
        super().__init__()
        self.spec = spec
        kind: Any = {"device": device, "dtype": torch.float32}
        self.conv1 = nn.Conv2d(spec.channels, 6, 3, **kind)
        self.conv2 = nn.Conv2d(6, 16, 3, **kind)
        self.fc1 = nn.Linear(16 * spec.places**2, 120, **kind)
        self.fc2 = nn.Linear(120, 84, **kind)
        self.fc3 = nn.Linear(84, spec.outputs, **kind)

    def forward(self, x: Tensor) -> Tensor:
        """Answer a batch of photos."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        answers: Tensor = self.fc3(F.relu(self.fc2(x)))
        return answers
