"""Optimisers against update rules written by hand, schedules against torch's, penalties and clipping."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from glassnet.engine.optim import (
    SCHEDULES,
    add_penalties,
    build_optimizer,
    clip_gradients,
    learning_rate_factor,
)
from glassnet.errors import RecipeError


def sgd(w, g, t, memory, lr, momentum, nesterov, decay):
    """v = m v + g;  w -= lr v;  Nesterov: w -= lr (g + m v). The first v is g."""
    g = g + decay * w
    v = memory["v"] = momentum * memory.get("v", 0) + g
    return w - lr * (g + momentum * v if nesterov else v)


def adam(w, g, t, memory, lr, momentum, nesterov, decay, decoupled=False):
    """Kingma and Ba 2015, algorithm 1; decoupled: Loshchilov and Hutter 2019, algorithm 2."""
    if decoupled:
        w = w - lr * decay * w
    else:
        g = g + decay * w
    m = memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
    v = memory["v"] = 0.999 * memory.get("v", 0) + 0.001 * g**2
    return w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def adamw(*args):
    return adam(*args, decoupled=True)


def rmsprop(w, g, t, memory, lr, momentum, nesterov, decay):
    """Hinton 2012, lecture 6e, with torch's alpha 0.99 and eps 1e-8 outside the root."""
    g = g + decay * w
    s = memory["s"] = 0.99 * memory.get("s", 0) + 0.01 * g**2
    step = g / (np.sqrt(s) + 1e-8)
    v = memory["v"] = momentum * memory.get("v", 0) + step
    return w - lr * v


CASES = {
    "sgd": (sgd, "sgd", 0.0, False),
    "momentum": (sgd, "sgd", 0.9, False),
    "nesterov": (sgd, "sgd", 0.9, True),
    "adam": (adam, "adam", 0.0, False),
    "adamw": (adamw, "adamw", 0.0, False),
    "rmsprop": (rmsprop, "rmsprop", 0.0, False),
    "rmsprop momentum": (rmsprop, "rmsprop", 0.9, False),
}


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("case", CASES)
def test_optimisers_follow_their_update_rules_for_ten_steps(case, decay):
    rule, name, momentum, nesterov = CASES[case]
    rng = np.random.default_rng(3)
    gradients = rng.normal(size=(10, 3, 9))
    w = rng.normal(size=(3, 9))
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    options = {"lr": 0.03, "momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    optimizer = build_optimizer(name, [parameter], **options)
    memory: dict[str, np.ndarray] = {}
    for t, gradient in enumerate(gradients, start=1):
        parameter.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
        w = rule(w, gradient, t, memory, 0.03, momentum, nesterov, decay)
        np.testing.assert_allclose(parameter.detach().numpy(), w, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "lr"), [("sgd", 0.01), ("adam", 0.001), ("adamw", 0.001), ("rmsprop", 0.001)]
)
def test_default_learning_rates_and_no_hidden_weight_decay(name, lr):
    group = build_optimizer(name, [torch.nn.Parameter(torch.zeros(1))]).param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (lr, 0.0)


def test_a_class_gets_only_what_was_asked_and_keeps_its_own_defaults():
    parameter = torch.nn.Parameter(torch.zeros(1))
    group = build_optimizer(torch.optim.AdamW, [parameter], lr=0.5).param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.5, 0.01)


def test_frozen_parameters_are_left_out():
    trained, frozen = (
        torch.nn.Parameter(torch.zeros(1)),
        torch.nn.Parameter(torch.zeros(1), requires_grad=False),
    )
    assert build_optimizer("sgd", [trained, frozen]).param_groups[0]["params"] == [trained]


def test_an_unknown_optimiser_is_named():
    with pytest.raises(RecipeError, match=r"optimizer='adamm'; did you mean 'adam'\?"):
        build_optimizer("adamm", [])


@pytest.mark.parametrize("total", [4, 10, 97])
def test_one_cycle_and_cosine_are_those_of_torch(total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=total, cycle_momentum=False
    )
    for step in range(total):
        assert learning_rate_factor("one_cycle", step, total) == pytest.approx(
            cycle.get_last_lr()[0], rel=1e-9
        )
        assert learning_rate_factor("cosine", step, total) == (1 + math.cos(math.pi * step / total)) / 2
        optimizer.step()
        if step < total - 1:
            cycle.step()


def test_the_step_schedule_drops_at_half_and_at_three_quarters():
    factors = [learning_rate_factor("step", step, 8) for step in range(8)]
    assert factors == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_warm_up_grows_linearly_and_the_schedule_covers_the_rest():
    warm = [learning_rate_factor("cosine", step, 10, 0.4) for step in range(10)]
    assert warm[:4] == [0.25, 0.5, 0.75, 1.0]
    assert warm[4:] == [learning_rate_factor("cosine", step, 6) for step in range(6)]
    assert warm == [learning_rate_factor("cosine", step, 10, 4) for step in range(10)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_factors_stay_between_0_and_1_for_every_length(schedule):
    for total in (1, 2, 3, 7, 30):
        factors = [learning_rate_factor(schedule, step, total) for step in range(total)]
        assert all(0 < factor <= 1 for factor in factors)


def test_penalties_add_their_gradient_to_weight_matrices_only():
    weight = torch.nn.Parameter(torch.tensor([[2.0, -3.0, 0.0]]))
    bias = torch.nn.Parameter(torch.tensor([5.0]))
    unused = torch.nn.Parameter(torch.ones(2, 2))
    weight.grad, bias.grad = torch.ones(1, 3), torch.ones(1)
    add_penalties([weight, bias, unused], l1=0.1, l2=0.01)
    # 1 + 0.1 * sign(w) + 0.01 * w
    torch.testing.assert_close(weight.grad, torch.tensor([[1.12, 0.87, 1.0]]))
    assert bias.grad.item() == 1.0
    assert unused.grad is None


def test_clipping_scales_all_gradients_together():
    first, second = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1, 1))
    first.grad, second.grad = torch.tensor([3.0]), torch.tensor([[4.0]])
    clip_gradients([first, second], 2.5)  # the norm is 5
    torch.testing.assert_close(first.grad, torch.tensor([1.5]), rtol=1e-5, atol=0)
    torch.testing.assert_close(second.grad, torch.tensor([[2.0]]), rtol=1e-5, atol=0)
    clip_gradients([first, second], 2.6)
    torch.testing.assert_close(first.grad, torch.tensor([1.5]), rtol=1e-5, atol=0)
