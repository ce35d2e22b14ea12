"""Nets with injected faults, and healthy ones, on small data sets: what `doctor.py` hands to the doctor."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from doctor_data import Data, scaled
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from torch import nn
from torch.nn import functional as F

import glassnet as gn


def mlp(
    data: Data, hidden: tuple[int, ...] = (32,), activation: type[nn.Module] = nn.ReLU, seed: int = 0
) -> nn.Sequential:
    """Build a dense net, with torch's own weights."""
    torch.manual_seed(seed)
    widths = [data.X.shape[1], *hidden]
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], data.outputs))


@dataclass(frozen=True)
class Asked:
    """What is handed to the doctor."""

    net: nn.Module
    data: Data
    settings: dict[str, Any]

    def diagnosis(self, prove: bool = False) -> gn.Diagnosis:
        """Ask the doctor."""
        return gn.diagnose(
            self.net, self.data.X, self.data.y, **{"loss": self.data.loss, "prove": prove, **self.settings}
        )


GOOD = {"optimizer": "adam", "lr": 0.005, "epochs": 30}


def well(data: Data, seed: int, **settings: Any) -> Asked:
    return Asked(mlp(data, seed=seed), data, {**GOOD, "seed": seed, **settings})


def with_weights(asked: Asked, net: nn.Module, change: Callable[[nn.Module], object]) -> Asked:
    torch.manual_seed(asked.settings["seed"])
    net.apply(change)
    return replace(asked, net=net)


def normal(deviation: float) -> Callable[[nn.Module], object]:
    return lambda each: nn.init.normal_(each.weight, 0, deviation) if isinstance(each, nn.Linear) else None


def constant(each: nn.Module) -> None:
    if isinstance(each, nn.Linear):
        nn.init.constant_(each.weight, 0.1)
        nn.init.constant_(each.bias, 0.0)


def low_bias(net: nn.Sequential) -> nn.Sequential:
    nn.init.constant_(net[0].bias, -10.0)
    return net


class Detached(nn.Module):
    """A net whose first layer is cut off from the loss."""

    def __init__(self, net: nn.Sequential) -> None:
        super().__init__()
        self.first, self.rest = net[0], net[1:]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Answer rows."""
        return self.rest(self.first(x).detach())


def loop(clear: bool, flat: bool) -> Callable[[nn.Module, torch.Tensor, torch.Tensor], None]:
    """Return a training loop as a beginner writes it, with faults."""
    losses = {1: F.mse_loss, 2: F.binary_cross_entropy_with_logits, 3: F.cross_entropy}

    def train(net: nn.Module, X: torch.Tensor, y: torch.Tensor) -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
        loss = losses[
            3 if y.dtype == torch.int64 else 2 if bool(((y == 0) | (y == 1)).all()) and not flat else 1
        ]
        for _ in range(20):
            for rows in torch.split(torch.randperm(len(X)), 32):
                if clear:
                    optimizer.zero_grad()
                loss(net(X[rows]), y[rows, 0] if flat else y[rows]).backward()
                optimizer.step()

    return train


def labels(data: Data, how: str, seed: int) -> Data:
    chance = np.random.default_rng(seed)
    y = data.y.reshape(len(data.y), -1).astype("float64")
    if how == "column":
        return replace(data, X=np.column_stack([data.X, scaled(y)]).astype("float32"))
    part = chance.normal(0, 1, y.shape) * y.std()
    return replace(data, X=scaled(np.column_stack([data.X, part, y - part])))


def some(data: Data, rows: int, seed: int) -> Data:
    order = np.random.default_rng(seed).permutation(len(data.X))[:rows]
    return replace(data, X=data.X[order], y=data.y[order])


def muddled(data: Data, seed: int) -> Data:
    """Give a sixth of the rows the target of another row, so that there is something to learn by heart."""
    chance = np.random.default_rng(seed)
    y, rows = data.y.copy(), chance.permutation(len(data.y))[: len(data.y) // 6]
    y[rows] = data.y[chance.permutation(len(data.y))[: len(rows)]]
    return replace(data, y=y)


def shuffled(data: Data, seed: int) -> Data:
    return replace(data, y=np.random.default_rng(seed).permutation(data.y))


def unscaled(data: Data, seed: int) -> Data:
    factors = 10 ** np.random.default_rng(seed).uniform(1, 4, data.X.shape[1])
    return replace(data, X=(data.X * factors + 3 * factors).astype("float32"))


Fault = tuple[set[str], Callable[[Data, int], Asked], Callable[[Data], bool]]


def always(data: Data) -> bool:
    return True


def is_numbers(data: Data) -> bool:
    return data.loss == "mse"


def is_classes(data: Data) -> bool:
    return data.loss != "mse"


FAULTS: dict[str, Fault] = {
    "rate x 1000": ({"learning_rate_too_high"}, lambda d, s: well(d, s, lr=5.0), always),
    "rate / 1000": ({"learning_rate_too_low"}, lambda d, s: well(d, s, lr=5e-6), always),
    "unscaled inputs": (
        {"inputs_not_scaled"},
        lambda d, s: well(unscaled(d, s), s, optimizer="sgd", lr=0.01),
        always,
    ),
    "ten sigmoid layers": (
        {"vanishing_gradients"},
        lambda d, s: replace(well(d, s, optimizer="sgd", lr=0.1), net=mlp(d, (16,) * 10, nn.Sigmoid, s)),
        always,
    ),
    "large weights, tanh": (
        {"saturated_units"},
        lambda d, s: with_weights(well(d, s), mlp(d, (32, 32), nn.Tanh), normal(5.0)),
        always,
    ),
    "large weights, ten ReLU layers": (
        {"exploding_gradients"},
        lambda d, s: with_weights(well(d, s, optimizer="sgd", lr=1e-4), mlp(d, (32,) * 10), normal(0.8)),
        always,
    ),
    "bias -10 before ReLU": (
        {"dead_relu"},
        lambda d, s: replace(well(d, s), net=low_bias(mlp(d, seed=s))),
        always,
    ),
    "ReLU killed by the rate": (
        {"dead_relu", "learning_rate_too_high"},
        lambda d, s: well(d, s, optimizer="sgd", lr=30.0),
        always,
    ),
    "softmax before cross entropy": (
        {"softmax_twice"},
        lambda d, s: replace(
            well(d, s),
            net=nn.Sequential(*mlp(d, seed=s), nn.Softmax(1) if d.loss == "cross_entropy" else nn.Sigmoid()),
        ),
        is_classes,
    ),
    "target among the inputs": (
        {"labels_in_inputs"},
        lambda d, s: well(labels(d, "column", s), s),
        always,
    ),
    "two parts of the target": (
        {"labels_in_inputs"},
        lambda d, s: well(labels(d, "parts", s), s),
        is_numbers,
    ),
    "zero_grad forgotten": (
        {"gradients_not_cleared"},
        lambda d, s: well(d, s, train=loop(False, False)),
        always,
    ),
    "targets (n,), outputs (n, 1)": (
        {"broadcast_targets"},
        lambda d, s: well(d, s, train=loop(True, True)),
        is_numbers,
    ),
    "twelve rows": ({"too_few_rows"}, lambda d, s: well(some(d, 12, s), s), always),
    "far too long": (
        {"overfitting"},
        lambda d, s: replace(
            well(muddled(some(d, 100, s), s), s, epochs=300), net=mlp(d, (256, 256), seed=s)
        ),
        always,
    ),
    "one hidden unit": (
        {"underfitting"},
        lambda d, s: replace(well(d, s, epochs=60), net=mlp(d, (1,), seed=s)),
        lambda d: False,
    ),
    "constant weights": ({"same_units"}, lambda d, s: with_weights(well(d, s), mlp(d), constant), always),
    "shuffled targets": ({"nothing_to_learn", "overfitting"}, lambda d, s: well(shuffled(d, s), s), always),
    "a layer cut off": (
        {"no_gradient"},
        lambda d, s: replace(well(d, s), net=Detached(mlp(d, seed=s))),
        always,
    ),
    "weight decay of 10": (
        {"weight_decay_too_large"},
        lambda d, s: well(d, s, optimizer="adamw", weight_decay=100.0, epochs=60),
        always,
    ),
    "ReLU on the output": (
        {"activation_on_output"},
        lambda d, s: replace(well(d, s), net=nn.Sequential(*mlp(d, seed=s), nn.ReLU())),
        is_numbers,
    ),
}
BENT = {"moons", "friedman1", "clouds", "circles", "rings", "waves", "quantiles"} | {
    *("hastie", "swiss roll", "exclusive or", "product")
}
"""Data sets that no line can fit."""


def healthy(data: Data, seed: int) -> dict[str, Asked]:
    """Return nets that train well on any of the data sets."""
    torch.manual_seed(seed)
    width, outputs = data.X.shape[1], data.outputs
    normed = nn.Sequential(nn.Linear(width, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, outputs))
    dropped = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, outputs))
    layered = nn.Sequential(nn.Linear(width, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, outputs))
    made = {
        "relu, adam": well(data, seed),
        "two relu layers, adamw": replace(
            well(data, seed, optimizer="adamw", lr=0.003), net=mlp(data, (32, 16), seed=seed)
        ),
        "tanh, sgd with momentum": replace(
            well(data, seed, optimizer="sgd", lr=0.03, momentum=0.9), net=mlp(data, (24,), nn.Tanh, seed)
        ),
        "sigmoid, adam": replace(
            well(data, seed, lr=0.02, epochs=40), net=mlp(data, (20,), nn.Sigmoid, seed)
        ),
        "three relu layers, decay": replace(
            well(data, seed, optimizer="adamw", lr=0.002, weight_decay=0.01),
            net=mlp(data, (64, 32, 16), seed=seed),
        ),
        "batch norm": replace(well(data, seed), net=normed),
        "wide": replace(well(data, seed, lr=0.002), net=mlp(data, (128, 128), seed=seed)),
        "dropout": replace(well(data, seed), net=dropped),
        "layer norm, gelu": replace(well(data, seed), net=layered),
        "relu, plain sgd": replace(
            well(data, seed, optimizer="sgd", lr=0.1, epochs=40), net=mlp(data, (48,), seed=seed)
        ),
        "relu, rmsprop, small batches": well(
            data, seed, optimizer="rmsprop", lr=0.002, batch_size=16, epochs=20
        ),
        "leaky relu, one cycle": replace(
            well(data, seed, schedule="one_cycle", lr=0.01), net=mlp(data, (32, 32), nn.LeakyReLU, seed)
        ),
        "a loop of one's own": well(data, seed, train=loop(True, False)),
    }
    return made


def trains_well(asked: Asked) -> bool:
    """Say, without the doctor, whether a run is healthy: on rows held out, beside gradient boosting.

    It must reach boosting's R² or accuracy, less 0.05.
    """
    data, settings = asked.data, {name: each for name, each in asked.settings.items() if name != "train"}
    order = np.random.default_rng(99).permutation(len(data.X))
    held, rest = order[: len(order) // 4], order[len(order) // 4 :]
    net, own = copy.deepcopy(asked.net), asked.settings.get("train")
    X, y = torch.from_numpy(data.X[rest]), torch.from_numpy(data.y[rest])
    if own is not None:
        own(net, X, y)
    else:
        gn.fit(net, X, y, loss=data.loss, **settings)
    with torch.no_grad():
        answers = net.eval()(torch.from_numpy(data.X[held])).numpy()
    kind = HistGradientBoostingRegressor if data.loss == "mse" else HistGradientBoostingClassifier
    boosted = kind(random_state=0).fit(data.X[rest], data.y[rest].reshape(-1)).predict(data.X[held])
    truth = data.y[held].reshape(-1)
    if data.loss == "mse":
        mine, theirs = (1 - np.mean((each - truth) ** 2) / truth.var() for each in (answers[:, 0], boosted))
    else:
        chosen = answers.argmax(axis=1) if answers.shape[1] > 1 else answers[:, 0] > 0
        mine, theirs = (float((each == truth).mean()) for each in (chosen, boosted))
    return bool(mine >= theirs - 0.05)
