"""Likelihood, the three doors, and the losses with their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from glassnet.errors import RequestError
from glassnet.reference import functions
from glassnet.reference.functions import doors, likelihood, log_likelihood, probability_of_truth, slope

BAD, GOOD = [0.6, 0.2, 0.1, 0.7], [0.7, 0.9, 0.8, 0.6]
CHANCE = np.random.default_rng(1)
P = CHANCE.uniform(0.05, 0.95, (6, 3))
CLASSES = P / P.sum(axis=1, keepdims=True)
Z = CHANCE.normal(0.0, 3.0, (6, 3))
Y = CHANCE.uniform(0.0, 1.0, (6, 3))
ONE_HOT = np.eye(3)[[0, 2, 1, 1, 0, 2]]

CASES = {
    "mean_squared_error": (F.mse_loss, Z, Y),
    "binary_cross_entropy": (F.binary_cross_entropy, P, Y),
    "binary_cross_entropy_from_logits": (F.binary_cross_entropy_with_logits, Z, Y),
    "cross_entropy": (
        lambda p, y, reduction: F.nll_loss(p.log(), y.argmax(1), reduction=reduction),
        P,
        ONE_HOT,
    ),
    "cross_entropy_from_logits": (F.cross_entropy, Z, Y),
}


def test_the_likelihood_of_four_points_and_of_the_better_model_C13():
    assert likelihood(BAD) == pytest.approx(0.0084, rel=1e-12)
    assert likelihood(GOOD) == pytest.approx(0.3024, rel=1e-12)
    np.testing.assert_allclose(probability_of_truth([0.6, 0.8], [1, 0]), [0.6, 0.2])


def test_a_product_of_many_probabilities_vanishes_and_its_logarithm_does_not_C13():
    many = np.full(1000, 0.4)
    assert likelihood(many) == 0
    assert log_likelihood(many) == pytest.approx(1000 * np.log(0.4))
    assert log_likelihood([1.0, 0.0]) == -np.inf
    assert (likelihood([]), log_likelihood([])) == (1, 0)


def test_the_cross_entropies_of_the_course_C14():
    ones = np.ones(4)
    terms = [functions.binary_cross_entropy([p], [1]) for p in BAD]
    np.testing.assert_array_equal(np.round(terms, 2), [0.51, 1.61, 2.30, 0.36])
    assert functions.binary_cross_entropy(BAD, ones, "sum") == pytest.approx(4.8, abs=0.03)
    assert functions.binary_cross_entropy(BAD, ones) == pytest.approx(1.2, abs=0.01)
    assert functions.binary_cross_entropy(GOOD, ones, "sum") == pytest.approx(1.2, abs=0.01)
    assert functions.binary_cross_entropy(BAD, ones, "sum") == pytest.approx(-log_likelihood(BAD), rel=1e-14)


def test_the_cross_entropy_of_several_classes_C14():
    p = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.5, 0.4]]
    found = functions.cross_entropy(p, np.eye(3), reduction="sum")
    assert round(float(found), 4) == 2.4769
    assert found == pytest.approx(-np.log(0.7 * 0.3 * 0.4), rel=1e-14)


def test_three_doors_have_eight_outcomes_and_the_likeliest_costs_least_C14():
    found = doors((0.8, 0.7, 0.1))
    assert found.happened.shape == (8, 3)
    assert found.probability.sum() == pytest.approx(1, rel=1e-14)
    best = int(found.probability.argmax())
    assert found.happened[best].tolist() == [1, 1, 0]
    assert found.negative_log[best] == found.negative_log.min()
    for happened, cost in zip(found.happened, found.negative_log, strict=True):
        assert cost == pytest.approx(
            functions.binary_cross_entropy([0.8, 0.7, 0.1], happened, reduction="sum"), rel=1e-13
        )
    assert str(found).splitlines()[1] == "gift    gift    -       0.504        0.685179"


def test_the_squared_errors_C23():
    assert functions.sum_squared_error([1.0, 2.0], [1.5, 4.0]) == 4.25
    assert functions.mean_squared_error([1.0, 2.0], [1.5, 4.0]) == 2.125
    np.testing.assert_array_equal(functions.sum_squared_error_gradient([1.0, 2.0], [1.5, 4.0]), [-1, -4])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", CASES)
def test_a_loss_and_its_gradient_are_those_of_torch(name, reduction):
    theirs, predictions, targets = CASES[name]
    tensor = torch.from_numpy(predictions).clone().requires_grad_()
    expected = theirs(tensor, torch.from_numpy(targets), reduction=reduction)
    expected.backward()
    name = "sum_squared_error" if (name, reduction) == ("mean_squared_error", "sum") else name
    extra = () if "squared" in name else (reduction,)
    found = getattr(functions, name)(predictions, targets, *extra)
    gradient = getattr(functions, f"{name}_gradient")(predictions, targets, *extra)
    assert found == pytest.approx(expected.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_a_gradient_is_the_slope_by_finite_differences(name):
    _, predictions, targets = CASES[name]
    felt = slope(lambda p: getattr(functions, name)(p, targets), predictions)
    found = getattr(functions, f"{name}_gradient")(predictions, targets)
    np.testing.assert_allclose(found, felt, atol=1e-7)


def test_from_logits_is_the_same_loss_where_both_are_finite():
    p = functions.sigmoid(Z)
    assert functions.binary_cross_entropy_from_logits(Z, Y) == pytest.approx(
        functions.binary_cross_entropy(p, Y), rel=1e-12
    )
    assert functions.cross_entropy_from_logits(Z, ONE_HOT) == pytest.approx(
        functions.cross_entropy(functions.softmax(Z), ONE_HOT), rel=1e-12
    )


def test_losses_at_the_edges():
    """What was impossible and happens costs infinitely much from probabilities, and |z| from logits."""
    assert functions.binary_cross_entropy([0.0, 1.0], [0.0, 1.0]) == 0
    assert functions.binary_cross_entropy([0.0], [1.0]) == np.inf
    assert functions.binary_cross_entropy_gradient([0.0, 0.0], [0.0, 1.0]).tolist() == [0, -np.inf]
    assert functions.cross_entropy([[1.0, 0.0]], [[0.0, 1.0]]) == np.inf
    assert functions.cross_entropy_gradient([[1.0, 0.0]], [[1.0, 0.0]]).tolist() == [[-1, 0]]
    assert functions.binary_cross_entropy_from_logits([1000, -1000], [0, 1]) == 1000
    assert functions.cross_entropy_from_logits([[1000, 0, -1000]], [[0, 0, 1]]) == 2000


@pytest.mark.parametrize("name", CASES)
def test_what_no_loss_can_use_is_an_error(name):
    loss = getattr(functions, name)
    with pytest.raises(RequestError, match="a loss needs at least one row"):
        loss(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(RequestError, match=r"same shape, however: their shapes are \(6, 3\) and \(6,\)"):
        loss(P, np.ones(6))
    for bad in (np.nan, np.inf):
        with pytest.raises(RequestError, match="however: "):
            loss(np.where(np.eye(6, 3) == 1, bad, P), ONE_HOT)


def test_all_problems_of_a_loss_are_said_together():
    with pytest.raises(RequestError) as caught:
        functions.binary_cross_entropy([1.5, 0.5], [-1.0])
    assert len(caught.value.problems) == 3
    assert caught.value.problems[0] == (
        "probabilities must lie from 0 to 1, however: one is 1.5; "
        "pass scores through sigmoid or softmax first"
    )
    with pytest.raises(RequestError, match="did you mean 'mean'"):
        functions.cross_entropy(CLASSES, ONE_HOT, "maen")
    with pytest.raises(RequestError, match=r"the shape is \(2,\); for yes or no use binary_cross_entropy"):
        functions.cross_entropy([0.5, 0.5], [0, 1])
    with pytest.raises(RequestError, match="1 to 10 doors"):
        doors([])
