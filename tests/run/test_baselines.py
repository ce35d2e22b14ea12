"""The baselines are scikit-learn's models: quiet, repeatable, there for every task and every small table."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.linear_model as peers

from glassnet.errors import DataError
from glassnet.metrics import score
from glassnet.randomness import stream
from glassnet.run import baselines
from glassnet.run.baselines import fit_baselines, linear_predictions, sample_rows

TASKS = ("regression", "poisson", "multioutput", "binary", "multiclass")


def table(task, rows=300, width=4, seed=0):
    """Inputs, targets and the number of classes of a task that a linear model can learn in part."""
    chance = stream(seed, task)
    inputs = chance.normal(size=(rows, width)).astype(np.float32)
    signal = inputs.astype(np.float64) @ np.arange(1, width + 1) / width
    noisy = signal + 0.5 * chance.normal(size=rows)
    targets = {
        "regression": 100 + 10 * noisy,
        "poisson": chance.poisson(np.exp(np.clip(signal, -3, 3))).astype(float),
        "multioutput": np.stack([noisy, 5 - noisy + chance.normal(size=rows)], axis=1),
        "binary": (noisy > 0).astype(np.int64),
        "multiclass": np.digitize(noisy, [-0.7, 0.7]).astype(np.int64),
    }[task]
    return inputs, targets, {"binary": 2, "multiclass": 3}.get(task, 0)


@pytest.mark.parametrize("task", TASKS)
def test_each_baseline_predicts_in_the_form_that_is_scored_and_each_step_up_is_worth_it(task):
    inputs, targets, classes = table(task, rows=1500)
    fitted = fit_baselines(task, inputs[:1000], targets[:1000], classes=classes)
    predictions = fitted.predict(inputs[1000:])
    first = "majority" if classes else "mean"
    assert list(predictions) == [first, "linear", "gradient_boosting"]
    metric = "log_loss" if classes else "rmse"
    worth = {name: score(task, targets[1000:], each).metrics[metric] for name, each in predictions.items()}
    assert worth["linear"] < 0.9 * worth[first]
    assert worth["gradient_boosting"] < 0.9 * worth[first]


def test_the_constants_are_the_weighted_mean_and_the_weighted_class_frequencies():
    inputs = np.zeros((4, 1), np.float32)
    weight = np.array([1.0, 1.0, 2.0, 0.0])
    mean = fit_baselines("regression", inputs, np.array([1.0, 2.0, 5.0, 900.0]), weight=weight)
    np.testing.assert_allclose(mean.predict(inputs)["mean"], 3.25)
    majority = fit_baselines("multiclass", inputs, np.array([0, 1, 1, 2]), classes=4, weight=weight)
    np.testing.assert_allclose(majority.predict(inputs)["majority"], [[0.25, 0.75, 0, 0]] * 4)


def test_linear_is_scikit_learns_model():
    inputs, targets, _ = table("regression")
    peer = peers.Ridge().fit(inputs.astype(float), targets)
    linear = fit_baselines("regression", inputs, targets).predict(inputs)["linear"]
    np.testing.assert_allclose(linear, peer.predict(inputs.astype(float)), rtol=1e-12)
    inputs, targets, _ = table("poisson")
    peer = peers.PoissonRegressor(alpha=1 / len(inputs), max_iter=300).fit(inputs.astype(float), targets)
    linear = fit_baselines("poisson", inputs, targets).predict(inputs)["linear"]
    np.testing.assert_allclose(linear, peer.predict(inputs.astype(float)), rtol=1e-12)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_linear_is_scikit_learns_classifier(task):
    inputs, targets, classes = table(task)
    peer = peers.LogisticRegression(max_iter=300).fit(inputs.astype(float), targets)
    linear = fit_baselines(task, inputs, targets, classes=classes).predict(inputs)["linear"]
    np.testing.assert_allclose(linear, peer.predict_proba(inputs.astype(float)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("task", TASKS)
def test_linear_is_reproduced_from_its_weights_to_the_bit(task):
    inputs, targets, classes = table(task)
    fitted = fit_baselines(task, inputs, targets, classes=classes)
    weights, bias = fitted.linear_weights()
    assert weights.dtype == bias.dtype == np.float64
    assert weights.shape == ({"multioutput": 2, "multiclass": 3}.get(task, 1), 4)
    assert bias.shape == weights.shape[:1]
    again = linear_predictions(task, inputs, weights, bias)
    np.testing.assert_array_equal(again, fitted.predict(inputs)["linear"])


def test_many_rows_are_predicted_block_by_block_as_one(monkeypatch):
    inputs, targets, _ = table("regression")
    fitted = fit_baselines("regression", inputs, targets)
    whole = fitted.predict(inputs)["linear"]
    monkeypatch.setattr(baselines, "BLOCK", 7)
    np.testing.assert_allclose(fitted.predict(inputs)["linear"], whole, rtol=1e-12)
    assert linear_predictions("regression", inputs[:0], *fitted.linear_weights()).shape == (0,)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_tiny_tables_are_fitted_without_a_word(task, rows, recwarn):
    inputs, targets, classes = table(task, rows=rows)
    fitted = fit_baselines(task, inputs, targets, classes=classes, weight=np.full(rows, 2.0))
    for prediction in fitted.predict(inputs).values():
        score(task, targets, prediction)
    assert not recwarn.list


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_single_class_in_training_leaves_the_others_without_a_chance(task):
    inputs = table(task)[0]
    classes = 2 if task == "binary" else 4
    fitted = fit_baselines(task, inputs, np.ones(len(inputs), np.int64), classes=classes)
    for prediction in fitted.predict(inputs).values():
        np.testing.assert_array_equal(prediction, np.tile(np.eye(classes)[1], (len(inputs), 1)))
    assert all(np.isfinite(part).all() for part in fitted.linear_weights())


@pytest.mark.parametrize("missing", [{0}, {1}, {3}, {0, 2}])
def test_classes_absent_in_training_get_chance_zero(missing):
    inputs, targets, _ = table("multiclass")
    targets = np.array([k for k in range(5) if k not in missing])[targets % (5 - len(missing))]
    for name, prediction in fit_baselines("multiclass", inputs, targets, classes=5).predict(inputs).items():
        np.testing.assert_array_equal(prediction[:, sorted(missing)], 0, err_msg=name)
        np.testing.assert_allclose(prediction.sum(axis=1), 1, err_msg=name)
    fitted = fit_baselines("multiclass", inputs, targets, classes=5).predict(inputs)
    assert (fitted["linear"].argmax(axis=1) == targets).mean() > 0.5


@pytest.mark.parametrize("task", TASKS)
def test_constant_columns_and_constant_targets_are_fitted(task):
    inputs, targets, classes = table(task)
    inputs[:, :3] = 0
    for fixed in (targets, np.zeros_like(targets)):
        for prediction in fit_baselines(task, inputs, fixed, classes=classes).predict(inputs).values():
            score(task, fixed, prediction)


def test_trees_see_their_own_inputs_with_missing_cells_and_many_categories():
    """The target depends on a category alone: number codes in a random order, or too many of them."""
    chance = stream(1)
    code = chance.integers(0, 400, 3000).astype(float)
    few = code % 20
    effect = chance.normal(size=20)
    targets = effect[few.astype(int)]
    values = np.stack([few, code, np.full(3000, np.nan)], axis=1)
    values[::10, 1] = np.nan
    mask = np.array([True, True, True])
    fitted = fit_baselines("regression", np.zeros((3000, 1), np.float32), targets, tree_inputs=(values, mask))
    new = np.array([[3.0, 1.0, np.nan], [-5.0, 1e6, 2.0]])  # a known and an unknown category
    found = fitted.predict(np.zeros((2, 1), np.float32), new)["gradient_boosting"]
    assert found[0] == pytest.approx(effect[3], abs=0.05)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_bits_and_leaves_threads_and_generators_alone(task):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    inputs, targets, classes = table(task)
    np.random.seed(1)
    before = threadpoolctl.threadpool_info(), np.random.get_state()[1].tolist()
    runs = []
    for seed in (3, 3, 4):
        some = sample_rows(np.arange(300), 4, seed=seed, limit=200)
        fitted = fit_baselines(task, inputs, targets, classes=classes, seed=seed, samples=some)
        runs.append(fitted.predict(inputs))
    assert (threadpoolctl.threadpool_info(), np.random.get_state()[1].tolist()) == before
    for name, prediction in runs[0].items():
        np.testing.assert_array_equal(prediction, runs[1][name])
    assert not np.array_equal(runs[0]["linear"], runs[2]["linear"])


def test_scikit_learn_works_on_one_thread_and_the_numbers_of_threads_come_back():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads():
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}

    with threadpoolctl.threadpool_limits(2):
        before = threads()
        with baselines._one_quiet_thread():
            assert threads() == {1}
        assert threads() == before


def test_above_the_limit_a_sample_is_fitted_and_said_so(monkeypatch):
    inputs, targets, _ = table("regression")
    assert fit_baselines("regression", inputs, targets).notes == ()
    monkeypatch.setattr(baselines, "MOST_CELLS", 400)
    samples = sample_rows(np.arange(300), 4, limit=200)
    assert (len(samples.linear), len(samples.boosted)) == (100, 200)
    fitted = fit_baselines("regression", inputs, targets, samples=samples)
    for name in ("linear", "gradient_boosting"):
        assert np.std(fitted.predict(inputs)[name] - targets) < 0.7 * np.std(targets), name
    assert fitted.notes == (
        "linear was fitted on a sample of 100 of 300 rows",
        "gradient_boosting was fitted on a sample of 200 of 300 rows",
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_rows_named_by_their_positions_are_fitted_as_if_they_stood_alone(task, weighted):
    inputs, targets, classes = table(task)
    weight = stream(1, "weight").integers(0, 3, 300).astype(float) if weighted else None
    rows = stream(0, "rows").permutation(300)[:180]
    trees = inputs.round(1)
    no = np.zeros(4, bool)
    among = sample_rows(rows, 4, weight, limit=100)
    alone = sample_rows(np.arange(180), 4, None if weight is None else weight[rows], limit=100)
    found = fit_baselines(
        task,
        inputs,
        targets,
        classes=classes,
        samples=among,
        weight=weight,
        tree_inputs=(trees[among.boosted], no),
    )
    expected = fit_baselines(
        task,
        inputs[rows],
        targets[rows],
        classes=classes,
        samples=alone,
        weight=None if weight is None else weight[rows],
        tree_inputs=(trees[rows][alone.boosted], no),
    )
    for name, prediction in expected.predict(inputs, trees).items():
        np.testing.assert_array_equal(found.predict(inputs, trees)[name], prediction, err_msg=name)


def test_the_inputs_are_left_as_they_were():
    inputs, targets, _ = table("regression")
    before = inputs.copy()
    fit_baselines("regression", inputs, targets)
    np.testing.assert_array_equal(inputs, before)


def test_a_linear_model_that_stops_early_is_noted_instead_of_warned_about(recwarn):
    inputs, targets, classes = table("multiclass")
    uneven = (inputs * np.float32([1e4, 1, 1e-2, 1])).astype(np.float32)
    fitted = fit_baselines("multiclass", uneven, targets, classes=classes)
    assert fitted.notes == ("linear stopped before it had quite converged",)
    assert not recwarn.list


def test_weights_that_are_all_alike_change_next_to_nothing():
    inputs, targets, _ = table("regression", rows=3000)
    inputs[::7, 1] = np.nan
    plain, weighted = (
        fit_baselines(
            "regression",
            np.nan_to_num(inputs),
            targets,
            weight=weight,
            tree_inputs=(inputs, np.zeros(4, bool)),
        ).predict(np.nan_to_num(inputs), inputs)["gradient_boosting"]
        for weight in (None, np.full(3000, 3.0))
    )
    spread = np.std(plain)
    assert np.std(weighted - plain) < 0.15 * spread
    assert np.std(weighted - targets) < 1.05 * np.std(plain - targets)


def test_rows_of_weight_zero_are_not_fitted():
    inputs, targets, _ = table("regression")
    weight = np.where(np.arange(300) < 200, 1.0, 0.0)
    targets[200:] = 1e6
    with_them = fit_baselines("regression", inputs, targets, weight=weight).predict(inputs)
    without = fit_baselines("regression", inputs[:200], targets[:200]).predict(inputs)
    for name, prediction in without.items():
        np.testing.assert_allclose(with_them[name], prediction, rtol=1e-9, err_msg=name)


def test_without_any_row_the_error_says_so():
    with pytest.raises(DataError, match="must have training rows"):
        fit_baselines("regression", np.zeros((2, 1), np.float32), np.zeros(2), weight=np.zeros(2))


def test_a_rate_stays_positive_and_finite_far_outside_the_training_rows():
    far = linear_predictions("poisson", np.array([[1e9], [-1e9]]), np.ones((1, 1)), np.zeros(1))
    assert np.isfinite(score("poisson", [1.0, 1.0], far).metrics["rmse"])
