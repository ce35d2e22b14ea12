"""Every name and every option of a recipe does its work; restarts and refits choose what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.notation import ACTIVATIONS
from glassnet.recipe import InitName

QUICK = {"net": "8", "epochs": 2, "test": "random:0.25", "batch_size": 32}


def weights(model: gn.Model) -> np.ndarray:
    return np.concatenate([each.detach().numpy().ravel() for each in model.net.parameters()])


def history(folder: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(folder, "history.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [
        ("sgd", "constant"),
        ("sgd", "step"),
        ("sgd", "one_cycle"),
        ("adam", "cosine"),
        ("adam", "one_cycle"),
        ("adamw", "cosine"),
        ("adamw", "step"),
        ("rmsprop", "constant"),
        ("rmsprop", "one_cycle"),
    ],
)
def test_every_optimizer_and_every_schedule_trains(frame, optimizer, schedule):
    model = gn.train(frame, target="y", **{**QUICK, "epochs": 4}, optimizer=optimizer, schedule=schedule)
    rates = [record.learning_rate for record in model.history]
    assert len(set(rates)) == (1 if schedule == "constant" else 3 if schedule == "step" else 4)
    assert model.history[-1].train_loss < model.history[0].train_loss * 1.05


def test_options_that_contradict_each_other_are_refused_before_anything_slow_begins(frame, monkeypatch):
    monkeypatch.setattr("glassnet.run.work.Judge", None)
    options = {"schedule": "one_cycle", "warmup": 0.1, "optimizer": "adam", "momentum": 0.5}
    with pytest.raises(gn.RecipeError) as error:
        gn.train(frame, target="y", out="run", **QUICK, **options)
    assert len(error.value.problems) == 2
    assert not Path("run").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        {"optimizer": "rmsprop", "momentum": 0.5},
        {"l1": 0.01},
        {"l2": 0.1},
        {"weight_decay": 0.5},
        {"clip": 0.01, "optimizer": "sgd"},
        {"norm": "batch"},
        {"norm": "layer"},
        {"net": "8:relu:0.5"},
        {"loss": "mae"},
        {"loss": "huber"},
        {"batch_size": 7},
        {"lr": 0.1},
        {"precision": "bfloat16"},
        {"ema": 0.5},
        {"net": "2x8"},
        {"net": "8+waves"},
    ],
    ids=str,
)
def test_every_option_changes_what_is_learned(frame, options):
    plain = gn.train(frame, target="y", **{**QUICK, "optimizer": options.get("optimizer", "adamw")})
    changed = gn.train(frame, target="y", **{**QUICK, **options})
    assert np.isfinite(weights(changed)).all()
    same = weights(plain).shape == weights(changed).shape and np.allclose(weights(plain), weights(changed))
    assert not same


@pytest.mark.parametrize("init", InitName.__args__)
def test_every_initialisation_trains(frame, init):
    model = gn.train(frame, target="y", init=init, **QUICK)
    assert np.isfinite(model.predict(frame)).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_trains(frame, activation):
    model = gn.train(frame, target="y", **{**QUICK, "net": f"6,4:{activation}"})
    assert np.isfinite(model.predict(frame)).all()


def test_of_several_restarts_the_best_by_validation_is_kept(frame):
    options = {"target": "y", "net": "4:tanh", "epochs": 8, "lr": 0.02, "test": "random:0.25"}
    model = gn.train(frame, out="run", restarts=4, **options)
    best = {}
    for line in history("run"):
        best[line["net"]] = min(line["validation_loss"], best.get(line["net"], np.inf))
    assert sorted(best) == ["net", "net-restart2", "net-restart3", "net-restart4"]
    assert len(set(best.values())) == 4
    kept = model.history[model.history.best_epoch - 1].validation_loss
    assert kept == min(best.values())


def test_a_restart_that_diverges_gives_way_to_one_that_does_not(frame, monkeypatch):
    from glassnet.run import nets

    seeds = []

    def first_diverges(*arguments):
        settings = wanted(*arguments)
        seeds.append(settings.seed)
        return nets.replace(settings, lr=1e30) if settings.seed == seeds[0] else settings

    wanted = nets.settings_of
    monkeypatch.setattr(nets, "settings_of", first_diverges)
    model = gn.train(frame, target="y", restarts=2, optimizer="sgd", lr=0.01, **QUICK)
    assert model.history.stopped == "epochs"
    assert np.isfinite(weights(model)).all()


def test_the_default_net_is_refitted_with_the_validation_rows_and_a_written_one_is_not(frame):
    options = {"target": "y", "epochs": 3}
    nets = {
        "default": gn.train(frame, out="default", **options).plan.refit,
        "default, no refit": gn.train(frame, out="default, no refit", refit=False, **options).plan.refit,
        "written": gn.train(frame, out="written", net="32:relu", **options).plan.refit,
        "written, refit": gn.train(
            frame, out="written, refit", net="32:relu", refit=True, **options
        ).plan.refit,
    }
    assert list(nets.values()) == [True, False, False, True]
    for folder, refit in nets.items():
        trained = {"net", "net-trial2"} if folder.startswith("default") else {"net"}
        assert {line["net"] for line in history(folder)} == trained | ({"net-refit"} if refit else set())


def test_a_refit_is_a_training_on_both_sets_for_the_chosen_epochs(frame, monkeypatch):
    from glassnet.run import nets

    rows = []

    def count(net, train, settings, **rest):
        rows.append(len(train.y))
        return trained(net, train, settings, **rest)

    trained = nets.train_net
    monkeypatch.setattr(nets, "train_net", count)
    options = {**QUICK, "epochs": 30, "lr": 0.1, "patience": 3}
    model = gn.train(frame, target="y", refit=True, out="run", **options)
    assert 1 < model.history.best_epoch < 30
    assert len([line for line in history("run") if line["net"] == "net-refit"]) == model.history.best_epoch
    assert rows == [
        model.results.rows["train"],
        model.results.rows["train"] + model.results.rows["validation"],
    ]
