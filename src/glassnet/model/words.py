"""A model of texts that reads their words in order: an LSTM or GRU, with the classes of its training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np
import torch
from pydantic import Field

from glassnet.archive import Contents, pack
from glassnet.data.text_store import Texts
from glassnet.data.words import WordVocabulary
from glassnet.engine.arrays import device_of
from glassnet.errors import FormatError, RecipeError, message
from glassnet.model.manifest import (
    Manifest,
    check_classes,
    damaged,
    only_shares,
    read_as,
    split_arrays,
)
from glassnet.model.texts import TextModel
from glassnet.model.texts_manifest import TextSchema
from glassnet.nets.build import load_weights
from glassnet.nets.own import arrays_of
from glassnet.nets.recurrent import LastAnswer
from glassnet.nets.spec import Recurrent
from glassnet.plan.words import WordPlan
from glassnet.results import Results
from glassnet.task import Task
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AT_ONCE = 256
"""Texts that go through the net at a time."""


class WordSchema(TextSchema):
    """How raw data becomes words and outputs become answers."""

    vocabulary: WordVocabulary


class WordManifest(Manifest):
    """What ``glassnet.json`` of a model of words in their order holds under ``manifest``."""

    kind: Literal["text"]
    plan: WordPlan
    schema_: WordSchema = Field(alias="schema")
    networks: dict[Literal["net"], Recurrent] = Field(min_length=1)
    loss: Literal["binary_cross_entropy", "cross_entropy"]


@dataclass(repr=False, kw_only=True)
class WordModel(TextModel):
    """A recurrent net that takes raw texts and answers with classes; see :class:`glassnet.TextModel`.

    Attributes:
        net: the torch module inside: codes of words, (rows, words), to outputs.
        vocabulary: the words that it knows.
        shares: of the classes in the training texts, the baseline that new texts are scored beside.
    """

    net: LastAnswer  # type: ignore[assignment]
    vocabulary: WordVocabulary
    plan: WordPlan
    shares: Floats
    results: Results = field(default_factory=Results)

    def contributions(self, text: str | bytes) -> NoReturn:
        """Refuse: in a recurrent net a word adds nothing by itself.

        Raises:
            RecipeError: always.
        """
        must = "contributions need a bag of words"
        raise RecipeError(message(must, f"net={self.plan.net!r}", "train one with net='bag'"))

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = WordManifest(
            kind="text",
            version=__version__,
            recipe=self.recipe,
            plan=self.plan,
            schema=WordSchema(
                column=self.schema.column, target=self.schema.target, vocabulary=self.vocabulary
            ),
            networks={"net": self.net.net.spec},
            loss="binary_cross_entropy" if self.task.name == "binary" else "cross_entropy",
            history=json.loads(self.history.to_json()),
            results=self.results,
        )
        arrays = {f"net.{name}": each for name, each in arrays_of(self.net.net).items()}
        return pack(
            manifest.model_dump(mode="json", by_alias=True), {**arrays, "baseline.shares": self.shares}
        )

    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net."""
        for name, text in super().about():
            parameters = sum(each.numel() for each in self.net.parameters())
            yield name, f"{self.plan.net}, {parameters:,} parameters" if name == "net" else text

    def _part(self, texts: Texts) -> tuple[Floats, dict[str, Floats]]:
        codes = self.vocabulary.encode(texts)
        shares = np.tile(self.shares, (len(texts), 1))
        return self.task.decode(outputs_of_words(self.net, codes)), {"majority": shares}


def outputs_of_words(net: LastAnswer, codes: NDArray[np.int32]) -> Floats:
    """Return the outputs of texts, those of alike length together.

    Shape: (texts, words) -> (texts, outputs).
    """
    net.eval()
    order = np.argsort((codes != 0).sum(axis=1), kind="stable")
    outputs = np.empty((len(codes), net.net.spec.outputs))
    device = device_of(net)
    with torch.no_grad():
        for start in range(0, len(codes), AT_ONCE):
            some = order[start : start + AT_ONCE]
            outputs[some] = net(torch.from_numpy(codes[some]).to(device)).double().cpu().numpy()
    return outputs


def word_model_from(contents: Contents, name: str) -> WordModel:
    """Build a model from the contents of a ``.glass`` file; ``name`` is the file's, for messages.

    Raises:
        FormatError: the file does not keep the format of ``docs/format.md``.
    """
    manifest, history = read_as(WordManifest, contents.manifest, name)
    net, schema = manifest.networks["net"], manifest.schema_
    task = Task(manifest.plan.task, (schema.target,), manifest.loss, manifest.plan.task_reason)
    check_classes(task, name)
    if (net.symbols, net.outputs) != (schema.vocabulary.size, task.outputs):
        found = f"a net of {net.symbols} symbols and {net.outputs} outputs for {len(task.classes)} classes"
        raise FormatError(damaged(name, found))
    saved = split_arrays(contents.arrays, ("net", "baseline"), name)
    loaded: Any = load_weights(net, saved["net"], name)
    return WordModel(
        net=LastAnswer(loaded).eval(),
        vocabulary=schema.vocabulary,
        shares=only_shares(saved["baseline"], "shares", len(task.classes), name),
        schema=TextSchema(column=schema.column, target=schema.target),
        task=task,
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        results=manifest.results,
    )
