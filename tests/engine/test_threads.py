"""The number of threads: a rule on the amount of arithmetic, and torch's own number is put back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glassnet.engine import threads
from glassnet.engine.probe import probe
from glassnet.engine.threads import choose_threads, using_threads


@pytest.mark.parametrize(
    ("cores", "torch_threads", "work", "expected"),
    [
        (16, 16, threads.LARGE - 1, 1),
        (16, 16, threads.LARGE, 15),
        (16, 4, threads.LARGE, 4),
        (2, 2, threads.LARGE, 1),
        (1, 1, threads.LARGE, 1),
    ],
)
def test_small_work_has_one_thread_and_one_core_is_always_left(
    monkeypatch, cores, torch_threads, work, expected
):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(cores))
    monkeypatch.setattr(torch, "get_num_threads", lambda: torch_threads)
    assert choose_threads(work) == expected


def test_the_number_of_threads_is_put_back_after_an_error_too():
    before = torch.get_num_threads()

    def fails():
        with using_threads(before + 1):
            assert torch.get_num_threads() == before + 1
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        fails()
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("net", "shape", "expected"),
    [
        (nn.Sequential(nn.Linear(56, 20), nn.Sigmoid(), nn.Linear(20, 1)), (56,), 56 * 20 + 20),
        # 4 filters of 3 x 2 x 2 at each of 3 x 3 places
        (nn.Conv2d(3, 4, 2), (3, 4, 4), 9 * 4 * 12),
        (nn.BatchNorm1d(5), (5,), 0),
    ],
)
def test_the_arithmetic_of_one_row_is_counted(net, shape, expected):
    assert probe(net, torch.zeros(2, *shape)).multiply_adds == expected


def test_recurrent_layers_count_their_weights_at_every_position():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(3, 4, bias=False, batch_first=True)

        def forward(self, X):
            return self.rnn(X)[0][:, -1]

    assert probe(Last(), torch.zeros(2, 7, 3)).multiply_adds == 7 * (4 * 3 + 4 * 4)


def test_probing_leaves_mode_generators_and_statistics_alone():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    state = torch.get_rng_state()
    probe(net, torch.ones(2, 2))
    assert net.training
    assert not net[0]._forward_hooks
    assert net[1].num_batches_tracked == 0
    assert torch.equal(torch.get_rng_state(), state)
