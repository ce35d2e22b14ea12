"""What the linear classifiers share: classes, scores, answers, and the line of every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.engine.dense import Array
from glassnet.errors import message

Line = tuple[Array, float]
"""Weights (inputs,) and bias of one boundary."""


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A score w x + b for each row: one for two classes, one a class for more.

    Attributes:
        coef_: w, shape (1, inputs) for two classes, otherwise (classes, inputs).
        intercept_: b, shape (1,) or (classes,).
    """

    coef_: Array
    intercept_: Array
    classes_: Array
    _paths: list[list[Line]]

    def decision_function(self, X: Any) -> Array:
        """Return the scores; shape (rows,) for two classes, otherwise (rows, classes)."""
        check_is_fitted(self, "coef_")
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        scores = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        return np.asarray(scores.ravel() if scores.shape[1] == 1 else scores)

    def predict(self, X: Any) -> Array:
        """Return the class of each row: of two the second where the score is above 0, else the highest."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[best])

    @property
    def boundary_lines_(self) -> Any:
        """The boundary after each epoch as x2 = slope x1 + intercept, where there are two inputs.

        Shape (epochs + 1, 2), the start first; for more than two classes a list with one such array a class.
        A vertical line has an infinite slope.

        Raises:
            AttributeError: there are more or fewer inputs, and no line.
        """
        check_is_fitted(self, "coef_")
        if self.coef_.shape[1] != 2:
            must = "boundary_lines_ needs two inputs"
            found = f"there are {self.coef_.shape[1]}"
            raise AttributeError(message(must, found, "look at coef_ and intercept_"))
        lines = [_slopes(path) for path in self._paths]
        return lines[0] if len(lines) == 1 else lines

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Array]:
        """Check rows and targets as scikit-learn does, and that ``y`` holds classes."""
        dtypes = (np.float64, np.float32)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtypes, order="C", reset=reset)
        check_classification_targets(y)
        return X, y

    def _check_two_classes(self) -> None:
        """Check that there is something to tell apart.

        Raises:
            ValueError: there is one class.
        """
        if len(self.classes_) < 2:
            must = "The number of classes has to be greater than one"
            raise ValueError(message(must, f"got {len(self.classes_)} class", "pass rows of another class"))


def _slopes(path: list[Line]) -> Array:
    """Return slope and intercept of w1 x1 + w2 x2 + b = 0 for each line of a path."""
    w1, w2 = np.array([w for w, _ in path], np.float64).T
    b = np.array([b for _, b in path], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.column_stack([-w1 / w2, -b / w2])
