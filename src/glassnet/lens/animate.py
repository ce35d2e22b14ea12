"""One page with a time slider: a boundary that moves over the epochs, or the ways down an error surface.

It opens without a network, in the dark, on a phone and on paper, and can be used with the keyboard alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lens.animate_style import PAGE_SCRIPT, PAGE_STYLE
from glassnet.lens.axes import Axis, number_axis
from glassnet.lens.boundary import boundary
from glassnet.lens.boundary_view import Boundary, Frame, equation
from glassnet.lens.charts import Plot
from glassnet.lens.error_surface import ErrorSurface
from glassnet.lens.markup import Markup, element
from glassnet.lens.markup import place as written
from glassnet.lens.numerals import number
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_FRAMES = 150
"""Of more epochs than this as many are shown, evenly chosen."""
MOST_CELLS = 41
WIDTH, HEIGHT, CURVE = 460.0, 350.0, 150.0
_SIGNS = 6


def animate(of: Any, path: str | Path, X: Any = None, y: Any = None, **options: Any) -> Path:
    """Write a View as one HTML page with a time slider, and return its path.

    Args:
        of: a View of :func:`glassnet.boundary` or :func:`glassnet.error_surface`, or what the first of them
            takes, with ``X``, ``y`` and its options.
        path: where the page goes; what was there is replaced.

    Raises:
        RecipeError: what is given cannot be described.
    """
    view = of if isinstance(of, Boundary | ErrorSurface) else boundary(of, X, y, **options)
    target = Path(path)
    write_atomically(target, moving_page(view).encode())
    return target


def moving_page(view: Boundary | ErrorSurface) -> str:
    """Return the page as text; the same View gives the same text."""
    film = _boundary_film(view) if isinstance(view, Boundary) else _surface_film(view)
    last = len(film.texts) - 1
    controls = element(
        "div",
        element("button", "Play", id="play", type="button"),
        element("button", "Back", id="back", type="button"),
        element(
            "input", type="range", min="0", max=str(last), value=str(last), step="1", aria_label=film.time
        ),
        element("button", "Next", id="on", type="button"),
        class_="controls",
        hidden="" if last == 0 else None,
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", film.title),
        element("style", Markup(PAGE_STYLE)),
    )
    main = element(
        "main",
        element("p", film.texts[-1], id="say", class_="say"),
        controls,
        film.legend,
        element("div", *film.drawings, class_="stage"),
        *(element("p", note, class_="soft small") for note in film.notes),
        film.table,
        element("noscript", element("p", "Without scripts the slider does not move.")),
    )
    header = element("header", element("p", "Glassnet", class_="kicker"), element("h1", film.title))
    data = element("script", _json(film.data), id="frames", type="application/json")
    body = element("body", header, main, data, element("script", Markup(PAGE_SCRIPT)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


@dataclass(frozen=True)
class _Film:
    """What a page shows: texts are one for each moment, drawings hold marks that know from when to when."""

    title: str
    time: str
    texts: Sequence[str]
    drawings: Sequence[Markup]
    legend: Markup
    notes: Sequence[str]
    table: Markup
    surface: dict[str, Any] | None

    @property
    def data(self) -> dict[str, Any]:
        return {"texts": list(self.texts), "surface": self.surface}


def _boundary_film(view: Boundary) -> _Film:
    frames = _some(view.frames)
    x, y = _axis(view.x, view.names[0]), _axis(view.y, view.names[1])
    over = f"the boundary over {view.names[0]} and {view.names[1]}"
    title = f"How {over} moves" if len(frames) > 1 else f"T{over[1:]}"
    plot = Plot(x, y, title, str(view), width=WIDTH, height=HEIGHT)
    plot.add(element("g", id="surface", class_="class-surface" if view.kind == "class" else ""))
    is_line = view.frames[-1].lines[:1] and view.frames[-1].lines[0].name in ("boundary", "fit")
    for at, frame in enumerate(frames):
        for line in frame.lines:
            ends = line.within(*view.box)
            to, kind = (len(frames), "line") if is_line else (at, "line unit")
            if ends:
                plot.add(_timed(plot.path(ends), at, to, kind, fades=bool(is_line)))
    for place, points in _classes(view):
        kind = f"k{place % _SIGNS} sign"
        plot.add(*(_sign(a, d, place, kind) for a, d in plot.at(points)))
    texts = [_text(view, frame) for frame in frames]
    curve = _curve(
        [frame.epoch for frame in frames], [frame.error for frame in frames], "epoch", view.error_name
    )
    held = [view.slice_text] if view.slice_text else []
    return _Film(
        title=title,
        time="epoch",
        texts=texts,
        drawings=[plot.svg(), *([curve] if curve else [])],
        legend=_legend(view),
        notes=[*held, *view.notes],
        table=_table(view, frames),
        surface=None if view.kind == "lines" else _surface(plot, view, frames),
    )


def _surface_film(view: ErrorSurface) -> _Film:
    x, y = _axis(view.x, view.names[0]), _axis(view.y, view.names[1])
    title = f"The way down, over {view.names[0]} and {view.names[1]}"
    plot = Plot(x, y, title, str(view), width=WIDTH, height=HEIGHT)
    plot.add(element("g", id="surface"))
    steps = max(len(path.errors) for path in view.paths)
    errors = number_axis(np.concatenate([path.errors for path in view.paths]), "error", zero=True)
    curve = Plot(
        number_axis([0, steps - 1], "step", whole=True), errors, "Error", str(view), width=WIDTH, height=CURVE
    )
    for place, path in enumerate(view.paths):
        kind = ("k0", "k1", "k2")[place]
        for at in range(1, len(path.errors)):
            plot.add(_timed(plot.path(path.weights[at - 1 : at + 1]), at, steps, f"way {kind}"))
            points = [(at - 1, path.errors[at - 1]), (at, path.errors[at])]
            curve.add(_timed(curve.path(points), at, steps, f"way {kind}"))
        for at, (across, down) in enumerate(plot.at(path.weights)):
            to = steps if at == len(path.errors) - 1 else at
            plot.add(_sign(across, down, place, f"{kind} sign", 6.5, at, to))
    texts = [
        f"step {at}, error of " + "; ".join(_reached(path.name, path.errors, at) for path in view.paths)
        for at in range(steps)
    ]
    keys = [(f"k{place}", path.name, place) for place, path in enumerate(view.paths)]
    low, high = float(view.errors.min()), float(np.quantile(view.errors, 0.97))
    shares = np.clip((view.errors - low) / max(high - low, 1e-300), 0, 1) ** (1 / 3)
    letters = [_letters(1 - shares)]
    return _Film(
        title=title,
        time="step",
        texts=texts,
        drawings=[plot.svg(), curve.svg()],
        legend=_keys(keys),
        notes=[*view.notes, "Darker blue is a lower error, darker orange a higher one."],
        table=Markup(""),
        surface=_board(plot, view.x, view.y, "s", letters),
    )


def _reached(name: str, errors: Floats, at: int) -> str:
    return f"{name}: {number(float(errors[min(at, len(errors) - 1)]))}"


def _text(view: Boundary, frame: Frame) -> str:
    error = "" if frame.error is None else f": {view.error_name} {number(frame.error)}"
    return f"epoch {frame.epoch} of {view.frames[-1].epoch}{error}"


def _axis(values: Floats, title: str) -> Axis:
    """Return an axis that ends where the drawing ends."""
    axis = number_axis(values, title)
    low, high = float(values[0]), float(values[-1])
    kept = [(tick, text) for tick, text in zip(axis.ticks, axis.labels, strict=True) if low <= tick <= high]
    return replace(
        axis, low=low, high=high, ticks=tuple(t for t, _ in kept), labels=tuple(x for _, x in kept)
    )


def _classes(view: Boundary) -> list[tuple[int, Floats]]:
    if view.labels is None or not view.classes:
        return [(1, view.points)]
    return [(place, view.points[view.labels == place]) for place in range(len(view.classes))]


def _timed(path: str, at: int, to: int, kind: str, *, fades: bool = False) -> Markup:
    return element(
        "path", d=path, class_=kind, data_from=str(at), data_to=str(to), data_fades="1" if fades else None
    )


def _sign(
    across: float, down: float, place: int, kind: str, size: float = 4.0, at: int | None = None, to: int = 0
) -> Markup:
    """Draw a point: a circle, a square or a triangle, so that colours need not be told apart."""
    s, a, d = size, across, down
    shapes = (
        f"M{written(a - s)} {written(d)}a{s} {s} 0 1 0 {2 * s} 0a{s} {s} 0 1 0 {-2 * s} 0",
        f"M{written(a - s)} {written(d - s)}h{2 * s}v{2 * s}h{-2 * s}z",
        f"M{written(a)} {written(d - 1.2 * s)}l{1.2 * s} {2.1 * s}h{-2.4 * s}z",
    )
    times = {} if at is None else {"data_from": str(at), "data_to": str(to)}
    return element("path", d=shapes[place % len(shapes)], class_=kind, **times)


def _curve(times: Sequence[float], errors: Sequence[float | None], time: str, name: str) -> Markup | None:
    """Draw the error over time with a dot that moves; None where errors are not known."""
    known = [error for error in errors if error is not None]
    if len(known) < len(errors) or len(known) < 3:
        return None
    axes = number_axis(times, time, whole=True), number_axis(known, name, zero=True, count=3)
    plot = Plot(
        *axes,
        f"{name} over {time}",
        f"from {number(known[0])} to {number(known[-1])}",
        width=WIDTH,
        height=CURVE,
    )
    plot.line(times, known, "curve")
    for at, (across, down) in enumerate(plot.at(np.column_stack([times, known]))):
        plot.add(_sign(across, down, 0, "dot now", 6.0, at, at))
    return plot.svg()


def _surface(plot: Plot, view: Boundary, frames: Sequence[Frame]) -> dict[str, Any]:
    surfaces = [frame.surface for frame in frames if frame.surface is not None]
    if view.kind == "class":
        letters = [
            "".join(str(int(each) % _SIGNS) for each in _sparse(surface).ravel()) for surface in surfaces
        ]
        return _board(plot, view.x, view.y, "k", letters)
    low, high = float(np.min(surfaces)), float(np.max(surfaces))
    if view.kind == "probability":
        low, high = 0.0, 1.0
    return _board(
        plot, view.x, view.y, "s", [_letters((each - low) / max(high - low, 1e-300)) for each in surfaces]
    )


def _board(plot: Plot, x: Floats, y: Floats, kind: str, letters: Sequence[str]) -> dict[str, Any]:
    columns, rows = len(_some(x, MOST_CELLS)), len(_some(y, MOST_CELLS))
    box = {
        "left": plot.left,
        "top": plot.top,
        "width": plot.right - plot.left,
        "height": plot.bottom - plot.top,
    }
    return {"columns": columns, "rows": rows, "kind": kind, "frames": list(letters), **box}


def _letters(shares: Floats) -> str:
    """Write each cell's share of the whole as one of ten digits, row after row from below."""
    return "".join(map(str, np.clip((_sparse(shares) * 10).astype(int), 0, 9).ravel().tolist()))


def _sparse(values: Floats) -> Floats:
    rows, columns = (_some(range(size), MOST_CELLS) for size in values.shape)
    return values[np.ix_(rows, columns)]


def _some(values: Any, most: int = MOST_FRAMES) -> list[Any]:
    """Return all, or so many that are evenly chosen, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[at] for at in np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]


def _legend(view: Boundary) -> Markup:
    names = [f"class {name}" if name.isdigit() else name for name in view.classes]
    return _keys([(f"k{place % _SIGNS}", name, place) for place, name in enumerate(names)])


def _keys(keys: Sequence[tuple[str, str, int]]) -> Markup:
    entries = []
    for kind, name, place in keys:
        picture = element(
            "svg", _sign(8, 8, place, f"{kind} sign", 5.5), viewBox="0 0 16 16", width="16", height="16"
        )
        entries.append(element("span", picture, " ", name))
    return element("p", *entries, class_="legend keys")


def _table(view: Boundary, frames: Sequence[Frame]) -> Markup:
    """Write the lines of each moment, for who cannot see the drawing."""
    if view.kind != "lines":
        return Markup("")
    head = element("tr", *(element("th", each) for each in ("epoch", "boundary", view.error_name)))
    rows = [
        element(
            "tr",
            element("td", str(frame.epoch), class_="short"),
            element("td", equation(frame.lines[0], view.names), class_="short"),
            element("td", "" if frame.error is None else number(frame.error), class_="short"),
        )
        for frame in frames
    ]
    table = element("div", element("table", element("thead", head), element("tbody", *rows)), class_="scroll")
    return element("details", element("summary", "All lines as numbers"), table)


def _json(data: Any) -> Markup:
    """Write data so that nothing in it can end the script element."""
    return Markup(json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"))


def _policy() -> str:
    style, script = map(_digest, (PAGE_STYLE, PAGE_SCRIPT))
    return f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
