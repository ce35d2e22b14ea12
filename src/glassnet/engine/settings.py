"""Everything that the user decides about one training run, checked at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from glassnet.engine.losses import LOSSES, unknown_loss
from glassnet.engine.optim import (
    OPTIMIZERS,
    SCHEDULES,
    build_optimizer,
    default_learning_rate,
    unknown_optimizer,
)
from glassnet.errors import RecipeError, did_you_mean, message

ENGINES = ("auto", "torch", "fused", "reference")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Settings:
    """The arguments of ``fit`` that are not data; ``fit`` says what each one means."""

    loss: str | Callable[..., Any]
    optimizer: str | Callable[..., torch.optim.Optimizer] = "adamw"
    lr: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    batch_size: int = 32
    epochs: int = 10
    patience: int | None = None
    schedule: str | None = None
    warmup: float = 0
    clip: float | None = None
    ema: float = 0.0
    shuffle: bool = True
    seed: int = 0
    device: str = "auto"
    precision: str = "float32"
    engine: str = "auto"
    threads: int | None = None

    def check(self, has_validation: bool) -> None:
        """Check all values together.

        Raises:
            RecipeError: with every problem found.
        """
        if problems := self.problems(has_validation):
            raise RecipeError(problems)

    def problems(self, has_validation: bool) -> list[str]:
        """Return what is wrong, one message each."""
        return [*_wrong_names(self), *_wrong_numbers(self), *_wrong_together(self, has_validation)]

    @property
    def rate(self) -> float:
        """The learning rate of an optimiser that has a name."""
        return self.lr if self.lr is not None else default_learning_rate(str(self.optimizer))

    def torch_optimizer(self, net: nn.Module) -> torch.optim.Optimizer:
        """Return torch's optimiser for all parameters of the net."""
        return build_optimizer(
            self.optimizer,
            net.parameters(),
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )

    def asked(self) -> dict[str, Any]:
        """Return what decides the run's bits, as JSON values: a run goes on only where these are the same."""
        free = ("device", "threads", "engine")
        return {name: _named(value) for name, value in vars(self).items() if name not in free}


def _named(value: Any) -> Any:
    return getattr(value, "__qualname__", type(value).__name__) if callable(value) else value


def _wrong_names(settings: Settings) -> list[str]:
    problems = []
    if isinstance(settings.loss, str) and settings.loss not in LOSSES:
        problems.append(unknown_loss(settings.loss))
    if isinstance(settings.optimizer, str) and settings.optimizer not in OPTIMIZERS:
        problems.append(unknown_optimizer(settings.optimizer))
    if settings.schedule is not None:
        problems += _unknown("schedule", settings.schedule, SCHEDULES)
    problems += _unknown("precision", settings.precision, PRECISIONS)
    problems += _unknown("engine", settings.engine, ENGINES)
    return [*problems, *_wrong_device(settings.device)]


def _unknown(name: str, value: str, known: Collection[str]) -> list[str]:
    if value in known:
        return []
    return [
        message(f"{name} must be a name that is known", f"{name}={value!r}", did_you_mean(str(value), known))
    ]


def _wrong_device(device: str) -> list[str]:
    kind, _, index = device.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (index and not (kind == "cuda" and index.isdecimal())):
        must = "device must be auto, cpu, cuda or cuda:n"
        return [message(must, f"device={device!r}", did_you_mean(device, ("auto", "cpu", "cuda")))]
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        found = f"device={device!r}, and torch sees {torch.cuda.device_count()} CUDA devices"
        return [message("device must be one that torch sees", found, "use device='auto' or 'cpu'")]
    return []


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_count(value: Any) -> bool:
    return _is_whole(value, 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_from_0(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_above_0(value: Any) -> bool:
    return _is_number(value) and value > 0


def _none_or(right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or right(value)


_NUMBERS: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "lr": (_none_or(_is_above_0), "a number above 0", "0.01"),
    "momentum": (lambda value: _is_from_0(value) and value < 1, "a number from 0 and below 1", "0.9"),
    "weight_decay": (_is_from_0, "a number from 0", "0.01"),
    "l1": (_is_from_0, "a number from 0", "0.0001"),
    "l2": (_is_from_0, "a number from 0", "0.0001"),
    "batch_size": (_is_count, "a whole number from 1", "32"),
    "epochs": (_is_count, "a whole number from 1", "10"),
    "patience": (_none_or(_is_count), "a whole number from 1", "5"),
    "warmup": (
        lambda value: _is_count(value) or (_is_from_0(value) and value < 1),
        "a part of the run below 1 or a whole number of steps",
        "0.05",
    ),
    "clip": (_none_or(_is_above_0), "a number above 0", "1.0"),
    "ema": (lambda value: _is_from_0(value) and value < 1, "a number from 0 and below 1", "0.995"),
    "seed": (lambda value: _is_whole(value, 0), "a whole number from 0", "0"),
    "threads": (_none_or(_is_count), "a whole number from 1", "1"),
}


def _wrong_numbers(settings: Settings) -> list[str]:
    problems = []
    for name, (right, what, example) in _NUMBERS.items():
        value = getattr(settings, name)
        if not right(value):
            found = f"{name}={value!r}"
            problems.append(message(f"{name} must be {what}", found, f"write for example {name}={example}"))
    return problems


def _wrong_together(settings: Settings, has_validation: bool) -> list[str]:
    problems = []
    if settings.momentum and settings.optimizer in ("adam", "adamw"):
        found = f"optimizer={settings.optimizer!r} with momentum={settings.momentum!r}"
        problems.append(message("momentum belongs to sgd and rmsprop", found, "leave momentum out"))
    if settings.nesterov and not (settings.optimizer == "sgd" and settings.momentum):
        found = f"optimizer={settings.optimizer!r} with momentum={settings.momentum!r}"
        do = "set optimizer='sgd' and momentum=0.9"
        if isinstance(settings.optimizer, str):
            problems.append(message("nesterov belongs to sgd with a momentum", found, do))
    if settings.schedule == "one_cycle" and settings.warmup:
        found = f"warmup={settings.warmup!r}"
        problems.append(message("one_cycle has a warm-up of its own", found, "leave warmup out"))
    if settings.patience is not None and not has_validation:
        do = "pass validation=(X, y), or leave patience out"
        problems.append(message("patience needs validation rows", "there are none", do))
    return problems
