"""Choosing what the recipe of a text leaves open: the net, how it reads, and what fits into a budget."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from glassnet.character_plan import CharacterPlan, Pace, Precision
from glassnet.engine.characters import Streams
from glassnet.engine.characters_training import seconds_per_step
from glassnet.engine.threads import LARGE
from glassnet.nets.build import build
from glassnet.nets.recurrent import RecurrentNet
from glassnet.nets.spec import Recurrent
from glassnet.notation import RecurrentSpec, parse_recurrent, write_recurrent
from glassnet.randomness import derived_seed

if TYPE_CHECKING:
    from torch import Tensor

    from glassnet.recipe import Recipe

EMBEDDING = 64
"""Most learned numbers of a character."""
STREAMS, WINDOW = 64, 100
EPOCHS, CHARACTERS = 50, 40_000_000
"""Without a budget a text is read at most so often, and about so many characters in all."""
LEARNING_RATES = {"sgd": 1.0, "adam": 0.003, "adamw": 0.003, "rmsprop": 0.001}
PATIENCE, CLIP, WARMUP = 3, 1.0, 0.05
PAYS = 1.2
"""A second thread, or bfloat16, has to be so much faster to be used."""
MARGIN = 0.95
"""Share of the time left that is planned for."""


@dataclass(frozen=True)
class Time:
    """What a budget leaves: the end of training, of ``time.monotonic()``."""

    deadline: float

    @property
    def left(self) -> float:
        """Seconds until then."""
        return self.deadline - time.monotonic()


def net_of(notation: str, characters: int, size: int) -> Recurrent:
    """Return the net for a training text of so many characters, of ``size`` different codes."""
    asked = parse_recurrent(notation)
    layers, units = asked.layers or 2, asked.units or _units(characters)
    dropout = asked.dropout if asked.dropout is not None else 0.3
    return Recurrent(
        symbols=size,
        inputs=min(EMBEDDING, size),
        cell=asked.cell,
        layers=layers,
        units=units,
        dropout=dropout,
        outputs=size,
    )


def _units(characters: int) -> int:
    """Return the units of a layer where none were asked for: a short text teaches few."""
    return 512 if characters >= 500_000 else 256 if characters >= 50_000 else 128


def new_net(net: Recurrent, seed: int) -> RecurrentNet:
    """Build the untrained net."""
    return cast(RecurrentNet, build(net, seed=derived_seed(seed, "weights")))


def streams_of(recipe: Recipe, characters: int) -> Streams:
    """Return how a training text is read: with a short one fewer streams, so that each has some windows."""
    window = min(recipe.window or WINDOW, characters - 1)
    streams = recipe.batch_size or max(1, min(STREAMS, characters // (4 * window)))
    return Streams(characters, min(streams, characters - 1), window, recipe.seed)


def make_plan(
    recipe: Recipe, splits: tuple[str, str], net: Recurrent, train: Tensor, budget: Time | None
) -> CharacterPlan:
    """Decide everything that the recipe leaves open, measuring how fast this machine is.

    Args:
        splits: how test and validation characters are cut.
        train: the codes that train, on the device.
        budget: what it leaves for training; None: no budget.
    """
    streams = streams_of(recipe, len(train))
    paces = _measured(recipe, net, streams, train)
    best = _quickest(paces)
    steps = streams.steps * (recipe.epochs or max(1, min(EPOCHS, CHARACTERS // len(train))))
    if budget is not None:
        pace = best.characters_per_second / (streams.streams * streams.window)
        steps = max(1, min(steps, int(MARGIN * budget.left * pace)))
    return CharacterPlan(
        test=splits[0],
        validation=splits[1],
        net=write_recurrent(RecurrentSpec(net.cell, net.layers, net.units, net.dropout)),
        batch_size=streams.streams,
        window=streams.window,
        steps=steps,
        steps_per_epoch=streams.steps,
        epochs=-(-steps // streams.steps),
        lr=recipe.lr or LEARNING_RATES[recipe.optimizer],
        optimizer=recipe.optimizer,
        schedule=recipe.schedule or "cosine",
        warmup=recipe.warmup or WARMUP,
        weight_decay=0.01 if recipe.weight_decay is None else recipe.weight_decay,
        clip=recipe.clip or CLIP,
        patience=None if splits[1] == "none" else recipe.patience or PATIENCE,
        device=str(train.device),
        precision=best.precision,
        threads=best.threads,
        paces=paces,
    )


def _measured(recipe: Recipe, net: Recurrent, streams: Streams, train: Tensor) -> tuple[Pace, ...]:
    """Train a net that is thrown away for a few steps in each way that may be used."""
    batches = [batch for batch, _ in zip(streams.batches(train, 1), range(3), strict=False)]
    if len(batches) < 2:
        batches = [batches[0], batches[0]]
    work = streams.streams * streams.window
    ways = [(p, t) for t in _threads(recipe, net, work) for p in _precisions(recipe)]
    trained = new_net(net, recipe.seed).to(train.device)
    seconds = {way: seconds_per_step(trained, batches, *way) for way in ways}
    return tuple(
        Pace(precision=p, threads=t, characters_per_second=batches[0][0].numel() / seconds[p, t])
        for p, t in ways
    )


def _precisions(recipe: Recipe) -> tuple[Precision, ...]:
    return ("float32", "bfloat16") if recipe.precision == "auto" else (recipe.precision,)


def _threads(recipe: Recipe, net: Recurrent, characters: int) -> tuple[int, ...]:
    """Return the numbers of threads worth a try: one, and for large steps all cores of this process."""
    if recipe.threads is not None:
        return (recipe.threads,)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return (1, cores) if cores > 1 and 3 * net.parameters * characters > LARGE else (1,)


def _quickest(paces: tuple[Pace, ...]) -> Pace:
    """Return the way to compute that pays: the first, unless another one is clearly faster."""
    best = paces[0]
    for each in paces[1:]:
        if each.characters_per_second > PAYS * best.characters_per_second or (
            each.threads == best.threads and each.characters_per_second > best.characters_per_second
        ):
            best = each
    return best
