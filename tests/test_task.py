"""A Task says what a net's outputs mean: how wide they are, what the loss compares, what the answers are."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.roles import ColumnRole
from glassnet.data.targets import ClassTarget, NumberTarget
from glassnet.errors import DataError, RecipeError
from glassnet.task import LOSSES, Task, choose_loss, choose_task

RIDES = NumberTarget(name="rides", mean=100, scale=50)
TEMP = NumberTarget(name="temp", mean=-1, scale=0.5)
CALLS = NumberTarget(name="calls", mean=4, scale=1, counts=True)
YES = ClassTarget(name="busy", levels=("no", "yes"))
KIND = ClassTarget(name="kind", levels=("0", "10", "20"), written="whole number")
TASKS = {
    "regression": Task("regression", (RIDES,), "mse"),
    "multioutput": Task("multioutput", (RIDES, TEMP), "mse"),
    "poisson": Task("poisson", (CALLS,), "poisson"),
    "binary": Task("binary", (YES,), "binary_cross_entropy"),
    "multiclass": Task("multiclass", (KIND,), "cross_entropy"),
}


def test_the_outputs_are_as_many_as_the_task_needs():
    assert {name: task.outputs for name, task in TASKS.items()} == {
        "regression": 1,
        "multioutput": 2,
        "poisson": 1,
        "binary": 1,
        "multiclass": 3,
    }
    assert TASKS["multiclass"].classes == ("0", "10", "20")
    assert TASKS["regression"].classes == ()


@pytest.mark.parametrize(
    ("name", "truth", "expected"),
    [
        ("regression", [100.0, 150.0], [[0], [1]]),
        ("multioutput", [[100.0, -0.5], [0.0, -1.0]], [[0, 1], [-2, 0]]),
        ("poisson", [0.0, 6.0], [[0], [1.5]]),
        ("binary", [1, 0], [[1], [0]]),
        ("multiclass", [2, 0], [2, 0]),
    ],
)
def test_the_loss_compares_with_targets_in_the_nets_own_units(name, truth, expected):
    found = TASKS[name].for_loss(np.array(truth))
    assert found.tolist() == expected
    assert found.dtype == (np.int64 if name == "multiclass" else np.float32)


@pytest.mark.parametrize(
    ("name", "outputs", "expected"),
    [
        ("regression", [[0.0], [1.0]], [100, 150]),
        ("multioutput", [[0.0, 1.0], [-2.0, 0.0]], [[100, -0.5], [0, -1]]),
        ("poisson", [[0.0], [np.log(1.5)]], [4, 6]),
        ("binary", [[0.0], [np.log(3)], [-1000.0], [1000.0]], [[0.5, 0.5], [0.25, 0.75], [1, 0], [0, 1]]),
        ("multiclass", [[0.0, 0.0, np.log(2)], [1e30, 0.0, -1e30]], [[0.25, 0.25, 0.5], [1, 0, 0]]),
    ],
)
def test_outputs_become_predictions_in_the_users_units(name, outputs, expected):
    found = TASKS[name].decode(np.array(outputs, np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float64


def test_the_rate_of_counts_stays_finite():
    found = TASKS["poisson"].decode(np.array([[1e30], [-1e30]]))
    np.testing.assert_allclose(found, [4 * np.exp(60), 4 * np.exp(-60)])


def test_what_the_loss_compares_and_predictions_are_inverse():
    values = np.array([[3.0, 7.0], [0.5, 0.25]])
    for name in ("regression", "multioutput"):
        truth = values if name == "multioutput" else values[:, 0]
        np.testing.assert_allclose(TASKS[name].decode(TASKS[name].for_loss(truth)), truth, rtol=1e-6)
    counts = TASKS["poisson"].for_loss(values[:, 0])
    np.testing.assert_allclose(TASKS["poisson"].decode(np.log(counts)), values[:, 0], rtol=1e-6)


@pytest.mark.parametrize("name", TASKS)
def test_no_rows_and_too_many_outputs(name):
    task = TASKS[name]
    assert len(task.decode(np.zeros((0, task.outputs), np.float32))) == 0
    words = f"must give {task.outputs} numbers a row, however: it gives {task.outputs + 1}"
    with pytest.raises(RecipeError, match=words):
        task.decode(np.zeros((2, task.outputs + 1)))


def test_answers_are_classes_as_written_or_the_numbers_themselves():
    chances = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])
    assert TASKS["multiclass"].answers(chances).tolist() == [10, 0]
    assert TASKS["binary"].answers(chances[:, :2]).tolist() == ["yes", "no"]
    assert TASKS["regression"].answers(chances[:, 0]).tolist() == [0.2, 0.4]


@pytest.mark.parametrize("name", TASKS)
def test_linear_answers_are_in_the_users_units(name):
    task = TASKS[name]
    linear = np.array([[0.3] * task.outputs])
    decoded = task.decode_linear(linear)
    if task.is_classification:
        linear = task.decode(linear)
    elif name == "poisson":
        linear = np.exp(linear)
    np.testing.assert_allclose(decoded.ravel(), linear.ravel())


@pytest.mark.parametrize("on", ["sqrt", "log"])
def test_a_target_on_another_scale_is_answered_in_the_users_units(on):
    values = np.array([0.0, 1.0, 10.0, 200.0, 5000.0])
    task = TASKS["regression"].on_scale(on, values)
    learned = task.for_loss(values)
    np.testing.assert_allclose(learned.mean(), 0, atol=1e-6)
    np.testing.assert_allclose(learned.std(), 1, rtol=1e-6)
    np.testing.assert_allclose(task.decode(learned), values, rtol=1e-4, atol=1e-4)
    below = task.for_loss(np.array([-7.0]))
    assert np.isfinite(below).all(), "a later number below 0 is learned as the least"


def role(name, kind, reason="a reason"):
    return ColumnRole(name, kind, reason)


@pytest.mark.parametrize(
    ("asked", "kinds", "classes", "expected"),
    [
        ("auto", ["number"], None, ("regression", "'t0' holds numbers: a reason")),
        ("auto", ["number", "number"], None, ("multioutput", "2 targets")),
        ("auto", ["boolean"], 2, ("binary", "'t0' holds 2 classes")),
        ("auto", ["category"], 5, ("multiclass", "'t0' holds 5 classes")),
        ("poisson", ["number"], None, ("poisson", "asked for")),
        ("multioutput", ["number"], None, ("multioutput", "asked for")),
    ],
)
def test_the_task_follows_from_the_targets(asked, kinds, classes, expected):
    targets = tuple(role(f"t{number}", kind) for number, kind in enumerate(kinds))
    assert choose_task(asked, targets, classes) == expected


@pytest.mark.parametrize(
    ("asked", "kinds", "classes", "words"),
    [
        ("auto", ["text"], None, "the target 't0' must hold numbers or classes, however: its role is text"),
        ("auto", ["number", "category"], None, "several targets must all be numbers, however: 't1'"),
        ("binary", ["category"], 3, "task=binary must fit its target, however: 't0' holds 3 classes; write"),
        ("regression", ["category"], 3, "task=regression must fit"),
        ("regression", ["number", "number"], None, "task=regression must fit its target, however: 2 targets"),
    ],
)
def test_targets_that_fit_no_task_or_not_the_one_asked_for_are_refused(asked, kinds, classes, words):
    targets = tuple(role(f"t{number}", kind) for number, kind in enumerate(kinds))
    with pytest.raises(DataError, match=words):
        choose_task(asked, targets, classes)


def test_a_loss_belongs_to_its_task():
    assert {name: choose_loss(name, "auto") for name in LOSSES} == {n: own[0] for n, own in LOSSES.items()}
    assert choose_loss("regression", "huber") == "huber"
    assert choose_loss("binary", "own:mine") == "own:mine"
    with pytest.raises(RecipeError, match="the loss of a binary task must fit it, however: loss='mse'"):
        choose_loss("binary", "mse")
