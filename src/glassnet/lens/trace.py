"""``gn.trace``: one step of a network as data, every number with the arithmetic behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from glassnet.errors import RecipeError, message
from glassnet.lens.trace_epochs import net_of_epoch
from glassnet.lens.trace_run import Asked, run_net
from glassnet.lens.trace_step import Choice, Optimizer
from glassnet.lens.trace_update import Shaping
from glassnet.lens.trace_view import Trace

if TYPE_CHECKING:
    from glassnet.model.table import Model


def trace(
    net: nn.Module | Model,
    x: Any = None,
    y: Any = None,
    *,
    loss: str | Callable[..., Any] | None = None,
    optimizer: Optimizer | None = None,
    lr: float | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
    clip: float | None = None,
    sample_weight: Any = None,
    zero_grad: bool = True,
    train: bool | None = None,
    seed: int = 0,
    rows: object = None,
    row: int | None = None,
    epoch: int | None = None,
    weights: str | Path | None = None,
) -> Trace:
    """Return every number of one step of a network, each with its formula and the numbers in it.

    The net is copied and run in float64; it is left as it was, with its weights, gradients, mode and hooks.
    Without ``loss`` the trace is the forward pass; with it, the loss and the gradient of every number; with
    ``optimizer`` too, the new weights. A Model is traced from raw rows to its answer.

    Args:
        net: any ``nn.Module`` that gives one tensor, or a Model.
        x: what goes in, a batch as the net takes it.
        y: the targets, of the output's shape; class numbers for ``cross_entropy``.
        loss: a name as in :func:`glassnet.fit`, or a callable(output, target) that gives a scalar.
        optimizer: a name as in :func:`glassnet.fit`, a class, or an optimiser of this net, whose options and
            memory then count and which takes no step itself.
        lr, momentum, nesterov, weight_decay, l1, l2, clip: as in :func:`glassnet.fit`.
        sample_weight: one number from 0 per row, shape (n,), for losses by name.
        zero_grad: False: what the net holds as gradients is added to, as torch does where nobody clears it.
        train: whether dropout drops and norms look at the batch; None: as the net is set.
        seed: of what is drawn at random, such as dropout masks.
        rows, row: for a Model: raw rows, as ``model.predict`` takes them, and which one of them, from 1;
            None: all of them.
        epoch, weights: the net as it was after this epoch (from 1), whose weights lie in this folder: that of
            an ``EpochWeights``, or ``weights`` in the folder of a run with ``keep_weights``.

    Raises:
        RecipeError: arguments that do not fit, a target that would be broadcast.
        WorkError: the net gives numbers that are not finite, or has an operation with a backward of its own.
    """
    if not isinstance(net, nn.Module):
        from glassnet.lens.trace_model import trace_model

        return trace_model(
            net, x if rows is None else rows, row, epoch, weights, train=bool(train), seed=seed
        )
    if rows is not None or row is not None:
        must, found = "rows and row are for a Model", f"net is a {type(net).__name__}"
        raise RecipeError(message(must, found, "pass x and y, or the Model around the net"))
    net = _of_epoch(net, epoch, weights)
    choice = Choice(optimizer, lr, momentum, nesterov, weight_decay, Shaping(l1, l2, clip))
    asked = Asked(loss, choice, sample_weight, zero_grad)
    asked.check(x, y)
    return run_net(net, x, y, asked, net.training if train is None else train, seed).view()


def _of_epoch(net: nn.Module, epoch: int | None, weights: str | Path | None) -> nn.Module:
    """Return the net, or a copy as it was after an epoch."""
    if epoch is not None and weights is not None:
        return net_of_epoch(net, weights, epoch, led_here=False)
    if epoch is None and weights is None:
        return net
    must, found = "epoch and weights must come together", "one of them is missing"
    raise RecipeError(message(must, found, "pass both, or neither"))
