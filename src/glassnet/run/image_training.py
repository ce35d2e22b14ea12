"""Training one net on the photos of a fold: from scratch, or from a net that others have trained."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.data.image_rows import rows_of
from glassnet.engine.photos import Labelled, Look
from glassnet.engine.photos_training import SETTLED, train_photos
from glassnet.nets.convolution import Photo
from glassnet.run.budget import Budget, budget_of
from glassnet.run.course import train_on_course
from glassnet.run.image_choose import most_steps, new_net
from glassnet.run.image_pace import settings_of
from glassnet.run.image_scoring import scored_photos
from glassnet.run.image_transfer import Transfer, kept_if_better, with_new_head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.engine.history import History
    from glassnet.errors import NonFiniteLoss
    from glassnet.model.images_manifest import Network
    from glassnet.plan.images import ImagePlan
    from glassnet.run.context import Context
    from glassnet.run.image_prepare import ImagePrepared

    Trained = tuple[torch.nn.Module, History, NonFiniteLoss | None]

REPORT = 3.0
"""Seconds that the report takes at most."""
WHITENED = 1 << 24
"""About how many numbers of photos the first layer takes its filters from."""


def photo_budget(context: Context, prepared: ImagePrepared) -> Budget | None:
    """Return what a budget leaves for training, settling and scoring."""
    folds = (*prepared.folds, *filter(None, [prepared.final]))
    scored = sum(scored_photos(each) + min(len(each.train), SETTLED) for each in folds)
    return budget_of(context, scored, REPORT)


def train_one(
    context: Context,
    plan: ImagePlan,
    prepared: ImagePrepared,
    fold: Fold,
    architecture: Network,
    look: Look,
    name: str,
    left: int,
) -> Trained:
    """Train a net on the training photos of a fold, or go on with it.

    Args:
        look: how pixels become numbers, on the device on which the net is trained.
        name: of the net, in the history and among the checkpoints.
        left: so many trainings share what is left of a budget.

    Returns:
        The net, its history, and why training failed: then it has its last good weights.
    """
    train, validation = (_labelled(prepared, rows) for rows in (fold.train, fold.validation))
    if plan.pretrained is None:
        sizes = plan.channels, len(prepared.task.classes)
        net = new_net(architecture, context.recipe.seed, context.own.net, sizes).to(look.device)
        _whiten(net, train, look)
        return _train(context, plan, prepared, net, train, validation, look, name, left)
    transfer = Transfer(plan, train, validation, look, len(prepared.task.classes), context.recipe.seed)
    net, history, failure = with_new_head(context, transfer, f"{name}-head")
    if failure is not None or not plan.steps or history.stopped == "interrupted":
        return net, history, failure
    frozen = transfer.loss(net), {key: each.clone() for key, each in net.state_dict().items()}
    done = _train(context, plan, prepared, net, train, validation, look, name, left)
    return kept_if_better(transfer, done, *frozen)


def _labelled(prepared: ImagePrepared, rows: NDArray[np.int64]) -> Labelled:
    return Labelled(rows_of(prepared.photos.pixels, rows), prepared.truth[rows])


def _whiten(net: torch.nn.Module, train: Labelled, look: Look) -> None:
    """Let a net for photos take its first filters from these."""
    if isinstance(net, Photo):
        few = max(64, WHITENED // int(np.prod(train.pixels.shape[1:])))
        some = np.unique(np.linspace(0, len(train) - 1, few).astype(np.int64))
        net.whiten(look(train.pixels[some]))


def _train(
    context: Context,
    plan: ImagePlan,
    prepared: ImagePrepared,
    net: torch.nn.Module,
    train: Labelled,
    validation: Labelled,
    look: Look,
    name: str,
    left: int,
) -> Trained:
    """Train the whole net in place."""
    settings, classes = settings_of(plan, context.recipe.seed), len(prepared.task.classes)
    history, failure = train_on_course(
        context,
        name,
        partial(train_photos, net, train, validation, look, classes, settings),
        steps=plan.steps,
        most=most_steps(context.recipe, plan, len(train)),
        deadline=_deadline(context, plan, prepared, left),
    )
    return net, history, failure


def _deadline(context: Context, plan: ImagePlan, prepared: ImagePrepared, left: int) -> float | None:
    """Return when this training has to end, of ``time.monotonic()``: it gets its share of what is left."""
    budget, now = photo_budget(context, prepared), time.monotonic()
    if budget is None:
        return None
    return now + max(0.0, budget.deadline(plan.answers_per_second or np.inf) - now) / left
