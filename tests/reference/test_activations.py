"""Step, sign, sigmoid, tanh and ReLU with their derivatives, at the course's numbers and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.errors import RequestError
from glassnet.reference import functions
from glassnet.reference.functions import slope

GRID = np.linspace(-12.0, 12.0, 49) + 0.013  # clear of 0, where step, sign and ReLU have no derivative
TORCH = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
ALL = ("step", "sign", "sigmoid", "tanh", "relu")


def test_the_sigmoid_gives_the_numbers_of_the_course_C10():
    expected = [0.95257, 0.88080, 0.73106, 0.5, 0.26894, 0.11920, 0.04743]
    np.testing.assert_array_equal(functions.sigmoid([3, 2, 1, 0, -1, -2, -3]).round(5), expected)


def test_the_step_is_discrete_and_says_yes_at_zero_C10():
    np.testing.assert_array_equal(functions.step([3, 1e-300, 0, -0.0, -1e-300, -3]), [1, 1, 1, 1, 0, 0])


def test_the_sign_has_two_answers_only_C04():
    np.testing.assert_array_equal(functions.sign([2, 0, -2]), [1, 1, -1])


@pytest.mark.parametrize("name", TORCH)
def test_an_activation_is_that_of_torch(name):
    z = np.concatenate([GRID, [0.0, 1000.0, -1000.0, np.inf, -np.inf, np.nan]])
    expected = TORCH[name](torch.from_numpy(z)).numpy()
    np.testing.assert_allclose(getattr(functions, name)(z), expected, rtol=1e-10)


@pytest.mark.parametrize("name", TORCH)
def test_a_derivative_is_that_of_autograd(name):
    z = torch.from_numpy(np.append(GRID, 0.0)).requires_grad_()
    TORCH[name](z).sum().backward()
    found = getattr(functions, f"{name}_derivative")(z.detach().numpy())
    np.testing.assert_allclose(found, z.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", ALL)
def test_a_derivative_is_the_slope_by_finite_differences(name):
    expected = [float(slope(getattr(functions, name), z)) for z in GRID]
    found = getattr(functions, f"{name}_derivative")(GRID)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_slope_of_the_sigmoid_is_at_most_a_quarter_and_keeps_its_digits_far_out():
    assert functions.sigmoid_derivative(0) == 0.25
    np.testing.assert_allclose(functions.sigmoid_derivative([-40.0, 40.0]), np.exp(-40.0), rtol=1e-15)


@pytest.mark.parametrize("name", [*ALL, *(f"{name}_derivative" for name in ALL)])
def test_the_edges_give_numbers_and_no_warning(name):
    function = getattr(functions, name)
    assert np.isfinite(function([1000, -1000, 0])).all()
    assert not np.isnan(function([np.inf, -np.inf])).any()
    assert np.isnan(function(np.nan))
    assert function([]).shape == (0,)
    assert function(np.zeros((2, 3))).shape == (2, 3)


def test_text_is_not_a_number():
    with pytest.raises(RequestError) as caught:
        functions.sigmoid(["a", "b"])
    assert str(caught.value) == "z must be numbers, however: z has dtype <U1; turn text into numbers first"
    with pytest.raises(RequestError, match="z must be numbers, however: z is 'rows of different lengths'"):
        functions.step([[1], [1, 2]])
