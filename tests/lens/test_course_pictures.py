"""Each picture of the course comes from one call and shows what it should (C51)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

import glassnet as gn
from glassnet.engine.history import EpochRecord, History
from glassnet.errors import RecipeError

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND = np.array([0, 0, 0, 1])


def run(epochs=4):
    weights = np.ones((epochs + 1, 2)) + np.arange(epochs + 1)[:, None] * 0.1
    biases, errors = np.full(epochs + 1, -1.5), np.arange(epochs, -1, -1)
    return SimpleNamespace(weights=weights, biases=biases, errors=errors, inputs=SQUARE, targets=AND)


def history(validation):
    return History([EpochRecord(n, 1.0 / n, loss, 0.1) for n, loss in enumerate(validation, 1)], best_epoch=2)


@dataclass(frozen=True)
class Graph:
    what: str = "hidden units"
    values: tuple[int, ...] = (1, 2, 4, 16, 64)
    train: tuple[float, ...] = (0.5, 0.3, 0.1, 0.05, 0.01)
    validation: tuple[float, ...] = (0.55, 0.35, 0.2, 0.3, 0.5)
    best: int = 4


def hidden_net():
    return nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1))


PICTURES = {
    "boundary line over the epochs (C07)": lambda: gn.plot_boundary(run()),
    "decision surface (C08)": lambda: gn.plot_boundary(hidden_net(), SQUARE, AND),
    "hidden units and their blend (C19)": lambda: gn.plot_hidden_units(hidden_net(), SQUARE, AND),
    "AND, OR, XOR (C05)": gn.plot_gates,
    "sigmoid against step (C10)": gn.plot_activations,
    "softmax (C11)": gn.plot_softmax,
    "error surface (C30)": gn.plot_error_surface,
    "learning curve (C26)": lambda: gn.plot_learning_curve(history([0.9, 0.5, 0.6])),
    "complexity graph (C26)": lambda: gn.plot_complexity(Graph()),
    "network (C20)": lambda: gn.plot_network(hidden_net(), ["gre", "gpa"]),
    "weights as a map": lambda: gn.plot_weights(hidden_net()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_of_the_course_is_drawn_with_one_call_C51(name, tmp_path):
    figure = PICTURES[name]()
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert any(axes.lines or axes.patches or axes.images or axes.collections for axes in figure.axes)


def test_earlier_lines_are_dashed_and_the_last_one_is_bold_C07():
    lines = gn.plot_boundary(run(4)).axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["--"] * 4 + ["-"]
    assert lines[-1].get_linewidth() > 2 * lines[0].get_linewidth()
    assert lines[-1].get_label() == "epoch 4"
    ends = np.array(lines[-1].get_xydata())
    assert ends @ np.array([1.4, 1.4]) == pytest.approx([1.5, 1.5])


def test_of_many_epochs_some_lines_are_drawn_and_one_can_be_asked_for():
    assert len(gn.plot_boundary(run(200)).axes[0].lines) == 26
    assert gn.plot_boundary(run(9), epoch=3).axes[0].lines[-1].get_label() == "epoch 3"
    with pytest.raises(RecipeError, match="epoch must be 0 or later"):
        gn.plot_boundary(run(), epoch=-1)


def test_the_errors_stand_beside_the_lines_C16():
    _, errors = gn.plot_boundary(run(4)).axes
    assert errors.lines[0].get_ydata().tolist() == [4, 3, 2, 1, 0]


def test_classes_differ_in_their_sign_too():
    axes = gn.plot_boundary(run()).axes[0]
    signs = [each.get_paths()[0].vertices.shape for each in axes.collections]
    assert signs[0] != signs[1]


def test_a_slice_says_what_is_held():
    rows = np.column_stack([SQUARE, np.ones(4)])
    axes = gn.plot_boundary(lambda x: x[:, 0], rows).axes[0]
    assert axes.get_title(loc="left") == "a slice: held at x3 = 1"


def test_gates_are_parted_by_their_lines_C05():
    figure = gn.plot_gates(("AND", "OR", "NAND", "XOR"))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "AND\nx1 + x2 − 1.5 = 0",
        "OR\nx1 + x2 − 0.5 = 0",
        "NAND\n−x1 − x2 + 1.5 = 0",
        "XOR\nneeds two lines",
    ]
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [
        ["0", "0", "0", "1"], ["0", "1", "1", "1"], ["1", "1", "1", "0"], ["0", "1", "1", "0"],
    ]  # fmt: skip
    with pytest.raises(RecipeError, match="did you mean 'NAND'"):
        gn.plot_gates(["NADN"])


def test_the_sigmoid_has_the_courses_values_C10():
    axes = gn.plot_activations().axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "0.047",
        "0.119",
        "0.269",
        "0.500",
        "0.731",
        "0.881",
        "0.953",
    ]
    assert [line.get_label() for line in axes.lines[:2]] == ["step", "sigmoid"]
    assert len(gn.plot_activations(("relu", "tanh")).axes[0].lines) == 2


def test_softmax_bars_are_the_golden_probabilities_C11():
    scores, chances = gn.plot_softmax().axes
    assert [bar.get_height() for bar in scores.patches] == [2, 1, 0]
    heights = [bar.get_height() for bar in chances.patches]
    assert heights == pytest.approx([0.66524096, 0.24472847, 0.09003057], abs=1e-8)
    assert all(
        map(np.isfinite, [bar.get_height() for bar in gn.plot_softmax((1000, -1000), "ab").axes[1].patches])
    )


def test_the_overfitting_point_is_marked_C26():
    axes = gn.plot_learning_curve(history([0.9, 0.5, 0.6])).axes[0]
    star = next(each for each in axes.collections if each.get_label().startswith("lowest"))
    assert star.get_offsets().tolist() == [[2, 0.5]]
    shaded = [each.get_label() for each in axes.patches]
    assert shaded == ["overfitting"]
    graph = gn.plot_complexity(Graph()).axes[0]
    assert graph.lines[-1].get_xydata().tolist() == [[4, 0.2]]


def test_a_flat_validation_loss_is_not_called_overfitting_C26():
    axes = gn.plot_learning_curve(history([0.9, 0.5, 0.51])).axes[0]
    assert not axes.patches
    rising = Graph(validation=(0.6, 0.5, 0.4, 0.3, 0.2), best=64)
    assert [text.get_text() for text in gn.plot_complexity(rising).axes[0].texts] == [
        "underfitting to the left of the star"
    ]


def test_a_network_is_drawn_with_its_weights():
    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    nn.init.constant_(net[0].weight, -1.0)
    axes = gn.plot_network(net).axes[0]
    assert [line.get_linestyle() for line in axes.lines[:2]] == ["--", "--"]
    wide = gn.plot_network(nn.Linear(200, 1)).axes[0]
    assert "⋮" in [text.get_text() for text in wide.texts]
    with pytest.raises(RecipeError, match="each with as many inputs as the one before it has outputs"):
        gn.plot_network(nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)))


def test_weights_are_shown_as_they_are():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    filters, layer = (axes.images[0].get_array() for axes in gn.plot_weights(net).axes[:2])
    assert np.ma.filled(filters, 0)[:, :3] == pytest.approx(net[0].weight[0, 0].detach().numpy())
    assert np.asarray(layer) == pytest.approx(net[2].weight.detach().numpy())
    with pytest.raises(RecipeError, match="must have weights"):
        gn.plot_weights(nn.ReLU())


def test_a_net_without_hidden_units_has_none_to_draw():
    with pytest.raises(RecipeError, match="its hidden units cannot be seen"):
        gn.plot_hidden_units(nn.Linear(2, 1), SQUARE, AND)


def test_figures_leave_the_settings_of_matplotlib_alone(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    for draw in PICTURES.values():
        draw().savefig(tmp_path / "picture.png")
    assert dict(mpl.rcParams) == before
