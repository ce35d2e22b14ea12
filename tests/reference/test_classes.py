"""Softmax beside what fails, and one-hot codes beside whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.errors import RequestError
from glassnet.reference.functions import (
    code_distances,
    log_softmax,
    naive_softmax,
    one_hot,
    shares,
    sigmoid,
    slope,
    softmax,
    softmax_derivative,
)

SCORES = np.random.default_rng(0).normal(0.0, 3.0, (5, 4))


def test_the_softmax_of_duck_beaver_and_walrus_C11():
    expected = [0.66524096, 0.24472847, 0.09003057]
    np.testing.assert_array_equal(softmax([2, 1, 0]).round(8), expected)
    np.testing.assert_array_equal(naive_softmax([2, 1, 0]).round(8), expected)


def test_dividing_by_the_sum_fails_where_scores_are_negative_or_cancel_C11():
    np.testing.assert_allclose(shares([2, 1, 0]), [2 / 3, 1 / 3, 0])
    assert shares([1, -3, 1]).min() < 0
    assert not np.isfinite(shares([1, 0, -1])).any()


def test_exp_is_not_squaring_C11():
    """A square would make the score -2 as good as 2; exp keeps the order of the scores."""
    assert (np.diff(softmax([-2, -1, 0, 1, 2])) > 0).all()
    squares = np.array([-2.0, 2.0]) ** 2
    assert squares[0] == squares[1]


def test_the_naive_form_overflows_where_the_stable_one_does_not_C11():
    assert np.isnan(naive_softmax([1000, 0, -1000])[0])
    np.testing.assert_array_equal(softmax([1000, 0, -1000]), [1, 0, 0])
    np.testing.assert_array_equal(softmax([-1000, -1000]), [0.5, 0.5])
    np.testing.assert_array_equal(log_softmax([1000, 0, -1000]), [0, -1000, -2000])


def test_for_two_classes_softmax_is_the_sigmoid_C11():
    z = np.linspace(-30, 30, 25)
    both = softmax(np.column_stack([z, np.zeros_like(z)]))
    np.testing.assert_allclose(both, np.column_stack([sigmoid(z), sigmoid(-z)]), rtol=1e-14)


def test_softmax_and_its_logarithm_are_those_of_torch():
    z = np.vstack([SCORES, [1000.0, 0.0, -1000.0, 5.0], [np.nan, 1.0, 2.0, 3.0], [np.inf, 1.0, 2.0, 3.0]])
    np.testing.assert_allclose(softmax(z), torch.softmax(torch.from_numpy(z), -1).numpy(), rtol=1e-10)
    np.testing.assert_allclose(log_softmax(z), torch.log_softmax(torch.from_numpy(z), -1).numpy(), rtol=1e-10)


def test_the_derivative_of_softmax_is_a_matrix_and_that_of_autograd():
    expected = [
        torch.autograd.functional.jacobian(lambda z: torch.softmax(z, -1), torch.from_numpy(row)).numpy()
        for row in SCORES
    ]
    np.testing.assert_allclose(softmax_derivative(SCORES), expected, rtol=1e-10, atol=1e-16)


def test_the_derivative_of_softmax_is_the_slope_by_finite_differences():
    found = softmax_derivative(SCORES[0])
    for number in range(4):
        felt = slope(lambda z, number=number: softmax(z)[number], SCORES[0])
        np.testing.assert_allclose(found[number], felt, atol=1e-9)


def test_softmax_of_no_rows_is_empty_and_of_no_classes_an_error():
    assert softmax(np.zeros((0, 3))).shape == (0, 3)
    with pytest.raises(RequestError, match=r"one number for each class .* the shape is \(2, 0\)"):
        softmax(np.zeros((2, 0)))
    with pytest.raises(RequestError, match=r"the shape is \(\)"):
        softmax(3.0)


def test_one_hot_gives_each_class_its_own_column_C12():
    codes = one_hot(["duck", "walrus", "duck"], classes=["duck", "beaver", "walrus"])
    np.testing.assert_array_equal(codes, [[1, 0, 0], [0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(one_hot([2, 0]), [[0, 1], [1, 0]])
    assert one_hot([], classes=["duck"]).shape == (0, 1)


def test_whole_numbers_invent_an_order_and_one_hot_codes_do_not_C12():
    by_number, by_column = code_distances([[0], [1], [2]]), code_distances(one_hot([0, 1, 2]))
    assert by_number[0, 2] == 2 * by_number[0, 1]
    np.testing.assert_allclose(by_column, np.sqrt(2) * (1 - np.eye(3)))


def test_every_label_that_is_no_class_is_named():
    with pytest.raises(RequestError) as caught:
        one_hot(["dcuk", "duck", "cat"], classes=["duck", "duck", "walrus"])
    assert caught.value.problems == (
        "each class must be listed once, however: 'duck' is listed twice; leave one of them out",
        "each label must be one of the classes, however: 'cat' is not; choose one of duck, duck, walrus",
        "each label must be one of the classes, however: 'dcuk' is not; did you mean 'duck'?",
    )
    for mixed in (["duck", 1], [["duck"], ["duck"]]):
        with pytest.raises(RequestError, match="labels must be all names or all numbers"):
            one_hot(mixed)
    with pytest.raises(RequestError, match=r"write each code as a list"):
        code_distances([0, 1, 2])
