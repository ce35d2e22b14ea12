"""Choosing what the recipe of a text leaves open: the net, how it reads, and what fits into a budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from glassnet.engine.characters import EPOCH, Streams
from glassnet.engine.characters_training import seconds_per_step
from glassnet.engine.threads import LARGE
from glassnet.machine import all_cores
from glassnet.notation import RecurrentSpec, parse_recurrent, write_recurrent
from glassnet.plan.characters import CharacterPlan, Pace
from glassnet.plan.fields import Precision
from glassnet.run.budget import Budget
from glassnet.run.recurrent import new_net, spec_of

if TYPE_CHECKING:
    from torch import Tensor

    from glassnet.nets.spec import Recurrent
    from glassnet.recipe import Recipe

EMBEDDING = 64
"""Most learned numbers of a character."""
STREAMS, WINDOW = 32, 64
EPOCHS, CHARACTERS = 50, 40_000_000
"""Without --epochs a text is read at most so often, and about so many characters in all."""
LEARNING_RATES = {"sgd": 1.0, "adam": 0.006, "adamw": 0.006, "rmsprop": 0.001}
PATIENCE, CLIP, WARMUP = 5, 1.0, 0.05
SIZES = ((500_000, (2, 512)), (50_000, (2, 256)), (0, (2, 128)))
"""Layers and units of the net for a training text of so many characters or more."""
WORTH = 8
"""So often a net has to read its text within a budget; else a smaller one learns more."""
PAYS = 1.2
"""More threads have to be so much faster to be used."""
LONGEST_MEASURE, MEASURE_SHARE = 20.0, 0.05
"""Seconds that measuring takes at most, and its share of a budget."""
MARGIN = 0.95
"""Share of the time left that is planned for."""


def net_of(notation: str, characters: int, size: int) -> Recurrent:
    """Return the net for a training text of so many characters, of ``size`` different codes."""
    layers, units = next(each for least, each in SIZES if characters >= least)
    return spec_of(notation, layers, units, symbols=size, inputs=min(EMBEDDING, size), outputs=size)


def streams_of(recipe: Recipe, characters: int) -> Streams:
    """Return how a training text is read: with a short one fewer streams, so that each has some windows."""
    window = min(recipe.window or WINDOW, characters - 1)
    streams = recipe.batch_size or max(1, min(STREAMS, characters // (4 * window)))
    return Streams(characters, min(streams, characters - 1), window, recipe.seed)


def make_plan(
    recipe: Recipe, splits: tuple[str, str], size: int, train: Tensor, budget: Budget | None
) -> CharacterPlan:
    """Decide everything that the recipe leaves open, measuring how fast this machine is.

    Args:
        splits: how test and validation characters are cut.
        size: number of codes.
        train: the codes that train, on the device.
    """
    streams = streams_of(recipe, len(train))
    most = most_steps(recipe, streams.steps, len(train))
    net, limit = net_of(recipe.net, len(train), size), LONGEST_MEASURE
    if budget is not None:
        limit = min(limit, MEASURE_SHARE * max(0.0, budget.end - time.monotonic()))
    paces = _measured(recipe, net, streams, train, limit)
    steps = _affordable(budget, streams, _quickest(paces), most)
    sizes = [each for _, each in SIZES if each < (net.layers, net.units)]
    while steps < min(most, WORTH * streams.steps) and sizes and parse_recurrent(recipe.net).units is None:
        layers, units = sizes.pop(0)
        net = net.model_copy(update={"layers": layers, "units": units})
        paces = _measured(recipe, net, streams, train, limit / 2)
        steps = _affordable(budget, streams, _quickest(paces), most)
    asked, best, epochs = parse_recurrent(recipe.net).dropout, _quickest(paces), -(-steps // streams.steps)
    dropout = _dropout(epochs) if asked is None else asked
    return CharacterPlan(
        test=splits[0],
        validation=splits[1],
        net=write_recurrent(RecurrentSpec(net.cell, net.layers, net.units, dropout)),
        batch_size=streams.streams,
        window=streams.window,
        steps=steps,
        steps_per_epoch=streams.steps,
        epochs=epochs,
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


def most_steps(recipe: Recipe, steps_per_epoch: int, characters: int) -> int:
    """Return the steps of a run that no budget makes shorter."""
    epochs = max(1, min(EPOCHS, CHARACTERS // min(characters, EPOCH)))
    return steps_per_epoch * (recipe.epochs or epochs)


def quickest(plan: CharacterPlan) -> Pace:
    """Return the pace at which the plan trains."""
    return next(p for p in plan.paces if (p.precision, p.threads) == (plan.precision, plan.threads))


def _affordable(budget: Budget | None, streams: Streams, pace: Pace, most: int) -> int:
    """Return the steps that a budget pays for, at most ``most``."""
    if budget is None:
        return most
    speed = pace.characters_per_second  # of training; to score a character takes less
    seconds = MARGIN * (budget.deadline(speed) - time.monotonic())
    return max(1, min(most, int(seconds * speed / streams.streams / streams.window)))


def _dropout(epochs: int) -> float:
    """Return the dropout for a text that is read so often: what is read once cannot be learned by heart."""
    return 0.1 if epochs <= 3 else 0.25 if epochs <= 10 else 0.4


def _measured(
    recipe: Recipe, net: Recurrent, streams: Streams, train: Tensor, limit: float
) -> tuple[Pace, ...]:
    """Train a net that is thrown away for a few steps in each way that may be used.

    Both precisions on one thread come first, then the better one on all cores. After ``limit`` seconds no
    further way is begun.
    """
    began = time.monotonic()
    batches = [batch for batch, _ in zip(streams.batches(train, 1), range(4), strict=False)]
    batches = batches if len(batches) > 1 else [batches[0], batches[0]]
    trained, characters = new_net(net, recipe.seed).to(train.device), batches[0][0].numel()

    def pace(precision: Precision, threads: int) -> Pace:
        seconds = seconds_per_step(trained, batches, precision, threads, limit / 4)
        return Pace(precision=precision, threads=threads, characters_per_second=characters / seconds)

    few, many = _threads(recipe, net, streams.streams * streams.window)
    precisions: tuple[Precision, ...] = ("bfloat16", "float32")
    paces: list[Pace] = []
    for precision in precisions if recipe.precision == "auto" else (recipe.precision,):
        if not paces or time.monotonic() - began < limit:
            paces.append(pace(precision, few))
    if many != few and time.monotonic() - began < limit:
        paces.append(pace(_quickest(tuple(paces)).precision, many))
    return tuple(paces)


def _threads(recipe: Recipe, net: Recurrent, characters: int) -> tuple[int, int]:
    """Return the least and the most threads worth a try: for large steps all cores of this process."""
    if recipe.threads is not None:
        return recipe.threads, recipe.threads
    return 1, all_cores() if 3 * net.parameters * characters > LARGE else 1


def _quickest(paces: tuple[Pace, ...]) -> Pace:
    """Return the way to compute that pays: the quickest on few threads, unless more are clearly faster."""
    few = max((p for p in paces if p.threads == paces[0].threads), key=lambda p: p.characters_per_second)
    many = [p for p in paces if p.characters_per_second > PAYS * few.characters_per_second]
    return many[0] if many else few
