"""``gn.train`` from Python: what it returns, what it writes, and that every option does its work."""

from __future__ import annotations

import json
import threading
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import glassnet as gn

INPUTS = ["x1", "x2", "colour"]
QUICK = {"net": "8", "epochs": 2, "test": "random:0.25", "batch_size": 32}


def columns(frame: pl.DataFrame, *targets: str) -> pl.DataFrame:
    return frame.select(*INPUTS, *targets)


def weights(model: gn.Model) -> np.ndarray:
    return np.concatenate([each.detach().numpy().ravel() for each in model.net.parameters()])


def history(folder: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(folder, "history.jsonl").read_text().splitlines()]


def test_it_returns_a_model_and_writes_nothing(frame, tmp_path):
    model = gn.train(frame, target="y", **QUICK)
    assert isinstance(model, gn.Model)
    assert model.predict(frame[:5]).shape == (5,)
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_holds_recipe_plan_history_model_and_report(frame, tmp_path):
    model = gn.train(frame, target="y", out="run", **QUICK)
    folder = tmp_path / "run"
    assert sorted(path.name for path in folder.iterdir()) == [
        "history.jsonl",
        "model.glass",
        "plan.json",
        "recipe.toml",
        "report.html",
    ]
    recipe = tomllib.loads((folder / "recipe.toml").read_text())
    assert (recipe["target"], recipe["epochs"], len(recipe["sha256"])) == (["y"], 2, 64)
    assert json.loads((folder / "plan.json").read_text())["net"] == "8"
    lines = history("run")
    assert [(line["net"], line["epoch"]) for line in lines] == [("net", 1), ("net", 2)]
    assert lines[1]["validation_loss"] == model.history[1].validation_loss
    assert (folder / "model.glass").read_bytes() == model.to_bytes()
    np.testing.assert_array_equal(gn.load(folder / "model.glass").predict(frame), model.predict(frame))


def test_the_same_seed_gives_the_same_bytes_in_any_folder_and_another_seed_others(frame, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        gn.train(frame, target="y", out=tmp_path / name, seed=seed, **QUICK)
    a, b, c = ((tmp_path / name / "model.glass").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_folder_with_a_run_is_refused_and_stays_as_it_is(frame, tmp_path):
    gn.train(frame, target="y", out="run", **QUICK)
    before = (tmp_path / "run" / "model.glass").read_bytes()
    with pytest.raises(gn.DataError, match="run holds one; go on with it by --resume run"):
        gn.train(frame, target="y", out="run", seed=5, **QUICK)
    assert (tmp_path / "run" / "model.glass").read_bytes() == before


def test_an_impossible_request_leaves_no_folder(frame, tmp_path):
    with pytest.raises(gn.DataError, match="did you mean 'y'"):
        gn.train(frame, target="yy", out="run", **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_an_impossible_request_leaves_the_users_own_files_alone(frame, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(gn.RequestError):
        gn.train(frame, target="yy", out="run", **QUICK)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_the_recipe_of_a_run_trains_the_same_model_again(frame, tmp_path):
    frame.write_csv("data.csv")
    first = gn.train("data.csv", target="y", roles={"x2": "category"}, l2=0.01, **QUICK)
    again = gn.train(recipe=first.recipe)
    assert again.to_bytes() == first.to_bytes()
    changed = gn.train(recipe=first.recipe, lr=0.5)
    assert changed.recipe.lr == 0.5
    assert changed.recipe.net == "8"


# --- tasks: answers in the user's units ---------------------------------------------------------------


def test_regression_answers_in_the_users_units(table):
    model = gn.train(columns(table(), "y"), target="y", net="16", epochs=60, lr=0.01, test="random:0.25")
    new = columns(table(seed=1), "y")
    assert np.sqrt(np.mean((model.predict(new) - new["y"].to_numpy()) ** 2)) < 60
    assert model.results.metrics["test"]["rmse"] < model.results.baselines["mean"]["test"]["rmse"] / 2


def test_counts_are_answered_with_a_rate_above_zero(table):
    data = columns(table(), "count")
    model = gn.train(data, target="count", task="poisson", net="8", epochs=40, lr=0.01, test="random:0.25")
    rates = model.predict(data)
    assert (rates > 0).all()
    assert abs(rates.mean() - data["count"].mean()) < 0.5
    assert "poisson_deviance" in model.results.metrics["test"]


@pytest.mark.parametrize(
    ("target", "task", "classes"), [("bought", "binary", ("no", "yes")), ("kind", "multiclass", tuple("pqr"))]
)
def test_classes_are_answered_as_they_were_written(table, target, task, classes):
    data = columns(table(), target)
    model = gn.train(data, target=target, net="16", epochs=30, lr=0.01, test="random:0.25")
    assert model.task.name == task
    assert set(model.predict(data)) <= set(classes)
    chances = model.predict_proba(data)
    assert chances.shape == (len(data), len(classes))
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
    assert np.mean(model.predict(data) == data[target].to_numpy()) > 0.7


def test_several_targets_are_answered_together(table):
    data = columns(table(), "y", "y2")
    model = gn.train(data, target=["y", "y2"], net="16", epochs=60, lr=0.01, test="random:0.25")
    answers = model.predict(data)
    assert answers.shape == (len(data), 2)
    assert np.corrcoef(answers[:, 0], data["y"])[0, 1] > 0.9
    assert np.corrcoef(answers[:, 1], data["y2"])[0, 1] > 0.9
    assert answers[:, 0].mean() > 500 > answers[:, 1].mean()


# --- weights, losses, own modules ---------------------------------------------------------------------


def test_balanced_classes_move_the_answers_towards_the_rare_class(table):
    data = columns(table(400), "bought").with_columns(
        pl.when(pl.int_range(400) % 10 == 0).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("bought")
    )
    options = {"target": "bought", "net": "linear", "epochs": 30, "lr": 0.05, "test": "random:0.25"}
    plain, balanced = (
        gn.train(data, class_weight=each, **options).predict_proba(data)[:, 1].mean()
        for each in ("none", "balanced")
    )
    assert plain < 0.2
    assert 0.35 < balanced < 0.65


def test_the_weight_column_weighs_the_rows_and_is_no_input(table):
    data = columns(table(), "y", "w").with_columns(y=pl.when(pl.col("w") > 1).then(50.0).otherwise(100.0))
    heavy = data.with_columns(w=pl.when(pl.col("w") > 1).then(1000.0).otherwise(0.001))
    options = {"target": "y", "weight": "w", "net": "linear", "epochs": 60, "lr": 0.1, "test": "random:0.25"}
    model = gn.train(heavy, **options)
    assert "w" not in model.schema.input_names
    assert model.predict(heavy).mean() == pytest.approx(50, abs=5)


def test_a_loss_of_ones_own_is_used_and_named_in_the_recipe(frame):
    def pinball(output, target):
        return torch.maximum(0.9 * (target - output), 0.1 * (output - target)).mean()

    model = gn.train(frame, target="y", loss=pinball, net="linear", epochs=60, lr=0.05, test="random:0.25")
    assert model.recipe.loss == "own:pinball"
    assert np.mean(model.predict(frame) > frame["y"].to_numpy()) > 0.75
    with pytest.raises(gn.RecipeError, match="own loss 'pinball'"):
        gn.train(recipe=model.recipe, data=frame)


class Wide(nn.Module):
    """A module that is no stack of listed layers."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.deep = nn.Sequential(nn.Linear(inputs, 4), nn.Tanh(), nn.Linear(4, outputs))
        self.wide = nn.Linear(inputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.deep(x) + self.wide(x)


def test_a_builder_of_ones_own_is_seeded_saved_and_loaded_only_with_the_module(frame, tmp_path):
    options = {**QUICK, "net": Wide, "target": "y"}
    model = gn.train(frame, out="run", **options)
    torch.manual_seed(99)
    assert gn.train(frame, **options).to_bytes() == model.to_bytes()
    assert model.recipe.net == "own:Wide"
    with pytest.raises(gn.RecipeError, match="weights of your own module 'Wide'"):
        gn.load("run/model.glass")
    loaded = gn.load("run/model.glass", net=Wide(model.schema.width, 1))
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame))
    with pytest.raises(gn.RequestError):
        gn.load("run/model.glass", net=Wide(model.schema.width + 1, 1))


def test_a_module_of_ones_own_is_trained_as_a_copy(frame):
    probe = gn.train(frame, target="y", **QUICK)
    net = Wide(probe.schema.width, 1)
    before = {name: each.clone() for name, each in net.state_dict().items()}
    model = gn.train(frame, target="y", **{**QUICK, "net": net})
    assert not torch.equal(model.net.wide.weight, before["wide.weight"])
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())


def test_in_a_thread_it_trains_and_an_interruption_there_ends_in_good_order(frame):
    found = []

    def interrupts(output, target):
        raise KeyboardInterrupt

    def work():
        found.append(gn.train(frame, target="y", **QUICK).history.stopped)
        found.append(gn.train(frame, target="y", loss=lambda a, b: ((a - b) ** 2).mean(), **QUICK).task.loss)
        try:
            gn.train(frame, target="y", loss=interrupts, **QUICK)
        except gn.Interrupted as error:
            found.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["epochs", "own:<lambda>", gn.Interrupted]
