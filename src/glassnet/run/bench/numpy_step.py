"""One training step in vectorised NumPy, as one would write it by hand: a peer, not an engine of Glassnet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.run.bench.workloads import Floats, Problem

Array = NDArray[Any]
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


class NumpyTraining:
    """Whole batches as matrix products, everything in float32."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.workload = problem, problem.workload
        self.layers = [(weight.copy(), bias.copy()) for weight, bias in problem.start]
        self.memory = [(np.zeros_like(each), np.zeros_like(each)) for pair in self.layers for each in pair]
        self.chance = np.random.default_rng(0)
        self.updates = 0

    def train(self, steps: int) -> int:
        """Make so many steps, epoch by epoch, the rows of each in a new order."""
        rows, batch = len(self.problem.X), self.workload.batch
        done = 0
        while done < steps:
            order = self.chance.permutation(rows)
            for start in range(0, min(rows, (steps - done) * batch), batch):
                chosen = order[start : start + batch]
                self._step(self.problem.X[chosen], self.problem.y[chosen])
                done += 1
        return done

    def parameters(self) -> list[tuple[Floats, Floats]]:
        """Return weight (outputs, inputs) and bias of each layer."""
        return self.layers

    def _step(self, x: Array, y: Array) -> None:
        inputs: list[Array] = [x]
        slopes: list[Array] = []
        for weight, bias in self.layers[:-1]:
            hidden, slope = self._activated(inputs[-1] @ weight.T + bias)
            inputs.append(hidden)
            slopes.append(slope)
        weight, bias = self.layers[-1]
        delta = self._error(inputs[-1] @ weight.T + bias, y)
        gradients = []
        for index in reversed(range(len(self.layers))):
            gradients.append((delta.T @ inputs[index], delta.sum(axis=0)))
            if index:
                delta = (delta @ self.layers[index][0]) * slopes[index - 1]
        self._update(gradients[::-1])

    def _activated(self, sums: Array) -> tuple[Array, Array]:
        """Return the hidden units behind activation and dropout, and their slope."""
        if self.workload.activation == "sigmoid":
            hidden = 1 / (1 + np.exp(-sums))
            slope = hidden * (1 - hidden)
        else:
            hidden = np.maximum(sums, 0)
            slope = (sums > 0).astype(np.float32)
        if dropout := self.workload.dropout:
            kept = (self.chance.random(sums.shape, dtype=np.float32) >= dropout) * np.float32(
                1 / (1 - dropout)
            )
            hidden, slope = hidden * kept, slope * kept
        return hidden, slope

    def _error(self, outputs: Array, y: Array) -> Array:
        """Return the gradient of the mean loss with respect to the outputs."""
        if self.workload.loss == "mse":
            error: Array = (outputs - y) * np.float32(2 / y.size)
            return error
        shares: Array = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(len(y)), y] -= 1
        shares /= np.float32(len(y))
        return shares

    def _update(self, gradients: list[tuple[Array, Array]]) -> None:
        self.updates += 1
        rate = self.workload.learning_rate
        pairs = [
            pair
            for own, slopes in zip(self.layers, gradients, strict=True)
            for pair in zip(own, slopes, strict=True)
        ]
        if self.workload.optimizer == "sgd":
            for value, gradient in pairs:
                value -= rate * gradient
            return
        step = rate / (1 - BETA1**self.updates)
        root = (1 - BETA2**self.updates) ** 0.5
        for (value, gradient), (mean, square) in zip(pairs, self.memory, strict=True):
            mean += (1 - BETA1) * (gradient - mean)
            square += (1 - BETA2) * (gradient * gradient - square)
            value -= step * mean / (np.sqrt(square) / root + EPS)
