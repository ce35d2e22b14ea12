"""Results show a network beside its baselines and refuse what no run gives."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from glassnet.metrics.compare import Difference
from glassnet.results import Results


def results(network: float, baseline: float, interval: tuple[float, float]) -> Results:
    def beside(score: float, span: tuple[float, float]) -> dict[str, dict[str, Difference]]:
        return {"test": {"rmse": Difference("rmse", network, score, network - score, span)}}

    return Results(
        rows={"test": 1200},
        metrics={"test": {"rmse": network}, "train": {"rmse": 9.0}},
        intervals={"test": {"rmse": (network - 0.5, network + 0.4)}},
        baselines={"mean": {"test": {"rmse": 50.0}}, "linear": {"test": {"rmse": baseline}}},
        differences={"mean": beside(50.0, (-60.0, -40.0)), "linear": beside(baseline, interval)},
        notes=("a note",),
    )


@pytest.mark.parametrize(
    ("network", "interval", "words"),
    [
        (1.0, (-1.5, -0.5), "rmse 1 is better than the best baseline, linear (2) on these rows"),
        (3.0, (0.5, 1.5), "rmse 3 is worse than the best baseline, linear (2) on these rows"),
        (1.9, (-0.5, 0.3), "rmse 1.9 and the best baseline, linear (2) cannot be told apart on these rows"),
    ],
)
def test_the_verdict_compares_with_the_best_baseline(network, interval, words):
    verdict = results(network, 2.0, interval).verdict()
    assert verdict == f"{words}: difference {network - 2.0:+.3g} [{interval[0]:+.3g}, {interval[1]:+.3g}]"


def test_the_verdict_survives_the_file():
    kept = results(1.0, 2.0, (-1.5, -0.5))
    assert Results.model_validate_json(kept.model_dump_json()).verdict() == kept.verdict()


def test_a_table_shows_the_split_that_matters_most():
    assert str(results(1.0, 2.0, (-1.5, -0.5))).splitlines() == [
        "test, 1,200 rows  rmse",
        "network           1 [0.5, 1.4]",
        "mean              50",
        "linear            2",
        "rmse 1 is better than the best baseline, linear (2) on these rows: difference -1 [-1.5, -0.5]",
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
        {"leaks": [{"kind": "leek", "columns": [], "finding": "f", "sentence": "s"}]},
        {"leaks": [{"kind": "leak", "columns": [], "finding": "f", "sentence": "s", "more": 1}]},
        {"more": 1},
    ],
)
def test_names_that_no_run_gives_are_refused(values):
    with pytest.raises(ValidationError):
        Results(**values)
