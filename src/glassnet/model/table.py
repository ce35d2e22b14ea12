"""The Model: Schema + Task + Net + Recipe + History. It takes raw rows and answers in the user's units."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.archive import Contents, pack
from glassnet.data.columns import DateColumn
from glassnet.data.row_facts import row_groups, row_weights
from glassnet.data.schema import Schema
from glassnet.data.sources import open_source
from glassnet.data.split import day_of_each_row
from glassnet.data.table import Table
from glassnet.data.times import row_times
from glassnet.engine.arrays import device_of, dtype_of
from glassnet.engine.evaluating import evaluating
from glassnet.engine.history import History
from glassnet.engine.threads import choose_threads, using_threads
from glassnet.errors import DataError, RecipeError, WorkError, message
from glassnet.metrics.conformal import Conformal
from glassnet.metrics.coverage import ASKED, coverage_of, ends_asked
from glassnet.model.manifest import read_as, split_arrays
from glassnet.model.table_manifest import (
    SAVED,
    SavedBaselines,
    TableManifest,
    baselines_of,
    conformal_of,
    task_of,
)
from glassnet.model.trained import TaskModel
from glassnet.nets.build import load_weights
from glassnet.nets.own import arrays_of, filled
from glassnet.nets.spec import Architecture, Own
from glassnet.notation import parse_split
from glassnet.plan.table import Plan
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.task import Task
from glassnet.version import __version__

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHUNK = 65_536


@dataclass(frozen=True)
class Examples:
    """Raw rows with their target, ready to be scored.

    Attributes:
        table: the n rows as they were read.
        inputs: (n, width), encoded.
        truth: (n,) or (n, targets) in the user's units, or (n,) class indices.
        weight: (n,), how much each row counts; None: all alike.
        unit: (n,), what intervals resample: equal for rows of one day or group; None: every row by itself.
        notes: what the reader of scores should know about weights and units.
    """

    table: Table
    inputs: NDArray[np.float32]
    truth: NDArray[Any]
    weight: Floats | None
    unit: NDArray[np.int64] | None
    notes: tuple[str, ...]


@dataclass(repr=False)
class Model(TaskModel):
    """A trained network that takes raw rows and answers in the user's units.

    Attributes:
        net: the torch module inside: encoded inputs, shape (rows, schema.width), to outputs.
        schema: how raw columns become those inputs.
        task: what the outputs mean.
        results: its scores beside the baselines, from the run that trained it.
        conformal: what its prediction intervals come from; None for classes, or without validation rows.
    """

    net: torch.nn.Module
    schema: Schema
    task: Task
    architecture: Architecture
    recipe: Recipe
    plan: Plan
    history: History
    results: Results = field(default_factory=Results)
    baselines: SavedBaselines | None = None
    conformal: Conformal | None = None

    def predict(self, data: object) -> NDArray[Any]:
        """Answer raw rows: numbers in the user's units, or classes as they were written in training.

        Args:
            data: a file, a named data set, a frame, a mapping of columns, one row as a mapping, or a list
                of such rows. The target column may be there and is not looked at.

        Returns:
            Shape (rows,), or (rows, targets) where there are several: float64; for classes int64, float64,
            bool, or objects that are text.

        Raises:
            DataError: columns or cells do not fit; every problem is named.
            WorkError: an answer is infinite or not a number.
        """
        return self.task.answers(self.predictions(self.table(data)))

    def predict_proba(self, data: object) -> Floats:
        """Return the probability of each class in ``task.classes``. Shape (rows, classes).

        Raises:
            RecipeError: the model does not predict classes.
            DataError, WorkError: see :meth:`predict`.
        """
        if not self.task.is_classification:
            raise RecipeError(
                message("probabilities need a model of classes", f"task={self.task.name}", "call predict")
            )
        return self.predictions(self.table(data))

    def predict_interval(self, data: object, coverage: float = ASKED) -> tuple[Floats, Floats]:
        """Return between which numbers the truth of raw rows lies, for a share ``coverage`` of such rows.

        ``low, high = model.predict_interval(rows)``, each in the user's units and of the shape that
        :meth:`predict` returns. They come from the errors on validation rows, as
        :mod:`glassnet.metrics.conformal` says, and ``results.prediction_intervals`` has what share they held
        of the test rows. More coverage is never narrower.

        Raises:
            RecipeError: the model predicts classes or was trained without validation rows, or has too few of
                them for this coverage.
            DataError, WorkError: see :meth:`predict`.
        """
        return self.check_coverage(coverage).interval(self.predictions(self.table(data)), coverage)

    def table(self, data: object) -> Table:
        """Read raw rows from whatever :meth:`predict` takes, with the words for missing cells of the run."""
        is_row = isinstance(data, Mapping) and data and not any(map(_is_column, data.values()))
        return open_source([data] if is_row else data, self.recipe.missing).load()

    def predictions(self, table: Table) -> Floats:
        """Return predictions of a table's rows as :meth:`glassnet.task.Task.decode` shapes them."""
        return self._decoded(self.schema.encode(table), table)

    def evaluate(self, data: object = None) -> Results:
        """Score the model beside its baselines on the same rows, each metric with its interval.

        Rows count by the run's weight column, and intervals resample whole days or groups, where the run
        did so and the rows allow it; a note says where they do not.

        Args:
            data: raw rows with the target; None gives the results of the run that trained the model.

        Raises:
            DataError: columns or cells do not fit, or a target is missing; every problem is named.
            WorkError: see :meth:`predict`.
        """
        if data is None:
            return self.results
        rows = self.examples(data)
        predictions = {"": self._decoded(rows.inputs, rows.table), **self._baseline_predictions(rows.inputs)}
        scores = {
            name: self.task.score(rows.truth, each, unit=rows.unit, weight=rows.weight, seed=self.recipe.seed)
            for name, each in predictions.items()
        }
        differences = self.task.compare(
            rows.truth, predictions, unit=rows.unit, weight=rows.weight, seed=self.recipe.seed
        )
        ends = ends_asked(self.conformal, predictions[""])
        coverage = coverage_of(rows.truth, ends, unit=rows.unit, weight=rows.weight)
        return Results.judged(
            "test", rows.table.rows, scores.pop(""), scores, differences, rows.notes, coverage
        )

    def examples(self, data: object) -> Examples:
        """Read raw rows with the target, ready to be scored as :meth:`evaluate` scores them.

        Raises:
            DataError: columns or cells do not fit, or a target is missing; every problem is named.
        """
        table = self.table(data)
        notes, problems = list[str](), list[str]()
        with _collected(problems):
            inputs = self.schema.encode(table)
        with _collected(problems):
            truth = self.task.truth(self.schema.raw_targets(table))
        with _collected(problems):
            weight = self._weights(table, notes)
        if problems:
            raise DataError(problems)
        unit = self._units(table, notes)
        return Examples(table, inputs, truth, weight, unit, tuple(notes))

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = TableManifest(
            kind="table",
            version=__version__,
            recipe=self.recipe,
            plan=self.plan,
            schema=self.schema,
            networks={"net": self.architecture},
            loss=self.task.loss,
            history=json.loads(self.history.to_json()),
            results=self.results,
        )
        arrays = {f"net.{name}": each for name, each in arrays_of(self.net).items()}
        if self.baselines is not None:
            arrays |= {f"baseline.{name}": value for name, value in vars(self.baselines).items()}
        if self.conformal is not None:
            arrays |= {f"conformal.{name}": value for name, value in vars(self.conformal).items()}
        return pack(manifest.model_dump(mode="json", by_alias=True), arrays)

    def _decoded(self, inputs: NDArray[np.float32], table: Table) -> Floats:
        outputs = outputs_of(self.net, inputs)
        with np.errstate(all="ignore"):
            predictions = self.task.decode(outputs)
        wrong = np.flatnonzero(~np.isfinite(predictions.reshape(len(predictions), -1)).all(axis=1))
        if len(wrong):
            raise WorkError(
                message(
                    f"the net must answer every row of {table.name} with finite numbers",
                    f"{len(wrong)} rows have others, row {table.first_row + int(wrong[0])} first",
                    "look for extreme numbers there, or train the model again with a lower lr",
                )
            )
        return predictions

    def check_coverage(self, coverage: float) -> Conformal:
        """Return what intervals of this coverage come from, or raise as :meth:`predict_interval` does."""
        if self.conformal is not None:
            self.conformal.rank(coverage)
            return self.conformal
        must = "prediction intervals need a model of numbers that was judged on two validation rows or more"
        if self.task.is_classification:
            raise RecipeError(message(must, f"task={self.task.name}", "call predict_proba"))
        found = f"this one has none that count: validation={self.plan.validation!r}"
        raise RecipeError(message(must, found, "train it again with validation='random:0.2'"))

    def _weights(self, table: Table, notes: list[str]) -> Floats | None:
        """Return how much each row counts, where the run weighed its rows by a column."""
        column = self.recipe.weight
        if column is not None and column not in table.columns:
            notes.append(f"every row counts 1: there is no column {column!r} with weights")
        return row_weights(table, column) if column in table.columns else None

    def _units(self, table: Table, notes: list[str]) -> NDArray[np.int64] | None:
        """Return what the bootstrap resamples: days or groups where the run did, else (None) rows."""
        group = parse_split(self.plan.test).column
        dates = next((each for each in self.schema.columns if isinstance(each, DateColumn)), None)
        if self.plan.unit == "group" and group in table.columns:
            return row_groups(table, group)
        with contextlib.suppress(DataError):  # a row without a date
            times = row_times(table, dates.name, dates.format) if dates and self.plan.unit == "day" else None
            if times is not None:
                return day_of_each_row(times)
        if self.plan.unit != "row":
            notes.append(f"intervals resample rows: not every row has its {self.plan.unit}")
        return None

    def _baseline_predictions(self, inputs: NDArray[np.float32]) -> dict[str, Floats]:
        if self.baselines is None:
            return {}
        constant = np.broadcast_to(self.baselines.constant, (len(inputs), len(self.baselines.constant)))
        blocks = (inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK))
        linear = [each @ self.baselines.weight.T + self.baselines.bias for each in blocks]
        return {
            "majority" if self.task.is_classification else "mean": self.task.truth(constant),
            "linear": self.task.decode_linear(np.concatenate(linear)),
        }

    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net."""
        yield "task", f"{self.task.name}: {', '.join(self.schema.target_names)}"
        if self.task.classes:
            yield "classes", ", ".join(self.task.classes[:20])
        yield "inputs", f"{len(self.schema.columns)} columns, {self.schema.width} units"
        yield "net", f"{self.plan.net}, {sum(p.numel() for p in self.net.parameters()):,} parameters"


def model_from(contents: Contents, name: str, net: object = None) -> Model:
    """Build a model from the contents of a ``.glass`` file; see :func:`glassnet.model.loading.load`."""
    manifest, history = read_as(TableManifest, contents.manifest, name)
    task = task_of(manifest, name)
    saved = split_arrays(contents.arrays, SAVED, name)
    architecture = manifest.networks["net"]
    return Model(
        net=filled(net, architecture.builder, saved["net"], (manifest.schema_.width, task.outputs), name)
        if isinstance(architecture, Own)
        else load_weights(architecture, saved["net"], name),
        schema=manifest.schema_,
        task=task,
        architecture=architecture,
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        results=manifest.results,
        baselines=baselines_of(saved["baseline"], task, manifest.schema_.width, name),
        conformal=conformal_of(saved["conformal"], task, name),
    )


def outputs_of(net: torch.nn.Module, inputs: NDArray[np.float32]) -> NDArray[Any]:
    """Run a net in evaluation mode, a chunk of rows at a time. Shape: (rows, width) -> (rows, ...)."""
    import torch

    device, dtype = device_of(net), dtype_of(net)
    chunks = (inputs[start : start + CHUNK] for start in range(0, max(len(inputs), 1), CHUNK))
    threads = choose_threads(min(len(inputs), CHUNK) * sum(each.numel() for each in net.parameters()))
    with evaluating(net), torch.inference_mode(), using_threads(threads):
        outputs = [net(torch.from_numpy(each).to(device, dtype)).cpu() for each in chunks]
        parts = [each.to(torch.promote_types(each.dtype, torch.float32)).numpy() for each in outputs]
    return np.concatenate(parts)


def _is_column(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    """Add the problems of a DataError to the others."""
    try:
        yield
    except DataError as error:
        problems.extend(error.problems)
