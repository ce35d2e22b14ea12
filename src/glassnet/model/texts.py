"""The model of texts: a bag of words with the classes that it was trained on. Nothing here imports torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.archive import Contents, pack
from glassnet.data.cells import Findings
from glassnet.data.text_rows import NO_COLUMN, TextRows
from glassnet.data.text_sources import read_texts
from glassnet.data.text_store import Texts
from glassnet.data.text_table import Asked
from glassnet.engine.bags import BagNet, Contribution
from glassnet.engine.history import History
from glassnet.errors import DataError, WorkError, did_you_mean, message
from glassnet.model.manifest import read_as, split_arrays
from glassnet.model.texts_manifest import (
    TextBaselines,
    TextManifest,
    TextSchema,
    bag_of,
    baselines_of,
    net_of,
    saved_arrays,
    task_of,
)
from glassnet.model.trained import TaskModel
from glassnet.plan.texts import TextPlan
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.task import Task
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AT_ONCE = 64 << 20
"""Bytes of text that are read as features at a time."""


@dataclass(repr=False)
class TextModel(TaskModel):
    """A trained bag of words that takes raw texts and answers with classes.

    Attributes:
        net: the bag of words inside: which words and neighbours it knows, and their weights.
        schema: the column of the texts, and the classes.
        task: what the outputs mean.
        results: its scores beside the baselines, from the run that trained it.
    """

    net: BagNet
    schema: TextSchema
    task: Task
    recipe: Recipe
    plan: TextPlan
    history: History
    results: Results = field(default_factory=Results)
    baselines: TextBaselines | None = None

    def predict(self, data: object) -> NDArray[Any]:
        """Answer texts with classes, as they were written in training.

        Args:
            data: a list of texts; or a file, folder, zip, frame, mapping of columns, row or list of rows, as
                :mod:`glassnet.data.text_sources` reads them. Labels may be there and are not looked at.

        Returns:
            Shape (texts,): int64, float64, bool, or objects that are text.

        Raises:
            DataError: it cannot be read, or holds no texts.
        """
        return self.task.answers(self.predictions(self.rows(data)))

    def predict_proba(self, data: object) -> Floats:
        """Return the probability of each class in ``task.classes``. Shape (texts, classes).

        Raises:
            DataError: see :meth:`predict`.
        """
        return self.predictions(self.rows(data))

    def rows(self, data: object, *, labelled: bool = False) -> TextRows:
        """Read texts from whatever :meth:`predict` takes.

        Args:
            labelled: whether each must have its label beside it.
        """
        if isinstance(data, TextRows):
            return data
        if isinstance(data, Mapping) and all(isinstance(each, str | bytes) for each in data.values()):
            data = [data]
        column = None if self.schema.column == NO_COLUMN else self.schema.column
        return read_texts(data, Asked(column, self.schema.target.name, (), labelled, self.recipe.missing))

    def predictions(self, rows: TextRows) -> Floats:
        """Return the probabilities of texts as :meth:`predict_proba` does."""
        return self._both(rows)[0]

    def evaluate(self, data: object = None) -> Results:
        """Score the model beside its baselines on the same texts, each metric with its interval.

        Args:
            data: texts with their labels; None gives the results of the run that trained the model.

        Raises:
            DataError: texts or labels do not fit, or a label is missing; every problem is named.
        """
        if data is None:
            return self.results
        rows = self.rows(data, labelled=True)
        truth = self.truth(rows)
        network, baselines = self._both(rows)
        seed = self.recipe.seed
        scores = {name: self.task.score(truth, each, seed=seed) for name, each in baselines.items()}
        differences = self.task.compare(truth, {"": network, **baselines}, seed=seed)
        own = self.task.score(truth, network, seed=seed)
        return Results.judged("test", len(rows), own, scores, differences)

    def truth(self, rows: TextRows) -> NDArray[np.int64]:
        """Return the class index of each text's label. Shape: (texts,).

        Raises:
            DataError: there are no labels, or a label is missing or of a class that training never saw.
        """
        target, table = self.schema.target, rows.beside
        name = target.name if target.name in table.columns else rows.target
        if name is None or name not in table.columns:
            must = f"{rows.name} must have the labels {target.name!r}"
            raise DataError(message(must, "they are missing", did_you_mean(target.name, table.columns)))
        log = Findings(table)
        found = target.read(table.frame[name], log)
        log.finish()
        return found.astype(np.int64)

    def contributions(self, text: str | bytes) -> list[Contribution]:
        """Return what each word and group of neighbours adds to the logits of a text, the largest first.

        With ``net.base`` they add up to the logits, of two classes that of the second one; with hidden layers
        that bend, each is what the logits would lose without it, and they need not.
        """
        return self.net.contributions(text)

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = TextManifest(
            kind="text",
            version=__version__,
            recipe=self.recipe,
            plan=self.plan,
            schema=self.schema,
            networks={"net": bag_of(self.net)},
            loss="binary_cross_entropy" if self.task.name == "binary" else "cross_entropy",
            history=json.loads(self.history.to_json()),
            results=self.results,
        )
        return pack(manifest.model_dump(mode="json", by_alias=True), saved_arrays(self.net, self.baselines))

    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net."""
        yield "task", f"{self.task.name}: {self.schema.target.name}"
        yield "classes", ", ".join(self.task.classes[:20])
        yield "inputs", f"texts: {self.schema.column}"
        yield "net", f"{self.plan.reading}, {len(self.net.weights):,} features"

    def _both(self, rows: TextRows) -> tuple[Floats, dict[str, Floats]]:
        """Return the probabilities of the network, and of each baseline."""
        parts = [self._part(texts) for texts in _pieces(rows.texts)]
        network = np.concatenate([part[0] for part in parts])
        wrong = np.flatnonzero(~np.isfinite(network).all(axis=1))
        if len(wrong):
            must = f"the net must answer every text of {rows.name} with finite numbers"
            found = f"{len(wrong)} texts have others, {rows.where(int(wrong[0]))} first"
            raise WorkError(message(must, found, "train the model again with a lower lr"))
        names = parts[0][1]
        return network, {name: np.concatenate([part[1][name] for part in parts]) for name in names}

    def _part(self, texts: Texts) -> tuple[Floats, dict[str, Floats]]:
        features = self.net.vocabulary.encode(texts)
        network = self.task.decode(self.net.answers(features))
        if self.baselines is None:
            return network, {}
        bayes = self.task.decode(self.baselines.naive_bayes.logits(features))
        shares = np.tile(self.baselines.shares, (len(texts), 1))
        return network, {"majority": shares, "naive_bayes": bayes}


def _pieces(texts: Texts) -> Iterator[Texts]:
    """Cut texts into pieces of some size, so that their features fit the memory."""
    start = 0
    while start < len(texts) or not start:
        end = int(np.searchsorted(texts.offsets, texts.offsets[start] + AT_ONCE, "right")) - 1
        end = min(max(end, start + 1), len(texts))
        first, last = texts.offsets[start], texts.offsets[end]
        yield Texts(texts.blob[first:last], texts.offsets[start : end + 1] - first)
        start = end
        if start == len(texts):
            return


def text_model_from(contents: Contents, name: str) -> TextModel:
    """Build a model from the contents of a ``.glass`` file; see :func:`glassnet.model.loading.load`."""
    manifest, history = read_as(TextManifest, contents.manifest, name)
    task, bag = task_of(manifest, name), manifest.networks["net"]
    saved = split_arrays(contents.arrays, ("net", "baseline"), name)
    return TextModel(
        net=net_of(saved["net"], bag, name),
        schema=manifest.schema_,
        task=task,
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        results=manifest.results,
        baselines=baselines_of(saved["baseline"], bag, len(task.classes), name),
    )
