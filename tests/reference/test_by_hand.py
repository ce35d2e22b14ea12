"""One step with every number: the golden numbers of the course, and numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import RecipeError
from glassnet.reference.by_hand import backpropagation, blend, mean_and_sum_of_squares
from glassnet.reference.dense import Layer

W1 = np.array([[0.5, -0.6], [0.1, -0.2], [0.1, 0.7]])
W2 = np.array([[0.1], [-0.3]])
TWO_LAYERS = [Layer(W1, None, "sigmoid"), Layer(W2, None, "sigmoid")]


def one_unit():
    unit = [Layer(np.array([[-0.8], [0.5]]), None, "sigmoid")]
    return backpropagation(unit, [[0.1, 0.3]], [[0.2]], lr=0.5)


def test_one_step_of_one_unit_has_the_numbers_of_the_course_C18():
    step = one_unit()
    # 0.1 * -0.8 + 0.3 * 0.5
    assert step.z[0] == pytest.approx(np.array([[0.07]]))
    assert step.output == pytest.approx(np.array([[0.51749286]]), abs=5e-9)
    assert step.error == pytest.approx(np.array([[-0.31749286]]), abs=5e-9)
    # error * output * (1 - output)
    assert step.error_terms[0] == pytest.approx(np.array([[-0.31749286 * 0.51749286 * 0.48250714]]), abs=5e-9)
    assert step.changes[0].ravel() == pytest.approx([-0.0039638, -0.01189141], abs=5e-9)
    assert step.after[0].W.ravel() == pytest.approx([-0.8039638, 0.48810859], abs=5e-9)
    assert step.loss == pytest.approx(0.5 * 0.31749286**2, abs=5e-9)
    assert step.loss_after < step.loss


def test_one_step_of_two_layers_has_the_numbers_of_the_course_C22():
    step = backpropagation(TWO_LAYERS, [[0.5, 0.1, -0.2]], [[0.6]], lr=0.5)
    assert step.output == pytest.approx(np.array([[0.48497343]]), abs=5e-9)
    assert step.changes[1].ravel() == pytest.approx([0.00804047, 0.00555918], abs=5e-9)
    expected = [
        [1.77005547e-4, -5.11178506e-4],
        [3.54011093e-5, -1.02235701e-4],
        [-7.08022187e-5, 2.04471402e-4],
    ]
    assert step.changes[0] == pytest.approx(np.array(expected), abs=5e-13)


def test_the_six_steps_are_told_with_their_numbers_C21():
    text = str(backpropagation(TWO_LAYERS, [[0.5, 0.1, -0.2]], [[0.6]], lr=0.5))
    numbered = [line.split()[1] for line in text.splitlines() if line[0].isdigit()]
    assert numbered == ["forward", "compare", "error", "backward", "update", "repeat"]
    for shown in ("z1 = x W1 = [[0.24, -0.46]]", "a2 = sigmoid(z2) = [[0.484973]]", "target [[0.6]]",
                  "W2 + [[0.00804047], [0.00555918]]", "the loss is now 0.00642512"):  # fmt: skip
        assert shown in text


def test_the_better_hidden_model_gains_weight_C21():
    """Two hidden models say 0.95 and 0.05 to a row whose target is 1: the first one is trusted more."""
    layers = [
        Layer(np.array([[3.0, -3.0]]), None, "sigmoid"),
        Layer(np.array([[0.5], [0.5]]), None, "sigmoid"),
    ]
    change = backpropagation(layers, [[1.0]], [[1.0]], lr=1.0).changes[1].ravel()
    assert change[0] > 10 * change[1] > 0


def test_a_bias_moves_as_a_weight_of_a_unit_that_is_always_1():
    with_bias = [Layer(np.array([[0.3]]), np.array([-0.2]), "sigmoid")]
    as_unit = [Layer(np.array([[0.3], [-0.2]]), None, "sigmoid")]
    ours = backpropagation(with_bias, [[0.7]], [[1.0]], lr=0.5)
    theirs = backpropagation(as_unit, [[0.7, 1.0]], [[1.0]], lr=0.5)
    assert ours.bias_changes[0] == pytest.approx(theirs.changes[0][1])
    assert "b1 + " in str(ours)


def test_a_loss_of_classes_has_no_plain_error_but_the_same_six_steps():
    step = backpropagation([Layer(np.eye(2), None)], [[1.0, 0.0]], [1], lr=0.1, loss="cross_entropy")
    assert step.error is None
    assert step.loss_after < step.loss
    assert "target - output" not in str(step)


def test_two_models_are_added_and_squashed_C19():
    assert blend([0.7, 0.8]).probability == pytest.approx(0.81757, abs=5e-6)
    weighted = blend([0.7, 0.8], weights=[7, 5], bias=-6)
    assert weighted.score == pytest.approx(2.9)
    assert weighted.probability == pytest.approx(0.94785, abs=5e-6)
    assert str(weighted).splitlines()[0] == "7*0.7 + 5*0.8 - 6 = 2.9"


def test_the_sum_of_squares_grows_with_the_rows_and_the_mean_does_not_C23():
    once, twice = mean_and_sum_of_squares([1, 2], [0, 0]), mean_and_sum_of_squares([1, 2, 1, 2], [0, 0, 0, 0])
    assert once == (5.0, 2.5)
    assert twice == (10.0, 2.5)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: backpropagation(TWO_LAYERS, [[1, 2, 3]], [[1]], lr=0), "lr must be a number above 0"),
        (lambda: backpropagation(TWO_LAYERS, [[1, 2, 3]], [[1]], lr=1, loss="mes"), "did you mean 'mse'"),
        (lambda: backpropagation(TWO_LAYERS, [[1, 2, 3]], [[1, 2]], lr=1), r"shape \(1, 1\)"),
        (lambda: blend([0.5, 1.5]), r"numbers from 0 to 1, however: \[0.5, 1.5\]"),
        (lambda: blend([0.5], [np.inf]), r"weights must be finite numbers, however: \[inf\]"),
        (lambda: blend([0.5], bias="a"), "bias must be a finite number"),
        (lambda: blend([0.5, 0.5], [1]), "1 weights for 2 probabilities"),
        (lambda: mean_and_sum_of_squares([1, 2], [1]), r"target \(2,\), output \(1,\)"),
    ],
)
def test_what_does_not_fit_is_an_error(call, found):
    with pytest.raises(RecipeError, match=found):
        call()
