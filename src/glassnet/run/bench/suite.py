"""All measurements of ``glassnet bench``, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glassnet.native_status import native_status
from glassnet.run.bench.contest import Contest, Pace, Progress, contest, everybody, the_grid
from glassnet.run.bench.figures import Figure
from glassnet.run.bench.latency import ANSWERED, Latency, latency
from glassnet.run.bench.machine import load, machine
from glassnet.run.bench.peak import Peak, measure_peak
from glassnet.run.bench.workloads import GRID, NAMED

QUICK = Pace(rounds=7, seconds=0.015)
FULL = Pace(rounds=7, seconds=0.1)


@dataclass(frozen=True)
class Bench:
    """What was measured, and where.

    Attributes:
        native: None where the compiled extension is there, else why it is not and how to get it.
        load_after: as the machine's load, when all was measured.
    """

    machine: dict[str, Any]
    native: str | None
    pace: Pace
    peak: Peak
    training: tuple[Contest, ...]
    latency: tuple[Latency, ...]
    grid: tuple[Contest, ...]
    load_after: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "machine": self.machine | {"load_after": self.load_after},
            "native": self.native is None,
            "native_reason": self.native,
            "rounds": self.pace.rounds,
            "seconds_each": self.pace.seconds,
            "peak": self.peak.to_dict(),
            "training": [self._with_share(each) for each in self.training],
            "latency": [each.to_dict() for each in self.latency],
            "grid": [self._with_share(each) for each in self.grid],
            "worst": {name: found[0].workload.name for name, found in worst_cells(self.grid).items()},
        }

    def _with_share(self, found: Contest) -> dict[str, Any]:
        return found.to_dict() | {"share_of_peak": shares(found, self.peak)}


def shares(found: Contest, peak: Peak) -> dict[str, float]:
    """Return the part of the peak that each of Glassnet's ways reached."""
    count = found.workload.multiply_adds
    return {name: peak.share(count, found.steps[name].median) for name in found.ours}


def worst_cells(grid: tuple[Contest, ...]) -> dict[str, tuple[Contest, Figure]]:
    """Return where each of Glassnet's ways gains least over PyTorch, or loses most."""
    worst: dict[str, tuple[Contest, Figure]] = {}
    for each in grid:
        for own in each.ours:
            ratio = each.ratio("PyTorch", own)
            if ratio is not None and (own not in worst or ratio.median < worst[own][1].median):
                worst[own] = (each, ratio)
    return worst


def bench(full: bool = False, progress: Progress = lambda text: None) -> Bench:
    """Measure training steps, single rows and the peak; ``full`` longer, and the whole grid of nets."""
    pace, here = FULL if full else QUICK, machine()
    progress("the peak of one core")
    return Bench(
        machine=here,
        native=native_status().reason,
        pace=pace,
        peak=measure_peak(pace.rounds),
        training=tuple(contest(each, everybody(), pace, progress) for each in NAMED),
        latency=tuple(latency(each, pace, progress) for each in ANSWERED),
        grid=tuple(contest(each, the_grid(), pace, progress) for each in GRID) if full else (),
        load_after=load(),
    )
