"""Prediction intervals hold what they promise on exchangeable rows, follow the errors, and are finite."""

from __future__ import annotations

import math
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import RecipeError
from glassnet.metrics.conformal import Conformal, Widths, _thinned, between, calibrate
from glassnet.metrics.coverage import Coverage, coverage_of, ends_asked

LEVELS = (0.05, 0.5, 0.8, 0.9, 0.95)


def fixed(scores):
    """Intervals of half-width ``score``, whatever the prediction."""
    ones = np.ones((1, 1))
    return Conformal(0 * ones, ones, np.ones((1, 2)), np.sort(scores)[None], np.array([False]))


def rows(count, seed=0, skewed=False):
    """Predictions from 0 to 5 whose errors grow sixfold with them: (truth, prediction)."""
    chance = np.random.default_rng(seed)
    prediction = chance.uniform(0, 5, count)
    error = np.exp(chance.normal(size=count)) - 1.6 if skewed else chance.normal(size=count)
    return prediction + error * (1 + prediction), prediction


def share_held(found, truth, prediction, coverage):
    low, high = found.interval(prediction, coverage)
    return np.mean((low <= truth) & (truth <= high))


@pytest.mark.parametrize(("count", "coverage"), [(9, 0.9), (19, 0.9), (70, 0.8), (70, 0.95), (4, 0.05)])
def test_the_share_of_exchangeable_rows_held_is_beta_binomial(count, coverage):
    """With k the rank and n scores, the chance to hold new rows is Beta(k, n + 1 - k) (Vovk 2012)."""
    chance, trials, new = np.random.default_rng(1), 2000, 50
    rank = math.ceil((count + 1) * coverage - 1e-9)
    held = np.array(
        [
            share_held(
                fixed(chance.exponential(size=count)), chance.exponential(size=new), np.zeros(new), coverage
            )
            for _ in range(trials)
        ]
    )
    mean = rank / (count + 1)
    variance = mean * (1 - mean) * (count + 1 + new) / (new * (count + 2))
    assert abs(held.mean() - mean) < 4 * np.sqrt(variance / trials)
    assert held.var() == pytest.approx(variance, rel=0.2)


@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("count", [30, 70, 300])
def test_widths_learned_from_the_same_rows_keep_the_coverage_within_about_a_point(count, skewed):
    held = []
    for seed in range(300):
        truth, prediction = rows(count + 200, seed, skewed)
        found = calibrate(truth[:count], prediction[:count], non_negative=False)
        held.append(
            [share_held(found, truth[count:], prediction[count:], coverage) for coverage in (0.8, 0.9, 0.95)]
        )
    promised = [math.ceil((count + 1) * each - 1e-9) / (count + 1) for each in (0.8, 0.9, 0.95)]
    assert np.mean(held, axis=0) == pytest.approx(promised, abs=0.02)


def test_the_width_follows_the_level_of_the_errors():
    truth, prediction = rows(3000)
    low, high = calibrate(truth, prediction, non_negative=False).interval(np.array([0.2, 4.8]), 0.9)
    assert (high - low)[1] / (high - low)[0] == pytest.approx(5.8 / 1.2, rel=0.2)
    at_night = prediction < 0.5
    found = calibrate(truth, prediction, non_negative=False)
    assert share_held(found, truth[at_night], prediction[at_night], 0.9) == pytest.approx(0.9, abs=0.04)


def test_skewed_errors_give_a_longer_upper_side_and_symmetric_ones_do_not():
    for skewed, ratio in ((True, 2.0), (False, 1.0)):
        truth, prediction = rows(3000, skewed=skewed)
        low, high = calibrate(truth, prediction, non_negative=False).interval(np.array([2.5]), 0.9)
        assert (high[0] - 2.5) / (2.5 - low[0]) == pytest.approx(ratio, rel=0.25)


def test_a_skew_that_few_rows_show_is_mostly_taken_for_chance():
    prediction, residual = np.zeros(12), np.array([1.0] * 9 + [-0.1] * 3)
    below, above = calibrate(residual, prediction, non_negative=False).sides[0]
    assert 1 < above / below < 1.2


def test_a_target_that_was_never_negative_has_no_negative_end():
    truth, prediction = np.array([0.0, 0, 1, 5, 2, 0]), np.array([0.5, 0.2, 1, 2, 2, 0.1])
    asked = np.array([-3.0, 0.1, 2.0])
    low, high = calibrate(truth, prediction, non_negative=True).interval(asked, 0.8)
    assert low[0] == 0
    assert (low >= 0).all()
    assert (high >= low).all()
    assert calibrate(truth, prediction, non_negative=False).interval(asked, 0.8)[0].min() < 0


NUMBERS = st.floats(-1e6, 1e6) | st.integers(-2, 2).map(float) | st.sampled_from([0.0, 1e-300, 1e99, -1e99])


@st.composite
def calibrations(draw):
    count = draw(st.integers(2, 40))
    values = st.lists(NUMBERS, min_size=count, max_size=count)
    weight = draw(st.none() | st.lists(st.sampled_from([0.5, 1.0, 3.0, 1e6]), min_size=count, max_size=count))
    truth, prediction = np.array(draw(values)), np.array(draw(values))
    return truth, prediction, None if weight is None else np.array(weight)


@given(calibrations(), st.booleans(), st.lists(st.floats(1e-6, 1, exclude_max=True), min_size=2, max_size=5))
def test_more_coverage_is_never_narrower_and_every_end_is_finite(given_rows, non_negative, coverages):
    truth, prediction, weight = given_rows
    found = calibrate(truth, prediction, weight, non_negative=non_negative)
    places = np.array([0.0, 1.0, -1e9, 1e99, *prediction])
    before = None
    for coverage in sorted(each for each in coverages if each <= found.most_coverage):
        low, high = found.interval(places, coverage)
        assert np.isfinite(low).all()
        assert np.isfinite(high).all()
        assert (low <= high).all()
        if before is not None:
            assert (low <= before[0]).all()
            assert (high >= before[1]).all()
        before = low, high


def test_tied_predictions_share_one_level_and_tied_errors_one_score():
    truth, prediction = np.array([1.0, -1.0] * 200), np.zeros(400)
    found = calibrate(truth, prediction, non_negative=False)
    assert found.levels.shape == (1, 1)
    assert np.ptp(found.scores) < 0.1
    low, high = found.interval(np.array([0.0, 7.0]), 0.5)
    np.testing.assert_allclose([low, high], [[-1, 6], [1, 8]], atol=0.05)


def test_rows_without_any_error_give_intervals_without_width():
    prediction = np.linspace(0, 1, 50)
    low, high = calibrate(prediction, prediction, non_negative=False).interval(np.array([3.0]), 0.9)
    assert low == high == 3.0


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_are_no_calibration(count):
    assert calibrate(np.ones(count), np.ones(count), non_negative=False) is None
    weight = np.array([1.0] * count + [0.0] * 9)
    assert calibrate(np.ones(count + 9), np.ones(count + 9), weight, non_negative=False) is None


def test_several_targets_have_intervals_of_their_own():
    truth, prediction = rows(300)
    both = [np.stack([each, np.zeros(300) + 100 * (each is truth)], axis=1) for each in (truth, prediction)]
    found = calibrate(*both, non_negative=[False, True])
    alone = calibrate(truth, prediction, non_negative=False)
    low, high = found.interval(both[1], 0.9)
    np.testing.assert_array_equal(low[:, 0], alone.interval(prediction, 0.9)[0])
    np.testing.assert_array_equal(high[:, 0], alone.interval(prediction, 0.9)[1])
    np.testing.assert_allclose(low[:, 1], 0)
    np.testing.assert_allclose(high[:, 1], 100, rtol=0.02)
    assert found.levels.shape == (2, 10)


def test_equal_weights_change_nothing_and_rows_of_no_weight_are_not_there():
    truth, prediction = rows(90)
    plain = calibrate(truth, prediction, non_negative=False)
    double = calibrate(truth, prediction, np.full(90, 2.0), non_negative=False)
    more = calibrate(
        np.append(truth, 99), np.append(prediction, 0), np.append(np.ones(90), 0), non_negative=False
    )
    for other in (double, more):
        for ours, theirs in zip(astuple(plain), astuple(other), strict=True):
            np.testing.assert_allclose(ours, theirs)


def test_rows_of_more_weight_count_for_more():
    chance = np.random.default_rng(0)
    large = np.arange(400) % 4 == 0  # a quarter of the rows, half of the weight, errors ten times as large
    truth = chance.normal(size=400) * np.where(large, 10, 1)
    weight = np.where(large, 3.0, 1.0)
    found = calibrate(truth, np.zeros(400), weight, non_negative=False)
    held = np.abs(truth) <= found.interval(np.zeros(1), 0.8)[1][0]
    assert np.average(held, weights=weight) == pytest.approx(0.8, abs=0.03)
    assert found.scores.shape[1] == math.floor(weight.sum() ** 2 / (weight**2).sum())


def test_of_many_rows_999_scores_are_kept_that_promise_no_more_than_all():
    truth, prediction = rows(5000)
    found = calibrate(truth, prediction, non_negative=False)
    assert found.scores.shape == (1, 999)
    assert found.most_coverage == 0.999
    for coverage in LEVELS:
        assert share_held(found, truth, prediction, coverage) == pytest.approx(coverage, abs=0.01)


def test_thinned_scores_are_those_of_the_ranks_that_count_the_new_row():
    found = _thinned(np.arange(1.0, 5001), np.ones(5000))
    np.testing.assert_array_equal(found, np.ceil(5001 * np.arange(1, 1000) / 1000))


@pytest.mark.parametrize("coverage", [0, 1, -0.5, 1.5, math.nan, math.inf, "0.9", None])
def test_a_coverage_outside_0_and_1_is_refused(coverage):
    with pytest.raises(RecipeError, match="the coverage of an interval must lie between 0 and 1, however: "):
        fixed(np.arange(9.0)).interval(np.zeros(1), coverage)


def test_a_coverage_that_few_rows_cannot_tell_is_refused_with_what_is_possible():
    found = fixed(np.arange(9.0))
    assert found.interval(np.zeros(1), 0.9)[1] == 8.0  # rank ceil(10 * 0.9) = 9 of 9
    with pytest.raises(
        RecipeError, match=r"must be at most 0\.9, however: coverage=0\.91 is finer than .* 9 "
    ):
        found.interval(np.zeros(1), 0.91)


def test_between_is_finite_for_levels_that_coincide_or_nearly():
    values = np.array([1.0, 2.0, 3.0])
    for levels in ([0.0, 0.0, 0.0], [0.0, 5e-324, 1e-323], [-1e100, 0.0, 1e100], [1.0, 1.0, 2.0]):
        places = np.array([-1e308, -1.0, 0.0, 0.5, 1.0, 1e308])
        found = between(places, np.array(levels), values)
        assert ((found >= 1) & (found <= 3)).all()
    np.testing.assert_allclose(between(np.array([0.5, 1.5]), np.arange(3.0), values), [1.5, 2.5])


def test_half_widths_are_scale_times_sides():
    widths = Widths(np.array([0.0, 1.0]), np.array([1.0, 3.0]), np.array([1.0, 2.0]))
    np.testing.assert_allclose(widths.at(np.array([0.5, 9.0])), [[2, 4], [3, 6]])


def test_coverage_counts_rows_by_weight_and_averages_targets():
    truth = np.array([[0.0, 0.0], [0.0, 5.0], [9.0, 9.0]])
    ends = np.stack([np.full((3, 2), -1.0), np.full((3, 2), 1.0)], axis=1)
    found = coverage_of(truth, ends, weight=np.array([1.0, 2.0, 1.0]))
    assert found.coverage == pytest.approx((1 + 2 * 0.5 + 0) / 4)
    assert found.mean_width == 2
    assert found.asked == 0.9
    assert coverage_of(truth, None) is None


def test_the_confidence_interval_of_independent_rows_is_wilsons():
    held = np.array([1.0] * 9 + [5.0])
    ends = np.stack([np.zeros(10), np.full(10, 2.0)], axis=1)
    low, high = coverage_of(held, ends).interval
    assert (low, high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    low, high = coverage_of(np.ones(10), ends).interval
    assert (low, high) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_rows_that_belong_together_leave_the_share_less_certain():
    truth = np.repeat([1.0, 1.0, 1.0, 9.0], 25)
    ends = np.stack([np.zeros(100), np.full(100, 2.0)], axis=1)
    alone, together = (coverage_of(truth, ends, unit=unit) for unit in (None, np.repeat(np.arange(4), 25)))
    assert alone.interval[1] - alone.interval[0] < 0.2 < together.interval[1] - together.interval[0]
    assert coverage_of(truth, ends, unit=np.zeros(100, dtype=np.int64)).interval is None


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [((0.85, 0.95), "as asked"), ((0.7, 0.88), "too narrow"), ((0.92, 1.0), "too wide"), (None, "as asked")],
)
def test_intervals_that_rows_can_tell_from_what_was_asked_are_noted(interval, outcome):
    found = Coverage(0.9, 0.9, interval, 12.5)
    assert found.outcome == outcome
    assert (found.note("test") is None) == (outcome == "as asked")
    if outcome != "as asked":
        assert found.note("test").endswith(f"are {outcome} for the test rows")


def test_the_sentence_has_the_share_its_interval_and_the_width():
    found = Coverage(0.9, 0.876, (0.85, 0.902), 123.456)
    assert (
        found.sentence("test") == "90 % intervals hold 87.6 % [85.0, 90.2] of the test rows; mean width 123.5"
    )
    assert "hold 87.6 % of" in replace(found, interval=None).sentence("test")


def test_too_few_scores_for_90_percent_have_no_ends():
    assert ends_asked(None, np.zeros(2)) is None
    assert ends_asked(fixed(np.arange(8.0)), np.zeros(2)) is None
    assert ends_asked(fixed(np.arange(9.0)), np.zeros(2)).shape == (2, 2)
