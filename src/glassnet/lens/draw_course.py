"""The first pictures of a course: gates, activations, softmax, and the complexity graph; one call each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.draw import INK, MARK, TRAIN, VALIDATION, Figure, new_figure, with_fonts
from glassnet.lens.draw_boundary import CLASSES, MARKERS, SHADES
from glassnet.lens.numerals import number

# Each gate: its truth for (0, 0), (0, 1), (1, 0), (1, 1), and the lines w1 x1 + w2 x2 + b = 0 that part it.
GATES: dict[str, tuple[tuple[int, int, int, int], tuple[tuple[float, float, float], ...]]] = {
    "AND": ((0, 0, 0, 1), ((1, 1, -1.5),)),
    "OR": ((0, 1, 1, 1), ((1, 1, -0.5),)),
    "NAND": ((1, 1, 1, 0), ((-1, -1, 1.5),)),
    "XOR": ((0, 1, 1, 0), ((1, 1, -0.5), (-1, -1, 1.5))),
}
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
ACTIVATIONS = ("step", "sigmoid", "tanh", "relu")
STYLES = ("-", "--", "-.", ":")


class Complexity(Protocol):
    """Training and validation error against something that grows.

    Attributes:
        what: what grows: "epoch", "hidden units".
        values, train, validation: as many of each.
        best: the value with the lowest validation error.
    """

    @property
    def what(self) -> str: ...  # noqa: D102
    @property
    def values(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def train(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def validation(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def best(self) -> float: ...  # noqa: D102


def plot_gates(names: Sequence[str] = ("AND", "OR", "XOR")) -> Figure:
    """Draw logical gates as points in a plane with the lines that part them: one line, of XOR two."""
    wrong = [name for name in names if name not in GATES]
    if wrong or not names:
        found = ", ".join(map(repr, wrong)) or "no names"
        raise RecipeError(message("gates must be known", found, did_you_mean("".join(wrong[:1]), GATES)))
    figure = Figure(figsize=(3.5 * len(names) + 0.4, 4.1), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        _draw_gate(axes, name)
    return figure


def _draw_gate(axes: Any, name: str) -> None:
    truth, lines = GATES[name]
    ends = np.linspace(-0.5, 1.5, 201)
    across, up = np.meshgrid(ends, ends)
    inside = np.all([w1 * across + w2 * up + b >= 0 for w1, w2, b in lines], axis=0)
    axes.contourf(ends, ends, inside, levels=[-0.5, 0.5, 1.5], colors=[SHADES[2], SHADES[7]])
    for w1, w2, b in lines:
        axes.plot(ends, -(w1 * ends + b) / w2, color=INK, linewidth=2.2)
    for (x1, x2), value in zip(CORNERS, truth, strict=True):
        style = {"marker": MARKERS[value], "color": CLASSES[value], "markeredgecolor": "white"}
        axes.plot(x1, x2, markersize=15, **style)
        axes.annotate(f"{value}", (x1, x2), color="white", ha="center", va="center", weight="bold")
    axes.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=(0, 1), yticks=(0, 1), aspect="equal")
    axes.set_xlabel("input 1")
    axes.set_ylabel("input 2")
    needs = "needs two lines" if len(lines) > 1 else f"{_signed(lines[0])} = 0"
    axes.set_title(f"{name}\n{needs}")


def _signed(line: tuple[float, float, float]) -> str:
    parts = [
        ("" if abs(w) == 1 else number(abs(w)), name, w) for w, name in zip(line, ("x1", "x2"), strict=False)
    ]
    text = "".join(f" {'−' if w < 0 else '+'} {size}{name}" for size, name, w in parts)
    text += f" {'−' if line[2] < 0 else '+'} {number(abs(line[2]))}"
    return text.removeprefix(" + ").replace(" − ", "−", 1) if line[0] < 0 else text.removeprefix(" + ")


def plot_activations(names: Sequence[str] = ("step", "sigmoid")) -> Figure:
    """Draw activations in one picture: by default the sigmoid against the step."""
    wrong = [name for name in names if name not in ACTIVATIONS]
    if wrong or not names:
        found = ", ".join(map(repr, wrong)) or "no names"
        raise RecipeError(
            message("activations must be known", found, did_you_mean("".join(wrong[:1]), ACTIVATIONS))
        )
    figure, axes = new_figure(7.0)
    z = np.linspace(-5, 5, 401)
    for place, name in enumerate(names):
        style = STYLES[place % len(STYLES)]
        color = (MARK, TRAIN, VALIDATION, CLASSES[2])[place % 4]
        axes.plot(z, _activation(name, z), color=color, linestyle=style, linewidth=2.2, label=name)
    if "sigmoid" in names and len(names) <= 2:
        dots = np.arange(-3, 4.0)
        axes.plot(dots, _activation("sigmoid", dots), "o", color=TRAIN, markersize=5)
        for z_at, value in zip(dots, _activation("sigmoid", dots), strict=True):
            side = (7, -11) if z_at >= 0 else (-7, 5)
            axes.annotate(
                f"{value:.3f}", (z_at, value), side, textcoords="offset points", fontsize="small",
                color=TRAIN, ha="left" if z_at >= 0 else "right",
            )  # fmt: skip
    axes.set_xlabel("score")
    axes.set_ylabel("output")
    axes.set_ylim(
        min(-0.08, *(float(_activation(name, z).min()) - 0.1 for name in names)),
        None if "relu" in names else 1.12,
    )
    axes.legend(frameon=False, loc="upper left")
    return figure


def _activation(name: str, z: Any) -> Any:
    if name == "step":
        return (z >= 0).astype(float)
    if name == "relu":
        return np.maximum(z, 0)
    return np.tanh(z) if name == "tanh" else 1 / (1 + np.exp(-z))


def plot_softmax(
    scores: Sequence[float] = (2.0, 1.0, 0.0), names: Sequence[str] = ("duck", "beaver", "walrus")
) -> Figure:
    """Draw scores beside the probabilities that softmax makes of them."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or len(values) != len(names):
        found = f"{len(names)} names and scores={scores!r}"
        raise RecipeError(message("scores must be finite numbers, one for each name", found, "give as many"))
    chances = np.exp(values - values.max())
    chances /= chances.sum()
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    for axes, heights, title in zip(
        figure.subplots(1, 2),
        (values, chances),
        ("scores", "probabilities, softmax of the scores"),
        strict=True,
    ):
        axes.bar(list(names), heights, color=TRAIN if heights is chances else MARK, alpha=0.8, width=0.6)
        for place, height in enumerate(heights):
            above = height >= 0
            axes.annotate(
                number(float(height), 3), (place, height), (0, 4 if above else -4),
                textcoords="offset points", ha="center", va="bottom" if above else "top",
            )  # fmt: skip
        axes.axhline(0, color=MARK, linewidth=0.8)
        axes.margins(y=0.14)
        axes.set_title(title, fontsize="medium", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    return with_fonts(figure)


def plot_complexity(graph: Complexity) -> Figure:
    """Draw training and validation error against complexity, the lowest point marked.

    Args:
        graph: see :class:`Complexity`; for the epochs of a Model or a History take ``plot_learning_curve``.
    """
    figure, axes = new_figure(7.4)
    values = np.asarray(graph.values, dtype=np.float64)
    signs = {"marker": "o", "markersize": 5} if len(values) <= 20 else {}
    axes.plot(values, graph.train, color=TRAIN, label="training error", **signs)
    axes.plot(values, graph.validation, color=VALIDATION, linestyle="--", label="validation error", **signs)
    lowest = min(graph.validation)
    axes.axvline(graph.best, color=MARK, linestyle=":")
    axes.plot(graph.best, lowest, "*", color=INK, markersize=14, label=f"lowest at {graph.best:g}")
    axes.axvspan(graph.best, values.max(), color=VALIDATION, alpha=0.07)
    if values.min() > 0 and values.max() > 30 * values.min() and graph.what != "epoch":
        axes.set_xscale("log")
        axes.set_xticks(values, [f"{each:g}" for each in values])
        axes.minorticks_off()
    axes.set_xlabel(graph.what)
    axes.set_ylabel("error")
    box = {"transform": axes.transAxes, "fontsize": "small", "color": MARK, "va": "top"}
    sides = [
        ("left", "underfitting", graph.best > values.min()),
        ("right", "overfitting", graph.best < values.max()),
    ]
    text = ", ".join(f"{name} to the {side} of the star" for side, name, is_there in sides if is_there)
    axes.text(0.01, 1.06, text, **box)
    axes.legend(frameon=False)
    return figure
