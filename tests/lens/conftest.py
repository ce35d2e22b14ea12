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
