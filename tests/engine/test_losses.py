"""Each loss against its formula, weighted means over rows, and the shapes that torch would broadcast."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.engine.losses import LOSSES, loss_by_name
from glassnet.errors import RecipeError

RNG = np.random.default_rng(0)
OUTPUT = RNG.normal(size=(6, 2)) * 2
WEIGHT = np.array([1.0, 0.0, 2.0, 0.5, 1.0, 3.0])


def huber(o, t):
    return np.where(abs(o - t) < 1, (o - t) ** 2 / 2, abs(o - t) - 0.5)


def binary(o, t):
    p = 1 / (1 + np.exp(-o))
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


FORMULAS = {
    "mse": (lambda o, t: (o - t) ** 2, RNG.normal(size=(6, 2))),
    "mae": (lambda o, t: abs(o - t), RNG.normal(size=(6, 2))),
    "huber": (huber, RNG.normal(size=(6, 2))),
    "binary_cross_entropy": (binary, RNG.integers(0, 2, size=(6, 2)).astype(float)),
    "poisson": (lambda o, t: np.exp(o) - t * o, RNG.integers(0, 9, size=(6, 2)).astype(float)),
}


def value(loss, output, target, weight=None):
    arrays = [
        None if each is None else torch.from_numpy(np.asarray(each)) for each in (output, target, weight)
    ]
    return loss_by_name(loss)(*arrays).item()


@pytest.mark.parametrize("name", FORMULAS)
def test_elementwise_losses_are_their_formulas_weighted_and_not(name):
    formula, target = FORMULAS[name]
    per_row = formula(OUTPUT, target).mean(1)
    assert value(name, OUTPUT, target) == pytest.approx(per_row.mean(), rel=1e-12)
    weighted = (per_row * WEIGHT).sum() / WEIGHT.sum()
    assert value(name, OUTPUT, target, WEIGHT) == pytest.approx(weighted, rel=1e-12)


def test_cross_entropy_is_the_weighted_mean_of_minus_log_softmax():
    ids = np.array([0, 2, 1, 1, 0, 2])
    logits = RNG.normal(size=(6, 3))
    per_row = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[range(6), ids]
    assert value("cross_entropy", logits, ids) == pytest.approx(per_row.mean(), rel=1e-12)
    weighted = (per_row * WEIGHT).sum() / WEIGHT.sum()
    assert value("cross_entropy", logits, ids, WEIGHT) == pytest.approx(weighted, rel=1e-12)


def test_every_named_loss_is_checked_against_a_formula():
    assert {*FORMULAS, "cross_entropy"} == set(LOSSES)


def test_a_batch_whose_weights_are_all_0_has_loss_0_and_no_gradient():
    output = torch.ones(3, 1, requires_grad=True)
    loss = loss_by_name("mse")(output, torch.zeros(3, 1), torch.zeros(3))
    loss.backward()
    assert loss.item() == 0
    assert output.grad.tolist() == [[0], [0], [0]]


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("shapes", [((6, 1), (6,)), ((6,), (6, 1)), ((6, 2), (6, 1)), ((6, 2), (1, 2))])
def test_a_target_that_torch_would_broadcast_is_an_error(name, shapes):
    output, target = (np.ones(shape) for shape in shapes)
    with pytest.raises(RecipeError, match="target of the output's shape") as caught:
        value(name, output, target)
    assert f"output {shapes[0]}, target {shapes[1]}" in str(caught.value)


def test_the_message_names_the_reshape():
    with pytest.raises(RecipeError) as caught:
        value("mse", np.ones((6, 1)), np.ones(6))
    assert str(caught.value) == (
        "mse needs a target of the output's shape, because torch would broadcast one over the other, "
        "however: output (6, 1), target (6,); reshape the target with y.reshape(-1, 1), or give the net "
        "another last layer"
    )


def test_class_ids_must_be_int64_and_one_per_row():
    with pytest.raises(RecipeError, match=r"dtype is float64; convert it with y.astype\('int64'\)"):
        value("cross_entropy", np.ones((4, 3)), np.ones(4))
    with pytest.raises(RecipeError, match="dtype is int32"):
        value("cross_entropy", np.ones((4, 3)), np.ones(4, dtype=np.int32))
    with pytest.raises(RecipeError, match=r"output \(4, 3\), target \(4, 1\)"):
        value("cross_entropy", np.ones((4, 3)), np.ones((4, 1), dtype=np.int64))


def test_a_loss_of_ones_own_may_return_a_scalar_or_rows_and_only_rows_can_be_weighted():
    def rows(output, target):
        return (output - target).abs().sum(1)

    def scalar(output, target):
        return rows(output, target).mean()

    target = np.zeros((6, 2))
    expected = abs(OUTPUT).sum(1)
    assert value(rows, OUTPUT, target) == pytest.approx(expected.mean())
    assert value(scalar, OUTPUT, target) == pytest.approx(expected.mean())
    assert value(rows, OUTPUT, target, WEIGHT) == pytest.approx((expected * WEIGHT).sum() / WEIGHT.sum())
    with pytest.raises(RecipeError, match="must return one value per row where rows have weights"):
        value(scalar, OUTPUT, target, WEIGHT)


@pytest.mark.parametrize("wrong", [lambda o, t: o - t, lambda o, t: 0.5])
def test_a_loss_of_ones_own_that_returns_something_else_is_an_error(wrong):
    with pytest.raises(RecipeError, match="must return a scalar tensor or one value per row"):
        value(wrong, OUTPUT, np.zeros((6, 2)))


def test_an_unknown_loss_is_named():
    with pytest.raises(RecipeError, match=r"loss='msee'; did you mean 'mse'\?"):
        loss_by_name("msee")


def test_losses_of_half_precision_outputs_are_computed_in_float32():
    loss = loss_by_name("mse")(torch.ones(4, 1, dtype=torch.bfloat16), torch.zeros(4, 1), None)
    assert loss.dtype == torch.float32
