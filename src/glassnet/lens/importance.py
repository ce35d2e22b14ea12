"""Permutation importance: how much worse the model answers when one raw column is shuffled.

Shuffling breaks what ties a column to the truth and leaves its values as they are (L. Breiman, 2001, "Random
forests", section 10; A. Fisher, C. Rudin and F. Dominici, 2019, "All models are wrong, but many are useful",
JMLR 20). For a linear model and squared errors the increase is 2 weight² variance of the column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.lens.inputs import blocks, sample_note, some_rows
from glassnet.lens.text import aligned, shown
from glassnet.lens.wording import SAME
from glassnet.metrics.bootstrap import drawn_units, percentiles
from glassnet.metrics.compare import MainMetric, main_metrics, resampled, row_terms
from glassnet.metrics.rows import Rows, checked_rows
from glassnet.model.table import outputs_of
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.table import Examples, Model

    Floats = NDArray[np.float64]

MOST_ROWS = 20_000
"""Of more rows than this a random sample is shuffled."""


@dataclass(frozen=True)
class ColumnImportance:
    """One raw column: the increase of the metric when it is shuffled, and its 95 % interval or None."""

    column: str
    increase: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Importance:
    """What each raw column is worth to a model; ``dataclasses.asdict`` gives JSON values.

    Attributes:
        metric: what increases: ``rmse`` in the target's units, or ``log_loss`` in nats.
        score: the metric of the rows as they are.
        columns: the columns, the most important one first.
        rows: how many rows were looked at.
        repeats: how often each column was shuffled.
        notes: what the reader should know.
        constant: columns that are the same in all these rows, so that shuffling shows nothing of them.
    """

    metric: MainMetric
    score: float
    columns: tuple[ColumnImportance, ...]
    rows: int
    repeats: int
    notes: tuple[str, ...]
    constant: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [("column", f"increase of {self.metric}", "95 % interval")]
        lines += [(shown(each.column), f"{each.increase:.4g}", _interval(each)) for each in self.columns]
        head = f"{self.metric} {self.score:.4g} on {self.rows:,} rows, each column shuffled {self.repeats}x"
        return "\n".join([head, aligned(lines), *self.notes])


def _interval(of: ColumnImportance) -> str:
    return "-" if of.interval is None else "[{:.4g}, {:.4g}]".format(*of.interval)


def permutation_importance(model: Model, data: object, *, repeats: int = 5, seed: int = 0) -> Importance:
    """Return the increase of the model's main metric when each raw column is shuffled among the rows.

    The metric is ``rmse`` for numbers (several targets: their mean) and ``log_loss`` for classes. The
    intervals are those of a bootstrap over the units that the run's intervals resample (rows, days, groups)
    and over the repeats.

    Read it with care where columns say the same thing: while one of them is shuffled the model still reads
    it in the other, so that both look less important than they are together; and shuffling makes rows that
    cannot exist, about which the model only guesses. It says what this model uses, not what causes what.

    Args:
        model: the model.
        data: raw rows with the target, best rows that it was not trained on. Beyond 20,000 a random sample
            is looked at, and ``notes`` says so.
        repeats: how often each column is shuffled, 1 or more.
        seed: decides sample and shuffles.

    Raises:
        RecipeError: ``repeats`` is below 1.
        DataError: columns or cells do not fit, or a target is missing; every problem is named.
    """
    if repeats < 1:
        raise RecipeError(message("repeats must be 1 or more", f"repeats={repeats}", "leave it at 5"))
    examples = model.examples(data)
    picked = some_rows(examples.table.rows, MOST_ROWS, seed, "importance")
    judge = _Judge(model, _picked(examples, picked), repeats, seed)
    plain = judge.scores(judge.examples.inputs)
    places, columns = blocks(model.schema), []
    for name, block in places.items():
        chance = stream(seed, "importance", name)
        shuffled = [judge.scores(_shuffled(judge.examples.inputs, block, chance)) for _ in range(repeats)]
        columns.append(judge.importance(name, np.stack(shuffled, axis=1) - plain[:, None]))
    still = _constant(judge.examples, places)
    return Importance(
        metric=judge.metric,
        score=float(plain[0]),
        columns=tuple(sorted(columns, key=lambda each: -each.increase)),
        rows=len(picked),
        repeats=repeats,
        notes=(
            *sample_note(len(picked), examples.table.rows),
            *([f"{SAME}{', '.join(still)}"] if still else []),
            *examples.notes,
        ),
        constant=still,
    )


def _picked(examples: Examples, rows: NDArray[np.int64]) -> Examples:
    return replace(
        examples,
        inputs=examples.inputs[rows],
        truth=examples.truth[rows],
        weight=None if examples.weight is None else examples.weight[rows],
        unit=None if examples.unit is None else examples.unit[rows],
    )


def _constant(examples: Examples, places: dict[str, slice]) -> tuple[str, ...]:
    """Return the columns that do not vary, so that shuffling them shows nothing."""
    return tuple(
        name for name, place in places.items() if not np.ptp(examples.inputs[:, place], axis=0).any()
    )


def _shuffled(inputs: NDArray[np.float32], block: slice, chance: np.random.Generator) -> NDArray[np.float32]:
    """Return the inputs with the units of one column taken from other rows."""
    changed = inputs.copy()
    changed[:, block] = inputs[chance.permutation(len(inputs)), block]
    return changed


class _Judge:
    """Scores encoded rows: first drawn once each, then in every resample of the bootstrap."""

    def __init__(self, model: Model, examples: Examples, repeats: int, seed: int) -> None:
        self.model, self.examples = model, examples
        self.metric = main_metrics(model.task.name)[0]
        self._unit, counts = drawn_units(self._rows(examples.inputs), seed)
        self._draws = np.concatenate([np.ones((1, counts.shape[1])), counts])
        drawn = stream(seed, "importance", "repeats").multinomial(
            repeats, np.full(repeats, 1 / repeats), len(counts)
        )
        self._repeats = np.concatenate([np.ones((1, repeats)), drawn]) / repeats

    def _rows(self, inputs: NDArray[np.float32]) -> Rows:
        task, examples = self.model.task, self.examples
        predicted = task.decode(outputs_of(self.model.net, inputs))
        return checked_rows(task.name, examples.truth, predicted, examples.weight, examples.unit)

    def scores(self, inputs: NDArray[np.float32]) -> Floats:
        """Return the metric of the rows and of every resample. Shape: (1 + resamples,)."""
        rows = self._rows(inputs)
        return resampled(self.metric, row_terms(rows, self.metric), rows.weight, self._unit, self._draws)

    def importance(self, column: str, increases: Floats) -> ColumnImportance:
        """Join the repeats, (1 + resamples, repeats), each resample drawing repeats as well as units."""
        joined = (increases * self._repeats).sum(axis=1)
        interval = percentiles(joined[1:]) if self._draws.shape[1] > 1 else None
        return ColumnImportance(column, float(joined[0]), interval)
