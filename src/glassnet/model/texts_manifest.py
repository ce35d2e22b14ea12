"""The manifest of a model of texts: what its ``glassnet.json`` says, and whether its parts belong together.

``docs/format.md`` has the same in words; :mod:`glassnet.model.table_manifest` is the same for tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from glassnet.data.targets import ClassTarget
from glassnet.data.text_options import TextOptions
from glassnet.engine.bags import BagNet, BagSettings
from glassnet.engine.bags_stack import hidden_layers, shapes
from glassnet.engine.naive_bayes import NaiveBayes
from glassnet.errors import FormatError
from glassnet.model.manifest import Manifest, are_shares, check_classes, damaged
from glassnet.plan.texts import TextPlan
from glassnet.task import Task

LARGEST = 1e30
"""Weights beyond this size cannot be computed with in float32."""
MOST_FEATURES = 1 << 30
Arrays = dict[str, NDArray[Any]]


class Bag(BaseModel):
    """A bag of words as the manifest has it: how many features and outputs, how texts are read, how it was
    trained, and how many texts its vocabulary was counted in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["bag"] = "bag"
    features: Annotated[int, Field(ge=0, le=MOST_FEATURES)]
    outputs: Annotated[int, Field(ge=1)]
    texts: Annotated[int, Field(ge=0)]
    reading: TextOptions
    settings: BagSettings


class TextSchema(BaseModel):
    """How raw data becomes texts and outputs become answers: the column of the texts, and the classes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    target: ClassTarget


class TextManifest(Manifest):
    """What ``glassnet.json`` of a bag of words holds under ``manifest``."""

    kind: Literal["text"]
    plan: TextPlan
    schema_: TextSchema = Field(alias="schema")
    networks: dict[Literal["net"], Bag] = Field(min_length=1)
    loss: Literal["binary_cross_entropy", "cross_entropy"]


@dataclass(frozen=True)
class TextBaselines:
    """The baselines that travel in the file, so that new texts are scored beside them too.

    Attributes:
        shares: of the classes. Shape: (classes,), float64.
        naive_bayes: on the same features as the net.
    """

    shares: NDArray[np.float64]
    naive_bayes: NaiveBayes


def task_of(manifest: TextManifest, name: str) -> Task:
    """Return the task, checked to belong to the classes and to the net's width.

    Raises:
        FormatError: they do not belong together.
    """
    task = Task(manifest.plan.task, (manifest.schema_.target,), manifest.loss, manifest.plan.task_reason)
    check_classes(task, name)
    outputs = manifest.networks["net"].outputs
    if outputs != task.outputs:
        raise FormatError(damaged(name, f"a net of {outputs} outputs for {len(task.classes)} classes"))
    return task


def bag_of(net: BagNet) -> Bag:
    """Return how the manifest describes a net."""
    return Bag(
        features=len(net.weights),
        outputs=net.outputs,
        texts=net.vocabulary.texts,
        reading=net.vocabulary.options,
        settings=net.settings,
    )


def saved_arrays(net: BagNet, baselines: TextBaselines | None) -> Arrays:
    """Return what a file holds of a net and its baselines, in dtypes that it can hold."""
    arrays = {f"net.{name}": _plain(each) for name, each in net.arrays().items()}
    if baselines is not None:
        arrays["baseline.shares"] = baselines.shares
        arrays["baseline.weights"] = baselines.naive_bayes.weights
        arrays["baseline.bias"] = baselines.naive_bayes.bias
    return arrays


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype == np.uint64:
        return array.view(np.int64)
    return array.astype(np.int64) if array.dtype == np.int32 else array


def net_of(found: Mapping[str, NDArray[Any]], bag: Bag, name: str) -> BagNet:
    """Return the net of a file from its arrays.

    Raises:
        FormatError: its arrays do not belong to what the manifest describes, or cannot be computed with.
    """
    named = found["named"].shape[:1] if "named" in found else ()
    sizes = found["names"].shape[:1] if "names" in found else ()
    hidden = hidden_layers(bag.settings.hidden)
    first = hidden[0].units if hidden else bag.outputs
    stacked: dict[str, tuple[str, tuple[int, ...]]] = {}
    for number, (inner, outer) in enumerate(shapes(hidden, bag.outputs)):
        stacked |= {f"stack.{number}.weights": ("float32", (inner, outer))}
        stacked |= {f"stack.{number}.bias": ("float32", (outer,))}
    wanted = {
        "weights": ("float32", (bag.features, first)),
        "bias": ("float32", (first,)),
        **stacked,
        "vocabulary.keys": ("int64", (bag.features,)),
        "vocabulary.texts_with": ("int64", (bag.features,)),
        "named": ("int64", named or (0,)),
        "names": ("uint8", sizes or (0,)),
    }
    _check_arrays(found, wanted, name)
    if named and not _inside(found["named"], bag.features):
        raise FormatError(damaged(name, "names of features that are not there"))
    counts = found["vocabulary.texts_with"]
    if not _inside(counts, bag.texts + 1):
        raise FormatError(damaged(name, "features in more texts than there are"))
    keys = found["vocabulary.keys"].view(np.uint64)
    limit = 64 if bag.reading.bits is None else bag.reading.bits
    if limit < 64 and len(keys) and int(keys.max()) >> limit:
        raise FormatError(damaged(name, f"keys of more than {limit} bits"))
    whole = {**found, "vocabulary.keys": keys, "named": found["named"].astype(np.int32)}
    vocabulary = {"options": asdict(bag.reading), "texts": bag.texts}
    try:
        return BagNet.from_arrays(whole, {"vocabulary": vocabulary, "settings": asdict(bag.settings)})
    except UnicodeDecodeError:
        raise FormatError(damaged(name, "names of features that are not UTF-8")) from None


def baselines_of(
    found: Mapping[str, NDArray[Any]], bag: Bag, classes: int, name: str
) -> TextBaselines | None:
    """Return the baselines of a file, or None where it holds none.

    Raises:
        FormatError: they do not belong to the net and the classes, or cannot be computed with.
    """
    if not found:
        return None
    wanted = {
        "shares": ("float64", (classes,)),
        "weights": ("float32", (bag.features, bag.outputs)),
        "bias": ("float64", (bag.outputs,)),
    }
    _check_arrays(found, wanted, name)
    if not are_shares(found["shares"]):
        raise FormatError(damaged(name, "shares of the classes that are no shares"))
    return TextBaselines(found["shares"], NaiveBayes(found["weights"], found["bias"]))


def _check_arrays(
    found: Mapping[str, NDArray[Any]], wanted: Mapping[str, tuple[str, tuple[int, ...]]], name: str
) -> None:
    are = {key: (each.dtype.name, each.shape) for key, each in found.items()}
    if are != dict(wanted):
        raise FormatError(damaged(name, f"arrays that are {are} instead of {dict(wanted)}"[:300]))
    for key, each in found.items():
        if each.dtype.kind == "f" and np.abs(each).max(initial=0.0) > LARGEST:
            raise FormatError(damaged(name, f"{key} beyond {LARGEST:g}"))


def _inside(values: NDArray[np.int64], end: int) -> bool:
    return not len(values) or bool(values.min() >= 0 and values.max() < end)
