"""A contest: everybody in turn from the same start, the best number of threads, and who is missing why."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.errors import RecipeError
from glassnet.run.bench import contest as module
from glassnet.run.bench.contest import Contender, Pace, contest, everybody, own_ways, the_grid
from glassnet.run.bench.workloads import Workload

SMALL = Workload((3, 4, 1), 8)
TINY = Pace(rounds=2, seconds=0.001)


def silent(text: str) -> None:
    pass


class Clockwork:
    """A training whose steps take as long as it says, on a clock of its own."""

    now = 0.0

    def __init__(self, seconds: float, begun: list[str] | None = None) -> None:
        self.seconds = seconds
        if begun is not None:
            begun.append("begun")

    def train(self, steps: int) -> int:
        Clockwork.now += steps * self.seconds
        return steps

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return []


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(Clockwork, "now", 0.0)


@pytest.fixture
def by_hand(monkeypatch):
    from glassnet.run.bench import figures

    monkeypatch.setattr(figures.time, "perf_counter", lambda: Clockwork.now)  # contest.py sees it too


def test_the_number_of_threads_with_the_lower_median_counts(by_hand):
    threads = {1: 3e-6, 2: 2e-6}
    contenders = [
        Contender("theirs", lambda made: Clockwork(threads[torch.get_num_threads()]), count)
        for count in threads
    ]
    contenders += [Contender("ours", lambda made: Clockwork(1e-6), ours=True)]
    found = contest(SMALL, contenders, TINY, silent)
    assert found.threads == {"theirs": 2, "ours": 1}
    assert found.steps["theirs"].values == pytest.approx((2.0, 2.0))
    assert found.ratio("theirs", "ours").median == pytest.approx(2.0)
    assert found.ours == ("ours",)


def test_each_round_begins_anew(by_hand):
    begun: list[str] = []
    contest(SMALL, [Contender("a", lambda made: Clockwork(1e-6, begun))], Pace(5, 0.001), silent)
    assert len(begun) == 1 + 5  # to find the number of steps, and in each round


def test_who_cannot_take_part_is_named_with_the_reason(by_hand):
    def refuse(made):
        raise RecipeError("must be able to, however: cannot; leave it out")

    contenders = [Contender("ours", lambda made: Clockwork(1e-6), ours=True), Contender("theirs", refuse)]
    found = contest(SMALL, contenders, TINY, silent)
    assert found.missing == {"theirs": "must be able to, however: cannot; leave it out"}
    assert list(found.steps) == ["ours"]
    assert found.ratio("theirs", "ours") is None


def test_several_threads_come_last_in_a_round_and_no_peer_bears_what_they_leave_behind(by_hand):
    said: list[str] = []
    contenders = [
        Contender("theirs", lambda made: Clockwork(1e-6), 2),
        Contender("theirs", lambda made: Clockwork(1e-6)),
        Contender("ours", lambda made: Clockwork(1e-6), ours=True),
    ]
    contest(SMALL, contenders, Pace(1, 0.001), said.append)
    assert [text.rpartition(": ")[2] for text in said[3:]] == [
        "settling",
        "ours",
        "theirs",
        "theirs, 2 threads",
    ]


def test_a_real_contest_measures_everybody_and_leaves_torch_as_it_was():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    found = contest(Workload((3, 4, 1), 64), everybody(), TINY, silent)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert {"PyTorch", "PyTorch, DataLoader", "scikit-learn", "NumPy", "engine alone"} <= set(found.steps)
    assert all(value > 0 for figure in found.steps.values() for value in figure.values)
    assert all(len(figure.values) == 2 for figure in found.steps.values())
    assert found.engines["engine alone"] in ("native", "numpy")


def test_a_contest_is_json_values_with_every_round():
    import json

    found = contest(Workload((3, 4, 2), 16), the_grid(), TINY, silent).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["net"] == "3-4-2 relu, batch 16, adam"
    values = found["microseconds"]["PyTorch"]["values"]
    own = found["microseconds"]["engine alone"]["values"]
    ratio = found["times_as_long"]["engine alone"]["PyTorch"]["values"]
    assert ratio == [theirs / ours for theirs, ours in zip(values, own, strict=True)]


@pytest.mark.parametrize(("there", "name"), [(True, 'gn.fit(engine="fused")'), (False, "gn.fit")])
def test_the_fused_engine_is_asked_for_where_the_extension_is_there(monkeypatch, there, name):
    from glassnet.native_status import NativeStatus

    monkeypatch.setattr(module, "native_status", lambda: NativeStatus(there))
    assert own_ways()[0].name == name


def test_pytorch_runs_with_one_with_two_and_with_all_threads(monkeypatch):
    for count, expected in ((1, [1]), (2, [1, 2]), (8, [1, 2, 8])):
        monkeypatch.setattr(module, "all_cores", lambda count=count: count)
        assert [each.threads for each in module.plain_torch()] == expected
