"""The features of training, each a callback of a few lines; ``loop`` lists the hooks.

Their order matters: at ``epoch_end`` the best weights are kept before the checkpoint is written, and at
``fit_end``, which runs in reverse, the checkpoint is written before the best weights are put back.
"""

# ruff: noqa: D102 (what each hook is called for stands in loop.py)

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from glassnet.engine.arrays import all_finite
from glassnet.engine.history import EpochRecord
from glassnet.engine.loop import Loop, Stop
from glassnet.engine.optim import add_penalties, clip_gradients, learning_rate_factor
from glassnet.errors import NonFiniteLoss, message

ProgressFunction = Callable[[EpochRecord | None, float, int, float], None]
"""progress(record, done, total, eta): the epoch's record, or None within an epoch; epochs done (with a
fraction within an epoch) and in all; about how many seconds are left."""


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """Return copies of all parameters and buffers that the net's state_dict names."""
    return {name: each.clone() for name, each in _tensors(net).items()}


def put_back(net: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy the weights into the net's own tensors."""
    with torch.no_grad():
        for name, each in _tensors(net).items():
            each.copy_(weights[name])


def _tensors(net: nn.Module) -> dict[str, Tensor]:
    return {name: each for name, each in net.state_dict().items() if isinstance(each, Tensor)}


def _all_finite(net: nn.Module) -> bool:
    return all(all_finite(each) for each in _tensors(net).values() if each.is_floating_point())


class Schedule:
    """Sets the learning rate before each step."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, schedule: str, total_steps: int, warmup: float
    ) -> None:
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.arguments = (schedule, total_steps, warmup)

    def batch_begin(self, loop: Loop) -> None:
        schedule, total_steps, warmup = self.arguments
        factor = learning_rate_factor(schedule, loop.step_count, total_steps, warmup)
        for group, rate in zip(loop.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor


class Penalties:
    """Adds the gradients of the L1 and L2 penalties; the reported loss stays the data's."""

    def __init__(self, l1: float, l2: float) -> None:
        self.l1, self.l2 = l1, l2

    def after_backward(self, loop: Loop) -> None:
        add_penalties(loop.parameters, self.l1, self.l2)


class Clip:
    """Limits the norm of the gradient, penalties included."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def after_backward(self, loop: Loop) -> None:
        clip_gradients(loop.parameters, self.limit)


class Averaging:
    """Keeps the moving average of the weights, which is what is validated, kept and handed over.

    After step t: average += (1 - decay) * (weights - average), in the first steps 1 / t in place of
    1 - decay, so that the beginning does not count for long (Polyak and Juditsky 1992; Kingma and Ba 2015,
    section 7.2). From the last step of an epoch to the first of the next one the net holds the average, and
    the optimiser's state, where a checkpoint finds it, the weights that training goes on with. A parameter
    without a gradient so far has not moved, and has no average.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def batch_begin(self, loop: Loop) -> None:
        if loop.step_count % loop.steps_per_epoch == 0:
            self._exchange(loop)

    def batch_end(self, loop: Loop) -> None:
        for each in loop.parameters:
            if each.grad is not None:
                loop.optimizer.state[each].setdefault("average", each.detach().clone())
        moved = self._moved(loop)
        averages = [loop.optimizer.state[each]["average"] for each in moved]
        share = max(1.0 - self.decay, 1.0 / loop.step_count)
        torch._foreach_lerp_(averages, [each.detach() for each in moved], share)
        if loop.step_count % loop.steps_per_epoch == 0:
            self._exchange(loop)

    def _moved(self, loop: Loop) -> list[Tensor]:
        return [each for each in loop.parameters if "average" in loop.optimizer.state.get(each, ())]

    def _exchange(self, loop: Loop) -> None:
        with torch.no_grad():
            for each in self._moved(loop):
                average, now = loop.optimizer.state[each]["average"], each.clone()
                each.copy_(average)
                average.copy_(now)


class Score:
    """Adds metrics of the validation rows to each record: score(outputs, targets) on the CPU."""

    def __init__(self, score: Callable[[Tensor, Tensor], Mapping[str, float]], targets: Tensor) -> None:
        self.score, self.targets = score, targets

    def measured(self, loop: Loop) -> None:
        if loop.validation_output is not None:
            loop.metrics.update(self.score(loop.validation_output.cpu(), self.targets))


class StepLosses:
    """Keeps the loss of every step in ``history.step_losses``."""

    def epoch_begin(self, loop: Loop) -> None:
        self.losses: list[Tensor] = []

    def batch_end(self, loop: Loop) -> None:
        self.losses.append(loop.outcome["loss"].detach())

    def epoch_end(self, loop: Loop) -> None:
        loop.history.step_losses.extend(torch.stack(self.losses).tolist())


class NonFinite:
    """Ends the run with an error when an epoch's losses or weights are not finite numbers."""

    def measured(self, loop: Loop) -> None:
        losses = {"training": loop.train_loss, "validation": loop.validation_loss}
        wrong = [f"{name} loss {value}" for name, value in losses.items() if not math.isfinite(value or 0.0)]
        finite = _all_finite(loop.net) if loop.weights_finite is None else loop.weights_finite
        if wrong or not finite:
            loop.history.stopped = "non_finite"
            raise NonFiniteLoss(_non_finite(loop, wrong))


def _non_finite(loop: Loop, wrong: list[str]) -> str:
    rate = loop.optimizer.param_groups[0]["lr"]
    kept = f"epoch {loop.history.best_epoch}" if loop.history.best_epoch else "the start"
    return message(
        "the loss and the weights must stay finite",
        f"epoch {loop.epoch + 1} has {' and '.join(wrong) or 'weights that are infinite or not a number'} "
        f"at lr={rate:g}",
        f"lower lr (try {rate / 10:.1g}), scale the inputs to mean 0 and deviation 1, or limit the gradient "
        f"with clip=1.0; the weights of {kept} were put back",
    )


class BestWeights:
    """Keeps the weights of the best epoch and puts them back, whatever ended the run.

    The best epoch is the first one of the lowest validation loss; without validation rows, the last one.
    A first epoch that was cut short leaves the net as it is at that moment, unless an error ended it or a
    weight is not finite: then the first weights come back.

    Args:
        patience: the run ends after so many epochs without a better one; None: never.
        weights: those of ``history.best_epoch`` where a run goes on.
    """

    def __init__(self, patience: int | None = None, weights: dict[str, Tensor] | None = None) -> None:
        self.patience, self.weights = patience, weights
        self.own: dict[str, Tensor] | None = None
        self.trained: list[Tensor] | None = None

    def fit_begin(self, loop: Loop) -> None:
        self.first = None if self.weights else weights_of(loop.net)

    def epoch_begin(self, loop: Loop) -> None:
        best = loop.history.best_epoch
        if self.patience and best and loop.epoch - best >= self.patience:
            raise Stop("early_stopping")

    def epoch_end(self, loop: Loop) -> None:
        history, best = loop.history, loop.history.best_epoch
        before = history[best - 1].validation_loss if best else None
        if loop.validation_loss is None or before is None or loop.validation_loss < before:
            self.weights, history.best_epoch, self.first = self._copied(loop), loop.epoch, None

    def _copied(self, loop: Loop) -> dict[str, Tensor]:
        """Return copies, written over those before where an engine of its own trains nothing but parameters.

        It makes no others of them in between; to look for them again costs an epoch of a small net 3 %.
        """
        if self.own is not None and self.trained is not None:
            with torch.no_grad():
                torch._foreach_copy_(list(self.own.values()), self.trained)
            return self.own
        self.own = weights_of(loop.net)
        now = list(loop.net.state_dict(keep_vars=True).values()) if loop.run_epoch else [None]
        trained: list[Tensor] = [each for each in now if isinstance(each, nn.Parameter)]
        self.trained = trained if len(trained) == len(now) else None
        return self.own

    def fit_end(self, loop: Loop) -> None:
        cut_short = loop.history.stopped not in (None, "non_finite") and _all_finite(loop.net)
        if self.weights:
            put_back(loop.net, self.weights)
        elif self.first and not cut_short:
            put_back(loop.net, self.first)


class Pause:
    """Ends the run as "paused" after so many epochs; one that goes on from its state goes on there."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch_begin(self, loop: Loop) -> None:
        if loop.epoch >= self.epochs:
            raise Stop("paused")


class Checkpointing:
    """Saves at the end of an epoch, at most every so many seconds, and when the run is finished.

    A run that is interrupted keeps its last checkpoint, and goes on from there. The pause grows to twenty
    times what the last save took, so that saving takes at most about 5 % of the time; ``every=0`` saves
    each epoch.
    """

    def __init__(self, save: Callable[[Loop], None], every: float = 5.0) -> None:
        self.save, self.every, self.pause = save, every, every

    def fit_begin(self, loop: Loop) -> None:
        self.saved_at, self.saved = time.monotonic(), loop.history.stopped

    def epoch_end(self, loop: Loop) -> None:
        if time.monotonic() - self.saved_at >= self.pause:
            self._save(loop)

    def fit_end(self, loop: Loop) -> None:
        stopped = loop.history.stopped
        if finished(stopped) and stopped != self.saved:
            self._save(loop)

    def _save(self, loop: Loop) -> None:
        began = time.monotonic()
        self.save(loop)
        self.saved_at, self.saved = time.monotonic(), loop.history.stopped
        self.pause = max(self.every, 20 * (self.saved_at - began)) if self.every else 0.0


def finished(stopped: str | None) -> bool:
    """Say whether a run that stopped for this reason has nothing left to do."""
    return stopped in ("epochs", "early_stopping", "paused") or (stopped or "").startswith("callback: ")


class Progress:
    """Calls the progress function after each epoch and, at most every so many seconds, within one."""

    def __init__(self, progress: ProgressFunction, every: float = 0.2) -> None:
        self.progress, self.every = progress, every

    def fit_begin(self, loop: Loop) -> None:
        self.began = self.shown = time.monotonic()
        self.start = loop.epoch

    def batch_end(self, loop: Loop) -> None:
        if time.monotonic() - self.shown >= self.every:
            self._show(None, loop.step_count / loop.steps_per_epoch, loop)

    def epoch_end(self, loop: Loop) -> None:
        self._show(loop.history[-1], loop.epoch, loop)

    def _show(self, record: EpochRecord | None, done: float, loop: Loop) -> None:
        self.shown = time.monotonic()
        eta = (self.shown - self.began) / (done - self.start) * (loop.epochs - done)
        self.progress(record, done, loop.epochs, eta)


class Deadline:
    """Ends the run at a time of ``time.monotonic()``, within an epoch too, but after at least one step."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def batch_begin(self, loop: Loop) -> None:
        if loop.step_count and time.monotonic() >= self.deadline:
            raise Stop("budget")


class StopFlag:
    """Ends the run before the next step as soon as ``should_stop()`` is true."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop

    def batch_begin(self, loop: Loop) -> None:
        if self.should_stop():
            raise Stop("interrupted")
