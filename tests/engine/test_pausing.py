"""A run that is paused and gone on with is one unbroken run, to the bit, wherever it was paused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.checkpoint import from_bytes, to_bytes
from glassnet.engine.settings import Settings
from glassnet.engine.training import fit, train_net
from glassnet.randomness import stream, torch_seeded

RNG = stream(0, "data")
X, Y = RNG.normal(size=(21, 3)), RNG.normal(size=21)
EPOCHS = 8
EXTRAS = {
    "plain": {},
    "ema": {"ema": 0.9},
    "one cycle": {"schedule": "one_cycle"},
    "everything": {"ema": 0.8, "schedule": "cosine", "warmup": 0.2, "clip": 0.5, "l2": 0.01, "patience": 6},
}


def net(seed=0):
    with torch_seeded(seed, "net"):
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.3), nn.Tanh(), nn.Linear(4, 1))


def request(extra="plain", **more):
    options = {"lr": 0.05, "batch_size": 8, "epochs": EPOCHS, "device": "cpu", "patience": None}
    return Settings(loss="mse", **{**options, **EXTRAS[extra], **more})


def run(asked, pauses=(), through_bytes=False, every=1000.0, validated=True):
    """Train in pieces, each with a fresh net; return the last net and history, and what stopped each."""
    state, why = None, []
    for pause in (*pauses, None):
        module, saved = net(seed=len(why)), []
        held_out = checked_rows(module, X[:5] + 1, Y[:5], loss="mse") if validated else None
        rows, options = checked_rows(module, X, Y, loss="mse"), {"save": saved.append, "save_every": every}
        history = train_net(module, rows, asked, validation=held_out, state=state, pause=pause, **options)
        why.append(history.stopped)
        state = saved[-1] if saved else state
        state = from_bytes(to_bytes(state)) if through_bytes else state
    return module, history, why


def bits(module):
    return {name: each.numpy().tobytes() for name, each in module.state_dict().items()}


@pytest.mark.parametrize("through_bytes", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("pauses", [(1,), (3,), (7,), (1, 2, 3), (2, 6), (1, 3, 8)], ids=str)
def test_pausing_changes_no_bit(pauses, extra, validated, through_bytes):
    asked = request(extra)
    if not validated:
        asked = replace(asked, patience=None)
    straight, history, _ = run(asked, validated=validated)
    paused, resumed, why = run(asked, pauses, through_bytes, validated=validated)
    assert bits(paused) == bits(straight)
    assert resumed.to_json() == history.to_json()
    ended = len(history)
    assert why == ["paused" if pause < ended else history.stopped for pause in (*pauses, ended)]


def test_a_pause_has_as_many_epochs_as_it_says_and_hands_over_the_best_of_them():
    straight = run(request("ema"))[1]
    module, saved = net(), []
    rows, held = (checked_rows(module, x, Y[: len(x)], loss="mse") for x in (X, X[:5] + 1))
    history = train_net(module, rows, request("ema"), validation=held, pause=3, save=saved.append)
    assert (len(history), history.stopped) == (3, "paused")
    losses = [record.validation_loss for record in straight][:3]
    assert history.best_epoch == losses.index(min(losses)) + 1
    with torch.no_grad():
        found = float(nn.functional.mse_loss(module(held.X), held.y))
    assert found == pytest.approx(min(losses), rel=1e-5)
    assert [state.history.stopped for state in saved] == ["paused"]


def test_a_pause_that_lies_behind_ends_the_run_where_it_is():
    """A killed run had come to epoch 5 when it goes on to a pause at 3, then to one at 6, then to its end."""
    asked, straight = request("ema"), run(request("ema"))
    module, saved = net(), []
    rows, held = (checked_rows(module, x, Y[: len(x)], loss="mse") for x in (X, X[:5] + 1))
    train_net(module, rows, asked, validation=held, save=saved.append, save_every=0)
    state, lengths = saved[4], []
    assert (len(state.history), state.history.stopped) == (5, None)
    for pause in (3, 6, None):
        module, saved = net(seed=9), []
        options = {"state": state, "pause": pause, "save": saved.append}
        history = train_net(module, rows, asked, validation=held, **options)
        state = saved[-1] if saved else state
        lengths.append(len(history))
    assert lengths == [5, 6, EPOCHS]
    assert bits(module) == bits(straight[0])
    assert history.to_json() == straight[1].to_json()


def test_early_stopping_wins_over_a_pause_at_the_same_epoch():
    asked = request(epochs=200, patience=2, lr=0.3)
    straight, history, _ = run(asked)
    assert history.stopped == "early_stopping"
    last = len(history)
    for pauses in [(last,), (last - 1, last), (last, last + 5)]:
        module, found, why = run(asked, pauses)
        assert why[-2:] == ["early_stopping", "early_stopping"]
        assert bits(module) == bits(straight)
        assert found.to_json() == history.to_json()


def test_the_last_epoch_wins_over_a_pause_after_it():
    assert run(request(), (EPOCHS,))[2] == ["epochs", "epochs"]


def test_fit_goes_on_from_the_checkpoint_of_a_paused_run(tmp_path):
    path, straight, module = tmp_path / "run.checkpoint", net(), net()
    options = {"loss": "mse", "optimizer": "adamw", "lr": 0.05, "epochs": 4, "ema": 0.9, "device": "cpu"}
    fit(straight, X, Y, **options)
    rows = checked_rows(module, X, Y, loss="mse")
    asked = Settings(**options)
    train_net(module, rows, asked, pause=2, save=lambda state: path.write_bytes(to_bytes(state)))
    again = net(seed=5)
    assert fit(again, X, Y, checkpoint=path, **options).stopped == "epochs"
    assert bits(again) == bits(straight)
