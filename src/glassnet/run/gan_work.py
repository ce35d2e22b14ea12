"""The work of a run of ``gan``: read, cut, plan, train both nets, measure what is made, draw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.data.pictures import Pictures
from glassnet.engine.adversarial import AdversarialSettings, AdversarialStep
from glassnet.engine.arrays import device_named
from glassnet.engine.history import History
from glassnet.engine.step_training import StepSettings, train_steps
from glassnet.engine.threads import choose_threads
from glassnet.errors import RecipeError, message
from glassnet.lens.picture_grid import as_bytes, picture_grid, png
from glassnet.metrics.modes import mode_coverage, neighbour_coverage
from glassnet.nets.adversarial import critic, generator
from glassnet.randomness import epoch_order, stream, torch_seeded
from glassnet.run.autoencoder import through
from glassnet.run.generative import Follower, Making
from glassnet.run.generator import GanRequest, Generator, Quality, noise_of
from glassnet.run.judge import judged
from glassnet.run.pictures import Prepared, check_same, read_pictures

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SMALL = 16 * 16
"""Up to so many pixels the nets are dense where nothing is asked for."""
STEPS = {"dense": 8_000, "conv": 4_000}
RATES, BETAS = {"dense": 0.001, "conv": 0.0005}, (0.5, 0.99)
ROWS, COLUMNS = 6, 12
JUDGING = 0.25
"""Share of a budget that is kept for a judge to learn and to read."""
MADE, COMPARED = 2_000, 2_000
"""So many pictures are made and judged, and at most so many real ones are compared with."""


def gan_work(
    request: GanRequest,
    making: Making,
    data: object,
    labels: object,
    modes: tuple[ArrayLike, float] | None,
) -> Generator:
    """Do the whole work of a run; see :func:`glassnet.run.gan.gan`."""
    with making.part("read", "reading the pictures"):
        pictures, parts = read_pictures(request, data, labels)
        making.reserved = JUDGING if pictures.labels is not None else making.reserved
        work = _Work(request, making, pictures, parts)
    plan = making.plan(work.plan)
    check_same(plan, pictures)
    with making.part("train"):
        nets = work.new_nets(plan["net"])
        with making.interrupts.asking():
            history, follower = work.train(nets, plan)
    with making.part("score", "measuring what is made"):
        nets.cpu().eval()
        found = work.result(nets, history, plan, modes)
        follower.picture()
    making.finish(found)
    return found


class _Work:
    """One run: what it learns from, and the steps of it."""

    def __init__(self, request: GanRequest, making: Making, pictures: Pictures, parts: Prepared) -> None:
        self.request, self.making, self.pictures, self.parts = request, making, pictures, parts
        values = pictures.values.reshape(len(pictures), -1)
        if pictures.drawable:  # pixels from -1 to 1, as tanh makes them
            low, high = parts.span
            self.low = np.float32(low + (high - low) / 2) * np.ones(1, np.float32)
            self.width = np.float32((high - low) / 2) * np.ones(1, np.float32)
        else:
            self.low = values[parts.train].mean(axis=0)
            spread = values[parts.train].std(axis=0)
            self.width = np.where(spread > 0, spread, np.float32(1))
        self.rows = torch.from_numpy((values - self.low) / self.width)
        self.device = device_named(request.device)

    def plan(self) -> dict[str, Any]:
        """Decide which nets, how many epochs and threads; a budget may pay for fewer epochs."""
        pictures, request = self.pictures, self.request
        large = pictures.drawable and math.prod(pictures.shape[:2]) > SMALL
        kind = request.net or ("conv" if large else "dense")
        if kind == "conv" and not pictures.drawable:
            must, found = "net=conv needs pictures", f"a row has the shape {pictures.shape}"
            raise RecipeError(message(must, found, "use net=dense"))
        steps = self._steps()
        most = request.epochs or max(1, -(-STEPS[kind] // steps))
        epochs = self.making.epochs_within(request.budget, partial(self._epoch_seconds, kind), most)
        return {"sha256": pictures.sha256, "net": kind, "epochs": epochs}

    def _steps(self) -> int:
        """Return the steps of an epoch; a last batch that is not full is left out."""
        return max(1, len(self.parts.train) // self.request.batch_size)

    def _epoch_seconds(self, kind: str) -> float:
        """Measure a few steps of nets that are thrown away."""
        self.making.reporter.phase("measuring how fast this machine learns")
        nets, few = self.new_nets(kind), 8
        optimizer, step = self._step(nets, kind)
        settings = StepSettings(2, few, seed=self.request.seed, threads=self._threads(kind))
        history = train_steps(
            nets, optimizer, step, lambda epoch: islice(self._batches(epoch), few), settings
        )
        return (history[-1].seconds or 0.0) / few * self._steps()

    def new_nets(self, kind: str) -> nn.ModuleDict:
        """Return the untrained nets."""
        r, shape = self.request, self.pictures.shape
        drawn = self.pictures.drawable
        with torch_seeded(r.seed, "weights"):
            made = generator(r.noise, shape, kind, batch_norm=r.batch_norm, bounded=drawn)  # type: ignore[arg-type]
            told = critic(shape, kind, spectral=r.spectral, dropout=r.dropout)  # type: ignore[arg-type]
        return nn.ModuleDict({"generator": made, "critic": told})

    def _step(self, nets: nn.ModuleDict, kind: str) -> tuple[torch.optim.Optimizer, AdversarialStep]:
        nets.to(self.device).train()
        rate = self.request.lr or RATES[kind]
        optimizer = torch.optim.Adam(nets.parameters(), lr=rate, betas=BETAS, fused=True)
        r = self.request
        smoothing = r.smoothing if r.loss == "logistic" else 0.0
        settings = AdversarialSettings(r.noise, r.loss, smoothing, r.penalty)
        return optimizer, AdversarialStep(nets["generator"], nets["critic"], optimizer, settings)

    def _batches(self, epoch: int) -> Iterator[Tensor]:
        """Yield the batches of an epoch, counted from 1, in the order of (seed, epoch)."""
        places = self.parts.train[epoch_order(self.request.seed, epoch, len(self.parts.train))]
        size = self.request.batch_size
        for first in range(0, self._steps() * size, size):
            yield self.rows[torch.from_numpy(places[first : first + size])].to(self.device)

    def _threads(self, kind: str) -> int:
        """Return how many threads the steps use: convolutions are large work, small dense nets are not."""
        large = kind == "conv" and math.prod(self.pictures.shape) > SMALL
        return self.request.threads or choose_threads(10**9 if large else 0)

    def train(self, nets: nn.ModuleDict, plan: dict[str, Any]) -> tuple[History, Follower]:
        """Train both nets, from the checkpoint where there is one."""
        r, kind = self.request, plan["net"]
        optimizer, step = self._step(nets, kind)
        follower = Follower(self.making, partial(self._drawn, nets["generator"]))
        settings = StepSettings(
            epochs=plan["epochs"],
            steps_per_epoch=self._steps(),
            ema=r.ema,
            seed=r.seed,
            threads=self._threads(kind),
        )
        history = train_steps(
            nets,
            optimizer,
            step,
            self._batches,
            settings,
            asked={"sha256": plan["sha256"]},
            callbacks=[follower],
            **follower.ties(r.budget),
        )
        return history, follower

    def _noise(self, count: int) -> Tensor:
        return noise_of(count, self.request.noise, self.request.seed, "pictures")

    def _drawn(self, net: nn.Module) -> bytes | None:
        """Draw what the generator makes of the same noise each time."""
        if not self.pictures.drawable:
            return None
        made = through(net, self._noise(ROWS * COLUMNS)).reshape(ROWS, COLUMNS, *self.pictures.shape)
        return png(picture_grid([as_bytes(each, (-1.0, 1.0)) for each in made]))

    def result(
        self,
        nets: nn.ModuleDict,
        history: History,
        plan: dict[str, Any],
        modes: tuple[ArrayLike, float] | None,
    ) -> Generator:
        """Return the result, measured."""
        return Generator(
            generator=nets["generator"],
            critic=nets["critic"],
            history=history,
            quality=None if history.stopped == "interrupted" else self._quality(nets["generator"], modes),
            shape=self.pictures.shape,
            low=self.low,
            width=self.width,
            request=self.request.model_copy(update={"net": plan["net"]}),
            rows=self.parts.counts,
            seconds=self.making.seconds,
            folder=self.making.path,
            problems=self.pictures.problems,
        )

    def _quality(self, net: nn.Module, modes: tuple[ArrayLike, float] | None) -> Quality:
        p, seed = self.parts, self.request.seed
        made = through(net, self._noise(MADE))
        chosen = stream(seed, "compared").permutation(p.train)[:COMPARED]
        real, held_out = self.rows[torch.from_numpy(chosen)].numpy(), self.rows.numpy()[p.test]
        nearest = {"made": _nearest(made, real, self.width)}
        judge = None
        if self.pictures.labels is not None and len(self.pictures.classes) > 1:
            split, labels, classes = (p.train, p.test), self.pictures.labels, self.pictures.classes
            shape = self.pictures.shape
            end = self.making.deadline(self.request.budget, all_of_it=True)
            judge = judged(self.rows, labels, classes, split, torch.from_numpy(made), shape, seed, end)
        if len(held_out):
            nearest["held_out"] = _nearest(held_out, real, self.width)
        return Quality(
            neighbours=neighbour_coverage(real, made[: len(held_out) or MADE]),
            held_out=neighbour_coverage(real, held_out[:MADE]) if len(held_out) else None,
            nearest=nearest,
            judged=judge,
            modes=None if modes is None else mode_coverage(self.low + self.width * made, *modes, seed=seed),
        )


def _nearest(some: NDArray[Any], real: NDArray[Any], width: NDArray[Any]) -> float:
    """Return the median distance to the nearest real row, in the data's units."""
    scaled = torch.cdist(torch.from_numpy(some * width), torch.from_numpy(real * width))
    return float(scaled.min(dim=1).values.median())
