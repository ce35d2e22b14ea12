"""How the time grows with rows, width and depth, and what a call of fit costs that makes one step."""

from __future__ import annotations

from functools import partial
from typing import Any

from engine_claims import Claim, at_most
from measure import show_progress, table

from glassnet.engine.threads import using_threads
from glassnet.errors import GlassnetError
from glassnet.run.bench.contest import Contender, Pace, contest, own_ways, plain_torch, the_grid
from glassnet.run.bench.figures import in_turn, spread, timed
from glassnet.run.bench.peak import Peak
from glassnet.run.bench.peers import SklearnTraining
from glassnet.run.bench.tables import grid_text
from glassnet.run.bench.workloads import NAMED, Problem, Workload, problem

ROWS = (1_024, 4_096, 16_384, 65_536, 262_144)
WIDTHS = tuple(Workload((32, width, width, 10), 128) for width in (4, 8, 16, 32, 64, 128, 256, 512, 1024))
CALLS = 5
DEPTHS = tuple(Workload((32, *depth * (64,), 10), 128) for depth in range(1, 9))


def over_nets(nets: tuple[Workload, ...], pace: Pace, peak: Peak) -> list[dict[str, Any]]:
    """Measure and print one net after the other: growth with width, or with depth."""
    found = tuple(contest(each, the_grid(), pace, show_progress) for each in nets)
    show_progress("")
    print(grid_text(found, peak), "\n")
    return [each.to_dict() for each in found]


def over_rows(pace: Pace) -> dict[str, Any]:
    """Measure epochs of 56-20-1 with more and more rows, nets and data being there."""
    net = NAMED[0]
    contenders = able([*plain_torch()[:1], *own_ways()], problem(net, rows=ROWS[0]))
    found: dict[str, Any] = {}
    lines = [(f"an epoch of {net.name}", *(f"{each.name}, ns a row" for each in contenders))]
    for rows in ROWS:
        made = problem(net, rows=rows)
        measures = {each.name: partial(nanoseconds_a_row, each, made) for each in contenders}
        figures = in_turn(measures, pace.rounds, show_progress)
        show_progress("")
        found[str(rows)] = {name: figure.to_dict() for name, figure in figures.items()}
        lines.append((f"{rows:,} rows", *(spread(figure) for figure in figures.values())))
    table(lines)
    print()
    return found


def able(contenders: list[Contender], made: Problem) -> list[Contender]:
    """Return those who can train the net, and say who cannot and why."""
    found = []
    for each in contenders:
        try:
            each.begin(made).train(1)
            found.append(each)
        except GlassnetError as error:
            print(f"not measured, {each.name}: {error}")
    return found


def nanoseconds_a_row(contender: Contender, made: Problem) -> float:
    batch = made.workload.batch
    with using_threads(contender.threads):
        took, steps = timed(contender.begin(made).train, len(made.X) // batch)
    return 1e9 * took / (steps * batch)


def of_a_call(pace: Pace) -> tuple[dict[str, Any], list[Claim]]:
    """Measure whole calls that make one step on eight rows, the net and its rows being there."""
    made = problem(Workload((56, 20, 1), 8, "sigmoid", "sgd"), rows=8)
    contenders = able([*own_ways(), Contender("scikit-learn", SklearnTraining)], made)

    def milliseconds(each: Contender) -> float:
        training = each.begin(made)
        return 1e3 * sum(timed(training.train, 1)[0] for _ in range(CALLS)) / CALLS

    found = in_turn(
        {each.name: partial(milliseconds, each) for each in contenders}, pace.rounds, show_progress
    )
    show_progress("")
    table(
        [
            ("one step on eight rows, a whole call", "ms"),
            *((name, spread(each)) for name, each in found.items()),
        ]
    )
    print()
    own = own_ways()[0].name
    claim = at_most(f"a whole call of {own} with one step, ms", 2.0, found.get(own))
    return {name: each.to_dict() for name, each in found.items()}, [claim]
