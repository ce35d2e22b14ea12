"""``Perceptron`` is scikit-learn's, weight by weight; ``LogisticRegression`` ends where its own ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import linear_model as theirs
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from glassnet import estimators as ours

ignore_convergence = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"shuffle": False, "tol": None, "max_iter": 4},
    {"penalty": "l2", "alpha": 0.01},
    {"penalty": "l1", "alpha": 0.001},
    {"penalty": "elasticnet", "l1_ratio": 0.4},
    {"early_stopping": True, "validation_fraction": 0.3, "random_state": 4},
    {"class_weight": "balanced", "n_iter_no_change": 2},
    {"fit_intercept": False, "eta0": 0.3},
]


def data(kind):
    X, y = (load_iris if kind == "three" else load_breast_cancer)(return_X_y=True)
    return scale(X), np.array(["a", "b", "c"])[y]


@ignore_convergence
@pytest.mark.parametrize("kind", ["two", "three"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_perceptron_is_that_of_scikit_learn(kind, settings):
    X, y = data(kind)
    weight = 1.0 + np.arange(len(X)) % 3 if not settings else None
    their, our = (each.Perceptron(**settings).fit(X, y, sample_weight=weight) for each in (theirs, ours))
    np.testing.assert_allclose(our.coef_, their.coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(our.intercept_, their.intercept_, rtol=1e-8, atol=1e-10)
    assert (our.n_iter_, our.t_) == (their.n_iter_, their.t_)
    np.testing.assert_allclose(our.decision_function(X), their.decision_function(X))
    assert our.predict(X).tolist() == their.predict(X).tolist()


@ignore_convergence
def test_a_perceptron_goes_on_as_that_of_scikit_learn():
    X, y = data("three")
    their, our = (each.Perceptron(warm_start=True, max_iter=3) for each in (theirs, ours))
    for _ in range(3):
        np.testing.assert_array_equal(our.fit(X, y).coef_, their.fit(X, y).coef_)
    their, our = (each.Perceptron() for each in (theirs, ours))
    for at in range(4):
        some = slice(30 * at, 30 * at + 40)
        for each in (their, our):
            each.partial_fit(X[some], y[some], classes=["a", "b", "c"])
        np.testing.assert_array_equal(our.coef_, their.coef_)
        assert our.t_ == their.t_
    start = np.ones((3, 4)), np.ones(3)
    our = ours.Perceptron(max_iter=2).fit(X, y, *start)
    assert (start[0] == 1).all(), "scikit-learn would train the caller's array"
    np.testing.assert_array_equal(our.coef_, theirs.Perceptron(max_iter=2).fit(X, y, *start).coef_)


def test_the_perceptron_by_hand():
    """Rows (1, 1) and (1, -1), both wrong at first; then w = (0, 2), b = 0 has both on their sides."""
    clf = ours.Perceptron(shuffle=False).fit([[1, 1], [1, -1]], [1, 0])
    assert clf.coef_.tolist() == [[0.0, 2.0]]
    assert clf.intercept_.tolist() == [0.0]


def test_boundary_lines_show_each_epoch_of_two_inputs():
    X, y = data("two")
    clf = ours.Perceptron().fit(X[:, :2], y)
    lines = clf.boundary_lines_
    assert lines.shape == (clf.n_iter_ + 1, 2)
    assert np.isnan(lines[0]).all(), "the start has no line: all weights are 0"
    (w1, w2), b = clf.coef_[0], clf.intercept_[0]
    np.testing.assert_allclose(lines[-1], [-w1 / w2, -b / w2])
    assert w1 * 3 + w2 * (lines[-1] @ [3, 1]) + b == pytest.approx(0, abs=1e-9)
    three = ours.Perceptron().fit(data("three")[0][:, :2], data("three")[1])
    assert len(three.boundary_lines_) == 3
    assert max(map(len, three.boundary_lines_)) == three.n_iter_ + 1
    assert not hasattr(ours.Perceptron().fit(X, y), "boundary_lines_")


def test_sparse_rows_give_the_boundary_of_dense_ones():
    X, y = data("three")
    X[np.abs(X) < 0.5] = 0.0
    for make in (ours.Perceptron, ours.LogisticRegression):
        dense, thin = make().fit(X, y), make().fit(csr_array(X), y)
        np.testing.assert_allclose(dense.coef_, thin.coef_, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(
            dense.decision_function(csr_array(X)), thin.decision_function(X), rtol=1e-5
        )


def test_what_a_perceptron_cannot_do_is_said():
    X, y = data("two")
    with pytest.raises(ValueError, match=r"penalty='l3'.*\neta0 must be a number above 0"):
        ours.Perceptron(penalty="l3", eta0=0).fit(X, y)
    with pytest.raises(ValueError, match="greater than one"):
        ours.Perceptron().fit(X, ["same"] * len(X))
    with pytest.raises(ValueError, match="must not be 'balanced' for partial_fit"):
        ours.Perceptron(class_weight="balanced").partial_fit(X, y, classes=["a", "b"])
    with pytest.raises(ValueError, match="classes must be passed"):
        ours.Perceptron().partial_fit(X, y)
    with pytest.raises(ValueError, match="must have the shapes"):
        ours.Perceptron().fit(X, y, coef_init=np.ones(3))
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration"):
        ours.Perceptron(max_iter=1).fit(X, y)


@pytest.mark.parametrize("kind", ["two", "three"])
@pytest.mark.parametrize(
    "settings", [{}, {"C": 0.01}, {"class_weight": "balanced"}, {"fit_intercept": False}], ids=str
)
def test_logistic_regression_ends_where_that_of_scikit_learn_ends(kind, settings):
    X, y = data(kind)
    weight = 1.0 + np.arange(len(X)) % 3 if not settings else None
    their, our = (
        each.LogisticRegression(tol=1e-7, max_iter=3000, **settings).fit(X, y, sample_weight=weight)
        for each in (theirs, ours)
    )
    np.testing.assert_allclose(our.coef_, their.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(our.predict_proba(X), their.predict_proba(X), atol=1e-4)
    assert our.predict(X).tolist() == their.predict(X).tolist()


def test_a_step_of_its_own_length_never_goes_up():
    X, y = data("two")
    clf = ours.LogisticRegression(tol=1e-7, C=100, max_iter=5000).fit(X, y)
    assert (np.diff(clf.loss_curve_) <= 1e-15).all()


@ignore_convergence
def test_a_step_of_given_length_is_that_of_a_textbook():
    X, y = data("two")
    clf = ours.LogisticRegression(learning_rate=0.5, max_iter=3, penalty=None).fit(X, y)
    w, b, target = np.zeros(X.shape[1]), 0.0, (y == "b").astype(float)
    for _ in range(3):
        error = 1 / (1 + np.exp(-(X @ w + b))) - target
        w, b = w - 0.5 * X.T @ error / len(X), b - 0.5 * error.mean()
    np.testing.assert_allclose(clf.coef_[0], w, rtol=1e-12)
    assert clf.intercept_[0] == pytest.approx(b)
    assert len(clf.loss_curve_) == 4
    assert clf.loss_curve_[0] == pytest.approx(np.log(2))


@ignore_convergence
def test_logistic_regression_goes_on_and_keeps_its_lines():
    X, y = data("two")
    X = X[:, :2]
    clf = ours.LogisticRegression(max_iter=3, warm_start=True).fit(X, y)
    assert clf.boundary_lines_.shape == (4, 2)
    before = clf.loss_curve_[-1]
    assert clf.fit(X, y).loss_curve_[0] == pytest.approx(before)
    with pytest.warns(ConvergenceWarning, match="took 3 steps"):
        ours.LogisticRegression(max_iter=3).fit(X, y)
