"""Checkpoints: a run that was killed and goes on ends with the bits of one left alone; damage is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.checkpoint import from_bytes, read, to_bytes, write
from glassnet.engine.settings import Settings
from glassnet.engine.training import fit, train_net
from glassnet.errors import FormatError, RecipeError
from glassnet.randomness import stream, torch_seeded

OPTIMIZERS = {
    "sgd": {"optimizer": "sgd"},
    "nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    "adam": {"optimizer": "adam", "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.01},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5},
}
EXTRAS = {
    "plain": {},
    "cosine": {"schedule": "cosine", "warmup": 0.2},
    "one_cycle": {"schedule": "one_cycle", "clip": 0.5},
    "step": {"schedule": "step", "l1": 0.001, "l2": 0.01},
    "patience": {"patience": 2},
    "ema": {"ema": 0.9},
    "ema, patience": {"ema": 0.7, "patience": 2},
}
RNG = stream(0, "data")
X, Y = RNG.normal(size=(21, 3)), RNG.normal(size=21)
EPOCHS = 5


def net(seed=0):
    """Dropout draws random numbers, and batch normalisation has buffers."""
    with torch_seeded(seed, "net"):
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.3), nn.Tanh(), nn.Linear(4, 1))


def request(optimizer="adamw", extra="patience", **more):
    options = {"lr": 0.05, "batch_size": 8, "epochs": EPOCHS, "device": "cpu", **more}
    return Settings(loss="mse", **OPTIMIZERS[optimizer], **EXTRAS[extra], **options)


def run(module, asked, state=None, validated=True):
    """Train, and return the bytes of every state that was saved, and the history."""
    rows, saved = checked_rows(module, X, Y, loss="mse"), []
    held_out = checked_rows(module, X[:5] + 1, Y[:5], loss="mse") if validated else None
    history = train_net(
        module,
        rows,
        asked,
        validation=held_out,
        state=state,
        save=lambda each: saved.append(to_bytes(each)),
        save_every=0,
    )
    return saved, history


def without_timings(data):
    state = from_bytes(data)
    records = [replace(record, seconds=None) for record in state.history]
    return to_bytes(replace(state, history=replace(state.history, records=records)))


def bits(module):
    return {name: each.numpy().tobytes() for name, each in module.state_dict().items()}


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_that_goes_on_after_any_epoch_ends_with_the_same_bits(optimizer, extra, validated):
    if "patience" in extra and not validated:
        return
    asked, straight = request(optimizer, extra), net()
    saved, history = run(straight, asked, validated=validated)
    assert len(saved) == len(history) + 1
    for data in saved:
        again = net(seed=99)
        rest, resumed = run(again, asked, from_bytes(data), validated)
        assert bits(again) == bits(straight)
        assert resumed.to_json() == history.to_json()
        assert not again.training
        if rest:
            assert without_timings(rest[-1]) == without_timings(saved[-1])
        else:
            assert data == saved[-1]


def test_a_finished_run_tells_its_callbacks_and_does_nothing_else():
    saved, history = run(net(), request())
    seen = []

    class Ends:
        def fit_begin(self, loop):
            seen.append(len(loop.history))

        def batch_begin(self, loop):
            seen.append("a step")

        def fit_end(self, loop):
            seen.append(loop.history.stopped)

    rows = checked_rows(net(), X, Y, loss="mse")
    held_out = checked_rows(net(), X[:5] + 1, Y[:5], loss="mse")
    state = from_bytes(saved[-1])
    again = {"state": state, "save": lambda state: seen.append("a save"), "callbacks": [Ends()]}
    train_net(net(), rows, request(), validation=held_out, save_every=0, **again)
    assert seen == [len(history), history.stopped]


def test_the_grid_has_a_run_that_stops_early():
    """Otherwise its counters would not have been tested above."""
    assert {run(net(), request(name, "patience"))[1].stopped for name in OPTIMIZERS} >= {"early_stopping"}


KILLED = """
import sys, os, signal
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from test_checkpoint import net, request, X, Y
from glassnet.engine.arrays import checked_rows
from glassnet.engine.training import train_net
from glassnet.engine.checkpoint import read, write
module, path = net(), Path(sys.argv[1])

class Killer:
    def batch_end(self, loop):
        if loop.epoch == 3:
            os.kill(os.getpid(), signal.SIGKILL)

rows = checked_rows(module, X, Y, loss="mse")
asked = request("adam", "cosine")
train_net(module, rows, asked, save=lambda s: write(path, s), save_every=0, callbacks=[Killer()])
"""


def test_after_kill_9_another_process_goes_on_with_the_same_bits(tmp_path):
    path = tmp_path / "run.checkpoint"
    import glassnet

    source = str(next(iter(glassnet.__path__)))[: -len("/glassnet")]
    command = [sys.executable, "-c", KILLED, str(path), source, str(__file__).rsplit("/", 1)[0]]
    assert subprocess.run(command, check=False).returncode == -9
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    killed = read(path)
    assert len(killed.history) == 3
    again, straight = net(seed=99), net()
    _, resumed = run(again, request("adam", "cosine"), killed, validated=False)
    _, history = run(straight, request("adam", "cosine"), validated=False)
    assert bits(again) == bits(straight)
    assert resumed.to_json() == history.to_json()


def test_fit_goes_on_from_its_checkpoint_and_has_nothing_left_to_do_after_the_end(tmp_path):
    path = tmp_path / "run.checkpoint"
    asked = request(extra="plain", epochs=6)
    options = {"loss": "mse", "lr": 0.05, "epochs": 6, "weight_decay": 0.01, "batch_size": 8, "device": "cpu"}

    class Interrupts:
        def batch_begin(self, loop):
            if loop.step_count == 7:
                raise KeyboardInterrupt

    straight, again, third = net(), net(), net(seed=5)
    history = fit(straight, X, Y, **options)
    rows = checked_rows(again, X, Y, loss="mse")
    train_net(
        again, rows, asked, save=lambda state: write(path, state), save_every=0, callbacks=[Interrupts()]
    )
    assert not read(path).finished
    resumed = fit(again, X, Y, checkpoint=str(path), **options)
    assert (len(resumed), resumed.stopped) == (6, "epochs")
    assert bits(again) == bits(straight)
    before = path.read_bytes()
    finished = fit(third, X, Y, checkpoint=path, **options)
    assert bits(third) == bits(straight)
    assert finished.to_json() == resumed.to_json() == history.to_json()
    assert path.read_bytes() == before


def test_a_run_that_is_interrupted_within_its_epochs_saves_nothing_more():
    saved = []

    class Interrupts:
        def batch_begin(self, loop):
            if loop.step_count == 4:
                raise KeyboardInterrupt

    rows = checked_rows(net(), X, Y, loss="mse")
    train_net(net(), rows, request(extra="plain"), save=saved.append, save_every=0, callbacks=[Interrupts()])
    assert [len(state.history) for state in saved] == [1]


def test_threads_are_those_of_the_plan_when_a_run_goes_on():
    rows, saved, seen = checked_rows(net(), X, Y, loss="mse"), [], []

    class Counts:
        def epoch_end(self, loop):
            seen.append(torch.get_num_threads())

    asked = request(extra="plain", threads=2)
    train_net(net(), rows, asked, save=saved.append, save_every=0)
    train_net(net(), rows, request(extra="plain"), state=saved[2], callbacks=[Counts()])
    assert seen == [2, 2]


def test_another_request_or_other_data_is_an_error_that_names_all_differences(tmp_path):
    path = tmp_path / "run.checkpoint"
    options = {"loss": "mse", "epochs": 2, "device": "cpu", "checkpoint": path}
    fit(net(), X, Y, **options)
    with pytest.raises(RecipeError) as caught:
        fit(net(), X, Y + 1, **{**options, "epochs": 3})
    first, second = caught.value.problems
    assert "however: data was '" in first
    assert "however: epochs was 2 and is 3; ask for the same, or remove the checkpoint" in second


def test_another_net_is_an_error_that_names_the_difference():
    saved, _ = run(net(), request())
    other = net()
    other[0] = nn.Linear(3, 4, bias=False)
    with pytest.raises(FormatError, match=r"0.bias is float32 \(4,\) there and missing in this net"):
        run(other, request(), from_bytes(saved[1]))
    with pytest.raises(FormatError, match=r"is float32 \(4,\) there and float64 \(4,\) in this net"):
        run(net().double(), replace(request()), replace(from_bytes(saved[1]), asked=asked_by(net().double())))


def asked_by(module):
    return from_bytes(run(module, request())[0][0]).asked


def test_another_optimiser_is_an_error():
    adam, sgd = (from_bytes(run(net(), request(name))[0][0]) for name in ("adam", "sgd"))
    assert adam.optimizer["state"]
    groups = [*sgd.optimizer["param_groups"], *sgd.optimizer["param_groups"]]
    doubled = replace(sgd, optimizer={**sgd.optimizer, "param_groups": groups})
    with pytest.raises(FormatError, match="must be of the same optimiser"):
        run(net(), request("sgd"), doubled)


def test_bytes_come_back_equal_and_equal_states_give_equal_bytes(tmp_path):
    saved, _ = run(net(), request())
    state = from_bytes(saved[2])
    assert to_bytes(state) == to_bytes(from_bytes(saved[2])) == saved[2]
    write(tmp_path / "a", state)
    assert (tmp_path / "a").read_bytes() == saved[2]
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


SAVED = run(net(), request("adam", "plain"))[0][1]


@given(st.integers(0, len(SAVED) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_a_format_error(position, change):
    damaged = bytearray(SAVED)
    damaged[position] ^= change
    with pytest.raises(FormatError, match=r"run.checkpoint must be a whole Glassnet checkpoint, however"):
        from_bytes(bytes(damaged), "run.checkpoint")


@given(st.integers(0, len(SAVED) - 1))
@settings(max_examples=100, deadline=None)
def test_any_cut_off_checkpoint_is_a_format_error(length):
    with pytest.raises(FormatError):
        from_bytes(SAVED[:length])


def test_an_optimiser_that_keeps_odd_things_cannot_be_saved():
    class Odd(torch.optim.SGD):
        def step(self, closure=None):
            super().step()
            for parameter in self.param_groups[0]["params"]:
                self.state[parameter]["odd"] = object()

    with pytest.raises(RecipeError, match="must keep tensors and plain values"):
        run(net(), replace(request(), optimizer=Odd, weight_decay=0.0, momentum=0.0))


def test_a_save_that_fails_gives_its_error_and_the_best_weights():
    module, rows = net(), checked_rows(net(), X, Y, loss="mse")
    after = []

    class Sees:
        def epoch_end(self, loop):
            after.append(bits(loop.net))

    def full(state):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        train_net(module, rows, request(extra="plain"), save=full, save_every=0, callbacks=[Sees()])
    assert bits(module) == after[0]


def test_saving_waits_between_epochs_and_always_ends_with_the_finished_state():
    rows, saved = checked_rows(net(), X, Y, loss="mse"), []
    train_net(net(), rows, request(extra="plain"), save=saved.append, save_every=1000)
    assert [state.finished for state in saved] == [True]
    assert np.isfinite(saved[0].history[-1].train_loss)
