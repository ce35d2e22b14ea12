"""The doctor on trained models, by what they record and what their nets do with rows; as a command."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

import glassnet as gn
from glassnet.cli import run
from glassnet.engine.history import EpochRecord, History

OPTIONS = {"test": "random:0.2", "net": "12:relu", "epochs": 15, "lr": 0.01}


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    chance = np.random.default_rng(5)
    a, b = chance.normal(size=(2, 200))
    return pl.DataFrame({"a": a, "b": b, "y": a + 0.5 * b + 0.3 * chance.normal(size=200)})


@pytest.fixture(scope="module")
def model(table) -> gn.Model:
    return gn.train(table, target="y", **OPTIONS)


def test_of_a_model_that_is_well_nothing_is_said(model, table):
    by_record, by_rows = gn.diagnose(model), gn.diagnose(model, table)
    assert (by_record.names, by_rows.names) == ((), ())
    assert "only what the model records" in by_record.notes[0]


def test_the_weights_of_the_model_stay_as_they_were(model, table):
    before = [each.clone() for each in model.net.parameters()]
    gn.diagnose(model, table, prove=True)
    assert all(map(torch.equal, before, model.net.parameters()))


def test_a_rate_that_is_too_low_is_named_with_and_without_rows(table):
    slow = gn.train(table, target="y", **OPTIONS | {"lr": 1e-7})
    assert "learning_rate_too_low" in gn.diagnose(slow).names
    found = gn.diagnose(slow, table, prove=True)
    proof = found.findings[found.names.index("learning_rate_too_low")].proof
    assert proof.outcome == "confirmed"
    assert -1 < proof.interval[0] < proof.difference < proof.interval[1] < 0


def test_a_deep_sigmoid_net_lets_its_gradients_vanish(table):
    deep = gn.train(table, target="y", **OPTIONS | {"net": ",".join(["6:sigmoid"] * 9)})
    assert "vanishing_gradients" in gn.diagnose(deep, table).names


def test_kept_leaks_are_labels_in_the_inputs(table):
    leaky = table.with_columns(copy=pl.col("y") * 2 + 1)
    with pytest.warns(gn.GlassnetWarning, match="kept leak"):
        kept = gn.train(leaky, target="y", keep_leaks=True, **OPTIONS)
    assert "copy" in gn.diagnose(kept).findings[0].evidence
    assert gn.diagnose(kept).names[0] == "labels_in_inputs"


def test_a_validation_loss_that_rose_again_is_overfitting_only_where_nothing_stopped_it(model):
    losses = [1.0, 0.5, 0.6, 0.8, 0.9, 1.0]
    records = [EpochRecord(n, 1 / n, loss, 0.01) for n, loss in enumerate(losses, start=1)]
    ran_on = replace(model, history=History(records, stopped="epochs", best_epoch=2))
    stopped = replace(model, history=History(records, stopped="early_stopping", best_epoch=2))
    (found,) = gn.diagnose(ran_on).findings
    assert (found.name, found.epoch, found.numbers["best"], found.numbers["last"]) == (
        "overfitting",
        2,
        0.5,
        1.0,
    )
    assert gn.diagnose(stopped).names == ()


def test_a_request_that_mixes_a_model_with_settings_is_refused(model, table):
    with pytest.raises(gn.RecipeError, match="there is also loss, lr"):
        gn.diagnose(model, table, loss="mse", lr=0.1)


def test_wrong_requests_about_nets_are_all_named_at_once():
    net, X = torch.nn.Linear(2, 1), np.zeros((10, 2))
    with pytest.raises(gn.RecipeError) as caught:
        gn.diagnose(net, X, loss="mse", epoch=3, lr=-1.0)
    text = str(caught.value)
    assert "did you mean 'epochs'?" in text
    assert "y is missing" in text
    assert "lr=-1.0" in text


def test_a_loop_that_trains_another_net_is_refused():
    other, X = torch.nn.Linear(2, 1), np.random.default_rng(0).normal(size=(20, 2))

    def train(net: torch.nn.Module, X: torch.Tensor, y: torch.Tensor) -> None:
        other(X).sum().backward()

    with pytest.raises(gn.RecipeError, match="must train the net that it is given"):
        gn.diagnose(torch.nn.Linear(2, 1), X, X[:, :1], loss="mse", train=train)


def test_the_command_prints_the_text_or_one_json_object(model, table, capsys):
    model.save("small.glass")
    table.write_csv("rows.csv")
    assert run(["diagnose", "small.glass"]) == 0
    assert capsys.readouterr().out == f"{gn.diagnose(model)}\n"
    assert run(["diagnose", "small.glass", "--data", "rows.csv", "--prove", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert run(["diagnose", "small.glass", "--prove"]) == 2
    assert "--data" in capsys.readouterr().err
