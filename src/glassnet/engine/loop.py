"""The training loop: fit, epoch, batch. Whatever else training does is a callback.

A callback is any object with at least one of these methods; each is given the ``Loop``:

    fit_begin        before the first epoch; after a resume too
    epoch_begin      ``loop.epoch`` epochs are done, the next one begins
    batch_begin      ``loop.batch`` is about to be used, ``loop.step_count`` steps are done
    after_backward   the gradients are there and are not yet used
    batch_end        the weights are updated; ``loop.outcome`` is what the step returned
    measured         ``loop.train_loss`` and ``loop.validation_loss`` are known and the record is not yet
                     written: a callback may add to ``loop.metrics``
    epoch_end        ``loop.history[-1]`` is the epoch's record
    fit_end          always, whatever ended the run, in reverse order, as with-blocks end

Raising ``Stop("why")`` in a hook ends the run in good order: the other callbacks still see that hook.
"""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from glassnet.engine.history import EpochRecord, History
from glassnet.engine.steps import Step
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.randomness import torch_seeded

HOOKS = (
    "fit_begin",
    "epoch_begin",
    "batch_begin",
    "after_backward",
    "batch_end",
    "measured",
    "epoch_end",
    "fit_end",
)


_REASONS = ("early_stopping", "budget", "interrupted", "paused")


class Stop(Exception):
    """Raised by a callback to end the run in good order.

    ``History.stopped`` becomes the reason: "early_stopping", "budget" and "interrupted" as they are, any
    other as "callback: why".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason if reason in _REASONS else f"callback: {reason.removeprefix('callback: ')}"


def check_callbacks(callbacks: Sequence[object]) -> None:
    """Check that each callback has a hook and that no public method of it only looks like one.

    Raises:
        RecipeError: names every callback and method at fault.
    """
    problems = [problem for each in callbacks for problem in _callback_problems(each)]
    if problems:
        raise RecipeError(problems)


def _callback_problems(callback: object) -> list[str]:
    kind = type(callback)
    if isinstance(callback, type):
        return [
            message("a callback must be an object", f"{callback.__name__} is a class", "write it with ()")
        ]
    methods = [name for name in dir(kind) if name[0] != "_" and callable(getattr(kind, name))]
    problems = [
        message(
            "a callback's public methods must be hooks", f"{kind.__name__}.{name}", did_you_mean(name, HOOKS)
        )
        for name in methods
        if name not in HOOKS and _looks_like_a_hook(name)
    ]
    if not problems and not set(methods) & set(HOOKS):
        what = message(
            "a callback must have a hook", f"{kind.__name__} has none", f"add one of {', '.join(HOOKS)}"
        )
        problems.append(what)
    return problems


def _looks_like_a_hook(name: str) -> bool:
    affixed = name.startswith(("on_", "before_", "after_")) or name.endswith(("_begin", "_end", "_start"))
    return affixed or bool(difflib.get_close_matches(name, HOOKS, n=1, cutoff=0.75))


def checked_loss(outcome: object) -> Tensor:
    """Return the loss of what a step returned.

    Raises:
        RecipeError: it is not ``{"loss": scalar tensor with a gradient}``.
    """
    loss = outcome.get("loss") if isinstance(outcome, Mapping) else outcome
    if isinstance(outcome, Mapping) and isinstance(loss, Tensor) and not loss.ndim and loss.requires_grad:
        return loss
    raise RecipeError(_wrong_outcome(outcome, loss))


def _wrong_outcome(outcome: object, loss: object) -> str:
    must = 'a step must return {"loss": scalar tensor that depends on trained weights}'
    if not isinstance(outcome, Mapping):
        return message(must, f"it returned {type(outcome).__name__}", 'write: return {"loss": loss}')
    if not isinstance(loss, Tensor):
        found = f"its keys are {sorted(map(str, outcome))}, and the loss is {type(loss).__name__}"
        return message(must, found, 'write: return {"loss": loss}')
    if loss.ndim:
        return message(must, f"the loss has shape {tuple(loss.shape)}", "take its mean")
    return message(
        must, "the loss has no gradient", "compute it from the net's outputs, without detach or no_grad"
    )


@dataclass(eq=False)
class Loop:
    """One training run: what is trained, on what, and how far it is.

    Args:
        net: the module to train; ``optimizer`` holds the parameters that are updated.
        step: maps a batch to ``{"loss": scalar tensor, ...}``, see ``steps``.
        batches: maps an epoch, counted from 1, to its batches.
        validate: returns (loss, outputs) on the validation rows, or None where there are none.
        epochs: how many epochs there are in all; ``epoch`` and ``step_count`` are how many are done.
        seed: dropout and other chance in torch is a pure function of (seed, epoch).
        run_epoch: another engine's way to train one epoch: it returns the mean loss, keeps ``step_count`` and
            calls ``batch_begin`` and ``batch_end`` now and then, and may say in ``weights_finite`` what it
            saw of the weights. None: batch after batch, here.
    """

    net: nn.Module
    optimizer: torch.optim.Optimizer
    step: Step
    batches: Callable[[int], Iterable[Any]]
    epochs: int
    steps_per_epoch: int
    validate: Callable[[], tuple[float, Tensor]] | None = None
    callbacks: Sequence[object] = ()
    seed: int = 0
    history: History = field(default_factory=History)
    epoch: int = 0
    step_count: int = 0
    run_epoch: Callable[[Loop], float] | None = None

    def __post_init__(self) -> None:
        check_callbacks(self.callbacks)
        self.hooks = {name: [getattr(c, name) for c in self.callbacks if hasattr(c, name)] for name in HOOKS}
        self.parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.batch: Any = None
        self.outcome: Any = {}
        self.metrics: dict[str, float] = {}
        self.weights_finite: bool | None = None
        self.train_loss = math.nan
        self.validation_loss: float | None = None
        self.validation_output: Tensor | None = None

    def fit(self) -> History:
        """Run the epochs that are left; afterwards ``history.stopped`` says why it ended.

        Where it says so before, none are left. Ctrl-C ends the run in good order too, as "interrupted".
        """
        with ExitStack() as endings:
            for ending in self.hooks["fit_end"]:
                endings.callback(ending, self)
            try:
                self.call("fit_begin")
                while self.epoch < self.epochs and self.history.stopped is None:
                    self._one_epoch()
                self.history.stopped = self.history.stopped or "epochs"
            except Stop as stop:
                self.history.stopped = stop.reason
            except KeyboardInterrupt:
                self.history.stopped = "interrupted"
        return self.history

    def _one_epoch(self) -> None:
        began = time.perf_counter()
        self.call("epoch_begin")
        if self.run_epoch is None or not self.net.training:
            self.net.train()
        self.train_loss = self.run_epoch(self) if self.run_epoch else self._train()
        self.metrics = {}
        if self.validate:
            self.validation_loss, self.validation_output = self.validate()
        self.call("measured")
        self.epoch += 1
        rate = self.optimizer.param_groups[0]["lr"]
        seconds = time.perf_counter() - began
        self.history.records.append(
            EpochRecord(self.epoch, self.train_loss, self.validation_loss, rate, self.metrics, seconds)
        )
        self.call("epoch_end")

    def _train(self) -> float:
        total = torch.zeros((), dtype=torch.float64, device=self.parameters[0].device)
        weights: Any = 0
        with torch_seeded(self.seed, "epoch", self.epoch + 1):
            for batch in self.batches(self.epoch + 1):
                self.batch = batch
                loss, weight = self._one_batch()
                if isinstance(weight, Tensor):
                    total += loss * weight
                else:
                    total.add_(loss, alpha=weight)
                weights += weight
        return float(total / weights)

    def _one_batch(self) -> tuple[Tensor, Any]:
        self.call("batch_begin")
        self.outcome = self.step(self.batch)
        loss = checked_loss(self.outcome)
        for parameter in self.parameters:
            parameter.grad = None
        torch.autograd.backward(loss)
        self.call("after_backward")
        self.optimizer.step()
        self.step_count += 1
        self.call("batch_end")
        return loss.detach(), self.outcome.get("weight", 1)

    def call(self, hook: str) -> None:
        """Call that hook of every callback; a ``Stop`` is raised after the last one.

        Raises:
            Stop: a callback asked for the end of the run; the first one's reason.
        """
        stop = None
        for call in self.hooks[hook]:
            try:
                call(self)
            except Stop as reason:
                stop = stop or reason
        if stop:
            raise stop
