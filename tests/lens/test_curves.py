"""Views and their figures: the numbers are those of the model, and the figure shows them (C31, C51)."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.engine.history import EpochRecord, History
from glassnet.errors import RecipeError
from glassnet.lens.curves import learning_curve, prediction_curve
from glassnet.lens.draw import draw_learning_curve, plot_learning_curve, plot_predictions


@pytest.fixture(scope="module")
def hourly() -> pl.DataFrame:
    start = datetime(2024, 1, 1)
    hours = [start + timedelta(hours=hour) for hour in range(20 * 24)]
    rides = [100 + 50 * np.sin(each.hour / 24 * 2 * np.pi) for each in hours]
    return pl.DataFrame({"when": hours, "rides": rides})


@pytest.fixture(scope="module")
def model(hourly) -> gn.Model:
    return gn.train(hourly, target="rides", test="last:3d", net="8:tanh", epochs=3)


def history(validation: list[float | None]) -> History:
    records = [EpochRecord(n, 1.0 / n, loss, 0.1) for n, loss in enumerate(validation, start=1)]
    return History(records, best_epoch=2)


def test_a_learning_curve_holds_the_losses_of_the_history():
    view = learning_curve(history([0.9, 0.5, 0.6]))
    assert view.epochs.tolist() == [1, 2, 3]
    assert view.train.tolist() == [1.0, 0.5, 1 / 3]
    assert view.validation is not None
    assert view.validation.tolist() == [0.9, 0.5, 0.6]
    assert view.best_epoch == 2


def test_without_validation_rows_there_is_no_validation_curve():
    assert learning_curve(history([None, None])).validation is None


def test_a_history_without_epochs_has_no_curve():
    with pytest.raises(RecipeError, match="a learning curve needs epochs"):
        learning_curve(History())


def test_the_figure_of_a_learning_curve_marks_the_epoch_that_was_kept():
    axes = draw_learning_curve(learning_curve(history([0.9, 0.5, 0.6]))).axes[0]
    train, validation, mark = axes.lines
    assert train.get_ydata().tolist() == [1.0, 0.5, 1 / 3]
    assert validation.get_ydata().tolist() == [0.9, 0.5, 0.6]
    assert list(mark.get_xdata()) == [2, 2]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")


def test_predictions_lie_beside_the_data_in_order_of_time(model, hourly):
    """C31: the picture of the test period, whatever order the rows come in."""
    shuffled = hourly.sample(fraction=1.0, shuffle=True, seed=1)
    view = prediction_curve(model, shuffled)
    assert view.target == "rides"
    assert np.all(np.diff(view.times) > 0)
    assert np.allclose(view.truth, hourly["rides"])
    assert np.allclose(view.predicted, model.predict(hourly))


def test_the_figure_of_predictions_has_dates_under_it(model, hourly):
    axes = plot_predictions(model, hourly).axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "2024-01-01"
    assert len(labels) <= 12
    assert axes.get_ylabel() == "rides"


def test_without_dates_rows_stay_in_their_order():
    rows = pl.DataFrame({"a": np.arange(60.0) % 7, "b": np.arange(60.0)})
    view = prediction_curve(gn.train(rows, target="b", net="linear", epochs=1), rows)
    assert view.times is None
    assert view.truth.tolist() == rows["b"].to_list()


def test_a_model_of_classes_has_no_prediction_curve():
    with pytest.raises(RecipeError, match="needs a numeric target"):
        prediction_curve(gn.train("iris", net="linear", epochs=1), "iris")


def test_figures_leave_the_settings_of_matplotlib_alone(model, tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    plot_learning_curve(model).savefig(tmp_path / "curve.png")
    assert dict(mpl.rcParams) == before
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
