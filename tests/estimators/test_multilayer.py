"""``MLPClassifier`` and ``MLPRegressor`` are the networks of scikit-learn, number by number."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import neural_network as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import scale

from glassnet import estimators as ours

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"solver": "sgd"},
    {"solver": "sgd", "momentum": 0.0, "activation": "identity"},
    {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5, "activation": "tanh"},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "power_t": 0.3},
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 0.01,
        "n_iter_no_change": 2,
    },
    {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 3},
    {"activation": "logistic", "alpha": 0.1, "batch_size": 33, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.01},
    {"hidden_layer_sizes": (7, 5), "shuffle": False},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": 4, "solver": "lbfgs", "max_iter": 8},
]


def data(kind):
    if kind == "labels":
        return make_multilabel_classification(n_samples=80, random_state=0)
    load = {"three": load_iris, "two": load_breast_cancer, "numbers": load_diabetes}[kind]
    X, y = load(return_X_y=True)
    X = scale(X)[::2]
    return X, scale(y)[::2] if kind == "numbers" else np.array(["a", "b", "c"])[y[::2]]


def pair(kind, **settings):
    """Return the same estimator of both libraries, fitted on the same rows."""
    X, y = data(kind)
    name = "MLPRegressor" if kind == "numbers" else "MLPClassifier"
    settings = {"max_iter": 15, "random_state": 3, **settings}
    return X, y, *(getattr(each, name)(**settings).fit(X, y) for each in (theirs, ours))


def weights(estimator):
    return estimator.coefs_ + estimator.intercepts_


@pytest.mark.parametrize("kind", ["three", "two", "labels", "numbers"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_network_is_that_of_scikit_learn(kind, settings):
    X, _, their, our = pair(kind, **settings)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(our, name) == getattr(their, name)
    for one, other in zip(weights(our), weights(their), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(our.loss_, their.loss_, rtol=1e-4)
    answers = "predict" if kind == "numbers" else "predict_proba"
    np.testing.assert_allclose(getattr(our, answers)(X), getattr(their, answers)(X), rtol=1e-6, atol=1e-8)
    assert [*our.predict(X).ravel()] == pytest.approx([*their.predict(X).ravel()])


@pytest.mark.parametrize("kind", ["three", "numbers"])
def test_the_record_of_a_training_is_that_of_scikit_learn(kind):
    _, _, their, our = pair(kind, early_stopping=True)
    np.testing.assert_allclose(our.loss_curve_, their.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(our.validation_scores_, their.validation_scores_)
    assert our.best_validation_score_ == pytest.approx(their.best_validation_score_)
    assert our.best_loss_ is None
    _, _, their, our = pair(kind)
    assert our.best_loss_ == pytest.approx(their.best_loss_, rel=1e-4)
    assert our.validation_scores_ is None


def test_counts_and_warm_starts_are_those_of_scikit_learn():
    X, y = data("numbers")
    counts = np.floor(np.exp(y))
    nets = [
        each.MLPRegressor("poisson", 9, max_iter=7, random_state=1, warm_start=True).fit(X, counts)
        for each in (theirs, ours)
    ]
    for _ in range(2):
        their, our = (each.fit(X, counts) for each in nets)
        np.testing.assert_allclose(our.predict(X), their.predict(X), rtol=1e-7)
        np.testing.assert_allclose(our.loss_curve_, their.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fits_are_those_of_scikit_learn(solver):
    X, y = data("three")
    nets = [
        each.MLPClassifier(9, solver=solver, random_state=2, learning_rate="invscaling")
        for each in (theirs, ours)
    ]
    for at in range(5):
        some = slice(10 * at, 10 * at + 30)
        for each in nets:
            each.partial_fit(X[some], y[some], classes=["a", "b", "c"])
    for one, other in zip(*map(weights, nets), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_weights_of_rows_are_those_of_scikit_learn():
    X, y = data("three")
    weight = np.arange(len(X)) % 3.0 + 0.5
    their, our = (
        each.MLPClassifier(9, random_state=2, max_iter=10, batch_size=20).fit(X, y, sample_weight=weight)
        for each in (theirs, ours)
    )
    for one, other in zip(weights(our), weights(their), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_lbfgs_with_several_outputs_ends_at_least_squares():
    """scikit-learn gives SciPy the mean over outputs with the gradient of the sum, which do not fit."""
    X, _ = data("numbers")
    y = np.column_stack([X[:, 0] ** 2, X[:, 1] * X[:, 2], X[:, 3] ** 3])
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "tol": 1e-9, "random_state": 0}
    net = ours.MLPRegressor(**settings).fit(X, y)
    best = LinearRegression().fit(X, y).predict(X)
    np.testing.assert_allclose(net.predict(X), best, atol=1e-3)
    assert net.loss_ == pytest.approx(((best - y) ** 2).mean() / 2)


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}], ids=str)
def test_sparse_rows_give_the_network_of_dense_ones(settings):
    X, y = data("two")
    X[np.abs(X) < 0.5] = 0.0
    weight = 1.0 + np.arange(len(X)) % 3
    dense, thin = (
        ours.MLPClassifier(5, random_state=0, max_iter=8, **settings).fit(each, y, sample_weight=weight)
        for each in (X, csr_array(X))
    )
    assert thin.loss_ == pytest.approx(dense.loss_, rel=1e-9)
    for one, other in zip(weights(dense), weights(thin), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(dense.predict_proba(csr_array(X)), thin.predict_proba(X), rtol=1e-6)


def test_one_class_is_answered_as_that_class():
    X, _ = data("three")
    assert set(ours.MLPClassifier(3, max_iter=2).fit(X, ["only"] * len(X)).predict(X)) == {"only"}


def test_training_that_is_cut_short_says_so():
    X, y = data("three")
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        ours.MLPClassifier(3, max_iter=2).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iteration"):
        ours.MLPClassifier(3, solver="lbfgs", max_iter=2).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours.MLPClassifier(3, tol=0.1, n_iter_no_change=2).fit(X, y)


def test_the_training_stays_with_ctrl_c(monkeypatch):
    X, y = data("three")

    def stop(estimator, report):
        if report.n_iter == 3:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted by user"):
        net = ours.MLPClassifier(3, callbacks=[stop]).fit(X, y)
    assert net.n_iter_ == 3
    assert net.predict(X).shape == (75,)


def test_the_estimators_need_no_torch():
    code = (
        "import sys; from glassnet.estimators import MLPClassifier as M;"
        "M(2, max_iter=1, tol=9e9, n_iter_no_change=1).partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1]);"
        "print([name for name in ('torch', 'polars', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
