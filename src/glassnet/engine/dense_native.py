"""The dense engine in compiled kernels: whole passes over the rows without Python between the steps.

The arithmetic is in ``native/``; this module hands it the parts of a net as numbers and puts into words what
is wrong with an argument. Several nets train at once on several cores, each as if it were alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.engine.dense_checks import check_batches, check_parameters, check_rows, check_state
from glassnet.engine.dense_numpy import views
from glassnet.engine.dense_spec import (
    ACTIVATIONS,
    LOSSES,
    OPTIMIZERS,
    Array,
    Layer,
    Objective,
    Optimizer,
    Parameters,
    check_net,
)
from glassnet.engine.dense_steps import memory_of
from glassnet.randomness import order_words

if TYPE_CHECKING:
    from glassnet import _native

MEMORY = {"momentum": "first", "mean": "first", "square": "second"}
"""What the extension calls an optimiser's memory."""


class NativeNet:
    """A dense net in compiled kernels; its methods are those of ``DenseNet``, and new weights are 0.

    Args:
        kernels: "avx512", "avx2", "portable", "naive", or "auto" for the fastest that this processor runs.

    Raises:
        RecipeError: the parts do not fit together; all that is wrong is named.
        ImportError: the extension is not there.
        ValueError: the processor does not run such kernels.
    """

    engine = "native"

    def __init__(
        self,
        layers: Sequence[Layer],
        objective: Objective,
        optimizer: Optimizer,
        dtype: str = "float32",
        seed: int = 0,
        kernels: str = "auto",
    ) -> None:
        from glassnet import _native

        check_net(layers, objective, dtype, seed)
        self.layers, self.objective, self.optimizer = tuple(layers), objective, optimizer
        self.dtype, self.seed = dtype, seed
        kind = _native.DenseFloat32 if dtype == "float32" else _native.DenseFloat64
        parts = [layer_parts(each) for each in layers], objective_parts(objective), optimizer_parts(optimizer)
        self.core = kind(*parts, seed % 2**64, kernels)
        self._count = sum(k.outputs * (k.inputs + k.bias) for k in layers)

    def set_parameters(self, parameters: Parameters) -> None:
        """Take weights and biases, one pair for each layer.

        Raises:
            RecipeError: a shape is not that of its layer; all are named.
        """
        try:
            self.core.take(parameters)
        except (TypeError, ValueError):
            check_parameters(self.layers, parameters)
            self.core.take([(self._own(W), None if b is None else self._own(b)) for W, b in parameters])

    def parameters(self) -> Parameters:
        """Return copies of weights and biases."""
        return self._pairs(self.core.read("values"))

    def copy_parameters(self, to: Parameters) -> bool:
        """Write weights and biases into such arrays, and say whether all are finite; see ``DenseNet``."""
        return self.core.give(to)

    def train(
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        sizes: Array,
        rates: Array,
        record: Array | None = None,
    ) -> float:
        """Make one pass over ``order`` in batches and return its weighted mean loss; see ``DenseNet``.

        Args:
            record: float64 (batches, 2): gets the loss of each batch times what its rows weigh, and what
                they weigh. So a pass in several calls has the mean of one call, to the bit.

        Raises:
            RecipeError: shapes or dtypes are wrong; all are named.
        """
        try:
            return self.core.train(X, y, weight, order, sizes, rates, record)
        except (TypeError, ValueError):
            check_rows(self, X, y, weight)
            check_batches(len(X), order, sizes, rates)
            raise

    def outputs(self, X: Array) -> Array:
        """Return the last layer's outputs, shape (n, outputs): logits, without dropout."""
        try:
            return self.core.outputs(X)
        except (TypeError, ValueError):
            check_rows(self, X)
            raise

    def loss(self, X: Array, y: Array, weight: Array | None = None) -> float:
        """Return the loss without dropout and penalties."""
        check_rows(self, X, y, weight)
        return self.core.loss(X, y, weight)

    def loss_and_gradients(self, X: Array, y: Array, weight: Array | None = None) -> tuple[float, Parameters]:
        """Return the loss and its gradients, without dropout and penalties."""
        check_rows(self, X, y, weight)
        return self.core.gradients(X, y, weight), self._pairs(self.core.read("gradients"))

    def state(self) -> dict[str, Any]:
        """Return the step count and copies of the optimiser's memory; see ``DenseNet``."""
        memory = {name: self.core.read(MEMORY[name]) for name in memory_of(self.optimizer)}
        return {"step": self.core.steps, **memory}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what ``state`` returned.

        Raises:
            RecipeError: it is the state of another net.
        """
        names = memory_of(self.optimizer)
        check_state(state, names, self._count)
        self.core.steps = int(state["step"])
        for name in names:
            self.core.write(MEMORY[name], np.ascontiguousarray(state[name], self.dtype))

    def scale_momentum(self, factor: float) -> None:
        """Multiply the momentum, where there is one."""
        self.core.scale_momentum(float(factor))

    def _own(self, values: Array) -> Array:
        own = np.ascontiguousarray(values, self.dtype)
        return own if own.flags.writeable else own.copy()

    def _pairs(self, flat: Array) -> Parameters:
        return list(zip(*views(flat, self.layers), strict=True))


def train_natively(
    nets: Sequence[NativeNet],
    X: Array,
    y: Array,
    weights: Sequence[Array | None],
    orders: Sequence[Array],
    sizes: Array,
    rates: Sequence[Array],
    threads: int,
) -> list[float]:
    """Make one pass of each net, ``threads`` of them at a time; see ``train_many``.

    Raises:
        RecipeError: shapes or dtypes are wrong; all are named.
    """
    from glassnet import _native

    cores = [net.core for net in nets]
    try:
        return _native.train_many(cores, X, y, list(weights), list(orders), sizes, list(rates), threads)
    except (TypeError, ValueError):
        for net, weight, order, rate in zip(nets, weights, orders, rates, strict=True):
            check_rows(net, X, y, weight)
            check_batches(len(X), order, sizes, rate)
        raise


class NativeOrder:
    """What ``epoch_order`` returns, to the bit, for one epoch after the other and in a third of the time.

    Each order is written over the one before. What is drawn from the seed comes for several epochs at once,
    because it costs more in between, where the caches hold a net and its rows, than the order itself.
    """

    _AHEAD = 16

    def __init__(self, seed: int, rows: int, epochs: int) -> None:
        from glassnet import _native

        self.seed, self.epochs, self.write = seed, epochs, _native.order
        self.order = np.empty(rows, np.int64)
        self.words: dict[int, Array] = {}

    def __call__(self, epoch: int) -> Array:
        """Return the order of an epoch; the next call changes it."""
        if epoch not in self.words:
            last = max(epoch, min(epoch + self._AHEAD - 1, self.epochs))
            self.words = {each: order_words(self.seed, each) for each in range(epoch, last + 1)}
        self.write(self.words[epoch], self.order)
        return self.order


def layer_parts(layer: Layer) -> _native.LayerParts:
    """Return a layer as the extension takes it."""
    activation = ACTIVATIONS.index(layer.activation)
    return layer.inputs, layer.outputs, activation, layer.slope, layer.dropout, layer.bias


def objective_parts(o: Objective) -> _native.ObjectiveParts:
    """Return an objective as the extension takes it."""
    return LOSSES.index(o.loss), o.scale, o.l1, o.l2, o.l2_per_batch, o.clip or 0.0


def optimizer_parts(o: Optimizer) -> _native.OptimizerParts:
    """Return an optimiser as the extension takes it."""
    method = OPTIMIZERS.index(o.name)
    return method, o.momentum, o.nesterov, *o.betas, o.eps, o.alpha, o.weight_decay, o.eps_corrected
