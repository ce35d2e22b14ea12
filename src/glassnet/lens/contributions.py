"""Contributions: how each raw column of one row moved its answer away from the answer to the average row.

Integrated gradients (M. Sundararajan, A. Taly and Q. Yan, 2017, "Axiomatic attribution for deep networks",
section 3): the gradient of the answer, averaged along the straight line from the average training row to the
row, times the way between them. Completeness: the contributions and the answer to the average row add up to
the row's answer. The average along the line is a sum over steps, so they add up but for a residual, which is
shown; steps are doubled until it is small.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.engine.threads import choose_threads, using_threads
from glassnet.errors import DataError, RecipeError, WorkError, message
from glassnet.lens.inputs import average_inputs, blocks, target_place
from glassnet.lens.text import aligned, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from glassnet.model.table import Model

    Floats = NDArray[np.float64]

FIRST_STEPS, MOST_STEPS = 64, 8192
AT_ONCE = 1024
TOLERANCE = 0.01
"""The residual's size beside the whole change or the largest contribution, whichever is larger."""
_STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
_STENCIL_STEP = 0.01


@dataclass(frozen=True)
class Contribution:
    """One raw column: its cell as it was written, and what it adds to the answer."""

    column: str
    cell: str
    value: float


@dataclass(frozen=True)
class Contributions:
    """Where the answer for one row comes from; ``dataclasses.asdict`` gives JSON values.

    ``baseline_output`` + the contributions + ``residual`` = ``output``.

    Attributes:
        target: the column that is predicted.
        answer: the class that is answered; None for numbers.
        columns: the columns, the largest contribution in size first.
        baseline_output: the answer to the average training row.
        output: the answer to the row. Both in the target's units; for classes the logit of the answer's
            probability, log(p / (1 - p)).
        probability: of the answer; None for numbers.
        residual: what the contributions leave out of output - baseline_output: the error of the steps.
        steps: how many points of the line were looked at.
    """

    target: str
    answer: str | None
    columns: tuple[Contribution, ...]
    baseline_output: float
    output: float
    probability: float | None
    residual: float
    steps: int

    @property
    def unit(self) -> str:
        """What the numbers are: the target, or the logit of a class."""
        return self.target if self.answer is None else f"logit of {self.target}={self.answer}"

    @property
    def error(self) -> float:
        """The residual's size as a share of the whole change or the largest contribution."""
        sizes = (each.value for each in self.columns)
        return abs(self.residual) / (_largest(self.output - self.baseline_output, sizes) or 1.0)

    def __str__(self) -> str:
        lines = [("average training row", "", f"{self.baseline_output:.4g}")]
        lines += [(shown(each.column), f"= {each.cell}", f"{each.value:+.4g}") for each in self.columns]
        lines.append(("not accounted for", f"{self.error:.2%}, {self.steps} steps", f"{self.residual:+.2g}"))
        lines.append(("this row", "", f"{self.output:.4g}"))
        chance = "" if self.probability is None else f", probability {self.probability:.3g}"
        return "\n".join([f"{self.unit}{chance}", aligned(lines, left=2)])


def _largest(change: float, values: Iterable[float]) -> float:
    return max(abs(change), *map(abs, values))


def contributions(
    model: Model, row: object, *, target: str | None = None, baseline: object = None
) -> Contributions:
    """Say what each raw column of one row adds to its answer; see the head of this module.

    The line from the average row passes through rows that cannot exist (a third of each season), and columns
    that say the same thing share their contribution as the model happens to use them. It says what this model
    computes, not what causes what.

    Args:
        model: a model with any net that can be differentiated.
        row: one raw row, as a mapping or a table of one row; the target need not be there.
        target: which of several numeric targets; None: the first.
        baseline: raw rows whose average is the baseline; None: the training rows' as the schema knows them
            (numbers at their mean, categories at their shares, no cell missing).

    Raises:
        DataError: ``row`` is not one row, or columns or cells do not fit.
        RecipeError: the target is not the model's, or the net cannot be differentiated in float64.
    """
    table = model.table(row)
    if table.rows != 1:
        must = "contributions explain one row"
        raise DataError(message(must, f"{table.name} has {table.rows}", "choose one of them"))
    end = model.schema.encode(table)[0].astype(np.float64)
    if baseline is None:
        start = average_inputs(model.schema)
    else:
        start = model.schema.encode(model.table(baseline)).mean(axis=0, dtype=np.float64)
    answer = _Answer(model, end, target_place(model, target))
    first, last = answer.values(np.stack([start, end])).tolist()
    places = blocks(model.schema)
    steps = FIRST_STEPS
    while True:
        parts = (end - start) * answer.mean_gradient(start, end, steps)
        values = {name: float(parts[block].sum()) for name, block in places.items()}
        residual = last - first - float(parts.sum())
        if abs(residual) <= TOLERANCE * _largest(last - first, values.values()) or steps >= MOST_STEPS:
            break
        steps *= 2
    cells = table.frame.row(0, named=True)
    found = [Contribution(name, shown(cells[name]), value) for name, value in values.items()]
    return Contributions(
        target=answer.target,
        answer=answer.name,
        columns=tuple(sorted(found, key=lambda each: -abs(each.value))),
        baseline_output=first,
        output=last,
        probability=None if answer.name is None else float(1 / (1 + np.exp(-last))),
        residual=residual,
        steps=steps,
    )


@contextmanager
def _explained() -> Iterator[None]:
    """Say what it takes where torch cannot differentiate a net, or not in float64."""
    try:
        yield
    except RuntimeError as error:
        must = "contributions need a net that torch can copy, run in float64 and differentiate"
        found = " ".join(str(error).split())[:300]
        do = "use permutation_importance, which needs answers only"
        raise RecipeError(message(must, found, do)) from error


class _Answer:
    """The one number that is explained, as a function of encoded rows, computed in float64 on the CPU.

    It is ``link(score(outputs of the net))``: for numbers the score is an output and the link decodes it into
    the target's units; for classes the score is the logit of the answer's probability, and there is no link.
    """

    def __init__(self, model: Model, row: Floats, place: int) -> None:
        self.target, self.name = model.schema.target_names[place], None
        self._task, self._place = model.task, place
        with _explained():
            self._net = copy.deepcopy(model.net).to("cpu", torch.float64).eval().requires_grad_(False)
            outputs = self._outputs(torch.from_numpy(row[None])).numpy()
        predictions = model.task.decode(outputs)
        if not np.isfinite(predictions).all():
            must = "the net must answer the row with finite numbers"
            raise WorkError(message(must, f"it gives {predictions}", "look for extreme numbers in the row"))
        if model.task.is_classification:
            self._place = int(predictions[0].argmax())
            self.name = model.task.classes[self._place]

    def values(self, inputs: Floats) -> Floats:
        """Return the number of each encoded row. Shape: (rows, width) -> (rows,)."""
        with _explained():
            return self._link(self._score(torch.from_numpy(inputs)).numpy())

    def mean_gradient(self, start: Floats, end: Floats, steps: int) -> Floats:
        """Return the gradient averaged over the midpoints of equal steps. Shape: (width,)."""
        total = np.zeros_like(start)
        weights = sum(each.numel() for each in self._net.parameters())
        for first in range(0, steps, AT_ONCE):
            middle = (np.arange(first, min(first + AT_ONCE, steps)) + 0.5) / steps
            inputs = torch.from_numpy(start + middle[:, None] * (end - start)).requires_grad_()
            threads = choose_threads(3 * len(middle) * weights)
            with _explained(), torch.enable_grad(), using_threads(threads):
                score = self._score(inputs)
                (gradient,) = torch.autograd.grad(score.sum(), inputs)
            slope = self._slope(score.detach().numpy())
            total += slope @ gradient.numpy()
        return total / steps

    def _outputs(self, inputs: Tensor) -> Tensor:
        """Run the net. Shape: (rows, width) -> (rows, outputs)."""
        outputs: Tensor = self._net(inputs)
        return outputs.reshape(len(inputs), -1)

    def _score(self, inputs: Tensor) -> Tensor:
        outputs = self._outputs(inputs)
        if self._task.name == "binary":
            return outputs[:, 0] if self._place == 1 else -outputs[:, 0]
        if self._task.name == "multiclass":
            others = [place for place in range(outputs.shape[1]) if place != self._place]
            return outputs[:, self._place] - outputs[:, others].logsumexp(dim=1)
        return outputs[:, self._place]

    def _link(self, score: Floats) -> Floats:
        if self._task.is_classification:
            return score
        outputs = np.zeros((len(score), self._task.outputs))
        outputs[:, self._place] = score
        return self._task.decode(outputs).reshape(outputs.shape)[:, self._place]

    def _slope(self, score: Floats) -> Floats:
        """Return the derivative of the link by five points: exact for straight lines and squares."""
        change = sum(part * self._link(score + at * _STENCIL_STEP) for at, part in _STENCIL)
        return np.asarray(change / _STENCIL_STEP)
