"""What the estimators share that hold a model of ``gn.train``: how it is trained, and how it says classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from glassnet.engine.dense import Array
from glassnet.errors import RequestError, message


@contextmanager
def told_as_value_errors() -> Iterator[None]:
    """Raise what ``gn.train`` refuses as the ``ValueError`` that scikit-learn's contract asks for."""
    try:
        yield
    except RequestError as error:
        raise ValueError(*error.args) from error


def class_names(ids: Array) -> list[str]:
    """Return a name for the class of each row that is told from a number."""
    return [f"class {each}" for each in ids]


def threads_of(n_jobs: int | None) -> int | None:
    """Return how many threads are asked for; None: the run decides."""
    return n_jobs if n_jobs not in (None, -1, 0) else None


class Trained(BaseEstimator):  # type: ignore[misc]
    """An estimator that holds a model of ``gn.train``."""

    random_state: Any
    options: Any

    def _check_y(self, y: Any) -> None:
        """Check that there are answers to train on.

        Raises:
            ValueError: there are none.
        """
        if y is None:
            must = f"{type(self).__name__} requires y to be passed, but the target y is None"
            raise ValueError(message(must, "y=None", "pass it as the second argument of fit"))

    def _train_model(self, data: Any, **given: Any) -> None:
        """Train ``model_``; what is None is decided by the run, and ``options`` come last."""
        from glassnet.run.train import train

        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        chosen = {name: value for name, value in given.items() if value is not None} | (self.options or {})
        with told_as_value_errors():
            self.model_: Any = train(data, **{"test": "none", "seed": seed, **chosen})


class TrainedClassifier(ClassifierMixin, Trained, ABC):  # type: ignore[misc]
    """A classifier that holds a model of ``gn.train``, in which classes go by ``class_names``."""

    def predict(self, X: Any) -> Array:
        """Return the class of each row, text or photo; shape (rows,)."""
        p = self.predict_proba(X)
        return np.asarray(self.classes_[p.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class of ``classes_``; shape (rows, classes)."""
        check_is_fitted(self, "model_")
        with told_as_value_errors():
            p = self._probabilities(X)
        ids = [int(name.removeprefix("class ")) for name in self.model_.task.classes]
        return np.asarray(p[:, np.argsort(ids)])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    @abstractmethod
    def _probabilities(self, X: Any) -> Array:
        """Return the answers of ``model_``, in the order of its classes."""

    def _learn_classes(self, X: Any, y: Any) -> Array:
        """Check the classes of rows; return the place of each among ``classes_``, which stand from here on.

        Raises:
            ValueError: they are not one class for each row.
        """
        self._check_y(y)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_consistent_length(X, y)
        self.classes_, ids = np.unique(y, return_inverse=True)
        return np.asarray(ids)
