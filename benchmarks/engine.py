"""The claims of the engine's speed, each beside its peers in one run.

    python benchmarks/engine.py [--only SECTION ...] [--nets TEXT ...] [--rounds 7] [--seconds 0.1] ..

Sections: training (the nets that promises name), latency (one row), grid (2-2-1 to 1024-1024-1024-10,
batches 1 to 4,096, one to five hidden layers), rows, width and depth (growth), members, call (what a call of
fit costs), bfloat16. `--nets "2-2-1 relu, batch 4096"` measures in training and grid only those whose name
begins so. `glassnet bench` measures training, latency and grid with the same code:
docs/guide/bench.md says what is compared, and how.
"""

from __future__ import annotations

import argparse
from typing import Any

import engine_claims as claims
from engine_claims import Claim
from engine_growth import DEPTHS, WIDTHS, of_a_call, over_nets, over_rows
from engine_members import members
from engine_precision import precision
from measure import footer, header, show_progress, table

from glassnet.native_status import native_status
from glassnet.run.bench.contest import Pace, contest, everybody, the_grid
from glassnet.run.bench.figures import number
from glassnet.run.bench.latency import ANSWERED, latency
from glassnet.run.bench.machine import load
from glassnet.run.bench.peak import Peak, measure_peak
from glassnet.run.bench.tables import contest_text, grid_text, latency_text, ratios_text
from glassnet.run.bench.workloads import GRID, NAMED, Workload

TITLE = "The fused engine beside its peers"
Section = tuple[Any, list[Claim]]


def begun_by(beginnings: list[str], nets: tuple[Workload, ...]) -> list[Workload]:
    """Return the nets whose names begin in one of these ways."""
    return [each for each in nets if each.name.startswith(tuple(beginnings))]


def training(pace: Pace, peak: Peak, nets: list[str]) -> Section:
    found = [contest(each, everybody(), pace, show_progress) for each in begun_by(nets, NAMED)]
    show_progress("")
    print(ratios_text(found), "\n")
    for each in found:
        print(contest_text(each, peak))
        print(*(f"not measured, {name}: {why}" for name, why in each.missing.items()), "", sep="\n")
    return [each.to_dict() for each in found], claims.of_training(found, peak)


def single_rows(pace: Pace, _: Peak) -> Section:
    found = [latency(each, pace, show_progress) for each in ANSWERED]
    show_progress("")
    print(latency_text(found))
    print(*(f"not measured, {name}: {why}" for name, why in found[0].missing.items()), "", sep="\n")
    return [each.to_dict() for each in found], claims.of_latency(found)


def grid(pace: Pace, peak: Peak, nets: list[str]) -> Section:
    found = tuple(contest(each, the_grid(), pace, show_progress) for each in begun_by(nets, GRID))
    show_progress("")
    if not found:
        return [], []
    print(grid_text(found, peak), "\n")
    return [each.to_dict() for each in found], claims.of_grid(found)


SECTIONS = {
    "training": training,
    "latency": single_rows,
    "rows": lambda pace, peak: (over_rows(pace), []),
    "width": lambda pace, peak: (over_nets(WIDTHS, pace, peak), []),
    "depth": lambda pace, peak: (over_nets(DEPTHS, pace, peak), []),
    "members": lambda pace, peak: members(pace),
    "call": lambda pace, peak: of_a_call(pace),
    "bfloat16": lambda pace, peak: precision(pace),
    "grid": grid,
}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", default=list(SECTIONS))
    options.add_argument("--nets", nargs="+", metavar="TEXT", default=[""], help="how the names begin")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=0.1, help="of one measurement, about")
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here = header(TITLE)
    pace, peak = Pace(asked.rounds, asked.seconds), measure_peak(asked.rounds)
    if (reason := native_status().reason) is not None:
        print(f"Without the compiled extension: {reason}\n")
    print(f"peak of one core: {number(peak.multiply_adds_per_second / 1e9)} billion multiply-adds a second,")
    print(f"{peak.measured_by}; {pace.rounds} rounds, median [quartiles]\n", flush=True)
    figures: dict[str, Any] = {"peak": peak.to_dict(), "rounds": pace.rounds, "native_reason": reason}
    promises: list[Claim] = []
    for name in asked.only:
        chosen = (asked.nets,) if name in ("training", "grid") else ()
        figures[name], more = SECTIONS[name](pace, peak, *chosen)
        promises += more
    figures |= {"claims": [each.to_dict() for each in promises], "load_after": load()}
    table([("claim", "promised", "found", ""), *(each.cells() for each in promises)])
    print(f"load before and after: {here['load']}, {figures['load_after']}")
    footer(TITLE, here, figures, asked.out)


if __name__ == "__main__":
    main()
