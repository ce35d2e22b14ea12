"""``MLPClassifier`` and ``MLPRegressor``: change the import, keep the code.

Parameters, attributes and numbers are those of ``sklearn.neural_network``. What is added is marked so in the
list of parameters, and ``docs/guide/estimators.md`` says what differs, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from glassnet.engine.dense import Array, Objective
from glassnet.errors import message
from glassnet.estimators.classes import class_weight_rule, first_classes, weighted_by_class
from glassnet.estimators.network import Network, trains_by_epochs
from glassnet.estimators.parameters import Rule, one_of
from glassnet.estimators.rows import Rows


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, Network):  # type: ignore[misc]
    """A classifier of dense layers that descends the cross-entropy.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
        >>> clf = MLPClassifier(random_state=1, learning_rate_init=0.1).fit(X, y)
        >>> clf.predict([[-1.0], [4.0]])
        array([0, 1])

    One output for two classes, one for each of more, and one for each label where y is a matrix of them.

    Args:
        class_weight: added: weight of each class as a mapping, or "balanced".
        others: see ``Network``.

    Attributes:
        coefs_, intercepts_: weights (inputs, outputs) and biases of each layer.
        classes_, n_outputs_, n_layers_, out_activation_, n_features_in_, feature_names_in_: what it learned.
        loss_curve_, loss_, best_loss_, n_iter_, t_: what happened.
        validation_scores_, best_validation_score_: of the validation rows, where there are any.
        members_: added: weights of all members. engine_: added: what trained them.
    """

    class_weight: Any = None

    @available_if(trains_by_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """Train one epoch on these rows and go on from there at the next call.

        Args:
            X, y, sample_weight: as in ``fit``.
            classes: all classes that will ever come; needed at the first call.

        Raises:
            ValueError: as in ``fit``; or classes are missing, or others than before.
        """
        if first_classes(self, classes):
            self._label_binarizer = LabelBinarizer()
            is_multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer.fit(y if is_multilabel else classes)
        self._fit(X, y, sample_weight, (None, None), incremental=True)
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each row; shape (rows,), or (rows, labels)."""
        return self._answers(self._predicted(X))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class of ``classes_``; shape (rows, classes)."""
        p = self._predicted(X)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _validated(self, X: Any, y: Any, incremental: bool, first: bool) -> tuple[Any, Array]:
        X, y = self._checked(X, y, first)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        return X, self._label_binarizer.transform(y).astype(bool)

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        kinds, dtypes = ["csr", "csc"], (np.float64, np.float32)
        X, y = validate_data(
            self, X, y, accept_sparse=kinds, multi_output=True, dtype=dtypes, reset=reset, order="C"
        )
        X = X if isinstance(X, np.ndarray) else X.tocsr()
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _check_classes(self, classes: Array) -> None:
        """Check the classes of rows that a warm start or ``partial_fit`` goes on with.

        Raises:
            ValueError: they are others than before.
        """
        if self.warm_start and set(classes) != set(self.classes_):
            must = (
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
            raise ValueError(message(must, "they differ", "use warm_start=False"))
        if not self.warm_start and not set(classes) <= set(self.classes_):
            must = (
                f"`y` has classes not in `self.classes_`, which has {self.classes_}: it must have these only"
            )
            raise ValueError(message(must, f"y has {classes}", "name all classes at the first partial_fit"))

    def _validated_validation(self, X: Any, y: Any) -> tuple[Any, Any]:
        X, y = self._checked(X, y, False)
        return X, y

    def _row_weights(self, weight: Array | None, y: Array, dtype: Any) -> Array | None:
        if self.class_weight is None:
            return weight
        return weighted_by_class(self.class_weight, self._answers_of_targets(y), weight, dtype)

    def _targets(self, y: Array, dtype: Any) -> Array:
        return y.argmax(axis=1) if self._is_multiclass else y.astype(dtype)

    @property
    def _is_multiclass(self) -> bool:
        return self.out_activation_ == "softmax"

    def _objective(self) -> Objective:
        if self._is_multiclass:
            return Objective("cross_entropy", **self._penalties())
        return Objective("binary_cross_entropy", scale=float(self.n_outputs_), **self._penalties())

    def _shown_loss(self, rows: Rows) -> Callable[[float], float]:
        return lambda loss: loss

    def _out_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _answers(self, linked: Array) -> Array:
        p = linked.ravel() if linked.shape[1] == 1 else linked
        return np.asarray(self._label_binarizer.inverse_transform(p))

    def _answers_of_targets(self, y: Array) -> Array:
        return np.asarray(self._label_binarizer.inverse_transform(y))

    def _score(self, y: Any, answers: Array, weight: Array | None) -> float:
        return float(accuracy_score(y, answers, sample_weight=weight))

    @property
    def _own_rules(self) -> dict[str, Rule]:
        return {"class_weight": class_weight_rule}


@dataclass
class _Loss:
    """The one parameter that scikit-learn's regressor takes before all others."""

    loss: str = "squared_error"


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, Network, _Loss):  # type: ignore[misc]
    """A regressor of dense layers for one target or several.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1, 3, 5, 7]
        >>> reg = MLPRegressor(activation="identity", solver="lbfgs", random_state=1).fit(X, y)
        >>> reg.predict([[1.5]]).round(1)
        array([4.])

    Args:
        loss: "squared_error" (half of it) or "poisson" (half the deviance, for counts; answers are above 0).
            Added: "absolute_error".
        others: see ``Network``.

    Attributes:
        coefs_, intercepts_: weights (inputs, outputs) and biases of each layer.
        n_outputs_, n_layers_, out_activation_, n_features_in_, feature_names_in_: what it learned.
        loss_curve_, loss_, best_loss_, n_iter_, t_: what happened.
        validation_scores_, best_validation_score_: of the validation rows (R²), where there are any.
        members_: added: weights of all members. engine_: added: what trained them.
    """

    @available_if(trains_by_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train one epoch on these rows and go on from there at the next call; arguments as in ``fit``."""
        self._fit(X, y, sample_weight, (None, None), incremental=True)
        return self

    def predict(self, X: Any) -> Array:
        """Return an answer for each row; shape (rows,), or (rows, outputs)."""
        return self._answers(self._predicted(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

    def _validated(self, X: Any, y: Any, incremental: bool, first: bool) -> tuple[Any, Array]:
        kinds, dtypes = ["csr", "csc"], (np.float64, np.float32)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=kinds,
            multi_output=True,
            y_numeric=True,
            dtype=dtypes,
            reset=first,
            order="C",
        )
        X = X if isinstance(X, np.ndarray) else X.tocsr()
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        if self.loss == "poisson" and y.min() < 0:
            must, do = "y must be 0 or above with loss='poisson'", "choose another loss, or drop such rows"
            raise ValueError(message(must, f"the lowest is {y.min()}", do))
        return X, y

    def _validated_validation(self, X: Any, y: Any) -> tuple[Any, Any]:
        return self._validated(X, y, False, False)

    def _row_weights(self, weight: Array | None, y: Array, dtype: Any) -> Array | None:
        return weight

    def _targets(self, y: Array, dtype: Any) -> Array:
        return np.ascontiguousarray(y, dtype)

    def _objective(self) -> Objective:
        """Return the sum over outputs, whose gradient scikit-learn's updates have, whatever it shows."""
        name = {"squared_error": "mse", "absolute_error": "mae"}.get(self.loss, self.loss)
        scale = float(self.n_outputs_) * (0.5 if name == "mse" else 1.0)
        return Objective(name, scale=scale, **self._penalties())

    def _shown_loss(self, rows: Rows) -> Callable[[float], float]:
        """Show the mean over outputs; for counts their sum, as a deviance, with the term of y alone."""
        if self.loss != "poisson":
            return lambda loss: loss / self.n_outputs_
        constant = float(np.average(xlogy(rows.y, rows.y) - rows.y, weights=rows.weight, axis=0).sum())
        return lambda loss: loss + constant

    def _out_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _answers(self, linked: Array) -> Array:
        return linked.ravel() if linked.shape[1] == 1 else linked

    def _answers_of_targets(self, y: Array) -> Array:
        return y.ravel() if y.shape[1] == 1 else y

    def _score(self, y: Any, answers: Array, weight: Array | None) -> float:
        return float(r2_score(y, answers, sample_weight=weight))

    @property
    def _own_rules(self) -> dict[str, Rule]:
        return {"loss": one_of("squared_error", "poisson", "absolute_error")}
