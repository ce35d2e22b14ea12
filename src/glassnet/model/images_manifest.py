"""The manifest of a model of photos: what its ``glassnet.json`` says, and whether its parts belong together.

``docs/format.md`` has the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from glassnet.data.image_schema import ImageSchema
from glassnet.data.targets import ClassTarget
from glassnet.data.thumbnails import SIDE
from glassnet.errors import FormatError
from glassnet.model.manifest import Manifest, are_shares, damaged
from glassnet.nets.photo_spec import LeNet, PhotoNet, Published
from glassnet.nets.spec import Own
from glassnet.plan.images import ImagePlan

Finite = Annotated[float, Field(allow_inf_nan=False)]
Arrays = dict[str, NDArray[Any]]
LARGEST = 1e100
"""Baselines beyond this size cannot be computed with."""
Network = Annotated[PhotoNet | LeNet | Published | Own, Field(discriminator="kind")]


class PhotoSchema(BaseModel):
    """How raw photos become numbers and outputs become answers.

    Attributes:
        images: size, channels and the scale of the pixels.
        target: the classes.
        column: the column of the photos in a table, where one was named.
        names: what classes are called, by the labels that data has.
        between: the values of black and white in arrays.
        temperature: what the net's outputs are divided by before they become probabilities: above 1 makes it
            less sure (Guo et al. 2017, "On calibration of modern neural networks").
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: ImageSchema
    target: ClassTarget
    column: str | None
    names: dict[str, str]
    between: tuple[Finite, Finite]
    temperature: Annotated[float, Field(ge=0.01, le=100)] = 1.0


class ImageManifest(Manifest):
    """What ``glassnet.json`` of a model of photos holds under ``manifest``."""

    kind: Literal["image"]
    plan: ImagePlan
    schema_: PhotoSchema = Field(alias="schema")
    networks: dict[Literal["net"], Network] = Field(min_length=1)


@dataclass(frozen=True)
class ImageBaselines:
    """The baselines that travel in the file, so that new photos are scored beside them too.

    Attributes:
        shares: of the classes. Shape: (classes,), float64.
        weights, bias: logistic regression on thumbnails. Shape: (classes, numbers of one), (classes,).
    """

    shares: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def predict(self, small: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the probabilities of each baseline for thumbnails. Shape: (photos, numbers of one)."""
        scores = small @ self.weights.T + self.bias
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        return {
            "majority": np.tile(self.shares, (len(small), 1)),
            "thumbnails": np.asarray(chances / chances.sum(axis=1, keepdims=True)),
        }


def check_parts(manifest: ImageManifest, name: str) -> None:
    """Check that task, classes, net and photos belong together.

    Raises:
        FormatError: they do not.
    """
    for found in _contradictions(manifest):
        raise FormatError(damaged(name, found))


def _contradictions(manifest: ImageManifest) -> Iterator[str]:
    schema, net = manifest.schema_, manifest.networks["net"]
    classes, task = len(schema.target.levels), manifest.plan.task
    if task != ("binary" if classes == 2 else "multiclass"):
        yield f"a {task} task with {classes} classes"
    if not isinstance(net, Own) and net.outputs != classes:
        yield f"a net of {net.outputs} outputs for {classes} classes"
    if not isinstance(net, Own) and net.channels != schema.images.channels:
        yield f"a net of {net.channels} channels for photos of {schema.images.channels}"
    images, least = schema.images, getattr(net, "smallest", 1)
    if len(images.mean) != images.channels or len(images.std) != images.channels:
        yield f"{len(images.mean)} means and {len(images.std)} deviations for {images.channels} channels"
    if min(images.height, images.width) < least:
        yield f"photos of {images.height} x {images.width} pixels for a net that takes {least} and more"
    if isinstance(net, LeNet) and (images.height, images.width) != (net.size, net.size):
        yield f"photos of {images.height} x {images.width} pixels for a LeNet of {net.size}"
    if not schema.between[0] < schema.between[1]:
        yield "arrays whose white is no brighter than their black"


def saved_baselines(baselines: ImageBaselines | None) -> dict[str, NDArray[Any]]:
    """Return what a file holds of the baselines."""
    if baselines is None:
        return {}
    names = ("shares", "weights", "bias")
    return {f"baseline.{name}": getattr(baselines, name) for name in names}


def read_baselines(found: Arrays, manifest: ImageManifest, name: str) -> ImageBaselines | None:
    """Return the baselines of a file, or None where it holds none.

    Raises:
        FormatError: they do not belong to the photos and the classes.
    """
    if not found:
        return None
    classes, numbers = len(manifest.schema_.target.levels), SIDE * SIDE * manifest.schema_.images.channels
    wanted = {"shares": (classes,), "weights": (classes, numbers), "bias": (classes,)}
    are = {key: (each.dtype.name, each.shape) for key, each in found.items()}
    if are != {key: ("float64", shape) for key, shape in wanted.items()}:
        raise FormatError(damaged(name, f"baselines that are {are} instead of {wanted}"[:300]))
    if not are_shares(found["shares"]):
        raise FormatError(damaged(name, "shares of the classes that are no shares"))
    if max(np.abs(found["weights"]).max(), np.abs(found["bias"]).max()) > LARGEST:
        raise FormatError(damaged(name, f"baselines beyond {LARGEST:g}"))
    return ImageBaselines(**found)
