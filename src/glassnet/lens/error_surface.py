"""The error over two weights, and the ways down that gradient descent, momentum and Adam take.

gn.error_surface()                                   # a bowl with a second, higher valley
gn.error_surface(lambda w: w[0]**2 + 10*w[1]**2, start=(2, 1))
gn.error_surface(net, X, y, loss="mse")              # two weights of a net, the others held
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.evaluating import evaluating
from glassnet.engine.losses import loss_by_name
from glassnet.engine.optim import build_optimizer
from glassnet.errors import RecipeError, message
from glassnet.lens.as_json import as_json
from glassnet.lens.numerals import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FAR = 1e6
"""A path that goes farther than this has left for good and ends."""
MARGIN = 0.25
Weight = tuple[str, int]
"""A parameter's name, and the place of one number in it, counted row after row."""


@dataclass(frozen=True, eq=False)
class Descent:
    """One way down: ``weights``, (steps + 1, 2), and ``errors``, (steps + 1,); index 0 is the start."""

    name: str
    weights: Floats
    errors: Floats


@dataclass(frozen=True, eq=False)
class ErrorSurface:
    """The error over two weights.

    Attributes:
        names: of the two weights.
        x, y: the values that they take.
        errors: (len(y), len(x)).
        paths: the ways down, all from one start.
        notes: what is held, and how it was measured.
    """

    names: tuple[str, str]
    x: Floats
    y: Floats
    errors: Floats
    paths: tuple[Descent, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def __str__(self) -> str:
        lines = [f"error over {self.names[0]} and {self.names[1]}"]
        for path in self.paths:
            at = ", ".join(number(each) for each in path.weights[-1])
            end = f"after {len(path.errors) - 1} steps at ({at})"
            lines.append(f"  {path.name}: {end}, error {number(path.errors[-1])}")
        return "\n".join([*lines, *self.notes])


def two_valleys(w: Tensor) -> Tensor:
    """Return an error with two valleys: the deeper one near w1 = -1, the other near w1 = 1."""
    return (w[0] ** 2 - 1) ** 2 + 0.3 * w[0] + 4 * w[1] ** 2 + 0.35


def error_surface(
    of: Callable[[Tensor], Tensor] | nn.Module = two_valleys,
    X: Any = None,
    y: Any = None,
    *,
    loss: str | Callable[..., Any] = "mse",
    weights: tuple[Weight, Weight] | None = None,
    start: tuple[float, float] | None = None,
    lr: float = 0.01,
    momentum: float = 0.9,
    adam_lr: float = 0.1,
    steps: int = 60,
    grid: int = 61,
) -> ErrorSurface:
    """Return the error over two weights, and three ways down from one start.

    Args:
        of: a function of a tensor of two weights, written with torch, or a net whose X and y are given.
        loss: of a net: a name as in :func:`glassnet.fit`, or a callable.
        weights: which two weights of a net: a parameter's name and a place in it, such as
            (("0.weight", 0), ("0.weight", 1)); None: the first two. All others stay as they are.
        start: where the ways begin; None: (1.8, 0.9), of a net where its weights are.
        lr, momentum, steps: how they go down.
        adam_lr: the learning rate of Adam, whose steps are about that long, whatever the slope is.
        grid: values of each weight.

    Raises:
        RecipeError: a value is wrong, or the net has no such weights.
    """
    wrong = [
        f"{name}={value}" for name, value in (("lr", lr), ("steps", steps), ("grid", grid - 1)) if value <= 0
    ]
    if wrong:
        raise RecipeError(message("lr, steps and grid must be above 0", ", ".join(wrong), "leave them out"))
    if isinstance(of, nn.Module):
        error, names, begin = _of_net(of, X, y, loss, weights)
        notes = ("the other weights are held: this is a slice",) if _count(of) > 2 else ()
    else:
        error, names, begin, notes = of, ("w1", "w2"), (1.8, 0.9), ()
    rules = {
        "gradient descent": ("sgd", lr, 0.0),
        f"momentum {momentum:g}": ("sgd", lr, momentum),
        "Adam": ("adam", adam_lr, 0.0),
    }
    paths = [_descend(name, error, start or begin, steps, *rule) for name, rule in rules.items()]
    x, y_values = _spans(paths, grid)
    return ErrorSurface(names, x, y_values, _grid(error, x, y_values), tuple(paths), notes)


def _descend(
    name: str,
    error: Callable[[Tensor], Tensor],
    start: tuple[float, float],
    steps: int,
    rule: str,
    lr: float,
    momentum: float,
) -> Descent:
    """Go down with torch's own optimiser; a path that leaves for good ends early."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = build_optimizer(rule, [w], lr=lr, momentum=momentum)
    places, errors = [w.detach().numpy().copy()], []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.enable_grad():
            value = error(w)
            value.backward()  # type: ignore[no-untyped-call]
        errors.append(float(value.detach()))
        optimizer.step()
        if not torch.isfinite(w).all() or float(w.detach().abs().max()) > FAR:
            break
        places.append(w.detach().numpy().copy())
    errors.append(float(error(w.detach())))
    return Descent(name, np.array(places), np.array(errors[: len(places)]))


def _of_net(
    net: nn.Module, X: Any, y: Any, loss: str | Callable[..., Any], weights: tuple[Weight, Weight] | None
) -> tuple[Callable[[Tensor], Tensor], tuple[str, str], tuple[float, float]]:
    """Return the error of a net as a function of two of its weights, their names, and where they are."""
    if X is None or y is None:
        raise RecipeError(message("the error of a net needs its rows", "X or y is None", "pass X and y"))
    rows = checked_rows(net, X, y, loss=loss)
    inputs, targets = rows.X.double(), rows.y.double() if rows.y.is_floating_point() else rows.y
    tensors = {name: each.detach().double() for name, each in (*net.named_parameters(), *net.named_buffers())}
    chosen = weights or _first_two(net)
    problems = [_no_such_weight(tensors, each) for each in chosen]
    if any(problems):
        raise RecipeError([each for each in problems if each])
    measure = loss_by_name(loss)

    def error(w: Tensor) -> Tensor:
        changed = dict(tensors)
        for (name, place), value in zip(chosen, w, strict=True):
            flat = changed[name].reshape(-1)
            parts = [flat[:place], value.reshape(1), flat[place + 1 :]]
            changed[name] = torch.cat(parts).reshape(changed[name].shape)
        with evaluating(net):
            return measure(torch.func.functional_call(net, changed, (inputs,)), targets, None)

    begin = tuple(float(tensors[name].reshape(-1)[place]) for name, place in chosen)
    names = tuple(f"{name}[{place}]" for name, place in chosen)
    return error, (names[0], names[1]), (begin[0], begin[1])


def _first_two(net: nn.Module) -> tuple[Weight, Weight]:
    places = [(name, at) for name, each in net.named_parameters() for at in range(min(each.numel(), 2))]
    if len(places) < 2:
        raise RecipeError(message("a net must have two weights", f"it has {len(places)}", "give it more"))
    return places[0], places[1]


def _no_such_weight(tensors: dict[str, Tensor], weight: Weight) -> str | None:
    name, place = weight
    if name in tensors and 0 <= place < tensors[name].numel():
        return None
    known = ", ".join(f"{each} (0 to {value.numel() - 1})" for each, value in tensors.items())
    return message("weights must name a parameter and a place in it", repr(weight), f"choose of {known}")


def _count(net: nn.Module) -> int:
    return sum(each.numel() for each in net.parameters())


def _spans(paths: list[Descent], grid: int) -> tuple[Floats, Floats]:
    """Return the values of both weights: those of the paths and around them, but not far off."""
    places = np.concatenate([path.weights for path in paths])
    start = paths[0].weights[0]
    reach = np.maximum(np.quantile(np.abs(places - start), 0.98, axis=0), 0.5)
    low, high = (np.clip(end(places, axis=0), start - reach, start + reach) for end in (np.min, np.max))
    margin = np.maximum(MARGIN * (high - low), 0.1)
    ends = list(zip(low - margin, high + margin, strict=True))
    return np.linspace(*ends[0], grid), np.linspace(*ends[1], grid)


def _grid(error: Callable[[Tensor], Tensor], x: Floats, y: Floats) -> Floats:
    with torch.no_grad():
        rows = [[float(error(torch.tensor([a, b], dtype=torch.float64))) for a in x] for b in y]
    return np.array(rows)
