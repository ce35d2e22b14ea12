"""Training one net on the photos of a fold: from scratch, or from a net that others have trained."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.course_training import Reins
from glassnet.engine.history import History
from glassnet.engine.photos import Labelled, Look
from glassnet.engine.photos_training import train_photos
from glassnet.errors import NonFiniteLoss
from glassnet.nets.convolution import Photo
from glassnet.run.budget import ENDING
from glassnet.run.context import Context, Follower
from glassnet.run.image_choose import most_steps, new_net
from glassnet.run.image_pace import Budget, settings_of
from glassnet.run.image_scoring import scored_photos
from glassnet.run.image_transfer import Transfer, kept_if_better, with_new_head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.model.images_manifest import Network
    from glassnet.plan.images import ImagePlan
    from glassnet.run.image_prepare import ImagePrepared

    Trained = tuple[torch.nn.Module, History, NonFiniteLoss | None]

REPORT, REPORT_SHARE = 3.0, 0.05
"""Seconds kept for the report, but at most that share of the budget."""
WHITENED = 1 << 24
"""About how many numbers of photos the first layer takes its filters from."""


def budget_of(context: Context, prepared: ImagePrepared) -> Budget:
    """Return what a budget leaves for training and scoring."""
    budget = context.recipe.budget or 0.0
    report = min(REPORT, REPORT_SHARE * budget) if context.folder is not None else 0.0
    scored = sum(scored_photos(each) for each in (*prepared.folds, *filter(None, [prepared.final])))
    return Budget(context.began + budget - ENDING - report, scored)


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
    return Labelled(prepared.photos.pixels[rows], prepared.truth[rows])


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
    follower, path = Follower(context, name), context.checkpoint(name)
    reins = Reins(
        callbacks=[follower],
        progress=follower.progress,
        should_stop=lambda: context.interrupts.requested,
        deadline=_deadline(context, plan, prepared, left),
        most=most_steps(context.recipe, plan, len(train)),
        changed=lambda: setattr(context, "cut_short", True),
        state=checkpoints.earlier(path),
        save=None if path is None else partial(checkpoints.write, path),
    )
    settings, classes = settings_of(plan, context.recipe.seed), len(prepared.task.classes)
    try:
        history = train_photos(net, train, validation, look, classes, settings, reins)
    except NonFiniteLoss as error:
        return net, follower.history or History(), error
    context.cut_short |= history.stopped == "budget"
    if history.stopped == "epochs" and history.plan["course"]["total"] < plan.steps:
        history.stopped = "budget"
    return net, history, None


def _deadline(context: Context, plan: ImagePlan, prepared: ImagePrepared, left: int) -> float | None:
    """Return when this training has to end, of ``time.monotonic()``: it gets its share of what is left."""
    if context.recipe.budget is None:
        return None
    now = time.monotonic()
    end = budget_of(context, prepared).deadline(plan.answers_per_second or np.inf)
    return now + max(0.0, end - now) / left
