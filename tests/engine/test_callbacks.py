"""Which epoch is the best one, and what progress says within an epoch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glassnet.engine import callbacks
from glassnet.engine.callbacks import BestWeights, Progress
from glassnet.engine.loop import Loop


def loop(callbacks, validation_losses):
    """One step an epoch on a net of one weight, with validation losses made to measure."""
    net = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = iter(validation_losses)

    def step(batch):
        return {"loss": net(batch).square().mean()}

    def validate():
        return next(losses), torch.zeros(1)

    return Loop(
        net, optimizer, step, lambda epoch: [torch.ones(3, 1)], len(validation_losses), 1, validate, callbacks
    )


@pytest.mark.parametrize(
    ("losses", "patience", "best", "epochs", "stopped"),
    [
        ([3.0, 2.0, 2.0, 1.9999999], None, 4, 4, "epochs"),
        ([2.0, 2.0, 2.0], None, 1, 3, "epochs"),
        ([3.0, 2.0, 2.0, 2.0, 1.0], 2, 2, 4, "early_stopping"),
        ([3.0, 2.0, 4.0, 1.0, 5.0], 2, 4, 5, "epochs"),
        ([1.0, 2.0], 1, 1, 2, "epochs"),
    ],
)
def test_the_best_epoch_is_the_first_of_the_lowest_loss(losses, patience, best, epochs, stopped):
    history = loop([BestWeights(patience)], losses).fit()
    assert (history.best_epoch, len(history), history.stopped) == (best, epochs, stopped)


def test_progress_within_an_epoch_has_no_record_and_a_fraction_of_epochs():
    calls = []
    run = loop([Progress(lambda *call: calls.append(call), every=0.0)], [1.0, 1.0])
    run.steps_per_epoch, run.batches = 2, lambda epoch: [torch.ones(3, 1)] * 2
    run.fit()
    assert [done for _, done, _, _ in calls] == [0.5, 1.0, 1, 1.5, 2.0, 2]
    assert [record and record.epoch for record, _, _, _ in calls] == [None, None, 1, None, None, 2]
    assert all(eta >= 0 for _, _, _, eta in calls)


def test_weights_whose_sum_overflows_are_finite_all_the_same():
    net = nn.Linear(2, 1)
    nn.init.constant_(net.weight, 3e38)
    assert not net.weight.sum().isfinite()
    assert callbacks._all_finite(net)
    nn.init.constant_(net.weight, float("nan"))
    assert not callbacks._all_finite(net)
