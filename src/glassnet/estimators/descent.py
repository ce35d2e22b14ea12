"""Stochastic gradient descent as scikit-learn's MLP does it: epochs, schedule, early stopping.

A ``Descent`` is made for one call of ``fit`` or ``partial_fit``. It trains the nets of all members in step
and writes what scikit-learn's estimators keep (``loss_curve_``, ``n_iter_``, ``t_`` ...) into the estimator,
where a warm start goes on from it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from glassnet.engine.dense import Array, DenseNet
from glassnet.estimators.rows import Rows, batch_sizes, one_pass


@dataclass
class OptimizerState:
    """What goes on from one ``partial_fit`` to the next: the learning rate, each member's memory."""

    learning_rate: float
    memories: list[dict[str, Any]]


@dataclass(frozen=True)
class EpochReport:
    """What a callback is told after an epoch.

    Attributes:
        n_iter: epochs of this ``fit`` so far.
        loss: as in ``loss_curve_``.
        validation_score: as in ``validation_scores_``; None without validation rows.
        learning_rate: that of this epoch.
    """

    n_iter: int
    loss: float
    validation_score: float | None
    learning_rate: float

    def is_enough_for(self, estimator: Any) -> bool:
        """Tell every callback of the estimator; say whether one of them returned True."""
        answers = [callback(estimator, self) for callback in estimator.callbacks]
        return any(answer is True for answer in answers)


@dataclass
class Descent:
    """One training of one net or of several members.

    Attributes:
        estimator: whose parameters count, and whose attributes are written.
        nets: those of the members, with weights set.
        rows: what is trained on.
        streams: of each member, from which the order of its rows is drawn.
        score: returns the score of the members together on validation rows; None: there are none.
        shown_loss: turns the net's mean loss into the one of ``loss_curve_``, penalties apart.
        incremental: ``partial_fit``: one epoch, and the optimiser's memory stays.
        sync: writes the weights of the nets into the estimator.
    """

    estimator: Any
    nets: Sequence[DenseNet]
    rows: Rows
    streams: Sequence[np.random.RandomState]
    score: Callable[[], float] | None
    shown_loss: Callable[[float], float]
    incremental: bool
    sync: Callable[[], None]
    _stopped_by_callback: bool = field(default=False, init=False)

    def run(self) -> None:
        """Train until ``max_iter``, or until there is no improvement, or until a callback says so."""
        e = self.estimator
        self._begin_optimizer()
        orders = [np.arange(len(self.rows)) for _ in self.nets]
        sizes = batch_sizes(len(self.rows), self._batch_size())
        threads = e._threads()
        e.n_iter_, penalty = 0, self._penalty()
        try:
            for _ in range(e.max_iter):
                if e.shuffle:
                    orders = [
                        _shuffled(order, draw) for order, draw in zip(orders, self.streams, strict=True)
                    ]
                loss = one_pass(self.nets, self.rows, orders, sizes, self._rate, threads)
                before, penalty = penalty, self._penalty()
                self._epoch_ends(self.shown_loss(loss) + self._mean_penalty(before, penalty, len(sizes)))
                if self._is_over() or self.incremental:
                    break
            else:
                _warn_of_the_limit(e.max_iter)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        self._end()

    @property
    def _rate(self) -> float:
        return float(self.estimator._optimizer.learning_rate)

    def _begin_optimizer(self) -> None:
        e = self.estimator
        if self.incremental and hasattr(e, "_optimizer"):
            for net, memory in zip(self.nets, e._optimizer.memories, strict=True):
                net.set_state(memory)
        else:
            e._optimizer = OptimizerState(float(e.learning_rate_init), [])

    def _batch_size(self) -> int:
        asked, rows = self.estimator.batch_size, len(self.rows)
        if asked == "auto":
            return min(200, rows)
        if asked > rows:
            text = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
            warnings.warn(text, stacklevel=2)
        return int(min(asked, rows))

    def _penalty(self) -> float:
        """Return the L2 penalty of scikit-learn's loss before it is divided by a batch's weight."""
        alpha = float(self.estimator.alpha)
        if not alpha:
            return 0.0
        squares = [float(np.vdot(W, W)) for net in self.nets for W, _ in net.parameters()]
        return 0.5 * alpha * sum(squares) / len(self.nets)

    def _mean_penalty(self, before: float, after: float, batches: int) -> float:
        """Return the mean penalty of an epoch's batches: from before to after along a straight line."""
        mean = before + (after - before) * (batches - 1) / (2 * batches)
        return mean * batches / self.rows.total_weight

    def _epoch_ends(self, loss: float) -> None:
        e = self.estimator
        e.n_iter_ += 1
        e.loss_ = loss
        e.t_ += len(self.rows)
        e.loss_curve_.append(loss)
        if e.verbose:
            print(f"Iteration {e.n_iter_}, loss = {loss:.8f}")
        self._judge()
        self._stopped_by_callback = self._call_back(loss)
        self._set_rate(_rate_of(e, self._rate))

    def _judge(self) -> None:
        """Count the epochs without improvement, of the score where it decides, otherwise of the loss."""
        e = self.estimator
        if self.score is not None:
            score = self.score()
            e.validation_scores_.append(score)
            if e.verbose:
                print(f"Validation score: {score:f}")
            better = not score < e.best_validation_score_ + e.tol
            if score > e.best_validation_score_:
                e.best_validation_score_ = score
                if e.early_stopping:
                    e._best = [net.parameters() for net in self.nets]
        if not e.early_stopping:
            better = not e.loss_curve_[-1] > e.best_loss_ - e.tol
            e.best_loss_ = min(e.best_loss_, e.loss_curve_[-1])
        e._no_improvement_count = 0 if better else e._no_improvement_count + 1

    def _call_back(self, loss: float) -> bool:
        """Tell the callbacks; say whether one of them returned True."""
        e = self.estimator
        if not e.callbacks:
            return False
        self.sync()
        score = e.validation_scores_[-1] if self.score is not None else None
        return EpochReport(e.n_iter_, loss, score, self._rate).is_enough_for(e)

    def _set_rate(self, rate: float) -> None:
        """Change the rate; the velocity of scikit-learn's momentum has the old one inside, and keeps it."""
        if rate != self._rate:
            for net in self.nets:
                net.scale_momentum(self._rate / rate)
            self.estimator._optimizer.learning_rate = rate

    def _is_over(self) -> bool:
        """Say whether training ends here; "adaptive" divides the rate by 5 instead, until it is tiny."""
        e = self.estimator
        if self._stopped_by_callback:
            return True
        if e._no_improvement_count <= e.n_iter_no_change:
            return False
        what = "Validation score" if e.early_stopping else "Training loss"
        text = f"{what} did not improve more than tol={e.tol:f} for {e.n_iter_no_change} consecutive epochs."
        adaptive = e.solver == "sgd" and e.learning_rate == "adaptive"
        if not adaptive or self._rate <= 1e-6:
            if e.verbose:
                print(f"{text} {'Learning rate too small. ' if adaptive else ''}Stopping.")
            return True
        self._set_rate(self._rate / 5)
        e._no_improvement_count = 0
        if e.verbose:
            print(f"{text} Setting learning rate to {self._rate:f}")
        return False

    def _end(self) -> None:
        e = self.estimator
        e._optimizer.memories = [net.state() for net in self.nets]
        if e.early_stopping:
            for net, best in zip(self.nets, e._best, strict=True):
                net.set_parameters(best)
        self.sync()


def _shuffled(order: Array, stream: np.random.RandomState) -> Array:
    """Shuffle an order as ``sklearn.utils.shuffle`` does, drawing the same numbers."""
    drawn = np.arange(len(order))
    stream.shuffle(drawn)
    return order[drawn]


def _rate_of(estimator: Any, now: float) -> float:
    """Return the rate after an epoch: learning_rate_init / (rows seen + 1)^power_t with "invscaling"."""
    if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
        return float(estimator.learning_rate_init / (estimator.t_ + 1) ** estimator.power_t)
    return now


def _warn_of_the_limit(max_iter: int) -> None:
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the optimization hasn't "
        "converged yet.",
        ConvergenceWarning,
        stacklevel=3,
    )
