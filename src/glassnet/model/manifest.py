"""What the manifests of all kinds of models have in common, and how one is read and refused.

A new kind of model narrows :class:`Manifest` and reads it with :func:`read_as`; what is left for it to check
is whether its parts belong together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from glassnet.engine.history import History
from glassnet.errors import FormatError, RecipeError, message
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


class Manifest(BaseModel):
    """What ``glassnet.json`` of every model holds under ``manifest``; each kind narrows what is its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    version: str
    recipe: Recipe
    plan: BaseModel
    schema_: BaseModel = Field(alias="schema")
    networks: dict[Literal["net"], Any]
    history: dict[str, JsonValue]
    results: Results


AnyManifest = TypeVar("AnyManifest", bound=Manifest)


def damaged(name: str, found: str) -> str:
    """Say that a file holds no model; ``found`` is what is wrong with it."""
    do = "load the file as it was saved, or train the model again"
    return message(f"{name} must be a Glassnet model", found, do)


def _first_of(error: ValidationError) -> str:
    """Return the first fault of a manifest in ASCII, at most 300 characters."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return ascii(f"{where}: {first['msg']}"[:300])[1:-1]


def read_as(kind: type[AnyManifest], values: Mapping[str, Any], name: str) -> tuple[AnyManifest, History]:
    """Read the manifest of a kind of model and the history in it; ``name`` is the file's, for messages.

    Raises:
        FormatError: it is not what a Glassnet of this format writes.
    """
    try:
        manifest = kind.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        raise FormatError(damaged(name, _first_of(error))) from None
    except (FormatError, RecipeError) as error:
        raise FormatError(damaged(name, str(error)[:300])) from None
    try:
        history = History.from_json(json.dumps(manifest.history))
    except (FormatError, RecipeError) as error:
        raise FormatError(damaged(name, f"history: {error}"[:300])) from None
    if manifest.model_dump(mode="json", by_alias=True) != values:
        raise FormatError(damaged(name, "it leaves out a key that every model has"))
    return manifest, history


def split_arrays(arrays: Mapping[str, NDArray[Any]], parts: Sequence[str], name: str) -> dict[str, Arrays]:
    """Return the arrays of each part of a model, such as ``net``: the first part of their names, taken away.

    Raises:
        FormatError: an array belongs to none of the parts.
    """
    found: dict[str, Arrays] = {part: {} for part in parts}
    for key, each in arrays.items():
        part, dot, rest = key.partition(".")
        if part not in found or not dot:
            raise FormatError(damaged(name, "arrays that belong to no network"))
        found[part][rest] = each
    return found


def are_shares(values: NDArray[np.float64]) -> bool:
    """Whether numbers are 0 or above and add up to 1."""
    return bool((values >= 0).all() and abs(values.sum() - 1) <= 1e-6)


def only_shares(arrays: Mapping[str, NDArray[Any]], key: str, count: int, name: str) -> NDArray[np.float64]:
    """Return the one array of a baseline: float64 shares of so many classes or characters.

    Raises:
        FormatError: it is missing or holds no shares, or there are others beside it.
    """
    found = {array: (each.dtype.name, each.shape) for array, each in arrays.items()}
    if found != {key: ("float64", (count,))} or not are_shares(arrays[key]):
        raise FormatError(damaged(name, f"baselines that are not {count} {key}"))
    return arrays[key]


def check_classes(task: Task, name: str) -> None:
    """Check that a task with classes and its loss are those for so many classes.

    Raises:
        FormatError: they are others.
    """
    classes = len(task.classes)
    wanted = ("binary", "binary_cross_entropy") if classes == 2 else ("multiclass", "cross_entropy")
    if (task.name, task.loss) != wanted:
        found = f"a {task.name} task with {classes} classes and the loss {task.loss}"
        raise FormatError(damaged(name, found))
