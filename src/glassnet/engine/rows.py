"""Rows in memory as tensors, and the batches of an epoch.

The order is a pure function of (seed, epoch), so nothing about it needs saving. Rows are gathered for many
batches at once and then cut into views, which costs a small net less than gathering every batch for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

import torch
from torch import Tensor

from glassnet.randomness import epoch_order

_GATHERED = 1 << 20
"""About how many numbers of X are gathered at once: 4 MiB of float32."""


class Rows(NamedTuple):
    """Inputs, targets and weights of the same n rows. Shapes: (n, ...), (n, ...), (n,) or None for 1 each.

    Where X holds other rows as well, ``at`` says which ones are meant: their n positions in X. So training,
    validation and refit share one matrix, which no one has to copy.
    """

    X: Tensor
    y: Tensor
    weight: Tensor | None = None
    at: Tensor | None = None

    def to(self, device: torch.device) -> Rows:
        """Return the rows on that device; they leave those that are not meant behind."""
        if device == self.X.device:
            return self
        weight = None if self.weight is None else self.weight.to(device)
        X = self.X if self.at is None else self.X[self.at]
        return Rows(X.to(device), self.y.to(device), weight)

    def inputs(self, chosen: Tensor) -> Tensor:
        """Return X of some of the n rows, named by their numbers."""
        return self.X[chosen if self.at is None else self.at[chosen]]

    def pieces(self, size: int) -> Iterator[Tensor]:
        """Yield X of the n rows in order, so many at a time."""
        if self.at is None:
            yield from torch.split(self.X, size)
        else:
            yield from (self.X[some] for some in torch.split(self.at, size))


def batch_sizes(rows: int, batch_size: int) -> list[int]:
    """Return the sizes of an epoch's batches, in order.

    The last one may be smaller. Where it would be a single row it joins the one before, because batch
    normalisation cannot train on one row.

    >>> batch_sizes(10, 4), batch_sizes(9, 4), batch_sizes(1, 4), batch_sizes(2, 1)
    ([4, 4, 2], [4, 5], [1], [1, 1])
    """
    sizes = [batch_size] * (rows // batch_size)
    rest = rows % batch_size
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def batches(rows: Rows, batch_size: int, epoch: int, *, shuffle: bool, seed: int) -> Iterator[Rows]:
    """Yield the batches of an epoch (counted from 1) in the order of (seed, epoch), or as the rows lie."""
    sizes = batch_sizes(len(rows.y), batch_size)
    if not shuffle and rows.at is None:
        yield from _cut(rows, sizes)
        return
    count = len(rows.y)
    order = torch.from_numpy(epoch_order(seed, epoch, count)) if shuffle else torch.arange(count)
    order = order.to(rows.X.device)
    together = max(1, _GATHERED // max(1, batch_size * rows.X[0].numel()))
    start = 0
    for first in range(0, len(sizes), together):
        piece = sizes[first : first + together]
        chosen = order[start : start + sum(piece)]
        start += len(chosen)
        weight = None if rows.weight is None else rows.weight[chosen]
        yield from _cut(Rows(rows.inputs(chosen), rows.y[chosen], weight), piece)


def _cut(rows: Rows, sizes: list[int]) -> Iterator[Rows]:
    X, y = torch.split(rows.X, sizes), torch.split(rows.y, sizes)
    weights = repeat(None) if rows.weight is None else torch.split(rows.weight, sizes)
    return map(Rows, X, y, weights)
