"""Batches: every row once, in an order of (seed, epoch), and no batch of one row."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.engine import rows as module
from glassnet.engine.rows import Rows, batch_sizes, batches
from glassnet.randomness import epoch_order


@given(st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=200, deadline=None)
def test_sizes_add_up_and_a_single_last_row_joins_the_batch_before(rows, batch_size):
    sizes = batch_sizes(rows, batch_size)
    assert sum(sizes) == rows
    assert all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] <= batch_size + 1
    assert sizes[-1] > 1 or batch_size == 1 or rows == 1


@pytest.mark.parametrize("gathered", [1, 40, 10**9])
@pytest.mark.parametrize("weighted", [True, False])
def test_batches_are_consecutive_pieces_of_the_epochs_order_however_many_are_gathered(
    monkeypatch, gathered, weighted
):
    monkeypatch.setattr(module, "_GATHERED", gathered)
    X = torch.arange(50.0).reshape(25, 2)
    y, weight = torch.arange(25), torch.arange(25.0) if weighted else None
    found = list(batches(Rows(X, y, weight), 4, 3, shuffle=True, seed=7))
    order = torch.from_numpy(epoch_order(7, 3, 25))
    assert [len(each.y) for each in found] == [4, 4, 4, 4, 4, 5]
    assert torch.equal(torch.cat([each.y for each in found]), order)
    assert torch.equal(torch.cat([each.X for each in found]), X[order])
    if weighted:
        assert torch.equal(torch.cat([each.weight for each in found]), order.float())
    else:
        assert all(each.weight is None for each in found)


@pytest.mark.parametrize("shuffle", [True, False])
def test_rows_that_stand_among_others_come_as_if_they_stood_alone(shuffle):
    X, at = torch.arange(60.0).reshape(30, 2), torch.tensor([3, 4, 9, 28, 1, 0, 17])
    y, weight = torch.arange(7), torch.arange(7.0)
    among, alone = Rows(X, y, weight, at), Rows(X[at], y, weight)
    for found, expected in zip(
        batches(among, 3, 2, shuffle=shuffle, seed=5),
        batches(alone, 3, 2, shuffle=shuffle, seed=5),
        strict=True,
    ):
        assert all(torch.equal(*each) for each in zip(found[:3], expected[:3], strict=True))
    pieces = zip(among.pieces(4), alone.pieces(4), strict=True)
    assert all(torch.equal(*each) for each in pieces)
    elsewhere = among.to(torch.device("meta"))
    assert elsewhere.X.shape == (7, 2)
    assert elsewhere.at is None


def test_without_shuffling_the_rows_come_as_they_lie():
    X = torch.arange(7.0)[:, None]
    found = list(batches(Rows(X, X), 3, 1, shuffle=False, seed=0))
    assert [each.X.flatten().tolist() for each in found] == [[0, 1, 2], [3, 4, 5, 6]]


def test_epochs_differ_and_come_again():
    X = torch.arange(30.0)[:, None]

    def order(epoch):
        return torch.cat([each.y for each in batches(Rows(X, X), 8, epoch, shuffle=True, seed=1)]).tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)
