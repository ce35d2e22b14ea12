"""The default net is chosen by successive halving on the validation rows, from what the histories say."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.randomness import stream
from glassnet.run import choose, nets, trials

EPOCHS, PAUSES = 32, (2, 6, 18)
LABELS = ["net", *(f"net-trial{number}" for number in range(2, 7))]
OPTIONS = {"target": "y", "epochs": EPOCHS, "patience": 1000, "lr": 0.01, "test": "random:0.25"}


@pytest.fixture(autouse=True)
def _small_nets(monkeypatch) -> None:
    monkeypatch.setattr("glassnet.run.work.net_notation", lambda net, rows: "2x6:relu:0.2+waves")
    monkeypatch.setattr(choose, "OTHER_NETS", ("2x4:relu:0.3",))


@pytest.fixture
def data(table) -> Path:
    """Numbers above 0 with a long tail: six trials, two nets on three scales."""
    frame = table().select("x1", "x2", "colour", pl.col("y").sub(1000).truediv(200).exp().alias("y"))
    frame.write_csv("data.csv")
    return Path("data.csv")


def trained(out: str | None = "run", **options: object) -> gn.Model:
    return gn.train("data.csv", out=out, **{**OPTIONS, **options})


def records(folder: str, fold: str = "net") -> dict[str, list[dict[str, object]]]:
    """Give the epochs of each training of a fold, by the net's name."""
    found: dict[str, list[dict[str, object]]] = {}
    for line in map(json.loads, Path(folder, "history.jsonl").read_text().splitlines()):
        if line["net"].split("-")[0] == fold:
            found.setdefault(line["net"].replace(fold, "net", 1), []).append(line)
    return found


def score(epochs: list[dict[str, object]], pause: int) -> tuple[float, int]:
    """Give the RMSE of the best epoch up to a pause, and which epoch that is."""
    best = min(epochs[:pause], key=lambda each: each["validation_loss"])
    return best["metrics"]["rmse"], best["epoch"]


def halved(found: dict[str, list[dict[str, object]]]) -> Iterator[list[str]]:
    """Give who is left before each round, worked out from the records alone."""
    left = LABELS
    for pause in PAUSES:
        yield left
        left = sorted(left, key=lambda name: score(found[name], pause)[0])[: (len(left) + 1) // 2]
    yield left


def assert_halved(model: gn.Model, folder: str, fold: str = "net") -> None:
    found = records(folder, fold)
    *rounds, (winner,) = halved(found)
    assert [len(each) for each in rounds] == [6, 3, 2]
    assert len(found[winner]) == EPOCHS
    for name in LABELS:
        reached = max(pause for pause, left in zip(PAUSES, rounds, strict=True) if name in left)
        assert len(found[name]) == (EPOCHS if name == winner else reached)
    if fold == "net":
        chosen = model.plan.trials[LABELS.index(winner)]
        assert (model.plan.net, model.plan.target_scale) == (chosen.net, chosen.target_scale)
        assert (chosen.score, chosen.epochs) == score(found[winner], EPOCHS)
        assert model.history.best_epoch == chosen.epochs
        assert len(found["net-refit"]) == round(model.plan.refit_factor * chosen.epochs)


def test_each_round_keeps_the_better_half_and_the_winner_is_trained_to_its_end_and_refitted(data):
    model = trained()
    assert_halved(model, "run")
    nets_compared = ("2x6:relu:0.2+waves", "2x4:relu:0.3")
    assert [(each.net, each.target_scale) for each in model.plan.trials] == [
        (net, on) for net in nets_compared for on in ("plain", "sqrt", "log")
    ]
    assert all(each.score is not None and each.epochs >= 1 for each in model.plan.trials)


def test_each_fold_chooses_for_itself(data):
    model = trained(test="cv:2")
    for fold in ("net", "fold1", "fold2"):
        assert_halved(model, "run", fold)


def test_in_memory_and_in_a_folder_the_same_is_chosen(data):
    assert trained(out=None).to_bytes() == trained().to_bytes()


def test_a_trial_that_stops_early_keeps_its_place_and_is_not_trained_again(data, monkeypatch):
    begun = []

    def count(net, train, settings, **options):
        begun.append(options.get("state") is None)
        return training(net, train, settings, **options)

    training = nets.train_net
    monkeypatch.setattr(nets, "train_net", count)
    trained(out=None, patience=1, refit=False, lr=0.3)
    assert begun.count(True) == len(LABELS)
    assert len(begun) == 6 + 3 + 2 + 1


# --- interruptions ---------------------------------------------------------------------------------


class Ends:
    """A reporter that ends the run at an epoch of a net: by a signal, or as a kill would."""

    def __init__(self, moment: tuple[str, int], kills: bool) -> None:
        self.moment, self.kills = moment, kills

    def phase(self, text: str) -> None: ...

    def planned(self, plan: object) -> None: ...

    def progress(self, net: str, record, done: float, total: int, eta: float) -> None:
        if self.moment == (net, record.epoch if record else None):
            self.moment = None
            if self.kills:
                raise SystemExit
            os.kill(os.getpid(), signal.SIGINT)


# In the first round, at its end, in the second and third one, in the final training, in the refit.
MOMENTS = [("net", 1), ("net-trial3", 1), ("net-trial6", 2), (1, 4), (2, 12), (3, 25), ("net-refit", 3)]


@functools.cache
def _alone() -> tuple[bytes, list[tuple[str, int]], list[list[str]]]:
    """Give the model of a run that was left alone, its epochs in order, and who was left in each round."""
    return trained("alone").to_bytes(), told("alone"), list(halved(records("alone")))


def told(folder: str) -> list[tuple[str, int]]:
    lines = Path(folder, "history.jsonl").read_text().splitlines()
    return [(each["net"], each["epoch"]) for each in map(json.loads, lines)]


@pytest.mark.parametrize("kills", [False, True], ids=["interrupted", "killed"])
@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_comparison_that_is_ended_anywhere_goes_on_to_the_same_bytes(data, moment, kills, monkeypatch):
    """An interrupted one goes on from its pauses, a killed one from the epoch before."""
    alone, order, left = _alone()
    training = nets.train_net
    if kills:
        monkeypatch.setattr(nets, "train_net", lambda *a, **o: training(*a, **{**o, "save_every": 0}))
    where = (left[moment[0]][-1], moment[1]) if isinstance(moment[0], int) else moment
    with pytest.raises(SystemExit) if kills else contextlib.nullcontext():
        assert trained(reporter=Ends(where, kills)).history.stopped == "interrupted"
    assert Path("run/model.glass").exists() != kills
    assert gn.resume("run").to_bytes() == alone
    assert told("run") == order


@pytest.mark.parametrize("out", [None, "run"])
@pytest.mark.parametrize("moment", [("net", 2), ("net-trial2", 2), ("net-trial4", 1)], ids=str)
def test_a_comparison_that_is_interrupted_gives_the_best_net_so_far(data, out, moment):
    model = trained(out=out, reporter=Ends(moment, kills=False))
    assert model.history.stopped == "interrupted"
    assert model.history.best_epoch in (1, 2)
    best = min((each for each in model.plan.trials if each.score is not None), key=lambda each: each.score)
    assert (model.plan.net, model.plan.target_scale) == (best.net, best.target_scale)
    assert model.history[best.epochs - 1].metrics["rmse"] == best.score
    assert model.results.metrics["validation"]["rmse"] == pytest.approx(best.score, rel=1e-5)


# --- trials that fail ------------------------------------------------------------------------------


@pytest.mark.parametrize("failing", ["2x6", "2x4"])
def test_a_trial_that_diverges_is_passed_over(data, monkeypatch, failing):
    def diverges(context, plan, loss, seed):
        settings = wanted(context, plan, loss, seed)
        return nets.replace(settings, optimizer="sgd", lr=1e30) if plan.net.startswith(failing) else settings

    wanted = nets.settings_of
    monkeypatch.setattr(nets, "settings_of", diverges)
    model = trained()
    assert not model.plan.net.startswith(failing)
    assert model.history.stopped == "epochs"
    failed = [each for each in model.plan.trials if each.net.startswith(failing)]
    assert [(each.score, each.epochs) for each in failed] == [(None, 0)] * 3
    assert np.isfinite(model.predict("data.csv")).all()
    assert gn.load("run/model.glass").plan == model.plan


def test_where_the_winner_diverges_in_its_last_stretch_the_next_one_goes_on(data, monkeypatch):
    def breaks(context, plan, encoded, name, train, validation, restart=0, pause=None):
        trained = train_one(context, plan, encoded, name, train, validation, restart, pause)
        if pause is None and len(validation):
            ended.append(name)
        return nets.replace(trained, failure=gn.NonFiniteLoss("it broke")) if ended == [name] else trained

    ended: list[str] = []
    train_one = nets.train_one
    monkeypatch.setattr(trials, "train_one", breaks)
    model = trained()
    (broken,) = (each for each in model.plan.trials if each.score is None)
    others = [each for each in model.plan.trials if each.score is not None]
    assert len(ended) == 2
    assert model.history.stopped == "epochs"
    chosen = (model.plan.net, model.plan.target_scale)
    assert chosen in [(each.net, each.target_scale) for each in others]
    assert chosen != (broken.net, broken.target_scale)


def test_where_all_trials_diverge_the_run_fails_and_says_so(data):
    with pytest.raises(gn.NonFiniteLoss):
        trained(optimizer="sgd", lr=1e30)


# --- what is compared ------------------------------------------------------------------------------


def test_a_net_as_written_is_not_compared_with_others(data):
    model = trained(net="2x4:relu+waves", epochs=2)
    assert records("run").keys() == {"net"}
    assert (model.plan.compare, model.plan.trials, model.plan.target_scale) == (False, (), "plain")


def test_without_validation_rows_nothing_is_compared(data):
    model = trained(validation="none", epochs=2)
    assert records("run").keys() == {"net"}
    assert (model.plan.compare, model.plan.trials, model.plan.refit) == (False, (), False)


def test_restarts_begin_the_winner_anew(data):
    model = trained(restarts=2, epochs=4)
    assert "net-restart2" in records("run")
    assert [each.restart for each in model.plan.trials] == [0] * 6 + [1]
    best = min(model.plan.trials[-1].score, min(each.score for each in model.plan.trials if each.score))
    assert model.history[model.history.best_epoch - 1].metrics["rmse"] >= best


@pytest.mark.parametrize("rows", [choose.FEW - 1, choose.FEW])
def test_small_tables_compare_with_other_nets(rows):
    x = stream(0, "test").normal(size=(rows + 1, 2))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.where(x[:, 0] > 0, "yes", "no")})
    model = gn.train(frame, target="y", test="none", validation="last:1", epochs=1)
    assert model.results.rows["train"] == rows
    assert model.plan.other_nets == (choose.OTHER_NETS if rows < choose.FEW else ())
    assert len(model.plan.trials) == 1 + (rows < choose.FEW)


def test_validation_on_one_row_works(data):
    model = trained(validation="last:1", epochs=2)
    assert model.results.rows["validation"] == 1
    assert model.conformal is None
