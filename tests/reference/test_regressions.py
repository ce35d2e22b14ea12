"""Linear and logistic regression by gradient descent, beside torch, and side by side (C15 to C17)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from glassnet.errors import NonFiniteLoss, RequestError
from glassnet.reference import linear, logistic, perceptron
from glassnet.reference.functions import slope
from glassnet.reference.perceptron import Perceptron, trick
from glassnet.reference.side_by_side import pulls, regressions

START = ([0.3, -0.4], 0.1)
LEARNERS = {
    "linear": (linear, F.mse_loss),
    "logistic": (logistic, F.binary_cross_entropy_with_logits),
}


def torch_run(loss, inputs, targets, *, rate, epochs, batch):
    """Train the same unit with autograd; return weights and biases of every epoch."""
    x, y = torch.from_numpy(inputs), torch.from_numpy(targets)
    model = torch.tensor([*START[0], START[1]], dtype=torch.float64, requires_grad=True)
    kept = [model.detach().numpy().copy()]
    for _ in range(epochs):
        for rows in [slice(None)] if batch == "all" else [slice(at, at + 1) for at in range(len(x))]:
            (gradient,) = torch.autograd.grad(loss(x[rows] @ model[:-1] + model[-1], y[rows]), model)
            model = (model - rate * gradient).detach().requires_grad_()
        kept.append(model.detach().numpy().copy())
    return np.array(kept)


@pytest.mark.parametrize("batch", ["all", "row"])
@pytest.mark.parametrize("name", LEARNERS)
def test_a_run_is_that_of_torch_at_every_epoch(clouds, name, batch):
    learner, loss = LEARNERS[name]
    run = learner.train(*clouds, rate=0.05, epochs=8, batch=batch, start=START)
    expected = torch_run(loss, *clouds, rate=0.05, epochs=8, batch=batch)
    np.testing.assert_allclose(run.weights, expected[:, :-1], rtol=1e-10)
    np.testing.assert_allclose(run.biases, expected[:, -1], rtol=1e-10)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_gradient_is_that_of_autograd_and_of_finite_differences_C16(clouds, name):
    learner, loss = LEARNERS[name]
    inputs, targets = clouds
    found = np.append(*learner.gradient(inputs, targets, *START))
    model = torch.tensor([*START[0], START[1]], dtype=torch.float64, requires_grad=True)

    def height(model):
        scores = torch.from_numpy(inputs) @ model[:-1] + model[-1]
        return loss(scores, torch.from_numpy(targets))

    height(model).backward()
    np.testing.assert_allclose(found, model.grad.numpy(), rtol=1e-10)
    felt = slope(lambda place: float(height(torch.from_numpy(place))), np.append(*START))
    np.testing.assert_allclose(found, felt, atol=1e-8)


def test_the_gradient_of_the_log_loss_is_the_error_times_the_input_C16(clouds):
    inputs, targets = clouds
    error = targets - logistic.probability(inputs, *START)
    weights, bias = logistic.gradient(inputs, targets, *START)
    np.testing.assert_allclose(weights, -(error[:, None] * inputs).mean(axis=0), rtol=1e-12)
    assert bias == pytest.approx(-error.mean(), rel=1e-12)


def test_a_hundred_epochs_move_the_line_and_bring_the_error_down_C16(clouds):
    run = logistic.train(*clouds)
    assert run.lines.shape == (101, 2)
    assert run.errors.shape == (101,)
    assert run.errors[-1] < 0.6 * run.errors[0]
    assert run.wrong[-1] == 0
    assert run.errors[7] == logistic.log_loss(*clouds, run.weights[7], run.biases[7])


def test_the_run_of_the_course_is_reproduced_C16(course_points):
    """Its start is NumPy's legacy seed 44, weights normal with deviation 1/sqrt(2), bias 0."""
    weights = np.random.RandomState(44).normal(scale=1 / np.sqrt(2), size=2)
    run = logistic.train(*course_points, rate=0.01, epochs=100, start=(weights, 0.0))
    expected = [0.71358, 0.62258, 0.55487, 0.50161, 0.45933, 0.42526, 0.39735, 0.37415, 0.35460, 0.33793]
    np.testing.assert_array_equal(run.errors[1:100:10].round(5), expected)
    np.testing.assert_array_equal(run.wrong[1:100:10], [60, 41, 26, 16, 14, 7, 7, 7, 6, 6])


def test_by_all_rows_the_error_comes_down_at_every_step_C16(clouds):
    run = logistic.train(*clouds, rate=1.0, batch="all")
    assert (np.diff(run.errors) < 0).all()


def test_linear_regression_goes_where_the_equations_say_C15():
    chance = np.random.default_rng(2)
    inputs = chance.normal(size=(40, 3))
    targets = inputs @ [1.0, -2.0, 0.5] + 3.0 + chance.normal(0.0, 0.1, 40)
    run = linear.train(inputs, targets, rate=0.3, epochs=200)
    weights, bias = linear.solve(inputs, targets)
    np.testing.assert_allclose(run.weights[-1], weights, atol=1e-9)
    assert run.biases[-1] == pytest.approx(bias, abs=1e-9)
    np.testing.assert_allclose(np.append(*linear.gradient(inputs, targets, weights, bias)), 0, atol=1e-13)
    one = linear.train(inputs[:, :1], targets, epochs=3)
    np.testing.assert_array_equal(one.lines, np.column_stack([one.weights[:, 0], one.biases]))
    assert run.errors[-1] == pytest.approx(np.mean((linear.predict(inputs, weights, bias) - targets) ** 2))


def test_a_rate_too_large_is_a_named_failure_not_a_warning():
    with pytest.raises(NonFiniteLoss, match=r"with rate=5 it is not in epoch .*; lower the rate, or give"):
        linear.train([[10.0], [20.0]], [1.0, 2.0], rate=5.0, epochs=1000)


@pytest.mark.parametrize("batch", ["all", "row"])
@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("size", [1e155, 1e200, 1e308])
def test_whatever_the_size_of_the_inputs_no_other_error_comes(name, batch, size):
    learner, _ = LEARNERS[name]
    with pytest.raises(NonFiniteLoss):
        learner.train([[size], [-size]], [0, 1], rate=1e3, epochs=3, batch=batch, start=([1e-160], 0.0))
    with pytest.raises(NonFiniteLoss):
        learner.train([[size], [-size]], [0, 1], batch=batch, start=([1e300], 0.0))


def test_scores_of_a_thousand_cost_a_thousand_and_no_overflow():
    run = logistic.train([[1000.0], [-1000.0]], [0, 1], rate=1e-9, epochs=1, start=([1.0], 0.0))
    assert run.errors[0] == 1000


def test_linear_regression_stays_close_and_logistic_keeps_apart_C15(clouds):
    both = regressions(*clouds)
    assert both.distances[0] < both.distances[1]
    assert both.mixed[1] == 0 < both.mixed[0]
    assert both.linear.errors[-1] < both.linear.errors[0]
    m, c = linear.solve(clouds[0][:, :1], clouds[0][:, 1])
    assert both.linear.weights[-1] == pytest.approx(m, abs=1e-6)
    assert both.linear.biases[-1] == pytest.approx(c, abs=1e-6)
    assert str(both).splitlines()[-1].split() == [
        *("points", "on", "the", "wrong", "side"),
        *(str(each) for each in both.mixed),
    ]


def test_the_perceptron_is_moved_by_wrong_points_only_and_descent_by_all_C17(clouds):
    inputs, targets = clouds
    told = pulls(inputs, targets, [1.0, -1.0], 0.0)
    wrong = np.flatnonzero((inputs @ [1.0, -1.0] >= 0) != targets)
    np.testing.assert_array_equal(told.wrong, wrong)
    assert 0 < len(wrong) < len(targets)
    assert (told.gradient_descent != 0).all()


def test_a_right_point_pushes_the_line_away_and_a_wrong_one_calls_it_C17(clouds):
    """Away: its score grows in its own direction. Closer: its score grows towards 0."""
    inputs, targets = clouds
    told = pulls(inputs, targets, *START)
    moved = told.gradient_descent * (inputs**2).sum(axis=1) + told.gradient_descent
    right = np.setdiff1d(np.arange(len(targets)), told.wrong)
    assert (np.sign(moved[right]) == np.sign(told.scores[right])).all()
    assert (np.sign(moved[told.wrong]) == -np.sign(told.scores[told.wrong])).all()


def test_both_pulls_are_what_the_two_algorithms_do_C17(clouds):
    inputs, targets = clouds
    told = pulls(inputs, targets, *START)
    for at, (point, target) in enumerate(zip(inputs, targets, strict=True)):
        by_trick = trick(Perceptron(tuple(START[0]), START[1]), point, target, rate=0.1).after
        np.testing.assert_allclose(by_trick.weights, START[0] + 0.1 * told.perceptron[at] * point)
        one = logistic.train(point[None], [target], rate=0.1, epochs=1, start=START)
        np.testing.assert_allclose(one.weights[-1], START[0] + 0.1 * told.gradient_descent[at] * point)


def test_a_far_point_that_is_right_still_pushes_C17():
    told = pulls([[50.0], [-50.0]], [1, 0], [1.0], 0.0)
    np.testing.assert_allclose(told.gradient_descent, [np.exp(-50.0), -np.exp(-50.0)], rtol=1e-15)
    assert str(told).splitlines()[-2].endswith("none is wrong, so it stays where it is")


def test_bad_input_is_an_error_that_names_it(clouds):
    inputs, targets = clouds
    with pytest.raises(
        RequestError, match=r"the points must have two inputs, however: the shape is \(60, 1\)"
    ):
        regressions(inputs[:, :1], targets)
    with pytest.raises(RequestError, match="did you mean 'row'"):
        logistic.train(inputs, targets, batch="rows")
    with pytest.raises(RequestError, match=r"targets must be 0 or 1, however: it holds 0.5"):
        logistic.train(inputs, targets / 2)
    with pytest.raises(RequestError, match=r"targets\[1\] is nan"):
        linear.train([[1.0], [2.0]], [1.0, np.nan])
    with pytest.raises(RequestError, match="one weight for each of the 2 inputs"):
        logistic.gradient(inputs, targets, [1.0], 0.0)
    with pytest.raises(RequestError, match="rate must be finite and above 0"):
        perceptron.train(inputs, targets, rate=np.inf)
