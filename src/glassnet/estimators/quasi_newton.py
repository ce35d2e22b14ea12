"""L-BFGS: all rows at once, the line search of SciPy, the loss and gradients of the dense engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from glassnet.engine.dense import Array, DenseNet, Parameters
from glassnet.estimators.descent import EpochReport
from glassnet.estimators.rows import Rows, chunks


class _Enough(Exception):
    """A callback has seen enough; SciPy's loop ends in no other way. ``theta`` are the weights so far."""

    def __init__(self, theta: Array) -> None:
        super().__init__()
        self.theta = theta


@dataclass
class Search:
    """One training by L-BFGS; ``n_iter_`` and ``loss_`` are written into the estimator.

    Attributes:
        estimator: whose parameters count.
        net, rows: in float64, which the line search needs.
        shown_loss: turns the net's loss into that of scikit-learn, the penalty apart.
        sync: writes the net's weights into the estimator.
    """

    estimator: Any
    net: DenseNet
    rows: Rows
    shown_loss: Callable[[float], float]
    sync: Callable[[], None]

    def run(self) -> None:
        """Train until L-BFGS is content, or ``max_iter`` or ``max_fun`` is reached, or a callback says so."""
        e, self._n_iter = self.estimator, 0
        options = {"maxfun": e.max_fun, "maxiter": e.max_iter, "gtol": e.tol}
        start = _packed(self.net.parameters())
        try:
            found = minimize(
                self.loss_and_slope,
                start,
                method="L-BFGS-B",
                jac=True,
                options=options,
                callback=self._iteration_ends,
            )
            theta, e.n_iter_ = found.x, min(int(found.nit), e.max_iter)
            if found.status != 0:
                _warn(found)
        except _Enough as enough:
            theta, e.n_iter_ = enough.theta, self._n_iter
        self.loss_and_slope(theta)
        e.loss_ = self._shown
        self.sync()

    def loss_and_slope(self, theta: Array) -> tuple[float, Array]:
        """Give the net these weights; return the loss with the L2 penalty, and its gradient."""
        parameters = _unpacked(theta, self.net.parameters())
        self.net.set_parameters(parameters)
        loss, slopes = _loss_and_gradients(self.net, self.rows)
        rows = self.rows
        alpha = float(self.estimator.alpha) / (len(rows) if rows.weight is None else float(rows.weight.sum()))
        penalty = 0.5 * alpha * sum(float(np.vdot(W, W)) for W, _ in parameters)
        slopes = [(dW + alpha * W, db) for (dW, db), (W, _) in zip(slopes, parameters, strict=True)]
        self._shown = self.shown_loss(loss) + penalty
        return loss + penalty, _packed(slopes)

    def _iteration_ends(self, theta: Array) -> None:
        e = self.estimator
        self._n_iter += 1
        if e.verbose:
            print(f"Iteration {self._n_iter}, loss = {self._shown:.8f}")
        if e.callbacks:
            self.net.set_parameters(_unpacked(theta, self.net.parameters()))
            self.sync()
            if EpochReport(self._n_iter, self._shown, None, 1.0).is_enough_for(e):
                raise _Enough(theta.copy())


def _loss_and_gradients(net: DenseNet, rows: Rows) -> tuple[float, Parameters]:
    """Return loss and gradients over all rows; sparse ones are written out piece by piece."""
    if not sparse.issparse(rows.X):
        return net.loss_and_gradients(rows.X, rows.y, rows.weight)
    total = weighed = 0.0
    sums = [np.zeros(_packed(net.parameters()).shape)]
    for at in chunks(rows.X):
        weight = None if rows.weight is None else rows.weight[at]
        X = rows.X[at].toarray()
        loss, slopes = net.loss_and_gradients(X, rows.y[at], weight)
        share = float(len(X)) if weight is None else float(weight.sum())
        total, weighed = total + share * loss, weighed + share
        sums[0] += share * _packed(slopes)
    return total / weighed, _unpacked(sums[0] / weighed, net.parameters())


def _packed(parameters: Parameters) -> Array:
    """Return all weights and biases as one flat array."""
    return np.concatenate([each.ravel() for pair in parameters for each in pair if each is not None])


def _unpacked(theta: Array, like: Parameters) -> Parameters:
    """Cut a flat array into weights and biases of these shapes."""
    found: Parameters = []
    start = 0
    for W, b in like:
        middle = start + W.size
        end = middle + (0 if b is None else b.size)
        found.append((theta[start:middle].reshape(W.shape), None if b is None else theta[middle:end]))
        start = end
    return found


def _warn(found: Any) -> None:
    text = found.message.decode() if isinstance(found.message, bytes) else str(found.message)
    warnings.warn(
        f"lbfgs failed to converge after {found.nit} iteration(s) (status={found.status}): {text}. You "
        "might want to increase max_iter or max_fun, or scale the data.",
        ConvergenceWarning,
        stacklevel=2,
    )
