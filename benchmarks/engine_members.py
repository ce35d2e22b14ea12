"""Members trained side by side: how much more of them a second than one alone, by ``train_many``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from engine_claims import Claim, at_least
from measure import show_progress, table

from glassnet.engine.dense import train_many
from glassnet.machine import all_cores
from glassnet.run.bench.contest import Pace
from glassnet.run.bench.figures import Figure, in_turn, spread, timed, units_within
from glassnet.run.bench.ours import new_dense_net
from glassnet.run.bench.workloads import NAMED, Workload, problem

MEMBERS = (1, 2, 4, 8, 16, 32)
NETS = (NAMED[0], NAMED[2], NAMED[3])


class Members:
    """So many nets of one shape on the same rows, each in an order of its own."""

    def __init__(self, net: Workload, count: int) -> None:
        self.made, self.count = problem(net), count
        self.nets = [new_dense_net(self.made) for _ in range(count)]
        chance, rows, steps = np.random.default_rng(0), len(self.made.X), net.steps_per_epoch
        self.orders = [chance.permutation(rows) for _ in range(count)]
        self.sizes = np.full(steps, net.batch)
        self.rates = [np.full(steps, net.learning_rate)] * count

    def train(self, units: int) -> int:
        """Train all at least so many epochs of one member together, and return how many they were."""
        epochs = -(-units // self.count)
        none = [None] * self.count
        for _ in range(epochs):
            train_many(
                self.nets, self.made.X, self.made.y, none, self.orders, self.sizes, self.rates, all_cores()
            )
        return epochs * self.count


def members(pace: Pace) -> tuple[dict[str, Any], list[Claim]]:
    """Measure and print the throughput of members as a multiple of one member's, by ``train_many`` too."""
    found: dict[str, Any] = {}
    claims = []
    lines = [(f"throughput of members, as a multiple of one ({all_cores()} cores)", *map(str, MEMBERS))]
    for net in NETS:
        ratios = _throughput(net, pace)
        found[net.name] = {str(count): ratio.to_dict() for count, ratio in ratios.items()}
        lines.append((net.name, *(spread(ratio) for ratio in ratios.values())))
        claims.append(
            at_least(f"{MEMBERS[-1]} members of {net.name}: throughput of one", 1.7, ratios[MEMBERS[-1]])
        )
    table(lines)
    print()
    return found, claims


def _throughput(net: Workload, pace: Pace) -> dict[int, Figure]:
    teams = {str(count): Members(net, count) for count in MEMBERS}
    units = {name: units_within(team.train, pace.seconds) for name, team in teams.items()}

    def seconds(name: str) -> float:
        took, done = timed(teams[name].train, units[name])
        return took / done

    measures = {name: partial(seconds, name) for name in teams}
    figures = in_turn(measures, pace.rounds, lambda text: show_progress(f"{net.name}, members: {text}"))
    show_progress("")
    return {count: figures["1"].over(figures[str(count)]) for count in MEMBERS}
