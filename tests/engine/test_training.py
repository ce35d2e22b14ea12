"""``fit`` from end to end: plain torch bit for bit, the best weights whatever happens, no global changed."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
import torch
from torch import nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.callbacks import StepLosses
from glassnet.engine.loop import Stop
from glassnet.engine.rows import Rows, batches
from glassnet.engine.settings import Settings
from glassnet.engine.training import fit, train_net
from glassnet.errors import NonFiniteLoss, RecipeError
from glassnet.randomness import stream, torch_seeded

CPU = {"device": "cpu", "engine": "torch"}


def data(rows=70, columns=5):
    rng = stream(0, "data")
    X = rng.normal(size=(rows, columns)).astype(np.float32)
    return X, (X @ rng.normal(size=columns) + 0.1 * rng.normal(size=rows)).astype(np.float32)


def dense(seed=0, columns=5, outputs=1):
    with torch_seeded(seed, "net"):
        return nn.Sequential(nn.Linear(columns, 8), nn.Tanh(), nn.Linear(8, outputs))


def weights(net):
    return {name: each.detach().clone() for name, each in net.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def plain_torch(net, X, y, optimizer, epochs, batch_size, seed):
    """The loop that everybody writes, with the same order of rows and the same seeding of dropout."""
    rows, losses = Rows(torch.from_numpy(X), torch.from_numpy(y)[:, None]), []
    net.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        with torch_seeded(seed, "epoch", epoch):
            for batch in batches(rows, batch_size, epoch, shuffle=True, seed=seed):
                loss = nn.functional.mse_loss(net(batch.X), batch.y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch.y)
        losses.append(total / len(y))
    return losses


def test_rows_of_a_larger_matrix_train_to_the_bits_of_a_copy_and_have_its_checksum():
    X, y = data()
    train, held = np.arange(0, 70, 2), np.arange(1, 70, 2)
    settings = Settings(loss="mse", lr=0.01, epochs=3, batch_size=8, **CPU)
    ends = []
    for shared in (True, False):
        net, states = dense(), []
        rows = [
            checked_rows(net, X, y[some], loss="mse", at=some)
            if shared
            else checked_rows(net, X[some], y[some], loss="mse")
            for some in (train, held)
        ]
        history = train_net(net, rows[0], settings, validation=rows[1], save=states.append)
        ends.append((weights(net), [each.validation_loss for each in history], states[-1].asked))
    assert same(ends[0][0], ends[1][0])
    assert ends[0][1:] == ends[1][1:]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_it_is_bit_for_bit_the_loop_that_one_would_write(dropout):
    X, y = data()
    ours, theirs = dense(), dense()
    for net in (ours, theirs):
        net[1] = nn.Sequential(nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(dropout))
    history = fit(ours, X, y, loss="mse", optimizer="adam", lr=0.01, batch_size=16, epochs=3, seed=5, **CPU)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01, fused=True)
    losses = plain_torch(theirs, X, y, optimizer, 3, 16, 5)
    assert same(weights(ours), weights(theirs))
    assert [record.train_loss for record in history] == losses


def test_the_record_of_the_run():
    X, y = data()
    history = fit(
        dense(), X, y, loss="mse", lr=0.01, epochs=4, validation=(X[:9], y[:9]), schedule="step", **CPU
    )
    assert (history.engine, history.engine_reason) == ("torch", "asked for")
    assert history.stopped == "epochs"
    assert [record.epoch for record in history] == [1, 2, 3, 4]
    assert [record.learning_rate for record in history] == pytest.approx([0.01, 0.01, 0.001, 0.0001])
    assert all(record.seconds > 0 for record in history)
    assert history.plan["threads"] == 1
    assert history.plan["steps_per_epoch"] == 3
    assert history[-1].train_loss < history[0].train_loss


def test_the_validation_loss_is_the_weighted_loss_in_evaluation_mode():
    X, y = data()
    weight = np.arange(9.0)
    net = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    history = fit(net, X, y, loss="mse", epochs=1, validation=(X[:9], y[:9], weight), **CPU)
    with torch.no_grad():
        error = (net(torch.from_numpy(X[:9]))[:, 0].numpy() - y[:9]) ** 2
    assert history[0].validation_loss == pytest.approx((error * weight).sum() / weight.sum(), rel=1e-5)


def test_whole_weights_count_as_repeated_rows():
    X, y = data(6)
    once, repeated = dense(), dense()
    options = {"loss": "mse", "optimizer": "sgd", "lr": 0.1, "batch_size": 100, "epochs": 3, **CPU}
    fit(once.double(), X, y, sample_weight=[1, 2, 0, 1, 3, 1], **options)
    fit(repeated.double(), np.repeat(X, [1, 2, 0, 1, 3, 1], 0), np.repeat(y, [1, 2, 0, 1, 3, 1]), **options)
    for name, each in weights(once).items():
        torch.testing.assert_close(each, weights(repeated)[name], rtol=1e-9, atol=1e-12)


def test_the_train_loss_weighs_rows_and_not_batches():
    X, y = data(10)
    weight, net = np.arange(10.0), dense().double()
    history = fit(
        net, X, y, loss="mse", optimizer="sgd", lr=1e-15, batch_size=4, epochs=1, sample_weight=weight, **CPU
    )
    error = (net(torch.from_numpy(X).double())[:, 0].detach().numpy() - y) ** 2
    assert history[0].train_loss == pytest.approx((error * weight).sum() / weight.sum(), rel=1e-9)


def test_penalties_are_those_of_a_loss_that_contains_them_and_clipping_comes_after():
    X, y = data(10)
    ours, theirs = dense().double(), dense().double()
    options = {"optimizer": "sgd", "lr": 0.1, "batch_size": 10, "epochs": 1, "shuffle": False}
    history = fit(ours, X, y, loss="mse", l1=0.02, l2=0.3, clip=0.5, **options, **CPU)
    out = theirs(torch.from_numpy(X).double())[:, 0]
    data_loss = ((out - torch.from_numpy(y)) ** 2).mean()
    matrices = [each for each in theirs.parameters() if each.ndim > 1]
    (data_loss + sum(0.02 * w.abs().sum() + 0.15 * (w**2).sum() for w in matrices)).backward()
    norm = torch.cat([each.grad.flatten() for each in theirs.parameters()]).norm()
    assert norm > 0.5
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, reference - 0.1 * reference.grad * 0.5 / norm, rtol=1e-5, atol=1e-7)
    assert history[0].train_loss == pytest.approx(data_loss.item(), rel=1e-12)


class Sees:
    """Keeps the weights after each epoch, and does something at chosen moments."""

    def __init__(self, at_step=None, do=None):
        self.after, self.at_step, self.do = [], at_step, do

    def batch_end(self, loop):
        if loop.step_count == self.at_step:
            self.do(loop)

    def epoch_end(self, loop):
        self.after.append(weights(loop.net))


def raises(error):
    def do(loop):
        raise error

    return do


def overfits():
    """Six rows of noise to learn and others to be wrong on: the validation loss soon rises."""
    rng = stream(1, "noise")
    X, y = rng.normal(size=(6, 5)), rng.normal(size=6)
    return X, y, (X[:3] + 0.5, -y[:3])


def test_early_stopping_puts_the_best_weights_back():
    X, y, validation = overfits()
    sees, net = Sees(), dense()
    history = fit(
        net, X, y, loss="mse", lr=0.05, epochs=50, validation=validation, patience=4, callbacks=[sees], **CPU
    )
    losses = [record.validation_loss for record in history]
    assert history.stopped == "early_stopping"
    assert history.best_epoch == int(np.argmin(losses)) + 1
    assert len(history) == history.best_epoch + 4
    assert same(weights(net), sees.after[history.best_epoch - 1])


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("end", "stopped"),
    [
        (Stop("enough"), "callback: enough"),
        (KeyboardInterrupt(), "interrupted"),
        (ZeroDivisionError(), None),
    ],
)
def test_whatever_ends_the_run_within_an_epoch_the_best_weights_come_back(validated, end, stopped):
    X, y, validation = overfits()
    sees, net = Sees(14, raises(end)), dense()
    settings = Settings(loss="mse", lr=0.05, epochs=50, batch_size=2, device="cpu")
    rows = checked_rows(net, X, y, loss="mse")
    held_out = checked_rows(net, *validation, loss="mse") if validated else None
    if stopped is None:
        with pytest.raises(ZeroDivisionError):
            train_net(net, rows, settings, validation=held_out, callbacks=[sees])
        best = 1 if validated else 4
    else:
        history = train_net(net, rows, settings, validation=held_out, callbacks=[sees])
        assert history.stopped == stopped
        best = history.best_epoch
        assert best < 4 if validated else best == 4
    assert len(sees.after) == 4
    assert same(weights(net), sees.after[best - 1])


def test_a_first_epoch_that_is_cut_short_keeps_its_steps_but_after_an_error_nothing():
    X, y = data()
    for end, kept in ((Stop("enough"), True), (ZeroDivisionError(), False)):
        net, before, seen = dense(), weights(dense()), []
        after = Sees(2, lambda loop, end=end, seen=seen: (seen.append(weights(loop.net)), raises(end)(loop)))
        try:
            history = fit(net, X, y, loss="mse", epochs=3, callbacks=[after], **CPU)
            assert (len(history), history.best_epoch) == (0, None)
        except ZeroDivisionError:
            pass
        assert same(weights(net), seen[0] if kept else before)


def poison(loop):
    with torch.no_grad():
        loop.net[0].weight[0, 0] = torch.nan


@pytest.mark.parametrize("step", [7, 9])
def test_a_non_finite_loss_or_weight_stops_the_run_and_puts_the_last_good_weights_back(step):
    """Step 7 is inside epoch 3; step 9 is its last, so that only the weights show the damage."""
    X, y = data()
    sees, net, ended = Sees(step, poison), dense(), []

    class Ended:
        def fit_end(self, loop):
            ended.append(loop.history)

    with pytest.raises(NonFiniteLoss) as caught:
        fit(net, X, y, loss="mse", optimizer="sgd", lr=0.02, epochs=3, callbacks=[sees, Ended()], **CPU)
    what = "training loss nan" if step == 7 else "weights that are infinite or not a number"
    assert str(caught.value) == (
        f"the loss and the weights must stay finite, however: epoch 3 has {what} at lr=0.02; "
        "lower lr (try 0.002), scale the inputs to mean 0 and deviation 1, or limit the gradient with "
        "clip=1.0; the weights of epoch 2 were put back"
    )
    assert same(weights(net), sees.after[1])
    assert (ended[0].stopped, len(ended[0])) == ("non_finite", 2)


def test_a_loss_that_explodes_in_the_first_epoch_gives_the_first_weights_back():
    X, y = data()
    net = dense()
    with pytest.raises(NonFiniteLoss, match="the weights of the start were put back"):
        fit(net, X * 1e6, y, loss="mse", optimizer="sgd", lr=1e30, epochs=3, **CPU)
    assert same(weights(net), weights(dense()))


def test_a_stop_flag_and_a_deadline_end_the_run():
    X, y = data()
    net = dense()
    rows = checked_rows(net, X, y, loss="mse")
    settings = Settings(loss="mse", epochs=50, device="cpu", engine="torch")
    asked = iter([False] * 7)
    history = train_net(net, rows, settings, should_stop=lambda: next(asked, True))
    assert (history.stopped, len(history)) == ("interrupted", 2)
    steps = []
    counts = Sees(1, lambda loop: steps.append(loop.step_count))
    history = train_net(net, rows, settings, deadline=time.monotonic() - 1, callbacks=[counts])
    assert (history.stopped, len(history)) == ("budget", 0)
    assert steps == [1]
    assert fit(dense(), X, y, loss="mse", budget=1e-9, **CPU).stopped == "budget"


def test_progress_tells_each_epoch_and_what_is_left():
    X, y = data()
    calls = []
    fit(dense(), X, y, loss="mse", epochs=3, progress=lambda *call: calls.append(call), **CPU)
    records = [call for call in calls if call[0] is not None]
    assert [(record.epoch, done, total) for record, done, total, _ in records] == [
        (1, 1, 3),
        (2, 2, 3),
        (3, 3, 3),
    ]
    assert records[0][3] > 0
    assert records[-1][3] == 0


def test_scores_of_the_validation_rows_and_step_losses_are_kept():
    X, y = data()
    net = dense()
    rows = checked_rows(net, X, y, loss="mse")

    def score(output, target):
        return {"mae": (output - target).abs().mean().item()}

    history = train_net(
        net,
        rows,
        Settings(loss="mse", epochs=2, device="cpu"),
        validation=rows,
        score=score,
        callbacks=[StepLosses()],
    )
    assert all(0 < record.metrics["mae"] < 5 for record in history)
    assert len(history.step_losses) == 6
    assert np.average(history.step_losses[:3], weights=[32, 32, 6]) == pytest.approx(history[0].train_loss)


def test_nothing_global_is_changed():
    X, y = data()
    torch.manual_seed(3)
    before = torch.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype(), random.getstate()
    numpy_before = np.random.get_state()[1].tolist()
    net = nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    state = torch.get_rng_state()
    fit(net, X, y, loss="mse", validation=(X, y), threads=2, **CPU)
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.get_num_threads(), torch.get_default_dtype(), random.getstate()) == before[1:]
    assert np.random.get_state()[1].tolist() == numpy_before
    assert torch.is_grad_enabled()
    assert not net.training


def test_dropout_depends_on_the_seed_and_not_on_torchs_own_generator():
    X, y = data()

    def run(seed, torch_seed):
        net = nn.Sequential(dense(), nn.Dropout(0.4))
        torch.manual_seed(torch_seed)
        fit(net, X, y, loss="mse", epochs=2, seed=seed, shuffle=False, **CPU)
        return weights(net)

    assert same(run(1, 1), run(1, 2))
    assert not same(run(1, 1), run(2, 1))


def test_batch_norm_trains_although_one_row_is_left_over():
    X, y = data(33)
    net = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    assert fit(net, X, y, loss="mse", batch_size=16, **CPU).stopped == "epochs"


def test_xor_from_lists():
    net = dense(3, columns=2)
    fit(
        net,
        [[0, 0], [0, 1], [1, 0], [1, 1]],
        [0, 1, 1, 0],
        loss="binary_cross_entropy",
        lr=0.05,
        epochs=200,
        **CPU,
    )
    logits = net(torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]))[:, 0]
    assert (logits > 0).tolist() == [False, True, True, False]


def test_bfloat16_computes_the_net_in_less_and_keeps_weights_and_loss_in_float32():
    X, y = data()
    kinds = []
    net = dense()
    net[0].register_forward_hook(
        lambda layer, inputs, output: kinds.append(output.dtype) if layer.training else None
    )
    history = fit(net, X, y, loss="mse", epochs=2, precision="bfloat16", validation=(X, y), **CPU)
    assert set(kinds) == {torch.bfloat16}
    assert net[0].weight.dtype == torch.float32
    assert history[1].train_loss < history[0].train_loss


def test_frozen_layers_stay_and_a_net_without_anything_to_train_is_an_error():
    X, y = data()
    net = dense()
    net[0].requires_grad_(False)
    fit(net, X, y, loss="mse", l2=0.1, clip=1.0, **CPU)
    assert torch.equal(net[0].weight, dense()[0].weight)
    assert not torch.equal(net[2].weight, dense()[2].weight)
    net.requires_grad_(False)
    with pytest.raises(RecipeError, match="none of 4 requires a gradient"):
        fit(net, X, y, loss="mse", **CPU)


def test_a_class_of_torch_and_a_callable_are_optimisers_too():
    X, y = data()
    for optimizer in (torch.optim.Adagrad, lambda parameters: torch.optim.SGD(parameters, lr=0.05)):
        history = fit(dense(), X, y, loss="mse", optimizer=optimizer, epochs=3, schedule="cosine", **CPU)
        assert history[-1].train_loss < history[0].train_loss
