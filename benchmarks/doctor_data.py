"""The data sets of `doctor.py`: bundled with scikit-learn, or made up by formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.datasets as bundled

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Data:
    """Standardised inputs, targets as the loss takes them, and the loss."""

    X: Floats
    y: Any
    loss: str

    @property
    def outputs(self) -> int:
        """How many outputs a net for it has."""
        return int(self.y.max()) + 1 if self.loss == "cross_entropy" else 1


def regression(X: Floats, y: Floats) -> Data:
    return Data(scaled(X), scaled(y.reshape(-1, 1)).astype("float32"), "mse")


def binary(X: Floats, y: Floats) -> Data:
    return Data(scaled(X), y.reshape(-1, 1).astype("float32"), "binary_cross_entropy")


def classes(X: Floats, y: Floats) -> Data:
    return Data(scaled(X), y.astype("int64"), "cross_entropy")


def scaled(values: Floats) -> Floats:
    spread = values.std(axis=0)
    return ((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype("float32")


def rings(seed: int) -> Data:
    chance = np.random.default_rng(seed)
    radius, angle = chance.uniform(0, 3, 600), chance.uniform(0, 2 * np.pi, 600)
    return binary(
        np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), (radius % 2 < 1).astype(float)
    )


def waves(seed: int) -> Data:
    chance = np.random.default_rng(seed)
    X = chance.uniform(-2, 2, (700, 3))
    return regression(X, np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] ** 2 + chance.normal(0, 0.1, 700))


def bundle(load: Callable[..., Any], kind: Callable[[Floats, Floats], Data]) -> Callable[[int], Data]:
    return lambda seed: kind(*load(return_X_y=True))


OPEN: dict[str, Callable[[int], Data]] = {
    "breast_cancer": bundle(bundled.load_breast_cancer, binary),
    "wine": bundle(bundled.load_wine, classes),
    "diabetes": bundle(bundled.load_diabetes, regression),
    "moons": lambda seed: binary(*bundled.make_moons(500, noise=0.2, random_state=seed)),
    "friedman1": lambda seed: regression(*bundled.make_friedman1(500, noise=1.0, random_state=seed)),
    "clouds": lambda seed: classes(
        *bundled.make_classification(600, 12, n_informative=8, n_classes=3, random_state=seed)
    ),
}
HELD_OUT: dict[str, Callable[[int], Data]] = {
    "iris": bundle(bundled.load_iris, classes),
    "digits": bundle(bundled.load_digits, classes),
    "circles": lambda seed: binary(*bundled.make_circles(500, noise=0.1, factor=0.5, random_state=seed)),
    "rings": rings,
    "friedman2": lambda seed: regression(*bundled.make_friedman2(500, noise=30.0, random_state=seed)),
    "waves": waves,
    "quantiles": lambda seed: classes(
        *bundled.make_gaussian_quantiles(n_samples=800, n_features=5, random_state=seed)
    ),
}


FINAL: dict[str, Callable[[int], Data]] = {
    "hastie": lambda seed: binary(*_hastie(seed)),
    "friedman3": lambda seed: regression(*bundled.make_friedman3(600, noise=0.1, random_state=seed)),
    "swiss roll": lambda seed: regression(*bundled.make_swiss_roll(600, noise=0.3, random_state=seed)),
    "four blobs": lambda seed: classes(
        *bundled.make_blobs(500, 5, centers=4, cluster_std=3.0, random_state=seed)
    ),
    "exclusive or": lambda seed: binary(*_exclusive_or(seed)),
    "five classes": lambda seed: classes(
        *bundled.make_classification(900, 15, n_informative=10, n_classes=5, class_sep=1.5, random_state=seed)
    ),
    "product": lambda seed: regression(*_product(seed)),
}


def _hastie(seed: int) -> tuple[Floats, Floats]:
    X, y = bundled.make_hastie_10_2(1000, random_state=seed)
    return X, (y > 0).astype(float)


def _exclusive_or(seed: int) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(seed)
    X = chance.normal(size=(600, 4))
    return X, ((X[:, 0] > 0) ^ (X[:, 1] > 0) ^ (chance.random(600) < 0.05)).astype(float)


def _product(seed: int) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(seed)
    X = chance.normal(size=(800, 6))
    return X, X[:, 0] * X[:, 1] + np.abs(X[:, 2]) + 0.5 * X[:, 3] + chance.normal(0, 0.3, 800)
