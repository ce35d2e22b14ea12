"""Boundaries: where a classifier changes its mind, seen over two of its inputs, epoch after epoch.

    gn.boundary(run)               # every line of a perceptron or of logistic regression
    gn.boundary(net, X, y)         # the decision surface of any net, and the lines of its hidden units
    gn.boundary(snapshots, X, y)   # the same, at the epochs that were kept
    gn.boundary(model, "iris", inputs=("petal_length", "petal_width"))

More inputs than two are held at a stated value: what is seen then is a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from torch import nn

from glassnet.errors import RecipeError, message
from glassnet.lens.boundary_model import model_boundary
from glassnet.lens.boundary_nets import answers, hidden_of, lines_of
from glassnet.lens.boundary_outputs import Reader, labels_of
from glassnet.lens.boundary_slice import Slice
from glassnet.lens.boundary_view import Boundary, Frame, Line
from glassnet.lens.snapshots import Snapshots
from glassnet.model.table import Model

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@runtime_checkable
class LineRun(Protocol):
    """What a learner of lines has to have to be drawn; index 0 is its random start.

    Attributes:
        weights: (epochs + 1, inputs); ``biases`` and ``errors``: (epochs + 1,).
        inputs: (rows, inputs); ``targets``: (rows,).
    """

    @property
    def weights(self) -> Floats: ...  # noqa: D102
    @property
    def biases(self) -> Floats: ...  # noqa: D102
    @property
    def errors(self) -> Floats: ...  # noqa: D102
    @property
    def inputs(self) -> Floats: ...  # noqa: D102
    @property
    def targets(self) -> Floats: ...  # noqa: D102


def boundary(
    of: LineRun | nn.Module | Snapshots | Model | Callable[[Floats], ArrayLike],
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    inputs: tuple[int, int] | tuple[str, str] = (0, 1),
    held: Mapping[str, float | str] | ArrayLike | None = None,
    outputs: Literal["auto", "probability", "logit", "value", "class"] = "auto",
    grid: int = 61,
) -> Boundary:
    """Describe what a classifier says over two of its inputs.

    Args:
        of: a run with a line for each epoch (see :class:`LineRun`); a torch net; ``Snapshots`` of one; a
            Model; or any function of rows, shape (n, inputs), that gives (n,) or (n, classes).
        X, y: the rows and their classes: 0, 1, ... For a Model X is raw rows and holds the target. A run
            brings its own.
        inputs: which two, by place from 0; of a Model by the names of two columns of numbers.
        held: where the other inputs are held, one value for each input, or of a Model for each column named;
            None: at their mean, of a Model at the median or the commonest cell.
        outputs: what one output of a net is. "auto": a probability where all lie between 0 and 1, else the
            logit of one where the classes are 0 and 1, else a value; several outputs are one for each class.
        grid: at so many values of each input the net is asked.

    Raises:
        RecipeError: the rows, the inputs or what is held do not fit.
    """
    if grid < 2:
        raise RecipeError(message("grid must be 2 or more", f"grid={grid}", "leave it at 61"))
    if isinstance(of, Model):
        return model_boundary(of, X, inputs, held, grid)
    if isinstance(of, LineRun) and np.shape(of.inputs)[1:] == (1,):
        return _of_fits(of, grid)
    if isinstance(of, LineRun):
        return _of_lines(of, Slice.of(of.inputs, inputs, held, grid))
    if X is None or not (callable(of) or isinstance(of, Snapshots)):
        raise RecipeError(
            message(
                "a boundary needs a run, or a net and its rows",
                f"it is given a {type(of).__name__}{' without rows' if X is None else ''}",
                "write gn.boundary(net, X, y)",
            )
        )
    cut = Slice.of(X, inputs, held, grid)
    labels = labels_of(y, len(cut.rows))
    return _of_nets(of, cut, labels, outputs)


def _of_lines(run: LineRun, cut: Slice) -> Boundary:
    """Return the line of each epoch; what other inputs are held at moves it."""
    weights = np.asarray(run.weights, dtype=np.float64)
    pairs = weights[:, cut.places]
    biases = np.asarray(run.biases, dtype=np.float64) + weights @ cut.rest
    frames = [
        Frame(epoch, float(error), (Line("boundary", (float(pair[0]), float(pair[1])), float(bias)),))
        for epoch, (pair, bias, error) in enumerate(zip(pairs, biases, run.errors, strict=True))
    ]
    labels, classes = labels_of(run.targets, len(cut.rows))
    return cut.boundary("lines", frames, labels, classes, getattr(run, "error", "error"), ())


def _of_fits(run: LineRun, grid: int) -> Boundary:
    """Return the line ``target = w * x + b`` of each epoch of a linear regression on one input."""
    points = np.column_stack([np.asarray(run.inputs)[:, 0], run.targets])
    triples = zip(np.asarray(run.weights)[:, 0], run.biases, run.errors, strict=True)
    frames = [
        Frame(epoch, float(error), (Line("fit", (float(weight), -1.0), float(bias)),))
        for epoch, (weight, bias, error) in enumerate(triples)
    ]
    view = Slice.of(points, (0, 1), None, grid).boundary(
        "lines", frames, None, (), getattr(run, "error", "error"), ()
    )
    return replace(view, names=("x1", "target"))


def _of_nets(
    of: nn.Module | Snapshots | Callable[[Floats], ArrayLike],
    cut: Slice,
    known: tuple[Floats | None, tuple[str, ...]],
    outputs: Literal["auto", "probability", "logit", "value", "class"],
) -> Boundary:
    moments = zip(of.epochs, of.nets(), strict=True) if isinstance(of, Snapshots) else [(0, of)]
    seen = [
        (epoch, answers(net, cut.asked()), answers(net, cut.rows), lines_of(net, cut), hidden_of(net, cut))
        for epoch, net in moments
    ]
    labels, classes = known
    reader = Reader.of(outputs, np.concatenate([seen[-1][1], seen[-1][2]]), labels)
    frames = [
        Frame(
            epoch=epoch,
            error=None if labels is None else reader.error(on_rows, labels),
            lines=lines,
            surface=reader.surface(on_grid).reshape(len(cut.y), len(cut.x)),
            hidden=hidden,
        )
        for epoch, on_grid, on_rows, lines, hidden in seen
    ]
    return cut.boundary(
        reader.kind, frames, labels, classes or reader.classes, reader.error_name, reader.notes
    )
