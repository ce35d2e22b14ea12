"""Boundaries hold the lines and answers that the learner had, and say what is held (C07, C15, C16, C19)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.errors import RecipeError
from glassnet.lens.boundary_view import Line, equation
from glassnet.randomness import stream

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])


@dataclass(frozen=True)
class Run:
    weights: Any
    biases: Any
    errors: Any
    inputs: Any
    targets: Any


def run(inputs=SQUARE, width=2):
    weights = np.arange(3 * width).reshape(3, width) + 1.0
    return Run(weights, np.array([-1.0, -2.0, -3.0]), np.array([3, 2, 1]), inputs, np.array([0, 0, 0, 1]))


def test_each_epoch_of_a_run_is_a_frame_with_its_line_C07():
    view = gn.boundary(run())
    assert [frame.epoch for frame in view.frames] == [0, 1, 2]
    assert [frame.error for frame in view.frames] == [3, 2, 1]
    assert view.frames[1].lines == (Line("boundary", (3.0, 4.0), -2.0),)
    assert (view.kind, view.held) == ("lines", {})
    assert view.labels.tolist() == [0, 0, 0, 1]


def test_the_perceptron_of_the_course_has_its_golden_line_C07(local_data):
    table = np.loadtxt(local_data("points/data.csv"), delimiter=",")
    X, y = table[:, :2], table[:, 2]
    chance = np.random.RandomState(42)
    W = chance.rand(2, 1)[:, 0]
    b = chance.rand(1)[0] + X.T[0].max()
    weights, biases = [W], [b]
    for _ in range(25):
        for x, target in zip(X, y, strict=True):
            error = target - float(x @ W + b >= 0)
            W, b = W + 0.01 * error * x, b + 0.01 * error
        weights.append(W)
        biases.append(b)
    view = gn.boundary(Run(np.array(weights), np.array(biases), np.zeros(26), X, y))
    (line,) = view.frames[-1].lines
    assert (*line.weights, line.bias) == pytest.approx((-0.41144508, -0.22328717, 0.30199394), abs=1e-8)
    (left, right) = line.within(*view.box)
    slope = (right[1] - left[1]) / (right[0] - left[0])
    assert (slope, left[1] - slope * left[0]) == pytest.approx((-1.84267226, 1.35249122), abs=1e-7)
    assert gn.plot_boundary(view).axes[0].get_legend() is not None


def test_other_inputs_are_held_and_move_the_line():
    rows = np.column_stack([SQUARE, [1.0, 2.0, 3.0, 4.0]])
    view = gn.boundary(run(rows, 3), inputs=(2, 0))
    assert view.names == ("x3", "x1")
    assert view.held == {"x2": 0.5}
    assert view.frames[0].lines[0] == Line("boundary", (3.0, 1.0), -1.0 + 0.5 * 2.0)
    assert view.slice_text == "a slice: held at x2 = 0.5"
    assert gn.boundary(run(rows, 3), inputs=(2, 0), held=[9, 7, 9]).held == {"x2": 7.0}


def test_a_linear_regression_is_a_line_through_its_targets_C15():
    fit = Run(np.array([[0.0], [2.0]]), np.array([1.0, 0.5]), np.array([9.0, 1.0]), SQUARE[:, :1], XOR)
    view = gn.boundary(fit)
    assert view.names == ("x1", "target")
    assert view.frames[1].lines[0].weights == (2.0, -1.0)  # 2 x1 - target + 0.5 = 0
    assert view.points.tolist() == np.column_stack([SQUARE[:, 0], XOR]).tolist()


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (Line("", (1.0, 1.0), -1.0), ((0, 1), (1, 0))),
        (Line("", (1.0, 0.0), -0.25), ((0.25, 0), (0.25, 2))),  # upright
        (Line("", (0.0, 2.0), -1.0), ((0, 0.5), (1, 0.5))),
        (Line("", (1.0, 1.0), 5.0), ()),  # outside
        (Line("", (0.0, 0.0), 1.0), ()),  # no line
        (Line("", (1.0, 1.0), 0.0), ()),  # touches a corner
    ],
)
def test_a_line_is_cut_where_the_box_ends(line, ends):
    assert line.within((0, 1), (0, 2)) == ends


def test_a_line_is_written_with_its_signs():
    assert equation(Line("", (3.0, 4.0), -10.0), ("x1", "x2")) == "3 x1 + 4 x2 − 10 = 0"
    assert equation(Line("", (-3.0, -4.0), 10.0), ("x1", "x2")) == "−3 x1 − 4 x2 + 10 = 0"


def net_of_two_units() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[20.0, 20.0], [-20.0, -20.0]]))
        net[0].bias.copy_(torch.tensor([-10.0, 30.0]))
        net[2].weight.copy_(torch.tensor([[20.0, 20.0]]))
        net[2].bias.fill_(-30.0)
    return net


def test_a_net_shows_its_hidden_units_and_how_they_are_blended_C19():
    view = gn.boundary(net_of_two_units(), SQUARE, XOR, grid=21)
    (frame,) = view.frames
    assert [(line.name, line.weights, line.bias, line.blend) for line in frame.lines] == [
        ("unit 1", (20.0, 20.0), -10.0, 20.0),
        ("unit 2", (-20.0, -20.0), 30.0, 20.0),
    ]
    logits = 20 * frame.hidden[0] + 20 * frame.hidden[1] - 30
    assert frame.surface == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-5)
    assert frame.error == 0
    assert view.notes == (
        "outputs are taken for logits: above 0 is class 1, and sigmoid makes them probabilities",
    )


def test_what_is_held_moves_the_line_of_a_net_too():
    net = nn.Linear(3, 1)
    rows = np.column_stack([SQUARE, [1.0, 2.0, 3.0, 4.0]])
    view = gn.boundary(net, rows, XOR, inputs=(0, 2), held=[9.0, 5.0, 9.0], grid=3)
    (line,) = view.frames[0].lines
    w, b = net.weight.detach().numpy()[0], net.bias.item()
    assert (*line.weights, line.bias) == pytest.approx((w[0], w[2], b + 5 * w[1]))
    on_line = -(line.weights[0] * view.x[1] + line.bias) / line.weights[1]
    logit = net(torch.tensor([[view.x[1], 5.0, on_line]], dtype=torch.float32))
    assert float(logit.detach()) == pytest.approx(0, abs=1e-5)


def test_the_surface_is_what_the_net_answers_there():
    view = gn.boundary(lambda rows: rows[:, 0] / 10 + rows[:, 1] ** 2, SQUARE, grid=5)
    assert view.kind == "value"
    assert view.frames[0].surface[3, 1] == pytest.approx(view.x[1] / 10 + view.y[3] ** 2)


def test_several_outputs_are_classes_and_names_are_kept():
    rows = np.vstack([SQUARE, SQUARE + 2])
    names = ["a", "b", "b", "c"] * 2
    view = gn.boundary(lambda x: np.column_stack([-x[:, 0], x[:, 0] - 1, 0 * x[:, 0]]), rows, names)
    assert (view.kind, view.classes) == ("class", ("a", "b", "c"))
    assert set(np.unique(view.frames[0].surface)) <= {0.0, 1.0, 2.0}


def test_snapshots_make_a_frame_for_each_epoch_kept():
    chance = stream(0, "test", "boundary")
    X = chance.normal(size=(40, 2))
    y = (X.sum(axis=1) > 0).astype(np.float32)
    net, kept = nn.Linear(2, 1), gn.Snapshots(every=2)
    start = net.weight.detach().clone()
    gn.fit(net, X, y, loss="binary_cross_entropy", lr=0.1, epochs=6, callbacks=[kept])
    view = gn.boundary(kept, X, y)
    assert [frame.epoch for frame in view.frames] == [0, 2, 4, 6]
    assert view.frames[0].lines[0].weights == pytest.approx(start[0].tolist())
    assert view.frames[-1].lines[0].weights == pytest.approx(net.weight[0].tolist())
    assert view.frames[-1].error < view.frames[0].error or view.frames[0].error == 0


def test_snapshots_of_nothing_are_an_error():
    with pytest.raises(RecipeError, match=r"pass them to gn\.fit"):
        gn.boundary(gn.Snapshots(), SQUARE)
    with pytest.raises(RecipeError, match="every must be 1 or more"):
        gn.Snapshots(0)


@pytest.fixture(scope="module")
def model() -> gn.Model:
    return gn.train("iris", net="8:tanh", epochs=3)


def test_a_model_is_cut_at_typical_cells(model):
    view = gn.boundary(model, "iris", inputs=("petal_length", "petal_width"), grid=11)
    assert view.classes == ("setosa", "versicolor", "virginica")
    assert view.held == {"sepal_length": 5.8, "sepal_width": 3.0}
    row = {"sepal_length": 5.8, "sepal_width": 3.0, "petal_length": view.x[4], "petal_width": view.y[7]}
    assert view.classes[int(view.frames[0].surface[7, 4])] == model.predict([row])[0]
    held = {"sepal_length": 7.0}
    assert gn.boundary(model, "iris", inputs=view.names, held=held).held["sepal_length"] == 7.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": ("petal_lenght", "petal_width")}, "did you mean 'petal_length'"),
        ({"inputs": ("petal_length", "petal_width"), "held": {"sepal": 1}}, "did you mean 'sepal_"),
        ({}, "inputs must be columns of numbers"),
    ],
)
def test_what_a_model_does_not_take_is_an_error(model, options, words):
    with pytest.raises(RecipeError, match=words):
        gn.boundary(model, "iris", **options)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((lambda x: x, None), {}, "a boundary needs a run, or a net and its rows"),
        (("net", SQUARE), {}, "it is given a str"),
        ((lambda x: x[:, 0], SQUARE[:, :1]), {}, "two inputs or more"),
        ((lambda x: x[:, 0], SQUARE), {"inputs": (0, 2)}, "two different places from 0 to 1"),
        ((lambda x: x[:, 0], SQUARE), {"held": [1]}, "held must have one value for each of the 2 inputs"),
        ((lambda x: x[:2, 0], SQUARE), {}, "for 3721 rows it gives shape"),
        ((nn.Linear(3, 1), SQUARE), {}, "look with gn.shapes"),
        ((lambda x: x[:, 0], SQUARE, [0, 1]), {}, "one label for each of the 4 rows"),
        ((lambda x: x[:, 0], SQUARE), {"outputs": "logits"}, "did you mean 'logit'"),
        ((lambda x: x, SQUARE), {"outputs": "logit"}, "several outputs are one for each class"),
        ((lambda x: x[:, 0], SQUARE), {"grid": 1}, "grid must be 2 or more"),
    ],
)
def test_what_does_not_fit_is_an_error(arguments, options, words):
    with pytest.raises(RecipeError, match=words):
        gn.boundary(*arguments, **options)


def test_the_view_is_plain_data():
    view = gn.boundary(net_of_two_units(), SQUARE, XOR, grid=3)
    facts = json.loads(view.to_json())
    assert np.shape(facts["frames"][0]["surface"]) == (3, 3)
    assert np.shape(facts["frames"][0]["hidden"]) == (2, 3, 3)
    text = str(gn.boundary(run()))
    assert text.splitlines()[1:] == [
        "epoch 0, error 3",
        "  boundary: 1 x1 + 2 x2 − 1 = 0",
        "epoch 2, error 1",
        "  boundary: 5 x1 + 6 x2 − 3 = 0",
    ]
