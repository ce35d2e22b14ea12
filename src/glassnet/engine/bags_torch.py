"""Training a bag with dense layers on top, in torch: only the weights of n-grams in a batch are touched.

Each row of features is divided by its length, as in the linear bag, and the naive-Bayes scale, where it is
asked for, makes n-grams that divide the classes louder. Adam keeps its means for the weights of an n-gram
only when it is seen (torch's SparseAdam). One thread works, so that the bits do not hang on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from glassnet.data.text_features import Array, Features
from glassnet.engine import bags_numpy
from glassnet.engine.bags_net import BagSettings
from glassnet.engine.bags_stack import Stack, hidden_layers, shapes
from glassnet.engine.threads import using_threads
from glassnet.nets.activations import ACTIVATIONS
from glassnet.randomness import epoch_order, torch_seeded

BATCH_SIZE = 32
QUIETEST = 0.1
"""The scale of n-grams that tell nothing alone: what they tell with others is to be heard too."""
SMALL = 0.01
"""Deviation of the weights of n-grams before anything is learned: those that are seldom seen stay near 0."""

Batch = tuple[Tensor, Tensor, Tensor]
"""The features of some texts, where each text begins, and the values, each row of length 1."""


class StackedBag(nn.Module):
    """Sums of weights of n-grams, then dense layers; ``scale`` multiplies the value of each n-gram."""

    def __init__(self, features: int, hidden: str, outputs: int) -> None:
        super().__init__()
        self.hidden = hidden_layers(hidden)
        self.scale = torch.ones(features)
        units = self.hidden[0].units
        self.first = nn.EmbeddingBag(features, units, mode="sum", sparse=True, include_last_offset=True)
        self.bias = nn.Parameter(torch.zeros(units))
        self.above = [nn.Linear(*sizes) for sizes in shapes(self.hidden, outputs)]
        self.layers = nn.ModuleList(self.above)
        nn.init.normal_(self.first.weight, std=SMALL)

    def forward(self, columns: Tensor, offsets: Tensor, values: Tensor) -> Tensor:
        """Answer texts; see ``Batch``. Shape: (texts, outputs)."""
        values = values * self.scale[columns]
        x: Tensor = self.first(columns, offsets, per_sample_weights=values) + self.bias
        for layer, above in zip(self.hidden, self.above, strict=True):
            x = above(F.dropout(ACTIVATIONS[layer.activation]()(x), layer.dropout, self.training))
        return x


class TorchSolver:
    """Minimises the mean log loss of a bag with hidden layers by Adam; see ``NumpySolver``."""

    def __init__(
        self, features: Features, labels: Array, weight: Array, outputs: int, settings: BagSettings
    ) -> None:
        self.x, self.labels, self.settings, self.passes = features, labels, settings, 0
        self.truth = torch.from_numpy(labels)
        self.weight = torch.from_numpy(weight / weight.mean()).float()
        rows, values, lengths = bags_numpy.entries(features)
        self.values = torch.from_numpy((values * lengths[rows]).astype(np.float32))
        with torch_seeded(settings.seed, "weights"):
            self.net = StackedBag(features.width, settings.hidden, outputs)
        others = [self.net.bias, *self.net.layers.parameters()]
        self.optimizers = torch.optim.SparseAdam([self.net.first.weight]), torch.optim.Adam(others)

    def class_counts(self, weight: Array) -> Array:
        """Return how much the texts weigh that have each feature, by class. Shape: (width, classes)."""
        return bags_numpy.class_counts(self.x, self.labels, weight, max(2, self.net.above[-1].out_features))

    def rescale(self, scale: Array) -> None:
        """Take the scale of the features: of several classes as for the one that each tells most of."""
        loudest = QUIETEST + np.abs(scale).max(1, initial=0.0)
        self.net.scale = torch.from_numpy(loudest).float()

    def step(self, length: float, *_: object) -> float:
        """Learn every text once, ``length`` being Adam's rate; return the weighted mean loss meanwhile."""
        self.passes += 1
        for each in self.optimizers:
            each.param_groups[0]["lr"] = length
        self.net.train()
        seed, total = self.settings.seed, 0.0
        with using_threads(1), torch_seeded(seed, "dropout", self.passes):
            for some, batch in self.batches(epoch_order(seed, self.passes, len(self.x))):
                total += self._learn(some, batch) * len(some)
        return total / len(self.x)

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.float32], Stack]:
        """Return copies of the weights, scaled, (width, units), of their bias (units,), and what is above."""
        weights = self.net.first.weight.detach() * self.net.scale[:, None]
        above = self.net.above
        stack = Stack(
            self.net.hidden,
            tuple(_copy(each.weight.T) for each in above),
            tuple(_copy(each.bias) for each in above),
        )
        return weights.numpy(), _copy(self.net.bias), stack

    def batches(self, order: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        """Yield texts and their features."""
        begins, ends = self.x.offsets[:-1], self.x.offsets[1:]
        for start in range(0, len(order), BATCH_SIZE):
            some = order[start : start + BATCH_SIZE]
            counts = ends[some] - begins[some]
            offsets = np.concatenate([[0], np.cumsum(counts)])
            entries = np.arange(offsets[-1]) + np.repeat(begins[some] - offsets[:-1], counts)
            columns = torch.from_numpy(self.x.columns[entries].astype(np.int64))
            yield some, (columns, torch.from_numpy(offsets), self.values[torch.from_numpy(entries)])

    def _learn(self, some: NDArray[np.int64], batch: Batch) -> float:
        logits, truth = self.net(*batch), self.truth[some]
        if logits.shape[1] == 1:
            losses = F.binary_cross_entropy_with_logits(logits[:, 0], truth.float(), reduction="none")
        else:
            losses = F.cross_entropy(logits, truth, reduction="none")
        loss: Any = (losses * self.weight[some]).mean()
        for each in self.optimizers:
            each.zero_grad()
        torch.autograd.backward(loss)
        for each in self.optimizers:
            each.step()  # type: ignore[no-untyped-call]
        return float(loss.detach())


def _copy(tensor: Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().numpy(), order="C")
