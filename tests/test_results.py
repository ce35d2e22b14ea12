"""Results show a network beside its baselines and refuse what no run gives."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from glassnet.results import Results


def results(network, baseline, metric="rmse", intervals=None):
    low, high = intervals or ({}, {})
    return Results(
        rows={"test": 1200},
        metrics={"test": {metric: network}, "train": {metric: 9.0}},
        intervals={"test": low},
        baselines={"mean": {"test": {metric: 50.0}}, "linear": {"test": {metric: baseline}}},
        baseline_intervals={"linear": {"test": high}},
        notes=("a note",),
    )


@pytest.mark.parametrize(
    ("network", "baseline", "metric", "words"),
    [
        (1.0, 2.0, "rmse", "rmse 1 is better than the best baseline (linear, 2)"),
        (3.0, 2.0, "rmse", "rmse 3 is worse than the best baseline (linear, 2)"),
        (2.0, 2.0, "rmse", "rmse 2 is equal to the best baseline (linear, 2)"),
        (0.9, 60.0, "accuracy", "accuracy 0.9 is worse than the best baseline (linear, 60)"),
        (70.0, 60.0, "accuracy", "accuracy 70 is better than the best baseline (linear, 60)"),
    ],
)
def test_the_verdict_compares_with_the_best_baseline(network, baseline, metric, words):
    assert results(network, baseline, metric).verdict() == words


def test_the_verdict_says_when_intervals_overlap():
    apart = results(1.0, 2.0, intervals=({"rmse": (0.5, 1.4)}, {"rmse": (1.5, 2.5)}))
    assert not apart.verdict().endswith("overlap")
    close = results(1.0, 2.0, intervals=({"rmse": (0.5, 1.6)}, {"rmse": (1.5, 2.5)}))
    assert close.verdict().endswith("; the intervals overlap")


def test_a_table_shows_the_split_that_matters_most():
    shown = str(results(1.0, 2.0, intervals=({"rmse": (0.5, 1.4)}, {})))
    assert shown.splitlines() == [
        "test, 1,200 rows  rmse",
        "network           1 [0.5, 1.4]",
        "mean              50",
        "linear            2",
        "rmse 1 is better than the best baseline (linear, 2)",
        "a note",
    ]


def test_results_without_scores_have_nothing_to_say():
    for empty in (Results(), Results(metrics={"test": {}}), Results(rows={"train": 3})):
        assert empty.shown_split() is None
        assert empty.verdict() is None
        assert str(empty) == ""
    assert Results(metrics={"train": {"rmse": 1.0}}).verdict() is None


@pytest.mark.parametrize(
    "values",
    [
        {"rows": {"tset": 1}},
        {"metrics": {"test": {"rsme": 1.0}}},
        {"baselines": {"best": {"test": {"rmse": 1.0}}}},
        {"baseline_intervals": {"linear": {"test": {"rsme": (0.0, 1.0)}}}},
        {"more": 1},
    ],
)
def test_names_that_no_run_gives_are_refused(values):
    with pytest.raises(ValidationError):
        Results(**values)
