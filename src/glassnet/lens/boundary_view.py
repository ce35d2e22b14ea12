"""The View of boundaries: lines and surfaces over two inputs, one frame for each epoch, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from glassnet.lens.as_json import as_json
from glassnet.lens.numerals import number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["lines", "probability", "class", "value"]


@dataclass(frozen=True)
class Line:
    """The line ``weights[0] * x + weights[1] * y + bias = 0``.

    ``blend`` is the weight with which the output takes in this hidden unit; None where there is no such one.
    """

    name: str
    weights: tuple[float, float]
    bias: float
    blend: float | None = None

    def within(self, x: tuple[float, float], y: tuple[float, float]) -> tuple[tuple[float, float], ...]:
        """Return the two points where the line enters and leaves a box; none where it misses it.

        >>> Line("", (1, 1), -1).within((0, 1), (0, 2))
        ((0.0, 1.0), (1.0, 0.0))
        """
        (a, b), found = self.weights, set[tuple[float, float]]()
        if b:
            found |= {(float(at), -(a * at + self.bias) / b + 0.0) for at in x}
        if a:
            found |= {(-(b * at + self.bias) / a + 0.0, float(at)) for at in y}
        inside = sorted(p for p in found if x[0] <= p[0] <= x[1] and y[0] <= p[1] <= y[1])
        return (inside[0], inside[-1]) if len(inside) > 1 else ()


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a training.

    Attributes:
        epoch: 0 is the start.
        error: see ``Boundary.error_name``; None where it is not known.
        lines: the boundary itself, or the lines of the hidden units.
        surface: (len(y), len(x)), what the net answers: see ``Boundary.kind``; None for lines alone.
        hidden: (units, len(y), len(x)), what each hidden unit answers; None where it has none of its own.
    """

    epoch: int
    error: float | None
    lines: tuple[Line, ...]
    surface: Floats | None = None
    hidden: Floats | None = None


@dataclass(frozen=True, eq=False)
class Boundary:
    """What a classifier says over two of its inputs.

    Attributes:
        kind: what ``surface`` holds: the "probability" of the second class, the "class" by its place in
            ``classes``, or a "value"; "lines": there is none.
        names: of the two inputs.
        x, y: the values of the two inputs at which it was asked.
        frames: in the order of epochs.
        points: (rows, 2), the data; ``labels``, (rows,), their classes by place, or values;
            None where they are not known.
        classes: what they are called.
        error_name: what a frame's error is.
        held: the other inputs, and the value at which each is held.
        notes: how the outputs were understood.
    """

    kind: Kind
    names: tuple[str, str]
    x: Floats
    y: Floats
    frames: tuple[Frame, ...]
    points: Floats
    labels: Floats | None
    classes: tuple[str, ...]
    error_name: str
    held: dict[str, float | str]
    notes: tuple[str, ...]

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the ends of both axes."""
        return (float(self.x[0]), float(self.x[-1])), (float(self.y[0]), float(self.y[-1]))

    @property
    def slice_text(self) -> str:
        """Say that this is a slice, and where; empty where there are no other inputs."""
        if not self.held:
            return ""
        parts = [f"{name} = {number(at) if isinstance(at, float) else at}" for name, at in self.held.items()]
        more = f" and {len(parts) - 4} more" if len(parts) > 4 else ""
        return f"a slice: held at {', '.join(parts[:4])}{more}"

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def __str__(self) -> str:
        first, last = self.frames[0], self.frames[-1]
        what = "lines" if self.kind == "lines" else f"surface of the {self.kind}"
        moments = f"epochs {first.epoch} to {last.epoch}" if len(self.frames) > 1 else "as it is now"
        rows = [f"{what} over {self.names[0]} and {self.names[1]}, {moments}, {len(self.points):,} points"]
        for frame in (first, last) if len(self.frames) > 1 else (last,):
            error = "" if frame.error is None else f", {self.error_name} {number(frame.error)}"
            rows.append(f"epoch {frame.epoch}{error}")
            rows += [f"  {line.name}: {equation(line, self.names)}" for line in frame.lines]
        return "\n".join([*rows, *filter(None, [self.slice_text]), *self.notes])


def equation(line: Line, names: tuple[str, str]) -> str:
    """Write a line.

    >>> equation(Line("", (3.0, -4.0), -10.0), ("x1", "x2"))
    '3 x1 − 4 x2 − 10 = 0'
    """
    terms = [(line.weights[0], f" {names[0]}"), (line.weights[1], f" {names[1]}"), (line.bias, "")]
    text = "".join(f" {'−' if value < 0 else '+'} {number(abs(value))}{name}" for value, name in terms)
    first = text.removeprefix(" + ")
    return f"{'−' + first[3:] if first.startswith(' −') else first} = 0"
