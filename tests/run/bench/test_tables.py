"""What is said of the measurements: ratios first, the worst net of the grid, and what is missing."""

from __future__ import annotations

import json

from glassnet.run.bench.contest import Contest, Pace
from glassnet.run.bench.figures import Figure, table
from glassnet.run.bench.latency import EMPTY, OURS, Latency
from glassnet.run.bench.peak import Peak
from glassnet.run.bench.suite import Bench, shares, worst_cells
from glassnet.run.bench.tables import contest_text, grid_text, latency_text, ratios_text, report
from glassnet.run.bench.workloads import Workload

NET = Workload((2, 2, 1), 10)
PEAK = Peak(1e9, "by a test")


def made(theirs: float, ours: float, net: Workload = NET, **missing: str) -> Contest:
    steps = {"PyTorch": Figure((theirs, theirs)), "engine alone": Figure((ours, ours))}
    return Contest(
        net, steps, {"PyTorch": 2, "engine alone": 1}, ("engine alone",), {"engine alone": "native"}, missing
    )


def bench(*grid: Contest, native: str | None = None) -> Bench:
    facts = {
        "processor": "A processor",
        "cores": 2,
        "vectors": ["avx2"],
        "memory_gb": 8.0,
        "load": 0.1,
        "system": "Linux 6",
        "python": "3.11.7",
        "packages": {"torch": "2.13.0", "onnxruntime": None},
    }
    one_row = Latency(NET, {OURS: Figure((2.0,)), "PyTorch": Figure((14.0,)), EMPTY: Figure((0.5,))}, {})
    training = (made(30.0, 2.0, onnx="is not there"),)
    return Bench(facts, native, Pace(2, 0.1), PEAK, training, (one_row,), grid, 0.2)


def test_columns_stand_below_each_other_text_left_and_figures_right():
    assert (
        table([["net", "a"], ["x", "1.5"], ["long one", "-"]])
        == "net          a\nx          1.5\nlong one     -"
    )


def test_the_ratios_stand_above_the_times_they_come_from():
    text = report(bench())
    assert text.index("A training step, as a multiple of engine alone") < text.index("µs a step")
    assert "A processor, 2 cores (avx2), 8.0 GB, load 0.1" in text
    assert "torch 2.13.0" in text
    assert "onnxruntime" not in text
    assert "not measured, onnx: is not there (2-2-1 relu, batch 10, adam)" in text
    assert "worst" not in text
    assert "1.00 billion multiply-adds a second, by a test" in text


def test_without_the_extension_the_text_says_so():
    assert "Without the compiled extension" not in report(bench())
    assert "Without the compiled extension: there is no compiler" in report(
        bench(native="there is no compiler")
    )


def test_a_ratio_says_how_many_times_as_long_the_others_take():
    assert ratios_text([made(30.0, 2.0)]).splitlines()[1].split()[-1] == "15.0"


def test_nothing_of_glassnet_is_no_table():
    found = Contest(NET, {"PyTorch": Figure((1.0,))}, {"PyTorch": 1}, (), {}, {})
    assert ratios_text([found]) == "Nothing of Glassnet could be measured."


def test_one_net_shows_ratio_time_threads_engine_and_share_of_the_peak():
    lines = contest_text(made(30.0, 2.0), PEAK).splitlines()
    assert lines[1].split("   ")[0] == "PyTorch, 2 threads"
    assert "15.0 [15.0, 15.0]" in lines[1]
    assert "30.0 [30.0, 30.0]" in lines[1]
    assert lines[2].startswith("engine alone, native")
    # 10 rows * (6 + 6 + 2) multiply-adds in 2 µs are 7 % of a billion a second
    assert lines[2].endswith("7% of the peak")


def test_the_worst_net_of_the_grid_is_printed():
    worse = Workload((4, 4, 1), 1)
    grid = (made(30.0, 2.0), made(1.8, 2.0, worse), made(3.0, 2.0))
    assert worst_cells(grid)["engine alone"][0].workload == worse
    assert "worst for engine alone: 0.900 [0.900, 0.900] times, at 4-4-1 relu, batch 1, adam" in grid_text(
        grid, PEAK
    )


def test_one_row_shows_the_ratio_and_what_is_above_an_empty_call():
    figures = {OURS: Figure((2.0,)), "PyTorch": Figure((14.0,)), EMPTY: Figure((0.5,))}
    lines = latency_text([Latency(NET, figures, {})]).splitlines()
    assert lines[1].split("   ")[0] == "2-2-1"
    assert "7.00 [7.00, 7.00]" in lines[1]
    assert lines[1].endswith("1.50 [1.50, 1.50]")


def test_the_json_has_everything_that_the_text_has():
    found = bench(made(30.0, 2.0)).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["training"][0]["times_as_long"]["engine alone"]["PyTorch"]["median"] == 15.0
    assert found["training"][0]["share_of_peak"] == shares(made(30.0, 2.0), PEAK)
    assert found["worst"] == {"engine alone": "2-2-1 relu, batch 10, adam"}
    assert found["machine"]["load_after"] == 0.2
    assert found["native"] is True
