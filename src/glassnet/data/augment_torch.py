"""Vary photos with torch: on a GPU, in other types than float32, and where nothing was compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from glassnet.data.augment_chances import Chances

PIECE = 1 << 18
"""Numbers of a batch that are varied at a time: as many as a near cache holds."""


def vary(batch: Tensor, chances: Chances) -> Tensor:
    """Return a varied copy of a batch, shape (photos, channels, height, width), in its memory format."""
    result = torch.empty_like(batch)
    step = max(1, PIECE // max(1, batch.shape[1:].numel()))
    for start in range(0, len(batch), step):
        some = slice(start, start + step)
        result[some] = _varied(batch[some], chances[some])
    return result


def _varied(photos: Tensor, chances: Chances) -> Tensor:
    if chances.places is not None:
        photos = _turned(photos.float(), chances.places, chances.reflect)
    elif chances.rows is not None and chances.columns is not None:
        photos = _moved(photos, chances.rows, chances.columns)
    if chances.matrices is not None and chances.offsets is not None:
        photos = _coloured(photos.float(), chances.matrices, chances.offsets)
    return photos


def _moved(photos: Tensor, rows: np.ndarray[Any, Any], columns: np.ndarray[Any, Any]) -> Tensor:
    down, right = (torch.from_numpy(each).to(photos.device, torch.int64) for each in (rows, columns))
    photo = torch.arange(len(photos), device=photos.device)[:, None, None]
    pixels = photos.permute(0, 2, 3, 1)
    found = pixels[photo, down.clamp(min=0)[:, :, None], right.clamp(min=0)[:, None, :]]
    if rows.min() < 0 or columns.min() < 0:
        found[(down[:, :, None] < 0) | (right[:, None, :] < 0)] = 0
    return found.permute(0, 3, 1, 2)


def _turned(photos: Tensor, places: np.ndarray[Any, Any], reflect: bool) -> Tensor:
    """Look pixels up between others; ``grid_sample`` counts both sides of a photo from -1 to 1."""
    count, _, height, width = photos.shape
    grid = torch.empty((count, height, width, 2), device=photos.device)
    for axis, size in enumerate((width, height)):
        by_column, by_row, start = (each[:, None] for each in places.astype(np.float64).T[3 * axis :][:3])
        along = (2 * (by_column * np.arange(width) + start) + 1) / size - 1
        across = 2 * by_row * np.arange(height) / size
        columns, rows = (torch.from_numpy(each).to(grid) for each in (along, across))
        torch.add(columns[:, None, :], rows[:, :, None], out=grid[..., axis])
    return F.grid_sample(photos, grid, "bilinear", "reflection" if reflect else "zeros", align_corners=False)


def _coloured(photos: Tensor, matrices: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any]) -> Tensor:
    count, channels, height, width = photos.shape
    matrix, (keep, add) = torch.from_numpy(matrices).to(photos), torch.from_numpy(offsets).to(photos).T
    offset = photos.mean((1, 2, 3)) * keep + add
    flat = photos.reshape(count, channels, height * width)
    pixels = torch.bmm(flat.transpose(1, 2), matrix.transpose(1, 2)).add_(offset[:, None, None])
    return pixels.view(count, height, width, channels).permute(0, 3, 1, 2)
