"""Where a net looks: Grad-CAM, from the gradients of one pass, and occlusion, by covering parts in turn."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from glassnet.engine.evaluating import evaluating
from glassnet.errors import RecipeError, message
from glassnet.lens.heat_view import GradCam, Occlusion
from glassnet.lens.layer_steps import Forward, Step, forward, is_kind
from glassnet.lens.photo_input import PhotoInput, photo_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

MEMBER = re.compile(r"members\.\d+\.stages\.0\.convolutions\.0")
"""Where a member of a net for photos begins."""
BATCH = 64
"""So many covered photos go through the net at once."""


def grad_cam(net: Any, photo: Any, target: int | str | None = None, layer: str | None = None) -> GradCam:
    """Return where a net looks for one class: its maps, weighed by how much each raises that output.

    The score that is differentiated is the net's own output, before any softmax if the net has none.

    Args:
        net: any torch module, or a model of images; it is left as it was, gradients too.
        photo: as of :func:`glassnet.feature_maps`.
        target: number or class of an output; None: the highest.
        layer: a name as of :func:`glassnet.feature_maps`, or a part of the net such as "layer4"; None: the
            last maps that are as large as those of the last convolution with more than one place, so with the
            ReLU behind it; of several nets in one, those of every member.

    Raises:
        RecipeError: the net cannot take the photo; no such output; no such layer, or one without maps.
    """
    given = photo_input(net, photo)
    passed = forward(given, gradients=True)
    at = given.target(target, passed.output)
    name, maps = _maps(passed, layer)
    score = passed.output[0, at]
    found = torch.autograd.grad(score, maps, allow_unused=True, materialize_grads=True)
    weights = torch.cat([each[0].double().mean(dim=(1, 2)) for each in found])
    channels = torch.cat([each[0].double() for each in maps])
    heat = (weights[:, None, None] * channels).sum(dim=0).relu().detach()
    large = F.interpolate(heat[None, None], given.picture.shape[:2], mode="bilinear")[0, 0]
    arrays = [each.cpu().numpy() for each in (weights, heat, large)]
    return GradCam(given.picture, name, at, given.name(at), float(score.detach()), *arrays)


def occlusion(
    net: Any,
    photo: Any,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    *,
    target: int | str | None = None,
    fill: float | None = None,
) -> Occlusion:
    """Return how the probability of a class falls when a patch covers each part of the photo in turn.

    Args:
        net: any torch module that gives logits or log-probabilities, or a model of images.
        photo: as of :func:`glassnet.feature_maps`.
        patch: height and width of the patch in pixels; None: a quarter of the photo.
        stride: how far it moves; None: half the patch. A last step is shorter, so that the patch ends with
            the photo.
        target: number or class of an output; None: the highest.
        fill: what the patch is made of, in numbers as the net takes them; None: the photo's mean, channel by
            channel.

    Raises:
        RecipeError: the net cannot take the photo, no such output, or a patch that does not fit.
    """
    given = photo_input(net, photo)
    output = forward(given).output
    at = given.target(target, output)
    size = given.picture.shape[:2]
    whole = _pair(patch if patch is not None else tuple(max(1, each // 4) for each in size), "patch", size)
    step = _pair(stride if stride is not None else tuple(max(1, each // 2) for each in whole), "stride", size)
    rows, columns = (
        _places(length, part, move) for length, part, move in zip(size, whole, step, strict=True)
    )
    covered = _covered_scores(given, at, rows, columns, whole, fill)
    score = float(_probability(output, at)[0])
    scores = covered.reshape(len(rows), len(columns))
    heatmap = _spread(score - scores, rows, columns, whole, size)
    return Occlusion(given.picture, at, given.name(at), score, scores, rows, columns, whole, heatmap)


def _maps(passed: Forward, layer: str | None) -> tuple[str, list[Tensor]]:
    """Return the name and the maps that are weighed."""
    if layer is not None:
        found = [passed.parts[layer] if layer in passed.parts else passed.step(layer).made]
    else:
        last = [each for each in passed.maps if is_kind(each, ("Conv2d", "conv2d"))]
        if not last:
            must, do = "the net must have a convolution", "name a layer that gives maps"
            raise RecipeError(message(must, "it calls none", do))
        wide = [each for each in last if each.made.shape[2:].numel() > 1]
        size = (wide or last)[-1].made.shape[2:]
        sized = [[each for each in some if each.made.shape[2:] == size] for some in _members(passed.maps)]
        layer = ", ".join(some[-1].name for some in sized)
        found = [some[-1].made for some in sized]
    for each in found:
        if each.ndim != 4 or not each.requires_grad:
            must = f"{layer} must give maps that the answer depends on, shape (1, channels, height, width)"
            raise RecipeError(message(must, f"it gives {tuple(each.shape)}", "name an earlier layer"))
    return layer, found


def _members(maps: list[Step]) -> list[list[Step]]:
    """Return the maps of each member of a net for photos; of other nets, all of them."""
    starts = [place for place, each in enumerate(maps) if MEMBER.fullmatch(each.name)]
    return [maps[start:end] for start, end in pairwise([*starts, None])] if starts else [maps]


def _pair(value: int | tuple[int, ...], name: str, size: tuple[int, ...]) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(
        isinstance(each, int) and 1 <= each <= most for each, most in zip(pair, size, strict=False)
    ):
        must = (
            f"{name} must be one or two whole numbers from 1 to the size of the photo, {size[0]} x {size[1]}"
        )
        raise RecipeError(message(must, f"{name}={value!r}", f"write, say, {name}={max(1, min(size) // 4)}"))
    return pair[0], pair[1]


def _places(length: int, patch: int, stride: int) -> Places:
    """Return where the patch begins along one side.

    >>> _places(10, 4, 3), _places(9, 4, 3)
    (array([0, 3, 6]), array([0, 3, 5]))
    """
    places = [*range(0, length - patch + 1, stride)]
    if places[-1] != length - patch:
        places.append(length - patch)
    return np.array(places, dtype=np.int64)


def _covered_scores(
    given: PhotoInput, target: int, rows: Places, columns: Places, patch: tuple[int, int], fill: float | None
) -> Floats:
    """Return the probability of the class with each part covered, row by row. Shape: (places,)."""
    x = given.x
    colour = x.mean(dim=(2, 3), keepdim=True)[0] if fill is None else torch.full_like(x[0, :, :1, :1], fill)
    corners = [(row, column) for row in rows.tolist() for column in columns.tolist()]
    found = []
    with evaluating(given.net), torch.inference_mode():
        for start in range(0, len(corners), BATCH):
            part = corners[start : start + BATCH]
            batch = x.repeat(len(part), 1, 1, 1)
            for one, (row, column) in zip(batch, part, strict=True):
                one[:, row : row + patch[0], column : column + patch[1]] = colour
            found.append(_probability(given.net(batch), target))
    return np.concatenate(found)


def _probability(output: Tensor, target: int) -> Floats:
    """Return the softmax of one class, or the sigmoid where there is one output. Shape: (n,)."""
    output = output.detach().double()
    chances = output.sigmoid() if output.shape[1] == 1 else output.softmax(dim=1)
    return chances[:, target].cpu().numpy()


def _spread(
    drops: Floats, rows: Places, columns: Places, patch: tuple[int, int], size: tuple[int, ...]
) -> Floats:
    """Return for each pixel the mean of the drops of all patches that cover it; 0 where none does."""
    total, count = np.zeros(size), np.zeros(size)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            part = (slice(row, row + patch[0]), slice(column, column + patch[1]))
            total[part] += drops[i, j]
            count[part] += 1
    return total / np.maximum(count, 1)
