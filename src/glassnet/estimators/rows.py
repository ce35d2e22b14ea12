"""Rows on their way from scikit-learn's checks to a net: weights, batches, sparse rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from glassnet.engine.dense import Array, DenseNet, Parameters, train_many
from glassnet.errors import message

DENSE_NUMBERS = 4_194_304
"""How many numbers of a sparse matrix are written out at once: 32 MiB of float64."""


@dataclass(frozen=True)
class Rows:
    """Rows to train on: X (n, inputs), dense or sparse; y as the net takes it; weight (n,) or None."""

    X: Any
    y: Array
    weight: Array | None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    @property
    def total_weight(self) -> float:
        """The sum of the weights; the number of rows where they have none."""
        return float(len(self)) if self.weight is None else float(self.weight.sum())

    def part(self, at: Any) -> Rows:
        """Return some of the rows; sparse ones are written out."""
        X = self.X[at].toarray() if sparse.issparse(self.X) else self.X[at]
        return Rows(X, self.y[at], None if self.weight is None else self.weight[at])


def checked_weight(sample_weight: Any, rows: int, dtype: Any) -> Array | None:
    """Return the weights of the rows; one number is that of all rows.

    Raises:
        ValueError: they are not one finite number for each row, or all are 0.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(rows, sample_weight)
    weight = check_array(sample_weight, ensure_2d=False, dtype=dtype, order="C", input_name="sample_weight")
    if weight.shape != (rows,):
        must = f"sample_weight must be one number for each of the {rows} rows"
        raise ValueError(message(must, f"shape {weight.shape}", "pass an array of that length"))
    if not weight.any():
        must = "sample_weight must not be zero for every row"
        raise ValueError(message(must, "all are", "leave it out, or weight some row"))
    return np.asarray(weight)


def check_each(rows: list[Any], what: str, fits: Callable[[Any], bool], do: str) -> None:
    """Check that there are rows that are one object each, such as texts, and that all of them fit.

    Raises:
        ValueError: there are none, or one does not.
    """
    wrong = [place for place, each in enumerate(rows) if not fits(each)]
    if wrong or not rows:
        found = f"element {wrong[0]} is {rows[wrong[0]]!r:.60}" if wrong else f"it is empty: 0 {what}"
        raise ValueError(message(f"X must hold {what}", found, do))


def batch_sizes(rows: int, size: int) -> Array:
    """Return how many rows each batch has; the last may be smaller. dtype int64."""
    whole, rest = divmod(rows, size)
    return np.array([size] * whole + [rest] * bool(rest), np.int64)


def one_pass(
    nets: Sequence[DenseNet],
    rows: Rows,
    orders: Sequence[Array],
    sizes: Array,
    rate: float,
    threads: int,
) -> float:
    """Train each net on all batches of its order, and return the mean of their losses."""
    rates = np.full(len(sizes), rate)
    if sparse.issparse(rows.X):
        losses = [
            _sparse_pass(net, rows, order, sizes, rates) for net, order in zip(nets, orders, strict=True)
        ]
    elif len(nets) == 1:
        losses = [nets[0].train(rows.X, rows.y, rows.weight, orders[0], sizes, rates)]
    else:
        weights, all_rates = [rows.weight] * len(nets), [rates] * len(nets)
        losses = train_many(nets, rows.X, rows.y, weights, orders, sizes, all_rates, threads)
    return float(np.mean(losses))


def _sparse_pass(net: DenseNet, rows: Rows, order: Array, sizes: Array, rates: Array) -> float:
    """Write out one batch of sparse rows after the other, so that memory holds no more than one."""
    total = weighed = 0.0
    ends = np.cumsum(sizes)
    for k, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        batch, one = rows.part(order[end - size : end]), slice(k, k + 1)
        loss = net.train(batch.X, batch.y, batch.weight, np.arange(size), sizes[one], rates[one])
        total, weighed = total + loss * batch.total_weight, weighed + batch.total_weight
    return total / weighed if weighed else 0.0


def outputs_of(net: DenseNet, X: Any) -> Array:
    """Return a net's outputs for dense or sparse rows, shape (n, outputs)."""
    if not sparse.issparse(X):
        return net.outputs(np.ascontiguousarray(X))
    X = X.tocsr()
    return np.concatenate([net.outputs(X[at].toarray()) for at in chunks(X)])


def chunks(X: Any) -> Iterator[slice]:
    """Cut sparse rows into pieces that are small when they are written out."""
    step = max(1, DENSE_NUMBERS // max(1, X.shape[1]))
    for start in range(0, X.shape[0], step):
        yield slice(start, start + step)


def loss_and_gradients(net: DenseNet, rows: Rows) -> tuple[float, Parameters]:
    """Return loss and gradients over all rows; sparse ones are written out piece by piece."""
    if not sparse.issparse(rows.X):
        return net.loss_and_gradients(rows.X, rows.y, rows.weight)
    like = net.parameters()
    total, slopes = 0.0, np.zeros_like(packed(like))
    for at in chunks(rows.X):
        part = rows.part(at)
        loss, some = net.loss_and_gradients(part.X, part.y, part.weight)
        share = part.total_weight / rows.total_weight
        total += share * loss
        slopes += share * packed(some)
    return total, unpacked(slopes, like)


def packed(parameters: Parameters) -> Array:
    """Return all weights and biases as one flat array."""
    return np.concatenate([each.ravel() for pair in parameters for each in pair if each is not None])


def unpacked(theta: Array, like: Parameters) -> Parameters:
    """Cut a flat array into weights and biases of these shapes."""
    found: Parameters = []
    start = 0
    for W, b in like:
        middle = start + W.size
        end = middle + (0 if b is None else b.size)
        found.append((theta[start:middle].reshape(W.shape), None if b is None else theta[middle:end]))
        start = end
    return found
