"""``Perceptron``: the algorithm with scikit-learn's parameters, and the boundary after each epoch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.extmath import safe_sparse_dot

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.classes import class_weight_rule, first_classes
from glassnet.estimators.linear import Line, LinearClassifier
from glassnet.estimators.mistakes import Penalty, Rules, learn
from glassnet.estimators.parameters import Rule, check, number, one_of, or_else, true_or_false
from glassnet.estimators.rows import Rows, checked_weight

INT_MAX = np.iinfo(np.int32).max

RULES: dict[str, Rule] = {
    "penalty": or_else(one_of("l2", "l1", "elasticnet"), None),
    "alpha": number(0),
    "l1_ratio": number(0, 1),
    "fit_intercept": true_or_false,
    "max_iter": number(1, whole=True),
    "tol": or_else(number(0), None),
    "shuffle": true_or_false,
    "verbose": or_else(number(0, whole=True), True, False),
    "eta0": number(0, above=True),
    "early_stopping": true_or_false,
    "validation_fraction": number(0, 1, above=True, below=True),
    "n_iter_no_change": number(1, whole=True),
    "class_weight": class_weight_rule,
    "warm_start": true_or_false,
}


@dataclass(eq=False, repr=False)
class Perceptron(LinearClassifier):
    """The perceptron algorithm: a boundary that moves at each row that is on its wrong side.

        >>> clf = Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
        >>> clf.predict([[1, 1], [0, 1]])
        array([1, 0])

    For more than two classes one boundary each, of that class against all others.

    Args:
        penalty: None, "l2", "l1" or "elasticnet", which is both, l1_ratio of it "l1".
        alpha: multiplies the penalty.
        l1_ratio: of "elasticnet".
        fit_intercept: False: every boundary goes through the origin.
        max_iter: epochs.
        tol: training ends when the loss (with early_stopping the validation score) was not better by tol for
            n_iter_no_change epochs; None: after max_iter.
        shuffle: visit the rows in another order in each epoch.
        verbose: print each epoch.
        eta0: learning rate.
        n_jobs: has no effect; it is there for code written for scikit-learn.
        random_state: seed of the orders and of the validation rows.
        early_stopping: cut validation_fraction of the rows off and stop by their score.
        validation_fraction: the share of rows that early_stopping cuts off.
        n_iter_no_change: see tol.
        class_weight: weight of each class as a mapping, or "balanced".
        warm_start: let ``fit`` go on from the boundary of the fit before.

    Attributes:
        coef_, intercept_: the boundaries, (1, inputs) for two classes, otherwise (classes, inputs).
        classes_, n_features_in_, feature_names_in_: what it learned.
        n_iter_: epochs, of the boundary that took most. t_: rows seen, and 1.
        boundary_lines_: added: the line after each epoch, where there are two inputs.
    """

    _: KW_ONLY
    penalty: Any = None
    alpha: float = 0.0001
    l1_ratio: float = 0.15
    fit_intercept: bool = True
    max_iter: int = 1000
    tol: float | None = 1e-3
    shuffle: bool = True
    verbose: Any = 0
    eta0: float = 1.0
    n_jobs: Any = None
    random_state: Any = 0
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    class_weight: Any = None
    warm_start: bool = False

    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> Perceptron:
        """Train on rows.

        Args:
            X: array, frame or sparse matrix of shape (rows, inputs).
            y: classes, shape (rows,).
            coef_init, intercept_init: boundaries to start from, shaped as ``coef_`` and ``intercept_``.
            sample_weight: how much each row counts, shape (rows,).

        Raises:
            ValueError: parameters or rows are wrong, or the weights overflowed.
        """
        check(vars(self), RULES)
        X, y = self._checked(X, y, True)
        if not self.warm_start:
            self.__dict__.pop("coef_", None)
        self.classes_ = np.unique(y)
        self._check_two_classes()
        self.t_ = 1.0
        self._learn(X, y, sample_weight, self._start(X, coef_init, intercept_init), self.max_iter)
        if self.tol is not None and self.n_iter_ == self.max_iter:
            text = "Maximum number of iteration reached before convergence. Consider increasing max_iter."
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Perceptron:
        """Train one epoch on these rows and go on from there at the next call.

        Args:
            classes: all classes that will ever come; needed at the first call.

        Raises:
            ValueError: as in ``fit``; or classes are missing, or others than before.
        """
        check(vars(self), RULES)
        if self.class_weight == "balanced":
            do = "pass weights by class, such as compute_class_weight gives for all rows"
            must = "class_weight must not be 'balanced' for partial_fit, which sees some rows at a time"
            raise ValueError(message(must, "it is", do))
        first = first_classes(self, classes)
        X, y = self._checked(X, y, first)
        self._check_two_classes()
        self.t_ = getattr(self, "t_", 1.0)
        self._learn(X, y, sample_weight, self._start(X, None, None), 1)
        return self

    def _start(self, X: Any, coef: Any, intercept: Any) -> list[Line]:
        """Return the boundaries to start from: those given, or those so far, or 0.

        Raises:
            ValueError: they have other shapes than the classes and inputs ask for.
        """
        count = 1 if len(self.classes_) == 2 else len(self.classes_)
        shape = (count, X.shape[1])
        if coef is None:
            coef = getattr(self, "coef_", np.zeros(shape))
        if intercept is None:
            intercept = self.intercept_ if hasattr(self, "coef_") else np.zeros(count)
        coef, intercept = np.asarray(coef, X.dtype), np.asarray(intercept, X.dtype).reshape(-1)
        if coef.size != count * X.shape[1] or intercept.shape != (count,):
            must = f"boundaries to start from must have the shapes {shape} and {shape[:1]}"
            do = "reshape coef_init and intercept_init, or use warm_start=False"
            raise ValueError(message(must, f"{coef.shape} and {intercept.shape}", do))
        return [(w, float(b)) for w, b in zip(coef.reshape(shape), intercept, strict=True)]

    def _learn(self, X: Any, y: Array, sample_weight: Any, start: list[Line], max_iter: int) -> None:
        """Train every boundary; random numbers are drawn in scikit-learn's order."""
        weight = checked_weight(sample_weight, X.shape[0], X.dtype)
        by_class = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        stream = check_random_state(self.random_state)
        if len(start) == 1:
            of_two = [(self.classes_[1], float(by_class[1]), float(by_class[0]), stream)]
        else:
            streams = map(np.random.RandomState, stream.randint(INT_MAX, size=len(start)))
            of_two = [
                (one, float(positive), 1.0, own)
                for one, positive, own in zip(self.classes_, by_class, streams, strict=True)
            ]
        kept = self._kept(y, weight)
        found = []
        for line, (positive, weight_of_it, weight_of_others, own) in zip(start, of_two, strict=True):
            is_it = y == positive
            each = np.where(is_it, weight_of_it, weight_of_others).astype(X.dtype)
            rows = Rows(X, np.where(is_it, 1, -1).astype(X.dtype), each if weight is None else each * weight)
            own.randint(1, INT_MAX)  # scikit-learn seeds its reader of rows here
            seed = int(own.randint(INT_MAX))
            found.append(learn(rows, kept, line, self._rules(max_iter, seed, rows, kept, weight)))
        self._paths = [path for path, _ in found]
        self.coef_ = np.array([path[-1][0] for path in self._paths])
        self.intercept_ = np.array([path[-1][1] for path in self._paths], X.dtype)
        self.n_iter_ = max(epochs for _, epochs in found)
        self.t_ += self.n_iter_ * len(y)

    def _rules(self, max_iter: int, seed: int, rows: Rows, kept: Array, weight: Array | None) -> Rules:
        share = {"l1": 1.0, "elasticnet": self.l1_ratio, "l2": 0.0}.get(self.penalty, 0.0)
        alpha = self.alpha if self.penalty else 0.0
        return Rules(
            rate=float(self.eta0),
            penalty=Penalty(float(share * alpha), float((1 - share) * alpha)),
            fit_intercept=bool(self.fit_intercept),
            max_iter=max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            seed=seed if self.shuffle else None,
            score=_scorer(rows, ~kept, weight) if self.early_stopping else None,
            verbose=bool(self.verbose),
        )

    def _kept(self, y: Array, weight: Array | None) -> Array:
        """Return which rows are learned from: all, or those that are not cut off for validation.

        Raises:
            ValueError: the validation rows weigh nothing.
        """
        kept = np.ones(len(y), bool)
        if self.early_stopping:
            split = StratifiedShuffleSplit(test_size=self.validation_fraction, random_state=self.random_state)
            held = next(split.split(np.zeros((len(y), 1)), y))[1]
            if weight is not None and not weight[held].any():
                must = "the weights of the validation rows must not all be zero"
                raise ValueError(message(must, "they are", "use another random_state"))
            kept[held] = False
        return kept


def _scorer(rows: Rows, held: Array, weight: Array | None) -> Callable[[Array, float], float]:
    """Return what scores a boundary on the rows that were held back: the weighted share that is right."""
    X, y = rows.X[held], rows.y[held]
    counts = None if weight is None else weight[held]

    def score(w: Array, b: float) -> float:
        right = np.where(safe_sparse_dot(X, w) + b > 0, 1, -1)
        return float(accuracy_score(y, right, sample_weight=counts))

    return score
