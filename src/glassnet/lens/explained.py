"""Explanations for a report: on a sample of the judged rows, and only as much as a few seconds allow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from glassnet.data.columns import DateColumn
from glassnet.data.table import Table
from glassnet.engine.arrays import device_of, dtype_of
from glassnet.engine.probe import probe
from glassnet.errors import GlassnetError
from glassnet.lens.contributions import FIRST_STEPS, contributions
from glassnet.lens.dependence import partial_dependence
from glassnet.lens.importance import Importance, permutation_importance
from glassnet.lens.inputs import some_rows
from glassnet.lens.mistakes import Mistakes, mistakes_of
from glassnet.lens.numerals import number
from glassnet.lens.report import Example, Explained
from glassnet.lens.text import shown

if TYPE_CHECKING:
    from glassnet.lens.contributions import Contributions
    from glassnet.lens.judged import Judged
    from glassnet.model.table import Model

T = TypeVar("T")

ROWS = 1_000
WORST = 10
CURVES, POINTS = 3, 20
MOST_REPEATS, MOST_SHUFFLES = 5, 1_500
MOST_ARITHMETIC = 2e10
"""Multiply-adds that one explanation may take: some seconds on one core."""
SPEED = 2e9
"""Multiply-adds that a slow core does in a second."""
SHUFFLE = 2e7
"""What scoring 1,000 rows in 1,000 resamples takes beside the net's own arithmetic."""


@dataclass
class _Allowance:
    """What explanations may cost, and what was left out for that."""

    deadline: float | None
    missing: list[str] = field(default_factory=list)

    def ask(self, what: str, cost: float, how: Callable[[], T]) -> T | None:
        """Explain something, unless it costs too much or cannot be done."""
        left = np.inf if self.deadline is None else self.deadline - time.monotonic()
        if cost > SPEED * left:
            self.missing.append(f"{what}: the budget of the run left no time for it")
        elif cost > MOST_ARITHMETIC:
            self.missing.append(f"{what}: it would take too long with this network and so many columns")
        else:
            try:
                return how()
            except GlassnetError as error:
                self.missing.append(f"{what}: {error}")
        return None


def explain(
    model: Model, judged: Judged, rows: str, deadline: float | None = None
) -> tuple[Explained, tuple[str, ...]]:
    """Explain a model on judged rows.

    Args:
        model: the model.
        judged: at least one row.
        rows: which rows these are, in words.
        deadline: of ``time.monotonic()``; what would not be done by then is left out.

    Returns:
        What could be had, and what is missing with its reason.
    """
    worst, middle = _worst(model, judged)
    cells = judged.raw.cells
    picked = some_rows(cells.rows, ROWS, model.recipe.seed, "report")
    sample = Table(cells.frame[picked], cells.name)
    allowance, arithmetic = _Allowance(deadline), _arithmetic(model, sample)
    shuffles = len(model.schema.columns) * _repeats(model)
    importance = allowance.ask(
        "What each column is worth",
        shuffles * (sample.rows * arithmetic + SHUFFLE),
        lambda: _importance(model, sample),
    )
    columns = _curved(model, importance)
    of = _explained_class(model, judged, middle)
    dependence = allowance.ask(
        "How the answers follow a column",
        len(columns) * POINTS * sample.rows * arithmetic + SHUFFLE,
        lambda: tuple(partial_dependence(model, sample, each, points=POINTS, output=of) for each in columns),
    )
    example = allowance.ask(
        "What made one answer",
        3 * FIRST_STEPS * arithmetic + SHUFFLE,
        lambda: _example(model, judged, middle),
    )
    return Explained(rows, importance, dependence or (), example, worst), tuple(allowance.missing)


def _repeats(model: Model) -> int:
    return max(1, min(MOST_REPEATS, MOST_SHUFFLES // len(model.schema.columns)))


def _importance(model: Model, sample: Table) -> Importance:
    return permutation_importance(model, sample, repeats=_repeats(model), seed=model.recipe.seed)


def _arithmetic(model: Model, sample: Table) -> int:
    """Return the multiply-adds of one row."""
    two = Table(sample.frame.head(2), sample.name)
    inputs = torch.from_numpy(model.schema.encode(two)).to(device_of(model.net), dtype_of(model.net))
    return probe(model.net, inputs).multiply_adds


def _curved(model: Model, importance: Importance | None) -> tuple[str, ...]:
    """Return the columns whose dependence is worth a chart: the most important ones that are no dates."""
    if importance is None:
        return ()
    dates = {each.name for each in model.schema.columns if isinstance(each, DateColumn)}
    return tuple(
        each.column for each in importance.columns if each.column not in dates and each.increase > 0
    )[:CURVES]


def _worst(model: Model, judged: Judged) -> tuple[Mistakes, int]:
    """Return the worst of the kept rows, and the position among them of one of middling error."""
    kept = judged.raw.kept
    truth, answers, numbers = judged.truth[kept], judged.answers[kept], judged.raw.numbers[kept]
    if model.task.is_classification:
        error = 1 - answers[np.arange(len(answers)), truth]
    else:
        error = np.abs(answers - truth).reshape(len(truth), -1)[:, 0]
    middle = int(np.argsort(error, kind="stable")[len(error) // 2])
    return mistakes_of(model, judged.raw.cells, numbers, truth, answers, WORST), middle


def _explained_class(model: Model, judged: Judged, position: int) -> str | None:
    """Return the class that charts are about: the second of two, else the answer that is taken apart."""
    if not model.task.is_classification:
        return None
    answer = int(judged.answers[judged.raw.kept[position]].argmax())
    return model.task.classes[1 if len(model.task.classes) == 2 else answer]


def _example(model: Model, judged: Judged, position: int) -> Example:
    """Take the answer to one of the kept rows apart."""
    row = judged.raw.kept[position]
    found = contributions(model, judged.raw.cells.frame.row(position, named=True))
    truth = judged.truth[row]
    if model.task.is_classification:
        said, true = found.answer or "", model.task.classes[int(truth)]
        if said == model.task.classes[0] and len(model.task.classes) == 2:
            found = _turned(found, model.task.classes[1])
    else:
        said, true = number(found.output), number(float(np.ravel(truth)[0]))
    return Example(int(judged.raw.numbers[row]), shown(true), shown(said), found)


def _turned(found: Contributions, other: str) -> Contributions:
    """Return the contributions to the other one of two classes, whose logit is that of this one with its sign
    turned."""
    return replace(
        found,
        answer=other,
        columns=tuple(replace(each, value=-each.value) for each in found.columns),
        baseline_output=-found.baseline_output,
        output=-found.output,
        probability=1 / (1 + float(np.exp(found.output))),
        residual=-found.residual,
    )
