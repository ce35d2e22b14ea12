"""Training a bag with dense layers on top, in torch: only the weights of n-grams in a batch are touched.

Each row of features is divided by its length, as in the linear bag, and the naive-Bayes scale, where it is
asked for, makes n-grams that divide the classes louder. Adam keeps its means for the weights of an n-gram
only when it is seen (torch's SparseAdam). One thread works, so that the bits do not hang on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from glassnet.data.text_features import Features
from glassnet.engine.bags_net import BagSettings, PassRecord
from glassnet.engine.bags_stack import Stack, hidden_layers, shapes
from glassnet.engine.bags_train import Fitted, Rows, Tell, is_better, is_over, log_loss, naive_bayes_scale
from glassnet.engine.threads import using_threads
from glassnet.nets.activations import ACTIVATIONS
from glassnet.randomness import epoch_order, torch_seeded

BATCH_SIZE = 32
AT_ONCE = 1_000
QUIETEST = 0.1
"""The scale of n-grams that tell nothing alone: what they tell with others is to be heard too."""
SMALL = 0.01
"""Deviation of the weights of n-grams before anything is learned: those that are seldom seen stay near 0."""


class StackedBag(nn.Module):
    """Sums of weights of n-grams, then dense layers.

    Args:
        scale: what each n-gram's value is multiplied with. Shape: (features,).
    """

    def __init__(self, scale: NDArray[np.float64], settings: BagSettings, outputs: int) -> None:
        super().__init__()
        self.hidden = hidden_layers(settings.hidden)
        self.scale = torch.from_numpy(scale).float()
        self.first = nn.EmbeddingBag(
            len(scale), self.hidden[0].units, mode="sum", sparse=True, include_last_offset=True
        )
        self.bias = nn.Parameter(torch.zeros(self.hidden[0].units))
        self.above = [nn.Linear(*sizes) for sizes in shapes(self.hidden, outputs)]
        self.layers = nn.ModuleList(self.above)
        nn.init.normal_(self.first.weight, std=SMALL)

    def forward(self, columns: Tensor, offsets: Tensor, values: Tensor) -> Tensor:
        """Answer texts: the features of all of them, and where each begins. Shape: (texts, outputs)."""
        values = values * self.scale[columns]
        x: Tensor = self.first(columns, offsets, per_sample_weights=values) + self.bias
        for layer, above in zip(self.hidden, self.above, strict=True):
            x = above(F.dropout(ACTIVATIONS[layer.activation]()(x), layer.dropout, self.training))
        return x

    def optimizers(self, rate: float) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
        """Return Adam for the weights of n-grams, and for all others."""
        others = [self.bias, *self.layers.parameters()]
        return torch.optim.SparseAdam([self.first.weight], lr=rate), torch.optim.Adam(others, lr=rate)

    def numbers(self) -> tuple[NDArray[np.float32], NDArray[np.float32], Stack]:
        """Return copies of the weights with the scale in them, of the first bias, and of what is above."""
        weights = self.first.weight.detach() * self.scale[:, None]
        above = [(_copy(each.weight.T), _copy(each.bias)) for each in self.above]
        stack = Stack(self.hidden, tuple(w for w, _ in above), tuple(b for _, b in above))
        return weights.numpy(), _copy(self.bias), stack


def _copy(tensor: Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().numpy(), order="C")


def fit_stack(
    rows: Rows,
    classes: int,
    settings: BagSettings,
    judge: Rows | None,
    progress: Tell | None,
    patience: int | None,
    seconds: float | None,
) -> Fitted:
    """Train on rows; see :func:`glassnet.engine.bags_train.fit`."""
    begun, outputs = time.perf_counter(), 1 if classes == 2 else classes
    with using_threads(1), torch_seeded(settings.seed, "weights"):
        net = StackedBag(_scale(rows, classes, settings), settings, outputs)
        best, lowest, last, history = net.numbers(), np.inf, 0, list[PassRecord]()
        optimizers = net.optimizers(settings.learning_rate)
        for number in range(1, settings.passes + 1):
            loss = _one_pass(net, optimizers, rows, settings.seed, number)
            judged = None if judge is None else log_loss(_answers(net, judge.features), judge)
            record = PassRecord(number, settings.passes, loss, judged, time.perf_counter() - begun)
            history.append(record)
            if progress is not None:
                progress(record)
            if patience is None or judged is None or is_better(judged, lowest):
                best, last, lowest = net.numbers(), number, np.inf if judged is None else judged
            if is_over(record, number - last, patience, seconds):
                break
    weights, bias, stack = best
    return Fitted(weights, bias, last, tuple(history), stack)


def _scale(rows: Rows, classes: int, settings: BagSettings) -> NDArray[np.float64]:
    """Return how loud each n-gram is: of several classes as for the one that it tells most of."""
    if settings.scale == "none":
        return np.ones(rows.features.width)
    features, weight = rows.features, rows.weight / rows.weight.mean()
    texts = np.repeat(np.arange(len(features)), np.diff(features.offsets))
    places = features.columns * np.int64(classes) + rows.labels[texts]
    counts = np.bincount(places, weight[texts], features.width * classes).reshape(-1, classes)
    scale: NDArray[np.float64] = np.abs(naive_bayes_scale(counts, settings.smoothing)).max(1, initial=0.0)
    return QUIETEST + scale


def _one_pass(
    net: StackedBag,
    optimizers: tuple[torch.optim.Optimizer, ...],
    rows: Rows,
    seed: int,
    number: int,
) -> float:
    """Learn every text once; return the weighted mean loss."""
    net.train()
    order, total = epoch_order(seed, number, len(rows.features)), 0.0
    labels, weight = torch.from_numpy(rows.labels), torch.from_numpy(rows.weight / rows.weight.mean()).float()
    for some, batch in _batches(rows.features, order, BATCH_SIZE):
        losses = _losses(net(*batch), labels[some])
        loss = (losses * weight[some]).mean()
        for each in optimizers:
            each.zero_grad()
        torch.autograd.backward(loss)
        for each in optimizers:
            each.step()
        total += float(loss.detach()) * len(some)
    return total / len(order)


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], labels.float(), reduction="none")
    return F.cross_entropy(logits, labels, reduction="none")


def _answers(net: StackedBag, features: Features) -> NDArray[np.float32]:
    net.eval()
    with torch.no_grad():
        parts = [net(*batch).numpy() for _, batch in _batches(features, np.arange(len(features)), AT_ONCE)]
    found: NDArray[np.float32] = np.concatenate(parts)
    return found


def _batches(
    features: Features, order: NDArray[np.int64], size: int
) -> Iterator[tuple[NDArray[np.int64], tuple[Tensor, Tensor, Tensor]]]:
    """Yield texts, and their features as ``StackedBag`` takes them, each row of length 1."""
    begins, ends = features.offsets[:-1], features.offsets[1:]
    for start in range(0, len(order), size):
        some = order[start : start + size]
        counts = ends[some] - begins[some]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        entries = np.arange(offsets[-1]) + np.repeat(begins[some] - offsets[:-1], counts)
        values: Any = np.ones(len(entries)) if features.values is None else features.values[entries]
        squares = np.add.reduceat(np.append(values**2, 0.0), offsets[:-1]) * (counts > 0)
        values = values / np.repeat(np.sqrt(squares), counts)
        columns = torch.from_numpy(features.columns[entries].astype(np.int64))
        yield some, (columns, torch.from_numpy(offsets), torch.from_numpy(values).float())
