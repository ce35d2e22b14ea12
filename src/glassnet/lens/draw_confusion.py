"""The figure of a confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.draw import Figure, with_fonts

if TYPE_CHECKING:
    from glassnet.lens.confusion import Confusion

MOST_WRITTEN = 25
"""Of more classes than this the counts are not written into the cells."""


def plot_confusion(view: Confusion) -> Figure:
    """Draw what was taken for what: truth down, answers across, darker a larger share of the row.

    Args:
        view: what :func:`glassnet.confusion` returned.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("confusion.png")`` writes it.
    """
    count = len(view.classes)
    shares = view.counts / np.maximum(view.counts.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(1.8 + 0.42 * count, 3.6, 14.0))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_title(view.answer().split(";")[0], fontsize=9)
    axes.set_xticks(range(count), view.classes, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(count), view.classes, fontsize=8)
    axes.set(xlabel="answer", ylabel="truth")
    axes.spines[:].set_visible(False)
    for (i, j), photos in np.ndenumerate(view.counts):
        if photos and count <= MOST_WRITTEN:
            ink = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, f"{photos:,}", ha="center", va="center", fontsize=8, color=ink)
    return with_fonts(figure)
