"""The dense engine in NumPy: what runs where the compiled one is missing, and what it is compared with.

    x        inputs of a layer, after dropout             shape (n, inputs)
    W, b     weights and bias                             shapes (outputs, inputs), (outputs,)
    z, a     z = x W^T + b, a = f(z)                      shape (n, outputs)
    dz, dW   d loss / d z, d loss / d W                   shapes of z and of W

All weights lie in one flat array, and so do their gradients; W, b, dW and db of a layer are views of them,
and one NumPy call updates the whole net.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.engine.dense_checks import check_batches, check_parameters, check_rows, check_state
from glassnet.engine.dense_spec import Array, Layer, Objective, Optimizer, Parameters, check_net, dropout_mask
from glassnet.engine.dense_steps import ROW_LOSSES, UPDATES, activate, memory_of, times_derivative

ROWS_AT_ONCE = 8192
"""Rows that are answered at once, so that hidden layers of many rows need no memory of their own."""
Masks = list[Array | None]
"""For each layer what its inputs are multiplied with, shape (n, inputs): 0 or 1 / (1 - p)."""


class NumpyNet:
    """A dense net in NumPy; its methods are those of ``DenseNet``, and new weights are 0.

    Raises:
        RecipeError: the parts do not fit together; all that is wrong is named.
    """

    engine = "numpy"

    def __init__(
        self,
        layers: Sequence[Layer],
        objective: Objective,
        optimizer: Optimizer,
        dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        check_net(layers, objective, dtype, seed)
        self.layers, self.objective, self.optimizer = tuple(layers), objective, optimizer
        self.dtype, self.seed = dtype, seed
        self._penalised = sum(layer.inputs * layer.outputs for layer in layers)
        count = self._penalised + sum(layer.outputs for layer in layers if layer.bias)
        self._values, self._slopes = np.zeros((2, count), dtype)
        self._W, self._b = views(self._values, layers)
        self._dW, self._db = views(self._slopes, layers)
        self._memory = {name: np.zeros(count, dtype) for name in memory_of(optimizer)}
        self._step = 0

    def set_parameters(self, parameters: Parameters) -> None:
        """Take weights and biases, one pair for each layer.

        Raises:
            RecipeError: a shape is not that of its layer; all are named.
        """
        check_parameters(self.layers, parameters)
        for (W, b), (new_W, new_b) in zip(self._pairs(), parameters, strict=True):
            W[...] = new_W
            if b is not None:
                b[...] = new_b

    def parameters(self) -> Parameters:
        """Return copies of weights and biases."""
        return [(W.copy(), None if b is None else b.copy()) for W, b in self._pairs()]

    def copy_parameters(self, to: Parameters) -> bool:
        """Write weights and biases into such arrays, and say whether all are finite; see ``DenseNet``."""
        check_parameters(self.layers, to)
        for (W, b), (to_W, to_b) in zip(self._pairs(), to, strict=True):
            to_W[...] = W
            if b is not None and to_b is not None:
                to_b[...] = b
        return all(np.isfinite(each).all() for pair in self._pairs() for each in pair if each is not None)

    def train(
        self, X: Array, y: Array, weight: Array | None, order: Array, sizes: Array, rates: Array
    ) -> float:
        """Make one pass over ``order`` in batches and return its weighted mean loss; see ``DenseNet``.

        A batch whose weights add up to 0 has loss 0 and gradient 0.

        Raises:
            RecipeError: shapes or dtypes are wrong; all are named.
        """
        check_rows(self, X, y, weight)
        check_batches(len(X), order, sizes, rates)
        total = weighed = 0.0
        ends = np.cumsum(sizes).tolist()
        with np.errstate(all="ignore"):  # what overflows ends as infinity or nan, for the caller to see
            for size, end, rate in zip(sizes.tolist(), ends, rates.tolist(), strict=True):
                rows = order[end - size : end]
                batch_weight = None if weight is None else weight[rows]
                loss, weight_sum = self._step_of(X[rows], y[rows], batch_weight, rate)
                total += loss * weight_sum
                weighed += weight_sum
        return total / weighed if weighed else 0.0

    def outputs(self, X: Array) -> Array:
        """Return the last layer's outputs, shape (n, outputs): logits, without dropout."""
        check_rows(self, X)
        no_masks: Masks = [None] * len(self.layers)
        with np.errstate(all="ignore"):
            parts = [
                self._forward(X[at : at + ROWS_AT_ONCE], no_masks)[2][-1]
                for at in range(0, len(X), ROWS_AT_ONCE)
            ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def loss(self, X: Array, y: Array, weight: Array | None = None) -> float:
        """Return the loss without dropout and penalties."""
        check_rows(self, X, y, weight)
        with np.errstate(all="ignore"):
            per_row, _ = ROW_LOSSES[self.objective.loss](self.outputs(X), y)
            return self._mean(per_row, weight)[0]

    def loss_and_gradients(self, X: Array, y: Array, weight: Array | None = None) -> tuple[float, Parameters]:
        """Return the loss and its gradients, without dropout and penalties."""
        check_rows(self, X, y, weight)
        with np.errstate(all="ignore"):
            loss, _ = self._backward(X, y, weight, [None] * len(self.layers))
        return loss, [
            (dW.copy(), None if db is None else db.copy()) for dW, db in zip(self._dW, self._db, strict=True)
        ]

    def state(self) -> dict[str, Any]:
        """Return the step count and copies of the optimiser's memory; see ``DenseNet``."""
        return {"step": self._step, **{name: kept.copy() for name, kept in self._memory.items()}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what ``state`` returned.

        Raises:
            RecipeError: it is the state of another net.
        """
        check_state(state, list(self._memory), len(self._values))
        self._step = int(state["step"])
        for name, kept in self._memory.items():
            kept[...] = state[name]

    def scale_momentum(self, factor: float) -> None:
        """Multiply the momentum, where there is one."""
        if "momentum" in self._memory:
            self._memory["momentum"] *= float(factor)

    def _pairs(self) -> list[tuple[Array, Array | None]]:
        return list(zip(self._W, self._b, strict=True))

    def _step_of(self, X: Array, y: Array, weight: Array | None, rate: float) -> tuple[float, float]:
        """Make one update: gradient, penalties, clipping, optimiser. Returns loss and sum of weights."""
        loss, weight_sum = self._backward(X, y, weight, self._masks(len(X)))
        self._add_penalties(weight_sum)
        if self.objective.clip is not None:
            norm = float(np.sqrt(np.dot(self._slopes, self._slopes)))
            self._slopes *= min(1.0, self.objective.clip / (norm + 1e-6))
        self._step += 1
        update = UPDATES[self.optimizer.name]
        update(self.optimizer, self._values, self._slopes, self._memory, self._step, rate)
        return loss, weight_sum

    def _masks(self, rows: int) -> Masks:
        return [
            dropout_mask(self.seed, self._step, k, layer.inputs, rows, layer.dropout).T.astype(self.dtype)
            * (1.0 / (1.0 - layer.dropout))
            if layer.dropout
            else None
            for k, layer in enumerate(self.layers)
        ]

    def _forward(self, X: Array, masks: Masks) -> tuple[list[Array], list[Array], list[Array]]:
        """Return x, z and a of each layer."""
        inputs: list[Array] = []
        sums: list[Array] = []
        passed: list[Array] = []
        for layer, mask, (W, b) in zip(self.layers, masks, self._pairs(), strict=True):
            a = passed[-1] if passed else X
            x = a if mask is None else a * mask
            z = x @ W.T
            if b is not None:
                z += b
            inputs.append(x)
            sums.append(z)
            passed.append(activate(layer, z))
        return inputs, sums, passed

    def _backward(self, X: Array, y: Array, weight: Array | None, masks: Masks) -> tuple[float, float]:
        """Fill dW and db of every layer; return the loss and the sum of the weights of the rows."""
        x, z, a = self._forward(X, masks)
        per_row, da = ROW_LOSSES[self.objective.loss](a[-1], y)
        loss, weight_sum = self._mean(per_row, weight)
        if weight is None:
            da *= self.objective.scale / weight_sum
        else:
            da *= (weight * _share(self.objective.scale, weight_sum))[:, None]
        for k in reversed(range(len(self.layers))):
            dz = times_derivative(self.layers[k], z[k], a[k], da)
            np.matmul(dz.T, x[k], out=self._dW[k])
            db = self._db[k]
            if db is not None:
                np.sum(dz, axis=0, out=db)
            if k:
                da = dz @ self._W[k]
                mask = masks[k]
                da = da if mask is None else da * mask
        return loss, weight_sum

    def _mean(self, per_row: Array, weight: Array | None) -> tuple[float, float]:
        """Return the weighted mean of the rows' losses, scaled, and the sum of the weights."""
        if weight is None:
            return float(per_row.mean(dtype=np.float64)) * self.objective.scale, float(len(per_row))
        weight_sum = float(weight.sum(dtype=np.float64))
        total = float(np.dot(per_row.astype(np.float64), weight.astype(np.float64)))
        return total * _share(self.objective.scale, weight_sum), weight_sum

    def _add_penalties(self, weight_sum: float) -> None:
        o, W, dW = self.objective, self._values[: self._penalised], self._slopes[: self._penalised]
        l2 = _share(o.l2, weight_sum) if o.l2_per_batch else o.l2
        if l2:
            dW += l2 * W
        if o.l1:
            dW += o.l1 * np.sign(W)


def views(flat: Array, layers: Sequence[Layer]) -> tuple[list[Array], list[Array | None]]:
    """Cut the flat array into the weights (outputs, inputs) of the layers, then their biases."""
    weights: list[Array] = []
    biases: list[Array | None] = []
    start = 0
    for layer in layers:
        end = start + layer.inputs * layer.outputs
        weights.append(flat[start:end].reshape(layer.outputs, layer.inputs))
        start = end
    for layer in layers:
        biases.append(flat[start : start + layer.outputs] if layer.bias else None)
        start += layer.outputs if layer.bias else 0
    return weights, biases


def _share(value: float, weight_sum: float) -> float:
    """Return value / weight_sum; 0 where the rows weigh nothing."""
    return value / weight_sum if weight_sum else 0.0
