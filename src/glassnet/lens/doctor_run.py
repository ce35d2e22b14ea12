"""One training run under the doctor's eyes, on a copy of the net: by Glassnet's loop or by the user's own."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from glassnet.engine.evaluating import evaluating
from glassnet.engine.loop import Loop
from glassnet.engine.losses import Loss, loss_by_name
from glassnet.engine.rows import Rows
from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.errors import NonFiniteLoss, RecipeError
from glassnet.lens.doctor_look import Look, look
from glassnet.lens.doctor_loop import AS_IT_IS, Habits, Mended, Trainer, watched_loop
from glassnet.randomness import torch_seeded

Floats = NDArray[np.float64]

MOST_LOOKED_AT = 2_000
"""Of more training rows than this, the first ones of the training set are looked at."""
FIRST_STEPS = 40
"""The size of an update is taken from so many first steps."""


@dataclass(frozen=True)
class Case:
    """Everything that decides a run; a change of the doctor's is another Case.

    Attributes:
        net: as it begins. It is copied, never trained.
        train, held: rows to train on and rows to judge by.
        settings: of the training; with a loop of the user's only the seed counts.
        judge: the loss by which rows are judged: a name, or the user's own function.
        loop: trains the net that it is given: loop(net, X, y); None: Glassnet's own loop.
        given: the shape of one target as the loss or the loop is given it; None: as the outputs are.
        mended: what is done for a loop of the user's.
    """

    net: nn.Module
    train: Rows
    held: Rows
    settings: Settings
    judge: str | Callable[..., Tensor]
    loop: Trainer | None = None
    given: tuple[int, ...] | None = None
    mended: Mended = AS_IT_IS

    @property
    def loss(self) -> Loss:
        """The loss by which rows are judged, with targets of the outputs' shape."""
        return loss_by_name(self.judge)


def row_losses(loss: Loss, output: Tensor, y: Tensor) -> Floats:
    """Return the loss of each row by itself. Shape: (rows,).

    A mean weighted with w has the slope (loss of the row - mean) / rows in a row's weight at w = 1, which
    gives all rows in one pass; a loss that knows no weights is asked row by row.
    """
    weight = torch.ones(len(y), dtype=output.dtype, requires_grad=True)
    try:
        mean = loss(output, y, weight)
        (slope,) = torch.autograd.grad(mean, weight)
        rows = mean.detach() + len(y) * slope
    except RecipeError:
        rows = torch.stack([loss(output[i : i + 1], y[i : i + 1], None) for i in range(len(y))])
    return np.asarray(rows.detach().double().numpy())


@dataclass
class Run:
    """What came of one run.

    Attributes:
        net: after the last epoch.
        looks: before the first epoch and after some epochs, the last one among them.
        train_losses, held_losses: one an epoch; of the held-out rows also the one at the start, first.
        best_output, last_output: the held-out rows' outputs at the best epoch and at the end.
        best_epoch: the epoch of the lowest held-out loss; 0 is the start.
        updates: of each matrix of weights: the median of |update| / |weights| over the first steps.
        stopped: why it ended, "non_finite" where it broke down.
        broke: the epoch in which it broke down.
        habits: what a loop of the user's does.
    """

    net: nn.Module
    looks: list[Look] = field(default_factory=list)
    train_losses: list[float] = field(default_factory=list)
    held_losses: list[float] = field(default_factory=list)
    best_output: Tensor | None = None
    last_output: Tensor | None = None
    best_epoch: int = 0
    updates: dict[str, float] = field(default_factory=dict)
    stopped: str | None = None
    broke: int | None = None
    habits: Habits | None = None

    @property
    def update(self) -> float:
        """The largest of the updates; NaN where none was seen."""
        known = [each for each in self.updates.values() if not math.isnan(each)]
        return max(known, default=math.nan)

    @property
    def last_loss(self) -> float:
        """The loss of the held-out rows at the end; infinite where the run broke down."""
        return math.inf if self.broke is not None else self.held_losses[-1]

    @property
    def best_loss(self) -> float:
        """The lowest loss of the held-out rows; infinite where the run broke down before it was better."""
        return min(each if math.isfinite(each) else math.inf for each in self.held_losses)


def run(case: Case, looks: bool = False) -> Run:
    """Train a copy of the case's net and return what was seen; with ``looks`` into its layers too."""
    net = copy.deepcopy(case.net).cpu().train()
    net.zero_grad(set_to_none=True)
    watch = _Watch(case, Run(net), looks)
    watch.start()
    if case.loop is not None:
        watch.run.habits = watched_loop(case.loop, net, case.train.X, _given(case), case.mended, watch)
        watch.end_of_loop()
    else:
        _by_engine(case, net, watch)
    return watch.run


def _given(case: Case) -> Tensor:
    y = case.train.y
    return y if case.given is None else y.reshape(len(y), *case.given)


def _by_engine(case: Case, net: nn.Module, watch: _Watch) -> None:
    settings = case.settings
    if case.given is not None and callable(settings.loss):
        settings = replace(settings, loss=partial(_as_given, settings.loss, case.given))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Using a target size")
            history = train_net(
                net,
                case.train,
                replace(settings, device="cpu", threads=1),
                validation=case.held,
                callbacks=[_Reporting(watch)],
            )
        watch.run.stopped = history.stopped
    except NonFiniteLoss:
        watch.run.stopped, watch.run.broke = "non_finite", len(watch.run.train_losses) + 1
    if watch.run.stopped == "interrupted":
        raise KeyboardInterrupt


def _as_given(
    loss: Callable[[Tensor, Tensor], Tensor], shape: tuple[int, ...], output: Tensor, y: Tensor
) -> Tensor:
    return loss(output, y.reshape(len(y), *shape)).mean()


class _Watch:
    """Fills a Run while it goes on."""

    def __init__(self, case: Case, run: Run, looks: bool) -> None:
        self._case, self.run, self._looks = case, run, looks
        self._before: dict[str, Tensor] = {}
        self._ratios: dict[str, list[float]] = {}
        self._steps = 0

    def start(self) -> None:
        """Look at the net as it begins."""
        self._look(0)
        self._judge(0)

    def after_epoch(self, epoch: int, loss: float, is_last: bool) -> None:
        """Look after an epoch."""
        self.run.train_losses.append(loss)
        if self._looks and (is_last or epoch in _LOOKED_AFTER):
            self._look(epoch)
        self._judge(epoch)

    def before_update(self) -> None:
        """Remember the weights, in the first steps."""
        if self._steps < FIRST_STEPS:
            named = self.run.net.named_parameters()
            self._before = {
                name: each.detach().clone() for name, each in named if each.ndim >= 2 and each.requires_grad
            }

    def after_update(self) -> None:
        """Measure by how much the weights moved."""
        self._steps += 1
        if not self._before:
            return
        now = dict(self.run.net.named_parameters())
        for name, before in self._before.items():
            size = float(before.norm())
            if size:
                self._ratios.setdefault(name, []).append(float((now[name].detach() - before).norm()) / size)
        self._before = {}
        self.run.updates = {name: float(np.median(each)) for name, each in self._ratios.items()}

    def checkpoint(self, part: int, loss: float) -> None:
        """Look after a part of a loop of the user's, which has no epochs that could be seen."""
        self.run.train_losses.append(loss)
        if self._looks:
            self._look(part)
        self._judge(part)

    def end_of_loop(self) -> None:
        """Look at the end of a loop of the user's."""
        part = len(self.run.train_losses) + 1
        if not all(bool(each.isfinite().all()) for each in self.run.net.parameters()):
            self.run.stopped, self.run.broke = "non_finite", part
            return
        self.run.stopped = "its own end"
        self._look(part)
        self._judge(part)
        self.run.train_losses.append(self.run.looks[-1].loss)

    def _look(self, epoch: int) -> None:
        rows = self._case.train
        seen = look(self.run.net, rows.X[:MOST_LOOKED_AT], rows.y[:MOST_LOOKED_AT], self._case.loss, epoch)
        self.run.looks.append(seen)

    def _judge(self, epoch: int) -> None:
        held, run = self._case.held, self.run
        run.last_output = outputs(run.net, held.X)
        mean = float(self._case.loss(run.last_output, held.y, None))
        if run.best_output is None or mean < min(run.held_losses):
            run.best_output, run.best_epoch = run.last_output, epoch
        run.held_losses.append(mean)


class _Reporting:
    """The engine's callback: tells the watch of steps, and of epochs before the best weights are put back."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch

    def after_backward(self, loop: Loop) -> None:
        """Remember the weights before a step."""
        self._watch.before_update()

    def batch_end(self, loop: Loop) -> None:
        """Measure the step."""
        self._watch.after_update()

    def epoch_end(self, loop: Loop) -> None:
        """Look after an epoch."""
        self._watch.after_epoch(loop.epoch, loop.history[-1].train_loss, loop.epoch == loop.epochs)


def outputs(net: nn.Module, X: Tensor) -> Tensor:
    """Return what the net answers in evaluation mode; its own mode stays as it is."""
    with evaluating(net), torch_seeded(0, "doctor"), torch.no_grad():
        output: Tensor = net(X)
        return output


_LOOKED_AFTER = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987)
"""Epochs after which a look is taken, beside the last one."""
