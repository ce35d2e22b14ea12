"""``LogisticRegression`` by gradient descent: all rows, one step down the slope, again.

With ``learning_rate="auto"`` a step is as long as the curvature allows, longer for inputs with small numbers,
and steps gather speed: Nesterov's accelerated descent with backtracking (Beck and Teboulle 2009, "A fast
iterative shrinkage-thresholding algorithm") and restarts (O'Donoghue and Candès 2015, "Adaptive restart for
accelerated gradient schemes"). With a number it is the plain descent of a textbook.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.exceptions import ConvergenceWarning

from glassnet.engine.dense import Array, DenseNet, Layer, Objective, Optimizer, dense_net
from glassnet.estimators.classes import class_weight_rule, weighted_by_class
from glassnet.estimators.linear import LinearClassifier
from glassnet.estimators.parameters import Rule, check, number, one_of, or_else, true_or_false
from glassnet.estimators.rows import Rows, checked_weight, loss_and_gradients, packed, unpacked

RULES: dict[str, Rule] = {
    "penalty": or_else(one_of("l2"), None),
    "C": number(0, above=True),
    "tol": number(0),
    "fit_intercept": true_or_false,
    "class_weight": class_weight_rule,
    "max_iter": number(1, whole=True),
    "learning_rate": or_else(number(0, above=True), "auto"),
    "verbose": or_else(number(0, whole=True), True, False),
    "warm_start": true_or_false,
}


@dataclass(eq=False, repr=False)
class LogisticRegression(LinearClassifier):
    """Logistic regression for two classes, softmax regression for more, by gradient descent.

        >>> clf = LogisticRegression(C=10).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> clf.predict([[0.4], [2.6]])
        array([0, 1])

    It ends at the coefficients of ``sklearn.linear_model.LogisticRegression``, whose objective it descends:
    the mean cross-entropy plus |w|^2 / (2 C), divided by the sum of the weights of the rows.

    Args:
        penalty: "l2" or None.
        C: the smaller, the stronger the penalty.
        tol: training ends when no slope is steeper.
        fit_intercept: False: every boundary goes through the origin.
        class_weight: weight of each class as a mapping, or "balanced".
        max_iter: steps.
        learning_rate: "auto", or the length of every step.
        verbose: print each step.
        warm_start: let ``fit`` go on from the coefficients of the fit before.

    Attributes:
        coef_, intercept_: (1, inputs) for two classes, otherwise (classes, inputs).
        classes_, n_features_in_, feature_names_in_: what it learned.
        loss_curve_: the objective at the start and after each step. n_iter_: steps, shape (1,).
        boundary_lines_: the line after each step, where there are two inputs and two classes.
    """

    _: KW_ONLY
    penalty: Any = "l2"
    C: float = 1.0
    tol: float = 1e-4
    fit_intercept: bool = True
    class_weight: Any = None
    max_iter: int = 1000
    learning_rate: Any = "auto"
    verbose: Any = 0
    warm_start: bool = False

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Train on rows.

        Args:
            X: array, frame or sparse matrix of shape (rows, inputs).
            y: classes, shape (rows,).
            sample_weight: how much each row counts, shape (rows,).

        Raises:
            ValueError: parameters or rows are wrong.
        """
        check(vars(self), RULES)
        X, y = self._checked(X, y, True)
        weight = checked_weight(sample_weight, X.shape[0], X.dtype)
        weight = weighted_by_class(self.class_weight, y, weight, X.dtype)
        self.classes_, ids = np.unique(y, return_inverse=True)
        self._check_two_classes()
        is_binary = len(self.classes_) == 2
        targets = ids[:, None].astype(np.float64) if is_binary else ids.astype(np.int64)
        rows = Rows(X.astype(np.float64), targets, None if weight is None else weight.astype(np.float64))
        self._descend(rows, self._net(X.shape[1], 1 if is_binary else len(self.classes_)))
        self.coef_, self.intercept_ = self.coef_.astype(X.dtype), self.intercept_.astype(X.dtype)
        return self

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class of ``classes_``; shape (rows, classes)."""
        scores = self.decision_function(X)
        if scores.ndim == 2:
            return np.asarray(softmax(scores, axis=1))
        return np.column_stack([expit(-scores), expit(scores)])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _net(self, inputs: int, outputs: int) -> DenseNet:
        """Return one layer without activation, from 0 or from the coefficients so far."""
        loss = "binary_cross_entropy" if outputs == 1 else "cross_entropy"
        layer = Layer(inputs, outputs, bias=self.fit_intercept)
        net = dense_net([layer], Objective(loss), Optimizer(), "float64")
        if self.warm_start and getattr(self, "coef_", np.zeros(0)).shape == (outputs, inputs):
            bias = np.asarray(self.intercept_, np.float64) if self.fit_intercept else None
            net.set_parameters([(np.asarray(self.coef_, np.float64), bias)])
        return net

    def _descend(self, rows: Rows, net: DenseNet) -> None:
        """Step down until no slope is steeper than ``tol``, and keep what was met on the way."""
        like = net.parameters()
        slope_of = _Slope(net, rows, 0.0 if self.penalty is None else 1.0 / (self.C * rows.total_weight))
        descent = _Descent(slope_of, packed(like), self.learning_rate)
        self.loss_curve_ = [descent.loss]
        lines = [unpacked(descent.theta, like)[0]]
        while np.abs(descent.slope).max() > self.tol:
            if len(self.loss_curve_) > self.max_iter:
                text = f"Gradient descent took {self.max_iter} steps and has not converged. Scale X, or more."
                warnings.warn(text, ConvergenceWarning, stacklevel=3)
                break
            descent.step()
            self.loss_curve_.append(descent.loss)
            if rows.X.shape[1] == 2:
                lines.append(unpacked(descent.theta, like)[0])
            if self.verbose:
                print(f"Step {len(self.loss_curve_) - 1}, loss = {descent.loss:.8f}")
        W, b = unpacked(descent.theta, like)[0]
        self.coef_, self.intercept_ = W.copy(), np.zeros(len(W)) if b is None else b.copy()
        self.n_iter_ = np.array([len(self.loss_curve_) - 1], np.int32)
        self._paths = [
            [(W[k], 0.0 if b is None else float(b[k])) for W, b in lines] for k in range(len(self.coef_))
        ]


@dataclass
class _Slope:
    """The objective and its slope at any coefficients: mean loss + l2 / 2 |w|^2."""

    net: DenseNet
    rows: Rows
    l2: float

    def __call__(self, theta: Array) -> tuple[float, Array]:
        parameters = unpacked(theta, self.net.parameters())
        self.net.set_parameters(parameters)
        loss, slopes = loss_and_gradients(self.net, self.rows)
        (W, _), (dW, db) = parameters[0], slopes[0]
        return loss + 0.5 * self.l2 * float(np.vdot(W, W)), packed([(dW + self.l2 * W, db)])

    def curvature(self) -> Array:
        """Return how curved the objective is at most along each coefficient: mean of x^2 / 4, and l2."""
        W, b = self.net.parameters()[0]
        squares = self.rows.X.multiply(self.rows.X) if hasattr(self.rows.X, "multiply") else self.rows.X**2
        weight = np.ones(len(self.rows)) if self.rows.weight is None else self.rows.weight
        means = np.asarray(squares.T @ weight).ravel() / self.rows.total_weight
        along = np.broadcast_to(np.where(means > 0, means, 1.0) / 4 + self.l2, W.shape)
        return packed([(along, None if b is None else np.full(b.shape, 0.25))])


class _Descent:
    """Where a descent is: coefficients theta, their loss and slope, and the speed that was gathered."""

    def __init__(self, slope_of: _Slope, start: Array, rate: Any) -> None:
        self.slope_of, self.theta = slope_of, start
        self.loss, self.slope = slope_of(start)
        self._is_plain = rate != "auto"
        self._rate = float(rate) if self._is_plain else 1.0
        self._share = 1.0 / slope_of.curvature()
        self._speed, self._before = 1.0, start

    def step(self) -> None:
        """Go one step down."""
        if self._is_plain:
            self.theta = self.theta - self._rate * self.slope
            self.loss, self.slope = self.slope_of(self.theta)
            return
        speed = (1 + math.sqrt(1 + 4 * self._speed**2)) / 2
        ahead = self.theta + (self._speed - 1) / speed * (self.theta - self._before)
        found, loss, slope = self._backtracked(ahead)
        if loss > self.loss:  # too fast: stand still for a moment, and start again from here
            speed = 1.0
            found, loss, slope = self._backtracked(self.theta)
        self._before, self.theta, self.loss, self.slope, self._speed = self.theta, found, loss, slope, speed

    def _backtracked(self, start: Array) -> tuple[Array, float, Array]:
        """Step from a point, half as far until the loss is below the parabola that the slope promises."""
        loss, slope = self.slope_of(start)
        self._rate *= 2.0
        while True:
            there = start - self._rate * self._share * slope
            new_loss, new_slope = self.slope_of(there)
            promised = 0.5 * self._rate * float(slope @ (self._share * slope))
            if new_loss <= loss - promised + 1e-15 * abs(loss):
                return there, new_loss, new_slope
            self._rate /= 2.0
