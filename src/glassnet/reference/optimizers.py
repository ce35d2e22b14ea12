"""From a gradient to a new weight: SGD, momentum, Nesterov, RMSprop, Adam, AdamW, exactly as torch has them.

    w        a weight matrix or a bias, any shape
    dw       d loss / d w                          the shape of w
    memory   what the optimiser remembers of w from step to step, by name; empty before the first step
    t        the number of the step, from 1

An optimiser is a rule without a state of its own: ``step(w, dw, memory, t)`` returns the new w and writes
into ``memory``. So whoever looks can see all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.reference.activations import Floats
from glassnet.reference.limits import wrong_number

Memory = dict[str, Floats]


def _wrong_numbers(lr: float | None, momentum: float, weight_decay: float) -> list[str]:
    return [
        *([] if lr is None else wrong_number("lr", lr, above=0, example=0.01)),
        *wrong_number("momentum", momentum, least=0, below=1, example=0.9),
        *wrong_number("weight_decay", weight_decay, least=0, example=0.01),
    ]


def _check(lr: float, momentum: float, weight_decay: float) -> None:
    if problems := _wrong_numbers(lr, momentum, weight_decay):
        raise RecipeError(problems)


@dataclass(frozen=True)
class SGD:
    """Gradient descent; with a momentum the steps before this one push on.

        g = dw + weight_decay * w
        v = momentum * v + g                     from 0
        w = w - lr * v                           Nesterov: w - lr * (g + momentum * v)

    The course's beta is the momentum, between 0 and 1: a gradient of k steps ago still counts momentum^k.
    Source: Sutskever, Martens, Dahl and Hinton 2013, in torch's form.
    """

    lr: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check(self.lr, self.momentum, self.weight_decay)

    def step(self, w: Floats, dw: Floats, memory: Memory, t: int, lr: float | None = None) -> Floats:
        """Return the new w."""
        g = dw + self.weight_decay * w
        if self.momentum:
            v = memory["velocity"] = self.momentum * memory.get("velocity", np.zeros_like(w)) + g
            g = g + self.momentum * v if self.nesterov else v
        return w - (self.lr if lr is None else lr) * g


@dataclass(frozen=True)
class RMSprop:
    """Divide each gradient by its usual size, so that steep and flat directions move alike.

        g = dw + weight_decay * w
        s = 0.99 * s + 0.01 * g^2                the mean square, from 0
        w = w - lr * g / (sqrt(s) + eps)         with a momentum: v = momentum * v + g / ...; w - lr * v

    Source: Hinton 2012, lecture 6e; torch's alpha and eps.
    """

    lr: float = 0.001
    momentum: float = 0.0
    weight_decay: float = 0.0
    alpha: float = 0.99
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _check(self.lr, self.momentum, self.weight_decay)

    def step(self, w: Floats, dw: Floats, memory: Memory, t: int, lr: float | None = None) -> Floats:
        """Return the new w."""
        g = dw + self.weight_decay * w
        s = memory["square"] = self.alpha * memory.get("square", np.zeros_like(w)) + (1 - self.alpha) * g**2
        move = g / (np.sqrt(s) + self.eps)
        if self.momentum:
            move = memory["velocity"] = self.momentum * memory.get("velocity", np.zeros_like(w)) + move
        return w - (self.lr if lr is None else lr) * move


@dataclass(frozen=True)
class Adam:
    """Momentum and RMSprop together.

        g = dw + weight_decay * w
        m = 0.9   * m + 0.1   * g                the mean, from 0
        s = 0.999 * s + 0.001 * g^2              the mean square, from 0
        w = w - lr * (m / (1 - 0.9^t)) / (sqrt(s / (1 - 0.999^t)) + eps)

    Both means begin at 0 and are too small at first; dividing by 1 - beta^t makes up for it.
    Source: Kingma and Ba 2015, algorithm 1.
    """

    lr: float = 0.001
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _check(self.lr, 0.0, self.weight_decay)

    def step(self, w: Floats, dw: Floats, memory: Memory, t: int, lr: float | None = None) -> Floats:
        """Return the new w."""
        return self._move(w, dw + self.weight_decay * w, memory, t, self.lr if lr is None else lr)

    def _move(self, w: Floats, g: Floats, memory: Memory, t: int, lr: float) -> Floats:
        mean, square = self.betas
        m = memory["mean"] = mean * memory.get("mean", np.zeros_like(w)) + (1 - mean) * g
        s = memory["square"] = square * memory.get("square", np.zeros_like(w)) + (1 - square) * g**2
        return w - lr * (m / (1 - mean**t)) / (np.sqrt(s / (1 - square**t)) + self.eps)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose weight decay does not go through the gradient: each weight first shrinks by itself.

        w = w - lr * weight_decay * w            then Adam's step with g = dw

    In Adam the decay is divided by sqrt(s) like the rest, so weights with large gradients hardly shrink.
    Source: Loshchilov and Hutter 2019, algorithm 2 ("decoupled").
    """

    def step(self, w: Floats, dw: Floats, memory: Memory, t: int, lr: float | None = None) -> Floats:
        """Return the new w."""
        rate = self.lr if lr is None else lr
        return self._move(w - rate * self.weight_decay * w, dw, memory, t, rate)


Optimizer = SGD | RMSprop | Adam
OPTIMIZERS: tuple[str, ...] = ("sgd", "adam", "adamw", "rmsprop")


def build_optimizer(
    name: str,
    lr: float | None = None,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Return the optimiser of that name.

    Args:
        name: one of ``OPTIMIZERS``.
        lr: above 0; None: 0.01 for sgd, 0.001 for the others.
        momentum: 0 up to 1, for sgd and rmsprop.
        nesterov: for sgd with a momentum.
        weight_decay: from 0.

    Raises:
        RecipeError: with every problem found.
    """
    if problems := [*_wrong(name, momentum, nesterov), *_wrong_numbers(lr, momentum, weight_decay)]:
        raise RecipeError(problems)
    rate = lr if lr is not None else 0.01 if name == "sgd" else 0.001
    if name == "sgd":
        return SGD(rate, momentum, nesterov, weight_decay)
    if name == "rmsprop":
        return RMSprop(rate, momentum, weight_decay)
    return (AdamW if name == "adamw" else Adam)(rate, weight_decay)


def _wrong(name: str, momentum: float, nesterov: bool) -> list[str]:
    problems = []
    if name not in OPTIMIZERS:
        found = f"optimizer={name!r}"
        do = did_you_mean(str(name), OPTIMIZERS)
        problems.append(message("optimizer must be a name that is known", found, do))
    if momentum and name in ("adam", "adamw"):
        found = f"optimizer={name!r} with momentum={momentum!r}"
        problems.append(message("momentum belongs to sgd and rmsprop", found, "leave momentum out"))
    if nesterov and not (name == "sgd" and momentum):
        found = f"optimizer={name!r} with momentum={momentum!r}"
        do = "set optimizer='sgd' and momentum=0.9"
        problems.append(message("nesterov belongs to sgd with a momentum", found, do))
    return problems
