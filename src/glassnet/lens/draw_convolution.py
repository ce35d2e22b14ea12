"""Figures of what is inside a convolutional net, one for each View of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.lens.convolution_view import FeatureMaps, Filters, PhotoView, PoolingWinners, UnfoldedPixel
from glassnet.lens.draw import Figure, with_fonts
from glassnet.lens.heat_view import GradCam, Occlusion
from glassnet.lens.numerals import number
from glassnet.lens.pictures import colours, grey, heat_over, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 16
"""So many pictures of a layer are drawn."""
ACROSS = 8


def plot_convolution(view: PhotoView) -> Figure:
    """Draw filters, feature maps, an unfolded pixel, pooling winners, Grad-CAM or an occlusion map.

    Args:
        view: what one of ``gn.filters``, ``gn.feature_maps``, ``gn.unfold_pixel``, ``gn.pooling_winners``,
            ``gn.grad_cam`` and ``gn.occlusion`` returned.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("maps.png")`` writes it.

    Raises:
        RecipeError: it is none of these.
    """
    draw = _DRAWN.get(type(view))
    if draw is None:
        must, do = (
            "view must be one from inside a convolutional net",
            "pass, say, gn.feature_maps(net, photo)",
        )
        raise RecipeError(message(must, f"a {type(view).__name__}", do))
    figure: Figure = draw(view)
    return with_fonts(figure)


Row = tuple[str, list[Any]]


def _sheets(rows: list[Row], height: float = 1.0) -> Figure:
    """Draw rows of small pictures, each row below its title; long rows go on below."""
    lines = sum(math.ceil(len(pictures) / ACROSS) for _, pictures in rows)
    size = (ACROSS * 1.15, lines * height + 0.32 * len(rows) + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    ratios = [math.ceil(len(pictures) / ACROSS) * height + 0.32 for _, pictures in rows]
    parts: Any = figure.subfigures(len(rows), 1, height_ratios=ratios, squeeze=False)
    for part, (title, pictures) in zip(parts[:, 0], rows, strict=True):
        part.suptitle(title, x=0.01, ha="left", fontsize=9)
        grid = part.subplots(math.ceil(len(pictures) / ACROSS), ACROSS, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, pixels in zip(grid.flat, pictures, strict=False):
            _show(axes, pixels)
    return figure


def _show(axes: Any, pixels: Any) -> None:
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


def _filters(view: Filters) -> Figure:
    rows: list[Row] = []
    for each in view.layers:
        low, high = float(each.weights.min()), float(each.weights.max())
        if each.is_colour:
            tiles = [grey(np.moveaxis(one, 0, -1), low, high) for one in each.weights[:MOST]]
            rows.append((f"{each.name}: filters 0 to {len(tiles) - 1}, as colours", tiles))
            continue
        most = max(-low, high)
        tiles = [signed(one[0], most) for one in each.weights[:MOST]]
        channel = "" if each.weights.shape[1] == 1 else ", what each sees in its first channel"
        title = f"{each.name}: filters 0 to {len(tiles) - 1}{channel}"
        rows.append((f"{title}; blue −{number(most, 2)}, orange {number(most, 2)}", tiles))
    return _sheets(rows)


def _maps(view: FeatureMaps) -> Figure:
    rows: list[Row] = [("the photo", [colours(view.picture)])]
    for each in view.layers:
        low, high = float(each.maps.min()), float(each.maps.max())
        most = max(-low, high)
        maps = each.maps[:MOST]
        tiles = [signed(one, most) if low < 0 else grey(one, 0.0, high) for one in maps]
        scale = (
            f"blue −{number(most, 2)}, orange {number(most, 2)}" if low < 0 else f"white {number(high, 2)}"
        )
        count = f"{len(maps)} of {len(each.maps)} maps, " if len(each.maps) > MOST else ""
        rows.append((f"after {each.name}: {count}{scale}", tiles))
    return _sheets(rows)


def _winners(view: PoolingWinners) -> Figure:
    rows: list[Row] = [("the photo", [colours(view.picture)])]
    for each in view.layers:
        low, high = float(each.given.min()), float(each.given.max())
        wins = (each.wins() > 0).astype(np.float64)
        tiles = [
            heat_over((given - low) / ((high - low) or 1.0), won, 1.4)
            for given, won in zip(each.given[:MOST], wins[:MOST], strict=True)
        ]
        rows.append((f"{each.name}: pixels that won a window are orange", tiles))
        kept = [grey(one, low, high) for one in each.values[:MOST]]
        rows.append((f"what {each.name} kept", kept))
    return _sheets(rows)


def _pixel(view: UnfoldedPixel) -> Figure:
    """Draw input, weights and products of the first channels as tables of coloured numbers."""
    count = min(len(view.channels), 4)
    figure = Figure(figsize=(9.0, 0.9 + 2.2 * count), layout="constrained")
    title = (
        f"{view.layer}, channel {view.channel}, row {view.row}, column {view.column}: {number(view.value)}"
    )
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(count, 3, squeeze=False)
    for line, channel in enumerate(view.channels[:count]):
        products = view.products[line]
        parts = (
            (f"input, channel {channel}", view.inputs[line]),
            ("weight", view.weights[line]),
            (f"product, sum {number(float(products.sum()), 3)}", products),
        )
        for axes, (name, values) in zip(grid[line], parts, strict=True):
            axes.imshow(signed(values, float(np.abs(values).max())), interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.set_title(name, fontsize=9)
            dark = np.abs(values) > 0.65 * np.abs(values).max()
            for (i, j), value in np.ndenumerate(values):
                ink = "white" if dark[i, j] else "black"
                axes.text(j, i, number(float(value), 2), ha="center", va="center", fontsize=8, color=ink)
    return figure


def _heat(view: GradCam | Occlusion) -> Figure:
    """Draw the photo, the heat over it, and the heat as coarse as it was computed."""
    coarse = view.heat if isinstance(view, GradCam) else view.drops
    how = f"Grad-CAM, {view.layer}" if isinstance(view, GradCam) else "occlusion: what its absence costs"
    most = float(np.abs(view.heatmap).max())
    ends = [number(float(each), 2) for each in (coarse.min(), coarse.max())]
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    figure.suptitle(f"{view.name}: {how}", fontsize=11)
    pictures = (
        ("the photo", colours(view.picture)),
        ("heat over it", heat_over(view.picture, view.heatmap, most)),
        (f"as computed, from {ends[0]} to {ends[1]}", signed(coarse, float(np.abs(coarse).max()))),
    )
    for axes, (name, pixels) in zip(figure.subplots(1, 3), pictures, strict=True):
        _show(axes, pixels)
        axes.set_title(name, fontsize=9)
    return figure


_DRAWN: dict[type, Any] = {
    Filters: _filters,
    FeatureMaps: _maps,
    UnfoldedPixel: _pixel,
    PoolingWinners: _winners,
    GradCam: _heat,
    Occlusion: _heat,
}
