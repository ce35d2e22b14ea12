"""Finding leaks: what makes a score look better than the model will be on new rows.

Columns that give the target away are found on training rows alone and are to be left out. What crosses
the split (groups, near copies, time) is a warning: the data is right, the split is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.class_giveaways import giveaways_of_classes, says_something
from glassnet.data.crossings import group_leak, identifier_leak, time_leak
from glassnet.data.giveaways import Answers, Giveaway, giveaway_of_number
from glassnet.data.leak_facts import INPUT_ROLES, ROWS, Leak, Seen, Sides, dense, gather, look, ranks, scatter
from glassnet.data.near_copies import near_duplicate_leak
from glassnet.data.roles import ColumnRole
from glassnet.data.sums import FITTING, NEARLY, Formula, find_formula, write_formula
from glassnet.errors import message
from glassnet.randomness import stream

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Codes, Floats, Mask
    from glassnet.data.split import Fold
    from glassnet.data.table import Table
    from glassnet.recipe import TaskName

__all__ = ["Leak", "find_leaks"]

_FEWEST_ROWS = 40
_MOST_ROUNDS = 5
_MOST_ADDED, _MOST_WEIGHED = 12, 3
"""Most columns of a sum, and of a combination with any other factors."""


def find_leaks(
    tables: Sequence[Table],
    roles: Sequence[ColumnRole],
    targets: Sequence[str],
    task: TaskName,
    fold: Fold,
    seed: int = 0,
    keep: bool = False,
) -> tuple[Leak, ...]:
    """Search a split table for leaks.

    Args:
        tables: the data and, after it, the file of test rows if there is one; positions count on.
        roles: what each column is.
        targets: the columns to be predicted.
        fold: the split. Columns are judged by its training rows, at most 20,000 of them.
        seed: of the draw of those rows.
        keep: whether the user keeps columns that give the target away.

    Returns:
        The leaks, those that give the target away first. Never so many that no input is left.
    """
    if len(fold.train) < _FEWEST_ROWS:
        return ()
    named = {each.name: each for each in roles}
    if task in ("binary", "multiclass"):
        named |= {name: ColumnRole(name, "category", "the target") for name in targets}
    elif targets:
        named |= {name: ColumnRole(name, "number", "the target") for name in targets}
    sides = _sides(tables, fold)
    candidates = [named[each.name] for each in roles if each.name not in targets]
    rows = _drawn(fold.train, seed)
    columns = {
        each.name: look(gather(tables, each.name, rows), each)
        for each in candidates
        if each.role in (*INPUT_ROLES, "identifier")
    }
    leaks: list[Leak] = []
    for name in targets:
        leaks += _of_target(sides, rows, columns, named[name], task, candidates, keep)
    return tuple(
        sorted(_once(leaks) + _of_rows(sides, candidates, leaks), key=lambda each: not each.gives_away)
    )


def _sides(tables: Sequence[Table], fold: Fold) -> Sides:
    if len(fold.test):
        return Sides(tables, fold.train, fold.test, "test")
    return Sides(tables, fold.train, fold.validation, "validation")


def _drawn(train: Codes, seed: int) -> Codes:
    if len(train) <= ROWS:
        return train
    return np.sort(stream(seed, "leaks", "rows").choice(train, ROWS, replace=False))


def _once(leaks: list[Leak]) -> list[Leak]:
    """Return the leaks without those that another target has brought up already."""
    return list({(each.kind, each.columns): each for each in reversed(leaks)}.values())[::-1]


def _of_target(
    sides: Sides,
    rows: Codes,
    seen: dict[str, Seen],
    target: ColumnRole,
    task: TaskName,
    candidates: Sequence[ColumnRole],
    keep: bool,
) -> list[Leak]:
    answer = look(sides.cells(target.name, rows), target)
    full = ~answer.empty
    if full.sum() < _FEWEST_ROWS or answer.levels < 2:
        return []
    answers = Answers(
        target.name,
        None if task in ("binary", "multiclass") or answer.numbers is None else answer.numbers[full],
        dense(answer.codes[full]),
        _drift(sides, target, candidates),
    )
    columns = [_rows_of(each, full) for each in seen.values()]
    inputs = [each for each in columns if each.role in INPUT_ROLES and each.levels > 1]
    leaks = [_leak(each, target.name, keep) for each in _giveaways(inputs, answers, task)]
    for column in columns:
        if column.role == "identifier":
            others = [each for each in columns if each.role != "identifier"]
            found = identifier_leak(column, sides.cells(column.name, rows).filter(full), answers, others)
            leaks += [found] if found else []
    return leaks + _of_split(sides, seen, target, _honest(candidates, leaks))


def _honest(candidates: Sequence[ColumnRole], leaks: Sequence[Leak]) -> list[ColumnRole]:
    """Return the columns that do not give the target away."""
    caught = {name for leak in leaks if leak.gives_away for name in leak.columns}
    return [each for each in candidates if each.name not in caught]


def _of_split(
    sides: Sides, seen: dict[str, Seen], target: ColumnRole, candidates: Sequence[ColumnRole]
) -> list[Leak]:
    """Return what crosses the split with the target: groups that share it, and time."""
    grouped = [
        group_leak(sides, role, target)
        for role in candidates
        if role.role == "text" or (role.name in seen and _may_name_groups(seen[role.name]))
    ]
    dated = [time_leak(sides, role, target) for role in candidates if role.role == "date"]
    return [each for each in grouped if each] + [each for each in dated if each][:1]


def _may_name_groups(column: Seen) -> bool:
    """Say whether values may be names that several rows share; in a part of the rows they need not repeat."""
    if column.role != "number" or column.numbers is None:
        return column.levels > 2 and (column.levels < len(column.codes) or len(column.codes) == ROWS)
    some = column.numbers[~column.empty][:1000]
    return bool((some == np.round(some)).all()) and column.levels > 2


def _rows_of(column: Seen, rows: Mask) -> Seen:
    if rows.all():
        return column
    numbers = None if column.numbers is None else column.numbers[rows]
    return Seen(column.name, column.role, numbers, dense(column.codes[rows]), column.empty[rows])


def _drift(sides: Sides, target: ColumnRole, candidates: Sequence[ColumnRole]) -> float:
    """Return how much the target jumps from row to row, in the table's order or in that of its dates.

    1 where it is sorted: then its neighbours are near because of the order, and say nothing of a series.
    """
    start = max((len(sides.train) - ROWS) // 2, 0)
    rows = sides.train[start : start + ROWS]
    answer = look(sides.cells(target.name, rows), target)
    values, here = ranks(answer.codes), np.arange(len(rows), dtype=np.int64)
    if abs(float(np.corrcoef(values, here)[0, 1])) > 0.99:
        return 1.0
    orders = [here]
    for role in candidates:
        if role.role == "date":
            orders.append(np.argsort(look(sides.cells(role.name, rows), role).codes, kind="stable"))
    return min(scatter(values, order) for order in orders)


def _giveaways(inputs: list[Seen], answers: Answers, task: TaskName) -> list[Giveaway]:
    """Return the columns, and then the sets of columns, that give the target away.

    None at all if they would leave no input: then they are what the table is about.
    """
    if answers.numbers is None:
        giveaways = giveaways_of_classes(inputs, answers)
    else:
        giveaways = _of_numbers(inputs, answers)
    rest = _without(inputs, giveaways)
    numbers = answers.codes.astype(np.float64) if answers.numbers is None else answers.numbers
    if answers.numbers is not None or task == "binary":
        for _ in range(_MOST_ROUNDS):
            found = _set_of_columns(rest, numbers, answers)
            if found is None:
                break
            giveaways.append(found)
            rest = _without(rest, [found])
    return giveaways if rest else []


def _of_numbers(inputs: list[Seen], answers: Answers) -> list[Giveaway]:
    """Look at each column beside the others; then again beside those that are not leaks themselves."""
    found: list[Giveaway] = []
    others = inputs
    for _ in range(2):
        found = [
            leak
            for column in inputs
            if (leak := giveaway_of_number(column, answers, [each for each in others if each is not column]))
        ]
        if not found:
            break
        others = _without(inputs, found)
    return found


def _without(columns: list[Seen], giveaways: Sequence[Giveaway]) -> list[Seen]:
    caught = {name for each in giveaways for name in each.columns}
    return [each for each in columns if each.name not in caught]


def _set_of_columns(inputs: list[Seen], target: Floats, answers: Answers) -> Giveaway | None:
    """Find columns of which the target is a sum, a difference or a mean, a combination or a product."""
    numeric = [each for each in inputs if each.numbers is not None]
    names = [each.name for each in numeric]
    formula = find_formula([each.numbers for each in numeric if each.numbers is not None], target)
    if formula and len(formula.columns) < len(inputs):
        rest = [each for each in inputs if each.name not in {names[place] for place in formula.columns}]
        if _is_given_away(formula, rest, answers):
            return _giveaway(formula, names, answers, "+")
    if answers.numbers is None:
        return None
    return _product(numeric, inputs, target, answers)


def _is_given_away(formula: Formula, rest: list[Seen], answers: Answers) -> bool:
    """Say whether a combination is bookkeeping, and not the law that the table is there to teach.

    Sums, differences and means, weighted ones too, that fit exactly are. Other factors, or a sum with a
    little noise, are if the remaining columns say something of the target as well: a law's own inputs
    stand beside noise.
    """
    if len(formula.columns) < 2:
        return False
    if formula.is_bookkeeping and formula.fitting >= FITTING:
        return len(formula.columns) <= _MOST_ADDED
    nearly = formula.unexplained < NEARLY and formula.alike
    exact = formula.fitting >= FITTING
    if answers.numbers is None or len(formula.columns) > _MOST_WEIGHED or not (exact or nearly):
        return False
    return says_something(rest, answers)


def _product(numeric: list[Seen], inputs: list[Seen], target: Floats, answers: Answers) -> Giveaway | None:
    """Find columns of which the target is a product or a quotient, by the sum of their logarithms."""
    positive = [each for each in numeric if each.numbers is not None and _mostly_positive(each.numbers)]
    if len(positive) < 2 or not _mostly_positive(target):
        return None
    rows = target > 0
    logs = [_log(each.numbers[rows]) for each in positive if each.numbers is not None]
    names = [each.name for each in positive]
    formula = find_formula(logs, np.log(target[rows]))
    if not formula or not 2 <= len(formula.columns) <= _MOST_WEIGHED or len(formula.columns) >= len(inputs):
        return None
    if formula.fitting < FITTING or not formula.alike or abs(abs(formula.factors[0]) - 1) > 1e-3:
        return None
    rest = [each for each in inputs if each.name not in {names[place] for place in formula.columns}]
    return _giveaway(formula, names, answers, "*") if says_something(rest, answers) else None


def _mostly_positive(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return len(known) > 0 and bool((known >= 0).all()) and float((known > 0).mean()) > 0.5


def _log(values: Floats) -> Floats:
    return np.asarray(np.log(np.where(values > 0, values, np.nan)))


def _giveaway(formula: Formula, names: list[str], answers: Answers, sign: str) -> Giveaway:
    evidence = {"fitting": formula.fitting, "unexplained": formula.unexplained}
    finding = write_formula(formula, names, answers.name, sign)
    return Giveaway(tuple(names[place] for place in formula.columns), finding, evidence)


def _leak(found: Giveaway, target: str, keep: bool) -> Leak:
    is_one = len(found.columns) == 1
    listed = ", ".join(repr(each) for each in found.columns)
    if keep:
        it_is = "it is" if is_one else "they are"
        do = f"kept as you ask: the scores hold only where {it_is} known before {target!r} is"
    else:
        do = f"{'it is' if is_one else 'they are'} left out; --keep-leaks keeps {'it' if is_one else 'them'}"
    sentence = message(
        f"inputs must not give the target {target!r} away",
        f"{listed} {'does' if is_one else 'do'}: {found.finding} ({_figures(found.evidence)})",
        do,
    )
    return Leak("kept_leak" if keep else "leak", found.columns, found.finding, sentence, found.evidence)


def _figures(evidence: dict[str, float]) -> str:
    """Write the figures that a reader can judge."""
    words = {
        "fitting": "in {:.1%} of the rows",
        "share": "in {:.1%} of the rows or more",
        "rank_correlation": "rank correlation {:.4f}",
        "error": "wrong in {:.1%}",
        "error_of_others": "all other columns together in {:.1%}",
    }
    return ", ".join(words[name].format(value) for name, value in evidence.items() if name in words)


def _of_rows(sides: Sides, candidates: Sequence[ColumnRole], leaks: Sequence[Leak]) -> list[Leak]:
    """Return what crosses the split whatever the target is."""
    found = near_duplicate_leak(sides, _honest(candidates, leaks))
    return [found] if found else []
