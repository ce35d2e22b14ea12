"""Figures of explanations: importance, contributions, partial dependence, mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.lens.contributions import Contribution, Contributions
from glassnet.lens.dependence import Dependence
from glassnet.lens.draw import MARK, TRAIN, VALIDATION, Figure, new_figure, with_fonts
from glassnet.lens.importance import Importance
from glassnet.lens.mistakes import Mistakes
from glassnet.lens.text import shown

Explanation = Importance | Contributions | Dependence | Mistakes
UP, DOWN = TRAIN, VALIDATION
MOST_BARS = 15
"""More columns than this are pooled or left out, and the figure says so."""
MOST_LEVELS = 12
"""More levels than this are written upright."""
LINE = 0.32
"""Inches of height a bar takes."""


def plot_explanation(view: Explanation) -> Figure:
    """Draw the View of one explanation.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("why.png")`` writes it.
    """
    if isinstance(view, Importance):
        return draw_importance(view)
    if isinstance(view, Contributions):
        return draw_contributions(view)
    return draw_dependence(view) if isinstance(view, Dependence) else draw_mistakes(view)


def draw_importance(view: Importance) -> Figure:
    """Draw a bar for each column, its interval across its end; the most important one on top."""
    columns = view.columns[:MOST_BARS]
    figure, axes = _bars([shown(each.column) for each in columns])
    for place, each in enumerate(columns):
        axes.barh(place, each.increase, color=UP, alpha=0.75, height=0.62)
        if each.interval is not None:
            axes.plot(each.interval, (place, place), color=MARK, linewidth=1.6, solid_capstyle="butt")
    axes.axvline(0, color=MARK, linewidth=0.8)
    left = len(view.columns) - len(columns)
    more = f"; the {left} least important columns are not shown" if left else ""
    axes.set_xlabel(f"increase of {view.metric} (from {view.score:.4g}) when the column is shuffled{more}")
    return with_fonts(figure)


def draw_contributions(view: Contributions) -> Figure:
    """Draw the way from the answer to the average row down to that of this row, a bar for each column."""
    steps = _steps(view)
    figure, axes = _bars(["average training row", *(name for name, _ in steps), "this row"])
    axes.plot(view.baseline_output, 0, "o", color=MARK)
    reached = view.baseline_output
    for place, (_, value) in enumerate(steps, start=1):
        axes.barh(place, value, left=reached, color=UP if value > 0 else DOWN, alpha=0.75, height=0.62)
        axes.plot([reached, reached], [place - 1, place + 0.31], color=MARK, linewidth=0.8)
        reached += value
        _beside(axes, f"{value:+.3g}", max(reached, reached - value), place)
    axes.plot([reached, reached], [len(steps), len(steps) + 1], color=MARK, linewidth=0.8)
    axes.plot(view.output, len(steps) + 1, "o", color=MARK)
    axes.use_sticky_edges = False  # else the first bar would begin on the frame
    axes.margins(x=0.1)
    chance = "" if view.probability is None else f"; probability {view.probability:.3g}"
    axes.set_xlabel(f"{view.unit}: from {view.baseline_output:.4g} to {view.output:.4g}{chance}")
    return with_fonts(figure)


def _steps(view: Contributions) -> list[tuple[str, float]]:
    """Return the bars of one row: the largest columns, the others pooled, and the residual where it shows."""
    columns, rest = view.columns[:MOST_BARS], view.columns[MOST_BARS:]
    steps = [(_named(each), each.value) for each in columns]
    if rest:
        steps.append((f"{len(rest)} other columns", sum(each.value for each in rest)))
    return [*steps, ("not accounted for", view.residual)]


def _named(each: Contribution) -> str:
    return f"{shown(each.column)} = {each.cell}"


def draw_dependence(view: Dependence) -> Figure:
    """Draw the mean answer over the values of a column, and the band in which 80 % of the rows lie."""
    figure, axes = new_figure(7.0)
    if isinstance(view.values[0], str):
        _draw_levels(axes, view)
    else:
        values = np.array(view.values, dtype=np.float64)
        axes.fill_between(values, view.low, view.high, color=TRAIN, alpha=0.15, label="80 % of the rows")
        axes.plot(values, view.mean, color=TRAIN, marker="o", markersize=3, label="mean over the rows")
        axes.plot(values, np.zeros_like(values), "|", color=MARK, transform=axes.get_xaxis_transform())
    axes.set_xlabel(shown(view.column))
    axes.set_ylabel(view.unit)
    _legend(axes)
    return with_fonts(figure)


def _draw_levels(axes: Any, view: Dependence) -> None:
    places = np.arange(len(view.values))
    axes.vlines(places, view.low, view.high, color=TRAIN, alpha=0.3, linewidth=5, label="80 % of the rows")
    axes.plot(places, view.mean, "o", color=TRAIN, label="mean over the rows")
    many = len(view.values) > MOST_LEVELS and max(len(str(value)) for value in view.values) > 2
    axes.set_xticks(places, [shown(value) for value in view.values], rotation=90 if many else 0)


def draw_mistakes(view: Mistakes) -> Figure:
    """Draw truth and prediction of each row, or for classes the probability of the true class."""
    figure, axes = _bars([f"row {each.row:,}" for each in view.worst])
    for place, each in enumerate(view.worst):
        if isinstance(each.truth, str) or isinstance(each.predicted, str):
            axes.barh(place, each.probability, color=TRAIN, alpha=0.75, height=0.62)
            text = f"{shown(each.truth)}, taken for {shown(each.predicted)}"
            _beside(axes, text, each.probability or 0.0, place)
        else:
            axes.plot([each.truth, each.predicted], [place, place], color=MARK, linewidth=1.0)
            axes.plot(each.truth, place, "o", color=MARK, label="truth" if place == 0 else None)
            axes.plot(each.predicted, place, "o", color=TRAIN, label="prediction" if place == 0 else None)
    if view.worst[0].probability is None:
        axes.set_xlabel(view.target)
        _legend(axes)
    else:
        axes.set_xlim(0, 1)
        axes.set_xlabel(f"probability of the true {view.target}")
    return with_fonts(figure)


def _bars(names: list[str]) -> tuple[Figure, Any]:
    """Return a figure with one line for each name, the first one on top."""
    figure, axes = new_figure(7.0, 0.9 + LINE * len(names))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", alpha=0.25)
    return figure, axes


def _beside(axes: Any, text: str, end: float, place: int) -> None:
    """Write a text to the right of a bar's end."""
    axes.annotate(
        text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize="small", color=MARK
    )


def _legend(axes: Any) -> None:
    """Put the legend above the axes, where it hides nothing."""
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
