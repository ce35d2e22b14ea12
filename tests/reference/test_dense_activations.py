"""Activations: torch's values, derivatives that finite differences agree with, no overflow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from glassnet.errors import RecipeError
from glassnet.reference.activations import ACTIVATIONS, activate, check_activation, error_term

TORCH = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "silu": F.silu,
    "softmax": lambda z: F.softmax(z, dim=-1),
}


def sums():
    return np.random.default_rng(1).normal(0, 3, (6, 5))


def test_every_activation_is_compared_with_torch():
    assert TORCH.keys() == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_are_those_of_torch(name):
    expected = TORCH[name](torch.from_numpy(sums())).numpy()
    np.testing.assert_allclose(activate(name, sums()), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_error_terms_are_what_finite_differences_measure(name):
    z, h = sums(), 1e-6
    da = np.random.default_rng(2).normal(size=z.shape)
    measured = np.zeros_like(z)
    for at in np.ndindex(z.shape):
        beside = np.zeros_like(z)
        beside[at] = h
        measured[at] = (da * (activate(name, z + beside) - activate(name, z - beside))).sum() / (2 * h)
    np.testing.assert_allclose(error_term(name, z, da), measured, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_at_zero_are_those_of_torch(name):
    z = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    da = np.array([[1.0, -2.0, 0.5]])
    TORCH[name](z).backward(torch.from_numpy(da))
    np.testing.assert_allclose(error_term(name, np.zeros((1, 3)), da), z.grad.numpy(), atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_far_from_zero(name):
    z = np.array([[-1000.0, 0.0, 1000.0]])
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(activate(name, z)).all()
        assert np.isfinite(error_term(name, z, np.ones_like(z))).all()


def test_a_wrong_name_is_told_with_the_right_one():
    with pytest.raises(RecipeError) as caught:
        check_activation("sigmiod")
    assert str(caught.value) == (
        "activation must be a name that is known, however: activation='sigmiod'; did you mean 'sigmoid'?"
    )
