"""The optimiser's step in the ledger: penalties, clipping, what the optimiser remembers, and the new weights.

The formulas are those of torch's SGD, Adam, AdamW and RMSprop; where a reader should look them up: Polyak
1964 (momentum), Sutskever et al. 2013 (Nesterov), Kingma and Ba 2015 (Adam), Loshchilov and Hutter 2019
(AdamW), Tieleman and Hinton 2012 (RMSprop). torch's own optimiser takes the same step beside them, and the
two must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from glassnet.errors import WorkError, message
from glassnet.lens.trace_codes import Pieces
from glassnet.lens.trace_ledger import Ledger, Sheet
from glassnet.lens.trace_rules import filled

_AGREES = 1e-9
_SIGN = "(1 * ({w} > 0) - 1 * ({w} < 0))"


@dataclass(frozen=True)
class Shaping:
    """What is done to the gradients before the optimiser sees them: penalties on matrices, and clipping."""

    l1: float = 0.0
    l2: float = 0.0
    clip: float | None = None


def penalised(ledger: Ledger, weight: Sheet, gradient: Sheet, shaping: Shaping) -> Sheet:
    """Add the gradients of the penalties l1 * |w| and l2 / 2 * w^2 to that of a weight matrix."""
    if len(weight.shape) < 2 or not (shaping.l1 or shaping.l2):
        return gradient
    l1 = f" + {shaping.l1!r} * {_SIGN}" if shaping.l1 else ""
    l2 = f" + {shaping.l2!r} * {{w}}" if shaping.l2 else ""
    return ledger.compute(
        f"{weight.name}.grad.penalised",
        "gradient",
        f"{{g}}{l1}{l2}",
        {"g": gradient, "w": weight},
        "the gradient and what the penalty adds: "
        + " and ".join([*["l1 * sign(weight)"] * bool(l1), *["l2 * weight"] * bool(l2)]),
    )


def clipped(ledger: Ledger, gradients: dict[str, Sheet], limit: float) -> dict[str, Sheet]:
    """Scale all gradients together so that their norm is at most the limit, as torch does it."""
    codes = np.concatenate([each.codes for each in gradients.values()])
    values = np.concatenate([each.values for each in gradients.values()])

    def squares(_: int) -> Pieces:
        return "sqrt(", filled("{0} ** 2", {"0": codes}), ")"

    words = "the length of all gradients together: the root of the sum of their squares"
    norm = ledger.add("gradient_norm", "gradient", float(np.sqrt((values**2).sum())), words, squares)
    words = f"what all gradients are multiplied with, so that the norm is at most {limit!r}"
    form = f"min(1.0, {limit!r} / ({{n}} + 1e-06))"
    factor = ledger.compute("clip_factor", "gradient", form, {"n": norm}, words)
    words = "the gradient times the factor that limits the norm"
    return {
        name: ledger.compute(f"{name}.grad.clipped", "gradient", "{g} * {f}", {"g": each, "f": factor}, words)
        for name, each in gradients.items()
    }


def enter_update(ledger: Ledger, weight: Sheet, gradient: Sheet, step: Step, after: Tensor) -> Sheet:
    """Enter one weight tensor's step, and check it against what torch's optimiser made of the weight.

    Args:
        after: the weight after torch's own step.

    Raises:
        WorkError: the two differ.
    """
    rule = _RULES.get(step.name)
    wanted = after.detach().double().numpy()
    if rule is None or step.unusual:
        name = f"{step.name} with {step.unusual}" if step.unusual else step.name
        unknown = f"torch's optimiser {name} computed this; the trace does not understand it: no arithmetic"
        words = "the weight after the step"
        return ledger.add(f"{weight.name}.new", "update", wanted, words, lambda _: None, unknown)
    found = rule(_Writer(ledger, weight, step), gradient)
    if not np.allclose(found.values, wanted.ravel(), rtol=_AGREES, atol=1e-15):
        must = f"the new {weight.name!r} must be what torch's {step.name} gives"
        off = f"they differ by up to {float(np.abs(found.values - wanted.ravel()).max()):.3g}"
        raise WorkError(message(must, off, "pass the optimiser by name, or leave it out"))
    return found


@dataclass(frozen=True)
class Step:
    """What an optimiser knows of one weight tensor before its step: its name, its options, its memory."""

    name: str
    options: Mapping[str, Any]
    memory: Mapping[str, Any]

    @property
    def unusual(self) -> str:
        """An option that is set and that the formulas here do not have."""
        asked = ("amsgrad", "centered", "maximize", "differentiable", "capturable")
        return next((each for each in asked if self.options.get(each)), "")

    @property
    def count(self) -> int:
        """Which step this is, from 1."""
        return int(self.memory.get("step", 0)) + 1


class _Writer:
    """Enters the sheets of one weight tensor's step."""

    def __init__(self, ledger: Ledger, weight: Sheet, step: Step) -> None:
        self.ledger, self.weight, self.step = ledger, weight, step

    def option(self, name: str) -> str:
        value = self.step.options[name]
        return repr(float(value))

    def memory(self, name: str) -> Sheet | None:
        """Enter what the optimiser remembers from the steps before; None where there is nothing."""
        kept = self.step.memory.get(name)
        if not isinstance(kept, Tensor):
            return None
        words = "what the optimiser remembers from the steps before"
        values = kept.detach().double().cpu().numpy()
        return self.ledger.add(f"{self.weight.name}.{name}.before", "memory", values, words)

    def memory_or_0(self, name: str) -> Sheet:
        """Enter the memory, which is 0 at the first step."""
        words = "what the optimiser remembers: nothing yet, this is its first step"
        nothing = np.zeros(self.weight.shape)
        name_before = f"{self.weight.name}.{name}.before"
        return self.memory(name) or self.ledger.add(name_before, "memory", nothing, words)

    def enter(self, name: str, kind: str, form: str, inputs: dict[str, Sheet], words: str) -> Sheet:
        return self.ledger.compute(f"{self.weight.name}.{name}", kind, form, inputs, words)

    def decayed(self, gradient: Sheet) -> Sheet:
        """Add weight_decay * w to the gradient, as all but AdamW do."""
        if not self.step.options["weight_decay"]:
            return gradient
        form, words = (
            f"{{g}} + {self.option('weight_decay')} * {{w}}",
            "the gradient and weight_decay * weight",
        )
        return self.enter("grad.decayed", "gradient", form, {"g": gradient, "w": self.weight}, words)

    def new(self, form: str, inputs: dict[str, Sheet], words: str) -> Sheet:
        return self.enter("new", "update", form, {"w": self.weight, **inputs}, words)


def _sgd(write: _Writer, gradient: Sheet) -> Sheet:
    g = write.decayed(gradient)
    if write.step.options["momentum"]:
        momentum, before = write.option("momentum"), write.memory("momentum_buffer")
        kept = repr(1 - write.step.options["dampening"])
        fresh = "{g}" if kept in ("1", "1.0") else f"{kept} * {{g}}"
        form, inputs = f"{momentum} * {{b}} + {fresh}", {"b": before, "g": g}
        words = "the speed: a share of the last one, and the gradient"
        if before is None:
            form, inputs, words = "{g}", {"g": g}, "the speed; at the first step, the gradient itself"
        known = {name: each for name, each in inputs.items() if each is not None}
        speed = write.enter("momentum_buffer", "memory", form, known, words)
        if write.step.options["nesterov"]:
            words = "Nesterov: the gradient and a share of the new speed"
            g = write.enter("nesterov", "update", f"{{g}} + {momentum} * {{b}}", {"g": g, "b": speed}, words)
        else:
            g = speed
    return write.new(
        f"{{w}} - {write.option('lr')} * {{g}}", {"g": g}, "the weight less the rate times the step"
    )


def _adam(write: _Writer, gradient: Sheet, decoupled: bool = False) -> Sheet:
    options, lr, step = write.step.options, write.option("lr"), write.step.count
    g = gradient if decoupled else write.decayed(gradient)
    b1, b2 = (repr(float(each)) for each in options["betas"])
    inputs = {"m": write.memory_or_0("exp_avg"), "g": g}
    words = "the mean of the gradients so far, in which older ones fade"
    mean = write.enter("exp_avg", "memory", f"{b1} * {{m}} + (1 - {b1}) * {{g}}", inputs, words)
    inputs = {"v": write.memory_or_0("exp_avg_sq"), "g": g}
    words = "the mean of their squares, in which older ones fade"
    square = write.enter("exp_avg_sq", "memory", f"{b2} * {{v}} + (1 - {b2}) * {{g}} ** 2", inputs, words)
    words = f"made up for the zeros that it began with; this is step {step}"
    mean = write.enter("exp_avg.corrected", "update", f"{{m}} / (1 - {b1} ** {step})", {"m": mean}, words)
    square = write.enter(
        "exp_avg_sq.corrected", "update", f"{{v}} / (1 - {b2} ** {step})", {"v": square}, words
    )
    shrunk = (
        f" * (1 - {lr} * {write.option('weight_decay')})" if decoupled and options["weight_decay"] else ""
    )
    form = f"{{w}}{shrunk} - {lr} * {{m}} / (sqrt({{v}}) + {write.option('eps')})"
    words = "the weight less the rate times the mean gradient, divided by how large gradients are"
    return write.new(form, {"m": mean, "v": square}, words)


def _adamw(write: _Writer, gradient: Sheet) -> Sheet:
    return _adam(write, gradient, decoupled=True)


def _rmsprop(write: _Writer, gradient: Sheet) -> Sheet:
    g, alpha = write.decayed(gradient), write.option("alpha")
    inputs = {"v": write.memory_or_0("square_avg"), "g": g}
    words = "the mean of the squared gradients, in which older ones fade"
    form = f"{alpha} * {{v}} + (1 - {alpha}) * {{g}} ** 2"
    square, lr = write.enter("square_avg", "memory", form, inputs, words), write.option("lr")
    scaled = f"{{g}} / (sqrt({{v}}) + {write.option('eps')})"
    words = "the weight less the rate times the gradient, divided by how large gradients are"
    if not write.step.options["momentum"]:
        return write.new(f"{{w}} - {lr} * {scaled}", {"g": g, "v": square}, words)
    inputs = {"b": write.memory_or_0("momentum_buffer"), "g": g, "v": square}
    form = f"{write.option('momentum')} * {{b}} + {scaled}"
    speed = write.enter(
        "momentum_buffer", "memory", form, inputs, "the speed: a share of the last one, and the step"
    )
    return write.new(f"{{w}} - {lr} * {{b}}", {"b": speed}, "the weight less the rate times the speed")


_RULES: dict[str, Callable[[_Writer, Sheet], Sheet]] = {
    "SGD": _sgd,
    "Adam": _adam,
    "AdamW": _adamw,
    "RMSprop": _rmsprop,
}


def same_optimizer(optimizer: torch.optim.Optimizer, twins: Mapping[int, Tensor]) -> torch.optim.Optimizer:
    """Return an optimiser with the same options and memory for other tensors.

    Args:
        optimizer: is not changed.
        twins: from the ``id`` of each of its tensors to the tensor that stands for it.
    """
    groups = [
        {**group, "params": [twins[id(each)] for each in group["params"]]} for group in optimizer.param_groups
    ]
    twin = type(optimizer)(groups)  # type: ignore[call-arg]
    for group in optimizer.param_groups:
        for each in group["params"]:
            kept = optimizer.state.get(each, {})
            twin.state[twins[id(each)]] = {
                key: _widened(key, value, twins[id(each)]) for key, value in kept.items()
            }
    return twin


def _widened(key: str, value: Any, like: Tensor) -> Any:
    if not isinstance(value, Tensor):
        return value
    kept = value.detach().clone().to(like.device)
    return kept if key == "step" or not kept.is_floating_point() else kept.to(like.dtype)
