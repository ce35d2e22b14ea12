"""L-BFGS: all rows at once, the line search of SciPy, the loss and gradients of the dense engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from glassnet.engine.dense import Array, DenseNet
from glassnet.estimators.descent import EpochReport
from glassnet.estimators.rows import Rows, loss_and_gradients, packed, unpacked


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
        start = packed(self.net.parameters())
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
        parameters = unpacked(theta, self.net.parameters())
        self.net.set_parameters(parameters)
        loss, slopes = loss_and_gradients(self.net, self.rows)
        alpha = float(self.estimator.alpha) / self.rows.total_weight
        penalty = 0.5 * alpha * sum(float(np.vdot(W, W)) for W, _ in parameters)
        slopes = [(dW + alpha * W, db) for (dW, db), (W, _) in zip(slopes, parameters, strict=True)]
        self._shown = self.shown_loss(loss) + penalty
        return loss + penalty, packed(slopes)

    def _iteration_ends(self, theta: Array) -> None:
        e = self.estimator
        self._n_iter += 1
        if e.verbose:
            print(f"Iteration {self._n_iter}, loss = {self._shown:.8f}")
        if e.callbacks:
            self.net.set_parameters(unpacked(theta, self.net.parameters()))
            self.sync()
            if EpochReport(self._n_iter, self._shown, None, 1.0).is_enough_for(e):
                raise _Enough(theta.copy())


def _warn(found: Any) -> None:
    text = found.message.decode() if isinstance(found.message, bytes) else str(found.message)
    warnings.warn(
        f"lbfgs failed to converge after {found.nit} iteration(s) (status={found.status}): {text}. You "
        "might want to increase max_iter or max_fun, or scale the data.",
        ConvergenceWarning,
        stacklevel=2,
    )
