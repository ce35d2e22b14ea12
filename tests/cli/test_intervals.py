"""``glassnet predict --interval`` and what train and evaluate say about intervals."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.cli import run

QUICK = {"net": "4", "epochs": 2}


def made_up(rows=120):
    chance = np.random.default_rng(0)
    x = chance.normal(size=rows).round(4)
    return pl.DataFrame(
        {"x": x, "y": (10 + x + chance.normal(size=rows)).round(4), "y_low": (5 - x).round(4)}
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intervals")
    made_up().write_csv(folder / "data.csv")
    gn.train(folder / "data.csv", target="y", drop="y_low", out=folder / "run", **QUICK)
    return folder / "run" / "model.glass"


def test_predict_adds_the_ends_beside_each_answer(model, capsys):
    made_up().write_csv("data.csv")
    assert run(["predict", str(model), "data.csv", "--interval", "0.8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["y", "y_low", "y_high"]
    low, high = gn.load(model).predict_interval("data.csv", 0.8)
    assert (found["y_low"], found["y_high"]) == (low.tolist(), high.tolist())
    assert run(["predict", str(model), "data.csv", "--interval", "0.8", "-o", "out.csv"]) == 0
    assert pl.read_csv("out.csv").columns == ["y", "y_low", "y_high"]


@pytest.mark.parametrize("coverage", ["0", "1.2", "0.999"])
def test_a_coverage_that_cannot_be_is_a_wrong_request(model, coverage, capsys):
    made_up().write_csv("data.csv")
    assert run(["predict", str(model), "data.csv", "--interval", coverage]) == 2
    assert capsys.readouterr().err.startswith("error: the coverage")


def test_a_column_would_not_stand_twice(capsys):
    made_up().write_csv("data.csv")
    gn.train("data.csv", target="y,y_low", out="run", **QUICK)
    assert run(["predict", "run/model.glass", "data.csv", "--interval", "0.8"]) == 2
    assert "'y_low' is a target too" in capsys.readouterr().err


def test_train_and_evaluate_say_what_share_the_intervals_held(capsys):
    made_up().write_csv("data.csv")
    train = [
        "train",
        "data.csv",
        "--target",
        "y",
        "--drop",
        "y_low",
        "--net",
        "4",
        "--epochs",
        "2",
        "--quiet",
    ]
    assert run([*train, "--out", "a", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["prediction_intervals"]
    assert found.keys() == {"test"}
    assert found["test"].keys() == {"asked", "coverage", "interval", "mean_width"}
    assert run([*train, "--out", "b"]) == 0
    assert f"90 % intervals hold {100 * found['test']['coverage']:.1f} % [" in capsys.readouterr().out
    assert run(["evaluate", "a/model.glass", "data.csv", "--json"]) == 0
    evaluated = json.loads(capsys.readouterr().out)["prediction_intervals"]["test"]
    assert evaluated["asked"] == 0.9
    assert 0.5 < evaluated["coverage"] <= 1
