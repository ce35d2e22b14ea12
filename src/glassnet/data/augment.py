"""Training photos are varied anew in every epoch: whole batches at once, as a pure function of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import stream

if TYPE_CHECKING:
    from torch import Tensor


PIECE = 1 << 18
"""Numbers of a batch that are varied at a time: as many as a near cache holds."""


def augmented(batch: Tensor, seed: int, augmentation: Augmentation) -> Tensor:
    """Return a varied copy of a batch; the same seed gives the same photos.

    Args:
        batch: normalised photos, shape (n, channels, height, width), any float type and memory format.
        seed: 0 or above, another one for each batch.
        augmentation: what is done; ``cutmix`` and ``mixup`` are left to `mixed`.
    """
    import torch

    draw = stream(seed, "augmentation")
    result = torch.empty_like(batch)
    with torch.no_grad():
        step = max(1, PIECE // max(1, batch.shape[1:].numel()))
        for start in range(0, len(batch), step):
            result[start : start + step] = _varied(batch[start : start + step], draw, augmentation)
    return result


def _varied(photos: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    if augmentation.rotate or augmentation.scale < 1:
        photos = _turned(photos.float(), draw, augmentation)
    elif augmentation.flip or augmentation.shift:
        photos = _moved(photos, draw, augmentation)
    if augmentation.brightness or augmentation.contrast or augmentation.saturation:
        photos = _coloured(photos.float(), draw, augmentation)
    return _cut_out(photos, draw, augmentation.cutout) if augmentation.cutout else photos


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
    return _tensor(draw.permutation(len(batch)), batch)


def _rectangle(height: int, width: int, area: float, draw: np.random.Generator) -> tuple[slice, slice]:
    """Return a rectangle of that part of the area, its middle anywhere: what lies outside is cut off."""
    sides, middles = np.sqrt(area) * np.array([height, width]), draw.random(2) * [height, width]
    starts, stops = (np.rint(middles + half * sides).astype(int) for half in (-0.5, 0.5))
    down, right = (
        slice(max(int(start), 0), min(int(stop), size))
        for start, stop, size in zip(starts, stops, (height, width), strict=True)
    )
    return down, right


def _moved(photos: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    """Mirror and shift by whole pixels."""
    from torch.nn import functional

    count, _, height, width = photos.shape
    photos, most = photos.contiguous(), augmentation.shift  # each step is quicker on the plain layout
    if augmentation.flip:
        flips = _tensor(draw.random(count) < 0.5, photos)
        photos = photos.clone()
        photos[flips] = photos[flips].flip(-1)
    if most:
        whole = augmentation.padding == "reflect" and most < min(height, width)
        wide = functional.pad(photos, (most,) * 4, "reflect" if whole else "constant")
        places, (downs, rights) = np.arange(count), draw.integers(0, 2 * most + 1, size=(2, count))
        windows = wide.unfold(2, height, 1).unfold(3, width, 1)  # (count, channels, downs, rights, ...)
        one, down, right = (_tensor(each, photos) for each in (places, downs, rights))
        photos = windows[one, :, down, right]
    return photos


def _turned(photos: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    """Cut out a part and enlarge it, rotate, mirror and shift: one bilinear look-up for all."""
    import torch
    from torch.nn import functional

    count, _, height, width = photos.shape
    angles = np.radians(draw.uniform(-augmentation.rotate, augmentation.rotate, count))
    zoom = np.sqrt(draw.uniform(augmentation.scale, 1.0, count))
    side = np.where(draw.random(count) < 0.5, -1.0, 1.0) if augmentation.flip else np.ones(count)
    # A pixel of the result at (right, down), both from -1 to 1, is that of the photo at
    # (a * right + b * down + c, d * right + e * down + f).
    a, b = side * zoom * np.cos(angles), -zoom * np.sin(angles) * height / width
    d, e = side * zoom * np.sin(angles) * width / height, zoom * np.cos(angles)
    shifts = draw.integers(-augmentation.shift, augmentation.shift + 1, (2, count))
    c, f = draw.uniform(-1, 1, (2, count)) * (1 - zoom) + shifts * 2.0 / np.array([[width], [height]])
    right, down = ((2 * np.arange(size) + 1) / size - 1 for size in (width, height))
    grid = torch.empty((count, height, width, 2), device=photos.device)
    for place, (along, across, start) in enumerate(((a, b, c), (d, e, f))):
        columns = _tensor(np.outer(along, right) + start[:, None], grid)
        rows = _tensor(np.outer(across, down), grid)
        torch.add(columns[:, None, :], rows[:, :, None], out=grid[..., place])
    padding = "reflection" if augmentation.padding == "reflect" else "zeros"
    return functional.grid_sample(photos, grid, "bilinear", padding, align_corners=False)


def _coloured(photos: Tensor, draw: np.random.Generator, augmentation: Augmentation) -> Tensor:
    """Change brightness, contrast and saturation: one matrix over the channels and one offset a photo."""
    import torch

    count, channels, height, width = photos.shape
    bright = draw.uniform(-augmentation.brightness, augmentation.brightness, count)
    contrast = draw.uniform(1 - augmentation.contrast, 1 + augmentation.contrast, count)
    saturation = draw.uniform(1 - augmentation.saturation, 1 + augmentation.saturation, count)
    if channels == 1:
        saturation = np.ones(count)
    grey = np.full((channels, channels), 1 / channels)
    own = saturation[:, None, None] * np.eye(channels) + (1 - saturation)[:, None, None] * grey
    matrix = _tensor(contrast[:, None, None] * own, photos)
    offset = photos.mean((1, 2, 3)) * _tensor(1 - contrast, photos) + _tensor(bright, photos)
    flat = photos.reshape(count, channels, height * width)
    pixels = torch.bmm(flat.transpose(1, 2), matrix.transpose(1, 2)).add_(offset[:, None, None])
    return pixels.view(count, height, width, channels).permute(0, 3, 1, 2)


def _cut_out(photos: Tensor, draw: np.random.Generator, side: int) -> Tensor:
    """Set a square to 0 (DeVries and Taylor 2017); its middle is anywhere, so that a part may lie outside."""
    count, _, height, width = photos.shape
    tops = (draw.integers(0, height, count) - side // 2).tolist()
    lefts = (draw.integers(0, width, count) - side // 2).tolist()
    photos = photos.clone()
    for photo, top, left in zip(photos, tops, lefts, strict=True):
        photo[:, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
    return photos


def _tensor(values: np.ndarray[Any, Any], like: Tensor) -> Tensor:
    """Put numbers where a tensor is, floats as floats of its kind."""
    import torch

    tensor = torch.from_numpy(values)
    return tensor.to(like) if tensor.is_floating_point() else tensor.to(like.device)
