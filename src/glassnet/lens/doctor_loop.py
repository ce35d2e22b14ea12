"""A training loop of the user's own, watched from outside: what it does with gradients and targets."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from glassnet.errors import RecipeError, message
from glassnet.lens.doctor_look import last_operation
from glassnet.randomness import torch_seeded

Trainer = Callable[[nn.Module, Tensor, Tensor], Any]
"""trainer(net, X, y): train the net in place on these rows."""

_MEASURES = (
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "poisson_nll_loss",
    "sub",
    "rsub",
    "__rsub__",
)
_TWICE = {
    "cross_entropy": ("softmax", "sigmoid"),
    "binary_cross_entropy_with_logits": ("sigmoid", "softmax"),
}


class Reporter(Protocol):
    """What is told of the loop's updates."""

    def before_update(self) -> None:
        """The weights are about to change."""

    def after_update(self) -> None:
        """The weights have changed."""

    def checkpoint(self, part: int, loss: float) -> None:
        """Some more updates are done; the loss is that of the last batch."""


@dataclass
class Habits:
    """What a loop does.

    Attributes:
        updates: how often it changed the weights.
        compared, stale: how many gradients were looked at, and how many held some of an earlier one.
        stale_share: the largest norm of what was left over, beside that of the batch's own gradient.
        broadcast: the shapes of output and target, where one was broadcast over the other.
        twice: what was applied before which loss, where that applies it itself.
        rates: learning rates that optimisers had.
    """

    updates: int = 0
    compared: int = 0
    stale: int = 0
    stale_share: float = 0.0
    broadcast: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    twice: tuple[str, str] | None = None
    rates: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Mended:
    """What is done for a loop, to see what it would be without a fault.

    Attributes:
        rate: what the learning rates of its optimisers are multiplied with.
        clears: whether to take out of each gradient what is left of earlier ones.
        reshapes: whether to give targets the shape of the outputs in a loss.
    """

    rate: float = 1.0
    clears: bool = False
    reshapes: bool = False


AS_IT_IS = Mended()


def watched_loop(
    trainer: Trainer, net: nn.Module, X: Tensor, y: Tensor, mended: Mended, reporter: Reporter
) -> Habits:
    """Run the user's training on a net and return what it does. Random numbers are put back afterwards.

    Args:
        trainer: the user's function; it must train the net that it is given.
        net: trained in place.
        X, y: handed on.
        mended: what is done for it.
        reporter: told of updates.

    Raises:
        RecipeError: it did not train this net.
    """
    watch = _LoopWatch(net, mended, reporter)
    with ExitStack() as stack:
        stack.enter_context(_random_put_back())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(watch.hooked())
        stack.enter_context(watch)
        trainer(net, X, y)
    watch.finish()
    if not watch.habits.updates:
        found = "no weight of it was changed" if watch.backwards else "no gradient was computed for it"
        must = "the training function must train the net that it is given"
        raise RecipeError(
            message(must, found, "write it as train(net, X, y), with an optimiser over net.parameters()")
        )
    return watch.habits


@contextmanager
def _random_put_back() -> Iterator[None]:
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch_seeded(0, "doctor", "loop"):
            np.random.seed(0)
            random.seed(0)
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


class _LoopWatch(TorchFunctionMode):
    """Sees the loop's torch calls, each gradient as it arrives, and each step of an optimiser."""

    def __init__(self, net: nn.Module, mended: Mended, reporter: Reporter) -> None:
        super().__init__()
        self.net, self.mended, self.reporter = net, mended, reporter
        self.habits = Habits()
        self.backwards = 0
        self._parameters = {id(each): each for each in net.parameters()}
        self._first: Tensor | None = None
        self._kept: dict[int, Tensor] = {}
        self._arrived: dict[int, Tensor] = {}
        self._output: Tensor | None = None
        self._scaled: set[int] = set()
        self._loss = float("nan")
        self._next = 1
        self._counted: list[Tensor] = []
        self._reporting = False

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Follow gradients, outputs and optimisers inside the block."""
        hooks: list[Any] = [self.net.register_forward_pre_hook(self._asked)]
        hooks.append(self.net.register_forward_hook(self._answered))
        for each in self._parameters.values():
            if each.requires_grad:
                hooks.append(each.register_hook(partial(self._arrive, id(each))))  # type: ignore[no-untyped-call]
                hooks.append(each.register_post_accumulate_grad_hook(self._accumulated))  # type: ignore[no-untyped-call]
        hooks.append(register_optimizer_step_pre_hook(self._stepping))
        hooks.append(register_optimizer_step_post_hook(self._stepped))
        try:
            yield
        finally:
            for each in hooks:
                each.remove()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = "" if self._reporting else getattr(func, "__name__", "")
        if name == "backward" and args and isinstance(args[0], Tensor) and args[0].numel() == 1:
            self._begin_backward(float(args[0].detach()))
        if name in _TWICE and args:
            self._see_scores(name, args[0])
        if name in _MEASURES and len(args) > 1:
            args = (*self._fitted(*args[:2]), *args[2:])
        return func(*args, **(kwargs or {}))

    def _see_scores(self, name: str, scores: Any) -> None:
        """See whether a loss that takes scores is given probabilities."""
        last = last_operation(scores) if isinstance(scores, Tensor) else None
        if last is not None and last in _TWICE[name]:
            self.habits.twice = (last, name)

    def _fitted(self, one: Any, other: Any) -> tuple[Any, Any]:
        """See whether one side of a difference is broadcast over the outputs; mend it where asked to."""
        if self._output is None or not (isinstance(one, Tensor) and isinstance(other, Tensor)):
            return one, other
        rows = len(self._output)
        shapes = tuple(one.shape), tuple(other.shape)
        if rows < 2 or set(shapes) != {(rows,), (rows, 1)} or one.requires_grad == other.requires_grad:
            return one, other
        if self.habits.broadcast is None:
            self.habits.broadcast = shapes if one.requires_grad else shapes[::-1]
        if not self.mended.reshapes:
            return one, other
        return (one, other.reshape(one.shape)) if one.requires_grad else (one.reshape(other.shape), other)

    def _asked(self, *_: Any) -> None:
        """Count updates, and report at 1, 2, 4, 8, ... of them: before the loop asks the net again."""
        if self._reporting:
            return
        self._count()
        if self.habits.updates < self._next:
            return
        while self.habits.updates >= self._next:
            self._next *= 2
        self._reporting = True
        self.reporter.checkpoint(self.habits.updates, self._loss)
        self._reporting = False

    def _answered(self, _: nn.Module, __: Any, output: Any) -> None:
        if not self._reporting and isinstance(output, Tensor) and output.requires_grad:
            self._output = output

    def _begin_backward(self, loss: float) -> None:
        self._loss = loss

    def _arrive(self, at: int, gradient: Tensor) -> None:
        if not self._reporting:
            self._arrived[at] = gradient.detach().clone()

    def _accumulated(self, parameter: Tensor) -> None:
        """See a gradient that has arrived: is there something in it of before the last update?"""
        at, gradient = id(parameter), parameter.grad
        if self._first is None:
            self._first = parameter
        if parameter is self._first:
            self.backwards += 1
        arrived = self._arrived.pop(at, None)
        kept = self._kept.get(at)
        changed = kept is None or not torch.equal(kept, parameter.detach())
        if kept is not None and changed and gradient is not None and arrived is not None:
            self._compare(gradient, arrived)
        if changed:
            self._kept[at] = parameter.detach().clone()

    def _compare(self, gradient: Tensor, arrived: Tensor) -> None:
        left = gradient.detach() - arrived
        own, other = float(arrived.norm()), float(left.norm())
        self.habits.compared += math.isfinite(own + other)
        if other > 1e-3 * own and other > 0:
            self.habits.stale += math.isfinite(own + other)
            if own:
                self.habits.stale_share = max(self.habits.stale_share, other / own)
            if self.mended.clears:
                gradient.detach().copy_(arrived)

    def _stepping(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if not self._is_ours(optimizer):
            return
        if id(optimizer) not in self._scaled:
            self._scaled.add(id(optimizer))
            for group in optimizer.param_groups:
                self.habits.rates.append(float(group["lr"]))
                group["lr"] *= self.mended.rate
        self.reporter.before_update()

    def _stepped(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if self._is_ours(optimizer):
            self.reporter.after_update()

    def _is_ours(self, optimizer: torch.optim.Optimizer) -> bool:
        return any(
            id(each) in self._parameters for group in optimizer.param_groups for each in group["params"]
        )

    def _count(self) -> None:
        """Count an update where a weight is not what it was at the last count."""
        now = [each.detach() for each in self._parameters.values()]
        if self._counted and not all(map(torch.equal, self._counted, now)):
            self.habits.updates += 1
        self._counted = [each.clone() for each in now]

    def finish(self) -> None:
        """Count the last update."""
        self._count()
