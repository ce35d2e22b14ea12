"""Coming down the mountain: rough steps, the learning rate, momentum, local minima, starting again.

The valleys are those of one weight, so that they can be drawn and checked by hand:

    f(w)  = w^4 - 4 w^2 + w
    f'(w) = 4 w^3 - 8 w + 1

It has two valleys. The left one is the deepest, f(-1.473) = -5.444; the right one, f(1.347) = -2.619, is a
*local minimum*: every small step from there goes up, though there is a deeper valley elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet.errors import RecipeError
from glassnet.randomness import stream
from glassnet.reference.activations import Floats
from glassnet.reference.dense import random_layers
from glassnet.reference.limits import wrong_count, wrong_number
from glassnet.reference.optimizers import SGD, Memory, build_optimizer
from glassnet.reference.training import Run, batch_sizes, fit

LOWEST = -1.473
"""Where the deepest valley is."""
_GONE = 100.0


def valleys(w: float) -> float:
    """f(w) = w^4 - 4 w^2 + w."""
    return w**4 - 4 * w**2 + w


def valleys_derivative(w: float) -> float:
    """f'(w) = 4 w^3 - 8 w + 1."""
    return 4 * w**3 - 8 * w + 1


@dataclass(frozen=True)
class Path:
    """The way down: ``w[t]`` after t steps, beginning with the start, and ``f[t]`` = f(w[t])."""

    lr: float
    momentum: float
    w: Floats
    f: Floats

    @property
    def ending(self) -> str:
        """Where it ended, in words."""
        if abs(self.w[-1]) > 10:
            return "jumped out: the steps are too large, lower lr"
        if abs(valleys_derivative(float(self.w[-1]))) > 0.05:
            return "still on its way"
        return "in the deepest valley" if abs(self.w[-1] - LOWEST) < 0.05 else "in a local minimum"

    def __str__(self) -> str:
        steps = len(self.w) - 1
        return (
            f"lr={self.lr:<6g} momentum={self.momentum:<4g} from w = {self.w[0]:6.3f}   "
            f"after {steps:3d} steps f({self.w[-1]:.4g}) = {self.f[-1]:.4g}: {self.ending}"
        )


def descend(start: float = 2.0, lr: float = 0.01, momentum: float = 0.0, steps: int = 100) -> Path:
    """Go down f from a start by gradient descent; a path that leaves for good ends early.

    Raises:
        RecipeError: start, lr, momentum or steps are wrong.
    """
    rule = build_optimizer("sgd", lr, momentum=momentum)
    if problems := [*wrong_number("start", start, example=2.0), *wrong_count("steps", steps, example=100)]:
        raise RecipeError(problems)
    memory: Memory = {}
    w = [np.array(float(start))]
    for t in range(1, steps + 1):
        w.append(rule.step(w[-1], np.array(valleys_derivative(float(w[-1]))), memory, t))
        if abs(w[-1]) > _GONE:
            break
    path = np.array(w)
    return Path(lr, momentum, path, np.array([valleys(float(each)) for each in path]))


@dataclass(frozen=True)
class Paths:
    """Several ways down, to compare."""

    paths: tuple[Path, ...]

    @property
    def best(self) -> Path:
        """The path that ended lowest."""
        return min(self.paths, key=lambda path: float(path.f[-1]))

    def __str__(self) -> str:
        return "\n".join(map(str, self.paths))


def learning_rate_table(
    rates: Sequence[float] = (0.0005, 0.01, 0.3), *, start: float = 2.0, steps: int = 60
) -> Paths:
    """Go down with several learning rates: too small crawls, too large jumps. If it fails, lower it."""
    return Paths(tuple(descend(start, lr, steps=steps) for lr in rates))


def momentum_table(
    betas: Sequence[float] = (0.0, 0.5, 0.9), *, start: float = 2.3, lr: float = 0.01, steps: int = 200
) -> Paths:
    """Go down with several momenta: enough of it carries the ball over the hump between the valleys."""
    return Paths(tuple(descend(start, lr, beta, steps) for beta in betas))


def restart_table(starts: int = 6, *, lr: float = 0.01, steps: int = 200, seed: int = 0) -> Paths:
    """Go down from several random starts between -2 and 2: some of them find the deepest valley."""
    if problems := [*wrong_count("starts", starts, example=6), *wrong_count("seed", seed, 0, 0)]:
        raise RecipeError(problems)
    return Paths(
        tuple(descend(float(w), lr, steps=steps) for w in stream(seed, "starts").uniform(-2, 2, starts))
    )


@dataclass(frozen=True)
class RoughSteps:
    """The same network and the same epochs, with batches of several sizes. ``runs[k]`` had ``sizes[k]``."""

    rows: int
    sizes: list[int]
    runs: list[Run]

    def __str__(self) -> str:
        lines = ["batch   steps an epoch   steps in all   loss at the end"]
        for size, run in zip(self.sizes, self.runs, strict=True):
            steps = len(batch_sizes(self.rows, size))
            lines.append(f"{size:5d} {steps:16d} {len(run.step_losses):14d} {run.losses[-1]:17.5f}")
        return "\n".join(lines)


def rough_steps(
    sizes: Sequence[int] = (24, 6, 1), *, epochs: int = 20, lr: float = 0.05, seed: int = 0
) -> RoughSteps:
    """Train on 24 points with several batch sizes: many rough steps beat few exact ones.

    24 points in batches of 6 are 4 steps an epoch. Each step looks at fewer rows and is less exact, but costs
    less in the same measure, so that one epoch of either costs the same.
    """
    rng = stream(seed, "points")
    X = rng.normal(size=(24, 2))
    y = X @ np.array([1.0, -2.0]) + 0.1 * rng.normal(size=24)
    runs = [
        fit(
            random_layers([2, 4, 1], "tanh", seed=seed), X, y,
            loss="mse", optimizer=SGD(lr), batch_size=size, epochs=epochs, seed=seed,
        )
        for size in sizes
    ]  # fmt: skip
    return RoughSteps(len(X), list(sizes), runs)
