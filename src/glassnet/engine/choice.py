"""Which engine trains a net, and why: the fused one wherever it understands net, loss and optimiser.

Everything that it does not understand goes to torch, with the reason in the History.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from glassnet.engine import dense
from glassnet.engine.arrays import device_of
from glassnet.engine.history import History
from glassnet.engine.rows import Rows
from glassnet.engine.sequence import activation_names, is_hooked, modules_in_order
from glassnet.engine.settings import Settings
from glassnet.errors import RecipeError, message
from glassnet.native_status import native_status

_ACTIVATIONS = activation_names(dense.ACTIVATIONS)
_DTYPES = (torch.float32, torch.float64)
_BETWEEN_STEPS = ("batch_begin", "after_backward", "batch_end")


@dataclass(frozen=True)
class Stack:
    """A net that the fused engine understands: its layers, and where the weights of each come from."""

    layers: tuple[dense.Layer, ...]
    linears: tuple[nn.Linear, ...]


def understood(
    net: nn.Module, train: Rows, settings: Settings, device: torch.device, callbacks: Sequence[object] = ()
) -> Stack | str:
    """Return the net as dense layers, or in a few words why the fused engine does not train it."""
    stack = _stack(net)
    if isinstance(stack, str):
        return stack
    if reason := _settings_against(settings, train, device) or _callbacks_against(callbacks):
        return reason
    return stack if native_status().available else "the compiled extension is missing; see glassnet info"


def _settings_against(s: Settings, train: Rows, device: torch.device) -> str | None:
    against = {
        f"the device is {device}": device.type != "cpu",
        "the loss is the user's own": not isinstance(s.loss, str),
        f"it has no loss {s.loss}": isinstance(s.loss, str) and s.loss not in dense.LOSSES,
        "the optimizer is the user's own": not isinstance(s.optimizer, str),
        f"precision is {s.precision}": s.precision != "float32",
        "the weights are averaged (ema)": bool(s.ema),
        f"a row of X has shape {tuple(train.X.shape[1:])}": train.X.ndim != 2 or not train.X.numel(),
        "a row has targets of more than one dimension": train.y.ndim > 2,
    }
    return next((reason for reason, holds in against.items() if holds), None)


def _callbacks_against(callbacks: Sequence[object]) -> str | None:
    for each in callbacks:
        if any(hasattr(each, hook) for hook in _BETWEEN_STEPS):
            return f"the callback {type(each).__name__} looks at every step"
    return None


def _stack(net: nn.Module) -> Stack | str:
    layers: list[dict[str, Any]] = []
    linears: list[nn.Linear] = []
    dropout = 0.0
    for _, module in modules_in_order(net):
        kind = type(module)
        if is_hooked(module):
            return f"{kind.__name__} has hooks"
        if isinstance(module, nn.Linear) and kind is nn.Linear:
            layers.append({"dropout": dropout, "bias": module.bias is not None})
            linears.append(module)
            dropout = 0.0
        elif isinstance(module, nn.Dropout) and kind is nn.Dropout and not dropout and module.p < 1:
            dropout = module.p
        elif kind in _ACTIVATIONS and layers and not dropout and "activation" not in layers[-1]:
            slope = module.negative_slope if isinstance(module, nn.LeakyReLU) else 0.01
            layers[-1] |= {"activation": _ACTIVATIONS[kind], "slope": slope}
        else:
            return f"{kind.__name__} is no layer that it takes there"
    if reason := _weights_against(net, linears, dropout):
        return reason
    shapes = [(each.in_features, each.out_features) for each in linears]
    return Stack(
        tuple(dense.Layer(*s, **layer) for s, layer in zip(shapes, layers, strict=True)), tuple(linears)
    )


def _weights_against(net: nn.Module, linears: list[nn.Linear], dropout: float) -> str | None:
    own = [each for linear in linears for each in linear.parameters()]
    dtypes = {each.dtype for each in own}
    against = {
        "there is no nn.Linear": not linears,
        "nothing follows its last dropout": bool(dropout),
        "a layer stands in it twice": len({id(each) for each in own}) < len(own),
        "it has weights besides its layers'": len(own) != len(list(net.parameters())),
        "some weights do not lie row by row": not all(each.is_contiguous() for each in own),
        "some weights are frozen": not all(each.requires_grad for each in own),
        f"its dtype is {', '.join(sorted(str(each) for each in dtypes))}": len(dtypes) > 1
        or not dtypes <= set(_DTYPES),
    }
    return next((reason for reason, holds in against.items() if holds), None)


def choose_engine(
    net: nn.Module,
    train: Rows,
    settings: Settings,
    history: History,
    callbacks: Sequence[object],
    goes_on: bool,
) -> Stack | None:
    """Return the net as the fused engine takes it, None for torch; say in the history which one and why.

    A run that goes on keeps the engine that it began with.
    """
    asked = history.engine if goes_on else settings.engine
    if asked == "torch":
        history.engine_reason = history.engine_reason if goes_on else "asked for"
        return None
    found = understood(net, train, settings, device_of(net), callbacks)
    if isinstance(found, Stack):
        history.engine, history.engine_reason = "fused", None
        return found
    if asked == "fused":
        must = "engine='fused' needs dense layers and settings that it understands"
        raise RecipeError(message(must, found, "use engine='torch'"))
    history.engine, history.engine_reason = "torch", f"not fused: {found}"
    return None
