"""The reference engine: the same settings through ``glassnet.reference``, NumPy in float64.

It is slow and there to be compared with, or to be read along with. It understands what the reference has:
stacks of ``nn.Linear`` and activations, with dropout behind them. What it does not understand is an error
that says so, and nothing is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.history import EpochRecord, History
from glassnet.engine.optim import learning_rate_factor
from glassnet.engine.rows import Rows
from glassnet.engine.sequence import activation_names, is_hooked, modules_in_order
from glassnet.engine.settings import Settings
from glassnet.errors import RecipeError, message
from glassnet.reference.activations import ACTIVATIONS, LEAK, Floats
from glassnet.reference.dense import Layer
from glassnet.reference.losses import LOSSES
from glassnet.reference.optimizers import build_optimizer
from glassnet.reference.regularisers import Mask, dropout_mask
from glassnet.reference.training import Run, batch_sizes, fit

_ACTIVATIONS = activation_names(ACTIVATIONS) | {nn.Softmax: "softmax"}


@dataclass
class _Dense:
    """A linear layer of the net, the activation that follows it and the chance of dropout behind that."""

    linear: nn.Linear
    activation: str | None = None
    dropout: float = 0.0


def fit_with_reference(
    net: nn.Module, train: Rows, validation: Rows | None, settings: Settings, unknown: dict[str, bool]
) -> History:
    """Train the net in place and return what happened, as the torch engine does; see ``fit``.

    An error leaves the net as it was. ``History`` has no seconds: nothing is timed.

    Args:
        unknown: arguments of ``fit`` that this engine has not, and whether each is given.

    Raises:
        RecipeError: net or settings are not understood; all that is at fault is named.
        NonFiniteLoss: the loss or the weights became infinite or not a number.
    """
    stack, problems = _understood(net)
    problems += _not_the_references(settings, train, unknown)
    if problems:
        raise RecipeError(problems)
    s = settings
    steps = len(batch_sizes(len(train.y), s.batch_size))
    factor = partial(_factor, s.schedule or "constant", s.epochs * steps, s.warmup)
    run = fit(
        [_layer(each) for each in stack],
        *_arrays(train)[:2],
        loss=str(s.loss),
        optimizer=build_optimizer(
            str(s.optimizer), s.lr, momentum=s.momentum, nesterov=s.nesterov, weight_decay=s.weight_decay
        ),
        batch_size=s.batch_size,
        epochs=s.epochs,
        l1=s.l1,
        l2=s.l2,
        clip=s.clip,
        masks=partial(_masks, stack, s.seed),
        validation=None if validation is None else _arrays(validation),
        patience=s.patience,
        schedule=factor,
        sample_weight=_arrays(train)[2],
        shuffle=s.shuffle,
        seed=s.seed,
    )
    _write_back(net, stack, run)
    return _history(run, settings, train, steps)


def _understood(net: nn.Module) -> tuple[list[_Dense], list[str]]:
    """Return the net as dense layers, or say which of its modules are not understood."""
    stack: list[_Dense] = []
    problems = []
    for name, module in modules_in_order(net):
        if not _takes(stack, module):
            must = "engine='reference' needs a stack of nn.Linear, each with an activation or without"
            shown = str(module).partition("\n")[0]
            problems.append(message(must, f"{name or 'the net'} is {shown}", "use engine='torch'"))
    frozen = [name for name, each in net.named_parameters() if not each.requires_grad]
    if frozen or len({id(each.linear) for each in stack}) < len(stack):
        found = f"{', '.join(frozen)} are frozen" if frozen else "a layer stands in it twice"
        must = "engine='reference' needs layers that are all trained, each of them once"
        problems.append(message(must, found, "use engine='torch'"))
    return stack, problems


def _takes(stack: list[_Dense], module: nn.Module) -> bool:
    """Put a module onto the stack; false where it does not fit there."""
    if is_hooked(module):
        return False
    if type(module) is nn.Linear:
        stack.append(_Dense(module))
        return True
    if not stack:
        return False
    if type(module) is nn.Dropout and not stack[-1].dropout and module.p < 1:
        stack[-1].activation = stack[-1].activation or "identity"
        stack[-1].dropout = module.p
        return True
    fits = stack[-1].activation is None and type(module) in _ACTIVATIONS
    if isinstance(module, nn.LeakyReLU):
        fits = fits and module.negative_slope == LEAK
    if isinstance(module, nn.Softmax):
        fits = fits and module.dim in (1, -1)
    if fits:
        stack[-1].activation = _ACTIVATIONS[type(module)]
    return fits


def _not_the_references(settings: Settings, train: Rows, unknown: dict[str, bool]) -> list[str]:
    s = settings
    given = {
        **unknown,
        "a loss of your own": s.loss not in LOSSES,
        "an optimizer of your own": not isinstance(s.optimizer, str),
        "ema": bool(s.ema),
        f"device={s.device!r}": s.device not in ("auto", "cpu"),
        f"precision={s.precision!r}": s.precision != "float32",
        f"X of shape {tuple(train.X.shape)}": train.X.ndim != 2,
    }
    must = "engine='reference' has the settings of dense networks in NumPy alone"
    return [
        message(must, f"{name} is given", "leave it out, or use engine='torch'")
        for name, is_given in given.items()
        if is_given
    ]


def _layer(dense: _Dense) -> Layer:
    """Return the layer with weights (inputs, outputs): the transpose of torch's."""
    bias = None if dense.linear.bias is None else _array(dense.linear.bias)
    return Layer(_array(dense.linear.weight).T, bias, dense.activation or "identity")


def _array(values: Tensor) -> Floats:
    return values.detach().cpu().numpy().astype(np.float64)


def _arrays(rows: Rows) -> tuple[Floats, Floats, Floats | None]:
    return _array(rows.X), _array(rows.y), None if rows.weight is None else _array(rows.weight)


def _masks(stack: list[_Dense], seed: int, step: int, rows: int) -> list[Mask]:
    return [
        dropout_mask(rows, each.linear.out_features, each.dropout, seed=seed, layer=k, step=step)
        if each.dropout
        else None
        for k, each in enumerate(stack)
    ]


def _factor(schedule: str, total: int, warmup: float, step: int) -> float:
    return learning_rate_factor(schedule, step, total, warmup)


def _write_back(net: nn.Module, stack: list[_Dense], run: Run) -> None:
    with torch.no_grad():
        for dense, layer in zip(stack, run.layers, strict=True):
            dense.linear.weight.copy_(torch.from_numpy(layer.W.T))
            if layer.b is not None:
                dense.linear.bias.copy_(torch.from_numpy(layer.b))
    net.eval()


def _history(run: Run, settings: Settings, train: Rows, steps: int) -> History:
    s = settings
    rate = build_optimizer(str(s.optimizer), s.lr, momentum=s.momentum, nesterov=s.nesterov).lr
    total = s.epochs * steps
    held: list[float] | list[None] = run.validation_losses or [None] * len(run.losses)
    rates = [
        rate * _factor(s.schedule or "constant", total, s.warmup, (epoch + 1) * steps - 1)
        for epoch in range(len(run.losses))
    ]
    return History(
        records=[
            EpochRecord(epoch, *each)
            for epoch, each in enumerate(zip(run.losses, held, rates, strict=True), 1)
        ],
        engine="reference",
        engine_reason="asked for",
        stopped=run.stopped,
        best_epoch=run.best_epoch,
        plan={
            "device": "cpu",
            "dtype": "float64",
            "precision": "float64",
            "threads": 1,
            "parameters": sum(w.size for layer in run.layers for w in layer.parameters.values()),
            "rows": len(train.y),
            "epochs": s.epochs,
            "steps_per_epoch": steps,
        },
    )
