"""How a network stands beside the simple methods: by every score that is shown, and which of them to use."""

from __future__ import annotations

from typing import Any

import pytest

from glassnet.lens.verdicts import advice, other_stories, verdicts
from glassnet.metrics.compare import Difference
from glassnet.results import Results

KNOWN = {"rmse": (73.0, 88.0), "mae": (58.0, 72.0)}


def difference(low: float, high: float, metric: Any = "rmse") -> Difference:
    middle = (low + high) / 2
    return Difference(metric, 80.0, 80.0 - middle, middle, (low, high))


BETTER, WORSE, SAME = difference(-30, -10), difference(10, 30), difference(-20, 10)


def results(*, mae: float = 65.0, **outcomes: Difference) -> Results:
    """Give the scores of a network with RMSE 80 and MAE 65; ``mae`` is that of every baseline."""
    return Results(
        rows={"test": 500},
        metrics={"test": {"rmse": 80.0, "mae": 65.0, "r2": 0.7}},
        intervals={"test": KNOWN},
        baselines={name: {"test": {"rmse": each.baseline, "mae": mae}} for name, each in outcomes.items()},
        baseline_intervals={name: {"test": KNOWN} for name in outcomes},
        differences={name: {"test": {"rmse": each}} for name, each in outcomes.items()},
    )


def test_a_verdict_names_score_and_outcome_with_the_digits_that_its_interval_allows():
    (found,) = verdicts(results(linear=SAME), "regression")
    assert found.outcome == "cannot be told apart"
    assert found.sentence == (
        "By RMSE this network cannot be told apart from a linear model, the best of the simple methods: "
        "80 against 85 (difference −5, 95 % interval −20 to +10)."
    )


@pytest.mark.parametrize(("outcome", "is_told"), [(BETTER, True), (SAME, True), (WORSE, False)])
def test_a_score_by_which_a_baseline_is_ahead_is_told_unless_the_verdict_says_so(outcome, is_told):
    found = [*other_stories(results(mae=55.0, gradient_boosting=outcome), "regression")]
    assert [str(each) for each in found] == ["by MAE gradient boosting is ahead, 55 against 65"] * is_told
    (verdict,) = verdicts(results(mae=55.0, gradient_boosting=outcome), "regression")
    assert ("But by MAE gradient boosting is ahead, 55 against 65." in verdict.sentence) == is_told


def test_a_score_by_which_a_network_that_is_worse_is_ahead_is_told():
    found = [*other_stories(results(mae=75.0, linear=WORSE), "regression")]
    assert [str(each) for each in found] == ["by MAE this network is ahead, 65 against 75"]


def test_scores_that_agree_or_hardly_differ_tell_no_other_story():
    assert [*other_stories(results(mae=75.0, linear=BETTER), "regression")] == []
    assert [*other_stories(results(mae=64.0, linear=SAME), "regression")] == []


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (
            {"mean": BETTER, "linear": BETTER, "gradient_boosting": BETTER},
            "this network, which is better than",
        ),
        (
            {"mean": BETTER, "linear": SAME, "gradient_boosting": BETTER},
            "a linear model is simpler and cannot",
        ),
        (
            {"mean": BETTER, "linear": BETTER, "gradient_boosting": SAME},
            "these rows give no reason to prefer",
        ),
        ({"mean": BETTER, "linear": SAME, "gradient_boosting": WORSE}, "gradient boosting, which is better"),
        (
            {"mean": SAME, "linear": BETTER},
            "not this network, which has not been shown to be better than always",
        ),
        ({"linear": difference(-50, -40), "gradient_boosting": difference(-60, 10)}, "these rows give no"),
        (
            {"linear": BETTER, "gradient_boosting": difference(-100, 10)},
            "this network, which is better than the",
        ),
        ({}, ""),
    ],
)
def test_the_simplest_method_that_is_not_worse_is_advised(outcomes, said):
    found = advice(results(**outcomes), "regression")
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_the_end_of_an_interval_beside_0_does_not_look_like_0():
    (found,) = verdicts(results(linear=difference(-40, -0.001)), "regression")
    assert found.outcome == "better"
    assert "95 % interval −40 to just below 0)" in found.sentence


def test_advice_names_the_score_that_prefers_another_method():
    told = advice(results(mae=55.0, gradient_boosting=BETTER), "regression")
    assert told.endswith("; if MAE is what counts, gradient boosting.")


def test_worse_by_one_of_two_scores_is_not_better():
    accuracy = Difference("accuracy", 0.8, 0.9, -0.1, (-0.15, -0.05))
    loss = Difference("log_loss", 0.4, 0.5, -0.1, (-0.15, -0.05))
    both = {"linear": {"test": {"accuracy": accuracy, "log_loss": loss}}}
    found = Results(metrics={"test": {}}, baselines={"linear": {"test": {}}}, differences=both)
    found = found.model_copy(update={"metrics": {"test": {"accuracy": 0.8, "log_loss": 0.4}}})
    assert [each.outcome for each in verdicts(found, "binary")] == ["better", "worse"]
    assert advice(found, "binary") == "if log loss is what counts, this network; if accuracy, a linear model."
