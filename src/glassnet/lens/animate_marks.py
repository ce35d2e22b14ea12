"""The marks of a page with a time slider: each knows from which moment to which it is seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lens.axes import Axis, number_axis
from glassnet.lens.charts import Plot
from glassnet.lens.markup import Markup, element
from glassnet.lens.markup import place as written
from glassnet.lens.numerals import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_FRAMES = 150
"""Of more epochs than this as many are shown, evenly chosen."""
MOST_CELLS = 41
"""A surface has at most so many cells along each side."""
WIDTH, HEIGHT, CURVE = 460.0, 350.0, 150.0
UNIT_WIDTH, UNIT_HEIGHT = 220.0, 200.0
SIGNS = 6


@dataclass(frozen=True)
class Film:
    """What a page shows.

    Attributes:
        title: of the page; ``time``: what the slider counts.
        texts: one for each moment.
        drawings: whose marks know from when to when they are seen; ``units`` are smaller ones in a row.
        legend, notes, table: stand below them.
        boards: the cells of surfaces, see :func:`board`.
    """

    title: str
    time: str
    texts: Sequence[str]
    drawings: Sequence[Markup]
    units: Sequence[Markup]
    legend: Markup
    notes: Sequence[str]
    table: Markup
    boards: Sequence[dict[str, Any]]


def evenly(values: Any, most: int = MOST_FRAMES) -> list[Any]:
    """Return all, or so many that are evenly chosen, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[at] for at in np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]


def exact_axis(values: Floats, title: str) -> Axis:
    """Return an axis that ends where the values end."""
    axis = number_axis(values, title)
    low, high = float(values[0]), float(values[-1])
    kept = [(tick, text) for tick, text in zip(axis.ticks, axis.labels, strict=True) if low <= tick <= high]
    ticks, labels = tuple(tick for tick, _ in kept), tuple(text for _, text in kept)
    return replace(axis, low=low, high=high, ticks=ticks, labels=labels)


def timed(path: str, at: int, to: int, kind: str, *, fades: bool = False) -> Markup:
    """Draw a path that is seen from one moment to another, pale after the first where it ``fades``."""
    seen = {"data_from": str(at), "data_to": str(to), "data_fades": "1" if fades else None}
    return element("path", d=path, class_=kind, **seen)


def note(text: str, across: float, down: float, at: int) -> Markup:
    """Write a text that ends there, and is seen at one moment."""
    seen = {"data_from": str(at), "data_to": str(at)}
    return element("text", text, x=across, y=down, text_anchor="end", class_="tick", **seen)


def sign(
    across: float, down: float, place: int, kind: str, size: float = 4.0, at: int | None = None, to: int = 0
) -> Markup:
    """Draw a point: a circle, a square or a triangle, so that colours need not be told apart."""
    s, a, d = size, across, down
    shapes = (
        f"M{written(a - s)} {written(d)}a{s} {s} 0 1 0 {2 * s} 0a{s} {s} 0 1 0 {-2 * s} 0",
        f"M{written(a - s)} {written(d - s)}h{2 * s}v{2 * s}h{-2 * s}z",
        f"M{written(a)} {written(d - 1.2 * s)}l{1.2 * s} {2.1 * s}h{-2.4 * s}z",
    )
    seen = {} if at is None else {"data_from": str(at), "data_to": str(to)}
    return element("path", d=shapes[place % len(shapes)], class_=kind, **seen)


def error_curve(
    times: Sequence[float], errors: Sequence[float | None], time: str, name: str
) -> Markup | None:
    """Draw the error over time with a dot that moves; None where errors are not known."""
    known = [error for error in errors if error is not None and math.isfinite(error)]
    if len(known) < len(errors) or len(known) < 3:
        return None
    axes = number_axis(times, time, whole=True), number_axis(known, name, zero=True, count=3)
    text = f"from {number(known[0])} to {number(known[-1])}"
    plot = Plot(*axes, f"{name} over {time}", text, width=WIDTH, height=CURVE)
    plot.line(times, known, "curve")
    for at, (across, down) in enumerate(plot.at(np.column_stack([times, known]))):
        plot.add(sign(across, down, 0, "dot now", 6.0, at, at))
    return plot.svg()


def tenths(shares: Floats, most: int = MOST_CELLS) -> str:
    """Write each cell's share of the whole as one of ten digits, row after row from below."""
    return "".join(map(str, np.clip((_sparse(shares, most) * 10).astype(int), 0, 9).ravel().tolist()))


def places(classes: Floats) -> str:
    """Write each cell's class as a digit."""
    return "".join(str(int(each) % SIGNS) for each in _sparse(classes, MOST_CELLS).ravel())


def board(key: str, plot: Plot, kind: str, frames: Sequence[str]) -> dict[str, Any]:
    """Return a surface for the script: where it lies, in which element, and its digits at each moment."""
    side = math.isqrt(len(frames[0]))
    box = {"left": plot.left, "top": plot.top}
    size = {"width": plot.right - plot.left, "height": plot.bottom - plot.top}
    return {"key": key, "side": side, "kind": kind, "frames": list(frames), **box, **size}


def key_line(names: Sequence[str]) -> Markup:
    """Say which sign is what."""
    entries = []
    for place, name in enumerate(names):
        mark = sign(8, 8, place, f"k{place % SIGNS} sign", 5.5)
        picture = element("svg", mark, viewBox="0 0 16 16", width="16", height="16", aria_hidden="true")
        entries.append(element("span", picture, " ", name))
    return element("p", *entries, class_="legend keys")


def _sparse(values: Floats, most: int) -> Floats:
    rows, columns = (evenly(range(size), most) for size in values.shape)
    return values[np.ix_(rows, columns)]
