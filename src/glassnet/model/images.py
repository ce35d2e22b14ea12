"""The model of photos: a convolutional net with the classes that it was trained on."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from glassnet.archive import Contents, pack
from glassnet.data.image_cache import Photos, load_photos
from glassnet.data.image_found import Wanted, found_photos
from glassnet.data.image_problems import told
from glassnet.data.thumbnails import thumbnails
from glassnet.engine.arrays import device_of
from glassnet.engine.history import History
from glassnet.engine.photos import Look, answers
from glassnet.errors import DataError, GlassnetWarning, WorkError, did_you_mean, message
from glassnet.machine import all_cores
from glassnet.model.images_manifest import (
    ImageBaselines,
    ImageManifest,
    Network,
    PhotoSchema,
    check_parts,
    read_baselines,
    saved_baselines,
)
from glassnet.model.manifest import read_as, split_arrays
from glassnet.model.trained import TaskModel
from glassnet.nets.build import load_weights
from glassnet.nets.own import arrays_of, filled
from glassnet.nets.spec import Own
from glassnet.plan.images import ImagePlan
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.task import Task
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(repr=False)
class ImageModel(TaskModel):
    """A trained convolutional net that takes photos and answers with classes.

    Attributes:
        net: the torch module inside: normalised photos, (photos, channels, height, width), to one number for
            each class, of which the softmax is the probability.
        architecture: what the net is, as the file describes it.
        schema: how photos become numbers, and the classes.
        task: what the outputs mean.
        results: its scores beside the baselines, from the run that trained it.
    """

    net: nn.Module
    architecture: Network
    schema: PhotoSchema
    task: Task
    recipe: Recipe
    plan: ImagePlan
    history: History
    results: Results = field(default_factory=Results)
    baselines: ImageBaselines | None = None

    def predict(self, data: object) -> NDArray[Any]:
        """Answer photos with classes, as they were written in training.

        Args:
            data: a file, folder, zip or table of photos; a list of paths, or of photos as bytes; one photo as
                bytes; or arrays of shape (photos, height, width[, channels]), with the values of training.
                Labels may be there and are not looked at.

        Returns:
            Shape (photos,). Photos of a folder that cannot be read are left out, with a warning: the names of
            the others are those of ``model.photos(data)``, which this takes too.

        Raises:
            DataError: there are no photos; or one of a list cannot be read.
        """
        return self.task.answers(self.predictions(self.photos(data)))

    def predict_proba(self, data: object) -> Floats:
        """Return the probability of each class in ``task.classes``. Shape (photos, classes).

        Raises:
            DataError: see :meth:`predict`.
        """
        return self.predictions(self.photos(data))

    def photos(self, data: object, *, labelled: bool = False) -> Photos:
        """Decode whatever :meth:`predict` takes, as the net wants it.

        Args:
            labelled: whether each photo must have its label.
        """
        if isinstance(data, Photos):
            return data
        target = self.schema.target.name if self.schema.column is not None and labelled else None
        wanted = Wanted(self.schema.column, target, self.schema.between, labelled)
        single = isinstance(data, bytes | list | tuple)
        images = self.schema.images
        found = load_photos(
            found_photos(data, wanted),
            (images.height, images.width),
            fit=images.fit,
            channels=images.channels,
            workers=all_cores(),
            strict=single,
        )
        if found.problems:
            many = len(found.problems)
            said = f"{many:,} photo{' is' if many == 1 else 's are'} left out:\n{told(found.problems)}"
            warnings.warn(said, GlassnetWarning, stacklevel=3)
        return found

    def predictions(self, photos: Photos) -> Floats:
        """Return the probabilities of decoded photos as :meth:`predict_proba` does.

        Raises:
            WorkError: an answer is infinite or not a number.
        """
        images = self.schema.images
        look = Look(images.mean, images.std, device_of(self.net), channels_last=self.plan.channels_last)
        logs = answers(self.net, look, photos.pixels, flips=self.plan.flips)
        wrong = np.flatnonzero(~np.isfinite(logs).all(axis=1))
        if len(wrong):
            found = f"{len(wrong)} have others, {photos.names[int(wrong[0])]} first"
            must = "the net must answer every photo with finite numbers"
            raise WorkError(message(must, found, "train the model again with a lower lr"))
        scaled = np.exp((logs - logs.max(axis=1, keepdims=True)) / self.schema.temperature)
        return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))

    def evaluate(self, data: object = None) -> Results:
        """Score the model beside its baselines on the same photos, each metric with its interval.

        Args:
            data: photos with their labels; None gives the results of the run that trained the model.

        Raises:
            DataError: photos or labels do not fit.
        """
        if data is None:
            return self.results
        photos = self.photos(data, labelled=True)
        truth, network = self.truth(photos), self.predictions(photos)
        baselines = {} if self.baselines is None else self.baselines.predict(thumbnails(photos.pixels))
        seed = self.recipe.seed
        scores = {name: self.task.score(truth, each, seed=seed) for name, each in baselines.items()}
        differences = self.task.compare(truth, {"": network, **baselines}, seed=seed)
        own = self.task.score(truth, network, seed=seed)
        many = len(photos.problems)
        notes = [f"{many:,} {'photo' if many == 1 else 'photos'} could not be read"] if many else []
        return Results.judged("test", len(photos), own, scores, differences, notes)

    def truth(self, photos: Photos) -> NDArray[np.int64]:
        """Return the class index of each photo's label. Shape: (photos,).

        Raises:
            DataError: there are no labels, or one is of a class that training never saw.
        """
        if photos.labels is None:
            raise DataError(
                message("photos must have their labels", "there are none", "give a folder a class")
            )
        levels = self.schema.target.levels
        places = {level: place for place, level in enumerate(levels)}
        places |= {label: places[name] for label, name in self.schema.names.items() if name in places}
        strange = sorted(set(photos.labels) - places.keys())
        if strange:
            must = "each photo must be of a class that training had"
            found = f"{strange[0]!r}" + (f" and {len(strange) - 1} more" if len(strange) > 1 else "")
            raise DataError(message(must, found, did_you_mean(strange[0], [*levels, *self.schema.names])))
        return np.array([places[each] for each in photos.labels], dtype=np.int64)

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = ImageManifest(
            kind="image",
            version=__version__,
            recipe=self.recipe,
            plan=self.plan.model_copy(update={"paces": (), "answers_per_second": None}),  # timings differ
            schema=self.schema,
            networks={"net": self.architecture},
            history=json.loads(self.history.to_json()),
            results=self.results,
        )
        arrays = {f"net.{name}": each for name, each in arrays_of(self.net).items()}
        return pack(manifest.model_dump(mode="json", by_alias=True), arrays | saved_baselines(self.baselines))

    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net."""
        classes = self.task.classes
        more = f" and {len(classes) - 20:,} more" if len(classes) > 20 else ""
        images = self.schema.images
        yield "task", f"{self.task.name}: {self.schema.target.name}"
        yield "classes", ", ".join(classes[:20]) + more
        colours = "colour" if images.channels == 3 else "grey"
        yield "inputs", f"photos of {images.height} x {images.width} pixels, {colours}, {images.fit}"
        yield "net", f"{self.plan.net}, {sum(p.numel() for p in self.net.parameters()):,} parameters"


def image_model_from(contents: Contents, name: str, own: object = None) -> ImageModel:
    """Build a model from the contents of a ``.glass`` file; see :func:`glassnet.model.loading.load`."""
    manifest, history = read_as(ImageManifest, contents.manifest, name)
    check_parts(manifest, name)
    saved = split_arrays(contents.arrays, ("net", "baseline"), name)
    architecture, schema = manifest.networks["net"], manifest.schema_
    if isinstance(architecture, Own):
        sizes = schema.images.channels, len(schema.target.levels)
        net = filled(own, architecture.builder, saved["net"], sizes, name).eval()
    else:
        net = load_weights(architecture, saved["net"], name).eval()
    if manifest.plan.channels_last:
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return ImageModel(
        net=net,
        architecture=architecture,
        schema=schema,
        task=Task(manifest.plan.task, (schema.target,), "cross_entropy", manifest.plan.task_reason),
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        results=manifest.results,
        baselines=read_baselines(saved["baseline"], manifest, name),
    )
