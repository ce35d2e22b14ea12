"""The figure of an error surface: contours over two weights, and the ways down."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.lens.draw import INK, TRAIN, VALIDATION, Figure
from glassnet.lens.error_surface import ErrorSurface, error_surface

PATHS = (VALIDATION, TRAIN, INK)
SIGNS = ("o", "s", "^")


def plot_error_surface(of: Any = None, X: Any = None, y: Any = None, **options: Any) -> Figure:
    """Draw the error over two weights with the ways of gradient descent, momentum and Adam.

    Args:
        of: a View of :func:`glassnet.error_surface`, or what that takes, with its options; None: two valleys.
    """
    if isinstance(of, ErrorSurface):
        return draw_error_surface(of)
    return draw_error_surface(error_surface(*(() if of is None else (of, X, y)), **options))


def draw_error_surface(view: ErrorSurface) -> Figure:
    """Draw the View of :func:`glassnet.error_surface`."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes, curve = figure.subplots(1, 2, width_ratios=(1.4, 1))
    levels = _levels(view)
    drawn = axes.contourf(view.x, view.y, view.errors, levels=levels, cmap="Greys", alpha=0.55, extend="both")
    axes.contour(view.x, view.y, view.errors, levels=levels, colors="white", linewidths=0.6)
    figure.colorbar(drawn, ax=axes, label="error", format="%.3g")
    for path, color, sign in zip(view.paths, PATHS, SIGNS, strict=True):
        axes.plot(*path.weights.T, color=color, linewidth=1.6, marker=sign, markersize=3.5, label=path.name)
        axes.plot(*path.weights[-1], marker=sign, markersize=9, color=color, markeredgecolor="white")
        curve.plot(path.errors, color=color, marker=sign, markersize=3, linewidth=1.4)
    axes.plot(*view.paths[0].weights[0], marker="*", markersize=14, color=INK, markeredgecolor="white")
    axes.annotate("start", view.paths[0].weights[0], (7, 7), textcoords="offset points")
    axes.set_xlim(view.x[0], view.x[-1])
    axes.set_ylim(view.y[0], view.y[-1])
    axes.set_xlabel(view.names[0])
    axes.set_ylabel(view.names[1])
    axes.set_title(" ".join(view.notes), fontsize="small", loc="left")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    _draw_curves(curve, view)
    return figure


def _draw_curves(axes: Any, view: ErrorSurface) -> None:
    axes.set_xlabel("step")
    axes.set_ylabel("error")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    highest = max(float(path.errors.max()) for path in view.paths)
    if highest > 20 * max(float(view.paths[0].errors[0]), 1e-12):  # a path that jumps out
        axes.set_ylim(0, 3 * float(view.paths[0].errors[0]))


def _levels(view: ErrorSurface) -> Any:
    """Return heights that lie closer where it is low, so that valleys show."""
    low, high = float(view.errors.min()), float(np.quantile(view.errors, 0.97))
    reach = max(high - low, 1e-12)
    return low + reach * np.linspace(0, 1, 16) ** 3
