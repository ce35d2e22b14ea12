"""Training one net on some rows of a fold, with its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.arrays import checked_rows, device_of, dtype_of
from glassnet.engine.choice import understood
from glassnet.engine.epoch_weights import EpochWeights
from glassnet.engine.history import History
from glassnet.engine.probe import Probe, probe
from glassnet.engine.rows import Rows
from glassnet.engine.settings import Settings
from glassnet.engine.threads import choose_threads
from glassnet.engine.training import train_net
from glassnet.errors import NonFiniteLoss, RecipeError, message
from glassnet.nets.build import build, describe
from glassnet.nets.dense import Norm, dense_stack, tabular_net
from glassnet.nets.own import check_can_be_saved, own_module
from glassnet.nets.spec import Architecture, Stack, Tabular
from glassnet.nets.spec import Own as OwnArchitecture
from glassnet.notation import NetSpec, parse_net
from glassnet.randomness import derived_seed, torch_seeded
from glassnet.run.context import Context, Follower
from glassnet.run.prepare import Encoded, training_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from glassnet.engine.checkpoint import State
    from glassnet.plan.table import Plan
    from glassnet.recipe import Recipe


@dataclass(frozen=True)
class TrainedNet:
    """A net, what it is made of, and how it came about; ``failure`` is why its training failed."""

    net: nn.Module
    architecture: Architecture
    history: History
    failure: NonFiniteLoss | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended the training."""
        return self.history.stopped == "interrupted"


def new_net(context: Context, encoded: Encoded, notation: str, seed: int) -> tuple[nn.Module, Architecture]:
    """Build an untrained net for a fold: listed layers, networks that share them, or the user's own module.

    Raises:
        RecipeError: the own net is neither a module nor a callable that returns one, does not fit the
            rows or the task, or could not be saved.
    """
    recipe, widths = context.recipe, (encoded.schema.width, encoded.task.outputs)
    if not recipe.net.startswith("own:"):
        architecture = _architecture(encoded, parse_net(notation), recipe.norm)
        return build(architecture, recipe.init, derived_seed(seed, "weights")), architecture
    with torch_seeded(seed, "weights"):
        net = own_module(context.own.net, *widths)
    encoded.task.decode(_probed(net, encoded).output.float().cpu().numpy())
    check_can_be_saved(net)
    return net, describe(net) or OwnArchitecture(builder=recipe.net[4:204] or "net")


def _architecture(encoded: Encoded, net: NetSpec, norm: Norm) -> Stack | Tabular:
    widths = encoded.schema.width, encoded.task.outputs
    if net.members == 1 and not net.waves:
        return dense_stack(*widths, net, norm)
    return tabular_net(*widths, net, encoded.schema.number_units, encoded.task.average, norm)


def _probed(net: nn.Module, encoded: Encoded) -> Probe:
    return probe(net, torch.from_numpy(encoded.inputs[:2]).to(device_of(net), dtype_of(net)))


def threads_for(context: Context, encoded: Encoded, notation: str, batch_size: int) -> int:
    """Return the threads that steps of this size deserve: a rule on their arithmetic, nothing is measured."""
    net, _ = new_net(context, encoded, notation, context.recipe.seed)
    return choose_threads(3 * batch_size * _probed(net, encoded).multiply_adds)


def engine_for(context: Context, encoded: Encoded, plan: Plan) -> tuple[str, str | None]:
    """Return the engine that trains the plan's net, and why where it is not the fused one.

    Raises:
        RecipeError: the recipe asks for an engine that cannot do it.
    """
    asked = context.recipe.engine
    if asked == "torch":
        return "torch", "asked for"
    net, _ = new_net(context, encoded, plan.net, context.recipe.seed)
    settings = settings_of(context, plan, encoded.task.loss, context.recipe.seed)
    two = torch.from_numpy(encoded.inputs[:2])
    found = understood(net, Rows(two, torch.zeros(len(two))), settings, torch.device(plan.device))
    if not isinstance(found, str) and asked != "reference":
        return "fused", None
    if asked == "auto":
        return "torch", f"not fused: {found}"
    why = "it is for gn.fit" if asked == "reference" else str(found)
    must = f"engine={asked!r} must be able to train the net"
    raise RecipeError(message(must, why, "leave engine out, or use engine='torch'"))


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
        ema=plan.ema,
        seed=seed,
        device=plan.device,
        precision=plan.precision,
        threads=plan.threads,
        engine="torch" if plan.engine == "torch" else "auto",
    )


def train_one(
    context: Context,
    plan: Plan,
    encoded: Encoded,
    name: str,
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
    restart: int = 0,
    pause: int | None = None,
) -> TrainedNet:
    """Train one net, from its checkpoint or from where it was paused.

    Args:
        name: of the net in the history, and of its checkpoint.
        train, validation: positions of rows; without validation rows all epochs are trained.
        restart: which beginning; another one has other weights and another order of rows.
        pause: stop after so many epochs in all, to go on later.
    """
    seed = context.recipe.seed if restart == 0 else derived_seed(context.recipe.seed, "restart", restart)
    net, architecture = new_net(context, encoded, plan.net, seed)
    settings = settings_of(context, plan, encoded.task.loss, seed)
    held = rows_of(net, encoded, validation, settings, "none") if len(validation) else None
    follower = Follower(context, name, pause)
    path = context.checkpoint(name)
    state = context.states.get(name) or checkpoints.earlier(path)
    left = min(pause or plan.epochs, plan.epochs) - (len(state.history) if state else 0)
    try:
        with context.deadline(max(left, 0)) as deadline:
            history = train_net(
                net,
                rows_of(net, encoded, train, settings, context.recipe.class_weight),
                settings if held is not None else replace(settings, patience=None),
                validation=held,
                callbacks=[follower, *_keeping_weights(context, name)],
                progress=follower.progress,
                score=_rmse_of(encoded, validation),
                should_stop=lambda: context.interrupts.requested,
                deadline=deadline,
                pause=pause,
                state=state,
                save=partial(_keep, context, name, path) if path is not None or pause else None,
                save_every=1.0,
            )
    except NonFiniteLoss as error:
        return TrainedNet(net, architecture, follower.history or History(), error)
    context.cut_short |= history.stopped == "budget"
    return TrainedNet(net, architecture, _with_reason(history, plan))


def _with_reason(history: History, plan: Plan) -> History:
    """Say why it was torch in the words of the plan, which asked the engine for it."""
    if history.engine == plan.engine:
        history.engine_reason = plan.engine_reason
    return history


def _keeping_weights(context: Context, name: str) -> list[EpochWeights]:
    """Return what writes the weights of each epoch into the run folder, where the recipe asks for it."""
    folder = context.folder
    asked = context.recipe.keep_weights and folder is not None
    return [EpochWeights(folder.weights / name)] if asked and folder is not None else []


def _keep(context: Context, name: str, path: Path | None, state: State) -> None:
    """Write a state to its file; what is paused without one stays in memory."""
    if path is not None:
        checkpoints.write(path, state)
    else:
        context.states[name] = state


def _rmse_of(
    encoded: Encoded, rows: NDArray[np.int64]
) -> Callable[[Tensor, Tensor], dict[str, float]] | None:
    """Return what measures the error of outputs in the user's units, whatever the target's scale."""
    task = encoded.task
    if task.name != "regression" or task.loss != "mse" or not len(rows):
        return None
    truth, weight = encoded.truth[rows], None if encoded.weights is None else encoded.weights[rows]

    def rmse(outputs: Tensor, targets: Tensor) -> dict[str, float]:
        errors = task.decode(outputs.float().numpy()) - truth
        return {"rmse": float(np.sqrt(np.average(np.square(errors), weights=weight)))}

    return rmse


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
