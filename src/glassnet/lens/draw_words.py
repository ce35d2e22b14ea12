"""Figures of words: their map, and what a smaller vocabulary costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.lens.draw import INK, MARK, TRAIN, VALIDATION, Figure, new_figure, with_fonts
from glassnet.lens.text_steps_view import Frontier, TextSteps
from glassnet.lens.word_map import WordMap, word_map

NAMED = 60
SIGNS = ((VALIDATION, "s"), (TRAIN, "o"))
"""Colour and sign of a word that pulls to the first and to the second class."""


def plot_word_map(of: Any, **options: Any) -> Figure:
    """Draw words on a plane, those of either class in a colour and a sign of their own, the strongest named.

    Args:
        of: a View of :func:`glassnet.word_map`, or what that takes, with its options.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("words.png")`` writes it.
    """
    view = of if isinstance(of, WordMap) else word_map(of, **options)
    figure, axes = new_figure(10.0, 7.0)
    points, strength = view.spread(), np.abs(view.pull) / np.abs(view.pull).max()
    for name, side, (color, sign) in zip(view.classes, (view.pull < 0, view.pull > 0), SIGNS, strict=True):
        axes.scatter(
            *points[side].T, s=8 + 60 * strength[side], c=color, marker=sign, alpha=0.6, lw=0, label=name
        )
    _name_strongest(axes, view, points)
    across, up = view.axis_names
    axes.set(xticks=[], yticks=[], xlabel=across, ylabel=up)
    axes.spines[:].set_visible(False)
    axes.legend(frameon=False, title="pulls to", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return with_fonts(figure)


def _name_strongest(axes: Any, view: WordMap, points: np.ndarray[Any, Any]) -> None:
    """Write the strongest words beside their points, where no other name is."""
    low, size = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-300)
    taken: list[tuple[float, float, float]] = []
    for word, point in zip(view.words, points, strict=True):
        x, y = ((point - low) / size).tolist()
        width = 0.011 * len(word) + 0.01
        if len(taken) < NAMED and all(abs(y - b) > 0.025 or x > a + w or a > x + width for a, b, w in taken):
            taken.append((x, y, width))
            axes.annotate(word, point, xytext=(4, 2), textcoords="offset points", fontsize=8, color=INK)


def plot_frontier(of: TextSteps | Frontier) -> Figure:
    """Draw accuracy against speed for each minimum count and cutoff; the recommended one has a ring.

    Args:
        of: what :func:`glassnet.text_steps` returned, or its ``frontier``.
    """
    found = of.frontier if isinstance(of, TextSteps) else of
    figure, axes = new_figure(7.0, 4.6)
    for at, (count, sign) in enumerate(
        zip(sorted({e.min_count for e in found.settings}), "osD^vP*X", strict=False)
    ):
        row = [each for each in found.settings if each.min_count == count]
        axes.scatter(
            [each.reviews_per_second for each in row],
            [100 * each.accuracy for each in row],
            marker=sign,
            color=f"C{at}",
            alpha=0.8,
            label=f"more than {count} times",
        )
    front = [(each.reviews_per_second, 100 * each.accuracy) for each in found.front]
    axes.plot(*zip(*front, strict=True), color=MARK, lw=1, zorder=0)
    chosen = found.chosen
    ring = f"recommended: {chosen.words:,} words, cutoff {chosen.cutoff:g}"
    axes.scatter(
        chosen.reviews_per_second,
        100 * chosen.accuracy,
        s=220,
        facecolors="none",
        edgecolors=INK,
        lw=1.5,
        label=ring,
    )
    axes.set(xscale="log", xlabel="texts a second while training", ylabel="right on the validation texts, %")
    axes.legend(frameon=False, fontsize=8)
    return with_fonts(figure)
