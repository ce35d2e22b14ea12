"""Training photos are varied anew in every epoch: whole batches at once, as a pure function of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.augment_chances import drawn
from glassnet.native_status import native_status
from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import stream

if TYPE_CHECKING:
    from torch import Tensor


def augmented(batch: Tensor, seed: int, augmentation: Augmentation) -> Tensor:
    """Return a varied copy of a batch; the same seed gives the same photos.

    Compiled code does it where the batch is float32 in main memory and the extension is there, otherwise
    torch; they agree but for rounding.

    Args:
        batch: normalised photos, shape (n, channels, height, width), any float type and memory format.
        seed: 0 or above, another one for each batch.
        augmentation: what is done; ``cutmix`` and ``mixup`` are left to `mixed`.
    """
    import torch

    from glassnet.data import augment_native, augment_torch

    channels, height, width = batch.shape[1:]
    chances = drawn(len(batch), (channels, height, width), seed, augmentation)
    compiled = batch.device.type == "cpu" and batch.dtype == torch.float32 and native_status().available
    with torch.no_grad():
        varied = augment_native.vary(batch, chances) if compiled else augment_torch.vary(batch, chances)
        if chances.corners is not None:
            _cut_out(varied, chances.corners.tolist(), augmentation.cutout)
    return varied


def _cut_out(photos: Tensor, corners: list[list[int]], side: int) -> None:
    """Set a square to 0 (DeVries and Taylor 2017); its middle is anywhere, so that a part may lie outside."""
    for photo, (top, left) in zip(photos, corners, strict=True):
        photo[:, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0


def mixed(batch: Tensor, seed: int, augmentation: Augmentation) -> tuple[Tensor, Tensor, float]:
    """Mix each photo with another of its batch, by cutmix (Yun et al. 2019) or mixup (Zhang et al. 2018).

    Args:
        batch: shape (n, channels, height, width); what it holds afterwards is left open.
        seed: 0 or above, another one for each batch.
        augmentation: its ``cutmix`` and ``mixup``.

    Returns:
        The mixed photos; the partner of each, shape (n,), int64; the share of the photo itself, 0 to 1. The
        loss is share * loss(answers) + (1 - share) * loss(answers[partner]).
    """
    import torch

    draw = stream(seed, "mixup")
    if augmentation.cutmix and draw.random() < augmentation.cutmix:
        return _pasted(batch, draw)
    if augmentation.mixup:
        return _blended(batch, draw, augmentation.mixup)
    return batch, torch.arange(len(batch), device=batch.device), 1.0


def _blended(batch: Tensor, draw: np.random.Generator, alpha: float) -> tuple[Tensor, Tensor, float]:
    import torch

    share = float(draw.beta(alpha, alpha))
    share, partner = max(share, 1 - share), _partners(batch, draw)
    with torch.no_grad():
        return torch.lerp(batch[partner], batch, share), partner, share


def _pasted(batch: Tensor, draw: np.random.Generator) -> tuple[Tensor, Tensor, float]:
    import torch

    height, width = batch.shape[2:]
    area, partner = draw.random(), _partners(batch, draw)
    rows, columns = _rectangle(height, width, 1 - area, draw)
    with torch.no_grad():
        batch[:, :, rows, columns] = batch[:, :, rows, columns][partner]
    taken = (rows.stop - rows.start) * (columns.stop - columns.start)
    return batch, partner, 1 - taken / (height * width)


def _partners(batch: Tensor, draw: np.random.Generator) -> Tensor:
    import torch

    return torch.from_numpy(draw.permutation(len(batch))).to(batch.device)


def _rectangle(height: int, width: int, area: float, draw: np.random.Generator) -> tuple[slice, slice]:
    """Return a rectangle of that part of the area, its middle anywhere: what lies outside is cut off."""
    sides, middles = np.sqrt(area) * np.array([height, width]), draw.random(2) * [height, width]
    starts, stops = (np.rint(middles + half * sides).astype(int) for half in (-0.5, 0.5))
    down, right = (
        slice(max(int(start), 0), min(int(stop), size))
        for start, stop, size in zip(starts, stops, (height, width), strict=True)
    )
    return down, right
