"""Searching for a few columns of which the target is a sum, a difference, a mean or a product.

Least squares on all columns says whether any exact combination exists; backward elimination finds the
smallest one. Rows that do not fit (wrong or missing cells) are put aside on the way, as in least trimmed
squares (Rousseeuw 1984), and counted at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassnet.data.leak_facts import Codes, Floats

FEWEST_ROWS = 30
ROWS = 5000
"""Rows that the search looks at; what it finds is checked on all that it is given."""
NEARLY = 1e-4
"""Unexplained share of the target's variance up to which a combination of columns is looked into."""
EXACT = 1e-6
"""A row fits exactly if it is off by at most so many standard deviations of the target."""
FITTING = 0.9
"""The share of the rows that must fit."""
_KEPT = 0.8
_ROUNDS = 6


@dataclass(frozen=True)
class Formula:
    """``target = sum of factor * column + shift``.

    Attributes:
        columns: positions among the columns searched.
        factors: one a column, in the user's units.
        alike: whether all factors have the same size: a sum, a difference, a mean.
        fitting: the share of rows that it fits to rounding.
        unexplained: the share of the target's variance that it leaves, wrong rows put aside.
    """

    columns: tuple[int, ...]
    factors: tuple[float, ...]
    shift: float
    alike: bool
    fitting: float
    unexplained: float

    @property
    def is_bookkeeping(self) -> bool:
        """Whether it is a sum, a difference, a mean, or a mean with weights that add up to 1."""
        weights = np.array(self.factors)
        return self.alike or bool((weights > 0).all() and abs(weights.sum() - 1) < EXACT and not self.shift)


def find_formula(columns: Sequence[Floats], target: Floats) -> Formula | None:
    """Search for a smallest set of columns of which the target is nearly a linear combination.

    Args:
        columns: each of shape (rows,), NaN where missing.
        target: shape (rows,).
    """
    rows = _telling_rows(target)[:ROWS]
    if len(rows) < FEWEST_ROWS or not columns:
        return None
    matrix = np.stack([each[rows] for each in columns], axis=1)
    unit = _standardised(matrix)
    answer = target[rows] - target[rows].mean()
    if answer.std() == 0:
        return None
    answer = answer / answer.std()
    usable = _strongest(unit, answer, len(rows) // 5)
    chosen = _smallest_set(unit[:, usable], answer)
    if not chosen:
        return None
    places = tuple(sorted(int(usable[each]) for each in chosen))
    return _fitted(places, [columns[each] for each in places], target)


def _telling_rows(target: Floats) -> Codes:
    """Return the rows to search, mixed, those with the most frequent value thinned to a third of them."""
    mixed = np.random.Generator(np.random.PCG64(0)).permutation(len(target))
    values, counts = np.unique(target, return_counts=True)
    usual = target[mixed] == values[counts.argmax()]
    most = max(int((~usual).sum()) // 2, 1)
    return np.asarray(mixed[~usual | (np.cumsum(usual) <= most)])


def _standardised(matrix: Floats) -> Floats:
    known = ~np.isnan(matrix)
    filled = np.where(known, matrix, 0.0)
    filled = np.where(known, filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    filled -= filled.mean(axis=0)
    spread = filled.std(axis=0)
    return np.asarray(filled / np.where(spread > 0, spread, 1))


def _strongest(unit: Floats, answer: Floats, most: int) -> Codes:
    """Return the columns to search: all, or where rows are few those that go with the target most."""
    varies = unit.std(axis=0) > 0
    together = np.where(varies, np.abs(answer @ unit), -1)
    order = np.argsort(-together, kind="stable")[: max(most, 1)]
    return np.asarray(order[together[order] >= 0])


def _smallest_set(unit: Floats, answer: Floats) -> list[int]:
    """Put aside the rows that fit worst until an exact combination shows; return its smallest set."""
    kept = np.arange(len(answer))
    for _ in range(_ROUNDS):
        some, its_answer = unit[kept], answer[kept]
        some = some - some.mean(axis=0)
        its_answer = its_answer - its_answer.mean()
        scale = float(its_answer @ its_answer)
        if scale < 1e-12 * len(answer):
            return []
        among = _independent(some)
        weights = np.linalg.lstsq(
            some[:, among].T @ some[:, among], some[:, among].T @ its_answer, rcond=None
        )[0]
        left = float(np.sum((its_answer - some[:, among] @ weights) ** 2)) / scale
        if left < NEARLY:
            return [among[each] for each in _eliminate(some[:, among], its_answer, left)]
        off = np.abs(answer - unit[:, among] @ weights - np.median(answer - unit[:, among] @ weights))
        kept = _closest_rows(off)
    return []


def _closest_rows(off: Floats) -> Codes:
    """Return the four fifths of the rows that are off by least."""
    count = int(_KEPT * len(off))
    return np.asarray(np.argpartition(off, count)[:count])


def _independent(matrix: Floats) -> list[int]:
    """Return columns of which none is a combination of others before it (pivoted Cholesky)."""
    gram = matrix.T @ matrix / len(matrix)
    left, factor, chosen = np.diag(gram).copy(), np.zeros_like(gram), list[int]()
    for step in range(min(len(gram), len(matrix) - 1)):
        place = int(left.argmax())
        if left[place] < 1e-9:
            break
        column = (gram[:, place] - factor[:, :step] @ factor[place, :step]) / np.sqrt(left[place])
        factor[:, step] = column
        left = left - column**2
        left[place] = -1.0
        chosen.append(place)
    return sorted(chosen)


def _eliminate(matrix: Floats, answer: Floats, left: float) -> list[int]:
    """Take out columns, the least needed first, for as long as the rest explains the answer."""
    scale = float(answer @ answer)
    inverse = np.linalg.inv(matrix.T @ matrix / scale)
    weights = inverse @ (matrix.T @ answer) / scale
    remaining, most = list(range(matrix.shape[1])), max(4 * left, 1e-9)
    while len(remaining) > 1:
        costs = weights**2 / np.diag(inverse)
        place = int(costs.argmin())
        if left + costs[place] > most:
            break
        left += float(costs[place])
        weights = weights - inverse[:, place] * weights[place] / inverse[place, place]
        inverse = inverse - np.outer(inverse[:, place], inverse[place]) / inverse[place, place]
        rest = np.arange(len(remaining)) != place
        weights, inverse = weights[rest], inverse[np.ix_(rest, rest)]
        remaining.pop(place)
    return remaining


def _fitted(places: tuple[int, ...], columns: Sequence[Floats], target: Floats) -> Formula | None:
    """Fit the factors again without the rows that are off, and count what fits to rounding."""
    matrix = np.stack(columns, axis=1)
    full = ~np.isnan(matrix).any(axis=1)
    matrix, target = matrix[full], target[full]
    if len(target) < FEWEST_ROWS:
        return None
    factors, shift, kept = trimmed_line(matrix, target)
    sizes = np.abs(factors)
    if sizes.min() == 0:  # the rows that fit have one value of the target, or of the column
        return None
    alike = bool(sizes.max() - sizes.min() <= 0.01 * sizes.max())
    if alike:
        size = _tidy(float(sizes.mean()))
        factors = np.sign(factors) * size
        shift = float(np.median(target - matrix @ factors))
    shift = 0.0 if abs(shift) < EXACT * target.std() else shift
    off = np.abs(target - matrix @ factors - shift)
    allowed = EXACT * target.std()
    if alike:
        allowed = max(allowed, rounding(matrix, factors, target))
    values, counts = np.unique(target, return_counts=True)
    unusual = (
        target != values[counts.argmax()] if counts.max() > len(target) / 5 else np.ones(len(target), bool)
    )
    spread = float(target[kept].var())
    return Formula(
        columns=places,
        factors=tuple(float(each) for each in factors),
        shift=shift,
        alike=alike,
        fitting=float(min((off <= allowed).mean(), (off <= allowed)[unusual].mean())),
        unexplained=float(np.mean(off[kept] ** 2)) / spread if spread > 0 else 1.0,
    )


def trimmed_line(matrix: Floats, target: Floats) -> tuple[Floats, float, Codes]:
    """Fit ``target = matrix @ factors + shift`` to the four fifths of the rows that fit best."""
    centre, spread = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), 1e-300)
    unit = np.column_stack([(matrix - centre) / spread, np.ones(len(target))])
    kept = np.arange(len(target))
    weights = np.zeros(unit.shape[1])
    for _ in range(_ROUNDS):
        weights = np.linalg.lstsq(unit[kept], target[kept], rcond=None)[0]
        kept = _closest_rows(np.abs(target - unit @ weights))
    factors = weights[:-1] / spread
    return factors, float(weights[-1] - factors @ centre), kept


def rounding(matrix: Floats, factors: Floats, target: Floats) -> float:
    """Return how far off a row may be because values are rounded: at most a hundredth of the spread."""
    steps = sum(abs(factor) * _step(column) for factor, column in zip(factors, matrix.T, strict=True))
    return min(0.501 * float(_step(target) + steps), 0.01 * float(target.std()))


def _step(values: Floats) -> float:
    """Return the last decimal that values are written to: 1, 0.1, ... 1e-6, or 0 if there are more."""
    some = values[:1000]
    for step in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6):
        scaled = some / step
        if np.abs(scaled - scaled.round()).max() < 1e-4 and np.abs(scaled).max() < 1e9:
            return step
    return 0.0


def _tidy(size: float) -> float:
    """Return 1, a whole number or a whole part of 1 where a factor is within a thousandth of it."""
    for near in (max(round(size), 1), 1 / max(round(1 / size), 1)):
        if abs(size - near) <= 1e-3 * near:
            return float(near)
    return size


def write_formula(formula: Formula, names: Sequence[str], target: str, sign: str = "+") -> str:
    """Write a formula as text: ``casual + registered = cnt``, ``(a + b) / 2 = c``, ``0.4 * a + 0.6 * b = c``.

    Args:
        names: the names of all columns searched.
        sign: ``*`` if it was found between logarithms: ``price * quantity = total``.
    """
    if sign == "*":
        return _write_product(formula, names, target)
    size = abs(formula.factors[0]) if formula.alike else 1.0
    text = ""
    for place, factor in sorted(
        zip(formula.columns, formula.factors, strict=True), key=lambda each: -each[1]
    ):
        amount = "" if formula.alike else f"{abs(factor):.4g} * "
        joint = (" + " if factor > 0 else " - ") if text else ("" if factor > 0 else "-")
        text += f"{joint}{amount}{names[place]}"
    if abs(size - 1) > 1e-9:
        inner = text if len(formula.columns) == 1 else f"({text})"
        text = (
            f"{inner} / {round(1 / size)}"
            if abs(1 / size - round(1 / size)) < 1e-6
            else f"{size:.4g} * {inner}"
        )
    shift = f" {'+' if formula.shift > 0 else '-'} {abs(formula.shift):.4g}" if formula.shift else ""
    return f"{text}{shift} = {target}"


def _write_product(formula: Formula, names: Sequence[str], target: str) -> str:
    above = [names[place] for place, each in zip(formula.columns, formula.factors, strict=True) if each > 0]
    below = [names[place] for place, each in zip(formula.columns, formula.factors, strict=True) if each < 0]
    constant = float(np.exp(formula.shift))
    above = above if abs(constant - 1) < 1e-6 and above else [f"{constant:.4g}", *above]
    return " * ".join(above) + "".join(f" / {each}" for each in below) + f" = {target}"
