"""The tabular net trains in the fused engine as in torch, is taken where it can be, and goes on."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.engine.arrays import checked_rows
from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.errors import RecipeError
from glassnet.native_status import native_status
from glassnet.nets import spec
from glassnet.nets.build import build

pytestmark = pytest.mark.skipif(not native_status().available, reason=str(native_status().reason))

RNG = np.random.default_rng(0)
X = RNG.normal(size=(203, 7)).astype("float32")
Y = np.sin(X[:, :1]) + 0.1 * RNG.normal(size=(203, 1)).astype("float32")
IDS = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 1)


def net_of(outputs=1, dropout=0.0, average="identity", norm=False, dtype=torch.float64):
    trunk = [spec.Linear(inputs=15, outputs=12), spec.Activation(layer="relu")]
    trunk += [spec.BatchNorm(features=12)] if norm else []
    trunk += [spec.Dropout(p=dropout)] if dropout else []
    trunk += [spec.Linear(inputs=12, outputs=9), spec.Activation(layer="tanh")]
    tabular = spec.Tabular(
        inputs=7,
        outputs=outputs,
        members=5,
        trunk=tuple(trunk),
        numbers=(0, 3),
        periodic=spec.Periodic(),
        average=average,
    )
    return build(tabular, seed=1).to(dtype)


def both(settings, net, y=Y, **named):
    settings = {"loss": "mse", "epochs": 4, "batch_size": 16, "lr": 0.01} | settings
    nets = {engine: copy.deepcopy(net) for engine in ("torch", "fused")}
    runs = {name: gn.fit(each, X, y, engine=name, **settings, **named) for name, each in nets.items()}
    return runs, nets


SETTINGS = {
    "as default": {"optimizer": "adamw", "weight_decay": 0.01, "ema": 0.9},
    "no average": {"optimizer": "adam"},
    "schedule": {"optimizer": "adamw", "schedule": "one_cycle", "ema": 0.99},
    "penalties": {"optimizer": "sgd", "momentum": 0.9, "l1": 0.01, "l2": 0.1, "clip": 0.05},
    "rmsprop": {"optimizer": "rmsprop"},
    "full batch": {"batch_size": 1000, "ema": 0.5},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_both_engines_end_with_the_same_numbers(name, dtype):
    limit = 1e-8 if dtype == torch.float64 else 1e-3
    weights = RNG.uniform(0.5, 2, len(X))
    runs, nets = both(SETTINGS[name], net_of(dtype=dtype), validation=(X[:50], Y[:50]), sample_weight=weights)
    assert [each.engine for each in runs.values()] == ["torch", "fused"]
    for a, b in zip(runs["torch"], runs["fused"], strict=True):
        assert (a.train_loss, a.validation_loss) == pytest.approx(
            (b.train_loss, b.validation_loss), rel=limit
        )
    assert runs["torch"].best_epoch == runs["fused"].best_epoch
    for a, b in zip(nets["torch"].parameters(), nets["fused"].parameters(), strict=True):
        assert torch.linalg.norm(a - b) <= limit * torch.linalg.norm(a)


@pytest.mark.parametrize(
    ("loss", "average"),
    [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid"), ("poisson", "exp")],
)
def test_members_are_averaged_as_the_task_says(loss, average):
    y = IDS if loss == "cross_entropy" else (IDS[:, None] == np.arange(3)).astype("float32")
    runs, _ = both({"loss": loss}, net_of(3, average=average), y, validation=(X, y))
    found = [[(each.train_loss, each.validation_loss) for each in run] for run in runs.values()]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_it_is_taken_without_being_asked_for():
    history = gn.fit(net_of(dropout=0.2, dtype=torch.float32), X, Y, loss="mse", epochs=2, ema=0.9)
    assert (history.engine, history.engine_reason) == ("fused", None)


def frozen():
    net = net_of()
    net.signs.requires_grad_(False)
    return net


def hooked():
    net = net_of()
    net.output.register_forward_hook(lambda *seen: None)
    return net


def own_trunk():
    net = net_of()
    net.trunk = nn.Sequential(nn.Linear(15, 9), nn.LayerNorm(9))
    return net


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: net_of(norm=True), "BatchNorm1d"),
        (frozen, "frozen"),
        (hooked, "BatchedLinear has hooks"),
        (own_trunk, "LayerNorm"),
    ],
)
def test_what_it_does_not_understand_goes_to_torch_with_the_reason(make, reason):
    net = make().float()
    history = gn.fit(net, X, Y, loss="mse", epochs=1)
    assert history.engine == "torch"
    assert reason in history.engine_reason
    with pytest.raises(RecipeError, match=reason):
        gn.fit(net, X, Y, loss="mse", epochs=1, engine="fused")


def test_a_dense_stack_with_an_average_goes_to_torch():
    net = nn.Sequential(nn.Linear(7, 4), nn.ReLU(), nn.Linear(4, 1))
    assert "averaged" in gn.fit(net, X, Y, loss="mse", epochs=1, ema=0.9).engine_reason


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_run_that_goes_on_ends_with_the_bits_of_one_left_alone(ema, tmp_path):
    settings = {"loss": "mse", "batch_size": 16, "ema": ema, "validation": (X[:50], Y[:50])}
    nets = [net_of(dropout=0.3, dtype=torch.float32) for _ in "ab"]
    gn.fit(nets[0], X, Y, epochs=5, **settings)

    class EndAfterTwo:
        def epoch_end(self, loop):
            if loop.epoch == 2:
                raise KeyboardInterrupt

    path = tmp_path / "checkpoint"
    with_path = {"epochs": 5, "checkpoint": path, **settings}
    assert gn.fit(nets[1], X, Y, callbacks=[EndAfterTwo()], **with_path).stopped == "interrupted"
    again = net_of(dropout=0.3, dtype=torch.float32)
    assert len(gn.fit(again, X, Y, **with_path)) == 5
    for a, b in zip(nets[0].parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_of_a_larger_matrix_train_as_a_matrix_of_their_own(weighted):
    """Training and validation share one matrix that no one copies."""
    at = np.random.default_rng(1).permutation(203)[:120]
    weight = np.linspace(0.1, 2, 120).astype("float32") if weighted else None
    settings = Settings("mse", epochs=3, batch_size=16, ema=0.9)
    nets = [net_of(dtype=torch.float32) for _ in "ab"]
    held = [checked_rows(nets[0], X, Y[100:], loss="mse", at=np.arange(100, 203)) for _ in "ab"]
    part = checked_rows(nets[0], X, Y[at], weight, loss="mse", at=at)
    own = checked_rows(nets[1], X[at], Y[at], weight, loss="mse")
    runs = [
        train_net(net, rows, settings, validation=each)
        for net, rows, each in zip(nets, (part, own), held, strict=True)
    ]
    assert [each.engine for each in runs] == ["fused", "fused"]
    for a, b in zip(*runs, strict=True):
        assert (a.train_loss, a.validation_loss) == (b.train_loss, b.validation_loss)


@pytest.mark.parametrize("dense", [False, True])
def test_how_often_it_looks_up_changes_no_bit_of_the_history(dense, monkeypatch):
    """How many steps run between two looks at the clock depends on the machine."""
    net = nn.Sequential(nn.Linear(7, 4), nn.ReLU(), nn.Linear(4, 1)) if dense else net_of()
    losses = []
    for seconds in (0.0, 1e-5, 1e3):
        monkeypatch.setattr("glassnet.engine.fused._CHUNK", seconds)
        weight = np.linspace(0.1, 2, len(X))
        history = gn.fit(copy.deepcopy(net), X, Y, loss="mse", epochs=3, batch_size=4, sample_weight=weight)
        assert history.engine == "fused"
        losses.append([each.train_loss for each in history])
    assert losses[0] == losses[1] == losses[2]
