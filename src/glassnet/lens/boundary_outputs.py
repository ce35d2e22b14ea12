"""How the outputs of a net are understood: as probabilities, logits, classes or values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.boundary_view import Kind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

How = Literal["auto", "probability", "logit", "value", "class"]
_HOW = ("auto", "probability", "logit", "value", "class")


@dataclass(frozen=True)
class Reader:
    """Turns outputs, (n, outputs), into what a surface shows, (n,)."""

    how: str
    kind: Kind
    classes: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, how: How, outputs: Floats, labels: Floats | None) -> Reader:
        """Choose how outputs are read.

        Raises:
            RecipeError: they cannot be read so.
        """
        if how not in _HOW:
            must = f"outputs must be one of {', '.join(_HOW)}"
            raise RecipeError(message(must, repr(how), did_you_mean(how, _HOW)))
        many = outputs.shape[1]
        if many > 1:
            if how not in ("auto", "class"):
                found = f"outputs={how!r} and {many} outputs"
                raise RecipeError(message("several outputs are one for each class", found, "leave it out"))
            names = tuple(map(str, range(many)))
            return cls("class", "class", names, ("the largest of several outputs is the class",))
        inside = bool((outputs >= 0).all() and (outputs <= 1).all())
        if how == "probability" or (how == "auto" and inside):
            return cls("probability", "probability", ("0", "1"), ())
        are_classes = labels is not None and set(np.unique(labels)) <= {0.0, 1.0}
        if how == "logit" or (how == "auto" and are_classes):
            note = "outputs are taken for logits: above 0 is class 1, and sigmoid makes them probabilities"
            return cls("logit", "probability", ("0", "1"), (note,))
        if how == "class":
            return cls("class", "class", tuple(map(str, range(int(outputs.max()) + 1))), ())
        return cls("value", "value", (), ())

    @property
    def error_name(self) -> str:
        """Say what :meth:`error` gives."""
        return "mean squared error" if self.kind == "value" else "rows wrong"

    def surface(self, outputs: Floats) -> Floats:
        """Return what is shown. Shape: (n, outputs) -> (n,)."""
        if outputs.shape[1] > 1:
            return np.asarray(outputs.argmax(axis=1), dtype=np.float64)
        if self.how == "logit":
            return np.asarray(0.5 * (1 + np.tanh(outputs[:, 0] / 2)))  # the sigmoid, which cannot overflow
        return np.asarray(outputs[:, 0])

    def error(self, outputs: Floats, labels: Floats) -> float:
        """Return how many rows are wrong, or of values the mean squared error."""
        said = self.surface(outputs)
        if self.kind == "value":
            return float(((said - labels) ** 2).mean())
        return float(np.count_nonzero((said >= 0.5 if self.kind == "probability" else said) != labels))


def labels_of(y: ArrayLike | None, rows: int) -> tuple[Floats | None, tuple[str, ...]]:
    """Return the labels as numbers, classes by their place, and the names of the classes.

    Raises:
        RecipeError: there is not one for each row.
    """
    if y is None:
        return None, ()
    labels = np.asarray(y)
    labels = labels.reshape(len(labels), -1) if labels.ndim else labels.reshape(1, 1)
    if labels.shape != (rows, 1):
        must = f"y must have one label for each of the {rows} rows"
        raise RecipeError(message(must, f"shape {labels.shape}", "pass one class number a row"))
    values = labels[:, 0]
    if values.dtype.kind in "fiub" and not set(np.unique(values).tolist()) <= set(range(100)):
        return values.astype(np.float64), ()
    if values.dtype.kind in "fiub":
        count = max(int(values.max()) + 1, 2)
        return values.astype(np.float64), tuple(map(str, range(count)))
    names, places = np.unique(values.astype(str), return_inverse=True)
    return places.astype(np.float64), tuple(names.tolist())
