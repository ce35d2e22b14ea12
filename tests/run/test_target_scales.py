"""A long-tailed target may be learned as its root or its logarithm; answers stay in the user's units."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.randomness import stream
from glassnet.run import trials

ROWS = 200
CHANCE = stream(0, "test", "scales")
X = CHANCE.normal(size=(ROWS, 2)).round(4)
SIGNAL = X[:, 0] + 0.5 * X[:, 1] + 0.1 * CHANCE.normal(size=ROWS)
TARGETS = {
    "positive, long tail": (np.exp(1.5 * SIGNAL), True),
    "with zeros, long tail": (np.maximum(np.exp(1.5 * SIGNAL) - 0.5, 0.0), True),
    "very large, long tail": (1e25 * np.exp(1.5 * SIGNAL), True),
    "long tail below 0 too": (np.exp(1.5 * SIGNAL) - 0.5, False),
    "all below 0": (-np.exp(1.5 * SIGNAL), False),
    "no tail": (10 + SIGNAL, False),
    "a tail to the left": (1e4 - np.exp(1.5 * SIGNAL), False),
    "hardly varying": (1e4 + 1e-3 * np.exp(1.5 * SIGNAL), False),
    "tiny": (1e-40 * np.exp(1.5 * SIGNAL), False),
}


def frame(target: np.ndarray) -> pl.DataFrame:
    colour = np.array(["red", "green"])[(X[:, 1] > 0).astype(int)]
    return pl.DataFrame({"x1": X[:, 0], "x2": X[:, 1], "colour": colour, "y": target})


@pytest.fixture(autouse=True)
def _small_nets(monkeypatch) -> None:
    monkeypatch.setattr("glassnet.run.work.net_notation", lambda net, rows: "2x8:relu+waves")
    monkeypatch.setattr("glassnet.run.choose.OTHER_NETS", ())


def trained(values: np.ndarray, **options: object) -> gn.Model:
    options = {"target": "y", "epochs": 2, "test": "random:0.25", **options}
    return gn.train(frame(values), **options)


def learned_on(scale: str, monkeypatch, target: np.ndarray, **options: object) -> gn.Model:
    monkeypatch.setattr(trials, "_scales", lambda encoded: [scale])
    return trained(target, **{"epochs": 40, "lr": 0.02, **options})


@pytest.mark.parametrize("name", TARGETS)
def test_only_a_target_that_is_never_below_0_and_has_a_long_tail_is_tried_on_other_scales(name):
    target, tries = TARGETS[name]
    model = trained(target)
    scales = ["plain", "sqrt", "log"] if tries else ["plain"]
    assert [each.target_scale for each in model.plan.trials] == scales
    assert np.isfinite(model.predict(frame(target))).all()


@pytest.mark.parametrize(
    "options",
    [{"task": "poisson"}, {"loss": "mae"}, {"net": "8"}, {"target": ["y", "x1"]}],
    ids=str,
)
def test_counts_other_losses_written_nets_and_several_targets_stay_plain(options):
    model = trained(np.round(np.exp(1.5 * SIGNAL)), **options)
    assert {each.target_scale for each in model.plan.trials} <= {"plain"}
    assert {each.on for each in model.schema.targets} == {"plain"}


@pytest.mark.parametrize("scale", ["plain", "sqrt", "log"])
def test_the_scale_with_the_lowest_error_in_the_users_units_is_chosen(monkeypatch, scale):
    """The error that is compared is the RMSE of the answers, not that of roots or logarithms."""
    target = TARGETS["positive, long tail"][0]
    compared = trained(target, epochs=40, lr=0.02)
    on = {each.target_scale: each for each in compared.plan.trials}
    alone = learned_on(scale, monkeypatch, target, refit=False)
    validation = alone.results.metrics["validation"]["rmse"]
    assert alone.history[alone.history.best_epoch - 1].metrics["rmse"] == pytest.approx(validation)
    assert alone.plan.target_scale == alone.schema.targets[0].on == scale
    if compared.plan.target_scale == scale:
        assert on[scale].score == pytest.approx(validation)


@pytest.mark.parametrize("name", ["positive, long tail", "with zeros, long tail"])
@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_answers_scores_and_intervals_are_in_the_users_units(monkeypatch, scale, name):
    target = TARGETS[name][0]
    model = learned_on(scale, monkeypatch, target)
    rows, answers = frame(target), model.predict(frame(target))
    assert model.results.metrics["test"]["rmse"] < model.results.baselines["mean"]["test"]["rmse"]
    assert np.corrcoef(np.log(answers + 1), np.log(target + 1))[0, 1] > 0.8
    low, high = model.predict_interval(rows, 0.8)
    assert (low >= 0).all()
    assert 0.6 < np.mean((low <= target) & (target <= high)) <= 1
    found = model.evaluate(rows).metrics["test"]["rmse"]
    assert found == pytest.approx(np.sqrt(np.mean((answers - target) ** 2)))


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_a_saved_model_answers_and_scores_as_before(monkeypatch, scale, tmp_path):
    target = TARGETS["with zeros, long tail"][0]
    model = learned_on(scale, monkeypatch, target)
    model.save("model.glass")
    loaded, rows = gn.load("model.glass"), frame(target)
    assert loaded.schema.targets == model.schema.targets
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
    assert loaded.evaluate(rows) == model.evaluate(rows)
    assert loaded.to_bytes() == model.to_bytes()


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_rows_below_0_are_scored_as_any_others(monkeypatch, scale):
    target = TARGETS["positive, long tail"][0]
    model = learned_on(scale, monkeypatch, target)
    below = target - 2.0
    answers, found = model.predict(frame(below)), model.evaluate(frame(below)).metrics["test"]
    assert found["mae"] == pytest.approx(np.abs(answers - below).mean())


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_the_linear_baseline_of_the_file_is_the_same_on_every_scale(monkeypatch, scale):
    target = TARGETS["positive, long tail"][0]
    rows = frame(target)
    plain = learned_on("plain", monkeypatch, target).evaluate(rows).baselines
    other = learned_on(scale, monkeypatch, target).evaluate(rows).baselines
    assert other["linear"]["test"] == pytest.approx(plain["linear"]["test"])


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_contributions_add_up_to_the_answer_in_the_users_units(monkeypatch, scale):
    target = TARGETS["positive, long tail"][0]
    model, rows = learned_on(scale, monkeypatch, target), frame(target)
    for place in range(0, ROWS, 40):
        view = gn.contributions(model, rows[place])
        total = view.baseline_output + sum(each.value for each in view.columns) + view.residual
        assert total == pytest.approx(view.output)
        assert view.output == pytest.approx(model.predict(rows[place])[0], rel=1e-5)
        assert view.error <= 0.01
        assert view.unit == "y"


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_dependence_is_the_mean_answer_in_the_users_units(monkeypatch, scale):
    target = TARGETS["positive, long tail"][0]
    model, rows = learned_on(scale, monkeypatch, target), frame(target)
    view = gn.partial_dependence(model, rows, "colour")
    for level, mean in zip(view.values, view.mean, strict=True):
        answers = model.predict(rows.with_columns(colour=pl.lit(level)))
        assert mean == pytest.approx(answers.mean(), rel=1e-5)
    assert dataclasses.asdict(view)["target"] == "y"


def test_weighted_rows_count_by_their_weight_in_the_comparison():
    rows = frame(TARGETS["positive, long tail"][0]).with_columns(w=pl.Series([1.0, 0.0] * (ROWS // 2)))
    options = {"target": "y", "weight": "w", "epochs": 2, "test": "none", "validation": "last:50"}
    model = gn.train(rows, refit=False, **options)
    found = model.history[model.history.best_epoch - 1].metrics["rmse"]
    assert found == pytest.approx(model.results.metrics["validation"]["rmse"], rel=1e-5)
    counted = rows.tail(50).filter(pl.col("w") > 0)
    errors = model.predict(counted) - counted["y"].to_numpy()
    assert found == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-5)
