"""Vanishing gradients: why the first layers of a deep sigmoid network hardly learn, in numbers.

Going back through a layer multiplies the error term by the weights and by f'(z). The derivative of the
sigmoid is at most 1/4, so every sigmoid layer takes away at least three quarters of what the weights let
through: after eight layers at most (1/4)^8, about 0.000015. The derivative of tanh reaches 1, that of ReLU
is 1 wherever the unit is on. Source: Hochreiter 1991; Glorot and Bengio 2010.

This is not the same as a *local minimum*, with which the course mixes it up. In a local minimum the gradient
of all layers is 0 because the ground is flat there: another start helps (``descent.restart_table``). A
vanishing gradient is small in the first layers only, wherever one stands: another start does not help,
another activation does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.randomness import stream
from glassnet.reference.activations import Floats, wrong_activation
from glassnet.reference.dense import Layer, backward, forward
from glassnet.reference.limits import wrong_count
from glassnet.reference.losses import loss_gradient


@dataclass(frozen=True)
class LayerGradients:
    """``sizes[k]`` is the mean size of the error terms of hidden layer k, counted from the inputs."""

    activation: str
    sizes: Floats

    @property
    def factor(self) -> float:
        """What one layer multiplies the error term with on its way back: the geometric mean."""
        return float((self.sizes[0] / self.sizes[-1]) ** (1 / max(1, len(self.sizes) - 1)))


@dataclass(frozen=True)
class Vanishing:
    """The same network with several activations, and the error terms of each layer."""

    networks: tuple[LayerGradients, ...]

    def __str__(self) -> str:
        lines = ["mean size of the error term"]
        lines.append("layer " + "".join(f"{each.activation:>14}" for each in self.networks))
        for k in range(len(self.networks[0].sizes)):
            lines.append(f"{k + 1:5d} " + "".join(f"{each.sizes[k]:14.3g}" for each in self.networks))
        lines.append("a step" + "".join(f"{'x ' + format(each.factor, '.2f'):>14}" for each in self.networks))
        return "\n".join(lines)


def vanishing_gradients(
    activations: Sequence[str] = ("sigmoid", "tanh", "relu"),
    depth: int = 8,
    width: int = 32,
    *,
    rows: int = 64,
    seed: int = 0,
) -> Vanishing:
    """Build the same deep network once for each activation and measure the error terms of its layers.

    All have the same random weights, normal with deviation 1 / sqrt(width), the same rows and targets.

    Raises:
        RecipeError: an activation is unknown or a number is not a whole one from 1.
    """
    problems = [problem for name in activations for problem in wrong_activation(name)]
    if not activations:
        problems.append(
            message("there must be an activation", "there is none", "name one, such as 'sigmoid'")
        )
    for name, count in {"depth": depth, "width": width, "rows": rows}.items():
        problems += wrong_count(name, count, example=8)
    problems += wrong_count("seed", seed, 0, 0)
    if problems:
        raise RecipeError(problems)
    rng = stream(seed, "vanishing")
    x, y = rng.normal(size=(rows, width)), rng.normal(size=(rows, 1))
    weights = [rng.normal(0.0, width**-0.5, (width, width)) for _ in range(depth)]
    last = Layer(rng.normal(0.0, width**-0.5, (width, 1)), np.zeros(1))
    return Vanishing(tuple(_measure(name, weights, last, x, y) for name in activations))


def _measure(name: str, weights: Sequence[Floats], last: Layer, x: Floats, y: Floats) -> LayerGradients:
    layers = [*(Layer(W, np.zeros(W.shape[1]), name) for W in weights), last]
    seen = forward(layers, x)
    back = backward(layers, seen, loss_gradient("mse", seen.output, y))
    return LayerGradients(name, np.array([np.abs(dz).mean() for dz in back.dz[:-1]]))
