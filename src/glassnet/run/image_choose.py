"""Choosing what the recipe of photos leaves open: size, net, variation, and what fits into a budget."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from glassnet.data.image_classes import class_facts
from glassnet.engine.photos import Look
from glassnet.nets.build import build
from glassnet.nets.own import own_module
from glassnet.nets.photo_spec import LeNet, PhotoNet, Published
from glassnet.nets.pretrained import IMAGENET_SIZE
from glassnet.nets.spec import Own
from glassnet.notation import PUBLISHED, PhotoNetSpec, parse_augment, parse_photo_net, write_photo_net
from glassnet.plan.augmentation import Augmentation
from glassnet.plan.images import ImagePace, ImagePlan
from glassnet.randomness import derived_seed
from glassnet.run.budget import Budget
from glassnet.run.image_baselines import sensitive_to_mirrors
from glassnet.run.image_pace import measured, quickest

if TYPE_CHECKING:
    from glassnet.data.image_source import PhotoList
    from glassnet.model.images_manifest import Network
    from glassnet.recipe import OptimizerName, Recipe
    from glassnet.run.image_prepare import ImagePrepared

LARGEST, SEEN = 96, 64
"""Most pixels of a side where nothing is said; how many photos are looked at to find out their size."""
STAGES = ((64, (32, 64, 128, 256)), (16, (64, 256, 256)), (0, (64, 128)))
"""Feature maps of the default net for photos of so many pixels or more."""
DEPTH = 2
BATCH_SIZES = ((20_000, 250), (4_000, 128), (0, 64))
"""Photos a step for so many training photos or more."""
SEEN_IN_ALL, FEWEST_EPOCHS, MOST_EPOCHS, SMALL_EPOCHS = 240_000, 15, 80, 25
"""Without --epochs and --budget so many photos are seen in all, in epochs of these numbers; photos of fewer
than 16 pixels in the last number at most."""
LONG_RUN = 200
"""Epochs that each of several nets gets at least within a budget: one that pays for twice as many
pays for two nets. Twice as many are the most."""
MOST_MEMBERS = 4
"""Nets that a budget pays for at most."""
LEARNING_RATES: dict[OptimizerName, float] = {"sgd": 0.1, "adam": 0.003, "adamw": 0.005, "rmsprop": 0.001}
WORTH_EPOCHS, WORTH_PHOTOS, NARROWEST = 8, 60_000, 8
"""Within a budget a net has to see its photos so often, and so many in all, or a smaller one is taken; the
fewest feature maps of a stage."""
HEAD_EPOCHS, UNFROZEN, UNFROZEN_RUN = 40, 3, 10
"""Epochs of the new last layer of a pretrained net; of the whole net after it, without and with a budget."""
LONGEST_UNFROZEN = 300.0
"""Seconds that the whole of a pretrained net learns at most where nothing is said."""
GENTLE = 0.05
"""The learning rate of a pretrained net, as a share of the usual one."""
SMOOTHING, DECAY = 0.1, 0.05
FEWEST_STEPS = 20
"""Steps that are planned at least: what was measured on a busy machine is corrected on the way."""
MARGIN = 0.97
"""Share of the time left that is planned for."""


@dataclass(frozen=True)
class Looks:
    """How photos are decoded."""

    size: int
    channels: Literal[1, 3]
    fit: Literal["crop", "pad", "stretch"]


def choose_looks(recipe: Recipe, photos: PhotoList, asked: ImagePlan | None) -> Looks:
    """Decide how photos are decoded: their own size where they are small, grey where all are grey."""
    if asked is not None:
        return Looks(asked.size, asked.channels, asked.fit)
    sides, grey = _seen(photos)
    own = int(np.median(sides)) if sides else LARGEST
    if recipe.pretrained is not None or recipe.net in PUBLISHED:
        return Looks(recipe.size or max(64, min(IMAGENET_SIZE, own)), 3, recipe.fit or "crop")
    size = recipe.size or max(4, min(LARGEST, own))
    return Looks(size, recipe.channels or (1 if grey else 3), recipe.fit or "crop")


def _seen(photos: PhotoList) -> tuple[list[int], bool]:
    """Return the shorter sides of some photos, and whether all of these are grey."""
    from PIL import Image

    sides, grey = [], True
    for place in np.unique(np.linspace(0, len(photos) - 1, SEEN).astype(int)).tolist():
        try:
            with Image.open(io.BytesIO(photos.read(place))) as image:
                sides.append(min(image.size))
                grey &= image.mode in ("1", "L", "I;16")
        except Exception:  # Pillow raises nearly anything about damaged files: they are named when decoded
            continue
    return sides, grey and bool(sides)


def net_of(notation: str, looks: Looks, classes: int) -> Network:
    """Return the net for photos that look so.

    Raises:
        ValueError: the photos are too small for it.
    """
    if notation.startswith("own:"):
        return Own(builder=notation.removeprefix("own:"))
    asked = parse_photo_net(notation)
    if asked.name in PUBLISHED:
        return Published(name=asked.name, outputs=classes)  # type: ignore[arg-type]
    if asked.name == "lenet":
        return LeNet(channels=looks.channels, size=looks.size, outputs=classes)
    widths = asked.widths or next(each for least, each in STAGES if looks.size >= least)
    patch = 4 if looks.size >= STAGES[0][0] else 2
    return PhotoNet(
        channels=looks.channels,
        patch=patch,
        widths=widths,
        depth=asked.depth or DEPTH,
        outputs=classes,
        members=asked.members or 1,
    )


def written_net(net: Network) -> str:
    """Write a net as ``--net`` does, with everything decided."""
    if isinstance(net, LeNet):
        return "lenet"
    if isinstance(net, Published | Own):
        return net.name if isinstance(net, Published) else f"own:{net.builder}"
    return write_photo_net(PhotoNetSpec("photo", net.widths, net.depth, net.members))


def new_net(net: Network, seed: int, own: object, sizes: tuple[int, int]) -> torch.nn.Module:
    """Build the untrained net.

    Args:
        own: the user's module, or what builds it from ``sizes``: channels and classes.
    """
    if isinstance(net, Own):
        return own_module(own, *sizes)
    return build(net, seed=derived_seed(seed, "weights"))


def augmentation_of(recipe: Recipe, looks: Looks, mirrors: bool, classes: int) -> Augmentation:
    """Decide how training photos are varied.

    Args:
        mirrors: whether a photo and its mirror image are of the same class.
        classes: larger photos of two are mixed, those of more are pasted into each other (docs/design.md).
    """
    size, large = looks.size, looks.size >= STAGES[0][0]
    usual: dict[str, float] = {
        "flip": 1.0,
        "shift": max(1, size // 12),
        "scale": 0.35,
        "rotate": 15.0,
        "colour": 0.3,
        "cutout": size // 4,
        "cutmix": 1.0,
        "mixup": 0.4,
    }
    if recipe.augment is not None:
        wishes = {n: usual[n] if v is None else v for n, v in parse_augment(recipe.augment).items()}
    else:
        names = ["shift", *(["flip"] if mirrors else [])]
        if large:
            names += ["scale", "rotate", "colour", "cutmix" if classes > 2 else "mixup"]
        elif not mirrors:
            names.append("rotate")
        wishes = {name: usual[name] for name in names}
    colour = wishes.get("colour", 0.0)
    return Augmentation(
        flip=bool(wishes.get("flip", 0)),
        shift=int(wishes.get("shift", 0)),
        scale=float(wishes.get("scale", 1.0)),
        rotate=float(wishes.get("rotate", 0.0)),
        brightness=colour,
        contrast=colour,
        saturation=colour if looks.channels == 3 else 0.0,
        cutout=int(wishes.get("cutout", 0)),
        cutmix=float(wishes.get("cutmix", 0.0)),
        mixup=float(wishes.get("mixup", 0.0)),
    )


def make_plan(
    recipe: Recipe,
    prepared: ImagePrepared,
    looks: Looks,
    look: Look,
    notation: str,
    own: object,
    budget: Budget | None,
) -> ImagePlan:
    """Decide everything that the recipe leaves open, measuring how fast this machine is.

    Args:
        notation, own: the net as ``--net`` writes it, and the user's own where it is one.
        look: how pixels become numbers, on the device on which the net is trained.
    """
    count, classes = len(prepared.folds[0].train), len(prepared.task.classes)
    net = net_of(notation, looks, classes)
    plan = _paced(recipe, prepared, looks, look, net, own, budget)
    while budget is not None and plan.steps * plan.batch_size < max(WORTH_EPOCHS * count, WORTH_PHOTOS):
        smaller = _half(notation, net)
        if smaller is None:
            break
        net, plan = smaller, _paced(recipe, prepared, looks, look, smaller, own, budget)
    members = 1
    if budget is not None and recipe.epochs is None and notation == "photo":
        members = _members(plan, budget, len(prepared.folds))
    if members > 1:
        several = net.model_copy(update={"members": members})
        return _paced(recipe, prepared, looks, look, several, own, budget)
    return plan


def _members(plan: ImagePlan, budget: Budget, folds: int) -> int:
    """Return how many nets a budget pays for, each trained for a long time."""
    assert plan.answers_per_second is not None
    left = budget.deadline(plan.answers_per_second) - time.monotonic()
    epochs = _affordable(left, plan, quickest(plan.paces), folds) // plan.steps_per_epoch
    return max(1, min(MOST_MEMBERS, epochs // LONG_RUN))


def _half(notation: str, net: Network) -> PhotoNet | None:
    """Return a net of half the widths, None where they were asked for or are small enough."""
    if not isinstance(net, PhotoNet) or parse_photo_net(notation).widths or min(net.widths) < 2 * NARROWEST:
        return None
    return net.model_copy(update={"widths": tuple(each // 2 for each in net.widths)})


def _paced(
    recipe: Recipe,
    prepared: ImagePrepared,
    looks: Looks,
    look: Look,
    net: Network,
    own: object,
    budget: Budget | None,
) -> ImagePlan:
    """Return the plan for a net: how it computes, and the steps that a budget pays for."""
    count = len(prepared.folds[0].train)
    plan = _drafted(recipe, prepared, looks, net, str(look.device))
    classes = len(prepared.task.classes)
    trained = new_net(net, recipe.seed, own, (looks.channels, classes)).to(look.device)
    paces, answered = measured(recipe, plan, trained, prepared, look, budget)
    best = quickest(paces)
    left = np.inf if budget is None else budget.deadline(answered) - time.monotonic()
    if plan.pretrained is not None:
        left -= len(prepared.folds) * count * (1 + plan.flips) / answered
        left = LONGEST_UNFROZEN if recipe.unfreeze is None and budget is None else left
    steps = min(most_steps(recipe, plan, count), _affordable(left, plan, best, len(prepared.folds)))
    if plan.pretrained is not None:
        steps = 0 if steps < plan.steps_per_epoch else steps
    elif budget is not None:
        steps = max(steps, min(FEWEST_STEPS, most_steps(recipe, plan, count)))
    found = {
        **best.model_dump(exclude={"photos_per_second"}),
        "steps": steps,
        "epochs": -(-steps // plan.steps_per_epoch),
        "paces": paces,
        "answers_per_second": None if budget is None else answered,
    }
    return plan.model_copy(update=found)


def _drafted(recipe: Recipe, prepared: ImagePrepared, looks: Looks, net: Network, device: str) -> ImagePlan:
    """Return the plan before anything is measured."""
    mirrors, why = _mirrors(recipe, prepared)
    augmentation = augmentation_of(recipe, looks, mirrors, len(prepared.task.classes))
    return ImagePlan(
        task=prepared.task.name,
        task_reason=prepared.task.reason,
        columns=prepared.columns,
        test=prepared.test,
        validation=prepared.validation,
        net=written_net(net),
        size=looks.size,
        channels=looks.channels,
        fit=looks.fit,
        augmentation=augmentation,
        flips=augmentation.flip,
        flips_reason=why,
        pretrained=recipe.pretrained,
        head_epochs=0 if recipe.pretrained is None else recipe.epochs or HEAD_EPOCHS,
        class_weights=_class_weights(recipe, prepared),
        **_learning(recipe, prepared, net),
        steps=1,
        epochs=1,
        device=device,
        precision="float32",
        channels_last=True,
        threads=1,
    )


def _learning(recipe: Recipe, prepared: ImagePrepared, net: Network) -> dict[str, Any]:
    """Return how the net learns, as fields of a plan."""
    fold, usual = prepared.folds[0], LEARNING_RATES[recipe.optimizer]
    batch_size = min(recipe.batch_size or _batch_size(net, len(fold.train)), len(fold.train))
    return {
        "batch_size": batch_size,
        "steps_per_epoch": max(1, round(len(fold.train) / batch_size)),
        "smoothing": SMOOTHING if len(prepared.task.classes) > 2 else SMOOTHING / 2,
        "lr": recipe.lr or usual * (1.0 if recipe.pretrained is None else GENTLE),
        "optimizer": recipe.optimizer,
        "momentum": recipe.momentum,
        "schedule": recipe.schedule or "one_cycle",
        "warmup": recipe.warmup,
        "weight_decay": DECAY if recipe.weight_decay is None else recipe.weight_decay,
        "clip": recipe.clip,
        "patience": recipe.patience if len(fold.validation) else None,
    }


def most_steps(recipe: Recipe, plan: ImagePlan, count: int) -> int:
    """Return the steps of a run that no budget makes shorter."""
    if recipe.pretrained is not None:
        usual = UNFROZEN_RUN if recipe.budget else UNFROZEN
        return plan.steps_per_epoch * (usual if recipe.unfreeze is None else recipe.unfreeze)
    most = MOST_EPOCHS if plan.size >= STAGES[1][0] else SMALL_EPOCHS
    usual = max(FEWEST_EPOCHS, min(most, SEEN_IN_ALL // count))
    return plan.steps_per_epoch * (recipe.epochs or (2 * LONG_RUN if recipe.budget else usual))


def _mirrors(recipe: Recipe, prepared: ImagePrepared) -> tuple[bool, str]:
    if recipe.augment is not None:
        return "flip" in parse_augment(recipe.augment), "asked for"
    fold, photos = prepared.folds[0], prepared.photos
    return sensitive_to_mirrors(photos.pixels, prepared.truth, fold.train, recipe.seed)


def _class_weights(recipe: Recipe, prepared: ImagePrepared) -> tuple[float, ...]:
    if recipe.class_weight != "balanced":
        return ()
    classes, train = prepared.task.classes, prepared.truth[prepared.folds[0].train]
    return tuple(class_facts([classes[place] for place in train.tolist()], classes).weights.tolist())


def _affordable(left: float, plan: ImagePlan, pace: ImagePace, folds: int) -> int:
    """Return the steps of one of several trainings that the seconds that are left pay for."""
    seconds = MARGIN * left / (folds + (folds > 1))
    return max(1, int(min(seconds * pace.photos_per_second / plan.batch_size, 1e9)))


def _batch_size(net: Network, count: int) -> int:
    if isinstance(net, Published):
        return 16
    return next(each for least, each in BATCH_SIZES if count >= least)
