"""Linear nets over sparse rows in NumPy, trained by Newton's method: what runs without the extension.

The loss of a softmax (or sigmoid) over linear logits is convex, so there is one best net, and no order of
texts, no learning rate and no random numbers on the way to it. Newton's method goes there in steps d with H
d = -gradient; H, the second derivatives, is never written down: conjugate gradients (Hestenes and Stiefel
1952) only ask for products H p, two passes over the texts each (Lin, Weng and Keerthi 2008, "Trust region
Newton method for logistic regression"). They are
preconditioned by the roots of the second derivatives by each weight alone: frequent n-grams, and the bias,
have far larger ones than the others. What the passes gather from afar is stored in float32, as it is in the
compiled twin; all sums are in float64.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.text_features import Features

Array = NDArray[Any]
HALVINGS = 30


class NumpySolver:
    """Minimises mean log loss + l2 / 2 |w|^2; the weight of a feature is w times its scale.

    Args:
        features: n texts. Each row is divided by its length, the root of the sum of its squares.
        labels: the class of each text. Shape: (n,), int64.
        weight: of each text; they add up to 1. Shape: (n,), float64.
        outputs: 1 for two classes, else the number of classes.
        l2: at least 0.
    """

    def __init__(
        self,
        features: Features,
        labels: Array,
        weight: Array,
        outputs: int,
        l2: float,
        threads: int = 1,
    ) -> None:
        self.x, self.l2, self.labels = features, l2, labels
        self.scale = np.ones((features.width, outputs))
        self.rows, self.values, self.lengths = entries(features)
        self.weight = weight[:, None]
        self.truth = labels[:, None].astype(float) if outputs == 1 else np.eye(outputs)[labels]
        self.w, self.bias = np.zeros((features.width, outputs)), np.zeros(outputs)
        self.z = np.zeros((len(features), outputs))

    def class_counts(self, weight: Array) -> Array:
        """Return how much the texts weigh that have each feature, by class. Shape: (width, classes)."""
        return class_counts(self.x, self.labels, weight, max(2, self.z.shape[1]))

    def rescale(self, scale: Array) -> None:
        """Take the scale of the features, before the first step. Shape: (width, outputs)."""
        self.scale = np.asarray(scale, np.float64)

    def step(self, length: float, products: int, precision: float) -> float:
        """Make one step and return the mean log loss after it.

        Args:
            length: of the step, as a share of Newton's own.
            products: the most steps of conjugate gradients.
            precision: they end where what is left is this share of the gradient.
        """
        chance = self._chances()
        gradient, bias = self._back(self.weight * (chance - self.truth))
        gradient += self.l2 * self.w
        d, d_bias, along = self._direction(gradient, bias, chance, products, precision)
        now = self._loss(self.z)
        for _ in range(HALVINGS):
            then = self._loss(self.z + length * along)
            more = self.l2 / 2 * (2 * length * (self.w * d).sum() + length**2 * (d * d).sum())
            if then + more <= now:
                self.w += length * d
                self.bias += length * d_bias
                self.z += length * along
                return then
            length /= 2
        return now

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights, scaled, (width, outputs), and bias (outputs,)."""
        return (self.w * self.scale).astype(np.float32), self.bias.astype(np.float32)

    def _direction(self, gradient: Array, bias: Array, chance: Array, products: int, precision: float) -> Any:
        d, d_bias, along = np.zeros_like(gradient), np.zeros_like(bias), np.zeros_like(self.z)
        ease, ease_bias = self._ease(chance)
        r, r_bias = -gradient, -bias
        p, p_bias = r * ease, r_bias * ease_bias
        left = (r * r * ease).sum() + r_bias * r_bias @ ease_bias
        enough = left * precision**2
        for _ in range(products):
            if not left > enough:
                break
            z = self._times(p, p_bias)
            u = self.weight * chance * (z - (chance * z).sum(1, keepdims=True))
            curved, curved_bias = self._back(u, np.float32)
            curved += self.l2 * p
            curve = (p * curved).sum() + p_bias @ curved_bias
            if not curve > 0:
                break
            far = left / curve
            d, d_bias, along = d + far * p, d_bias + far * p_bias, along + far * z
            r, r_bias = r - far * curved, r_bias - far * curved_bias
            before, left = left, (r * r * ease).sum() + r_bias * r_bias @ ease_bias
            p, p_bias = r * ease + left / before * p, r_bias * ease_bias + left / before * p_bias
        return d, d_bias, along

    def _ease(self, chance: Array) -> tuple[Array, Array]:
        """Return one over the root of the second derivative by each weight alone, and by each bias."""
        second = self.weight * chance * (1 - chance)
        stored = (second * self.lengths[:, None] ** 2).astype(np.float32).astype(np.float64)
        found = np.empty_like(self.w)
        for output in range(found.shape[1]):
            each = self.values**2 * stored[self.rows, output]
            found[:, output] = np.bincount(self.x.columns, each, self.x.width)
        by_weight = found * self.scale**2 + self.l2
        return tuple(  # type: ignore[return-value]
            np.where(each > 0, 1 / np.sqrt(np.where(each > 0, each, 1)), 1)
            for each in (by_weight, second.sum(0))
        )

    def _times(self, v: Array, bias: Array, stored: type = np.float32) -> Array:
        """X (scale v) + bias, where scale v is rounded to what it is stored in. Shape: (texts, outputs)."""
        scaled = (v * self.scale).astype(stored).astype(np.float64)
        found = np.empty((len(self.x), len(bias)))
        for output in range(len(bias)):
            sums = np.bincount(self.rows, self.values * scaled[self.x.columns, output], len(self.x))
            found[:, output] = bias[output] + self.lengths * sums
        return found

    def _back(self, u: Array, stored: type = np.float64) -> tuple[Array, Array]:
        """scale X' u, shape (width, outputs), and the sum of u over the texts."""
        found = np.empty((self.x.width, u.shape[1]))
        divided = (u * self.lengths[:, None]).astype(stored).astype(np.float64)
        for output in range(u.shape[1]):
            each = self.values * divided[self.rows, output]
            found[:, output] = np.bincount(self.x.columns, each, self.x.width)
        return found * self.scale, u.sum(0)

    def _chances(self) -> Array:
        chances: Array
        if self.z.shape[1] == 1:
            chances = np.exp(-np.logaddexp(0, -self.z))
        else:
            powers = np.exp(self.z - self.z.max(1, keepdims=True))
            chances = powers / powers.sum(1, keepdims=True)
        return chances

    def _loss(self, z: Array) -> float:
        if z.shape[1] == 1:
            each = np.logaddexp(0, np.where(self.truth > 0, -z, z))
        else:
            top = z.max(1, keepdims=True)
            each = (
                top + np.log(np.exp(z - top).sum(1, keepdims=True)) - (z * self.truth).sum(1, keepdims=True)
            )
        return float((self.weight * each).sum())


def entries(features: Features) -> tuple[Array, Array, Array]:
    """Return the row of each entry, its value, and one over the length of each row.

    Shapes: (entries,), (entries,), (texts,).
    """
    rows = np.repeat(np.arange(len(features)), np.diff(features.offsets))
    values = np.ones(len(rows)) if features.values is None else features.values.astype(np.float64)
    squares = np.bincount(rows, values**2, len(features))
    return rows, values, np.divide(1, np.sqrt(squares), out=np.zeros(len(features)), where=squares > 0)


def logits(features: Features, weights: Array, bias: Array, threads: int = 1) -> NDArray[np.float32]:
    """Return bias + sum of value times weight / length of the row. Shape: (texts, outputs)."""
    rows, values, lengths = entries(features)
    found = np.tile(bias.astype(np.float64), (len(features), 1))
    for output in range(len(bias)):
        each = values * weights[features.columns, output]
        found[:, output] += lengths * np.bincount(rows, each, len(features))
    return found.astype(np.float32)


def class_counts(features: Features, labels: Array, weight: Array, classes: int) -> Array:
    """Return how much the texts weigh that have each feature, by class. Shape: (width, classes)."""
    return class_sums(replace(features, values=None), labels, weight, classes)


def class_sums(features: Features, labels: Array, weight: Array, classes: int, threads: int = 1) -> Array:
    """Return the sum of value times weight of each feature, by class. Shape: (width, classes)."""
    rows = np.repeat(np.arange(len(features)), np.diff(features.offsets))
    values = 1.0 if features.values is None else features.values.astype(np.float64)
    counts = [
        np.bincount(features.columns, values * np.where(labels == of, weight, 0.0)[rows], features.width)
        for of in range(classes)
    ]
    return np.stack(counts, 1)
