"""The Model: Schema + Task + Net + Recipe + History. It takes raw rows and answers in the user's units."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from glassnet.archive import Contents, pack, read_archive
from glassnet.data.columns import DateColumn
from glassnet.data.schema import Schema
from glassnet.data.sources import open_source
from glassnet.data.split import day_of_each_row
from glassnet.data.table import Table
from glassnet.data.targets import ClassTarget, NumberTarget
from glassnet.data.times import row_times
from glassnet.engine.history import History
from glassnet.errors import DataError, FormatError, RecipeError, message
from glassnet.nets.build import load_weights
from glassnet.nets.spec import Own, Stack
from glassnet.plan import Plan
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.storage import write_atomically
from glassnet.task import Task
from glassnet.version import __version__

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHUNK = 65_536


@dataclass(frozen=True)
class SavedBaselines:
    """The baselines that travel in the file, so that new rows are scored beside them too.

    Attributes:
        constant: the mean, or the share of each class. Shape (outputs,) or (classes,).
        weight: the linear model on the encoded inputs. Shape (outputs, width).
        bias: shape (outputs,).
    """

    constant: Floats
    weight: Floats
    bias: Floats


class _Manifest(BaseModel):
    """The closed schema of ``glassnet.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["table"]
    version: str
    recipe: Recipe
    plan: Plan
    schema_: Schema = Field(alias="schema")
    networks: dict[Literal["net"], Stack | Own]
    loss: str
    history: JsonValue
    results: Results


@dataclass
class Model:
    """A trained network that takes raw rows and answers in the user's units.

    Attributes:
        net: the torch module inside: encoded inputs, shape (rows, schema.width), to outputs.
        schema: how raw columns become those inputs.
        task: what the outputs mean.
        results: its scores beside the baselines, from the run that trained it.
    """

    net: torch.nn.Module
    schema: Schema
    task: Task
    architecture: Stack | Own
    recipe: Recipe
    plan: Plan
    history: History
    results: Results = field(default_factory=Results)
    baselines: SavedBaselines | None = None

    def predict(self, data: object) -> NDArray[np.float64] | NDArray[np.str_]:
        """Answer raw rows: numbers in the user's units, or class names.

        Args:
            data: a file, a named data set, a frame, a mapping of columns, one row as a mapping, or a list
                of such rows. The target column may be there and is not looked at.

        Returns:
            Shape (rows,), or (rows, targets) where there are several.

        Raises:
            DataError: columns or cells do not fit; every problem is named.
        """
        return self.task.answers(self.predictions(raw_table(data)))

    def predict_proba(self, data: object) -> Floats:
        """Return the probability of each class in ``task.classes``. Shape (rows, classes).

        Raises:
            RecipeError: the model does not predict classes.
            DataError: see :meth:`predict`.
        """
        if not self.task.is_classification:
            raise RecipeError(
                message("probabilities need a model of classes", f"task={self.task.name}", "call predict")
            )
        return self.predictions(raw_table(data))

    def predictions(self, table: Table) -> Floats:
        """Return predictions of a table's rows as :meth:`glassnet.task.Task.decode` shapes them."""
        return self.task.decode(outputs_of(self.net, self.schema.encode(table)))

    def evaluate(self, data: object = None) -> Results:
        """Score the model beside its baselines on the same rows, each metric with its interval.

        Args:
            data: raw rows with the target; None gives the results of the run that trained the model.

        Raises:
            DataError: columns or cells do not fit, or a target is missing.
        """
        if data is None:
            return self.results
        table = raw_table(data)
        if table.rows == 0:
            raise DataError(message("scoring needs rows", f"{table.name} has none", "give at least one row"))
        inputs, truth = self.schema.encode(table), self.task.truth(self.schema.raw_targets(table))
        unit = self._units(table)
        predictions = {
            "": self.task.decode(outputs_of(self.net, inputs)),
            **self._baseline_predictions(inputs),
        }
        scores = {
            name: self.task.score(truth, each, unit=unit, seed=self.recipe.seed)
            for name, each in predictions.items()
        }
        return Results.judged("test", table.rows, scores.pop(""), scores)

    def save(self, path: str | Path) -> None:
        """Write the model as one ``.glass`` file, whole or not at all; the same model gives the same bytes.

        Raises:
            OSError: the file cannot be written.
        """
        write_atomically(Path(path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = _Manifest(
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
        arrays = {f"net.{name}": each.detach().cpu().numpy() for name, each in self.net.state_dict().items()}
        if self.baselines is not None:
            arrays |= {f"baseline.{name}": value for name, value in vars(self.baselines).items()}
        return pack(manifest.model_dump(mode="json", by_alias=True), arrays)

    def _units(self, table: Table) -> NDArray[np.int64] | None:
        """Return what the bootstrap resamples: days where the run resampled days, else rows."""
        if self.plan.unit != "day":
            return None
        dates = next((each for each in self.schema.columns if isinstance(each, DateColumn)), None)
        times = row_times(table, dates.name, dates.format) if dates is not None else None
        return None if times is None else day_of_each_row(times)

    def _baseline_predictions(self, inputs: NDArray[np.float32]) -> dict[str, Floats]:
        if self.baselines is None:
            return {}
        constant = np.broadcast_to(self.baselines.constant, (len(inputs), len(self.baselines.constant)))
        linear = inputs @ self.baselines.weight.T + self.baselines.bias  # in units of the net's outputs
        name = "majority" if self.task.is_classification else "mean"
        constant = constant[:, 0] if self.task.name in ("regression", "poisson") else constant
        return {name: constant, "linear": self.task.decode(linear)}

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to say about the model in a few words each."""
        yield "task", f"{self.task.name}: {', '.join(self.schema.target_names)}"
        if self.task.classes:
            yield "classes", ", ".join(self.task.classes[:20])
        yield "inputs", f"{len(self.schema.columns)} columns, {self.schema.width} units"
        yield "net", f"{self.plan.net}, {sum(p.numel() for p in self.net.parameters()):,} parameters"
        yield "trained", f"{len(self.history)} epochs, stopped by {self.history.stopped}"
        verdict = self.results.verdict()
        if verdict:
            yield self.results.shown_split() or "", verdict

    def __repr__(self) -> str:
        return "\n".join(["Model", *(f"  {name}: {text}" for name, text in self.facts())])

    def _repr_html_(self) -> str:
        rows = (f"<tr><th>{html.escape(n)}</th><td>{html.escape(t)}</td></tr>" for n, t in self.facts())
        return f"<table>{''.join(rows)}</table>"


def load(path: str | Path, net: torch.nn.Module | None = None) -> Model:
    """Load a model from a ``.glass`` file. Nothing that the file names is imported or run.

    Args:
        path: the file.
        net: the module itself, for a model that was trained on a module of the user's own.

    Raises:
        FormatError: the file does not keep the format of ``docs/format.md`` in every byte.
        RecipeError: the file holds weights of an own module, and ``net`` was not given.
    """
    return model_from(read_archive(path), str(path), net)


def model_from(contents: Contents, name: str, net: torch.nn.Module | None = None) -> Model:
    """Build a model from the contents of a ``.glass`` file; see :func:`load`."""
    try:
        manifest = _Manifest.model_validate(contents.manifest)
        history = History.from_json(json.dumps(manifest.history))
    except (ValidationError, ValueError, RecursionError) as error:
        raise FormatError(_damaged(name, _first_line(error))) from None
    task = Task(manifest.plan.task, manifest.schema_.targets, manifest.loss, manifest.plan.task_reason)
    _check_fit(manifest, task, name)
    arrays = contents.arrays
    weights = {key[4:]: value for key, value in arrays.items() if key.startswith("net.")}
    saved = {key[9:]: value for key, value in arrays.items() if key.startswith("baseline.")}
    if len(weights) + len(saved) != len(arrays):
        raise FormatError(_damaged(name, "arrays that belong to no network"))
    architecture = manifest.networks["net"]
    return Model(
        net=_module(architecture, weights, net, name),
        schema=manifest.schema_,
        task=task,
        architecture=architecture,
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        results=manifest.results,
        baselines=_saved_baselines(saved, task, manifest.schema_.width, name),
    )


def raw_table(data: object) -> Table:
    """Read raw rows from whatever :meth:`Model.predict` accepts."""
    if isinstance(data, Table):
        return data
    if isinstance(data, Mapping) and data and all(np.ndim(value) == 0 for value in data.values()):
        data = [data]
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        names = dict.fromkeys(column for row in data for column in row)
        data = {column: [row.get(column) for row in data] for column in names}
    return open_source(data).load()


def outputs_of(net: torch.nn.Module, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a net in evaluation mode, a chunk of rows at a time. Shape: (rows, width) -> (rows, outputs)."""
    import torch

    was_training = net.training
    net.eval()
    device = next((each.device for each in net.parameters()), torch.device("cpu"))
    try:
        with torch.inference_mode():
            parts = [
                net(torch.from_numpy(inputs[start : start + CHUNK]).to(device)).float().cpu().numpy()
                for start in range(0, max(len(inputs), 1), CHUNK)
            ]
    finally:
        net.train(was_training)
    return np.concatenate(parts).reshape(len(inputs), -1)


def _module(
    architecture: Stack | Own, weights: dict[str, NDArray[Any]], net: torch.nn.Module | None, name: str
) -> torch.nn.Module:
    if isinstance(architecture, Stack):
        return load_weights(architecture, weights)
    if net is None:
        raise RecipeError(
            message(
                f"{name} holds the weights of your own module {architecture.builder!r}",
                "no module was passed in",
                "build it and call load(path, net=module)",
            )
        )
    return _fill(net, weights, name)


def _fill(net: torch.nn.Module, weights: dict[str, NDArray[Any]], name: str) -> torch.nn.Module:
    import torch

    wanted = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    found = {key: value.shape for key, value in weights.items()}
    wrong = sorted(key for key in {*wanted, *found} if wanted.get(key) != found.get(key))
    if wrong:
        raise FormatError(
            message(
                f"the module passed in must fit the weights of {name}",
                "; ".join(
                    f"{key}: {wanted.get(key)} in the module, {found.get(key)} in the file" for key in wrong
                ),
                "build it as it was when it was trained",
            )
        )
    net.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in weights.items()})
    return net


def _saved_baselines(
    arrays: dict[str, NDArray[Any]], task: Task, width: int, name: str
) -> SavedBaselines | None:
    if not arrays:
        return None
    columns = len(task.classes) or task.outputs
    wanted = {"constant": (columns,), "weight": (task.outputs, width), "bias": (task.outputs,)}
    found = {key: value.shape for key, value in arrays.items()}
    if found != wanted:
        raise FormatError(_damaged(name, f"baselines of shape {found} instead of {wanted}"))
    return SavedBaselines(**{key: value.astype(np.float64) for key, value in arrays.items()})


def _check_fit(manifest: _Manifest, task: Task, name: str) -> None:
    """Check that schema, task and net belong together before anything is computed with them."""
    kind = ClassTarget if task.is_classification else NumberTarget
    if not all(isinstance(target, kind) for target in task.targets) or not task.targets:
        raise FormatError(_damaged(name, f"task {task.name} with targets of another kind"))
    if task.name != "multioutput" and len(task.targets) != 1:
        raise FormatError(_damaged(name, f"task {task.name} with {len(task.targets)} targets"))
    if (len(task.classes) == 2) != (task.name == "binary") and task.is_classification:
        raise FormatError(_damaged(name, f"task {task.name} with {len(task.classes)} classes"))
    stack = manifest.networks.get("net")
    if stack is None:
        raise FormatError(_damaged(name, "no network named net"))
    if isinstance(stack, Stack) and (stack.inputs, stack.outputs) != (manifest.schema_.width, task.outputs):
        raise FormatError(
            _damaged(
                name,
                f"a net of {stack.inputs} inputs and {stack.outputs} outputs "
                f"for a schema of {manifest.schema_.width} and a task of {task.outputs}",
            )
        )


def _damaged(name: str, found: str) -> str:
    return message(
        f"{name} must be a Glassnet model", found, "load the file as it was saved, or train the model again"
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:300]
    return str(error).split("\n", 1)[0][:300]
