"""The report of a model of photos: gather the judged photos, make the View."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.augment_preview import preview
from glassnet.data.image_cache import Photos, load_photos
from glassnet.errors import DataError, GlassnetWarning, RequestError, message
from glassnet.lens.image_compose import ImageMaterial, JudgedPhotos, compose_images
from glassnet.lens.report import Report
from glassnet.run.context import Own
from glassnet.run.cut_again import agree, check_can_be_cut
from glassnet.run.image_prepare import find_images, prepare_images
from glassnet.run.image_scoring import judged_photos

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.model.images import ImageModel
    from glassnet.run.fold_scores import FoldScores
    from glassnet.run.image_prepare import ImagePrepared

    Pixels = NDArray[np.uint8]

SHOWN = 4
"""Training photos of the preview."""
LARGEST_SHOWN = 96
"""Pixels of a side in a page at most."""


def image_report(model: ImageModel, data: object = None) -> Report:
    """Make the report of a model of photos; see :func:`glassnet.run.reports.report`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)  # whoever read these photos first was told
        return compose_images(model, _of_the_run(model) if data is None else _of_others(model, data))


def training_report(
    model: ImageModel,
    prepared: ImagePrepared,
    folds: Sequence[tuple[Fold, FoldScores]],
    told: tuple[str, ...],
) -> Report:
    """Make the report of a run that has just ended."""
    rows = np.concatenate([judged_photos(fold)[1] for fold, _ in folds])
    truth = np.concatenate([scores.truth for _, scores in folds])
    answers = np.concatenate([scores.predictions[""] for _, scores in folds])
    once = np.sort(np.unique(rows, return_index=True)[1])
    judged = _judged(prepared.photos, rows[once], truth[once], answers[once])
    preview = preview_of(model, prepared.photos.pixels, folds[0][0].train)
    return compose_images(model, ImageMaterial(_name(model), model.results, judged, preview, notes=told))


def preview_of(model: ImageModel, pixels: Pixels, train: NDArray[np.int64]) -> Pixels | None:
    """Return training photos, and beside each what training made of it. Shape: (height, width, channels)."""
    augmentation = model.plan.augmentation
    if not augmentation.model_dump(exclude_defaults=True):
        return None
    some = pixels[train[np.unique(np.linspace(0, len(train) - 1, SHOWN).astype(np.int64))]]
    return preview(some, augmentation, model.schema.images, seed=model.recipe.seed)


def _judged(
    photos: Photos, rows: NDArray[np.int64], truth: NDArray[np.int64], answers: NDArray[np.float64]
) -> JudgedPhotos:
    step = -(-photos.pixels.shape[1] // LARGEST_SHOWN)
    return JudgedPhotos(
        truth, answers, photos.pixels[rows][:, ::step, ::step], tuple(photos.names[row] for row in rows)
    )


def _of_others(model: ImageModel, data: object) -> ImageMaterial:
    """Gather photos that the run has not seen."""
    photos = model.photos(data, labelled=True)
    truth, answers = model.truth(photos), model.predictions(photos)
    judged = _judged(photos, np.arange(len(photos)), truth, answers)
    return ImageMaterial(str(data), model.evaluate(photos), judged, is_other_data=True)


def _of_the_run(model: ImageModel) -> ImageMaterial:
    """Gather what can still be had of the run's own photos."""
    try:
        judged, preview = _cut_again(model)
    except RequestError as error:
        why = f"The photos behind its mistakes, and how far its probabilities can be believed: {error}. "
        do = "They can be had for photos with labels, by glassnet report MODEL --data FOLDER."
        return ImageMaterial(_name(model), model.results, missing=(why + do,))
    return ImageMaterial(_name(model), model.results, judged, preview)


def _cut_again(model: ImageModel) -> tuple[JudgedPhotos, Pixels | None]:
    """Read the photos of the run again, and cut and answer the same ones.

    Raises:
        RequestError: they cannot be had, or not be answered as they were then.
    """
    check_can_be_cut(model, "photos", "they were in memory")
    found = find_images(model.recipe, Own())
    if found.sha256 != model.recipe.sha256 or found.test_sha256 != model.recipe.test_sha256:
        raise DataError(message("the data must be as it was", f"{_name(model)} has changed", "put it back"))
    plan = model.plan
    photos = load_photos(found.photos, plan.size, fit=plan.fit, channels=plan.channels)
    prepared = prepare_images(model.recipe, found, photos)
    split, rows = judged_photos(prepared.folds[0])
    truth = prepared.truth[rows]
    answers = model.predictions(replace(photos, pixels=photos.pixels[rows], labels=None))
    if not agree(model.task.metrics(truth, answers), model.results.metrics.get(split, {})):
        must, do = "photos that are cut again must give the scores of the run", "judge other photos"
        raise DataError(message(must, "they do not", do))
    judged = _judged(photos, rows, truth, answers)
    return judged, preview_of(model, photos.pixels, prepared.folds[0].train)


def _name(model: ImageModel) -> str:
    return model.recipe.data or "photos in memory"
