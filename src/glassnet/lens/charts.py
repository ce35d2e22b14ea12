"""Charts as SVG: small, readable on paper, on a phone and in the dark, and described in words.

Colours are classes that the page's style defines, so a chart holds none. Nothing is drawn outside its axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from glassnet.lens.axes import Axis, fitted, text_width
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.markup import place as written
from glassnet.lens.numerals import number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

WIDTH, HEIGHT = 460.0, 300.0
LETTER = 12.0
ROW = 27.0
"""Height of one row of a :func:`row_chart`."""
LABELS, VALUES = 180.0, 74.0
"""Most width of the names on the left of a :func:`row_chart`, and of the values on its right."""

MATRIX_LEFT, MATRIX_TOP, BIG_CELL = 110.0, 46.0, 70.0


def _known_runs(values: ArrayLike) -> list[tuple[int, int]]:
    """Return from where up to where values are finite, run by run."""
    known = np.isfinite(np.asarray(values, dtype=np.float64)).astype(np.int8)
    turns = np.flatnonzero(np.diff(known, prepend=0, append=0)).tolist()
    return list(zip(turns[::2], turns[1::2], strict=True))


class Plot:
    """A drawing with two axes, filled mark by mark. Every method takes values of the data, not places."""

    def __init__(
        self, x: Axis, y: Axis, title: str, text: str, *, width: float = WIDTH, height: float = HEIGHT
    ) -> None:
        """Draw the axes; ``title`` and ``text`` are what a screen reader says instead of the drawing."""
        self.x, self.y, self.width, self.height = x, y, width, height
        self._head = (title, text)
        self.left = max(text_width(label, LETTER) for label in (*y.labels, "0")) + 10
        self.right, self.top, self.bottom = width - 16.0, 24.0, height - 42.0
        self._marks: list[Markup] = []
        self._draw_axes()

    def line(self, xs: ArrayLike, ys: ArrayLike, kind: str) -> Self:
        """Draw a line through points; broken where a value is not finite; one point alone is a dot."""
        across, down = self._across(xs), self._down(ys)
        path = ""
        for first, last in _known_runs(ys):
            path += "M" + "L".join(f"{written(across[n])} {written(down[n])}" for n in range(first, last))
            path += "h0" if last == first + 1 else ""
        return self.add(element("path", d=path, class_=f"line {kind}"))

    def band(self, xs: ArrayLike, low: ArrayLike, high: ArrayLike, kind: str) -> Self:
        """Fill what lies between two lines; where ``high`` is not finite the band is broken."""
        across, upper, lower = self._across(xs), self._down(high), self._down(low)
        for first, last in _known_runs(high):
            corners = [(across[n], upper[n]) for n in range(first, last)]
            corners += [(across[n], lower[n]) for n in reversed(range(first, last))]
            points = " ".join(f"{written(a)},{written(d)}" for a, d in corners)
            self.add(element("polygon", points=points, class_=f"band {kind}"))
        return self

    def dots(self, xs: ArrayLike, ys: ArrayLike, kind: str, size: float = 2.2) -> Self:
        """Draw points."""
        for across, down in zip(self._across(xs), self._down(ys), strict=True):
            self.add(element("circle", cx=across, cy=down, r=size, class_=f"dot {kind}"))
        return self

    def whiskers(self, xs: ArrayLike, low: ArrayLike, high: ArrayLike, kind: str) -> Self:
        """Draw an upright line from low to high at each x."""
        for across, bottom, top in zip(self._across(xs), self._down(low), self._down(high), strict=True):
            self.add(element("line", x1=across, x2=across, y1=bottom, y2=top, class_=f"whisker {kind}"))
        return self

    def columns(self, edges: ArrayLike, heights: ArrayLike, kind: str) -> Self:
        """Draw a histogram: (n + 1,) edges, (n,) heights."""
        across, base = self._across(edges), self._down([self.y.low])[0]
        for left, right, top in zip(across[:-1], across[1:], self._down(heights), strict=True):
            shape = {"x": left + 0.5, "width": max(right - left - 1, 0.5), "y": top, "height": base - top}
            self.add(element("rect", **shape, class_=f"bar {kind}"))
        return self

    def tiles(self, x_edges: Floats, y_edges: Floats, counts: NDArray[np.int64], kind: str) -> Self:
        """Draw a square for each count above 0, darker where there are more; the scale is logarithmic."""
        across, down = self._across(x_edges), self._down(y_edges)
        most = np.log1p(counts.max(initial=1))
        for i, j in np.argwhere(counts):
            shade = f"{0.15 + 0.85 * float(np.log1p(counts[i, j]) / most):.2f}"
            size = {"width": across[i + 1] - across[i], "height": down[j] - down[j + 1]}
            shape = {"x": across[i], "y": down[j + 1], **size}
            self.add(element("rect", **shape, fill_opacity=shade, class_=f"tile {kind}"))
        return self

    def mark(self, x: float, kind: str) -> Self:
        """Draw an upright line at x from the bottom to the top."""
        across = self._across([x])[0]
        return self.add(
            element("line", x1=across, x2=across, y1=self.bottom, y2=self.top, class_=f"rule {kind}")
        )

    def at(self, points: ArrayLike) -> list[tuple[float, float]]:
        """Return where points, (n, 2), lie in the drawing, for marks of another kind."""
        values = np.asarray(points, dtype=np.float64)
        return list(zip(self._across(values[:, 0]), self._down(values[:, 1]), strict=True))

    def path(self, points: ArrayLike) -> str:
        """Return the path through points, (n, 2)."""
        return "M" + "L".join(f"{written(across)} {written(down)}" for across, down in self.at(points))

    def add(self, *marks: Markup) -> Self:
        """Draw marks of another kind."""
        self._marks += marks
        return self

    def svg(self) -> Markup:
        """Return the drawing."""
        return drawing(self._marks, self.width, self.height, *self._head)

    def _across(self, xs: ArrayLike) -> list[float]:
        found: list[float] = (self.left + self.x.places(xs) * (self.right - self.left)).tolist()
        return found

    def _down(self, ys: ArrayLike) -> list[float]:
        found: list[float] = (self.bottom - self.y.places(ys) * (self.bottom - self.top)).tolist()
        return found

    def _draw_axes(self) -> None:
        for label, down in zip(self.y.labels, self._down(self.y.ticks), strict=True):
            self.add(element("line", x1=self.left, x2=self.right, y1=down, y2=down, class_="grid"))
            at = {"x": self.left - 6, "y": down + 4}
            self.add(element("text", label, **at, text_anchor="end", class_="tick"))
        taken = -1e9
        for label, across in zip(self.x.labels, self._across(self.x.ticks), strict=True):
            half = text_width(label, LETTER) / 2
            middle = min(max(across, half), self.width - half)
            if middle - half > taken + 8:
                taken = middle + half
                below = {"x": middle, "y": self.bottom + 17}
                self.add(element("text", label, **below, text_anchor="middle", class_="tick"))
                ends = {"x1": across, "x2": across, "y1": self.bottom, "y2": self.bottom + 4}
                self.add(element("line", **ends, class_="axis"))
        self.add(element("line", x1=self.left, x2=self.right, y1=self.bottom, y2=self.bottom, class_="axis"))
        title = fitted(self.y.title, self.width, LETTER)
        self.add(element("text", title, x=0.0, y=12.0, class_="title"))
        title, at_end = fitted(self.x.title, self.width, LETTER), {"x": self.right, "y": self.height - 6}
        self.add(element("text", title, **at_end, text_anchor="end", class_="title"))


@dataclass(frozen=True)
class Row:
    """One row of a :func:`row_chart`: its name, its value and that in words, its interval, its kind."""

    name: str
    value: float
    text: str
    interval: tuple[float, float] | None = None
    kind: str = "network"


def row_chart(rows: Sequence[Row], axis: Axis, title: str, text: str, *, bars: bool) -> Markup:
    """Draw one value a row, with its name on the left and the value in words on the right.

    Args:
        rows: from top to bottom.
        axis: on which all values and intervals lie.
        title: for a screen reader, like ``text``.
        bars: draw bars from 0, else points.
    """
    left = min(max(text_width(row.name, LETTER) for row in rows), LABELS) + 10
    right = WIDTH - min(max(text_width(row.text, LETTER) for row in rows), VALUES) - 10
    bottom = ROW * len(rows) + 4

    def across(value: float) -> float:
        return left + axis.place(value) * (right - left)

    marks = [
        element("line", x1=across(each), x2=across(each), y1=0.0, y2=bottom, class_="grid")
        for each in axis.ticks
    ]
    if axis.low < 0 < axis.high:
        marks.append(element("line", x1=across(0.0), x2=across(0.0), y1=0.0, y2=bottom, class_="axis"))
    for index, row in enumerate(rows):
        middle = ROW * index + ROW / 2
        words = {"y": middle + 4}
        marks += _name(row.name, middle)
        marks += _row_marks(row, middle, across, bars)
        marks.append(element("text", row.text, x=WIDTH, **words, text_anchor="end", class_="value"))
    taken = -1e9
    for label, value in zip(axis.labels, axis.ticks, strict=True):
        half, at = text_width(label, LETTER) / 2, across(value)
        if at - half > taken + 8:
            taken = at + half
            marks.append(element("text", label, x=at, y=bottom + 15, text_anchor="middle", class_="tick"))
    end = {"x": right, "y": bottom + 32}
    marks.append(element("text", fitted(axis.title, right, LETTER), **end, text_anchor="end", class_="title"))
    return drawing(marks, WIDTH, bottom + 38, title, text)


def _name(name: str, middle: float) -> list[Markup]:
    """Write a name on the left of its row; one that is too long gets two lines where it has a space."""
    lines = [name]
    if text_width(name, LETTER) > LABELS and " " in name:
        first, _, last = name.rpartition(" = ") if " = " in name else name.rpartition(" ")
        lines = [first, f"= {last}" if " = " in name else last]
    top, kind = (middle + 4, "name") if len(lines) == 1 else (middle - 2, "name half")
    return [
        element("text", fitted(line, LABELS, LETTER), x=0.0, y=top + 11 * place, class_=kind)
        for place, line in enumerate(lines)
    ]


def _row_marks(row: Row, middle: float, across: Callable[[float], float], bars: bool) -> list[Markup]:
    at = across(row.value)
    marks: list[Markup] = []
    if bars:
        start = across(0.0)
        shape = {"x": min(start, at), "width": abs(at - start), "y": middle - 8, "height": 16.0}
        marks.append(element("rect", **shape, class_=f"bar {row.kind}"))
    if row.interval is not None:
        low, high = map(across, row.interval)
        marks.append(element("line", x1=low, x2=high, y1=middle, y2=middle, class_=f"whisker {row.kind}"))
    if not bars:
        marks.append(element("circle", cx=at, cy=middle, r=5.0, class_=f"dot {row.kind}"))
    return marks


def matrix_chart(cells: Floats, names: Sequence[str], title: str, text: str) -> Markup:
    """Draw a table of counts, (k, k), truth down and answers across, darker where the share of its row is
    larger; what lies on the diagonal has another colour than what does not.
    """
    size = min(BIG_CELL, (WIDTH - MATRIX_LEFT - 4) / len(cells))
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1e-300)
    marks = [
        element("text", "what it answered", x=MATRIX_LEFT, y=12.0, class_="title"),
        element("text", "truth", x=0.0, y=MATRIX_TOP - 8, class_="title"),
    ]
    for i, name in enumerate(names):
        middle = (i + 0.5) * size
        left, above = MATRIX_LEFT - 6, MATRIX_TOP - 8
        row, column = fitted(name, left - 2, LETTER), fitted(name, size - 2, LETTER)
        marks.append(element("text", row, x=left, y=MATRIX_TOP + middle + 4, text_anchor="end"))
        marks.append(element("text", column, x=MATRIX_LEFT + middle, y=above, text_anchor="middle"))
        for j, count in enumerate(cells[i]):
            at = {"x": MATRIX_LEFT + j * size, "y": MATRIX_TOP + i * size}
            box = {**at, "width": size - 1, "height": size - 1}
            shade = f"{0.75 * float(shares[i, j]):.2f}"
            kind = "cell" if i == j else "cell miss"
            marks.append(element("rect", **box, class_="frame"))
            marks.append(element("rect", **box, fill_opacity=shade, class_=kind))
            words = {"x": at["x"] + size / 2, "y": at["y"] + size / 2 + 4}
            kind = "count" if count else "none"
            marks.append(element("text", number(float(count), 3), **words, text_anchor="middle", class_=kind))
    return drawing(marks, WIDTH, MATRIX_TOP + size * len(cells) + 4, title, text)


def drawing(marks: Sequence[Markup], width: float, height: float, title: str, text: str) -> Markup:
    """Return marks as one SVG picture with a title and a description."""
    return element(
        "svg",
        element("title", title),
        joined(*marks),
        viewBox=f"0 0 {written(width)} {written(height)}",
        role="img",
        aria_label=f"{title}. {text}",
    )
