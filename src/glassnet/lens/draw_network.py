"""Figures of a net: its units and connections, and maps of its weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from glassnet.errors import RecipeError, message
from glassnet.lens.draw import MARK, TRAIN, VALIDATION, Figure, with_fonts
from glassnet.model.table import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_UNITS = 10
"""Of more units in a layer the first and last ones are drawn, and dots between them."""
MOST_MAPS = 8
MOST_FILTERS = 16
GAP = "#b9bfc7"
MAP = "PuOr"
"""Orange below 0, white at 0, purple above: colours that colour-blind people tell apart."""


def plot_network(net: nn.Module | Model, names: Sequence[str] | None = None) -> Figure:
    """Draw the units of a dense net and their connections: wide for large weights, dashed for those below 0.

    Args:
        net: any net with linear layers one after the other, or a Model.
        names: of the inputs.

    Raises:
        RecipeError: it has no linear layers, or they do not follow on each other.
    """
    module = net.net if isinstance(net, Model) else net
    layers = [(name, each) for name, each in module.named_modules() if isinstance(each, nn.Linear)]
    pairs = pairwise(layers)
    if not layers or any(a.out_features != b.in_features for (_, a), (_, b) in pairs):
        must = "the net must have linear layers, each with as many inputs as the one before it has outputs"
        found = (
            ", ".join(f"{name} {each.in_features} to {each.out_features}" for name, each in layers) or "none"
        )
        raise RecipeError(message(must, found, "draw its weights with plot_weights"))
    sizes = [layers[0][1].in_features, *(each.out_features for _, each in layers)]
    places = [_places(size) for size in sizes]
    figure = Figure(
        figsize=(2.6 * len(sizes) + 1.2, max(3.2, 0.46 * max(map(len, places)) + 1.6)), layout="constrained"
    )
    axes = figure.add_subplot()
    axes.axis("off")
    for at, (_, layer) in enumerate(layers):
        _draw_connections(axes, at, places[at], places[at + 1], layer.weight.detach().cpu().double().numpy())
    for at, (size, units) in enumerate(zip(sizes, places, strict=True)):
        _draw_units(axes, at, size, units, names if at == 0 else None)
        title = "inputs" if at == 0 else "outputs" if at == len(layers) else "hidden"
        axes.annotate(f"{title}\n{size:,}", (at, 1.06), ha="center", va="bottom", color=MARK)
    axes.set_xlim(-0.5, len(sizes) - 0.6)
    axes.set_ylim(-0.08, 1.22)
    axes.plot([], [], color=TRAIN, linewidth=2, label="weight above 0")
    axes.plot([], [], color=VALIDATION, linewidth=2, linestyle="--", label="weight below 0")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2, fontsize="small")
    return with_fonts(figure)


def plot_weights(net: nn.Module | Model) -> Figure:
    """Draw the weights of each layer: a row for each unit, of a convolution a picture for each filter.

    Raises:
        RecipeError: it has no linear or convolution layers.
    """
    module = net.net if isinstance(net, Model) else net
    layers = [
        (name, each.weight.detach().cpu().double().numpy())
        for name, each in module.named_modules()
        if isinstance(each, nn.Linear | nn.Conv1d | nn.Conv2d)
    ]
    if not layers:
        raise RecipeError(
            message("the net must have weights to draw", "no linear or convolution layer", "give another")
        )
    shown = layers[:MOST_MAPS]
    columns = min(len(shown), 3)
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.5 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes, (name, weights) in zip(grid, shown, strict=False):
        _draw_map(axes, weights)
        axes.set_title(f"{name or 'weights'}: {' x '.join(map(str, weights.shape))}", fontsize="medium")
    for axes in grid[len(shown) :]:
        axes.axis("off")
    if len(layers) > len(shown):
        figure.suptitle(f"the first {len(shown)} of {len(layers)} layers", fontsize="medium")
    return with_fonts(figure)


def _draw_map(axes: Any, weights: Floats) -> None:
    is_filters = weights.ndim > 2
    reach = max(float(np.abs(weights).max()), 1e-12)
    picture, aspect = (_filters(weights), "equal") if is_filters else (weights, "auto")
    drawn = axes.imshow(picture, cmap=MAP, vmin=-reach, vmax=reach, aspect=aspect, interpolation="nearest")
    axes.figure.colorbar(drawn, ax=axes, shrink=0.85)
    axes.set_facecolor(GAP)
    if is_filters:
        some = f"{MOST_FILTERS} of {len(weights)} " if len(weights) > MOST_FILTERS else ""
        axes.set_xlabel(f"{some}filters" + (", mean over channels" if weights.shape[1] > 1 else ""))
        axes.set(xticks=[], yticks=[])
        return
    axes.set(xlabel="input", ylabel="unit")
    for axis, size in ((axes.yaxis, weights.shape[0]), (axes.xaxis, weights.shape[1])):
        places = np.unique(np.linspace(0, size - 1, min(size, 6)).round().astype(int))
        axis.set_ticks(places, [str(place + 1) for place in places])


def _places(size: int) -> list[tuple[int, float]]:
    """Return the units that are drawn and their heights from 0 to 1, the first one on top."""
    half = MOST_UNITS // 2
    units = list(range(size)) if size <= MOST_UNITS else [*range(half), *range(size - half, size)]
    if len(units) == 1:
        return [(0, 0.5)]
    slots = np.linspace(1, 0, len(units) + (1 if size > MOST_UNITS else 0))
    heights = slots if size <= MOST_UNITS else np.delete(slots, half)
    return list(zip(units, heights.tolist(), strict=True))


def _draw_connections(
    axes: Any, at: int, before: list[tuple[int, float]], after: list[tuple[int, float]], weights: Floats
) -> None:
    largest = max(float(np.abs(weights).max()), 1e-12)
    for unit, height in after:
        for source, start in before:
            weight = float(weights[unit, source])
            size = abs(weight) / largest
            color, style = (TRAIN, "-") if weight >= 0 else (VALIDATION, "--")
            axes.plot(
                [at, at + 1],
                [start, height],
                style,
                color=color,
                linewidth=0.3 + 2.6 * size,
                alpha=0.15 + 0.7 * size,
                zorder=1,
            )


def _draw_units(
    axes: Any, at: int, size: int, units: list[tuple[int, float]], names: Sequence[str] | None
) -> None:
    axes.plot(
        [at] * len(units),
        [height for _, height in units],
        "o",
        markersize=17,
        color="white",
        markeredgecolor=MARK,
        markeredgewidth=1.6,
        zorder=2,
    )
    for unit, height in units:
        text = {"ha": "center", "va": "center", "fontsize": "small", "zorder": 3}
        axes.annotate(f"{unit + 1}", (at, height), **text)
        if names is not None and unit < len(names):
            axes.annotate(
                names[unit],
                (at, height),
                (-13, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize="small",
            )
    if size > MOST_UNITS:
        axes.annotate("⋮", (at, 0.5), ha="center", va="center", fontsize="x-large", color=MARK)


def _filters(weights: Floats) -> Floats:
    """Put the filters of a convolution side by side, each the mean over its channels."""
    pictures = weights.mean(axis=1)[:MOST_FILTERS]
    pictures = pictures[:, None] if pictures.ndim == 2 else pictures
    count, height, width = pictures.shape
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    board = np.full((down * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    for place, picture in enumerate(pictures):
        top, left = (place // across) * (height + 1), (place % across) * (width + 1)
        board[top : top + height, left : left + width] = picture
    return board
