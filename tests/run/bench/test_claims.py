"""benchmarks/engine.py: promises are judged as it says, and every section runs, with nets made small."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from glassnet.run.bench import contest
from glassnet.run.bench.contest import Contest
from glassnet.run.bench.figures import Figure
from glassnet.run.bench.latency import EMPTY, OURS, Latency
from glassnet.run.bench.peak import Peak
from glassnet.run.bench.workloads import Workload

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
SCRIPTS = ("engine", "engine_claims", "engine_growth", "engine_members", "engine_precision", "measure")


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    """The scripts by name; they import their neighbours by name."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield {name: importlib.import_module(name) for name in SCRIPTS}
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in SCRIPTS:
            sys.modules.pop(name, None)


def outcome(workload: Workload, theirs: float, ours: float) -> Contest:
    steps = {"PyTorch": Figure((theirs,)), "gn.fit": Figure((ours,))}
    return Contest(workload, steps, {"PyTorch": 1, "gn.fit": 1}, ("gn.fit",), {}, {})


@pytest.mark.parametrize(("theirs", "kept"), [(150.0, True), (149.0, False)])
def test_a_promise_is_kept_from_its_limit_on(scripts, theirs, kept):
    claims = scripts["engine_claims"]
    found = claims.of_training([outcome(claims.SIGMOID, theirs, 10.0)], Peak(1e9, ""))
    assert [each.kept for each in found if "than PyTorch" in each.what] == [kept]
    assert [each.kept for each in found if "scikit-learn" in each.what] == [None]


def test_nets_64_to_256_wide_are_judged_by_their_share_of_the_peak(scripts):
    claims = scripts["engine_claims"]
    for net in (claims.NARROW, claims.MIDDLE, claims.BROAD):
        second = 1e6  # in one second, at a peak of this much in 0.4 or 0.39 seconds
        for part, kept in ((0.41, True), (0.39, False)):
            peak = Peak(net.multiply_adds / part, "")
            share = claims.of_training([outcome(net, second, second)], peak)[-1]
            assert share.kept is kept
    assert not [
        each for each in claims.of_training([outcome(claims.LARGE, 1, 1)], Peak(1, "")) if "peak" in each.what
    ]


@pytest.mark.parametrize(("theirs", "kept"), [(9.0, True), (8.9, False)])
def test_the_worst_net_of_the_grid_may_be_a_tenth_slower(scripts, theirs, kept):
    better = outcome(Workload((2, 2, 1), 1), 50.0, 10.0)
    worse = outcome(Workload((4, 4, 1), 1), theirs, 10.0)
    (claim,) = scripts["engine_claims"].of_grid((better, worse))
    assert claim.kept is kept
    assert "4-4-1" in claim.what


def test_one_row_is_judged_by_what_is_above_an_empty_call(scripts):
    net = Workload((56, 20, 1), 1)
    for ours, kept in ((3.5, True), (3.7, False)):
        found = Latency(net, {OURS: Figure((ours,)), EMPTY: Figure((0.6,))}, {})
        above, onnx = scripts["engine_claims"].of_latency([found])
        assert above.kept is kept
        assert onnx.cells()[2:] == ("not measured", "?")


def test_every_section_runs_and_its_figures_are_saved(scripts, monkeypatch, capsys):
    small = Workload((3, 4, 3), 64)
    monkeypatch.setattr(contest, "all_cores", lambda: 1)  # two threads are slow where others run
    engine, growth = scripts["engine"], scripts["engine_growth"]
    for name in ("NAMED", "GRID", "ANSWERED", "WIDTHS", "DEPTHS"):
        monkeypatch.setattr(engine, name, (small,))
    monkeypatch.setattr(engine, "measure_peak", partial(engine.measure_peak, side=16))
    monkeypatch.setattr(growth, "ROWS", (128, 256))
    monkeypatch.setattr(scripts["engine_members"], "NETS", (small,))
    monkeypatch.setattr(scripts["engine_precision"], "NETS", (small,))
    monkeypatch.setattr(scripts["engine_precision"], "has_bfloat16", lambda: True)
    monkeypatch.setattr(scripts["engine_precision"], "LEARNED", 64)
    monkeypatch.setattr(
        sys, "argv", ["engine.py", "--rounds", "2", "--seconds", "0.0005", "--out", "figures.json"]
    )
    engine.main()
    text = capsys.readouterr().out
    assert "peak of one core" in text
    assert text.index("A training step, as a multiple of") < text.index("claim")
    figures = json.loads(Path("figures.json").read_text())["figures"]
    assert set(engine.SECTIONS) <= set(figures)
    assert figures["training"][0]["net"] == small.name
    assert set(figures["members"][small.name]) == {"1", "2", "4", "8", "16", "32"}
    assert {"what", "promised", "found", "kept"} == set(figures["claims"][0])


def test_a_processor_without_bfloat16_is_said_to_be_one(scripts, monkeypatch, capsys):
    monkeypatch.setattr(scripts["engine_precision"], "has_bfloat16", lambda: False)
    assert scripts["engine_precision"].precision(None) == ({}, [])
    assert "not known to compute in it" in capsys.readouterr().out
