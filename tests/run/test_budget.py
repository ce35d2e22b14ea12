"""A budget becomes a number of epochs once, in the plan; its end is a deadline that is kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.run import budget, nets, trials
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


@pytest.mark.parametrize("seconds", [90, 150, 400, 4000])
def test_the_epochs_of_a_comparison_are_paid_for_too(measured, monkeypatch, seconds):
    """Every epoch of every trial, of the winner and of its refit, counted while they are trained."""
    done = []

    def count(net, train, settings, **options):
        before = len(options["state"].history) if options.get("state") else 0
        history = training(net, train, settings, **options)
        done.append(len(history) - before)
        return history

    training = nets.train_net
    monkeypatch.setattr(nets, "train_net", count)
    monkeypatch.setattr(trials, "_scales", lambda encoded: ["plain", "sqrt", "log"])
    options = {"net": "tabular", "validation": "random:0.2", "epochs": 200, "patience": 1000}
    model = trained(budget=seconds, **options)
    assert len(model.plan.trials) == 6
    assert len(done) == 6 + 3 + 2 + 2
    most = seconds * budget.MARGIN / 10
    assert sum(done) <= most
    assert model.plan.epochs == 200 or sum(done) >= 0.6 * most - 8


def test_a_comparison_that_a_deadline_cuts_short_is_said_not_to_be_reproducible(monkeypatch):
    calls = []

    def second_is_late(net, train, settings, **options):
        calls.append(settings)
        return training(net, train, settings, **{**options, "deadline": 0.0 if len(calls) == 2 else None})

    training = nets.train_net
    monkeypatch.setattr(nets, "train_net", second_is_late)
    model = trained(net="tabular", validation="random:0.2", epochs=16)
    assert model.history.stopped == "epochs"
    assert not model.plan.reproducible


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


def test_each_training_gets_the_share_of_its_epochs_of_what_is_left():
    context = Context(None, None, None, None, None, 0.0, allowance=Allowance(30.0, 30))
    with context.deadline(10) as deadline:
        assert deadline - time.monotonic() == pytest.approx(10.0, abs=0.5)
    assert context.allowance.epochs == 20
    with context.deadline(15) as deadline:
        assert deadline - time.monotonic() == pytest.approx(22.5, abs=0.5)
    with context.deadline(100) as deadline:
        assert deadline - time.monotonic() == pytest.approx(30.0, abs=0.5)
    with Context(None, None, None, None, None, 0.0).deadline(1) as deadline:
        assert deadline is None


def test_a_training_that_fails_has_used_its_share():
    context = Context(None, None, None, None, None, 0.0, allowance=Allowance(30.0, 30))
    with pytest.raises(ZeroDivisionError), context.deadline(10):
        raise ZeroDivisionError
    assert context.allowance.epochs == 20
