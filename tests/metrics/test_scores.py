"""The scores are scikit-learn's, with and without weights, and what cannot be scored is said so."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics as peers
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import DataError, RecipeError
from glassnet.metrics import classification_scores, poisson_scores, regression_scores, score
from glassnet.randomness import stream

seeds = st.integers(0, 10_000)
sizes = st.integers(2, 60)


def weights_or_none(chance, rows, weighted):
    """Whole-numbered weights with some zeros, never all."""
    return np.append(chance.integers(0, 4, rows - 1), 2).astype(float) if weighted else None


@settings(deadline=None, max_examples=60)
@given(seeds, sizes, st.booleans(), st.sampled_from([1.0, 1e-6, 1e9]))
def test_regression_scores_agree_with_scikit_learn(seed, rows, weighted, scale):
    chance = stream(seed)
    truth = scale * (1000 + chance.normal(size=rows))
    predicted = truth + scale * chance.normal(size=rows)
    weight = weights_or_none(chance, rows, weighted)
    scores = regression_scores(truth, predicted, weight)
    squared = peers.mean_squared_error(truth, predicted, sample_weight=weight)
    assert scores["rmse"] == pytest.approx(np.sqrt(squared), rel=1e-10)
    absolute = peers.mean_absolute_error(truth, predicted, sample_weight=weight)
    assert scores["mae"] == pytest.approx(absolute, rel=1e-10)
    if "r2" in scores:
        assert scores["r2"] == pytest.approx(peers.r2_score(truth, predicted, sample_weight=weight), rel=1e-6)
    else:
        assert np.count_nonzero(weight) == 1


def test_r2_survives_numbers_far_from_zero():
    chance = stream(1)
    truth = 1e9 + chance.normal(size=100)
    predicted = truth + 0.5 * chance.normal(size=100)
    assert regression_scores(truth, predicted)["r2"] == pytest.approx(
        peers.r2_score(truth, predicted), rel=1e-6
    )


@settings(deadline=None, max_examples=40)
@given(seeds, sizes, st.booleans())
def test_poisson_deviance_agrees_with_scikit_learn(seed, rows, weighted):
    chance = stream(seed)
    truth, predicted = chance.poisson(2.0, rows), chance.gamma(2.0, size=rows) + 1e-3
    weight = weights_or_none(chance, rows, weighted)
    expected = peers.mean_poisson_deviance(truth, predicted, sample_weight=weight)
    assert poisson_scores(truth, predicted, weight)["poisson_deviance"] == pytest.approx(expected, rel=1e-9)


@settings(deadline=None, max_examples=80)
@given(seeds, sizes, st.booleans(), st.booleans())
def test_binary_scores_agree_with_scikit_learn(seed, rows, weighted, tied):
    chance = stream(seed)
    truth = np.append([0, 1], chance.integers(0, 2, rows))
    positive = chance.integers(0, 5, rows + 2) / 4 if tied else chance.random(rows + 2)
    positive = positive.astype(np.float32)
    probabilities = np.stack([1 - positive, positive], axis=1)
    weight = 1.0 + chance.integers(0, 4, rows + 2) if weighted else None
    said = probabilities.argmax(axis=1)
    scores = classification_scores(truth, probabilities, weight)
    options = {"sample_weight": weight}
    assert scores["accuracy"] == pytest.approx(peers.accuracy_score(truth, said, **options))
    assert scores["log_loss"] == pytest.approx(
        peers.log_loss(truth, probabilities, **options), rel=1e-5, abs=1e-6
    )
    assert scores["auc"] == pytest.approx(peers.roc_auc_score(truth, positive, **options))
    assert scores["f1"] == pytest.approx(peers.f1_score(truth, said, **options))


@settings(deadline=None, max_examples=60)
@given(seeds, sizes, st.integers(3, 6), st.booleans())
def test_multiclass_scores_agree_with_scikit_learn_also_where_classes_are_absent(
    seed, rows, classes, weighted
):
    chance = stream(seed)
    truth = np.append([0, 1], chance.integers(0, classes, rows))
    probabilities = chance.dirichlet(np.full(classes, 0.7), rows + 2)
    weight = 1.0 + chance.integers(0, 4, rows + 2) if weighted else None
    options = {"sample_weight": weight}
    said = probabilities.argmax(axis=1)
    scores = classification_scores(truth, probabilities, weight)
    assert scores["accuracy"] == pytest.approx(peers.accuracy_score(truth, said, **options))
    loss = peers.log_loss(truth, probabilities.astype(np.float32), labels=range(classes), **options)
    assert scores["log_loss"] == pytest.approx(loss, rel=1e-4)
    each = [peers.roc_auc_score(truth == k, probabilities[:, k], **options) for k in np.unique(truth)]
    assert scores["auc"] == pytest.approx(np.mean(each))
    assert scores["f1"] == pytest.approx(peers.f1_score(truth, said, average="macro", **options))


def test_details_hold_confusion_and_class_scores_of_scikit_learn():
    chance = stream(3)
    truth, probabilities = chance.integers(0, 3, 80), chance.dirichlet(np.ones(3), 80)
    said = probabilities.argmax(axis=1)
    details = score("multiclass", truth, probabilities, classes=("a", "b", "c")).details
    assert details["confusion"] == peers.confusion_matrix(truth, said).tolist()
    columns = np.array(peers.precision_recall_fscore_support(truth, said)).T
    found = [
        [each[name] for name in ("precision", "recall", "f1", "support")] for each in details["per_class"]
    ]
    np.testing.assert_allclose(found, columns)
    assert [each["class"] for each in details["per_class"]] == ["a", "b", "c"]


def test_a_class_that_is_never_predicted_has_no_precision_rather_than_a_bad_one():
    details = score("multiclass", [0, 1, 2], [[0.5, 0.4, 0.1]] * 3).details
    assert details["per_class"][2] == {"class": "2", "precision": None, "recall": 0, "f1": 0, "support": 1}


def test_several_outputs_are_averaged_and_given_one_by_one():
    chance = stream(4)
    truth = chance.normal(size=(50, 3)) * [1, 10, 100]
    predicted = truth + chance.normal(size=(50, 3))
    scores = score("multioutput", truth, predicted)
    each = [regression_scores(truth[:, m], predicted[:, m]) for m in range(3)]
    assert scores.details["per_output"] == each
    assert scores.metrics["r2"] == pytest.approx(peers.r2_score(truth, predicted))
    assert scores.metrics["rmse"] == pytest.approx(np.mean([output["rmse"] for output in each]))


@pytest.mark.parametrize(
    ("task", "truth", "prediction", "missing"),
    [
        ("regression", [0.1] * 7, np.linspace(0, 1, 7), "r2"),
        ("binary", [1, 1, 1], [[0.5, 0.5]] * 3, "auc"),
        ("binary", [0, 0, 0], [[0.9, 0.1]] * 3, "f1"),
    ],
)
def test_an_undefined_metric_is_left_out_with_a_reason(task, truth, prediction, missing):
    scores = score(task, truth, prediction)
    assert missing not in scores.metrics
    assert missing not in scores.intervals
    assert "rows" in scores.details["omitted"][missing]


def test_every_part_of_a_record_is_strict_json():
    chance = stream(5)
    truth, probabilities = chance.integers(0, 3, 30), chance.dirichlet(np.ones(4), 30)
    for weight in (None, chance.random(30)):
        scores = score("multiclass", truth, probabilities, weight=weight)
        json.dumps([scores.metrics, scores.intervals, scores.rows, scores.details], allow_nan=False)


def test_rows_of_weight_zero_do_not_count():
    scores = score("regression", [1.0, 2.0, 9.0], [1.0, 3.0, 0.0], weight=[1, 1, 0])
    assert (scores.rows, scores.metrics["mae"]) == (2, 0.5)


def test_certainty_in_the_wrong_class_costs_the_same_in_float32_and_float64():
    costs = [classification_scores([1], np.array([[1, 0]], kind))["log_loss"] for kind in ("f4", "f8")]
    assert costs[0] == costs[1] == pytest.approx(15.94, abs=0.01)


@pytest.mark.parametrize(
    ("task", "truth", "prediction", "options", "words"),
    [
        ("regression", [], [], {}, "must have rows"),
        ("regression", ["a"], [1.0], {}, "must be numbers"),
        ("regression", [1.0, 2.0], [1.0], {}, "same shape"),
        ("regression", [1.0, 2.0], [1.0, np.nan], {}, "every prediction must be finite"),
        ("regression", [1.0, np.inf], [1.0, 2.0], {}, "every truth must be finite"),
        ("regression", [1.0], [1.0], {"weight": [0.0]}, "not all 0"),
        ("regression", [1.0], [1.0], {"weight": [1.0, 2.0]}, "one value per row"),
        ("regression", [1.0], [1.0], {"unit": [1, 2]}, "the unit must have one value per row"),
        ("multioutput", [1.0], [1.0], {}, "2 dimension"),
        ("poisson", [-1.0], [1.0], {}, "counts must be 0 or above"),
        ("poisson", [1.0], [0.0], {}, "rates must be above 0"),
        ("binary", [0, 1], [[1.0], [1.0]], {}, "one probability per row and class"),
        ("binary", [0, 2], [[0.5, 0.5]] * 2, {}, "from 0 to 1, however: int64 from 0 to 2"),
        ("multiclass", [0, 1], [[2.0, -1.0]] * 2, {}, "sum to 1"),
        ("multiclass", [0, 1], [[0.5, 0.5]] * 2, {"classes": ("a",)}, "one name"),
    ],
)
def test_rows_that_cannot_be_scored_are_named(task, truth, prediction, options, words):
    with pytest.raises(DataError, match=words):
        score(task, truth, prediction, **options)


def test_all_problems_are_reported_together():
    with pytest.raises(DataError) as caught:
        score("poisson", [-1.0, 2.0], [1.0, -1.0], weight=[-1.0, 1.0])
    assert len(caught.value.problems) == 3


def test_an_unknown_task_is_met_with_a_suggestion():
    with pytest.raises(RecipeError, match="did you mean 'regression'"):
        score("regresion", [1.0], [1.0])


def test_importing_the_metrics_imports_nothing_heavy():
    code = (
        "import sys, glassnet.metrics; "
        "print({'torch', 'sklearn', 'scipy', 'pydantic', 'polars'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
