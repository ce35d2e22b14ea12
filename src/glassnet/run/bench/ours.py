"""Glassnet's own ways: a whole call of ``gn.fit``, and the engine below it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from glassnet.engine.dense import DenseNet, Layer, Objective, Optimizer, dense_net
from glassnet.engine.training import fit
from glassnet.run.bench.peers import torch_net, torch_parameters
from glassnet.run.bench.workloads import Floats, Problem


class FitTraining:
    """Whole calls of ``fit``, checks and set-up included."""

    def __init__(self, problem: Problem, engine: str = "auto", precision: str = "float32") -> None:
        self.problem, self.net = problem, torch_net(problem)
        self.asked, self.precision = engine, precision
        self.engine = engine

    def train(self, steps: int) -> int:
        """Make at least so many steps: whole epochs."""
        workload = self.problem.workload
        per_epoch = len(self.problem.X) // workload.batch
        epochs = -(-steps // per_epoch)
        history = fit(
            self.net,
            self.problem.X,
            self.problem.y,
            loss=workload.loss,
            optimizer=workload.optimizer,
            lr=workload.learning_rate,
            batch_size=workload.batch,
            epochs=epochs,
            device="cpu",
            engine=self.asked,
            precision=self.precision,
        )
        self.engine = history.engine
        return epochs * per_epoch

    def parameters(self) -> list[tuple[Floats, Floats]]:
        """Return weight and bias of each layer."""
        return torch_parameters(self.net)


class FusedFit(FitTraining):
    """``fit`` with the fused engine, or an error that says why not."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, "fused")


class EngineTraining:
    """The engine itself: an epoch a call, arrays in, no torch."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.net = problem, new_dense_net(problem)
        self.engine = self.net.engine
        self.chance = np.random.default_rng(0)

    def train(self, steps: int) -> int:
        """Make so many steps, epoch by epoch."""
        workload, rows = self.problem.workload, len(self.problem.X)
        done = 0
        while done < steps:
            count = min(rows // workload.batch, steps - done)
            order = self.chance.permutation(rows)[: count * workload.batch]
            sizes = np.full(count, workload.batch)
            rates = np.full(count, workload.learning_rate)
            self.net.train(self.problem.X, self.problem.y, None, order, sizes, rates)
            done += count
        return done

    def parameters(self) -> list[tuple[Floats, Floats]]:
        """Return weight and bias of each layer."""
        return [(weight, bias) for weight, bias in self.net.parameters() if bias is not None]


def new_dense_net(problem: Problem) -> DenseNet:
    """Build the net for the engine, with the weights of the start."""
    workload = problem.workload
    pairs = list(pairwise(workload.sizes))
    layers = [
        Layer(
            inputs,
            outputs,
            activation=workload.activation if index < len(pairs) - 1 else "identity",
            dropout=workload.dropout if index else 0.0,
        )
        for index, (inputs, outputs) in enumerate(pairs)
    ]
    net = dense_net(layers, Objective(workload.loss), Optimizer(workload.optimizer))
    net.set_parameters([(weight, bias) for weight, bias in problem.start])
    return net
