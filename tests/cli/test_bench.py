"""``glassnet bench``, with nets and times small enough for a test."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from glassnet.cli import run
from glassnet.run.bench import contest, suite
from glassnet.run.bench.contest import Pace
from glassnet.run.bench.workloads import Workload


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(contest, "all_cores", lambda: 1)  # two threads are slow where others run
    monkeypatch.setattr(suite, "QUICK", Pace(2, 0.0005))
    monkeypatch.setattr(suite, "FULL", Pace(3, 0.0005))
    monkeypatch.setattr(suite, "NAMED", (Workload((3, 4, 1), 64, "sigmoid", "sgd"),))
    monkeypatch.setattr(suite, "GRID", (Workload((2, 2, 1), 64), Workload((3, 3, 3, 2), 64)))
    monkeypatch.setattr(suite, "ANSWERED", (Workload((3, 4, 1), 1),))
    monkeypatch.setattr(suite, "measure_peak", partial(suite.measure_peak, side=32))


def test_the_quick_one_prints_the_ratios_and_leaves_the_grid_out(capsys):
    assert run(["bench"]) == 0
    text = capsys.readouterr().out
    assert "A training step, as a multiple of" in text
    assert "One row, as a multiple of Glassnet" in text
    assert "2 rounds" in text
    assert "worst" not in text


def test_full_has_the_grid_and_its_worst_net(capsys):
    assert run(["bench", "--full"]) == 0
    text = capsys.readouterr().out
    assert "3-3-3-2 relu, batch 64, adam" in text
    assert "worst for gn.fit: " in text
    assert "3 rounds" in text


def test_json_is_one_object_and_the_file_has_it_too(capsys):
    assert run(["bench", "--json", "--out", "speed.json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert json.loads(Path("speed.json").read_text()) == found
    assert found["rounds"] == 2
    assert err == ""


def test_a_file_in_no_folder_is_said_before_anything_is_measured(capsys, monkeypatch):
    monkeypatch.delattr(suite, "measure_peak")
    assert run(["bench", "-o", "nowhere/speed.json"]) == 2
    assert "--out must name a file in a folder that exists" in capsys.readouterr().err
