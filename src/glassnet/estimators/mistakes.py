"""The perceptron algorithm: look at one row after the other, and learn from each that is wrong.

    wrong   where y (w x + b) <= 0, with y = -1 or +1
    then    w += rate * y * x,  b += rate * y

F. Rosenblatt, 1958, "The perceptron: a probabilistic model for information storage and organization in the
brain", Psychological Review 65. Order of rows, penalties and stopping are those of scikit-learn's stochastic
gradient descent, whose L1 penalty is Tsuruoka, Tsujii and Ananiadou, 2009, "Stochastic gradient descent
training for L1-regularized log-linear models with cumulative penalty".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.linear import Line
from glassnet.estimators.rows import Rows

BLOCK = 64
"""Rows whose scores are computed at once; behind a mistake those of the rest of a block are computed anew."""


@dataclass(frozen=True)
class Penalty:
    """l1 * |w| + l2 / 2 * w^2 after each row."""

    l1: float = 0.0
    l2: float = 0.0


@dataclass(frozen=True)
class Rules:
    """How a perceptron learns; see ``Perceptron`` for what is not said here.

    Attributes:
        seed: of the order of the rows; None visits them as they are.
        score: returns the score of a line on validation rows; None: the loss decides when to stop.
    """

    rate: float
    penalty: Penalty
    fit_intercept: bool
    max_iter: int
    tol: float | None
    n_iter_no_change: int
    seed: int | None
    score: Callable[[Array, float], float] | None
    verbose: bool


def learn(rows: Rows, kept: Array, line: Line, rules: Rules) -> tuple[list[Line], int]:
    """Train one boundary; return the start and the line after each epoch, and the number of epochs.

    Args:
        rows: y is -1 or +1; the weight multiplies what a mistake changes.
        kept: which rows are learned from, bool (n,); the others are there for validation.
        line: to start from.

    Raises:
        ValueError: the weights became infinite or not a number.
    """
    w, b = line[0].copy(), line[1]
    path = [(w.copy(), b)]
    order, shuffle = np.arange(len(rows)), _shuffle(len(rows), rules.seed)
    best, stale = np.inf, 0
    owed = np.zeros(2 if rules.penalty.l1 == 0 else len(w) + 1)
    for epoch in range(1, rules.max_iter + 1):
        order = order[shuffle]
        w, b, loss = _epoch(rows, order[kept[order]], w, b, rules, owed)
        if not (np.isfinite(w).all() and np.isfinite(b)):
            do = "scale the data, for example with StandardScaler"
            raise ValueError(message(f"weights must be finite at epoch {epoch}", "they overflowed", do))
        path.append((w.copy(), b))
        if rules.verbose:
            print(f"Epoch {epoch}, loss = {loss / kept.sum():.8f}")
        now = loss / kept.sum() if rules.score is None else -rules.score(w, b)
        stale = stale + 1 if rules.tol is not None and now > best - rules.tol else 0
        best = min(best, now)
        if stale >= rules.n_iter_no_change:
            break
    return path, epoch


def _epoch(
    rows: Rows, order: Array, w: Array, b: float, rules: Rules, owed: Array
) -> tuple[Array, float, float]:
    """Look at every row once; return the line, and the loss of the rows as each was met."""
    loss = 0.0
    one_by_one = rules.penalty != Penalty()
    for start in range(0, len(order), BLOCK):
        block = rows.part(order[start : start + BLOCK])
        if one_by_one:
            b, some = _with_penalty(block, w, b, rules, owed)
        else:
            b, some = _block(block, w, b, rules)
        loss += some
    return w, b, loss


def _block(block: Rows, w: Array, b: float, rules: Rules) -> tuple[float, float]:
    """Learn from the mistakes in a few rows; w is changed in place. Return the bias and the loss."""
    x, y, step = block.X, block.y, _steps(block, rules)
    loss, at = 0.0, 0
    margins = y * (x @ w + b)
    while True:
        wrong = np.flatnonzero(margins[at:] <= 0)
        if not len(wrong):
            return b, loss
        at += int(wrong[0])
        loss -= float(margins[at])
        w += step[at] * x[at]
        b += step[at] if rules.fit_intercept else 0.0
        at += 1
        margins[at:] = y[at:] * (x[at:] @ w + b)


def _with_penalty(block: Rows, w: Array, b: float, rules: Rules, owed: Array) -> tuple[float, float]:
    """Learn row by row, because a penalty changes w after each; ``owed`` is of the L1 penalty so far."""
    p, loss = rules.penalty, 0.0
    shrink = max(0.0, 1.0 - rules.rate * p.l2)
    for x, y, step in zip(block.X, block.y, _steps(block, rules), strict=True):
        margin = y * (x @ w + b)
        loss += max(0.0, -margin) + 0.5 * p.l2 * float(w @ w) + p.l1 * float(np.abs(w).sum())
        w *= shrink
        if margin <= 0:
            w += step * x
            b += step if rules.fit_intercept else 0.0
        if p.l1:
            owed[0] += rules.rate * p.l1
            before = w.copy()
            np.copyto(w, np.where(w > 0, np.maximum(0, w - owed[0] - owed[1:]), w))
            np.copyto(w, np.where(before < 0, np.minimum(0, before + owed[0] - owed[1:]), w))
            owed[1:] += w - before
    return b, loss


def _steps(block: Rows, rules: Rules) -> Array:
    """Return by how much of its x each row would change w."""
    step: Array = rules.rate * block.y
    return step if block.weight is None else step * block.weight


def _shuffle(rows: int, seed: int | None) -> Array:
    """Return how each epoch changes the order, the same way each time, by scikit-learn's XorShift numbers.

    G. Marsaglia, 2003, "Xorshift RNGs", Journal of Statistical Software 8; the shuffle is Fisher and Yates'.
    """
    order = list(range(rows))
    if seed is None:
        return np.array(order, np.int64)
    state = seed or 1
    for i in range(rows - 1):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        j = i + (state % 2**31) % (rows - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)
