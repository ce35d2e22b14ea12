"""The error of rebuilt rows beside baselines, with the same resamples for all (C46)."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.metrics.reconstruction import rebuilt_scores, squared_errors


def test_the_error_is_the_mean_square_per_number():
    truth = np.array([[[0.0, 2.0]], [[1.0, 1.0]]])
    assert squared_errors(truth, np.zeros((2, 1, 2))).tolist() == [2.0, 1.0]


def test_ratios_are_sure_where_rows_are_hard_for_both():
    """Errors that differ a thousandfold between rows leave a wide interval, their ratio a narrow one."""
    chance = np.random.default_rng(0)
    theirs = np.exp(3 * chance.normal(size=300))
    scores = rebuilt_scores(theirs / 2, {"pca": theirs})
    assert scores.error == pytest.approx(theirs.mean() / 2)
    assert scores.ratios["pca"][0] == pytest.approx(0.5)
    assert scores.ratios["pca"][1] == pytest.approx((0.5, 0.5))
    low, high = scores.baselines["pca"][1]
    assert high > 1.5 * low
    assert low < theirs.mean() < high


def test_the_interval_is_that_of_the_mean():
    errors = np.random.default_rng(1).exponential(size=2500)
    low, high = rebuilt_scores(errors, {}).interval
    assert (high - low) / 2 == pytest.approx(1.96 * errors.std() / np.sqrt(len(errors)), rel=0.15)


def test_baselines_without_an_error_have_no_finite_ratio():
    zero, one = np.zeros(5), np.ones(5)
    assert rebuilt_scores(one, {"pca": zero}).ratios["pca"][0] == float("inf")
    assert rebuilt_scores(zero, {"pca": zero}).ratios["pca"][0] == 1.0
