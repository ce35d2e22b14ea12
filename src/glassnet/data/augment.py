"""Training photos are varied anew in every epoch: whole batches at once, as a pure function of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import stream

if TYPE_CHECKING:
    from torch import Tensor


def augmented(batch: Tensor, seed: int, augmentation: Augmentation) -> Tensor:
    """Return a varied copy of a batch; the same seed gives the same photos.

    Args:
        batch: normalised photos, shape (n, channels, height, width), any float type and memory format.
        seed: 0 or above, another one for each batch.
        augmentation: what is done; ``mixup`` is left to `mixed`.
    """
    import torch

    draw = stream(seed, "augmentation")
    last = batch.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    with torch.no_grad():
        if augmentation.rotate or augmentation.scale < 1:
            batch = _turned(batch, draw, augmentation)
        if augmentation.flip or augmentation.shift:
            batch = _moved(batch, draw, augmentation)
        if augmentation.brightness or augmentation.contrast or augmentation.saturation:
            batch = _coloured(batch, draw, augmentation)
        if augmentation.cutout:
            batch = _cut_out(batch, draw, augmentation.cutout)
    return batch.contiguous(memory_format=layout)


def mixed(batch: Tensor, seed: int, alpha: float) -> tuple[Tensor, Tensor, float]:
    """Mix each photo with another of its batch (Zhang et al. 2018, mixup).

    Returns:
        The mixed photos; the partner of each, shape (n,), int64; the share of the photo itself, 0.5 to 1. The
        loss is share * loss(answers) + (1 - share) * loss(answers[partner]).
    """
    import torch

    draw = stream(seed, "mixup")
    share = float(draw.beta(alpha, alpha))
    share = max(share, 1 - share)
    partner = torch.from_numpy(draw.permutation(len(batch))).to(batch.device)
    with torch.no_grad():
        return torch.lerp(batch[partner], batch, share), partner, share


def _moved(batch: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    """Mirror and shift by whole pixels: one copy of each photo out of the padded batch."""
    import torch
    from torch.nn import functional

    count, _, height, width = batch.shape
    flips = draw.random(count) < 0.5 if augmentation.flip else np.zeros(count, bool)
    most = augmentation.shift
    downs, rights = draw.integers(0, 2 * most + 1, size=(2, count)).tolist()
    mirrored = batch.flip(-1)
    kind = "reflect" if augmentation.padding == "reflect" and most < min(height, width) else "constant"
    wide, turned = (functional.pad(each, (most,) * 4, kind) for each in (batch, mirrored))
    result = torch.empty_like(batch)
    for place, (down, right, flip) in enumerate(zip(downs, rights, flips.tolist(), strict=True)):
        source = turned if flip else wide
        result[place] = source[place, :, down : down + height, right : right + width]
    return result


def _turned(batch: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    """Rotate and cut out a part, enlarged: one bilinear look-up."""
    import torch
    from torch.nn import functional

    count, _, height, width = batch.shape
    angles = np.radians(draw.uniform(-augmentation.rotate, augmentation.rotate, count))
    zoom = np.sqrt(draw.uniform(augmentation.scale, 1.0, count))
    room = 1 - zoom
    matrix = np.zeros((count, 2, 3), np.float32)
    matrix[:, 0, 0] = matrix[:, 1, 1] = zoom * np.cos(angles)
    matrix[:, 0, 1] = -zoom * np.sin(angles) * height / width
    matrix[:, 1, 0] = zoom * np.sin(angles) * width / height
    matrix[:, :, 2] = draw.uniform(-1, 1, (count, 2)) * room[:, None]
    theta = torch.from_numpy(matrix).to(batch.device)
    grid = functional.affine_grid(theta, list(batch.shape), align_corners=False)
    padding = "reflection" if augmentation.padding == "reflect" else "zeros"
    found = functional.grid_sample(batch.float(), grid, "bilinear", padding, align_corners=False)
    return found.to(batch.dtype)


def _coloured(batch: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    """Change brightness, contrast and saturation of each photo: one line a pixel."""
    import torch

    def drawn(most: float, middle: float) -> Tensor:
        numbers = middle + draw.uniform(-most, most, (len(batch), 1, 1, 1))
        return torch.from_numpy(numbers).to(batch)

    bright, contrast = drawn(augmentation.brightness, 0.0), drawn(augmentation.contrast, 1.0)
    saturation = drawn(augmentation.saturation, 1.0)
    mean = batch.mean((1, 2, 3), keepdim=True, dtype=torch.float32).to(batch)
    if augmentation.saturation and batch.shape[1] > 1:
        batch = torch.lerp(batch.mean(1, keepdim=True), batch, saturation)
    return batch * contrast + (mean * (1 - contrast) + bright)


def _cut_out(batch: Tensor, draw: np.random.Generator, side: int) -> Tensor:
    """Set a square to 0 (DeVries and Taylor 2017); its middle is anywhere, so that a part may lie outside."""
    count, _, height, width = batch.shape
    tops = (draw.integers(0, height, count) - side // 2).tolist()
    lefts = (draw.integers(0, width, count) - side // 2).tolist()
    result = batch.clone()
    for place, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        result[place, :, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
    return result
