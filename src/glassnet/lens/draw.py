"""Figures of Views. The only module that imports matplotlib; it changes none of matplotlib's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure as Figure
from matplotlib.text import Text

from glassnet.engine.history import History
from glassnet.lens.curves import LearningCurve, PredictionCurve, learning_curve, prediction_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from glassnet.model.table import Model

TRAIN, VALIDATION, MARK, INK = "#1f6feb", "#d1570a", "#6e7781", "#101418"
MOST_TICKS = 12
RISEN = 1.05
"""A validation loss that ends so much above its lowest point is called overfitting."""
# Fonts with Chinese letters that systems have, looked for where a text needs more than matplotlib's own font.
WIDE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Arial Unicode MS",
)
DAY = 86_400.0


def plot_learning_curve(of: Model | History) -> Figure:
    """Draw training and validation loss over the epochs, the epoch that was kept marked.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("curve.png")`` writes it.
    """
    return draw_learning_curve(learning_curve(of if isinstance(of, History) else of.history))


def plot_predictions(model: Model, data: object, target: str | None = None) -> Figure:
    """Draw predictions beside the data in order of time; see :func:`prediction_curve`."""
    return draw_predictions(prediction_curve(model, data, target))


def draw_learning_curve(view: LearningCurve) -> Figure:
    """Draw the View of :func:`learning_curve`."""
    figure, axes = new_figure(7.0)
    axes.plot(view.epochs, view.train, color=TRAIN, label="training loss")
    if view.validation is not None:
        axes.plot(view.epochs, view.validation, color=VALIDATION, label="validation loss")
        _mark_lowest(axes, view.epochs, view.validation)
    if view.best_epoch is not None:
        axes.axvline(
            view.best_epoch, color=MARK, linestyle=":", label=f"weights kept: epoch {view.best_epoch}"
        )
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)
    return figure


def _mark_lowest(axes: Axes, epochs: NDArray[np.int64], losses: NDArray[np.float64]) -> None:
    """Mark where early stopping would end: what is learned after it does not hold for other rows."""
    at = int(np.nanargmin(losses)) if np.isfinite(losses).any() else 0
    label = f"lowest validation loss: epoch {epochs[at]}"
    axes.scatter(epochs[at : at + 1], losses[at : at + 1], s=90, marker="*", color=INK, zorder=3, label=label)
    if losses[-1] > RISEN * losses[at]:
        axes.axvspan(epochs[at], epochs[-1], color=VALIDATION, alpha=0.07, label="overfitting")


def draw_predictions(view: PredictionCurve) -> Figure:
    """Draw the View of :func:`prediction_curve`."""
    figure, axes = new_figure(11.0)
    rows = np.arange(len(view.truth))
    axes.plot(rows, view.truth, color=MARK, linewidth=1.0, label="data")
    axes.plot(rows, view.predicted, color=TRAIN, linewidth=1.2, label="prediction")
    axes.set_ylabel(view.target)
    axes.margins(x=0.01)
    axes.legend(frameon=False, loc="upper left", ncols=2)
    if view.times is None:
        axes.set_xlabel("row")
    else:
        _date_ticks(axes, view.times)
    return figure


def new_figure(width: float, height: float = 4.0) -> tuple[Figure, Any]:
    """Return an empty figure, its size in inches, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    return figure, axes


def with_fonts(figure: Figure) -> Figure:
    """Let texts with letters that matplotlib's own font lacks fall back on the fonts of this machine."""
    texts = [each for each in figure.findobj(Text) if not each.get_text().isascii()]
    known = {font.name for font in font_manager.fontManager.ttflist} if texts else set()
    fallbacks = [name for name in WIDE_FONTS if name in known]
    for text in texts:
        text.set_fontfamily([*text.get_fontfamily(), *fallbacks])
    return figure


def _date_ticks(axes: Axes, times: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    """Put a date under the first row of some days, evenly chosen."""
    days = np.floor(times / DAY)
    first = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    shown = first[:: max(1, -(-len(first) // MOST_TICKS))]
    dates = (days[shown].astype("int64")).astype("datetime64[D]")
    axes.set_xticks(shown, [str(date) for date in dates], rotation=35, ha="right")
