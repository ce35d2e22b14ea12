"""The fused engine: dense layers and the tabular net on the CPU, whole epochs in compiled kernels.

``choice`` says which nets it takes. It works in buffers of its own: at the beginning of an epoch it takes the
module's weights, and at its end it copies its own back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine import dense
from glassnet.engine.choice import Members, Stack
from glassnet.engine.dense_native import NativeOrder
from glassnet.engine.loop import Loop
from glassnet.engine.losses import Loss
from glassnet.engine.optim import learning_rate_factor
from glassnet.engine.rows import Rows, batch_sizes
from glassnet.engine.settings import Settings
from glassnet.engine.tabular_native import NativeTabular
from glassnet.randomness import derived_seed

_AT_ONCE = 1 << 20
"""About how many numbers of X are answered at once where nothing is trained."""
_CHUNK = 0.02
"""About how many seconds of steps run between two looks at the clock and at the user's wish to stop."""


class FusedOptimizer:
    """What stands in the place of a torch optimiser: the learning rate, and the memory as torch names it.

    Checkpoints write and read it, and a callback may set ``param_groups[0]["lr"]`` between epochs.
    """

    def __init__(
        self, net: dense.NativeNet | NativeTabular, parameters: list[nn.Parameter], lr: float
    ) -> None:
        self.net = net
        self.param_groups: list[dict[str, Any]] = [{"params": parameters, "lr": lr}]

    def state_dict(self) -> dict[str, Any]:
        """Return the memory of all weights as one entry, and the learning rate."""
        state = self.net.state()
        kept = {name: torch.from_numpy(each) for name, each in state.items() if name != "step"}
        groups = [{"params": [0], "lr": self.param_groups[0]["lr"], "engine": "fused"}]
        return {"state": {0: {"step": state["step"], **kept}}, "param_groups": groups}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what ``state_dict`` returned.

        Raises:
            ValueError: it is the state of another optimiser.
        """
        group = state["param_groups"][0]
        if group.get("engine") != "fused":
            raise ValueError("it was trained by the torch engine")
        kept = state["state"][0]
        self.net.set_state({name: each if name == "step" else each.numpy() for name, each in kept.items()})
        self.param_groups[0]["lr"] = group["lr"]


class FusedEpoch:
    """One epoch as one call of the kernels, or a few where it is long: what ``Loop.run_epoch`` asks for.

    Between two calls the hooks batch_begin and batch_end are called, so that a run can be followed and ended.
    """

    def __init__(self, stack: Stack | Members, train: Rows, settings: Settings, threads: int) -> None:
        self.stack, self.settings = stack, settings
        self.net = _fused_net(stack, settings, threads)
        self.X, self.y, self.weight, self.at = _arrays(train)
        self.sizes = np.array(batch_sizes(len(train.y), settings.batch_size), np.int64)
        self.ends = np.cumsum(self.sizes)
        self.chunk = 1
        self.shuffled = (
            NativeOrder(settings.seed, len(train.y), settings.epochs) if settings.shuffle else None
        )
        self.record = np.zeros((len(self.sizes), 2))
        self.rates: Any = None

    def optimizer(self) -> Any:
        """Return what the loop, its callbacks and checkpoints take for the optimiser."""
        return FusedOptimizer(self.net, self.stack.parameters, self.settings.rate)

    def __call__(self, loop: Loop) -> float:
        """Train one epoch; the module has its weights afterwards."""
        parameters = self.stack.arrays()
        self._take_weights(parameters)
        order, rates = self._order(loop.epoch + 1), self._rates(loop)
        step = 0
        try:
            while step < len(self.sizes):
                loop.call("batch_begin")
                to = min(step + self.chunk, len(self.sizes))
                self._train(order, rates, step, to)
                loop.step_count += to - step
                step = to
                loop.call("batch_end")
        finally:
            loop.weights_finite = self._give_weights(parameters)
        loop.optimizer.param_groups[0]["lr"] = float(rates[-1])
        loss, weight = self.record.sum(axis=0)
        return float(loss / weight) if weight else 0.0

    def validate(self, loss: Loss, rows: Rows) -> Callable[[], tuple[float, Tensor]]:
        """Return what measures the loss on other rows after an epoch; it hands over the outputs too."""
        at_once = max(1, _AT_ONCE // max(1, rows.X.shape[1]))

        def measure() -> tuple[float, Tensor]:
            output = torch.cat([self._outputs(X) for X in rows.pieces(at_once)])
            return float(loss(output, rows.y, rows.weight)), output

        return measure

    def _outputs(self, X: Tensor) -> Tensor:
        output = torch.from_numpy(self.net.outputs(X.contiguous().numpy()))
        return self.stack.net.averaged(output) if isinstance(self.stack, Members) else output

    def _order(self, epoch: int) -> Any:
        """Return the order of an epoch as rows of X."""
        order = self.shuffled(epoch) if self.shuffled else np.arange(int(self.ends[-1]))
        return order if self.at is None else self.at[order]

    def _train(self, order: Any, rates: Any, start: int, to: int) -> None:
        """Make the steps from ``start`` up to ``to``, and choose how many come next."""
        rows = order[self.ends[start] - self.sizes[start] : self.ends[to - 1]]
        some = slice(start, to)
        began = time.perf_counter()
        self.net.train(self.X, self.y, self.weight, rows, self.sizes[some], rates[some], self.record[some])
        seconds = max(time.perf_counter() - began, 1e-6)
        self.chunk = max(1, int((to - start) * min(16.0, _CHUNK / seconds)))

    def _rates(self, loop: Loop) -> Any:
        s, steps = self.settings, len(self.sizes)
        if s.schedule in (None, "constant") and not s.warmup:
            rate = float(loop.optimizer.param_groups[0]["lr"])
            if self.rates is None or self.rates[0] != rate:
                self.rates = np.full(steps, rate)
            return self.rates
        schedule, total = s.schedule or "constant", s.epochs * steps
        first = loop.step_count
        return s.rate * np.array(
            [learning_rate_factor(schedule, first + k, total, s.warmup) for k in range(steps)]
        )

    def _take_weights(self, parameters: Any) -> None:
        self.net.set_parameters(parameters)
        self._exchange_average()

    def _give_weights(self, parameters: Any) -> bool:
        self._exchange_average()
        return self.net.copy_parameters(parameters)

    def _exchange_average(self) -> None:
        """Between epochs the module holds the average of the weights, where there is one."""
        if isinstance(self.net, NativeTabular):
            self.net.exchange_average()


def _arrays(rows: Rows) -> tuple[Any, Any, Any, Any]:
    """Return inputs, targets, weights and which rows are meant, as the kernels take them.

    X is not copied where it holds other rows as well: targets and weights then get places for those.
    """
    y = rows.y if rows.y.ndim > 1 or not rows.y.is_floating_point() else rows.y[:, None]
    X, at = rows.X.contiguous().numpy(), rows.at

    def placed(each: Tensor) -> Any:
        if at is None:
            return each.contiguous().numpy()
        return each.new_zeros((len(X), *each.shape[1:])).index_copy_(0, at, each).numpy()

    weight = None if rows.weight is None else placed(rows.weight)
    return X, placed(y), weight, None if at is None else at.numpy()


def _fused_net(stack: Stack | Members, settings: Settings, threads: int) -> dense.NativeNet | NativeTabular:
    """Return the net in the kernels' own buffers, with the settings' objective and optimiser."""
    s, seed = settings, derived_seed(settings.seed, "dropout")
    momentum = s.momentum if s.optimizer in ("sgd", "rmsprop") else 0.0
    dtype = str(stack.parameters[0].dtype).removeprefix("torch.")
    objective = dense.Objective(str(s.loss), l1=s.l1, l2=s.l2, clip=s.clip)
    optimizer = dense.Optimizer(
        str(s.optimizer), momentum=momentum, nesterov=s.nesterov, weight_decay=s.weight_decay
    )
    if isinstance(stack, Members):
        return NativeTabular(stack.net.spec, stack.layers, objective, optimizer, s.ema, dtype, seed, threads)
    return dense.NativeNet(stack.layers, objective, optimizer, dtype, seed)
