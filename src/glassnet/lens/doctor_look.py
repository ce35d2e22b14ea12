"""One look into a net: a forward and a backward pass over some rows, and what each layer did with them.

Nothing is changed by it: the net's mode and gradients, and torch's random numbers, are as before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from glassnet.engine.evaluating import evaluating
from glassnet.randomness import torch_seeded

FLAT = 0.05
"""A unit is saturated for a row where its slope is below this share of its steepest one."""
ALIKE = 1e-4
"""Units that begin alike drift apart by rounding, which is far below this share of their weights."""
_SIGMOID_ENDS = 0.5 * (1 - math.sqrt(1 - FLAT))
_TANH_END = math.sqrt(1 - FLAT)
_WATCHED = {"relu": "relu", "relu_": "relu", "sigmoid": "sigmoid", "sigmoid_": "sigmoid", "tanh": "tanh"}
_SHAPING = ("View", "Squeeze", "Unsqueeze", "Clone", "Reshape", "Select", "Slice", "Alias", "ToCopy")


@dataclass(frozen=True)
class Weights:
    """One layer with weights.

    Attributes:
        name: its name in the net, such as ``"2"`` or ``"fc1"``.
        kind: its class.
        delta: the norm of the loss's gradient at its outputs (Glorot and Bengio 2010, section 4.2).
        size: the root mean square of its outputs.
        outputs: how many units it has.
        same: whether every one of its units has the same weights as its first.
        input_size: the largest root mean square of a column among its inputs.
    """

    name: str
    kind: str
    delta: float
    size: float
    outputs: int
    same: bool
    input_size: float


@dataclass(frozen=True)
class Activation:
    """One activation of hidden units: ``dead`` is the share of units that are 0 for all rows, ``flat`` the
    share of units and rows with hardly a slope; ``kind`` is relu, sigmoid or tanh."""

    name: str
    kind: str
    units: int
    dead: float
    flat: float


@dataclass(frozen=True)
class Look:
    """What one look saw; layers in the order in which the rows went through them.

    Attributes:
        epoch: how many epochs were done.
        loss: of the rows, in evaluation mode.
        weights, activations: the layers; the activation of the outputs themselves is not among them.
        unreached: parameters without a gradient, by name, each with the reason.
        gradients: the norm of each parameter's gradient.
        norms: the norm of each parameter.
        last: the operation that made the outputs where it is softmax, sigmoid, tanh or relu.
        output: the outputs, (rows, ...).
    """

    epoch: int
    loss: float
    weights: tuple[Weights, ...]
    activations: tuple[Activation, ...]
    unreached: dict[str, str]
    gradients: dict[str, float]
    norms: dict[str, float]
    last: str | None
    output: Tensor = field(repr=False)


def look(net: nn.Module, X: Tensor, y: Tensor, loss: Callable[..., Tensor], epoch: int) -> Look:
    """Look at what the net does with rows.

    Args:
        net: any module that takes X.
        X, y: rows as the engine holds them.
        loss: loss(output, target, None) -> scalar.
        epoch: how many epochs the net has been trained for.
    """
    with evaluating(net), torch_seeded(0, "doctor"), torch.enable_grad():
        seen = _Seen(net)
        with seen.hooked(), seen:
            output = net(X)
        value = loss(output, y, None)
        named = dict(net.named_parameters())
        trained = {name: each for name, each in named.items() if each.requires_grad}
        places = [each for _, each, _, _ in seen.layers if each.requires_grad]
        wanted = [*trained.values(), *places]
        found: tuple[Tensor | None, ...] = (None,) * len(wanted)
        if value.requires_grad and wanted:
            found = torch.autograd.grad(value, wanted, allow_unused=True)
        gradients = dict(zip(trained, found, strict=False))
        deltas = dict(zip(map(id, places), found[len(trained) :], strict=True))
    last = last_operation(output)
    return Look(
        epoch=epoch,
        loss=float(value.detach()),
        weights=tuple(
            _weights(name, layer, put_out, size, deltas) for name, put_out, layer, size in seen.layers
        ),
        activations=tuple(seen.activations(output)),
        unreached=dict(_unreached(named, gradients)),
        gradients={name: _norm(each) for name, each in gradients.items() if each is not None},
        norms={name: _norm(each) for name, each in named.items()},
        last=last,
        output=output.detach(),
    )


class _Seen(TorchFunctionMode):
    """Notes layers by hooks, and activations as torch's functions are called, modules or not."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.layers: list[tuple[str, Tensor, nn.Module, float]] = []
        self.calls: list[tuple[str, str, Tensor]] = []
        self.inside: list[str] = []

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Follow which module is at work inside the block."""
        hooks = []
        for name, part in self.net.named_modules():
            hooks.append(part.register_forward_pre_hook(lambda _, __, name=name: self.inside.append(name)))
            hooks.append(
                part.register_forward_hook(lambda layer, x, y, name=name: self._left(name, layer, x, y))
            )
        try:
            yield
        finally:
            for each in hooks:
                each.remove()

    def _left(self, name: str, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self.inside.pop()
        weight = getattr(layer, "weight", None)
        is_matrix = isinstance(weight, Tensor) and weight.ndim >= 2 and not isinstance(layer, nn.Embedding)
        if is_matrix and isinstance(output, Tensor):
            self.layers.append((name, output, layer, _largest_column(inputs[0])))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        kind = _WATCHED.get(getattr(func, "__name__", ""))
        if kind is not None and isinstance(result, Tensor):
            self.calls.append((self.inside[-1] if self.inside else "", kind, result))
        return result

    def activations(self, output: Tensor) -> Iterator[Activation]:
        """Yield the activations, without that of the outputs themselves."""
        times: dict[str, int] = {}
        for name, kind, values in self.calls:
            times[name + kind] = times.get(name + kind, 0) + 1
            if values.grad_fn is not None and values.grad_fn is _maker(output):
                continue
            told = (
                name
                if times[name + kind] == 1 and name
                else f"{name or 'forward'}: {kind} {times[name + kind]}"
            )
            yield _activation(told, kind, values.detach())


def _activation(name: str, kind: str, values: Tensor) -> Activation:
    units = values.movedim(1, -1) if values.ndim >= 4 else values
    units = units.reshape(-1, units.shape[-1])
    dead = (units == 0).all(dim=0).float().mean() if kind == "relu" else torch.zeros(())
    flat = torch.zeros(())
    if kind == "sigmoid":
        flat = ((units < _SIGMOID_ENDS) | (units > 1 - _SIGMOID_ENDS)).float().mean()
    elif kind == "tanh":
        flat = (units.abs() > _TANH_END).float().mean()
    return Activation(name, kind, units.shape[1], float(dead), float(flat))


def _weights(
    name: str, layer: nn.Module, output: Tensor, input_size: float, deltas: dict[int, Tensor | None]
) -> Weights:
    weight = getattr(layer, "weight").detach()  # noqa: B009 (nn.Module's own attributes are Tensor | Module)
    kind = type(layer).__name__
    units = weight.flatten(0, -2).T if kind == "BatchedLinear" else weight.flatten(1)
    bias = getattr(layer, "bias", None)
    if isinstance(bias, Tensor) and bias.shape == units.shape[:1]:
        units = torch.cat([units, bias.detach()[:, None]], dim=1)
    same = len(units) > 1 and bool((units - units[:1]).abs().max() <= ALIKE * units.abs().max())
    delta = deltas.get(id(output))
    size = float(output.detach().square().mean().sqrt())
    return Weights(
        name, kind, math.nan if delta is None else _norm(delta), size, len(units), same, input_size
    )


def _largest_column(values: Any) -> float:
    if not isinstance(values, Tensor) or not values.is_floating_point() or not len(values):
        return math.nan
    columns = (
        values.detach().reshape(-1, values.shape[-1]) if values.ndim == 2 else values.detach().reshape(-1, 1)
    )
    return float(columns.square().mean(dim=0).max().sqrt())


def _norm(values: Tensor) -> float:
    return float(torch.linalg.vector_norm(values.detach().double()))


def _unreached(
    named: dict[str, nn.Parameter], gradients: dict[str, Tensor | None]
) -> Iterator[tuple[str, str]]:
    for name, each in named.items():
        if not each.requires_grad:
            yield name, "requires_grad is False"
        elif gradients.get(name) is None:
            yield name, "the loss does not depend on it: detached, under no_grad, or not used in forward"


def _maker(output: Tensor) -> Any:
    """Return the operation that made the outputs, without what only changed their shape."""
    node = output.grad_fn
    while node is not None and node.name().startswith(_SHAPING) and node.next_functions:
        node = node.next_functions[0][0]
    return node


def last_operation(output: Tensor) -> str | None:
    """Name the operation that made the outputs where it is softmax, log_softmax, sigmoid, tanh or relu."""
    node = _maker(output)
    kind = "" if node is None else node.name().removesuffix("Backward0")
    known = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid", "Tanh": "tanh"}
    return {**known, "Relu": "relu"}.get(kind)
