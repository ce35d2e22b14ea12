"""Optimisers step by step beside torch's, to the last digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.errors import RecipeError
from glassnet.reference.optimizers import SGD, Adam, AdamW, RMSprop, build_optimizer

RULES = {
    "sgd": (SGD(0.03), lambda p: torch.optim.SGD(p, lr=0.03)),
    "momentum": (SGD(0.03, 0.9), lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9)),
    "nesterov": (SGD(0.03, 0.9, True), lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9, nesterov=True)),
    "sgd decay": (SGD(0.03, 0.9, False, 0.1), lambda p: torch.optim.SGD(p, 0.03, 0.9, weight_decay=0.1)),
    "rmsprop": (RMSprop(0.03), lambda p: torch.optim.RMSprop(p, lr=0.03)),
    "rmsprop momentum": (
        RMSprop(0.03, 0.9, 0.1),
        lambda p: torch.optim.RMSprop(p, 0.03, weight_decay=0.1, momentum=0.9),
    ),
    "adam": (Adam(0.03), lambda p: torch.optim.Adam(p, lr=0.03)),
    "adam decay": (Adam(0.03, 0.1), lambda p: torch.optim.Adam(p, lr=0.03, weight_decay=0.1)),
    "adamw": (AdamW(0.03, 0.1), lambda p: torch.optim.AdamW(p, lr=0.03, weight_decay=0.1)),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_thirty_steps_are_those_of_torch_C40(rule):
    ours, theirs = RULES[rule]
    rng = np.random.default_rng(3)
    w = rng.normal(size=(3, 9))
    parameter = torch.nn.Parameter(torch.from_numpy(w.copy()))
    optimizer, memory = theirs([parameter]), {}
    for t in range(1, 31):
        dw = rng.normal(size=w.shape)
        parameter.grad = torch.from_numpy(dw.copy())
        optimizer.step()
        w = ours.step(w, dw, memory, t)
        np.testing.assert_allclose(w, parameter.detach().numpy(), rtol=1e-12, atol=1e-14, err_msg=f"step {t}")


def test_the_first_two_steps_of_a_momentum_by_hand_C30():
    """lr 0.1, momentum 0.9, gradients 1 and 2: v = 1, then 0.9 + 2 = 2.9."""
    rule, memory = SGD(0.1, 0.9), {}
    w = rule.step(np.array([5.0]), np.array([1.0]), memory, 1)
    assert w == pytest.approx([4.9])
    assert rule.step(w, np.array([2.0]), memory, 2) == pytest.approx([4.61])
    assert memory["velocity"] == pytest.approx([2.9])


def test_a_rate_for_one_step_takes_the_place_of_the_rules_own():
    assert SGD(0.1).step(np.array([1.0]), np.array([1.0]), {}, 1, lr=0.5).tolist() == [0.5]


def test_an_optimiser_by_name_has_the_rates_of_the_engine():
    assert build_optimizer("sgd") == SGD(0.01)
    assert build_optimizer("adam") == Adam(0.001)
    assert build_optimizer("adamw", 0.1, weight_decay=0.2) == AdamW(0.1, 0.2)
    assert build_optimizer("rmsprop", momentum=0.9) == RMSprop(0.001, 0.9)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(RecipeError) as caught:
        build_optimizer("adamm", -1.0, momentum=1.0, nesterov=True, weight_decay=-1.0)
    assert [problem.split("however: ")[1].split(";")[0] for problem in caught.value.problems] == [
        "optimizer='adamm'",
        "optimizer='adamm' with momentum=1.0",
        "lr=-1.0",
        "momentum=1.0",
        "weight_decay=-1.0",
    ]
    with pytest.raises(RecipeError, match="momentum belongs to sgd and rmsprop"):
        build_optimizer("adam", momentum=0.5)


@pytest.mark.parametrize("rule", [SGD, RMSprop, Adam, AdamW])
def test_a_rule_made_by_hand_is_checked_too(rule):
    with pytest.raises(RecipeError, match="2 problems"):
        rule(lr=0.0, weight_decay=-1.0)
