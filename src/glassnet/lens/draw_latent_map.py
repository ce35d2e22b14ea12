"""The figure of a latent map."""

from __future__ import annotations

import io
from typing import Any, Literal

from glassnet.lens.draw import TRAIN, Figure, new_figure, with_fonts
from glassnet.lens.latent_map import LatentMap, latent_map

MOST_CLASSES = 20
"""More classes than this have no colours of their own."""


def plot_latent_map(of: Any, method: Literal["pca", "tsne"] = "pca", seed: int = 0) -> Figure:
    """Draw the codes of pictures on a plane, a colour for each class where there are classes.

    Args:
        of: what :func:`glassnet.autoencode` returned, or a View of ``latent_map``.
        method, seed: see :func:`glassnet.lens.latent_map.latent_map`.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("codes.png")`` writes it.
    """
    view = of if isinstance(of, LatentMap) else latent_map(of, method, seed)
    figure, axes = new_figure(7.0, 5.5)
    if view.labels is None or len(view.classes) > MOST_CLASSES:
        axes.scatter(*view.points.T, s=10, c=TRAIN, alpha=0.7, lw=0)
    else:
        for place, name in enumerate(view.classes):
            points = view.points[view.labels == place].T
            axes.scatter(*points, s=10, color=f"C{place % 10}", marker="os"[place // 10], lw=0, label=name)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    shown = "" if view.explained is None else f", {100 * view.explained:.0f} % of the variance"
    axes.set_title(f"codes by {view.method}{shown}", fontsize=10)
    return with_fonts(figure)


def latent_png(of: Any) -> bytes:
    """Return the figure of :func:`plot_latent_map` as the bytes of a PNG file."""
    data = io.BytesIO()
    plot_latent_map(of).savefig(data, format="png", dpi=120)
    return data.getvalue()
