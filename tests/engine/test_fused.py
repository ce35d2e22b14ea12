"""The fused engine trains as torch does, is taken where it can, and says why where it is not."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import glassnet as gn
from glassnet.engine.arrays import checked_rows
from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.errors import NonFiniteLoss, RecipeError
from glassnet.native_status import native_status

pytestmark = pytest.mark.skipif(not native_status().available, reason=str(native_status().reason))

RNG = np.random.default_rng(0)
X = RNG.normal(size=(203, 7)).astype("float32")
Y = np.sin(X[:, :1]) + 0.1 * RNG.normal(size=(203, 1)).astype("float32")
IDS = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 1)


def dense_net(*more, dtype=torch.float32, outputs=1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 9), nn.Tanh(), *more, nn.Linear(9, outputs)).to(dtype)


def both(settings, net=None, y=Y, **named):
    """Train copies of a net with both engines; return their histories and nets."""
    net = net or dense_net()
    settings = {"loss": "mse", "epochs": 5, "batch_size": 16, "lr": 0.01} | settings
    nets = {engine: copy.deepcopy(net) for engine in ("torch", "fused")}
    runs = {name: gn.fit(each, X, y, engine=name, **settings, **named) for name, each in nets.items()}
    return runs, nets


SETTINGS = {
    "sgd": {"optimizer": "sgd"},
    "nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "adam": {"optimizer": "adam", "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5},
    "penalties": {"optimizer": "adam", "l1": 0.01, "l2": 0.1, "clip": 0.05},
    "schedule": {"optimizer": "adam", "schedule": "one_cycle"},
    "warm-up": {"optimizer": "sgd", "schedule": "cosine", "warmup": 0.2},
    "as they lie": {"optimizer": "sgd", "shuffle": False},
    "full batch": {"optimizer": "adam", "batch_size": 1000},
    "mae": {"loss": "mae"},
    "poisson": {"loss": "poisson", "lr": 0.001},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_both_engines_end_with_the_same_numbers(name, dtype):
    limit = 1e-9 if dtype == torch.float64 else 1e-3
    y = np.abs(Y) if name == "poisson" else Y
    weights = RNG.uniform(0.5, 2, len(X))
    runs, nets = both(
        SETTINGS[name], dense_net(dtype=dtype), y, validation=(X[:50], y[:50]), sample_weight=weights
    )
    assert [each.engine for each in runs.values()] == ["torch", "fused"]
    for a, b in zip(runs["torch"], runs["fused"], strict=True):
        assert (a.train_loss, a.validation_loss) == pytest.approx(
            (b.train_loss, b.validation_loss), rel=limit
        )
        assert a.learning_rate == pytest.approx(b.learning_rate, rel=1e-12)
    assert runs["torch"].best_epoch == runs["fused"].best_epoch
    for a, b in zip(nets["torch"].parameters(), nets["fused"].parameters(), strict=True):
        assert torch.linalg.norm(a - b) <= limit * torch.linalg.norm(a)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_classes_train_the_same(loss):
    y = IDS if loss == "cross_entropy" else (IDS[:, None] == np.arange(3)).astype("float32")
    runs, _ = both(
        {"loss": loss},
        dense_net(nn.Linear(9, 9), nn.LeakyReLU(0.3), nn.Linear(9, 9), nn.SiLU(), outputs=3),
        y,
    )
    found = [[record.train_loss for record in run] for run in runs.values()]
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_it_is_taken_without_being_asked_for_and_the_history_says_so():
    history = gn.fit(dense_net(nn.Dropout(0.2)), X, Y, loss="mse", epochs=2)
    assert (history.engine, history.engine_reason) == ("fused", None)


class Watching:
    def batch_end(self, loop):
        pass


class OwnLinear(nn.Linear):
    pass


def shared():
    net = dense_net(nn.Linear(9, 9), nn.ReLU(), nn.Linear(9, 9))
    net[4].weight = net[2].weight
    return net


def frozen():
    net = dense_net()
    net[0].weight.requires_grad_(False)
    return net


def turned():
    net = dense_net()
    net[0].weight = nn.Parameter(torch.randn(7, 9).T)
    return net


def hooked():
    net = dense_net()
    net[0].register_forward_hook(lambda *seen: None)
    return net


def overridden():
    net = dense_net()
    net.forward = lambda x: nn.Sequential.forward(net, x) + 1
    return net


def parametrised():
    net = dense_net()
    parametrizations.weight_norm(net[0])
    return net


REFUSED = {
    "Unflatten": (nn.Sequential(nn.Unflatten(1, (1, 7)), nn.Conv1d(1, 1, 7), nn.Flatten()), {}),
    "OwnLinear": (nn.Sequential(OwnLinear(7, 1)), {}),
    "BatchNorm1d": (dense_net(nn.BatchNorm1d(9)), {}),
    "a layer stands in it twice": (shared(), {}),
    "frozen": (frozen(), {}),
    "row by row": (turned(), {}),
    "hooks": (hooked(), {}),
    "Sequential": (overridden(), {}),
    "ParametrizedLinear": (parametrised(), {}),
    "bfloat16": (dense_net(), {"precision": "bfloat16"}),
    "ema": (dense_net(), {"ema": 0.9}),
    "loss huber": (dense_net(), {"loss": "huber"}),
    "own": (dense_net(), {"loss": nn.MSELoss()}),
    "user's own": (dense_net(), {"optimizer": torch.optim.Adagrad, "lr": 0.01}),
    "Watching looks at every step": (dense_net(), {"callbacks": [Watching()]}),
    "last dropout": (nn.Sequential(nn.Linear(7, 1), nn.Dropout(0.1)), {}),
    "Dropout": (nn.Sequential(nn.Dropout(0.1), nn.Dropout(0.1), nn.Linear(7, 1)), {}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_it_does_not_understand_goes_to_torch_with_the_reason(reason):
    net, settings = REFUSED[reason]
    settings = {"loss": "mse", "epochs": 1} | settings
    history = gn.fit(copy.deepcopy(net), X, Y, **settings)
    assert history.engine == "torch"
    assert history.engine_reason.startswith("not fused: ")
    assert reason in history.engine_reason
    with pytest.raises(RecipeError, match=reason):
        gn.fit(copy.deepcopy(net), X, Y, engine="fused", **settings)


def test_without_the_extension_torch_trains_and_the_history_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "glassnet._native", None)
    history = gn.fit(dense_net(), X, Y, loss="mse", epochs=1)
    assert history.engine == "torch"
    assert "glassnet info" in history.engine_reason


def test_a_resumed_run_ends_with_the_bits_of_an_unbroken_one(tmp_path):
    settings = {"loss": "mse", "optimizer": "adam", "epochs": 8, "batch_size": 16, "schedule": "cosine"}
    whole, broken = dense_net(nn.Dropout(0.3)), dense_net(nn.Dropout(0.3))
    unbroken = gn.fit(whole, X, Y, validation=(X[:50], Y[:50]), **settings)

    class After:
        def epoch_end(self, loop):
            if loop.epoch == 3:
                raise KeyboardInterrupt

    where = {"checkpoint": tmp_path / "run", "validation": (X[:50], Y[:50])}
    monkey = pytest.MonkeyPatch()
    monkey.setattr("glassnet.engine.training.features.Checkpointing.__init__", _saving_always)
    gn.fit(broken, X, Y, callbacks=[After()], **where, **settings)
    monkey.undo()
    resumed = gn.fit(dense_net(nn.Dropout(0.3)), X, Y, engine="torch", **where, **settings)
    assert resumed.engine == "fused", "a run keeps the engine that it began with"
    assert resumed.to_json() == unbroken.to_json()


def _saving_always(self, save, every=5.0):
    self.save, self.every, self.pause = save, 0.0, 0.0


def test_a_callback_may_change_weights_and_rate_between_epochs():
    class Reset:
        def epoch_begin(self, loop):
            loop.optimizer.param_groups[0]["lr"] = 1e-30
            with torch.no_grad():
                loop.net[0].weight.fill_(0.5)

    net = dense_net()
    gn.fit(net, X, Y, loss="mse", optimizer="sgd", epochs=2, callbacks=[Reset()])
    assert torch.all(net[0].weight == 0.5)


def test_a_loss_that_explodes_gives_the_first_weights_back():
    net, before = dense_net(nn.Linear(9, 9), nn.ReLU()), dense_net(nn.Linear(9, 9), nn.ReLU())
    with pytest.raises(NonFiniteLoss, match="lower lr"):
        gn.fit(net, 1e6 * X, Y, loss="mse", optimizer="sgd", lr=1e9, epochs=9)
    for a, b in zip(net.parameters(), before.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_end_of_a_budget_within_the_first_epoch_keeps_what_was_learned():
    net, before = dense_net(), dense_net()
    history = gn.fit(net, X, Y, loss="mse", batch_size=16, epochs=3, budget=1e-9)
    assert (history.stopped, len(history)) == ("budget", 0)
    assert not torch.equal(net[0].weight, before[0].weight)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weights_that_leave_all_numbers_in_the_last_step_of_an_epoch_end_the_run(dtype, bias):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(7, 9, bias=bias), nn.Tanh(), nn.Linear(9, 1, bias=bias)).to(dtype)
    before = copy.deepcopy(net.state_dict())
    huge = float(torch.finfo(dtype).max)
    with pytest.raises(NonFiniteLoss, match="epoch 1 has weights that are infinite or not a number"):
        gn.fit(net, X, 10 * Y, loss="mse", optimizer="sgd", lr=huge, batch_size=len(X), engine="fused")
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())


@pytest.mark.parametrize("validation", [None, (X[:50], Y[:50])])
def test_a_state_that_was_saved_keeps_its_weights_while_the_run_goes_on(validation):
    settings = Settings(loss="mse", lr=0.01, epochs=4, engine="fused")
    net, saved = dense_net(), []
    rows = checked_rows(net, X, Y, loss="mse")
    held_out = None if validation is None else checked_rows(net, *validation, loss="mse")
    train_net(net, rows, settings, validation=held_out, save=saved.append, save_every=0.0)
    assert len(saved) >= 4
    for number, state in enumerate(saved[:4], start=1):
        shorter = dense_net()
        gn.fit(shorter, X, Y, loss="mse", lr=0.01, epochs=number, engine="fused", validation=validation)
        assert all(torch.equal(each, state.best[name]) for name, each in shorter.state_dict().items())
    on = [{name: each.clone() for name, each in saved[0].best.items()}, saved[0].best]
    train_net(dense_net(), rows, settings, validation=held_out, state=saved[0], save=saved.append)
    assert all(torch.equal(each, on[1][name]) for name, each in on[0].items()), "a state is not written to"
