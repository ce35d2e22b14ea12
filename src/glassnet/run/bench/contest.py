"""One net, trained by all in turn: microseconds a step, and how many times the others take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from threadpoolctl import threadpool_limits

from glassnet.engine.threads import using_threads
from glassnet.errors import GlassnetError
from glassnet.machine import all_cores
from glassnet.native_status import native_status
from glassnet.run.bench.figures import Figure, in_turn, timed, units_within
from glassnet.run.bench.numpy_step import NumpyTraining
from glassnet.run.bench.ours import EngineTraining, FitTraining, FusedFit
from glassnet.run.bench.peers import FusedTraining, LoaderTraining, SklearnTraining, TorchTraining
from glassnet.run.bench.workloads import Floats, Problem, Workload, problem

Progress = Callable[[str], None]
_SETTLING = "settling"
_SETTLED = 0.06
"""Seconds after which several threads were forgotten on a machine with twice as many processes as cores."""


class Training(Protocol):
    """A net in training."""

    def train(self, steps: int) -> int:
        """Make at least so many steps and return how many were made."""

    def parameters(self) -> list[tuple[Floats, Floats]]:
        """Return weight (outputs, inputs) and bias of each layer."""


@dataclass(frozen=True)
class Contender:
    """A way to train, beginning anew from the same weights whenever it is measured.

    Contenders of one ``family`` are the same code with other numbers of threads; the best of them counts.
    """

    family: str
    begin: Callable[[Problem], Training]
    threads: int = 1
    ours: bool = False

    @property
    def name(self) -> str:
        """Family and threads."""
        return self.family if self.threads == 1 else f"{self.family}, {self.threads} threads"


@dataclass(frozen=True)
class Pace:
    """How long is measured: so many rounds, in each about so many seconds for each contender."""

    rounds: int = 7
    seconds: float = 0.1


@dataclass(frozen=True)
class Contest:
    """The outcome for one net.

    Attributes:
        steps: microseconds a step, by the family's name: of the number of threads that was best.
        threads: that number.
        engines: which engine ran, of those of Glassnet.
        missing: who did not take part, and why.
    """

    workload: Workload
    steps: dict[str, Figure]
    threads: dict[str, int]
    ours: tuple[str, ...]
    engines: dict[str, str]
    missing: dict[str, str]

    def ratio(self, other: str, own: str) -> Figure | None:
        """Return how many times as long ``other`` takes; None where one of them is missing."""
        if other not in self.steps or own not in self.steps:
            return None
        return self.steps[other].over(self.steps[own])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        ratios = {
            own: {name: figure.over(self.steps[own]).to_dict() for name, figure in self.steps.items()}
            for own in self.ours
        }
        return {
            "net": self.workload.name,
            "sizes": list(self.workload.sizes),
            "batch": self.workload.batch,
            "multiply_adds": self.workload.multiply_adds,
            "microseconds": {name: figure.to_dict() for name, figure in self.steps.items()},
            "threads": self.threads,
            "engines": self.engines,
            "times_as_long": ratios,
            "missing": self.missing,
        }


def plain_torch() -> list[Contender]:
    """The plain loop with one thread, with two and with all cores."""
    counts = sorted({1, min(2, all_cores()), all_cores()})
    return [Contender("PyTorch", TorchTraining, threads) for threads in counts]


def own_ways() -> list[Contender]:
    """Glassnet's; without the compiled extension ``fit`` chooses for itself."""
    quick = native_status().available
    return [
        Contender(
            'gn.fit(engine="fused")' if quick else "gn.fit", FusedFit if quick else FitTraining, ours=True
        ),
        Contender("engine alone", EngineTraining, ours=True),
    ]


def everybody() -> list[Contender]:
    """All ways to train."""
    return [
        *plain_torch(),
        *(Contender("PyTorch, fused optimizer", FusedTraining, each.threads) for each in plain_torch()),
        Contender("PyTorch, DataLoader", LoaderTraining),
        Contender("scikit-learn", SklearnTraining),
        Contender("NumPy", NumpyTraining),
        *own_ways(),
    ]


def the_grid() -> list[Contender]:
    """For many nets: PyTorch, and ``fit`` with the engine that it chooses."""
    return [
        *plain_torch(),
        Contender("gn.fit", FitTraining, ours=True),
        Contender("engine alone", EngineTraining, ours=True),
    ]


def contest(workload: Workload, contenders: Sequence[Contender], pace: Pace, progress: Progress) -> Contest:
    """Let all train the net in turn. Random numbers and thread counts of torch are as before."""
    made = problem(workload)
    steps: dict[str, int] = {}
    engines: dict[str, str] = {}
    missing: dict[str, str] = {}

    def prepare(each: Contender) -> None:
        progress(f"{workload.name}: {each.name}")
        try:
            training = _warm(each, made)
            steps[each.name] = units_within(training.train, pace.seconds)
        except GlassnetError as error:
            missing[each.name] = str(error)
        else:
            engines.update({each.family: training.engine} if hasattr(training, "engine") else {})

    def microseconds(each: Contender) -> float:
        with using_threads(each.threads):
            took, done = timed(_warm(each, made).train, steps[each.name])
        return 1e6 * took / done

    with _alone():
        for each in contenders:
            with using_threads(each.threads):
                prepare(each)
        taking_part = [each for each in contenders if each.name in steps]
        turns = sorted(taking_part, key=_turn)
        measures = {each.name: partial(microseconds, each) for each in turns}
        if turns and turns[-1].threads > 1:
            measures = {_SETTLING: partial(_settle, measures[turns[0].name]), **measures}
        found = in_turn(measures, pace.rounds, lambda text: progress(f"{workload.name}: {text}"))
    return _outcome(workload, taking_part, found, engines, missing)


def _turn(contender: Contender) -> tuple[int, bool]:
    """Several threads last in a round, and first Glassnet, which bears what they leave behind."""
    return contender.threads, not contender.ours


def _settle(measure: Callable[[], float]) -> float:
    """Measure what does not count: several threads slow down on a busy machine what follows them."""
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < _SETTLED:
        measure()
    return took


def _warm(contender: Contender, made: Problem) -> Training:
    """Begin anew and make the first step, which allocates what all others use."""
    training = contender.begin(made)
    training.train(1)
    return training


@contextmanager
def _alone() -> Iterator[None]:
    """One thread for NumPy and scikit-learn; torch's random numbers are put back."""
    with torch.random.fork_rng(devices=[]), threadpool_limits(1, user_api="blas"):
        torch.manual_seed(0)
        yield


def _outcome(
    workload: Workload,
    contenders: Sequence[Contender],
    found: Mapping[str, Figure],
    engines: dict[str, str],
    missing: dict[str, str],
) -> Contest:
    best: dict[str, Contender] = {}
    for each in contenders:
        known = best.get(each.family)
        if known is None or found[each.name].median < found[known.name].median:
            best[each.family] = each
    return Contest(
        workload,
        {family: found[each.name] for family, each in best.items()},
        {family: each.threads for family, each in best.items()},
        tuple(family for family, each in best.items() if each.ours),
        engines,
        missing,
    )
