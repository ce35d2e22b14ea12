"""The report of a model of photos: gather the judged photos, make the View."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.augment_preview import preview
from glassnet.data.image_cache import Photos, load_photos
from glassnet.lens.image_compose import ImageMaterial, JudgedPhotos, compose_images
from glassnet.lens.report import Report
from glassnet.run.context import Own
from glassnet.run.cut_again import check_agree, check_can_be_cut, check_unchanged, of_the_run
from glassnet.run.fold_scores import judged_once
from glassnet.run.image_prepare import find_images, prepare_images

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
    return compose_images(model, _of_the_run(model) if data is None else _of_others(model, data))


def training_report(
    model: ImageModel,
    prepared: ImagePrepared,
    folds: Sequence[tuple[Fold, FoldScores]],
    told: tuple[str, ...],
) -> Report:
    """Make the report of a run that has just ended."""
    judged = _judged(prepared.photos, *judged_once(folds))
    preview = preview_of(model, prepared.photos.pixels, folds[0][0].train)
    return compose_images(model, replace(_bare(model), judged=judged, preview=preview, notes=told))


def _bare(model: ImageModel) -> ImageMaterial:
    return ImageMaterial(model.recipe.data or "photos in memory", model.results)


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
    what = "The photos behind its mistakes, and how far its probabilities can be believed"
    judgeable = "photos with labels, by glassnet report MODEL --data FOLDER"
    return of_the_run(_bare(model), partial(_cut_again, model), what, judgeable)


def _cut_again(model: ImageModel, bare: ImageMaterial) -> ImageMaterial:
    """Read the photos of the run again, and cut and answer the same ones.

    Raises:
        RequestError: they cannot be had, or not be answered as they were then.
    """
    recipe, plan = model.recipe, model.plan
    check_can_be_cut(model, "photos", "they were in memory")
    found = find_images(recipe, Own())
    check_unchanged((found.sha256, found.test_sha256) == (recipe.sha256, recipe.test_sha256), bare.data)
    photos = load_photos(found.photos, plan.size, fit=plan.fit, channels=plan.channels)
    prepared = prepare_images(recipe, found, photos)
    fold = prepared.folds[0]
    split, rows = fold.judged()
    truth = prepared.truth[rows]
    answers = model.predictions(replace(photos, pixels=photos.pixels[rows], labels=None))
    check_agree(model.task.metrics(truth, answers), model.results.metrics.get(split, {}), "photos")
    judged = _judged(photos, rows, truth, answers)
    return replace(bare, judged=judged, preview=preview_of(model, photos.pixels, fold.train))
