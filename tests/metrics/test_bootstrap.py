"""The intervals are those of a plain bootstrap, only faster, and they cover what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.metrics import bootstrap, bootstrap_intervals, classification_scores, regression_scores, score
from glassnet.metrics.ranking import auc_of_resamples
from glassnet.metrics.rows import checked_rows
from glassnet.randomness import stream


def regression(chance, rows):
    truth = chance.normal(size=rows)
    return truth, truth + chance.standard_t(4, size=rows)


def binary(chance, rows, share=0.4):
    truth = (chance.random(rows) < share).astype(int)
    positive = 1 / (1 + np.exp(-(truth - 0.5 + chance.normal(size=rows)).round(1)))  # rounded: some ties
    return truth, np.stack([1 - positive, positive], axis=1)


def multiclass(chance, rows, classes=4):
    truth = chance.integers(0, classes, rows)
    logits = chance.normal(size=(rows, classes)) + np.eye(classes)[truth]
    return truth, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def naive_resamples(task, truth, prediction, unit, weight, counts):
    """Score each resample by repeating its rows as often as it drew their unit."""
    scored = regression_scores if task == "regression" else classification_scores
    results = []
    for drawn in counts.astype(int):
        rows = np.repeat(np.arange(len(truth)), drawn[unit])
        results.append(scored(truth[rows], prediction[rows], weight[rows]))
    return {name: np.array([each[name] for each in results]) for name in results[0]}


@pytest.mark.parametrize(
    ("task", "make"), [("regression", regression), ("binary", binary), ("multiclass", multiclass)]
)
@pytest.mark.parametrize("units", [30, 90])
def test_every_resample_scores_as_if_its_rows_were_repeated(task, make, units):
    chance = stream(1)
    truth, prediction = make(chance, 90)
    unit, weight = np.arange(90) % units, 0.5 + chance.random(90)
    counts = bootstrap._draws(0, units, 40)
    rows = checked_rows(task, truth, prediction, weight, unit)
    fast = bootstrap.scores_of_resamples(rows, unit, counts)
    slow = naive_resamples(task, truth, prediction, unit, weight, counts)
    for name, values in slow.items():
        np.testing.assert_allclose(fast[name], values, rtol=1e-9, err_msg=name)


def test_the_auc_of_resamples_from_placements_spreads_like_the_exact_one():
    chance = stream(2)
    truth, prediction = binary(chance, 1000, share=0.1)
    counts, unit = bootstrap._draws(0, 1000, 500), np.arange(1000)
    arguments = (prediction[:, 1], truth == 1, np.ones(1000), unit, counts)
    exact, fast = (auc_of_resamples(*arguments, exact=way) for way in (True, False))
    spread = exact.std()
    assert abs(fast.std() / spread - 1) < 0.02
    assert abs(fast.mean() - exact.mean()) < 0.03 * spread
    assert np.abs(fast - exact).max() < 0.35 * spread


def test_folding_many_rows_leaves_the_interval_as_wide(monkeypatch):
    truth, prediction = binary(stream(3), 6000)
    whole = bootstrap_intervals("binary", truth, prediction)
    monkeypatch.setattr(bootstrap, "MOST_UNITS", 1500)
    folded = bootstrap_intervals("binary", truth, prediction)
    for name, (low, high) in whole.items():
        assert np.subtract(*folded[name]) == pytest.approx(low - high, rel=0.12), name
        assert folded[name] == pytest.approx((low, high), abs=0.12 * (high - low)), name


def test_intervals_cover_the_truth_about_95_times_in_100():
    """200 samples of 150 rows; the RMSE and the AUC of the population are known."""
    covered = {"rmse": 0, "auc": 0}
    for sample in range(200):
        chance = stream(sample, "coverage")
        truth = chance.normal(size=150)
        low, high = bootstrap_intervals("regression", truth, truth + chance.normal(size=150), resamples=300)[
            "rmse"
        ]
        covered["rmse"] += low <= 1 <= high
        labels = np.arange(150) % 2
        positive = 1 / (
            1 + np.exp(-(labels * np.sqrt(2) + chance.normal(size=150)))
        )  # AUC = Phi(1) = 0.841345
        prediction = np.stack([1 - positive, positive], axis=1)
        low, high = bootstrap_intervals("binary", labels, prediction, resamples=300)["auc"]
        covered["auc"] += low <= 0.841345 <= high
    assert 180 <= covered["rmse"] <= 198
    assert 180 <= covered["auc"] <= 198


def test_copies_of_rows_within_a_unit_do_not_narrow_the_interval():
    truth, prediction = regression(stream(4), 100)
    plain = bootstrap_intervals("regression", truth, prediction)
    copies = np.tile(truth, 24), np.tile(prediction, 24)
    by_unit = bootstrap_intervals("regression", *copies, unit=np.tile(np.arange(100), 24))
    by_row = bootstrap_intervals("regression", *copies)
    for name, interval in plain.items():
        assert by_unit[name] == pytest.approx(interval, rel=1e-9), name
        assert np.ptp(by_row[name]) < 0.4 * np.ptp(interval), name


def test_days_that_are_good_or_bad_as_a_whole_widen_the_interval():
    chance = stream(5)
    day = np.repeat(np.arange(21), 24)
    truth = np.zeros(len(day))
    predicted = chance.normal(size=21)[day] + 0.1 * chance.normal(size=len(day))
    by_day = bootstrap_intervals("regression", truth, predicted, unit=day)["mae"]
    assert np.ptp(by_day) > 2.5 * np.ptp(bootstrap_intervals("regression", truth, predicted)["mae"])


def test_two_models_on_the_same_rows_meet_the_same_resamples():
    """A model that is wrong by exactly twice as much has exactly twice the interval."""
    truth, prediction = regression(stream(6), 200)
    low, high = bootstrap_intervals("regression", truth, prediction, seed=9)["rmse"]
    doubled = bootstrap_intervals("regression", truth, truth + 2 * (prediction - truth), seed=9)["rmse"]
    assert doubled == pytest.approx((2 * low, 2 * high))
    assert bootstrap_intervals("regression", truth, prediction, seed=8)["rmse"] != (low, high)


def test_unit_names_do_not_matter():
    truth, prediction = regression(stream(7), 60)
    unit = np.repeat(np.arange(20), 3)
    expected = bootstrap_intervals("regression", truth, prediction, unit=unit)
    assert bootstrap_intervals("regression", truth, prediction, unit=unit * 7 - 40) == expected


def test_one_unit_has_no_interval_and_says_why():
    scores = score("regression", [1.0, 2.0, 3.0], [1.0, 2.0, 4.0], unit=[5, 5, 5])
    assert scores.intervals == {}
    assert "only one independent unit" in scores.details["no_interval"]["rmse"]


def test_the_auc_of_a_single_positive_row_has_no_interval_and_says_why():
    scores = score("binary", [1] + [0] * 49, [[0.2, 0.8]] + [[0.7, 0.3]] * 49)
    assert scores.metrics["auc"] == 1
    assert "auc" not in scores.intervals
    assert "too rare" in scores.details["no_interval"]["auc"]
    assert "accuracy" in scores.intervals


def test_a_thousand_classes_stay_within_the_memory_limit():
    """Columns times units are bounded, and the intervals still come out around the score."""
    truth, prediction = multiclass(stream(8), 1200, classes=1000)
    scores = score("multiclass", truth, prediction)
    for name in ("accuracy", "log_loss"):
        low, high = scores.intervals[name]
        assert low <= scores.metrics[name] <= high
