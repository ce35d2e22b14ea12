"""What ``MLPClassifier`` and ``MLPRegressor`` share: parameters, start, training, answers.

Parameters, attributes and the meaning of both are scikit-learn's (its user guide, "Neural network models
(supervised)"); the random numbers are drawn in the same order, so that equal seeds give equal networks.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import joblib
import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.engine.dense import Array, DenseNet, Objective, dense_net
from glassnet.errors import message
from glassnet.estimators.descent import Descent
from glassnet.estimators.layout import (
    Weights,
    as_parameters,
    as_weights,
    drawn_weights,
    layers_of,
    optimizer_of,
    streams_of,
)
from glassnet.estimators.parameters import (
    ACTIVATIONS,
    SOLVERS,
    Rule,
    check,
    hidden_sizes,
    number,
    one_of,
    or_else,
    per_layer,
    sizes_of,
    true_or_false,
    wrong,
)
from glassnet.estimators.quasi_newton import Search
from glassnet.estimators.rows import Rows, checked_weight, outputs_of

LINKS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "logistic": expit,
    "softmax": lambda z: softmax(z, axis=1),
    "exp": np.exp,
}
"""How outputs of the net become answers, by ``out_activation_``."""

RULES: dict[str, Rule] = {
    "hidden_layer_sizes": hidden_sizes,
    "solver": one_of(*SOLVERS),
    "alpha": number(0),
    "batch_size": or_else(number(1, whole=True), "auto"),
    "learning_rate": one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": number(0, above=True),
    "power_t": number(0),
    "max_iter": number(1, whole=True),
    "shuffle": true_or_false,
    "tol": number(0),
    "verbose": or_else(number(0, whole=True), True, False),
    "warm_start": true_or_false,
    "momentum": number(0, 1),
    "nesterovs_momentum": true_or_false,
    "early_stopping": true_or_false,
    "validation_fraction": number(0, 1, below=True),
    "beta_1": number(0, 1, below=True),
    "beta_2": number(0, 1, below=True),
    "epsilon": number(0, above=True),
    "n_iter_no_change": or_else(number(1, whole=True), math.inf),
    "max_fun": number(1, whole=True),
    "l1": number(0),
    "weight_decay": number(0),
    "clip": or_else(number(0, above=True), None),
    "n_members": number(1, whole=True),
    "n_jobs": or_else(number(-math.inf, whole=True), None),
}


def trains_by_epochs(estimator: Any) -> bool:
    """Say whether there is a ``partial_fit``: lbfgs has no epochs."""
    return bool(estimator.solver != "lbfgs")


@dataclass(eq=False, repr=False)
class Network(BaseEstimator, ABC):  # type: ignore[misc]
    """A multilayer perceptron behind scikit-learn's contract.

    Args:
        hidden_layer_sizes: units of each hidden layer; a single number is one layer, () is none.
        activation: of the hidden layers: "identity", "logistic", "tanh", "relu". Added: "leaky_relu", "silu",
            and a list with one name for each hidden layer.
        solver: "lbfgs", "sgd", "adam". Added: "adamw", "rmsprop".
        alpha: L2 penalty of the weights, divided by the batch's rows.
        batch_size: rows of a batch; "auto" is 200, or all rows where there are fewer.
        learning_rate: of sgd: "constant", "invscaling" (learning_rate_init / (rows seen + 1)^power_t after
            each epoch) or "adaptive" (divided by 5 instead of stopping, until it is 1e-6).
        learning_rate_init: the first learning rate, which lbfgs has none of.
        power_t: exponent of "invscaling".
        max_iter: epochs, or iterations of lbfgs.
        shuffle: visit the rows in another order in each epoch.
        random_state: seed of weights, orders, validation rows and dropout.
        tol, n_iter_no_change: training ends when the loss (with early_stopping the validation score) was no
            better by tol for more than n_iter_no_change epochs; lbfgs ends at a gradient below tol.
        verbose: print each epoch.
        warm_start: let ``fit`` go on from the weights of the fit before.
        momentum, nesterovs_momentum: of sgd.
        early_stopping: cut validation_fraction of the rows off, stop by their score, keep the best weights.
        validation_fraction: the share of rows that early_stopping cuts off.
        beta_1, beta_2, epsilon: of adam and adamw; epsilon of rmsprop too.
        max_fun: how often lbfgs may compute the loss.
        dropout: added: probability with which a hidden unit is left out in training, or a list of them.
        l1: added: L1 penalty of the weights.
        weight_decay: added: of adamw, decoupled.
        clip: added: limit of the gradient's Euclidean norm.
        n_members: added: networks that are trained side by side from other weights; answers are their mean.
        n_jobs: added: threads for the members; -1 is one for each core.
        callbacks: added: functions (estimator, report) that are called after each epoch; training ends where
            one returns True. See ``EpochReport``."""

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 0.0001
    batch_size: Any = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: Any = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    dropout: Any = 0.0
    l1: float = 0.0
    weight_decay: float = 0.01
    clip: Any = None
    n_members: int = 1
    n_jobs: Any = None
    callbacks: Any = None

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> Network:
        """Train on rows.

        Args:
            X: array, frame or sparse matrix of shape (rows, inputs).
            y: classes or numbers, shape (rows,) or (rows, outputs).
            sample_weight: how much each row counts, shape (rows,).
            X_val, y_val: validation rows of your own. Their score after each epoch is in
                ``validation_scores_``, and ``early_stopping=True`` stops by it instead of cutting rows off.

        Raises:
            ValueError: parameters or rows are wrong, or training ended with weights that are not finite.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val), incremental=False)

    @property
    def members_(self) -> list[Weights]:
        """``coefs_`` and ``intercepts_`` of each of the ``n_members`` networks, the estimator's own first."""
        check_is_fitted(self, "coefs_")
        return [(self.coefs_, self.intercepts_), *getattr(self, "_others", [])]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _fit(self, X: Any, y: Any, sample_weight: Any, held: tuple[Any, Any], incremental: bool) -> Network:
        self._check_parameters(held, incremental)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._validated(X, y, incremental, first)
        weight = self._row_weights(checked_weight(sample_weight, X.shape[0], X.dtype), y, X.dtype)
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        self.n_outputs_ = y.shape[1]
        streams = streams_of(self)
        if first:
            self._initialise([X.shape[1], *sizes_of(self.hidden_layer_sizes), y.shape[1]], X.dtype, streams)
        if self.solver == "lbfgs":
            rows = Rows(X.astype(np.float64), self._targets(y, np.float64), weight)
            nets = self._nets(np.float64, streams)
            for net in nets:
                Search(self, net, rows, self._shown_loss(rows), partial(self._take, nets, X.dtype)).run()
        else:
            self._watch(first, held[0] is not None)
            self._descend(self._nets(X.dtype, streams), streams, X, y, weight, held, incremental)
        if not all(np.isfinite(each).all() for pair in self.members_ for some in pair for each in some):
            must = "Solver produced non-finite parameter weights. The input data may contain large values and"
            must += " need to be preprocessed. Weights must be finite"
            raise ValueError(message(must, "some are not", "scale X, or lower learning_rate_init"))
        return self

    def _descend(
        self,
        nets: list[DenseNet],
        streams: list[np.random.RandomState],
        X: Any,
        y: Array,
        weight: Array | None,
        held: tuple[Any, Any],
        incremental: bool,
    ) -> None:
        """Train by stochastic gradient descent, on all rows or on those that validation leaves."""
        score = None
        if held[0] is not None:
            X_val, y_val = self._validated_validation(*held)
            score = self._scorer(nets, X_val, y_val, None)
        elif self.early_stopping:
            X, X_val, y, y_val, weight, weight_val = self._split(X, y, weight, streams[0])
            score = self._scorer(nets, X_val, self._answers_of_targets(y_val), weight_val)
        rows = Rows(X, self._targets(y, X.dtype), weight)
        shown_loss, sync = self._shown_loss(rows), partial(self._take, nets, X.dtype)
        Descent(self, nets, rows, streams, score, shown_loss, incremental, sync).run()

    def _split(self, X: Any, y: Array, weight: Array | None, stream: Any) -> tuple[Any, ...]:
        """Cut off validation rows as scikit-learn does, classes in equal shares where there is one output.

        Raises:
            ValueError: fewer than two rows are cut off.
        """
        parts = train_test_split(
            *(X, y) if weight is None else (X, y, weight),
            random_state=stream,
            test_size=self.validation_fraction,
            stratify=y if is_classifier(self) and self.n_outputs_ == 1 else None,
        )
        if parts[1].shape[0] < 2:
            must = (
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset"
            )
            raise ValueError(message(f"{must}: it must have 2 rows", f"{parts[1].shape[0]}", "do so"))
        return (*parts, None, None) if weight is None else tuple(parts)

    def _scorer(self, nets: list[DenseNet], X: Any, y: Any, weight: Array | None) -> Callable[[], float]:
        """Return what scores the members together on validation rows: nan where an answer is not finite."""

        def score() -> float:
            answers = self._answers(self._linked([outputs_of(net, X) for net in nets]))
            is_float = np.issubdtype(answers.dtype, np.floating)
            if is_float and not np.isfinite(answers).all():
                return float("nan")
            return float(self._score(y, answers, weight))

        return score

    def _check_parameters(self, held: tuple[Any, Any], incremental: bool) -> None:
        """Check all parameters together.

        Raises:
            ValueError: some are wrong, or do not go together.
        """
        sizes, more = sizes_of(self.hidden_layer_sizes), list[str]()
        more += per_layer(one_of(*ACTIVATIONS))("activation", self.activation, len(sizes))
        more += per_layer(number(0, 1, below=True))("dropout", self.dropout, len(sizes))
        if self.solver == "lbfgs" and (np.any(self.dropout) or self.l1 or self.clip is not None):
            must = "to use one of sgd, adam, adamw and rmsprop with dropout, l1 or clip"
            more += wrong("solver", self.solver, must, "choose another solver, or leave them out")
        if (held[0] is None) != (held[1] is None):
            more.append(message("X_val and y_val must be given together", "one is None", "give both"))
        if self.early_stopping and incremental:
            must, do = "partial_fit does not support early_stopping=True", "call fit, or leave it out"
            more.append(message(must, "early_stopping=True", do))
        if self.callbacks is not None and not all(map(callable, self.callbacks)):
            must = "a list of functions (estimator, report)"
            more += wrong("callbacks", self.callbacks, must, "return True from one to stop training")
        check(vars(self), {**RULES, **self._own_rules}, more)

    def _initialise(self, sizes: list[int], dtype: Any, streams: list[np.random.RandomState]) -> None:
        """Draw the weights of all members and forget what was trained before."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._out_activation()
        drawn = [drawn_weights(self, sizes, dtype, stream) for stream in streams]
        (self.coefs_, self.intercepts_), *self._others = drawn
        self._best = [as_parameters(each) for each in drawn]
        self.__dict__.pop("_optimizer", None)

    def _watch(self, anew: bool, has_validation: bool) -> None:
        """Begin the records of every epoch, or go on with those that there are."""
        if anew or not hasattr(self, "loss_curve_"):
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_ = None if self.early_stopping else np.inf
            self.validation_scores_: list[float] | None = None
            self.best_validation_score_: float | None = None
        if (has_validation or self.early_stopping) and self.validation_scores_ is None:
            self.validation_scores_, self.best_validation_score_ = [], -np.inf
        if self.best_loss_ is None and not self.early_stopping:
            self.best_loss_ = np.inf

    def _nets(self, dtype: Any, streams: list[np.random.RandomState]) -> list[DenseNet]:
        """Return a net for each member, with the weights that it has now."""
        nets = []
        for weights, stream in zip(self.members_, streams, strict=True):
            seed = int(stream.randint(np.iinfo(np.int32).max)) if np.any(self.dropout) else 0
            nets.append(self._net(weights, dtype, seed))
        self.engine_ = nets[0].engine
        return nets

    def _net(self, weights: Weights, dtype: Any, seed: int = 0) -> DenseNet:
        net = dense_net(layers_of(self), self._objective(), optimizer_of(self), str(np.dtype(dtype)), seed)
        net.set_parameters(as_parameters(weights))
        return net

    def _penalties(self) -> dict[str, Any]:
        clip = None if self.clip is None else float(self.clip)
        return {"l1": float(self.l1), "l2": float(self.alpha), "l2_per_batch": True, "clip": clip}

    def _threads(self) -> int:
        return int(joblib.effective_n_jobs(self.n_jobs))

    def _take(self, nets: list[DenseNet], dtype: Any) -> None:
        """Write the weights of the nets into the estimator."""
        taken = [as_weights(net.parameters(), dtype) for net in nets]
        (self.coefs_, self.intercepts_), *self._others = taken

    def _predicted(self, X: Any) -> Array:
        """Return the mean of what the members answer, through the link: shape (rows, outputs)."""
        check_is_fitted(self, "coefs_")
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False)
        X = X.astype(self.coefs_[0].dtype, copy=False)
        return self._linked([outputs_of(self._net(weights, X.dtype), X) for weights in self.members_])

    def _linked(self, outputs: list[Array]) -> Array:
        """Return the mean over members of their outputs, each through the link."""
        with np.errstate(over="ignore"):
            answers = [LINKS[self.out_activation_](each) for each in outputs]
        return answers[0] if len(answers) == 1 else np.asarray(np.mean(answers, axis=0))

    @property
    @abstractmethod
    def _own_rules(self) -> dict[str, Rule]:
        """The rules of parameters that only this estimator has."""

    @abstractmethod
    def _validated(self, X: Any, y: Any, incremental: bool, first: bool) -> tuple[Any, Array]:
        """Return checked rows and targets: one column of y for each output of the net."""

    @abstractmethod
    def _validated_validation(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return checked validation rows, and targets as ``predict`` gives them."""

    @abstractmethod
    def _row_weights(self, weight: Array | None, y: Array, dtype: Any) -> Array | None:
        """Return the weights of the rows, those of their classes included."""

    @abstractmethod
    def _targets(self, y: Array, dtype: Any) -> Array:
        """Return checked targets as the net takes them."""

    @abstractmethod
    def _objective(self) -> Objective:
        """Return what is descended."""

    @abstractmethod
    def _shown_loss(self, rows: Rows) -> Callable[[float], float]:
        """Return what turns the objective's loss into the one that scikit-learn shows."""

    @abstractmethod
    def _out_activation(self) -> str:
        """Name the link from outputs to answers."""

    @abstractmethod
    def _answers(self, linked: Array) -> Array:
        """Return predictions from what comes through the link."""

    @abstractmethod
    def _answers_of_targets(self, y: Array) -> Array:
        """Return checked targets as ``predict`` gives them."""

    @abstractmethod
    def _score(self, y: Any, answers: Array, weight: Array | None) -> float:
        """Return the score of predictions."""
