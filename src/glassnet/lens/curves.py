"""Two first Views: the loss over the epochs, and predictions beside the data, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.columns import DateColumn
from glassnet.data.times import row_times
from glassnet.errors import RecipeError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.engine.history import History
    from glassnet.model.table import Model

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LearningCurve:
    """Losses over the epochs, all of shape (epochs,); ``validation`` is None without validation rows.

    ``best_epoch`` is the epoch whose weights were kept.
    """

    epochs: NDArray[np.int64]
    train: Floats
    validation: Floats | None
    best_epoch: int | None


@dataclass(frozen=True)
class PredictionCurve:
    """Predictions beside the data, row after row in order of time.

    Attributes:
        target: the column that is predicted; the values are in its unit.
        truth, predicted: shape (rows,).
        times: seconds since 1970, shape (rows,); None where the data has no dates: then rows in their order.
    """

    target: str
    truth: Floats
    predicted: Floats
    times: Floats | None


def learning_curve(history: History) -> LearningCurve:
    """Return the losses of a training as a View.

    Raises:
        RecipeError: no epoch was finished.
    """
    if not len(history):
        raise RecipeError(message("a learning curve needs epochs", "none was finished", "train longer"))
    validation = [record.validation_loss for record in history]
    return LearningCurve(
        epochs=np.array([record.epoch for record in history]),
        train=np.array([record.train_loss for record in history]),
        validation=None if None in validation else np.array(validation, dtype=np.float64),
        best_epoch=history.best_epoch,
    )


def prediction_curve(model: Model, data: object, target: str | None = None) -> PredictionCurve:
    """Return predictions beside the data as a View.

    Args:
        model: a model of numbers.
        data: raw rows with the target, as :meth:`Model.evaluate` takes them.
        target: which of several targets; None: the first.

    Raises:
        RecipeError: the model predicts classes, or does not predict that target.
        DataError: columns or cells do not fit.
    """
    names = model.schema.target_names
    chosen = target or names[0]
    if model.task.is_classification or chosen not in names:
        raise RecipeError(
            message(
                "a prediction curve needs a numeric target of the model",
                f"task={model.task.name}, target={chosen!r}",
                "for classes look at model.evaluate().details: the confusion matrix",
            )
        )
    table = model.table(data)
    column = names.index(chosen)
    truth = model.schema.raw_targets(table).reshape(table.rows, -1)[:, column].astype(np.float64)
    predicted = model.predictions(table).reshape(table.rows, -1)[:, column]
    dates = next((each for each in model.schema.columns if isinstance(each, DateColumn)), None)
    times = row_times(table, dates.name, dates.format) if dates is not None else None
    order = np.arange(table.rows) if times is None else np.argsort(times, kind="stable")
    return PredictionCurve(chosen, truth[order], predicted[order], None if times is None else times[order])
