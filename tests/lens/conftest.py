"""A model that is right by construction: a linear net whose weights are set, over columns of every kind."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import glassnet as gn
from glassnet.randomness import stream


@dataclass(frozen=True)
class Linear:
    """A linear model, the rows that it was trained on, and what each input unit adds to the net's output."""

    model: gn.Model
    rows: pl.DataFrame
    weights: dict[str, float]


@pytest.fixture(scope="session")
def linear() -> Callable[..., Linear]:
    """Give a linear model of any target, with the weights that are named, else 1, -1/2, 1/3, -1/4, ..."""
    train = functools.cache(_train)

    def make(target: str = "骑行", rows: int = 400, weights: dict[str, float] | None = None) -> Linear:
        trained, table = train(target, rows)
        model = replace(trained, net=copy.deepcopy(trained.net))
        layer = next(each for each in model.net.modules() if isinstance(each, torch.nn.Linear))
        names = model.schema.input_names
        values = [
            (-1) ** n / (n + 1) if weights is None else weights.get(x, 0.0) for n, x in enumerate(names)
        ]
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.zero_()
            layer.weight[0] = torch.tensor(values)
            layer.bias[0] = 0.25
        return Linear(model, table, dict(zip(names, values, strict=True)))

    return make


def _train(target: str, rows: int) -> tuple[gn.Model, pl.DataFrame]:
    table = _table(rows).drop(name for name in ("骑行", "bought", "kind", "count") if name != target)
    task = "poisson" if target == "count" else "auto"
    options = {"test": "none", "validation": "none", "net": "linear", "epochs": 1, "task": task}
    return gn.train(table, target=target, **options), table


def _table(rows: int) -> pl.DataFrame:
    chance = stream(0, "test", "explanations")
    temperature, wind = chance.normal(20, 8, rows).round(2), chance.gamma(2, 3, rows).round(2)
    signal = (temperature - 20) / 8 - wind / 6
    days = np.datetime64("2024-01-01") + np.arange(rows) * 2 // 3
    wind_or_none = [None if place % 10 == 0 else value for place, value in enumerate(wind.tolist())]
    return pl.DataFrame(
        {
            "温度": temperature,
            "wind": wind_or_none,
            "colour": np.array(["red", "green", "blue"])[chance.integers(3, size=rows)],
            "open": chance.random(rows) < 0.7,
            "when": days.astype(str),
            "骑行": (500 + 100 * signal + 20 * chance.normal(size=rows)).round(3),
            "bought": np.where(signal + chance.normal(size=rows) > 0, "yes", "no"),
            "kind": np.array(["p", "q", "r"])[np.digitize(signal, [-1.5, 0])],
            "count": chance.poisson(np.exp(1 + 0.3 * signal)),
        }
    )


class LeNet(nn.Module):
    """The course's network, with its functional calls (C37)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(16 * 6 * 6, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features


class Residual(nn.Module):
    """One block around which the input goes, with layers that work in place."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.ReLU(inplace=True)
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(inplace=True))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.act(self.norm(self.stem(x)))
        x = x + self.block(x)
        return self.head(self.act(x).mean(dim=(2, 3)))


@pytest.fixture(scope="session")
def seeded() -> Callable[[Callable[[], nn.Module]], nn.Module]:
    """Make a net with weights that are always the same: ``seeded(lambda: nn.Linear(2, 1))``."""

    def make(build: Callable[[], nn.Module]) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return build()

    return make


@pytest.fixture(scope="session")
def new_lenet(seeded) -> Callable[[], nn.Module]:
    """Make the course's LeNet for photos of 1 x 32 x 32: ``new_lenet()``."""
    return functools.partial(seeded, LeNet)


@pytest.fixture
def lenet(new_lenet) -> nn.Module:
    """Give the course's LeNet for photos of 1 x 32 x 32."""
    return new_lenet()


@pytest.fixture
def residual(seeded) -> Residual:
    """Give a small residual net for photos of three channels and any size, four classes."""
    return seeded(Residual)
