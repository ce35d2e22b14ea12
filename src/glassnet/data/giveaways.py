"""Single columns that give the target away.

What marks a leak is its direction. A column that was made from the target (a copy, a rank, a bucket, an
amount that is only paid afterwards) is a function of the target: it carries nothing else. A honest column,
however strong, carries something of its own: that the other columns know of, or that the target is not
told by. So each check asks whether the column is a function of the target, and not only the reverse; and
where that leaves a doubt, the column is a leak only if the other columns say something of the target and
still come nowhere near. Where the other columns say nothing, the strong column is what the table is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.leak_facts import (
    FEW,
    SURE,
    Seen,
    chi_square_deviation,
    coarse,
    connection,
    dense,
    ranks,
    scatter,
    shuffled_order,
)
from glassnet.data.sums import EXACT as EXACT_FIT
from glassnet.data.sums import FITTING, rounding, trimmed_line

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Codes, Floats, Mask

FEWEST = 10
"""Classes and levels with fewer rows than this are passed over."""
PURE = 0.98
"""This share of each class must have its own value for a column to be a copy of the classes."""
NEARLY_PURE = 0.965
EXACT = 0.003
"""Up to this scatter (a part of the spread) a column is a function of the target, whatever else holds."""
_PLAIN, _KNOWN, _TELLING = 0.014, 0.065, 0.12
"""The same where the other columns say nothing of the target; say something; show the direction."""
_DOUBT = 2.0
"""Deviations by which one direction must be plainer than the other."""
_ALONG = 0.7
"""Least rank correlation of a column that may be the target in another unit, with wrong cells."""
_MOST_OTHERS = 30


@dataclass(frozen=True)
class Giveaway:
    """Columns that give the target away, what was found, and its figures."""

    columns: tuple[str, ...]
    finding: str
    evidence: dict[str, float]


@dataclass(frozen=True)
class Answers:
    """The target in the rows looked at: ``numbers`` for a number target, None for classes.

    Attributes:
        codes: shape (rows,), dense and in order; for classes one code a class.
        drift: scatter of the target from row to row in the table's order or in time, see `scatter`:
            what is as near as this to the target is no more than its last value.
    """

    name: str
    numbers: Floats | None
    codes: Codes
    drift: float = 1.0

    @property
    def parts(self) -> Codes:
        """The classes, or tenths of the numbers."""
        return self.codes if self.numbers is None else coarse(self.codes)


def giveaway_of_number(column: Seen, answers: Answers, others: Sequence[Seen]) -> Giveaway | None:
    """Say whether a column gives a number target away."""
    if column.levels <= FEW:
        return _copy_of_few(column, answers) or (None if _is_time(column) else _bucket(column, answers))
    if column.numbers is None or answers.numbers is None:
        return None
    full = ~column.empty
    usual = np.bincount(answers.codes[full]) if full.any() else np.zeros(1)
    if usual.max() > full.sum() / 5:  # half the rows 0 in both columns says nothing of the other half
        is_usual = full & (answers.codes == usual.argmax())
        if not _hardly_varies(column.numbers[is_usual], column.numbers[full]):
            return None
        full = full & ~is_usual
    if full.sum() < 50 or min(np.ptp(column.codes[full]), np.ptp(answers.codes[full])) == 0:
        return None
    ranked = _ranks_of(column.codes[full]), _ranks_of(answers.codes[full])
    rho = float(np.corrcoef(*ranked)[0, 1])
    if abs(rho) > _ALONG:
        line = _line(column.name, column.numbers[full], answers.numbers[full], answers.name)
        if line:
            return line
    return None if _is_time(column) else _function(column, answers, others, full)


def _hardly_varies(some: Floats, values: Floats) -> bool:
    return float(np.median(np.abs(some - np.median(some)))) <= 0.1 * float(values.std())


def _is_time(column: Seen) -> bool:
    """Say whether a column only rises, or only falls, from row to row, as a date or a year does.

    A target that grows in the course of time is a smooth function of it, and is no source of it.
    """
    steps = np.diff(column.codes)
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return column.role == "date" or min(up, down) <= 0.01 * len(steps)


def _copy_of_few(column: Seen, answers: Answers) -> Giveaway | None:
    """Find a copy, under any names, of a target with few different values."""
    if int(answers.codes.max()) >= FEW:
        return None
    share, whole = copied(column.codes, answers.codes)
    if share < PURE or not whole:
        return None
    finding = f"each value of {answers.name} has its own value of {column.name}"
    return Giveaway((column.name,), finding, {"share": share})


def _bucket(column: Seen, answers: Answers) -> Giveaway | None:
    """Find a column that says in which range the target is: with ranges that touch, as only a rule cuts.

    Groups that differ by nature leave a gap, or overlap.
    """
    common = np.bincount(column.codes)[column.codes] >= FEWEST
    if answers.numbers is None or common.mean() < 0.9:
        return None
    codes, target = dense(column.codes[common]), answers.numbers[common]
    counts = np.bincount(codes)
    order = shuffled_order(dense(target))
    along = codes[order]
    edges = int((along[1:] != along[:-1]).sum())
    if edges > 3 * len(along) // 100 + 4 * len(counts):
        return None
    settled = most_frequent_nearby(along, len(counts))
    misfits = float((settled != along).mean())
    steps = np.flatnonzero(settled[1:] != settled[:-1])
    if misfits > 1 - PURE or not 1 <= len(steps) <= 2 * len(counts):
        return None
    values = target[order]
    reach = max(5, int(counts.min()) // 4)
    around = values[np.minimum(steps + reach, len(values) - 1)] - values[np.maximum(steps - reach, 0)]
    gaps = (values[steps + 1] - values[steps]) / np.where(around > 0, around, np.inf)
    if around.min() <= 0 or np.median(gaps) > 1 / 3:
        return None
    finding = f"each value of {column.name} stands for a range of {answers.name}"
    return Giveaway((column.name,), finding, {"share": 1 - misfits, "ranges": float(len(steps) + 1)})


def most_frequent_nearby(along: Codes, levels: int) -> Codes:
    """Return the most frequent code among the 9 rows around each row."""
    counts = np.zeros((levels, len(along)))
    for level in range(levels):
        counts[level] = np.convolve(along == level, np.ones(9), mode="same")
    return np.asarray(counts.argmax(axis=0), dtype=np.int64)


def _line(name: str, values: Floats, target: Floats, target_name: str) -> Giveaway | None:
    """Find a column of which the target is ``factor * column + shift``, but for a few wrong cells."""
    if values.std() == 0:
        return None
    factors, shift, _ = trimmed_line(values[:, None], target)
    if factors[0] == 0:
        return None
    allowed = max(EXACT_FIT * float(target.std()), rounding(values[:, None], factors, target))
    share = float((np.abs(target - factors[0] * values - shift) <= allowed).mean())
    if share < FITTING:
        return None
    factor = float(factors[0])
    text = name if abs(factor - 1) < 1e-6 else f"{factor:.4g} * {name}"
    moved = abs(shift) > EXACT_FIT * float(np.abs(target).max())
    text += f" {'+' if shift > 0 else '-'} {abs(shift):.4g}" if moved else ""
    return Giveaway((name,), f"{text} = {target_name}", {"fitting": share, "factor": factor, "shift": shift})


def _function(column: Seen, answers: Answers, others: Sequence[Seen], full: Mask) -> Giveaway | None:
    """Find a column that is a smooth function of the target (its logarithm, its rank), with little noise."""
    values, target = _ranks_of(column.codes[full]), _ranks_of(answers.codes[full])
    by_target = shuffled_order(dense(answers.codes[full]))
    noise = scatter(values, by_target)
    rho = float(np.corrcoef(values, target)[0, 1])
    if abs(rho) >= 0.9 and int(answers.codes.max()) < len(values) / 2:
        by_column = shuffled_order(dense(column.codes[full]))
        noise = min(noise, scatter(target, by_column))
    if noise > _TELLING:
        return None
    evidence = {"scatter": noise, "rank_correlation": rho}
    words = "rises and falls with" if abs(rho) >= 0.9 else "is a function of"
    finding = f"{column.name} {words} {answers.name}, {noise:.1%} noise"
    if noise > EXACT and not _is_made_from(values, target, noise, answers, others, full):
        return None
    return Giveaway((column.name,), finding, evidence)


def _ranks_of(codes: Codes) -> Floats:
    return ranks(dense(codes))


def _is_made_from(
    values: Floats,
    target: Floats,
    noise: float,
    answers: Answers,
    others: Sequence[Seen],
    full: Mask,
) -> bool:
    """Decide whether a column that goes with the target nearly exactly was made from it.

    If it was, the other columns say nothing of what it adds to the target. Where they do, the target was
    made from it and from them. A series whose last value is as near has a column of last values.
    """
    if noise * 5 > answers.drift:
        return False
    parts = answers.parts
    strength = np.array([connection(coarse(each.codes, each.numbers is None), parts) for each in others])
    if not (strength > SURE).any():
        return noise <= _PLAIN
    strongest = np.argsort(-strength, kind="stable")[:_MOST_OTHERS]
    beside = np.stack([_ranks_of(others[each].codes[full]) for each in strongest], axis=1)
    of_column, of_target = _explained(values, target, beside), _explained(target, values, beside)
    if of_column > SURE:
        return False
    if noise <= _KNOWN:
        return of_target > of_column - _DOUBT
    return of_target > max(of_column, 1.0) + _DOUBT


def _explained(values: Floats, given: Floats, beside: Floats) -> float:
    """Return how surely columns ``beside`` explain ``values`` where ``given`` is known, in deviations."""
    order = np.argsort(given, kind="stable")
    window = 2 * max(len(order) // 100, 2) + 1
    rest = [_off_the_trend(each[order], window) for each in (values, *beside.T)]
    matrix, left = np.stack(rest[1:], axis=1), rest[0]
    weights = np.linalg.lstsq(matrix, left, rcond=None)[0]
    share = 1 - float(np.sum((left - matrix @ weights) ** 2)) / max(float(left @ left), 1e-300)
    return chi_square_deviation(max(share, 1e-12) * len(left), matrix.shape[1])


def _off_the_trend(along: Floats, window: int) -> Floats:
    """Return what is left of values beside their moving mean."""
    total = np.concatenate([[0.0], np.cumsum(along)])
    means = (total[window:] - total[:-window]) / window
    half = window // 2
    return np.asarray(along[half : half + len(means)] - means)


def copied(codes: Codes, classes: Codes) -> tuple[float, bool]:
    """Say how nearly a column has one value for each class.

    Returns:
        share: of the rows that have their class's most frequent value, the mean over the sets of classes
            with the same one; 0 if all classes have the same, or if a set has less than 90 %.
        whole: whether each class has a value of its own.
    """
    levels = int(codes.max()) + 1
    counts = np.bincount(classes * levels + codes, minlength=(int(classes.max()) + 1) * levels)
    counts = counts.reshape(-1, levels)
    counts = counts[counts.sum(axis=1) >= FEWEST]
    if len(counts) < 2:
        return 0.0, False
    usual = counts.argmax(axis=1)
    sets = np.unique(usual)
    if len(sets) < 2:
        return 0.0, False
    shares = [counts[usual == each, each].sum() / counts[usual == each].sum() for each in sets]
    return float(np.mean(shares)) if min(shares) >= 0.9 else 0.0, len(sets) == len(counts)
