"""One run on photos from its recipe to its ImageModel: find, decode, split, plan, train, score."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.data.image_cache import Photos as Decoded
from glassnet.data.image_cache import load_photos
from glassnet.data.image_decode import Fit
from glassnet.data.image_rows import rows_of
from glassnet.data.image_schema import ImageSchema, fit_image_schema
from glassnet.engine.arrays import device_named
from glassnet.engine.photos import Look
from glassnet.engine.probe import probe
from glassnet.engine.threads import using_threads
from glassnet.errors import NonFiniteLoss, RecipeError, RequestError, message
from glassnet.machine import all_cores
from glassnet.model.images import ImageModel
from glassnet.model.images_manifest import PhotoSchema
from glassnet.nets.own import check_can_be_saved, own_module
from glassnet.nets.pretrained import IMAGENET_MEAN, IMAGENET_STD, pretrained
from glassnet.notation import PUBLISHED, parse_split
from glassnet.plan.images import ImagePlan
from glassnet.run.context import Context
from glassnet.run.course import training_problems
from glassnet.run.fold_scores import FoldScores, pooled, results_of
from glassnet.run.frame import Done
from glassnet.run.image_baselines import fit_baselines
from glassnet.run.image_choose import Looks, choose_looks, make_plan, net_of
from glassnet.run.image_prepare import ImagePrepared, class_counts, find_images, prepare_images
from glassnet.run.image_report import training_report
from glassnet.run.image_scoring import fold_scores, temperature_of
from glassnet.run.image_training import photo_budget, train_one
from glassnet.run.same import earlier_plan, with_checksums
from glassnet.run.told import warn_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.recipe import Recipe
    from glassnet.run.image_prepare import FoundImages

LISTED = 1000
"""Photos that cannot be read, of which the file of the model names so many."""
_UNUSED = (
    *("text", "drop", "roles", "missing", "weight", "keep_leaks", "scaling", "norm", "init", "loss"),
    *(
        "nesterov",
        "l1",
        "l2",
        "ema",
        "window",
        "horizon",
        "restarts",
        "keep_weights",
        "refit",
        "tune",
        "engine",
    ),
)
"""Options of a recipe that mean nothing for photos."""


def image_work(context: Context) -> Done:
    """Do the work of a run on photos; see :mod:`glassnet.run.frame`."""
    since = time.monotonic()
    _check_recipe(context.recipe)
    context.reporter.phase(f"finding the photos of {context.recipe.data or 'memory'}")
    found = find_images(context.recipe, context.own)
    context.recipe = with_checksums(context.recipe, found.sha256, found.test_sha256, context.folder)
    earlier = earlier_plan(context.folder, ImagePlan)
    looks = choose_looks(context.recipe, found.photos, earlier)
    _check_net(context.recipe, looks)
    prepared = _prepared(context, found, looks)
    warn_of(prepared.leaks)
    context.timed("read", since)
    since = time.monotonic()
    plan = earlier or _plan(context, prepared, looks)
    context.settle(plan)
    context.timed("plan", since)
    return _train_folds(context, plan, prepared)


def _check_recipe(recipe: Recipe) -> None:
    """Refuse what a recipe asks for that photos do not have, all of it together."""
    problems = recipe.refusals(_UNUSED, "photos have no {name}", "leave {name} out with --task image")
    if len(recipe.target) > 1:
        found = f"target={', '.join(recipe.target)!r}"
        problems.append(message("photos must have one target", found, "train one model for each"))
    if recipe.task in ("regression", "poisson", "multioutput"):
        must, do = "photos must be sorted into classes", "leave the second task out"
        problems.append(message(must, f"task={recipe.task!r}", do))
    problems += training_problems(recipe)
    if problems:
        raise RecipeError(problems)


def _check_net(recipe: Recipe, looks: Looks) -> None:
    """Check that the net can see photos of this size.

    Raises:
        RecipeError: they are too small for it.
    """
    if recipe.pretrained is not None and recipe.net not in ("photo", *PUBLISHED):
        must, do = "a pretrained net is named by --pretrained alone", "leave --net out"
        raise RecipeError(message(must, f"net={recipe.net!r}", do))
    try:
        net = net_of(recipe.net, looks, 2)
    except ValueError as error:
        raise RecipeError(f"{error}".partition("Value error, ")[2].partition(" [type=")[0]) from None
    least = getattr(net, "smallest", 1)
    if looks.size < least:
        must = f"photos for {recipe.net} must be {least} pixels wide or more"
        raise RecipeError(message(must, f"{looks.size}", "ask for fewer stages, or a larger --size"))


def _prepared(context: Context, found: FoundImages, looks: Looks) -> ImagePrepared:
    """Decode the photos, in a run folder into a file that goes with the checkpoints, and cut them."""
    context.reporter.phase(f"decoding {len(found.photos):,} photos")
    cache = context.checkpoint("photos")
    try:
        photos = load_photos(
            found.photos, looks.size, fit=looks.fit, channels=looks.channels, cache=cache, workers=all_cores()
        )
        return prepare_images(context.recipe, found, photos)
    except RequestError:
        if cache is not None:
            cache.unlink(missing_ok=True)
        raise


def _schema(prepared: ImagePrepared, fold: Fold, fit: Fit, known: str | None) -> ImageSchema:
    """Learn how pixels become numbers, from the training photos; a pretrained net wants what it has seen."""
    found = fit_image_schema(prepared.photos, fold.train, fit)
    if known is None:
        return found
    return found.model_copy(update={"mean": IMAGENET_MEAN, "std": IMAGENET_STD})


def _plan(context: Context, prepared: ImagePrepared, looks: Looks) -> ImagePlan:
    context.reporter.phase("measuring how fast this machine learns")
    recipe, fold = context.recipe, prepared.folds[0]
    schema = _schema(prepared, fold, looks.fit, recipe.pretrained)
    look = Look(schema.mean, schema.std, device_named(recipe.device))
    notation = recipe.net
    if recipe.pretrained is not None:
        notation = pretrained(recipe.pretrained, classes=2).name
    if recipe.net.startswith("own:"):
        _check_own(context.own.net, prepared, look)
    budget = photo_budget(context, prepared)
    return make_plan(recipe, prepared, looks, look, notation, context.own.net, budget)


def _check_own(own: object, prepared: ImagePrepared, look: Look) -> None:
    """Check that a net of the user's own takes such photos, gives a number for each class, and can be saved.

    Raises:
        RecipeError: it does not.
    """
    channels, classes = prepared.photos.pixels.shape[3], len(prepared.task.classes)
    net = own_module(own, channels, classes).to(look.device)
    check_can_be_saved(net)
    output = probe(net, look(np.array(prepared.photos.pixels[:2]))).output
    if output.ndim != 2 or output.shape[1] != classes:
        must = f"a net for these photos must give {classes} numbers for each, one a class"
        found = (
            f"it gives {tuple(output.shape[1:])} for photos of {channels} x {prepared.photos.pixels.shape[1]}"
        )
        raise RecipeError(message(must, found, "change its last layer, or --size"))


@dataclass(frozen=True)
class _Trained:
    """One fold when its work is done; the model's results are still to come."""

    fold: Fold
    model: ImageModel
    scores: FoldScores
    failure: NonFiniteLoss | None

    @property
    def broken_off(self) -> bool:
        return self.failure is not None or self.model.history.stopped == "interrupted"


def _train_folds(context: Context, plan: ImagePlan, prepared: ImagePrepared) -> Done:
    """Train every fold, and for several folds a final net on everything: that is the model."""
    total = len(prepared.folds) + (prepared.final is not None)
    folds: list[_Trained] = []
    for number, fold in enumerate(prepared.folds, start=1):
        name = "net" if total == 1 else f"fold{number}"
        folds.append(_train_fold(context, plan, prepared, fold, name, total - number + 1))
        if folds[-1].broken_off:
            break
    scores, last = [each.scores for each in folds], folds[-1]
    results = results_of(scores)
    if prepared.final is not None and not last.broken_off:
        last = _train_fold(context, plan, prepared, prepared.final, "net", 1)
        repeated = parse_split(prepared.test).kind == "repeat"
        results = pooled(scores, last.scores, repeated=repeated)
    listed = [asdict(each) for each in prepared.photos.problems[:LISTED]]
    known = {"classes": class_counts(prepared), "problems": listed}
    last.model.results = results.model_copy(update={"details": {**results.details, **known}})
    last.model.plan = plan.model_copy(update={"reproducible": not context.cut_short})
    scored = [(each.fold, each.scores) for each in folds]
    return Done(last.model, last.failure, partial(training_report, last.model, prepared, scored))


def _photo_schema(recipe: Recipe, prepared: ImagePrepared, images: ImageSchema) -> PhotoSchema:
    found = prepared.found
    return PhotoSchema(
        images=images,
        target=prepared.task.class_target,
        column=recipe.column,
        names=found.names,
        between=found.between,
    )


def _train_fold(
    context: Context, plan: ImagePlan, prepared: ImagePrepared, fold: Fold, name: str, left: int
) -> _Trained:
    """Train and score one fold; ``left`` folds share what is left of a budget."""
    since = time.monotonic()
    context.reporter.phase("fitting the baselines")
    truth, classes, seed = prepared.truth, len(prepared.task.classes), context.recipe.seed
    baselines = fit_baselines(prepared.photos.pixels, truth, fold.train, classes, seed)
    context.timed("baselines", since)
    since = time.monotonic()
    looks = Looks(plan.size, plan.channels, plan.fit)
    architecture = net_of(plan.net, looks, classes)
    images = _schema(prepared, fold, plan.fit, plan.pretrained)
    look = Look(images.mean, images.std, torch.device(plan.device), plan.channels_last)
    with context.interrupts.asking():
        net, history, failure = train_one(context, plan, prepared, fold, architecture, look, name, left)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    model = ImageModel(
        net=net,
        architecture=architecture,
        schema=_photo_schema(context.recipe, prepared, images),
        task=prepared.task,
        recipe=context.recipe,
        plan=plan,
        history=history,
        baselines=baselines,
    )
    with using_threads(plan.threads):
        if len(fold.validation):
            warmth = temperature_of(_answers(model, prepared, fold.validation), truth[fold.validation])
            model.schema = model.schema.model_copy(update={"temperature": warmth})
        scores = fold_scores(prepared, fold, baselines, partial(_answers, model, prepared), seed)
    context.timed("score", since)
    return _Trained(fold, model, scores, failure)


def _answers(model: ImageModel, prepared: ImagePrepared, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    photos = prepared.photos
    return model.predictions(
        Decoded(rows_of(photos.pixels, rows), None, tuple(photos.names[row] for row in rows))
    )
