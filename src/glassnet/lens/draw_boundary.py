"""Figures of boundaries: lines over the epochs, decision surfaces, and how hidden units are blended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.lens.boundary import boundary
from glassnet.lens.boundary_view import Boundary, Frame, Line
from glassnet.lens.draw import INK, MARK, TRAIN, VALIDATION, Figure, with_fonts
from glassnet.lens.numerals import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLASSES = (VALIDATION, TRAIN, "#009e73", "#b0549a", "#8a6d00", "#3a9bc9")
MARKERS = ("o", "s", "^", "D", "v", "P")
"""Classes differ in their sign too, so that colours need not be told apart."""
SHADES = (
    "#f0a875",
    "#f5c29c",
    "#f8d8c0",
    "#fbe9dd",
    "#fdf5ef",
    "#eef4fe",
    "#dbe8fd",
    "#bfd6fb",
    "#9dc1f8",
    "#79abf5",
)
"""From "surely the first class" over undecided to "surely the second"."""
MOST_LINES = 25
MOST_UNITS = 5


def plot_boundary(
    of: Any, X: Any = None, y: Any = None, *, epoch: int | None = None, **options: Any
) -> Figure:
    """Draw what a classifier says over two of its inputs; earlier lines dashed, the last one bold.

    Args:
        of: a View of :func:`glassnet.boundary`, or what that takes, with ``X``, ``y`` and its options.
        epoch: the last epoch to be drawn; None: all.

    Returns:
        A matplotlib figure of its own; ``figure.savefig("boundary.png")`` writes it.
    """
    view = of if isinstance(of, Boundary) else boundary(of, X, y, **options)
    frames = _until(view, epoch)
    with_errors = len(frames) > 2 and all(frame.error is not None for frame in frames)
    figure = Figure(figsize=(10.5 if with_errors else 6.4, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, width_ratios=(1.4, 1)) if with_errors else [figure.add_subplot()]
    _draw_frames(axes[0], view, frames)
    if with_errors:
        _draw_errors(axes[1], view, frames)
    return with_fonts(figure)


def plot_hidden_units(
    of: Any, X: Any = None, y: Any = None, *, epoch: int | None = None, **options: Any
) -> Figure:
    """Draw each hidden unit's own line and answer, and beside them how the output blends them.

    Args:
        of: a View of :func:`glassnet.boundary` or what that takes, as in :func:`plot_boundary`.
        epoch: which of the epochs that were kept; None: the last.

    Raises:
        RecipeError: the net is no plain stack of layers with a hidden one.
    """
    view = of if isinstance(of, Boundary) else boundary(of, X, y, **options)
    frame = _until(view, epoch)[-1]
    if frame.hidden is None or frame.surface is None:
        must = "the net must be an nn.Sequential that begins with a linear layer and has a hidden one"
        raise RecipeError(message(must, "its hidden units cannot be seen", "draw it with plot_boundary"))
    units = min(len(frame.hidden), MOST_UNITS)
    figure = Figure(figsize=(2.9 * (units + 1) + 0.4, 3.7), layout="constrained")
    axes = figure.subplots(1, units + 1, sharex=True, sharey=True)
    for at in range(units):
        line = frame.lines[at]
        _shade(axes[at], view, _within_one(frame.hidden[at]))
        _draw_line(axes[at], view, line, color=MARK, linewidth=2.0)
        _draw_points(axes[at], view, size=10)
        blend = "" if line.blend is None else f"\nweight {number(line.blend, 3)}"
        axes[at].set_title(f"{line.name}{blend}", fontsize="medium")
    left = len(frame.hidden) - units
    _shade(axes[-1], view, frame.surface)
    _draw_half(axes[-1], view, frame.surface)
    _draw_points(axes[-1], view, size=10)
    axes[-1].set_title(
        "blended by the output" + (f"\nwith {left} more units" if left else "\n"), fontsize="medium"
    )
    figure.supxlabel(view.names[0])
    axes[0].set_ylabel(view.names[1])
    _finish(axes[0], view)
    return with_fonts(figure)


def _until(view: Boundary, epoch: int | None) -> tuple[Frame, ...]:
    frames = tuple(frame for frame in view.frames if epoch is None or frame.epoch <= epoch)
    if not frames:
        must = f"epoch must be {view.frames[0].epoch} or later"
        raise RecipeError(message(must, f"epoch={epoch}", "leave it out to draw all"))
    return frames


def _draw_frames(axes: Any, view: Boundary, frames: Sequence[Frame]) -> None:
    last = frames[-1]
    if last.surface is not None:
        _shade(axes, view, last.surface)
        _draw_half(axes, view, last.surface)
    is_line = [line.name for line in last.lines] in (["boundary"], ["fit"])
    earlier = _some(frames[:-1]) if is_line else []
    thinned = f"{len(earlier)} of " if len(earlier) < len(frames) - 1 else ""
    for at, frame in enumerate(earlier):
        label = (
            f"{thinned}epochs {earlier[0].epoch} to {earlier[-1].epoch}" if at == len(earlier) - 1 else None
        )
        depth = 0.25 + 0.6 * (at + 1) / len(earlier)
        style = {"color": MARK, "linewidth": 1.1, "linestyle": (0, (5, 4)), "alpha": depth, "label": label}
        for line in frame.lines:
            _draw_line(axes, view, line, **style)
    for at, line in enumerate(last.lines):
        style = {"color": MARK, "linewidth": 1.3, "linestyle": (0, (5, 3))}
        style["label"] = "lines of the hidden units" if at == 0 else None
        if is_line:
            style = {"color": INK, "linewidth": 3.0, "label": f"epoch {last.epoch}"}
        _draw_line(axes, view, line, **style)
    _draw_points(axes, view)
    axes.set_xlabel(view.names[0])
    axes.set_ylabel(view.names[1])
    _finish(axes, view)
    axes.set_title(view.slice_text, fontsize="small", loc="left", color=MARK)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=4, fontsize="small")


def _draw_errors(axes: Any, view: Boundary, frames: Sequence[Frame]) -> None:
    axes.plot([frame.epoch for frame in frames], [frame.error for frame in frames], color=TRAIN)
    axes.plot(frames[-1].epoch, frames[-1].error, "o", color=TRAIN)
    axes.set_xlabel("epoch")
    axes.set_ylabel(view.error_name)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _draw_line(axes: Any, view: Boundary, line: Line, **style: Any) -> None:
    ends = line.within(*view.box)
    axes.plot([end[0] for end in ends], [end[1] for end in ends], **style)


def _shade(axes: Any, view: Boundary, surface: Floats) -> None:
    if view.kind == "class":
        count = max(len(view.classes), int(surface.max()) + 1)
        edges = np.arange(count + 1) - 0.5
        colors = [CLASSES[at % len(CLASSES)] for at in range(count)]
        axes.contourf(view.x, view.y, surface, levels=edges, colors=colors, alpha=0.22)
    elif view.kind == "value":
        drawn = axes.contourf(view.x, view.y, surface, levels=12, cmap="cividis", alpha=0.75)
        axes.figure.colorbar(drawn, ax=axes, label="answer")
    else:
        axes.contourf(view.x, view.y, surface, levels=np.linspace(0, 1, 11), colors=SHADES)


def _draw_half(axes: Any, view: Boundary, surface: Floats) -> None:
    """Draw where the net changes its mind."""
    if view.kind == "probability" and surface.min() < 0.5 < surface.max():
        axes.contour(view.x, view.y, surface, levels=[0.5], colors=[INK], linewidths=2.4)
        axes.plot([], [], color=INK, linewidth=2.4, label="probability 0.5")


def _draw_points(axes: Any, view: Boundary, size: float = 26) -> None:
    if view.labels is None or not view.classes:
        axes.scatter(*view.points.T, s=size, color=MARK, edgecolors="white", linewidths=0.5, label="data")
        return
    for place, name in enumerate(view.classes):
        points = view.points[view.labels == place]
        if len(points):
            axes.scatter(
                *points.T,
                s=size,
                marker=MARKERS[place % len(MARKERS)],
                color=CLASSES[place % len(CLASSES)],
                edgecolors="white",
                linewidths=0.5,
                label=f"class {name}" if name.isdigit() else name,
                zorder=3,
            )


def _finish(axes: Any, view: Boundary) -> None:
    axes.set_xlim(*view.box[0])
    axes.set_ylim(*view.box[1])


def _some(frames: Sequence[Frame]) -> list[Frame]:
    if len(frames) <= MOST_LINES:
        return list(frames)
    return [frames[at] for at in np.unique(np.linspace(0, len(frames) - 1, MOST_LINES).round().astype(int))]


def _within_one(values: Floats) -> Floats:
    """Stretch the answers of a unit to 0..1, so that its shades can be compared."""
    low, high = min(0.0, float(values.min())), max(1.0, float(values.max()))
    return np.asarray((values - low) / (high - low))
