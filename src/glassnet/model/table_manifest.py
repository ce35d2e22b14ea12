"""The manifest: what ``glassnet.json`` says about a model, and whether its parts belong together.

Everything is checked before a net is made of it: an unknown key, a value of another type and parts that
do not belong together are a FormatError. ``docs/format.md`` has the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from glassnet.data.schema import Schema
from glassnet.data.targets import ClassTarget, NumberTarget
from glassnet.errors import FormatError, RecipeError
from glassnet.metrics.conformal import Conformal
from glassnet.model.manifest import Manifest, are_shares, damaged
from glassnet.nets.spec import Architecture, Own, Tabular
from glassnet.plan.table import Plan
from glassnet.task import Task, choose_loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LARGEST_SAVED = 1e100
"""Baselines and conformal arrays beyond this size cannot be computed with: their squares overflow."""
SAVED = ("net", "baseline", "conformal")
"""What the arrays of a file belong to: the first part of their names."""


class TableManifest(Manifest):
    """What ``glassnet.json`` of a model of a table holds under ``manifest``."""

    kind: Literal["table"]
    plan: Plan
    schema_: Schema = Field(alias="schema")
    networks: dict[Literal["net"], Architecture] = Field(min_length=1)
    loss: str


@dataclass(frozen=True)
class SavedBaselines:
    """The baselines that travel in the file, so that new rows are scored beside them too.

    Attributes:
        constant: the mean of each target, or the share of each class. Shape (targets,) or (classes,).
        weight: the linear model, from encoded inputs to the user's units (of counts the log of the rate,
            of classes logits). Shape (outputs, width).
        bias: shape (outputs,).
    """

    constant: Floats
    weight: Floats
    bias: Floats


def task_of(manifest: TableManifest, name: str) -> Task:
    """Return the task, checked to belong to the schema's targets and to the net's widths.

    Raises:
        FormatError: they do not belong together.
    """
    task = Task(manifest.plan.task, manifest.schema_.targets, manifest.loss, manifest.plan.task_reason)
    for found in _contradictions(manifest, task):
        raise FormatError(damaged(name, found))
    try:
        choose_loss(task.name, manifest.loss)
    except RecipeError as error:
        raise FormatError(damaged(name, str(error)[:300])) from None
    return task


def _contradictions(manifest: TableManifest, task: Task) -> Iterator[str]:
    kind = ClassTarget if task.is_classification else NumberTarget
    if not all(isinstance(target, kind) for target in task.targets):
        yield f"a {task.name} task with targets of another kind"
    if task.name != "multioutput" and len(task.targets) != 1:
        yield f"a {task.name} task with {len(task.targets)} targets"
    if task.is_classification and (len(task.classes) == 2) != (task.name == "binary"):
        yield f"a {task.name} task with {len(task.classes)} classes"
    if any(getattr(target, "counts", False) != (task.name == "poisson") for target in task.targets):
        yield f"a {task.name} task with a target of which counts is {task.name != 'poisson'}"
    if manifest.loss == "auto":
        yield "a loss that was not decided"
    net, width = manifest.networks["net"], manifest.schema_.width
    if not isinstance(net, Own) and (net.inputs, net.outputs) != (width, task.outputs):
        widths = f"a net of {net.inputs} inputs and {net.outputs} outputs"
        yield f"{widths} for a schema of {width} and a task of {task.outputs}"
    if isinstance(net, Tabular) and net.average != task.average:
        yield f"a {task.name} task with networks of which {net.average} is averaged"


def baselines_of(
    arrays: Mapping[str, NDArray[Any]], task: Task, width: int, name: str
) -> SavedBaselines | None:
    """Return the baselines of a file, or None where it holds none.

    Raises:
        FormatError: they do not belong to the task and the schema, or cannot be computed with.
    """
    if not arrays:
        return None
    columns = len(task.classes) or task.outputs
    shapes = {"constant": (columns,), "weight": (task.outputs, width), "bias": (task.outputs,)}
    wanted = {key: f"float64 {shape}" for key, shape in shapes.items()}
    found = {key: f"{each.dtype.name} {each.shape}" for key, each in arrays.items()}
    if found != wanted:
        raise FormatError(damaged(name, f"baselines that are {found} instead of {wanted}"[:300]))
    if any(np.abs(each).max(initial=0.0) > LARGEST_SAVED for each in arrays.values()):
        raise FormatError(damaged(name, f"baselines beyond {LARGEST_SAVED:g}"))
    constant = arrays["constant"]
    if task.is_classification and not are_shares(constant):
        raise FormatError(damaged(name, "shares of the classes that are no shares"))
    if task.name == "poisson" and constant.min() <= 0:
        raise FormatError(damaged(name, "a mean of counts that is not above 0"))
    return SavedBaselines(**arrays)


def conformal_of(arrays: Mapping[str, NDArray[Any]], task: Task, name: str) -> Conformal | None:
    """Return what the prediction intervals of a file come from, or None where it holds nothing of it.

    Raises:
        FormatError: it does not belong to the task, or cannot be computed with.
    """
    if not arrays:
        return None
    rows = 0 if task.is_classification else len(task.targets)
    levels, scores = (arrays[key].shape[-1:] if key in arrays else () for key in ("levels", "scores"))
    shapes = {"levels": levels, "scale": levels, "sides": (2,), "scores": scores}
    wanted = {key: f"float64 {(rows, *shape)}" for key, shape in shapes.items()}
    wanted["non_negative"] = f"bool {(rows,)}"
    found = {key: f"{each.dtype.name} {each.shape}" for key, each in arrays.items()}
    if found != wanted or not all(each.size for each in arrays.values()):
        raise FormatError(damaged(name, f"conformal arrays that are {found} instead of {wanted}"[:300]))
    if any(np.abs(arrays[key]).max() > LARGEST_SAVED for key in shapes):
        raise FormatError(damaged(name, f"conformal arrays beyond {LARGEST_SAVED:g}"))
    if any((np.diff(arrays[key]) < 0).any() for key in ("levels", "scores")):
        raise FormatError(damaged(name, "conformal levels or scores that do not ascend"))
    if arrays["scores"].min() < 0 or min(arrays["scale"].min(), arrays["sides"].min()) <= 0:
        raise FormatError(damaged(name, "conformal scores below 0, or widths that are not above 0"))
    return Conformal(**arrays)
