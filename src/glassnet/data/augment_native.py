"""Vary photos in compiled code: each goes once through a near cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from glassnet.data.augment_chances import Chances


def vary(batch: Tensor, chances: Chances) -> Tensor:
    """Return a varied copy of a batch, (photos, channels, height, width), float32, in its memory format.

    As many threads work as torch has; the numbers do not depend on how many.
    """
    from glassnet import _native

    pixels = np.ascontiguousarray(batch.detach().permute(0, 2, 3, 1).numpy())
    result = torch.empty(pixels.shape)
    _native.vary_photos(
        pixels,
        chances.rows,
        chances.columns,
        chances.places,
        chances.reflect,
        chances.matrices,
        chances.offsets,
        result.numpy(),
        torch.get_num_threads(),
    )
    varied = result.permute(0, 3, 1, 2)
    return varied.contiguous() if batch.is_contiguous() else varied
