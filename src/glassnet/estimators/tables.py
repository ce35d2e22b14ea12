"""``TableClassifier`` and ``TableRegressor``: all of ``gn.train`` behind scikit-learn's contract.

Raw frames go in: numbers, categories, dates, truth values and missing cells side by side. Which column is
what, how each becomes numbers, the network and how long it trains are decided as in ``gn.train``. torch and
polars are imported when one is fitted, and nothing is written.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.classes import check_several, class_weight_rule, weighted_by_class
from glassnet.estimators.parameters import check
from glassnet.estimators.rows import checked_weight
from glassnet.estimators.trained import Trained, TrainedClassifier, class_names, told_as_value_errors


@dataclass(eq=False, repr=False)
class Table(Trained):
    """A network for raw tables behind scikit-learn's contract.

    Args:
        net: "tabular", hidden layers such as "64,64:relu", or an ``nn.Module``; see ``gn.train``.
        optimizer, lr, batch_size, epochs, patience: of the training; None: decided by the run.
        validation: which rows choose the epoch, "random:0.2" unless said; "none" for none.
        roles: what columns are, where that is not to be found out: ``{"zip": "category"}``.
        keep_leaks: False leaves columns out that give the target away.
        budget: seconds that training may take.
        random_state: seed.
        options: any other field of ``gn.Recipe``.
    """

    net: Any = "tabular"
    _: KW_ONLY
    optimizer: str = "adamw"
    lr: float | None = None
    batch_size: int | None = None
    epochs: int | None = None
    patience: int | None = None
    validation: str | None = None
    roles: Any = None
    keep_leaks: bool = True
    budget: Any = None
    random_state: Any = None
    options: Any = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _train(self, X: Any, targets: Mapping[str, Array], weight: Array | None, **more: Any) -> None:
        """Train a model on a frame with the targets beside the columns."""
        taken = set(X.columns)
        named = {_free(name, taken): values for name, values in targets.items()}
        X = X.with_columns(_series(name, values) for name, values in named.items())
        if weight is not None:
            more["weight"] = _free("sample_weight", taken | named.keys())
            X = X.with_columns(_series(more["weight"], weight.astype(np.float64)))
        names = (
            *("net", "optimizer", "lr", "batch_size", "epochs", "patience"),
            *("validation", "roles", "keep_leaks", "budget"),
        )
        common = {name: getattr(self, name) for name in names}
        self._train_model(X, target=list(named), **common, **more)

    def _training_frame(self, X: Any, y: Any) -> Any:
        """Return the rows to train on.

        Raises:
            ValueError: there is no y, or one row; or as in ``_frame``.
        """
        frame = self._frame(X, True)
        self._check_y(y)
        if frame.height < 2:
            must = f"{type(self).__name__} must have 2 rows or more to train on"
            raise ValueError(message(must, f"n_samples={frame.height}", "pass more rows"))
        return frame

    def _frame(self, X: Any, reset: bool) -> Any:
        """Return rows as a polars frame of plain types, names and number of columns checked.

        Raises:
            ValueError: they are no table, or not one with the columns of ``fit``.
        """
        from glassnet.data.frames import as_frame

        if hasattr(X, "columns"):
            validate_data(self, X, skip_check_array=True, reset=reset)
        else:
            X = validate_data(self, X, dtype=None, ensure_all_finite="allow-nan", reset=reset)
        with told_as_value_errors():
            return as_frame(X, "X", frozenset())

    def _predicted(self, X: Any, method: str, *arguments: Any) -> Any:
        check_is_fitted(self, "model_")
        frame = self._frame(X, False)
        with told_as_value_errors():
            return getattr(_in_float64(self.model_), method)(frame, *arguments)


def _in_float64(model: Any) -> Any:
    """Return the model with a net that computes in float64: a row's answer is then the same among any others.

    In float32 it depends in the last digits on how many rows are answered together.
    """
    exact = copy.copy(model)
    exact.net = copy.deepcopy(model.net).double()
    return exact


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no column has."""
    while name in taken:
        name += "_"
    return name


def _series(name: str, values: Array) -> Any:
    import polars

    return polars.Series(name, values)


@dataclass(eq=False, repr=False)
class TableClassifier(TrainedClassifier, Table):
    """Classes from a raw table.

    Args:
        class_weight: weight of each class as a mapping, or "balanced".
        others: see ``Table``.

    Attributes:
        model_: the ``gn.Model`` inside: save it, look into it, ask it for its history.
        classes_, n_features_in_, feature_names_in_: what it learned.
    """

    class_weight: Any = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TableClassifier:
        """Train on rows.

        Args:
            X: frame of pandas, polars or Arrow, or array; columns of any kind, missing cells allowed.
            y: classes, shape (rows,).
            sample_weight: how much each row counts, shape (rows,).

        Raises:
            ValueError: parameters, columns or cells are wrong.
        """
        check(vars(self), {"class_weight": class_weight_rule})
        frame = self._training_frame(X, y)
        ids = self._learn_classes(frame, y)
        check_several(ids, "rows")
        task = "binary" if len(self.classes_) == 2 else "multiclass"
        targets = {"target": np.array(class_names(ids))}
        weight = checked_weight(sample_weight, frame.height, np.float64)
        weight = weighted_by_class(self.class_weight, self.classes_[ids], weight)
        self._train(frame, targets, weight, task=task)
        return self

    def _probabilities(self, X: Any) -> Array:
        return np.asarray(self._predicted(X, "predict_proba"))


@dataclass(eq=False, repr=False)
class TableRegressor(RegressorMixin, Table):  # type: ignore[misc]
    """Numbers from a raw table.

    Args:
        task: "regression", or "poisson" for counts.
        others: see ``Table``.

    Attributes:
        model_: the ``gn.Model`` inside: save it, look into it, ask it for its history.
        n_features_in_, feature_names_in_: what it learned.
    """

    task: str = "regression"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TableRegressor:
        """Train on rows.

        Args:
            X: frame of pandas, polars or Arrow, or array; columns of any kind, missing cells allowed.
            y: numbers, shape (rows,) or (rows, targets).
            sample_weight: how much each row counts, shape (rows,).

        Raises:
            ValueError: parameters, columns or cells are wrong.
        """
        frame = self._training_frame(X, y)
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        check_consistent_length(frame, y)
        y = y.reshape(len(y), -1)
        targets = {f"target{k + 1}" if y.shape[1] > 1 else "target": y[:, k] for k in range(y.shape[1])}
        task = "multioutput" if y.shape[1] > 1 else self.task
        self._train(frame, targets, checked_weight(sample_weight, frame.height, np.float64), task=task)
        return self

    def predict(self, X: Any) -> Array:
        """Return an answer for each row; shape (rows,) or (rows, targets)."""
        return np.asarray(self._predicted(X, "predict"))

    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[Array, Array]:
        """Return between which numbers the truth lies, for a share ``coverage`` of such rows.

        See ``gn.Model.predict_interval``; it needs validation rows in ``fit``.
        """
        low, high = self._predicted(X, "predict_interval", coverage)
        return low, high

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.task == "poisson"
        return tags
