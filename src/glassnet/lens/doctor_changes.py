"""The smallest changes, as things that can be done: each makes another Case of one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glassnet.engine.optim import default_learning_rate
from glassnet.engine.settings import Settings
from glassnet.lens.doctor_run import Case
from glassnet.lens.doctor_run import outputs as answers
from glassnet.randomness import torch_seeded

_ACTIVATIONS = (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.Softmax)
_WITH_WEIGHTS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class Change:
    """A change and what it is expected to do to the loss of held-out rows.

    "higher" is for what shows a fault by taking something away: labels among the inputs, or rows. The
    original is judged by the loss of ``judged``, where its own would judge it by something else.
    """

    make: Callable[[Case], Case]
    expects: Literal["lower", "higher"] = "lower"
    judged: Callable[[Case], Case] | None = None


def rate_times(factor: float, case: Case) -> Case:
    """Multiply the learning rate."""
    if case.loop is not None:
        return replace(case, mended=replace(case.mended, rate=case.mended.rate * factor))
    return replace(case, settings=replace(case.settings, lr=rate_of(case.settings) * factor))


def rate_of(settings: Settings) -> float:
    """Return the learning rate, the default where none was given."""
    name = settings.optimizer if isinstance(settings.optimizer, str) else "adam"
    return settings.lr or default_learning_rate(name)


def epochs_of(epochs: int, case: Case) -> Case:
    """Train for so many epochs."""
    return replace(case, settings=replace(case.settings, epochs=max(1, epochs), patience=None))


def without_penalties(case: Case) -> Case:
    """Leave out weight decay, l1 and l2."""
    return replace(case, settings=replace(case.settings, weight_decay=0.0, l1=0.0, l2=0.0))


def standardised(case: Case) -> Case:
    """Scale each input to mean 0 and deviation 1 over the training rows; whole pictures by one mean."""
    X = case.train.X
    dims = (0,) if X.ndim == 2 else tuple(range(X.ndim))
    mean, deviation = X.mean(dim=dims, keepdim=True), X.std(dim=dims, keepdim=True)
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    return _with_inputs(case, lambda each: (each - mean) / deviation)


def without_columns(columns: Sequence[int], case: Case) -> Case:
    """Put the column's mean in place of each of its values."""
    means = case.train.X[:, list(columns)].mean(dim=0)

    def blanked(X: Tensor) -> Tensor:
        changed = X.clone()
        changed[:, list(columns)] = means
        return changed

    return _with_inputs(case, blanked)


def _with_inputs(case: Case, transform: Callable[[Tensor], Tensor]) -> Case:
    train, held = (each._replace(X=transform(each.X)) for each in (case.train, case.held))
    return replace(case, train=train, held=held)


def half_the_rows(case: Case) -> Case:
    """Train on every other row."""
    X, y = case.train.X[::2], case.train.y[::2]
    return replace(case, train=case.train._replace(X=X, y=y))


def reshaped(case: Case) -> Case:
    """Give targets the shape of the outputs."""
    return replace(case, given=None, mended=replace(case.mended, reshapes=True))


def cleared(case: Case) -> Case:
    """Clear the gradients before each backward pass after an update."""
    return replace(case, mended=replace(case.mended, clears=True))


def once(kind: str, case: Case) -> Case:
    """Undo the softmax or the sigmoid before the loss: its logarithm (its logit) in, the same answer out."""
    named: Callable[..., Tensor] = F.cross_entropy
    if case.judge == "binary_cross_entropy":
        named = F.binary_cross_entropy_with_logits
    loss = partial(_undone, kind, case.judge if callable(case.judge) else named)
    return replace(case, settings=replace(case.settings, loss=loss), judge=loss)


def _undone(kind: str, loss: Callable[[Tensor, Tensor], Tensor], output: Tensor, target: Tensor) -> Tensor:
    tiny = torch.finfo(output.dtype).eps
    inside = output.clamp(tiny, 1 - tiny)
    return loss(inside.log() if kind == "softmax" else inside.logit(), target).mean()


def can_rebuild(net: nn.Module) -> bool:
    """Say whether the net's activations are modules of its own, so that they can be exchanged."""
    return any(isinstance(each, _ACTIVATIONS) for each in net.modules())


def with_activations(old: type[nn.Module], new: Callable[[], nn.Module], case: Case) -> Case:
    """Put other activation modules in place of some, and start anew from weights that suit ReLU."""
    net = copy.deepcopy(case.net)
    for part in list(net.modules()):
        for name, child in part.named_children():
            if isinstance(child, old):
                setattr(part, name, new())
    return replace(case, net=_drawn_anew(net, "relu", case.settings.seed))


def without_last_activation(case: Case) -> Case:
    """Leave out the last activation module."""
    net = copy.deepcopy(case.net)
    place = [
        (part, name)
        for part in net.modules()
        for name, each in part.named_children()
        if isinstance(each, _ACTIVATIONS)
    ]
    if place:
        part, name = place[-1]
        setattr(part, name, nn.Identity())
    return replace(case, net=net)


def started_anew(kind: Literal["relu", "tanh"], case: Case) -> Case:
    """Draw all weights anew, as suits the activation, and set biases to 0."""
    return replace(case, net=_drawn_anew(copy.deepcopy(case.net), kind, case.settings.seed))


def _drawn_anew(net: nn.Module, kind: Literal["relu", "tanh"], seed: int) -> nn.Module:
    """Draw as He et al. 2015 for ReLU, as Glorot and Bengio 2010 else; biases are 0."""
    layers = [each for each in net.modules() if isinstance(each, _WITH_WEIGHTS)]
    with torch_seeded(seed, "doctor", "weights"):
        for each in layers:
            if kind == "relu" and each is not layers[-1]:
                nn.init.kaiming_normal_(each.weight, nonlinearity="relu")
            else:
                nn.init.xavier_normal_(each.weight)
            if each.bias is not None:
                nn.init.zeros_(each.bias)
    return net


def thawed(case: Case) -> Case:
    """Let every weight be trained."""
    return replace(case, net=copy.deepcopy(case.net).requires_grad_(True))


def with_hidden_layer(case: Case) -> Case:
    """Put a net with two hidden layers of 64 ReLU units in the place of one that is too small."""
    inputs = case.train.X.shape[1]
    outputs = answers(case.net, case.train.X[:2]).shape[1]
    with torch_seeded(case.settings.seed, "doctor", "wider"):
        net = nn.Sequential(
            nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs)
        )
    return replace(case, net=_drawn_anew(net, "relu", case.settings.seed).to(case.train.X.dtype))
