"""A slice through the space of inputs: two of them vary, the others are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.lens.boundary_view import Boundary, Frame, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MARGIN = 0.08
"""So much of the width of the data is shown on each side of it."""


@dataclass(frozen=True, eq=False)
class Slice:
    """Where a net is asked.

    Attributes:
        rows: (n, inputs), the data.
        places: which two inputs vary.
        at: (inputs,), where each input is held.
        x, y: the values that the two take.
    """

    rows: Floats
    places: tuple[int, int]
    at: Floats
    x: Floats
    y: Floats

    @classmethod
    def of(cls, X: Any, inputs: tuple[int, int] | tuple[str, str], held: Any, grid: int) -> Slice:
        """Return the slice through rows.

        Raises:
            RecipeError: the rows, the inputs or what is held do not fit.
        """
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] < 2 or not len(rows) or not np.isfinite(rows).all():
            must = "rows must be finite numbers of shape (n, inputs), two inputs or more"
            raise RecipeError(message(must, f"shape {rows.shape}", "pass one row for each example"))
        width = rows.shape[1]
        numbers = all(isinstance(each, int) and 0 <= each < width for each in inputs)
        if len(inputs) != 2 or not numbers or inputs[0] == inputs[1]:
            must = f"inputs must be two different places from 0 to {width - 1}"
            raise RecipeError(message(must, f"inputs={inputs!r}", "write, say, inputs=(0, 1)"))
        at = rows.mean(axis=0) if held is None else np.asarray(held, dtype=np.float64)
        if at.shape != (width,):
            must = f"held must have one value for each of the {width} inputs"
            raise RecipeError(message(must, f"shape {at.shape}", "those of the two inputs do not matter"))
        first, second = int(inputs[0]), int(inputs[1])
        return cls(rows, (first, second), at, span(rows[:, first], grid), span(rows[:, second], grid))

    @property
    def rest(self) -> Floats:
        """Return where the other inputs are held, and 0 for the two that vary."""
        rest = self.at.copy()
        rest[[*self.places]] = 0
        return rest

    def asked(self) -> Floats:
        """Return the rows at which a net is asked, first all x of the first y.

        Shape: (len(y) * len(x), inputs).
        """
        rows = np.tile(self.at, (len(self.x) * len(self.y), 1))
        across, up = np.meshgrid(self.x, self.y)
        rows[:, self.places[0]], rows[:, self.places[1]] = across.ravel(), up.ravel()
        return rows

    def boundary(
        self,
        kind: Kind,
        frames: Sequence[Frame],
        labels: Floats | None,
        classes: tuple[str, ...],
        error_name: str,
        notes: tuple[str, ...],
    ) -> Boundary:
        """Return the View of this slice."""
        names = [f"x{place + 1}" for place in range(self.rows.shape[1])]
        first, second = self.places
        others = [place for place in range(len(names)) if place not in self.places]
        return Boundary(
            kind=kind,
            names=(names[first], names[second]),
            x=self.x,
            y=self.y,
            frames=tuple(frames),
            points=self.rows[:, [first, second]],
            labels=labels,
            classes=classes,
            error_name=error_name,
            held={names[place]: float(self.at[place]) for place in others},
            notes=notes,
        )


def span(values: Floats, count: int) -> Floats:
    """Return so many values evenly from a little below the data to a little above it."""
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, count)
