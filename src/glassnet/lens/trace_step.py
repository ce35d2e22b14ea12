"""One optimiser's step for all weights of a net: gradients that add up, penalties, clipping, update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from glassnet.engine.optim import build_optimizer
from glassnet.errors import RecipeError, message
from glassnet.lens.trace_ledger import Ledger, Sheet
from glassnet.lens.trace_update import Shaping, Step, clipped, enter_update, penalised, same_optimizer

Optimizer = str | torch.optim.Optimizer | Callable[..., torch.optim.Optimizer]


@dataclass(frozen=True)
class Choice:
    """Which optimiser takes the step, as :func:`glassnet.fit` names it; ``optimizer`` None: none does."""

    optimizer: Optimizer | None = None
    lr: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    shaping: Shaping = field(default_factory=Shaping)

    def build(self, net: nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser of the net, which takes no step itself."""
        if isinstance(self.optimizer, torch.optim.Optimizer):
            return self.optimizer
        return build_optimizer(
            self.optimizer or "sgd",
            net.parameters(),
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )


def added_up(ledger: Ledger, net: nn.Module, new: dict[str, Sheet], zero_grad: bool) -> dict[str, Sheet]:
    """Return the gradient that the optimiser sees of each weight by name.

    Args:
        net: the net as it was given; what it holds as gradients counts where nobody clears it.
        new: the gradients of this step.
        zero_grad: whether they are cleared first.
    """
    if zero_grad:
        return new
    found = dict(new)
    for name, each in net.named_parameters():
        if each.grad is None or not each.requires_grad:
            continue
        words = "left by the steps before, because nobody cleared it"
        old = ledger.add(f"{name}.grad.before", "gradient", each.grad.detach().double().cpu().numpy(), words)
        inputs = {"before": old, "new": new[name]} if name in new else {"before": old}
        form = " + ".join(f"{{{key}}}" for key in inputs)
        words = "torch adds the new gradient to what is there: call zero_grad() before each step"
        found[name] = ledger.compute(f"{name}.grad.total", "gradient", form, inputs, words)
    return found


def enter_step(
    ledger: Ledger, net: nn.Module, twin: nn.Module, gradients: dict[str, Sheet], choice: Choice
) -> str:
    """Enter penalties, clipping, the optimiser's memory and the new weights; return what the optimiser is.

    Args:
        net: the net as it was given, whose tensors the optimiser may hold.
        twin: the copy in float64, on which torch's own optimiser takes the same step.
        gradients: of each weight by its name.
    """
    twins = {id(each): twin.get_parameter(name) for name, each in net.named_parameters()}
    given = choice.build(net)
    _check_owned(given, twins)
    optimizer = same_optimizer(given, twins)
    shaped = {
        name: penalised(ledger, ledger.sheet(name), each, choice.shaping) for name, each in gradients.items()
    }
    if choice.shaping.clip is not None:
        shaped = clipped(ledger, shaped, choice.shaping.clip)
    steps = {
        name: Step(type(optimizer).__name__, group, _copied(optimizer.state.get(each, {})))
        for group in optimizer.param_groups
        for each in group["params"]
        for name in shaped
        if each is twin.get_parameter(name)
    }
    for name in steps:
        sheet, parameter = shaped[name], twin.get_parameter(name)
        parameter.grad = torch.empty_like(parameter)  # in the same order in memory: fused steps rely on it
        parameter.grad.copy_(torch.from_numpy(sheet.values.reshape(sheet.shape)))
    optimizer.step()
    for name, step in steps.items():
        enter_update(ledger, ledger.sheet(name), shaped[name], step, twin.get_parameter(name))
    return _described(optimizer)


def _copied(memory: dict[str, Any]) -> dict[str, Any]:
    return {key: each.clone() if isinstance(each, Tensor) else each for key, each in memory.items()}


def _check_owned(optimizer: torch.optim.Optimizer, twins: Mapping[int, Tensor]) -> None:
    strange = [each for group in optimizer.param_groups for each in group["params"] if id(each) not in twins]
    if strange:
        must = "the optimiser must hold tensors of this net only"
        found = f"it holds one of shape {tuple(strange[0].shape)} that the net does not have"
        raise RecipeError(message(must, found, "build it with net.parameters()"))


def _described(optimizer: torch.optim.Optimizer) -> str:
    group = optimizer.param_groups[0]
    kept = ("lr", "momentum", "betas", "alpha", "nesterov", "weight_decay")
    return " ".join([type(optimizer).__name__, *(f"{key}={group[key]}" for key in kept if group.get(key))])
