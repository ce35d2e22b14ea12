"""How fast this machine learns photos: measured on a net that is thrown away, before the plan is made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.engine.photos import Labelled, Look, PhotoBatches, answers
from glassnet.engine.photos_training import PhotoSettings, seconds_per_step
from glassnet.engine.threads import using_threads
from glassnet.machine import all_cores
from glassnet.plan.images import ImagePace, ImagePlan
from glassnet.randomness import stream
from glassnet.run.budget import Budget

if TYPE_CHECKING:
    from glassnet.plan.fields import Precision
    from glassnet.recipe import Recipe
    from glassnet.run.image_prepare import ImagePrepared

PAYS = 1.1
"""Another way to compute has to be so much faster to be used."""
LONGEST_MEASURE, MEASURE_SHARE = 12.0, 0.05
"""Seconds after which no further way to compute is measured, and their share of a budget."""


def settings_of(plan: ImagePlan, seed: int) -> PhotoSettings:
    """Return what the training needs of a plan."""
    return PhotoSettings(
        batch_size=plan.batch_size,
        steps=plan.steps,
        optimizer=plan.optimizer,
        lr=plan.lr,
        momentum=plan.momentum,
        nesterov=plan.optimizer == "sgd" and plan.momentum > 0,
        weight_decay=plan.weight_decay,
        schedule=plan.schedule,
        warmup=plan.warmup,
        clip=plan.clip,
        patience=plan.patience,
        smoothing=plan.smoothing,
        class_weights=plan.class_weights or None,
        augmentation=plan.augmentation,
        flips=plan.flips,
        precision=plan.precision,
        channels_last=plan.channels_last,
        threads=plan.threads,
        seed=seed,
    )


def _answering(net: torch.nn.Module, look: Look, photos: Labelled, pace: ImagePace, flips: bool) -> float:
    """Return how many photos a net answers in a second."""
    with using_threads(pace.threads):
        answers(net, look, photos.pixels[:2], flips=flips)  # the first time takes longer
        began = time.monotonic()
        answers(net, look, photos.pixels, flips=flips)
    return len(photos) / (time.monotonic() - began)


def _threads(recipe: Recipe, look: Look) -> tuple[int, int]:
    """Return the least and the most threads worth a try."""
    if recipe.threads is not None:
        return recipe.threads, recipe.threads
    return 1, 1 if look.device.type == "cuda" else all_cores()


def quickest(paces: tuple[ImagePace, ...]) -> ImagePace:
    """Return the way to compute that pays: the first one, unless another is clearly faster."""
    best = max(paces, key=lambda each: each.photos_per_second)
    return best if best.photos_per_second > PAYS * paces[0].photos_per_second else paces[0]


def measured(
    recipe: Recipe,
    plan: ImagePlan,
    trained: torch.nn.Module,
    prepared: ImagePrepared,
    look: Look,
    budget: Budget | None,
) -> tuple[tuple[ImagePace, ...], float]:
    """Train a net that is thrown away for a few steps in each way that may be used; after some seconds no
    further way is begun. Return the paces, and how many photos are answered in a second."""
    began, limit = time.monotonic(), LONGEST_MEASURE
    if budget is not None:
        limit = min(limit, MEASURE_SHARE * max(0.0, budget.end - began))
    order = stream(recipe.seed, "measure").permutation(prepared.folds[0].train)
    some = np.sort(order[: 4 * plan.batch_size])
    photos = Labelled(prepared.photos.pixels[some], prepared.truth[some])
    source = PhotoBatches(
        photos, len(prepared.task.classes), plan.batch_size, look, plan.augmentation, recipe.seed
    )
    batches = [*source(1)]
    batches = batches if len(batches) > 1 else batches * 2
    rows = float(np.mean([len(each[0]) for each in batches]))

    def pace(precision: Precision, last: bool, threads: int) -> ImagePace:
        changed = {"precision": precision, "channels_last": last, "threads": threads}
        settings = settings_of(plan.model_copy(update=changed), recipe.seed)
        speed = rows / seconds_per_step(trained, batches, settings, limit / 2)
        return ImagePace(precision=precision, channels_last=last, threads=threads, photos_per_second=speed)

    few, many = _threads(recipe, look)
    precisions: tuple[Precision, ...] = ("bfloat16", "float32")
    if recipe.precision != "auto":
        precisions = (recipe.precision,)
    paces = [pace(precisions[0], True, many)]
    ways = [(each, True) for each in precisions[1:]] + [(precisions[-1], False)]
    for precision, last in ways:
        if last or time.monotonic() - began < limit:  # each precision has its turn: one may be very slow here
            paces.append(pace(precision, last, many))
    if many != few and time.monotonic() - began < limit:
        best = quickest(tuple(paces))
        paces.append(pace(best.precision, best.channels_last, few))
    return tuple(paces), _answering(trained, look, photos, quickest(tuple(paces)), plan.flips)
