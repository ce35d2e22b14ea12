"""The estimators keep scikit-learn's contract: its own checks, and the company that estimators keep."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from glassnet.estimators import (
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    TableClassifier,
    TableRegressor,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
    pytest.mark.filterwarnings("ignore:kept leak:glassnet.errors.GlassnetWarning"),
]
ORDER = "rows are learned from one after the other, so that a row of weight 2 is not the row met twice"
SMALL = {"net": "16", "epochs": 30, "lr": 0.02, "batch_size": 16, "validation": "none"}
EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"
SPARSE_EQUIVALENCE = "check_sample_weight_equivalence_on_sparse_data"
DROPPED = "dropout draws anew for each row of a batch, also for one that is there twice"
EXPECTED = {
    Perceptron: {EQUIVALENCE: ORDER, SPARSE_EQUIVALENCE: ORDER},
    TableClassifier: {EQUIVALENCE: ORDER},
    TableRegressor: {EQUIVALENCE: ORDER},
}
"""Checks of scikit-learn that an estimator does not pass, and why."""


def expected_failures(estimator):
    if getattr(estimator, "dropout", 0):
        return {EQUIVALENCE: DROPPED, SPARSE_EQUIVALENCE: DROPPED}
    return EXPECTED.get(type(estimator), {})


@parametrize_with_checks([Perceptron(), LogisticRegression()], expected_failed_checks=expected_failures)
def test_the_linear_estimators_keep_the_contract(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        MLPClassifier(max_iter=50),
        MLPClassifier(solver="lbfgs", max_iter=50),
        MLPClassifier(max_iter=50, n_members=2, dropout=0.1, clip=10.0),
        MLPRegressor(max_iter=50),
        MLPRegressor(solver="lbfgs", max_iter=50),
        MLPRegressor("absolute_error", solver="rmsprop", max_iter=50),
    ],
    expected_failed_checks=expected_failures,
)
def test_the_networks_keep_the_contract(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [TableClassifier(**SMALL), TableRegressor(**SMALL)], expected_failed_checks=expected_failures
)
def test_the_tables_keep_the_contract(estimator, check):
    check(estimator)


ESTIMATORS = [
    Perceptron(),
    LogisticRegression(),
    MLPClassifier(8, max_iter=20, random_state=0, n_members=2),
    MLPRegressor(hidden_layer_sizes=8, max_iter=20, random_state=0, solver="lbfgs"),
    TableClassifier("8", epochs=2, random_state=0),
    TableRegressor("8", epochs=2, random_state=0),
]
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}


def rows(estimator):
    """Return a few rows by column name, and their answers."""
    name = type(estimator).__name__
    X, y = (load_diabetes if name.endswith("Regressor") else load_iris)(return_X_y=True)
    X, y = X[::3], y[::3]
    columns = {f"column {k}": X[:, k] for k in range(X.shape[1])}
    return columns, y if name.endswith("Regressor") else np.array(["x", "y", "z"])[y]


@pytest.fixture(params=ESTIMATORS, ids=lambda each: type(each).__name__)
def estimator(request):
    return clone(request.param)


def test_frames_and_their_names_are_kept(estimator):
    columns, y = rows(estimator)
    answers = []
    for make in FRAMES.values():
        fitted = clone(estimator).fit(make(columns), y)
        assert fitted.feature_names_in_.tolist() == list(columns)
        assert fitted.n_features_in_ == len(columns)
        answers.append(fitted.predict(make(columns)))
        swapped = make(dict(reversed(columns.items())))
        with pytest.raises(ValueError, match="feature names should match"):
            fitted.predict(swapped)
    assert answers[0].tolist() == answers[1].tolist()


def test_what_is_fitted_survives_pickle_and_joblib(estimator, tmp_path):
    columns, y = rows(estimator)
    X = pd.DataFrame(columns)
    estimator.fit(X, y)
    joblib.dump(estimator, tmp_path / "estimator")
    for again in (pickle.loads(pickle.dumps(estimator)), joblib.load(tmp_path / "estimator")):
        assert again.predict(X).tolist() == estimator.predict(X).tolist()


def test_it_stands_in_pipelines_and_searches(estimator):
    columns, y = rows(estimator)
    X = pd.DataFrame(columns)
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), estimator)
    scores = cross_val_score(pipeline, X, y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()
    name = {"MLP": "alpha", "Per": "alpha", "Log": "C", "Tab": "lr"}[type(estimator).__name__[:3]]
    grid = {f"{type(estimator).__name__.lower()}__{name}": [0.01, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_[-1].get_params()[name] in (0.01, 0.1)
    assert search.predict(X).shape == y.shape


def test_equal_seeds_give_equal_answers(estimator):
    columns, y = rows(estimator)
    X = pd.DataFrame(columns)
    answers = [clone(estimator).fit(X, y).predict(X) for _ in range(2)]
    assert answers[0].tolist() == answers[1].tolist()
