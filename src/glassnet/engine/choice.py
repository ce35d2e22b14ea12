"""Which engine trains a net, and why: the fused one wherever it understands net, loss and optimiser.

Everything that it does not understand goes to torch, with the reason in the History.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from glassnet.nets.tabular import BatchedLinear, ByteDropout, PeriodicNumbers, TabularNet

_ACTIVATIONS = activation_names(dense.ACTIVATIONS)
_DTYPES = (torch.float32, torch.float64)
_BETWEEN_STEPS = ("batch_begin", "after_backward", "batch_end")


@dataclass(frozen=True)
class Stack:
    """A net that the fused engine understands: its layers, and where the weights of each come from."""

    layers: tuple[dense.Layer, ...]
    linears: tuple[nn.Linear, ...]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that is trained."""
        return [each for linear in self.linears for each in linear.parameters()]

    def arrays(self) -> dense.Parameters:
        """Return the module's own weights and biases as arrays that share their memory."""
        pairs = [(each.weight, each.bias) for each in self.linears]
        return [(w.detach().numpy(), None if b is None else b.detach().numpy()) for w, b in pairs]


@dataclass(frozen=True)
class Members:
    """A tabular net that the fused engine understands: its trunk and then the output layer of each member."""

    layers: tuple[dense.Layer, ...]
    net: TabularNet

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that is trained."""
        return list(self.net.parameters())

    def arrays(self) -> list[dense.Array]:
        """Return the module's own numbers as arrays that share their memory."""
        return [each.detach().numpy() for each in self.parameters]


def understood(
    net: nn.Module, train: Rows, settings: Settings, device: torch.device, callbacks: Sequence[object] = ()
) -> Stack | Members | str:
    """Return the net as dense layers, or in a few words why the fused engine does not train it."""
    found = _members(net) if isinstance(net, TabularNet) else _stack(net)
    if isinstance(found, str):
        return found
    if isinstance(found, Stack) and settings.ema:
        return "the weights are averaged (ema)"
    if reason := _settings_against(settings, train, device) or _callbacks_against(callbacks):
        return reason
    return found if native_status().available else "the compiled extension is missing; see glassnet info"


def _settings_against(s: Settings, train: Rows, device: torch.device) -> str | None:
    against = {
        f"the device is {device}": device.type != "cpu",
        "the loss is the user's own": not isinstance(s.loss, str),
        f"it has no loss {s.loss}": isinstance(s.loss, str) and s.loss not in dense.LOSSES,
        "the optimizer is the user's own": not isinstance(s.optimizer, str),
        f"precision is {s.precision}": s.precision != "float32",
        f"a row of X has shape {tuple(train.X.shape[1:])}": train.X.ndim != 2 or not train.X.numel(),
        "a row has targets of more than one dimension": train.y.ndim > 2,
    }
    return next((reason for reason, holds in against.items() if holds), None)


def _callbacks_against(callbacks: Sequence[object]) -> str | None:
    for each in callbacks:
        if any(hasattr(each, hook) for hook in _BETWEEN_STEPS):
            return f"the callback {type(each).__name__} looks at every step"
    return None


@dataclass
class _Layers:
    """The layers of modules in a row, as far as they are known, and the dropout that follows the last."""

    layers: list[dict[str, Any]]
    linears: list[nn.Linear]
    dropout: float = 0.0

    def take(self, module: nn.Module) -> str | None:
        """Add a module; say so where it is none that can stand there."""
        kind = type(module)
        if is_hooked(module):
            return f"{kind.__name__} has hooks"
        if isinstance(module, nn.Linear) and kind is nn.Linear:
            shape = {"inputs": module.in_features, "outputs": module.out_features}
            self.layers.append({**shape, "dropout": self.dropout, "bias": module.bias is not None})
            self.linears.append(module)
            self.dropout = 0.0
        elif kind in (nn.Dropout, ByteDropout) and not self.dropout and _probability(module) < 1:
            self.dropout = _probability(module)
        elif kind in _ACTIVATIONS and self.layers and not (self.dropout or "activation" in self.layers[-1]):
            slope = module.negative_slope if isinstance(module, nn.LeakyReLU) else 0.01
            self.layers[-1] |= {"activation": _ACTIVATIONS[kind], "slope": slope}
        else:
            return f"it does not know {kind.__name__}, or not in that place"
        return None


def _probability(dropout: nn.Module) -> float:
    p = float(dropout.p) if isinstance(dropout, nn.Dropout) else 0.0
    return round(256 * p) / 256 if isinstance(dropout, ByteDropout) else p


def _layers_of(modules: Iterable[nn.Module]) -> _Layers | str:
    found = _Layers([], [])
    for module in modules:
        if reason := found.take(module):
            return reason
    return found if found.layers else "there is no nn.Linear"


def _stack(net: nn.Module) -> Stack | str:
    found = _layers_of(each for _, each in modules_in_order(net))
    if isinstance(found, str):
        return found
    if found.dropout:
        return "nothing follows its last dropout"
    stack = Stack(tuple(dense.Layer(**each) for each in found.layers), tuple(found.linears))
    return _parameters_against(net, stack.parameters) or stack


def _members(net: TabularNet) -> Members | str:
    own = {TabularNet, PeriodicNumbers, BatchedLinear}
    if reason := next((type(m).__name__ for m in net.modules() if type(m) in own and is_hooked(m)), None):
        return f"{reason} has hooks"
    found = _layers_of(each for _, each in modules_in_order(net.trunk))
    if type(net) is not TabularNet or isinstance(found, str) or found.layers[0]["dropout"]:
        return found if isinstance(found, str) else "it is no tabular net with a trunk of dense layers"
    last = {"inputs": found.layers[-1]["outputs"], "outputs": net.spec.outputs, "dropout": found.dropout}
    members = Members(tuple(dense.Layer(**each) for each in [*found.layers, last]), net)
    return _parameters_against(net, members.parameters) or members


def _parameters_against(net: nn.Module, own: list[nn.Parameter]) -> str | None:
    dtypes = {each.dtype for each in own}
    against = {
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
) -> Stack | Members | None:
    """Return the net as the fused engine takes it, None for torch; say in the history which one and why.

    A run that goes on keeps the engine that it began with.
    """
    asked = history.engine if goes_on else settings.engine
    if asked == "torch":
        history.engine_reason = history.engine_reason if goes_on else "asked for"
        return None
    found = understood(net, train, settings, device_of(net), callbacks)
    if not isinstance(found, str):
        history.engine, history.engine_reason = "fused", None
        return found
    if asked == "fused":
        must = "engine='fused' needs dense layers and settings that it understands"
        raise RecipeError(message(must, found, "use engine='torch'"))
    history.engine, history.engine_reason = "torch", f"not fused: {found}"
    return None
