"""``engine="reference"``: NumPy in float64 ends where torch ends, and declines what it cannot do."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.errors import NonFiniteLoss, RecipeError

RNG = np.random.default_rng(2)
X = RNG.normal(size=(40, 5))
Y = RNG.normal(size=(40, 2))
HELD = (RNG.normal(size=(11, 5)), RNG.normal(size=(11, 2)), RNG.uniform(1, 2, 11))


def stack():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Sequential(nn.Linear(5, 7), nn.Tanh()),
        nn.Linear(7, 4, bias=False),
        nn.LeakyReLU(),
        nn.Linear(4, 2),
    ).double()


def trained(engine, net, **options):
    settings = {"loss": "mse", "optimizer": "adam", "lr": 0.01, "batch_size": 8, "epochs": 6, "device": "cpu"}
    return gn.fit(net, X, Y, engine=engine, **{**settings, **options})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False, "seed": 4, "sample_weight": np.arange(40.0)},
        {
            "optimizer": "sgd",
            "momentum": 0.9,
            "nesterov": True,
            "l1": 0.01,
            "clip": 0.1,
            "schedule": "one_cycle",
        },
        {"optimizer": "rmsprop", "l2": 0.1, "schedule": "cosine", "warmup": 0.2, "validation": HELD},
        {"validation": HELD, "patience": 2, "epochs": 60, "lr": 0.1},
        {"optimizer": "adamw", "lr": None, "weight_decay": 0.1, "batch_size": 39},
    ],
)
def test_weights_and_history_are_those_of_torch(options):
    ours, theirs = stack(), stack()
    reference, expected = trained("reference", ours, **options), trained("torch", theirs, **options)
    for (name, each), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(each, other, rtol=1e-9, atol=1e-12, msg=name)
    assert len(reference) == len(expected)
    for own, other in zip(reference, expected, strict=True):
        for name in ("train_loss", "validation_loss", "learning_rate"):
            found, wanted = getattr(own, name), getattr(other, name)
            assert found == (None if wanted is None else pytest.approx(wanted, rel=1e-9)), name
        assert (own.epoch, own.metrics, own.seconds) == (other.epoch, {}, None)
    assert (reference.stopped, reference.best_epoch) == (expected.stopped, expected.best_epoch)
    assert (reference.engine, reference.engine_reason) == ("reference", "asked for")
    for name in ("parameters", "rows", "epochs", "steps_per_epoch"):
        assert reference.plan[name] == expected.plan[name]
    assert not ours.training
    assert gn.History.from_json(reference.to_json()).to_json() == reference.to_json()


def test_the_run_with_patience_above_did_end_early():
    assert (
        trained("reference", stack(), validation=HELD, patience=2, epochs=60, lr=0.1).stopped
        == "early_stopping"
    )


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy", "poisson"])
def test_targets_of_every_kind_are_understood(loss):
    y = RNG.integers(0, 2, 40) if loss == "cross_entropy" else RNG.integers(0, 2, (40, 2))
    nets = [stack(), stack()]
    for engine, net in zip(("reference", "torch"), nets, strict=True):
        gn.fit(net, X, y, loss=loss, optimizer="sgd", lr=0.05, engine=engine, device="cpu", epochs=2)
    for own, other in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-9, atol=1e-12)


def test_a_float32_net_stays_one():
    net = stack().float()
    trained("reference", net)
    assert {each.dtype for each in net.parameters()} == {torch.float32}


def test_dropout_is_active_and_the_same_for_the_same_seed():
    def run(seed, rate):
        net = nn.Sequential(nn.Linear(5, 7), nn.Dropout(rate), nn.Linear(7, 2)).double()
        net.load_state_dict(start)
        trained("reference", net, seed=seed)
        return net[0].weight.detach()

    start = nn.Sequential(nn.Linear(5, 7), nn.Dropout(), nn.Linear(7, 2)).state_dict()
    assert torch.equal(run(1, 0.5), run(1, 0.5))
    assert not torch.equal(run(1, 0.5), run(1, 0.0))


class Subclass(nn.Linear):
    pass


def hooked():
    net = stack()
    net[1].register_forward_hook(lambda *seen: None)
    return net


def frozen():
    net = stack()
    net[1].weight.requires_grad_(False)
    return net


def shared():
    once = nn.Linear(5, 5)
    return nn.Sequential(once, nn.Tanh(), once, nn.Linear(5, 2))


@pytest.mark.parametrize(
    ("net", "found"),
    [
        (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)), r"1 is BatchNorm1d\("),
        (lambda: nn.Sequential(nn.Linear(5, 4), nn.GELU(), nn.Linear(4, 2)), "1 is GELU"),
        (lambda: nn.Sequential(nn.Linear(5, 4), nn.LeakyReLU(0.2), nn.Linear(4, 2)), "negative_slope=0.2"),
        (lambda: nn.Sequential(nn.Tanh(), nn.Linear(5, 2)), "0 is Tanh"),
        (
            lambda: nn.Sequential(nn.Linear(5, 4), nn.Sequential(nn.Tanh(), nn.ReLU()), nn.Linear(4, 2)),
            "1.1 is R",
        ),
        (lambda: nn.Sequential(Subclass(5, 2)), r"0 is Subclass\("),
        (lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(5, 2))), "Parametrized"),
        (lambda: nn.Sequential(nn.Linear(5, 2), nn.Softmax(dim=0)), "dim=0"),
        (hooked, r"1 is Linear\("),
        (frozen, "1.weight are frozen"),
        (shared, "a layer stands in it twice"),
    ],
)
def test_a_net_that_it_does_not_understand_is_declined_and_not_trained(net, found):
    ours = net()
    before = copy.deepcopy(ours.state_dict())
    with pytest.raises(RecipeError, match=f"engine='reference' needs .*{found}.*use engine='torch'"):
        trained("reference", ours)
    assert all(torch.equal(each, before[name]) for name, each in ours.state_dict().items())


def test_settings_that_it_has_not_are_told_at_once():
    with pytest.raises(RecipeError) as caught:
        trained("reference", stack().float(), loss=lambda output, target: ((output - target) ** 2).mean(),
                optimizer=torch.optim.SGD, ema=0.9, precision="bfloat16", budget=60, checkpoint="run.state",
                progress=print, callbacks=[StepSeen()])  # fmt: skip
    assert [problem.split("however: ")[1].split(" is given")[0] for problem in caught.value.problems] == [
        "callbacks", "progress", "checkpoint", "budget", "a loss of your own", "an optimizer of your own",
        "ema", "precision='bfloat16'",
    ]  # fmt: skip


class StepSeen:
    def batch_end(self, loop):
        raise AssertionError


def test_a_run_that_breaks_leaves_the_net_as_it_was():
    net = stack()
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(NonFiniteLoss, match="lower lr"):
        trained("reference", net, optimizer="sgd", lr=1e30, epochs=20)
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())
