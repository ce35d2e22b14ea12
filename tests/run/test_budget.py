"""A budget becomes a number of epochs once, in the plan; its end is a deadline that is kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.run import budget
from glassnet.run.context import Allowance, Context


@pytest.fixture(autouse=True)
def _data(table) -> None:
    table().select("x1", "x2", "y").write_csv("data.csv")


def trained(**options: object) -> gn.Model:
    return gn.train("data.csv", **{"target": "y", "net": "4", "validation": "none", **options})


@pytest.fixture
def measured(monkeypatch) -> None:
    """An epoch that was measured to take 10 s, and scores that take no time."""
    monkeypatch.setattr(budget, "_epoch_seconds", lambda *_: 10.0)
    monkeypatch.setattr(budget, "_scoring_seconds", lambda *_: 0.0)


def test_the_epochs_are_those_that_the_budget_pays_for(measured):
    model = trained(budget=100, epochs=1000)
    assert len(model.history) == model.plan.epochs
    assert 6 <= model.plan.epochs <= int(100 * budget.MARGIN / 10)
    assert model.plan.reproducible


@pytest.mark.parametrize(
    ("options", "trainings"),
    [
        ({"restarts": 3}, 3),
        ({"validation": "random:0.2", "refit": True, "patience": 1000}, 2),
        ({"test": "cv:3"}, 4),
    ],
)
def test_all_trainings_of_a_run_share_the_budget(measured, options, trainings):
    most = int(200 * budget.MARGIN / 10 / trainings)
    assert 0.8 * most <= trained(budget=200, epochs=1000, **options).plan.epochs <= most


def test_never_more_epochs_than_asked_for_and_never_fewer_than_one(measured):
    assert trained(budget=1e6, epochs=3).plan.epochs == 3
    assert trained(budget=1, epochs=3).plan.epochs == 1


def test_the_epochs_stand_in_the_plan_and_resume_uses_them(measured, monkeypatch, broken_off):
    broken_off("train_nets", "data.csv", target="y", net="4", validation="none", budget=100, epochs=1000)
    epochs = json.loads(Path("run/plan.json").read_text())["epochs"]
    assert 4 <= epochs <= 8
    monkeypatch.setattr("glassnet.run.work.within_budget", None)
    assert len(gn.resume("run").history) == epochs


def test_a_deadline_within_the_first_epoch_ends_it_and_says_so(monkeypatch):
    model = trained(budget=0.001, epochs=50)
    assert model.history.stopped == "budget"
    assert not model.plan.reproducible
    assert model.predict("data.csv").shape == (160,)
    assert "test" in model.results.metrics


def test_a_deadline_before_the_refit_leaves_the_net_that_validation_chose():
    model = trained(budget=0.001, validation="random:0.2", refit=True, out="run")
    assert model.history.stopped == "budget"
    assert Path("run/model.glass").read_bytes() == model.to_bytes()
    assert not Path("run/checkpoints").exists()


def test_each_training_gets_an_equal_share_of_what_is_left():
    context = Context(None, None, None, None, None, 0.0, allowance=Allowance(30.0, 3))
    with context.deadline() as deadline:
        assert deadline - time.monotonic() == pytest.approx(10.0, abs=0.5)
    with context.deadline() as deadline:
        assert deadline - time.monotonic() == pytest.approx(15.0, abs=0.5)
    with Context(None, None, None, None, None, 0.0).deadline() as deadline:
        assert deadline is None
