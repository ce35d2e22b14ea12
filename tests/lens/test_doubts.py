"""What a report distrusts: each rule speaks where the figures do, with its evidence, and else is silent."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from glassnet.data.leak_facts import Leak
from glassnet.engine.history import EpochRecord, History
from glassnet.lens.doubts import doubts
from glassnet.lens.evidence import Evidence
from glassnet.lens.figures import number_figures, reliability
from glassnet.lens.mistakes import Mistakes
from glassnet.metrics.classification import class_scores
from glassnet.metrics.compare import Difference
from glassnet.metrics.coverage import Coverage
from glassnet.plan.table import ColumnPlan
from glassnet.results import Results

BETTER = Difference("rmse", 10.0, 20.0, -10.0, (-12.0, -8.0))
SOUND = Results(
    rows={"train": 800, "validation": 200, "test": 200},
    metrics={"train": {"rmse": 9.0}, "validation": {"rmse": 9.5}, "test": {"rmse": 10.0}},
    intervals={"test": {"rmse": (9.2, 10.9)}},
    differences={"mean": {"test": {"rmse": BETTER}}, "linear": {"test": {"rmse": BETTER}}},
    details={"test": {"units": 200}},
)


def history(stopped: str = "early_stopping", epochs: int = 20, best: int = 10) -> History:
    records = [EpochRecord(n + 1, 1.0, 1.0, 0.1) for n in range(epochs)]
    return History(records, stopped=stopped, best_epoch=best)


def evidence(
    results: Results = SOUND,
    *,
    task: str = "regression",
    ended: History | None = None,
    columns: Any = (),
    **more: Any,
) -> Any:
    """Give what the rules look at, of a model of which they see only these parts."""
    model: Any = SimpleNamespace(
        task=SimpleNamespace(name=task),
        plan=SimpleNamespace(epochs=50, unit="row", columns=columns, refit=False),
        history=ended or history(),
    )
    given = {"is_other_data": False, "spans": {}} | more
    return Evidence(model, results, **given)


def test_columns_of_text_that_are_not_used_are_named():
    text = ColumnPlan(name="comment", role="text", reason="long texts", used=False)
    seen = evidence(columns=(text, ColumnPlan(name="id", role="identifier", reason="", used=False)))
    assert [each.evidence for each in doubts(seen)] == ["what these columns say is not used: comment"]


def titles(*given: Any, **more: Any) -> list[str]:
    return [each.title for each in doubts(evidence(*given, **more))]


def changed(**parts: Any) -> Results:
    return SOUND.model_copy(update=parts)


def test_where_nothing_speaks_against_the_figures_nothing_is_said():
    assert doubts(evidence()) == ()


@pytest.mark.parametrize(
    ("ended", "title"),
    [
        (history("interrupted"), "The training was interrupted"),
        (history("non_finite"), "The training broke down"),
        (history("budget"), "The budget ended the training"),
        (history("epochs", best=20), "It may not have been trained for long enough"),
    ],
)
def test_a_run_that_ended_early_is_named(ended, title):
    assert titles(ended=ended) == [title]
    assert titles(ended=history("epochs", best=19)) == []


def test_without_test_rows_the_scores_flatter():
    validation = changed(metrics={"validation": {"rmse": 9.5}}, intervals={}, differences={}, details={})
    assert titles(validation) == ["No test rows were kept"]
    assert titles(validation, is_other_data=True) == []
    training = changed(metrics={"train": {"rmse": 9.5}}, intervals={}, differences={}, details={})
    assert titles(training) == ["Neither test nor validation rows"]


def test_a_network_that_is_worse_than_a_baseline_is_named_with_both_scores():
    worse = Difference("rmse", 10.0, 9.0, 1.0, (0.5, 1.5))
    found = doubts(evidence(changed(differences={"linear": {"test": {"rmse": worse}}})))
    assert [each.title for each in found] == ["Worse than a linear model"]
    assert found[0].evidence == "RMSE 10.0 against 9.0 on the same rows"


def test_a_network_that_is_not_better_than_the_mean_may_have_learned_nothing():
    same = Difference("rmse", 10.0, 10.1, -0.1, (-0.5, 0.3))
    assert titles(changed(differences={"mean": {"test": {"rmse": same}}})) == ["It may have learned nothing"]
    assert titles(changed(differences={"gradient_boosting": {"test": {"rmse": same}}})) == []


def test_few_rows_and_few_days_are_named():
    assert titles(changed(details={"test": {"units": 49}})) == ["Few rows to judge by"]
    assert titles(changed(details={"test": {"units": 50}})) == []


def test_a_wide_interval_is_named():
    assert titles(changed(intervals={"test": {"rmse": (8.0, 12.0)}})) == ["The RMSE is not known well"]


def test_a_gap_to_training_counts_only_where_the_interval_leaves_no_doubt():
    learned = {**SOUND.metrics, "train": {"rmse": 6.0}}
    assert titles(changed(metrics=learned)) == ["It knows its training rows better"]
    assert titles(changed(metrics={**SOUND.metrics, "train": {"rmse": 6.2}})) == []
    harder = {**SOUND.metrics, "validation": {"rmse": 6.0}}
    assert titles(changed(metrics=harder)) == ["Its test rows are harder"]


def test_validation_rows_that_are_harder_are_named_and_slightly_harder_ones_are_not():
    harder = {**SOUND.metrics, "validation": {"rmse": 14.0}}
    found = doubts(evidence(changed(metrics=harder)))
    assert [each.title for each in found] == ["Its validation rows are harder"]
    assert found[0].evidence.startswith("RMSE 14.0 on validation rows, 10.0 on test rows")
    assert titles(changed(metrics={**SOUND.metrics, "validation": {"rmse": 12.0}})) == []
    few = {**SOUND.rows, "validation": 10}
    assert titles(changed(metrics=harder, rows=few)) == [], "so few rows may differ so much by chance"


def classes(accuracy: float, learned: float, interval: tuple[float, float]) -> Results:
    metrics = {"train": {"accuracy": learned}, "test": {"accuracy": accuracy}}
    return Results(rows={"test": 200}, metrics=metrics, intervals={"test": {"accuracy": interval}})


def test_an_accuracy_that_is_clearly_higher_on_training_rows_is_named():
    found = doubts(evidence(classes(0.95, 0.995, (0.91, 0.98)), task="binary"))
    assert [each.title for each in found] == ["It knows its training rows better"]
    assert found[0].evidence.startswith("accuracy 99.5 % on training rows, 95.0 % on test rows")
    assert titles(classes(0.95, 0.97, (0.91, 0.98)), task="binary") == []
    assert titles(classes(0.995, 1.0, (0.992, 0.998)), task="binary") == [], "half a point is no reason"


def test_a_score_that_tells_another_story_is_named_with_what_it_means():
    known = {"rmse": (9.2, 10.9), "mae": (7.0, 8.0)}
    scores = {"test": {"rmse": 20.0, "mae": 6.0}}
    found = changed(
        metrics={**SOUND.metrics, "test": {"rmse": 10.0, "mae": 7.5}},
        intervals={"test": known},
        baselines={"linear": scores},
        baseline_intervals={"linear": {"test": known}},
    )
    told = doubts(evidence(found))
    assert [each.title for each in told] == ["Another score tells another story"]
    assert "by MAE a linear model is ahead, 6.0 against 7.5 (not tested for luck)" in told[0].evidence
    closer = {"linear": {"test": {"rmse": 20.0, "mae": 7.4}}}
    assert titles(found.model_copy(update={"baselines": closer})) == []


def per_class(*counts: tuple[float, float]) -> dict[str, Any]:
    """Give the details of classes with so many rows found and missed, all missed ones taken for the next."""
    size, names = len(counts), ("benign", "malignant", "other")[: len(counts)]
    cells = np.zeros((size, size))
    for place, (right, wrong) in enumerate(counts):
        cells[place, place], cells[place, (place + 1) % size] = right, wrong
    return {"confusion": cells.tolist(), "per_class": class_scores(cells, names), "units": int(cells.sum())}


def test_a_class_that_is_missed_more_often_is_named_with_its_interval():
    found = doubts(evidence(changed(details={"test": per_class((72, 0), (36, 6))})))
    assert [(each.title, each.evidence) for each in found] == [
        (
            "It misses malignant more often",
            "6 of 42 rows of malignant are taken for benign (recall 86 %, 95 % interval 72 % to 93 %); "
            "of benign it misses 0 %",
        )
    ]


@pytest.mark.parametrize("counts", [((90, 10), (40, 5)), ((19, 1), (30, 3)), ((60, 6), (50, 4), (55, 5))])
def test_classes_that_are_missed_about_equally_often_are_not_named(counts):
    assert titles(changed(details={"test": per_class(*counts)})) == []


def test_rows_that_belong_together_make_a_low_recall_less_sure():
    details = per_class((72, 0), (36, 6)) | {"units": 6}
    assert "It misses malignant more often" not in titles(changed(details={"test": details}))


def test_test_rows_from_before_the_end_of_training_are_named():
    past = {"train": (0.0, 1e7), "test": (5e6, 1e7)}
    found = doubts(evidence(spans=past))
    assert [each.title for each in found] == ["Judged in the past"]
    assert "test rows begin 1970-02-27 20:53, training rows go on to 1970-04-26 17:46" in found[0].evidence
    assert titles(spans={"train": (0.0, 1e7), "test": (1e7, 2e7)}) == []


def test_answers_that_are_too_high_on_average_are_named():
    truth = np.linspace(10, 110, 200)
    noise = np.tile([-5.0, 5.0], 100)
    assert titles(numbers=(number_figures("y", truth, truth + noise, None),)) == []
    biased = number_figures("y", truth, truth + noise + 2, None)
    assert titles(numbers=(biased,)) == ["Its answers are too high"]


def test_probabilities_that_do_not_come_true_are_named():
    said = np.linspace(0.02, 0.98, 1000)
    chances, ranks = np.stack([1 - said, said], axis=1), np.arange(1000) * 0.618 % 1
    right = reliability(chances, (ranks < said).astype(np.int64), ("no", "yes"))
    wrong = reliability(chances, (ranks < said**3).astype(np.int64), ("no", "yes"))
    assert titles(reliability=right) == []
    assert titles(reliability=wrong) == ["Its probabilities are off"]


@pytest.mark.parametrize(
    ("share", "interval", "said"),
    [
        (0.89, (0.87, 0.91), []),
        (0.84, (0.82, 0.86), ["Its prediction intervals are too narrow"]),
        (0.97, (0.95, 0.98), ["Its prediction intervals are too wide"]),
        (0.5, None, []),
    ],
)
def test_prediction_intervals_are_named_where_the_rows_can_tell_that_they_are_off(share, interval, said):
    measured = Coverage(asked=0.9, coverage=share, interval=interval, mean_width=5.0)
    assert titles(changed(prediction_intervals={"test": measured})) == said


LEAKS = {
    "kept_leak": "Columns give the target away",
    "near_duplicates": "It has nearly seen the rows that judge it",
    "group": "Rows of one group stand on both sides",
    "time": "It is judged by rows older than its training rows",
    "identifier": "Rows are numbered by the target",
}


@pytest.mark.parametrize("kind", LEAKS)
def test_each_warning_of_a_leak_is_named_with_what_was_found(kind):
    leak = Leak(kind, ("a",), "a = y", "this must be so, however: 30% is not; do that")
    found = doubts(evidence(leaks=(leak,)))
    assert [(each.title, each.evidence) for each in found] == [(LEAKS[kind], "30% is not; do that")]


def test_what_was_left_out_gives_no_reason_to_distrust():
    assert titles(leaks=(Leak("leak", ("a",), "a = y", "must, however: a; it is left out"),)) == []


def test_rows_older_than_the_training_rows_are_named_once():
    leak = Leak("time", ("day",), "older", "must, however: 40% are older; split by time")
    past = {"train": (0.0, 1e7), "test": (5e6, 1e7)}
    assert titles(leaks=(leak,), spans=past) == [LEAKS["time"]]


def test_answers_below_zero_are_named_where_no_truth_is():
    truth = np.linspace(0, 100, 200)
    answers = truth + np.tile([-5.0, 5.0], 100)
    assert titles(numbers=(number_figures("y", truth, np.maximum(answers, 0), None),)) == []
    found = doubts(evidence(numbers=(number_figures("y", truth, answers, None),)))
    assert found[0].title == "Some of its answers cannot be"
    assert found[0].evidence.startswith("5 of 200 are below 0")
    assert titles(numbers=(number_figures("y", truth - 50, answers - 50, None),)) == []


def test_classes_with_few_rows_and_classes_that_are_never_named_are_listed():
    per_class = [
        {"class": "common", "precision": 0.9, "recall": 0.9, "f1": 0.9, "support": 180.0},
        {"class": "rare", "precision": None, "recall": 0.0, "f1": 0.0, "support": 3.0},
    ]
    found = doubts(evidence(changed(details={"test": {"units": 200, "per_class": per_class}})))
    assert [(each.title, each.evidence) for each in found] == [
        ("Classes with few rows", "fewer than 20 rows to judge by: rare (3)"),
        ("Classes that it never names", "rare"),
    ]


def test_folds_that_differ_much_are_named():
    folds = [{"network": {"rmse": value}} for value in (5.0, 8.0)]
    assert titles(changed(details={**SOUND.details, "folds": folds})) == ["The folds differ much"]


def test_a_few_rows_that_make_most_of_the_error_are_named():
    worst = Mistakes("y", worst=(None,) * 10, share=0.6, rows=1000)
    assert titles(worst=worst) == ["A few rows make most of the error"]
    assert titles(worst=replace(worst, share=0.4)) == []
