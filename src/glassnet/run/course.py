"""Training a net in a run: its epochs are told and kept, an interrupt or a budget ends it, an error is handed
back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.course_training import Reins
from glassnet.engine.history import History
from glassnet.engine.settings import Settings
from glassnet.errors import NonFiniteLoss
from glassnet.run.context import Context, Follower

if TYPE_CHECKING:
    from glassnet.engine.callbacks import ProgressFunction
    from glassnet.engine.checkpoint import State
    from glassnet.recipe import Recipe


def training_problems(recipe: Recipe) -> list[str]:
    """Return what is wrong with the numbers and the device of a recipe, as every training checks them."""
    return Settings(
        loss="cross_entropy",
        optimizer=recipe.optimizer,
        lr=recipe.lr,
        momentum=recipe.momentum,
        schedule=recipe.schedule,
        warmup=recipe.warmup,
        device=recipe.device,
        threads=recipe.threads,
    ).problems(has_validation=True)


class Followed(TypedDict):
    """How a run follows a training, as ``train_net`` and ``Reins`` take it."""

    callbacks: Sequence[object]
    progress: ProgressFunction
    should_stop: Callable[[], bool]
    state: State | None
    save: Callable[[State], None] | None


def followed(
    context: Context, name: str, train: Callable[[Followed], History], callbacks: Sequence[object] = ()
) -> tuple[History, NonFiniteLoss | None]:
    """Train a net of a run, from its checkpoint if there is one.

    Args:
        name: of the net, in the history and among the checkpoints.
        callbacks: what else is called after each epoch.

    Returns:
        Its history, and why training failed: then the net has its last good weights.
    """
    follower, path = Follower(context, name), context.checkpoint(name)
    reins = Followed(
        callbacks=[follower, *callbacks],
        progress=follower.progress,
        should_stop=lambda: context.interrupts.requested,
        state=checkpoints.earlier(path),
        save=None if path is None else partial(checkpoints.write, path),
    )
    try:
        return train(reins), None
    except NonFiniteLoss as error:
        return follower.history or History(), error


def train_on_course(
    context: Context,
    name: str,
    train: Callable[[Reins], History],
    *,
    steps: int,
    most: int,
    deadline: float | None,
    callbacks: Sequence[object] = (),
) -> tuple[History, NonFiniteLoss | None]:
    """Train a net for a number of steps; to keep the deadline there may be fewer, or more of them.

    Args:
        steps: as they are planned; ``most``: as many as there may be.
        deadline: of ``time.monotonic()``; None: none.
        name, callbacks: see :func:`followed`, as for what is returned.
    """

    def changed() -> None:
        context.cut_short = True

    def on_course(reins: Followed) -> History:
        return train(Reins(deadline=deadline, most=most, changed=changed, **reins))

    history, failure = followed(context, name, on_course, callbacks)
    if failure is None:
        context.cut_short |= history.stopped == "budget"
        if history.stopped == "epochs" and history.plan["course"]["total"] < steps:
            history.stopped = "budget"
    return history, failure
