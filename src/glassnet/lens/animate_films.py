"""What the pages show: a boundary over the epochs, and the ways down an error surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lens import animate_marks as marks
from glassnet.lens.animate_marks import CURVE, HEIGHT, SIGNS, UNIT_HEIGHT, UNIT_WIDTH, WIDTH, Film
from glassnet.lens.axes import number_axis
from glassnet.lens.boundary_view import Boundary, Frame, Line, equation
from glassnet.lens.charts import Plot
from glassnet.lens.error_surface import ErrorSurface
from glassnet.lens.markup import Markup, element
from glassnet.lens.numerals import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_UNITS = 6
UNIT_CELLS = 21


def boundary_film(view: Boundary) -> Film:
    """Return what the page of a boundary shows, a moment for each epoch."""
    frames = marks.evenly(view.frames)
    over = f"the boundary over {view.names[0]} and {view.names[1]}"
    title = f"How {over} moves" if len(frames) > 1 else f"T{over[1:]}"
    plot = _plot(view, title, "surface")
    is_line = [line.name for line in frames[-1].lines] in (["boundary"], ["fit"])
    for at, frame in enumerate(frames):
        to, kind = (len(frames), "line") if is_line else (at, "line unit")
        plot.add(*_lines(plot, view, frame.lines, at, to, kind))
    plot.add(*_points(plot, view, 4.0))
    epochs, errors = [frame.epoch for frame in frames], [frame.error for frame in frames]
    curve = marks.error_curve(epochs, errors, "epoch", view.error_name)
    units, boards = _units(view, frames)
    held = [view.slice_text] if view.slice_text else []
    return Film(
        title=title,
        time="epoch",
        texts=[_text(view, frame) for frame in frames],
        drawings=[plot.svg(), *([curve] if curve else [])],
        units=units,
        legend=_legend(view),
        notes=[*held, *view.notes],
        table=_table(view, frames),
        boards=[*_surface(plot, view, frames), *boards],
    )


def surface_film(view: ErrorSurface) -> Film:
    """Return what the page of an error surface shows, a moment for each step."""
    x, y = marks.exact_axis(view.x, view.names[0]), marks.exact_axis(view.y, view.names[1])
    title = f"The way down, over {view.names[0]} and {view.names[1]}"
    plot = Plot(x, y, title, str(view), width=WIDTH, height=HEIGHT)
    plot.add(element("g", id="surface"))
    steps = max(len(path.errors) for path in view.paths)
    heights = number_axis(np.concatenate([path.errors for path in view.paths]), "error", zero=True)
    time = number_axis([0, steps - 1], "step", whole=True)
    below = Plot(time, heights, "Error", str(view), width=WIDTH, height=CURVE)
    for place, path in enumerate(view.paths):
        for at in range(1, len(path.errors)):
            plot.add(marks.timed(plot.path(path.weights[at - 1 : at + 1]), at, steps, f"way k{place}"))
            points = [(at - 1, path.errors[at - 1]), (at, path.errors[at])]
            below.add(marks.timed(below.path(points), at, steps, f"way k{place}"))
        for at, (across, down) in enumerate(plot.at(path.weights)):
            to = steps if at == len(path.errors) - 1 else at
            plot.add(marks.sign(across, down, place, f"k{place} sign", 6.5, at, to))
    low, high = float(view.errors.min()), float(np.quantile(view.errors, 0.97))
    shares = np.clip((view.errors - low) / max(high - low, 1e-300), 0, 1) ** (1 / 3)
    return Film(
        title=title,
        time="step",
        texts=[_step_text(view, at) for at in range(steps)],
        drawings=[plot.svg(), below.svg()],
        units=[],
        legend=marks.key_line([path.name for path in view.paths]),
        notes=[*view.notes, "Darker blue is a lower error, darker orange a higher one."],
        table=Markup(""),
        boards=[marks.board("surface", plot, "s", [marks.tenths(1 - shares)])],
    )


def _step_text(view: ErrorSurface, at: int) -> str:
    errors = (path.errors[min(at, len(path.errors) - 1)] for path in view.paths)
    parts = (f"{path.name}: {number(float(error))}" for path, error in zip(view.paths, errors, strict=True))
    return f"step {at}, error of {'; '.join(parts)}"


def _text(view: Boundary, frame: Frame) -> str:
    error = "" if frame.error is None else f": {view.error_name} {number(frame.error)}"
    return f"epoch {frame.epoch} of {view.frames[-1].epoch}{error}"


def _plot(view: Boundary, title: str, key: str, width: float = WIDTH, height: float = HEIGHT) -> Plot:
    x, y = marks.exact_axis(view.x, view.names[0]), marks.exact_axis(view.y, view.names[1])
    if key != "surface":  # of a unit, which stands in a row of such drawings
        x, y = replace(x, title=""), replace(y, title=title)
    plot = Plot(x, y, title, str(view), width=width, height=height)
    return plot.add(element("g", id=key, class_="class-surface" if view.kind == "class" else ""))


def _lines(plot: Plot, view: Boundary, lines: Sequence[Line], at: int, to: int, kind: str) -> list[Markup]:
    ends = (line.within(*view.box) for line in lines)
    return [marks.timed(plot.path(each), at, to, kind, fades=to > at) for each in ends if each]


def _points(plot: Plot, view: Boundary, size: float) -> list[Markup]:
    classes = [(1, view.points)]
    if view.labels is not None and view.classes:
        classes = [(place, view.points[view.labels == place]) for place in range(len(view.classes))]
    return [
        marks.sign(across, down, place, f"k{place % SIGNS} sign", size)
        for place, points in classes
        for across, down in plot.at(points)
    ]


def _units(view: Boundary, frames: Sequence[Frame]) -> tuple[list[Markup], list[dict[str, Any]]]:
    """Draw each hidden unit by itself: its line, what it answers, and the weight that the output gives it."""
    drawings, boards = list[Markup](), list[dict[str, Any]]()
    hidden = [frame.hidden for frame in frames if frame.hidden is not None]
    for unit in range(min(len(hidden[0]), MOST_UNITS) if len(hidden) == len(frames) else 0):
        plot = _plot(view, f"unit {unit + 1}", f"unit{unit}", UNIT_WIDTH, UNIT_HEIGHT)
        for at, frame in enumerate(frames):
            line = frame.lines[unit]
            plot.add(*_lines(plot, view, [line], at, at, "line"))
            if line.blend is not None:
                plot.add(marks.note(f"weight {number(line.blend, 3)}", plot.right, 12.0, at))
        plot.add(*_points(plot, view, 2.0))
        low, high = (
            min(0.0, *(float(each[unit].min()) for each in hidden)),
            max(1.0, *(float(each[unit].max()) for each in hidden)),
        )
        digits = [marks.tenths((each[unit] - low) / (high - low), UNIT_CELLS) for each in hidden]
        boards.append(marks.board(f"unit{unit}", plot, "s", digits))
        drawings.append(plot.svg())
    return drawings, boards


def _surface(plot: Plot, view: Boundary, frames: Sequence[Frame]) -> list[dict[str, Any]]:
    surfaces = [frame.surface for frame in frames if frame.surface is not None]
    if not surfaces:
        return []
    if view.kind == "class":
        return [marks.board("surface", plot, "k", [marks.places(each) for each in surfaces])]
    low, high = float(np.min(surfaces)), float(np.max(surfaces))
    if view.kind == "probability":
        low, high = 0.0, 1.0
    digits = [marks.tenths((each - low) / max(high - low, 1e-300)) for each in surfaces]
    return [marks.board("surface", plot, "s", digits)]


def _legend(view: Boundary) -> Markup:
    return marks.key_line([f"class {name}" if name.isdigit() else name for name in view.classes])


def _table(view: Boundary, frames: Sequence[Frame]) -> Markup:
    """Write the lines of each moment, for who cannot see the drawing."""
    if view.kind != "lines":
        return Markup("")
    head = element("tr", *(element("th", each) for each in ("epoch", "boundary", view.error_name)))
    cells = [
        (
            str(frame.epoch),
            equation(frame.lines[0], view.names),
            "" if frame.error is None else number(frame.error),
        )
        for frame in frames
    ]
    rows = [element("tr", *(element("td", each, class_="short") for each in row)) for row in cells]
    table = element("div", element("table", element("thead", head), element("tbody", *rows)), class_="scroll")
    return element("details", element("summary", "All lines as numbers"), table)
