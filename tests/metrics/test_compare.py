"""Paired differences: those of a plain paired bootstrap, and a verdict that is right 95 times in 100."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from glassnet.errors import DataError
from glassnet.metrics import bootstrap, bootstrap_intervals, score
from glassnet.metrics.bootstrap import row_scores
from glassnet.metrics.compare import (
    Difference,
    main_metrics,
    over_folds,
    paired_differences,
    student_quantile,
    verdict,
)
from glassnet.metrics.rows import TASKS, checked_rows
from glassnet.randomness import stream


def numbers(chance, rows=120):
    truth = chance.normal(size=rows)
    return truth, truth + 0.5 * chance.normal(size=rows), truth + chance.normal(size=rows)


def counts(chance, rows=120):
    rate = np.exp(chance.normal(size=rows))
    return chance.poisson(rate), rate, np.full(rows, 1.6)


def outputs(chance, rows=120):
    truth = chance.normal(size=(rows, 2)) * [1, 10]
    return truth, truth + chance.normal(size=(rows, 2)), truth + 2 * chance.normal(size=(rows, 2))


def classes(chance, rows=120, k=3):
    truth = chance.integers(0, k, rows)

    def model(skill):
        logits = chance.normal(size=(rows, k)) + skill * np.eye(k)[truth]
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    return truth, model(2.0), model(1.0)


MAKE = {
    "regression": numbers,
    "poisson": counts,
    "multioutput": outputs,
    "binary": lambda chance: classes(chance, k=2),
    "multiclass": classes,
}


@pytest.mark.parametrize("task", TASKS)
def test_differences_and_intervals_are_those_of_a_plain_paired_bootstrap(task):
    """Each resample repeats its rows as often as it drew their unit, and scores both models on them."""
    chance = stream(1, task)
    truth, ours, theirs = MAKE[task](chance)
    unit, weight = np.arange(120) // 4, 0.5 + chance.random(120)
    found = paired_differences(task, truth, ours, {"linear": theirs}, unit=unit, weight=weight, resamples=60)
    draws = bootstrap._draws(0, 30, 60).astype(int)
    for metric in main_metrics(task):

        def change(rows, metric=metric):
            scores = [
                row_scores(checked_rows(task, truth[rows], each[rows], weight[rows]))[metric]
                for each in (ours, theirs)
            ]
            return scores[0] - scores[1]

        plain = [change(np.repeat(np.arange(120), drawn[unit])) for drawn in draws]
        each = found["linear"][metric]
        assert each.difference == pytest.approx(change(np.arange(120)))
        assert each.difference == pytest.approx(each.network - each.baseline)
        assert each.interval == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])))


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_of_the_metrics(task):
    truth, ours, theirs = MAKE[task](stream(2, task))
    for metric, each in paired_differences(task, truth, ours, {"b": theirs}, resamples=5)["b"].items():
        assert each.network == pytest.approx(score(task, truth, ours).metrics[metric])
        assert each.baseline == pytest.approx(score(task, truth, theirs).metrics[metric])


def test_swapping_the_two_models_turns_the_sign_and_the_verdict():
    truth, ours, theirs = numbers(stream(3))
    one = paired_differences("regression", truth, ours, {"b": theirs})["b"]["rmse"]
    other = paired_differences("regression", truth, theirs, {"b": ours})["b"]["rmse"]
    assert other.difference == -one.difference
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    assert (one.outcome, other.outcome) == ("better", "worse")


def test_higher_accuracy_is_better_and_higher_log_loss_is_worse():
    truth, good, bad = classes(stream(4), rows=600)
    found = paired_differences("multiclass", truth, good, {"b": bad})["b"]
    assert found["accuracy"].difference > 0 > found["log_loss"].difference
    assert {each.outcome for each in found.values()} == {"better"}


def test_models_that_err_together_can_be_told_apart_where_their_own_intervals_overlap():
    chance = stream(5)
    truth, hard = np.zeros(200), chance.standard_t(3, size=200)
    ours, theirs = hard, 1.1 * hard + 0.05 * chance.normal(size=200)
    alone = [bootstrap_intervals("regression", truth, each)["rmse"] for each in (ours, theirs)]
    assert alone[1][0] < alone[0][1]
    assert paired_differences("regression", truth, ours, {"b": theirs})["b"]["rmse"].outcome == "better"


def test_equally_good_models_are_told_apart_in_about_5_of_100_samples():
    told_apart = 0
    for sample in range(200):
        truth, *errors = stream(sample, "test", "equal").normal(size=(3, 120))
        ours, theirs = (truth + each for each in errors)
        each = paired_differences("regression", truth, ours, {"b": theirs}, resamples=300)["b"]["rmse"]
        told_apart += each.outcome != "cannot be told apart"
    assert 2 <= told_apart <= 20


def test_rows_of_one_unit_are_drawn_together():
    chance = stream(6)
    day = np.repeat(np.arange(20), 24)
    truth, shift = np.zeros(480), chance.normal(size=20)[day]
    ours, theirs = shift, chance.normal(size=20)[day]
    by_day, by_row = (
        np.ptp(paired_differences("regression", truth, ours, {"b": theirs}, unit=unit)["b"]["rmse"].interval)
        for unit in (day, None)
    )
    assert by_day > 3 * by_row


def test_the_same_predictions_are_equal_and_one_unit_decides_nothing():
    truth, ours, theirs = numbers(stream(7))
    same = paired_differences("regression", truth, ours, {"b": ours})["b"]["rmse"]
    assert (same.outcome, same.interval) == ("equal", (0.0, 0.0))
    one = paired_differences("regression", truth, ours, {"b": theirs}, unit=np.zeros(120, int))["b"]["rmse"]
    assert (one.outcome, one.interval) == ("cannot be told apart", None)


def difference(change, fold_network=10.0, metric="rmse"):
    return Difference(metric, fold_network, fold_network - change, change, None)


def test_the_interval_over_folds_is_that_of_nadeau_and_bengio():
    """Differences -1, -2, -3, -2: mean -2, variance 2/3; 5 folds of cv would have n2/n1 = 1/4."""
    joined = over_folds([difference(each) for each in (-1.0, -2.0, -3.0, -2.0)], test_share=0.25)
    reach = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 0.25) * 2 / 3)
    assert joined.difference == -2
    assert joined.interval == pytest.approx((-2 - reach, -2 + reach), rel=1e-6)
    assert joined.folds == (-1, -2, -3, -2)
    assert (joined.network, joined.baseline) == (10, 12)


def test_folds_that_share_more_rows_are_trusted_less():
    folds = [difference(each) for each in (-1.0, -2.0, -3.0)]
    widths = [np.ptp(over_folds(folds, share).interval) for share in (0.1, 0.25, 1.0)]
    assert widths == sorted(widths)


def test_one_fold_has_no_interval_and_mixed_metrics_are_refused():
    assert over_folds([difference(-1.0)], 0.25).interval is None
    with pytest.raises(DataError, match="folds must be compared by one metric"):
        over_folds([difference(1.0), difference(1.0, metric="accuracy")], 0.25)
    with pytest.raises(DataError, match="folds must be compared by one metric"):
        over_folds([], 0.25)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 29, 300])
def test_quantiles_of_student_are_those_of_scipy(freedom):
    assert student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-6)


def test_sentences_say_how_the_network_stands():
    better = Difference("rmse", 57.9, 66.0, -8.1, (-12.0, -4.25))
    assert better.sentence("linear") == (
        "rmse 57.9 is better than linear (66) on these rows: difference -8.1 [-12, -4.25]"
    )
    unclear = Difference("accuracy", 0.86, 0.85, 0.01, (-0.01, 0.03), (0.02, 0.0))
    assert unclear.sentence("majority") == (
        "accuracy 0.86 and majority (0.85) cannot be told apart on average over 2 folds: "
        "difference +0.01 [-0.01, +0.03]"
    )
    assert difference(0.0).sentence("mean") == "rmse 10 is equal to mean (10) on these rows"
    alone = difference(-1.0).sentence("mean")
    assert alone == "rmse 10 and mean (11) cannot be told apart on these rows: one is too few for an interval"


def test_the_verdict_is_about_the_best_baseline():
    truth, ours, theirs = classes(stream(8), rows=600)
    found = paired_differences("multiclass", truth, ours, {"poor": np.full((600, 3), 1 / 3), "good": theirs})
    text = verdict(found)
    assert text.startswith("log_loss")
    assert "; accuracy" in text
    assert text.count("the best baseline, good (") == 2
    assert "poor" not in text
    assert verdict({}) is None
    alphabetical = {name: dict(sorted(each.items())) for name, each in found.items()}
    assert verdict(alphabetical) == text
