"""Losses: the engine's values with and without weights, gradients that finite differences agree with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.engine.losses import LOSSES as ENGINE_LOSSES
from glassnet.engine.losses import loss_by_name
from glassnet.errors import RecipeError
from glassnet.reference.losses import LOSSES, checked_target, loss_gradient, loss_value

RNG = np.random.default_rng(5)
OUTPUT = RNG.normal(0, 2, (7, 3))
TARGETS = {
    "binary_cross_entropy": RNG.random((7, 3)),
    "cross_entropy": RNG.integers(0, 3, 7),
    "poisson": RNG.integers(0, 5, (7, 3)).astype(float),
}
WEIGHT = np.array([1.0, 0.0, 2.0, 0.5, 3.0, 1.0, 1.0])


def target_of(name):
    return TARGETS.get(name, np.random.default_rng(6).normal(0, 2, (7, 3)))


def test_every_loss_of_the_engine_has_its_reference():
    assert set(LOSSES) == {*ENGINE_LOSSES, "squared_error"}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", ENGINE_LOSSES)
def test_values_and_gradients_are_those_of_the_engine(name, weight):
    output = torch.from_numpy(OUTPUT.copy()).requires_grad_()
    target = torch.from_numpy(target_of(name))
    value = loss_by_name(name)(output, target, None if weight is None else torch.from_numpy(weight))
    value.backward()
    ours = np.asarray(target_of(name), dtype=float)
    assert loss_value(name, OUTPUT, ours, weight) == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(
        loss_gradient(name, OUTPUT, ours, weight), output.grad.numpy(), rtol=1e-11, atol=1e-15
    )


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_what_finite_differences_measure(name, weight):
    target, h = np.asarray(target_of(name), dtype=float), 1e-6
    measured = np.zeros_like(OUTPUT)
    for at in np.ndindex(OUTPUT.shape):
        beside = np.zeros_like(OUTPUT)
        beside[at] = h
        up, down = (loss_value(name, OUTPUT + sign * beside, target, weight) for sign in (1, -1))
        measured[at] = (up - down) / (2 * h)
    np.testing.assert_allclose(loss_gradient(name, OUTPUT, target, weight), measured, rtol=1e-6, atol=1e-9)


def test_the_squared_error_has_the_half_of_the_course_C23():
    """E = 1/2 (1 + 4) for one row, and for two rows the mean."""
    output, target = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[2.0, 4.0], [0.0, 0.0]])
    assert loss_value("squared_error", output[:1], target[:1]) == 2.5
    assert loss_value("squared_error", output, target) == 1.25
    assert loss_gradient("squared_error", output[:1], target[:1]).tolist() == [[-1.0, -2.0]]


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
def test_losses_of_classes_stay_finite_for_sure_answers(name):
    output = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    target = np.array([0.0, 0.0]) if name == "cross_entropy" else np.array([[1.0, 0.0], [1.0, 0.0]])
    assert loss_value(name, output, target) == (1000.0 if name == "cross_entropy" else 500.0)
    assert np.isfinite(loss_gradient(name, output, target)).all()


def test_one_number_a_row_becomes_a_column():
    assert checked_target("mse", [1, 2, 3], 3, 1).tolist() == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize("function", [loss_value, loss_gradient])
@pytest.mark.parametrize(("name", "shape"), [("mse", (7,)), ("mae", (1, 3)), ("cross_entropy", (7, 1))])
def test_a_target_that_numpy_would_broadcast_is_an_error(function, name, shape):
    with pytest.raises(RecipeError, match=r"would broadcast another one, however: target \("):
        function(name, OUTPUT, np.zeros(shape))


@pytest.mark.parametrize(
    ("name", "target", "found"),
    [
        ("mse", [[1.0, 2.0]], r"shape \(1, 1\), however: target \(1, 2\)"),
        ("mse", [[np.nan]], "1 of 1 are not"),
        ("binary_cross_entropy", [[2.0]], "from 0 to 1, however: values from 2 to 2"),
        ("poisson", [[-1.0]], "from 0 to inf, however: values from -1 to -1"),
        ("cross_entropy", [0.5], r"0 to 0, however: target \(1,\) with values from 0.5 to 0.5"),
        ("cross_entropy", [[1.0]], "one whole number a row"),
    ],
)
def test_targets_that_do_not_suit_the_loss_are_errors(name, target, found):
    with pytest.raises(RecipeError, match=found):
        checked_target(name, target, 1, 1)
