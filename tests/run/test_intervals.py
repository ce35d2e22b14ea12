"""Prediction intervals from a run to its saved model: made on validation rows, measured on test rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import RecipeError
from glassnet.metrics.conformal import calibrate

QUICK = {"net": "8:tanh", "epochs": 8, "lr": 0.02}


def held(model, data, target, coverage):
    low, high = model.predict_interval(data, coverage)
    truth = data[target].to_numpy()
    return float(np.mean((low <= truth) & (truth <= high)))


def test_test_rows_are_held_as_measured_and_by_hand(table):
    data = table(400).select("x1", "x2", "colour", "y")
    test = data.sample(100, seed=1)
    test.write_csv("test.csv")
    model = gn.train(data, target="y", test="file:test.csv", **QUICK)
    found = model.results.prediction_intervals["test"]
    assert set(model.results.prediction_intervals) == {"test"}
    assert found.asked == 0.9
    assert found.coverage == pytest.approx(held(model, test, "y", 0.9))
    low, high = model.predict_interval(test)
    assert found.mean_width == pytest.approx(np.mean(high - low))
    assert found.interval[0] < found.coverage < found.interval[1]
    assert model.evaluate(test).prediction_intervals["test"] == found
    assert "90 % intervals hold" in str(model.results)


def test_the_errors_are_those_of_the_net_that_had_not_seen_the_validation_rows(frame):
    """The last 40 rows are validation; without a refit the saved net is the one that they judged."""
    model = gn.train(frame, target="y", test="none", validation="last:40", **QUICK)
    rows = frame[-40:]
    truth = rows["y"].to_numpy()
    by_hand = calibrate(truth, model.predict(rows), non_negative=True)
    np.testing.assert_allclose(model.conformal.scores, by_hand.scores, rtol=1e-4)
    np.testing.assert_allclose(model.conformal.scale, by_hand.scale, rtol=1e-4)
    refitted = gn.train(frame, target="y", test="none", validation="last:40", refit=True, **QUICK)
    np.testing.assert_array_equal(refitted.conformal.scores, model.conformal.scores)
    assert not np.allclose(refitted.predict(rows), model.predict(rows))


def test_without_test_rows_nothing_is_measured_on_the_rows_that_made_the_widths(frame):
    model = gn.train(frame, target="y", test="none", **QUICK)
    assert model.results.prediction_intervals == {}
    assert "intervals hold" not in str(model.results)
    low, high = model.predict_interval(frame, 0.8)
    assert low.shape == high.shape == (len(frame),)
    assert (low < high).all()


def test_counts_have_no_negative_end_and_a_width_that_follows_the_level(table):
    data = table(600).select("x1", "colour", "count")
    model = gn.train(data, target="count", task="poisson", **QUICK)
    low, high = model.predict_interval(data, 0.9)
    order = np.argsort(model.predict(data))
    assert low.min() == 0.0
    assert (high - low)[order[-50:]].mean() > 1.5 * (high - low)[order[:50]].mean()


@pytest.mark.parametrize(("shift", "lowest"), [(0.0, 0.0), (-1500.0, -2000.0)])
def test_only_a_target_that_training_never_saw_below_0_ends_there(table, shift, lowest):
    data = table().select("x1", pl.col("y") + shift)
    model = gn.train(data, target="y", **{**QUICK, "net": "linear"})
    far = {"x1": [-40.0, 40.0]}
    low, _ = model.predict_interval(far, 0.9)
    assert model.conformal.non_negative.tolist() == [shift == 0]
    assert low.min() == 0.0 if shift == 0 else low.min() < lowest


def test_each_of_several_targets_has_its_own_ends(table):
    data = table(300).select("x1", "x2", "colour", "y", "y2")
    model = gn.train(data, target="y,y2", **QUICK)
    low, high = model.predict_interval(data[:7])
    assert low.shape == high.shape == model.predict(data[:7]).shape == (7, 2)
    assert (high - low)[:, 0].min() > 20 * (high - low)[:, 1].max()
    assert 0.7 < model.results.prediction_intervals["test"].coverage <= 1


def test_folds_are_measured_together_and_the_saved_model_has_the_ends_of_its_own_validation_rows(frame):
    model = gn.train(frame, target="y", test="cv:4", **QUICK)
    found = model.results.prediction_intervals["test"]
    assert found.coverage * len(frame) == pytest.approx(round(found.coverage * len(frame)))
    assert 0.8 < found.coverage <= 1
    assert model.conformal.scores.shape[1] == model.results.rows["validation"]


def test_weights_count_in_the_widths_and_in_what_is_held(table):
    data = table(400).select("x1", "x2", "colour", "y", "w")
    model = gn.train(data, target="y", weight="w", test="none", validation="last:80", **QUICK)
    last, weight = data[-80:], data["w"].to_numpy()[-80:]
    by_hand = calibrate(last["y"].to_numpy(), model.predict(last), weight, non_negative=True)
    np.testing.assert_allclose(model.conformal.scores, by_hand.scores, rtol=1e-4)
    found = model.evaluate(data).prediction_intervals["test"]
    low, high = model.predict_interval(data)
    truth = data["y"].to_numpy()
    assert found.coverage == pytest.approx(np.average((low <= truth) & (truth <= high), weights=data["w"]))


def test_rows_unlike_the_validation_rows_are_noted(table):
    data = table(400).select("x1", "x2", "colour", "y")
    model = gn.train(data, target="y", **QUICK)
    shifted = data.with_columns(pl.col("y") + 400)
    assert any(each.endswith("are too narrow for the test rows") for each in model.evaluate(shifted).notes)
    assert "too narrow" not in str(model.evaluate(data).notes)


def test_a_saved_model_has_the_same_intervals(frame, tmp_path):
    model = gn.train(frame, target="y", **QUICK)
    model.save(tmp_path / "m.glass")
    again = gn.load(tmp_path / "m.glass")
    for ours, theirs in zip(model.predict_interval(frame), again.predict_interval(frame), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.results.prediction_intervals == model.results.prediction_intervals


def test_a_model_without_validation_rows_says_what_to_do(frame):
    model = gn.train(frame, target="y", validation="none", **QUICK)
    assert model.conformal is None
    assert model.results.prediction_intervals == {}
    with pytest.raises(RecipeError, match="this one has none that count: validation='none'; train it again"):
        model.predict_interval(frame)


def test_a_model_of_classes_says_what_to_call(table):
    data = table().select("x1", "x2", "bought")
    model = gn.train(data, target="bought", **QUICK)
    assert model.conformal is None
    with pytest.raises(RecipeError, match=r"a model of numbers .* task=binary; call predict_proba"):
        model.predict_interval(data)


def test_few_validation_rows_give_the_coverage_that_they_can_tell(frame):
    model = gn.train(frame[:40], target="y", validation="last:5", **QUICK)
    assert model.results.prediction_intervals == {}
    with pytest.raises(RecipeError, match=r"must be at most 0\.8333, however: coverage=0\.9 is finer"):
        model.predict_interval(frame)
    assert np.isfinite(model.predict_interval(frame, 0.8)).all()
