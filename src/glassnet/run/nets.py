"""Training the nets of one fold: restarts, the choice among them, and the refit, each with its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.arrays import checked_rows, device_of, dtype_of
from glassnet.engine.history import History
from glassnet.engine.probe import Probe, probe
from glassnet.engine.rows import Rows
from glassnet.engine.settings import Settings
from glassnet.engine.threads import choose_threads
from glassnet.engine.training import train_net
from glassnet.errors import NonFiniteLoss
from glassnet.nets.build import build, describe
from glassnet.nets.dense import dense_stack
from glassnet.nets.own import check_can_be_saved, own_module
from glassnet.nets.spec import Own as OwnArchitecture
from glassnet.nets.spec import Stack
from glassnet.notation import parse_net
from glassnet.randomness import derived_seed, torch_seeded
from glassnet.run.context import Context, Follower
from glassnet.run.prepare import Encoded, training_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from glassnet.engine.checkpoint import State
    from glassnet.plan import Plan
    from glassnet.recipe import Recipe


@dataclass(frozen=True)
class TrainedNet:
    """A net, what it is made of, and how it came about; ``failure`` is why its training failed."""

    net: nn.Module
    architecture: Stack | OwnArchitecture
    history: History
    failure: NonFiniteLoss | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended the training."""
        return self.history.stopped == "interrupted"

    @property
    def loss(self) -> float:
        """The validation loss (without validation rows the training loss) of the weights that were kept."""
        if not self.history.best_epoch:
            return float("inf")
        record = self.history[self.history.best_epoch - 1]
        return record.train_loss if record.validation_loss is None else record.validation_loss


def new_net(
    context: Context, encoded: Encoded, notation: str, seed: int
) -> tuple[nn.Module, Stack | OwnArchitecture]:
    """Build an untrained net for a fold: listed layers, or the user's own module.

    Raises:
        RecipeError: the own net is neither a module nor a callable that returns one, does not fit the
            rows or the task, or could not be saved.
    """
    recipe, widths = context.recipe, (encoded.schema.width, encoded.task.outputs)
    if not recipe.net.startswith("own:"):
        stack = dense_stack(*widths, parse_net(notation), recipe.norm)
        return build(stack, recipe.init, derived_seed(seed, "weights")), stack
    with torch_seeded(seed, "weights"):
        net = own_module(context.own.net, *widths)
    encoded.task.decode(_probed(net, encoded).output.float().cpu().numpy())
    check_can_be_saved(net)
    return net, describe(net) or OwnArchitecture(builder=recipe.net[4:204] or "net")


def _probed(net: nn.Module, encoded: Encoded) -> Probe:
    return probe(net, torch.from_numpy(encoded.inputs[:2]).to(device_of(net), dtype_of(net)))


def threads_for(context: Context, encoded: Encoded, notation: str, batch_size: int) -> int:
    """Return the threads that steps of this size deserve: a rule on their arithmetic, nothing is measured."""
    net, _ = new_net(context, encoded, notation, context.recipe.seed)
    return choose_threads(3 * batch_size * _probed(net, encoded).multiply_adds)


def settings_of(context: Context, plan: Plan, loss: str, seed: int) -> Settings:
    """Return the engine's settings for one training of this run."""
    recipe: Recipe = context.recipe
    own: Any = context.own.loss
    return Settings(
        loss=own if loss.startswith("own:") else loss,
        optimizer=plan.optimizer,
        lr=plan.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=plan.weight_decay,
        l1=recipe.l1,
        l2=recipe.l2,
        batch_size=plan.batch_size,
        epochs=plan.epochs,
        patience=plan.patience,
        schedule=plan.schedule,
        warmup=recipe.warmup,
        clip=recipe.clip,
        seed=seed,
        device=plan.device,
        precision=plan.precision,
        threads=plan.threads,
    )


def train_nets(context: Context, plan: Plan, encoded: Encoded, name: str) -> tuple[TrainedNet, TrainedNet]:
    """Train the nets of a fold.

    Returns:
        The best of the restarts, which is what validation scores belong to; and the final net: the refit
        on training and validation rows together where the plan asks for one, else the same net.
    """
    fold, restarts = encoded.fold, context.recipe.restarts
    trained = []
    for restart in range(restarts):
        label = name if restarts == 1 else f"{name}-restart{restart + 1}"
        trained.append(_train(context, plan, encoded, label, restart, fold.train, fold.validation))
        if trained[-1].interrupted:
            break
    best = min(trained, key=lambda each: (each.failure is not None, each.loss))
    if trained[-1].interrupted:
        best.history.stopped = "interrupted"
    chosen = best.history.best_epoch and best.history.stopped in ("epochs", "early_stopping", "budget")
    if not (plan.refit and chosen and len(fold.validation)):
        return best, best
    return best, _refit(context, plan, encoded, name, best, trained.index(best))


def _refit(
    context: Context, plan: Plan, encoded: Encoded, name: str, best: TrainedNet, restart: int
) -> TrainedNet:
    """Train again on validation rows too; where that is cut short, the net as validation judged it stays."""
    rows = np.sort(np.concatenate([encoded.fold.train, encoded.fold.validation]))
    epochs = min(max(best.history.best_epoch or 1, plan.refit_epochs), plan.epochs)
    again = plan.model_copy(update={"epochs": epochs, "schedule": plan.refit_schedule})
    refit = _train(context, again, encoded, f"{name}-refit", restart, rows, rows[:0])
    if refit.history.stopped == "epochs" and refit.failure is None:
        return refit
    best.history.stopped = refit.history.stopped
    return replace(best, failure=refit.failure)


def _train(
    context: Context,
    plan: Plan,
    encoded: Encoded,
    name: str,
    restart: int,
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
) -> TrainedNet:
    """Train one net, from its checkpoint where there is one."""
    seed = context.recipe.seed if restart == 0 else derived_seed(context.recipe.seed, "restart", restart)
    net, architecture = new_net(context, encoded, plan.net, seed)
    settings = settings_of(context, plan, encoded.task.loss, seed)
    held = rows_of(net, encoded, validation, settings, "none") if len(validation) else None
    follower = Follower(context, name)
    path = context.folder.checkpoint(name) if context.folder is not None else None
    try:
        with context.deadline() as deadline:
            history = train_net(
                net,
                rows_of(net, encoded, train, settings, context.recipe.class_weight),
                settings if held is not None else replace(settings, patience=None),
                validation=held,
                callbacks=[follower],
                progress=follower.progress,
                should_stop=lambda: context.interrupts.requested,
                deadline=deadline,
                state=_earlier_state(path),
                save=partial(checkpoints.write, path) if path is not None else None,
                save_every=1.0,
            )
    except NonFiniteLoss as error:
        return TrainedNet(net, architecture, follower.history or History(), error)
    return TrainedNet(net, architecture, history)


def _earlier_state(path: Path | None) -> State | None:
    if path is None or not path.exists():
        return None
    return checkpoints.from_bytes(path.read_bytes(), str(path))


def rows_of(
    net: nn.Module, encoded: Encoded, rows: NDArray[np.int64], settings: Settings, class_weight: str
) -> Rows:
    """Return some rows of a fold as the engine takes them, with their weights."""
    return checked_rows(
        net,
        encoded.inputs,
        encoded.task.for_loss(encoded.truth[rows]),
        training_weights(encoded, rows, class_weight),
        loss=settings.loss,
        at=rows,
    )
