"""What is promised of the engine's speed, and whether a run kept it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from glassnet.run.bench.contest import Contest
from glassnet.run.bench.figures import Figure, spread
from glassnet.run.bench.latency import Latency
from glassnet.run.bench.peak import Peak
from glassnet.run.bench.suite import shares, worst_cells
from glassnet.run.bench.workloads import NAMED

SIGMOID, DROPOUT, NARROW, MIDDLE, BROAD, LARGE = NAMED
TIMES = (
    (SIGMOID, "PyTorch", 15.0),
    (SIGMOID, "scikit-learn", 12.0),
    (DROPOUT, "PyTorch", 8.0),
    (NARROW, "PyTorch", 8.0),
    (MIDDLE, "PyTorch", 3.0),
    (BROAD, "PyTorch", 2.0),
    (LARGE, "PyTorch", 1.3),
)
"""The least that the other takes, as a multiple of Glassnet's step."""
OF_THE_PEAK = (NARROW, MIDDLE, BROAD)


@dataclass(frozen=True)
class Claim:
    """One promise: at least, or at most, and what was found; None where it could not be measured."""

    what: str
    promised: str
    found: str
    kept: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        """Return a row of the table of claims."""
        return self.what, self.promised, self.found, {True: "kept", False: "BROKEN", None: "?"}[self.kept]


def at_least(what: str, limit: float, found: Figure | None) -> Claim:
    kept = None if found is None else found.median >= limit
    return Claim(what, f">= {limit:g}", "not measured" if found is None else spread(found), kept)


def at_most(what: str, limit: float, found: Figure | None) -> Claim:
    kept = None if found is None else found.median <= limit
    return Claim(what, f"<= {limit:g}", "not measured" if found is None else spread(found), kept)


def of_training(contests: Iterable[Contest], peak: Peak) -> list[Claim]:
    claims = []
    for each in contests:
        for own in each.ours:
            for net, other, least in TIMES:
                if net == each.workload:
                    what = f"{net.name}: {own}, times faster than {other}"
                    claims.append(at_least(what, least, each.ratio(other, own)))
            if each.workload in OF_THE_PEAK:
                share = shares(each, peak)[own]
                what = f"{each.workload.name}: {own}, share of the peak"
                claims.append(Claim(what, ">= 40%", f"{share:.0%}", share >= 0.4))
    return claims


def of_grid(grid: tuple[Contest, ...]) -> list[Claim]:
    return [
        at_least(f"worst of the grid, {where.workload.name}: {own}, times faster than PyTorch", 0.9, ratio)
        for own, (where, ratio) in worst_cells(grid).items()
    ]


def of_latency(found: Iterable[Latency]) -> list[Claim]:
    claims = []
    for each in found:
        name = "-".join(map(str, each.workload.sizes))
        if name == "56-20-1":
            claims.append(at_most(f"one row of {name}: µs above an empty call", 3.0, each.above_empty))
        claims.append(
            at_least(f"one row of {name}: times faster than onnxruntime", 1.0, each.ratio("onnxruntime"))
        )
    return claims
