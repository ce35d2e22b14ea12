"""A model of a numeric series: from the last rows of a table to the next values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from pydantic import Field

from glassnet.archive import Contents, pack
from glassnet.data.series import SeriesSchema, last_values, moments_of, seasonal_values
from glassnet.data.sources import open_source
from glassnet.engine.arrays import device_of
from glassnet.engine.history import History
from glassnet.errors import DataError, FormatError, WorkError, message
from glassnet.metrics.compare import paired_differences
from glassnet.metrics.scores import score
from glassnet.model.manifest import Manifest, damaged, read_as, split_arrays
from glassnet.model.trained import Trained
from glassnet.nets.build import load_weights
from glassnet.nets.own import arrays_of
from glassnet.nets.recurrent import NextValues
from glassnet.nets.spec import Recurrent
from glassnet.plan.series import SeriesPlan
from glassnet.recipe import Recipe, TaskName
from glassnet.results import Results
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AT_ONCE = 512
"""Windows that go through the net at a time."""


class SeriesManifest(Manifest):
    """What ``glassnet.json`` of a model of a series holds under ``manifest``."""

    kind: Literal["series"]
    plan: SeriesPlan
    schema_: SeriesSchema = Field(alias="schema")
    networks: dict[Literal["net"], Recurrent] = Field(min_length=1)


@dataclass(repr=False)
class SeriesModel(Trained):
    """A recurrent net that foretells the next values of a series.

    Attributes:
        net: the torch module inside: windows, (rows, steps, numbers), to the next values, scaled.
        schema: how rows become numbers.
        results: its scores beside last value and seasonal value, from the run that trained it.
    """

    net: NextValues
    schema: SeriesSchema
    recipe: Recipe
    plan: SeriesPlan
    history: History
    results: Results = field(default_factory=Results)

    def predict(self, data: object) -> Floats:
        """Return the next values after the last row, in the user's units. Shape: (horizon,).

        Args:
            data: a file, a named set or a frame with at least ``plan.window`` rows, in their order.

        Raises:
            DataError: columns or cells do not fit, or there are too few rows.
        """
        values, matrix = self._read(data, 0)
        next_values: Floats = self.forecasts(matrix, np.array([len(values) - 1]))[0]
        return next_values

    def evaluate(self, data: object = None) -> Results:
        """Score the model beside last value and seasonal value, at every moment that the rows allow.

        Args:
            data: rows in their order, more than ``plan.window`` of them; None gives the results of the run.

        Raises:
            DataError: see :meth:`predict`.
        """
        if data is None:
            return self.results
        values, matrix = self._read(data, self.plan.horizon)
        moments = moments_of(0, len(values), max(self.plan.window, self.plan.season or 1), self.plan.horizon)
        return self.judged("test", values, matrix, moments)

    def forecasts(self, matrix: NDArray[np.float32], moments: NDArray[np.int64]) -> Floats:
        """Return the next values after each of some moments. Shape: (moments, horizon).

        Raises:
            WorkError: one is infinite or not a number.
        """
        self.net.eval()
        windows = windows_of(torch.from_numpy(matrix), self.plan.window)
        device, found = device_of(self.net), []
        with torch.no_grad():
            for some in torch.split(torch.from_numpy(moments) - self.plan.window + 1, AT_ONCE):
                found.append(self.net(windows[some].to(device)).double().cpu().numpy())
        answers: Floats = self.schema.target.decode(np.concatenate(found))
        if not np.isfinite(answers).all():
            must, do = "the net must answer with finite numbers", "train it again with a lower lr"
            raise WorkError(message(must, "it answers with others", do))
        return answers

    def judged(
        self, split: str, values: Floats, matrix: NDArray[np.float32], moments: NDArray[np.int64]
    ) -> Results:
        """Score forecasts at some moments; intervals resample stretches of moments."""
        plan = self.plan
        truth = values[moments[:, None] + np.arange(1, plan.horizon + 1)]
        answers = {
            "": self.forecasts(matrix, moments),
            "last_value": last_values(values, moments, plan.horizon),
        }
        if plan.season is not None:
            answers["seasonal"] = seasonal_values(values, moments, plan.horizon, plan.season)
        task: TaskName = "multioutput" if plan.horizon > 1 else "regression"
        if plan.horizon == 1:
            truth, answers = truth[:, 0], {name: each[:, 0] for name, each in answers.items()}
        unit, seed = np.arange(len(moments)) // plan.stretch, self.recipe.seed
        scores = {name: score(task, truth, each, unit=unit, seed=seed) for name, each in answers.items()}
        network = answers.pop("")
        differences: Any = paired_differences(task, truth, network, answers, unit=unit, seed=seed)
        return Results.judged(split, len(moments), scores.pop(""), scores, differences)

    def _read(self, data: object, more: int) -> tuple[Floats, NDArray[np.float32]]:
        table = open_source(data, self.recipe.missing).load()
        needed = max(self.plan.window, self.plan.season or 1 if more else 1) + more
        if table.rows < needed:
            must = f"{table.name} must have at least {needed} rows"
            raise DataError(message(must, f"it has {table.rows}", "give the rows before them too"))
        return self.schema.read(table)

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = SeriesManifest(
            kind="series",
            version=__version__,
            recipe=self.recipe,
            plan=self.plan,
            schema=self.schema,
            networks={"net": self.net.net.spec},
            history=json.loads(self.history.to_json()),
            results=self.results,
        )
        arrays = {f"net.{name}": each for name, each in arrays_of(self.net.net).items()}
        return pack(manifest.model_dump(mode="json", by_alias=True), arrays)

    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net."""
        target, plan = self.schema.target.name, self.plan
        yield "task", f"series: the next {plan.horizon} of {target}, from the last {plan.window} rows"
        yield "inputs", f"{target} and {self.schema.width - 1} units of other columns"
        yield "net", f"{plan.net}, {sum(p.numel() for p in self.net.parameters()):,} parameters"


def windows_of(matrix: torch.Tensor, window: int) -> torch.Tensor:
    """Return all windows of a matrix, without copying it.

    Shape: (rows, n) -> (rows - window + 1, window, n).
    """
    return matrix.unfold(0, window, 1).transpose(1, 2)


def series_model_from(contents: Contents, name: str) -> SeriesModel:
    """Build a model from the contents of a ``.glass`` file; ``name`` is the file's, for messages.

    Raises:
        FormatError: the file does not keep the format of ``docs/format.md``.
    """
    manifest, history = read_as(SeriesManifest, contents.manifest, name)
    net, wanted = manifest.networks["net"], (None, manifest.schema_.width, manifest.plan.horizon)
    if (net.symbols, net.inputs, net.outputs) != wanted:
        found = f"a net of {net.inputs} inputs and {net.outputs} outputs for {wanted[1]} and {wanted[2]}"
        raise FormatError(damaged(name, found))
    saved = split_arrays(contents.arrays, ("net",), name)
    loaded: Any = load_weights(net, saved["net"], name)
    return SeriesModel(
        net=NextValues(loaded).eval(),
        schema=manifest.schema_,
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        results=manifest.results,
    )
