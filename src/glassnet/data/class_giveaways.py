"""Single columns that give the classes of a target away; see `giveaways` for what marks a leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.giveaways import FEWEST, NEARLY_PURE, PURE, Answers, Giveaway, copied, most_frequent_nearby
from glassnet.data.leak_facts import FEW, SURE, Seen, coarse, connection, dense, ranks, shuffled_order
from glassnet.randomness import stream

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Codes, Floats

_MOST_LEVELS = 64
_ONE_SIDED_PURE, _ONE_SIDED_ROWS, _ONE_SIDED_SHARE, _MOST_OF_USUAL = 0.995, 50, 0.25, 0.75
"""What is seldom may be honestly impossible in many rows: no holiday on a working day. So of a class that
more than half the rows are of, most rows must have in common what no other row has."""
_CHANCE = 0.8
"""Other columns that are wrong less than this part of chance say something of the classes."""
_TIGHT, _VERY_TIGHT = 8.0, 16.0
"""So many deviations apart, classes may be far apart by nature; so many, two or three are not."""
_BEYOND = 0.005
"""What the other columns must get wrong at least for a column to tell more than they do."""
_FEW_BINS = 4
"""Within a class there are few rows for a table of counts."""
_TREES, _ROWS = 60, 1500


@dataclass(frozen=True)
class Suspect:
    """A column that tells classes apart; a leak if the other columns are wrong far more often.

    Attributes:
        column: its name.
        finding: what was found, in a few words.
        classes: which classes are told apart, shape (rows,).
        error: the mean share of each class that it gets wrong.
        floor: the other columns must get at least so much wrong.
        ceiling: and at most so much; 1 if it does not matter that they say anything at all.
        made: whether it is a function of the class, so that it says nothing honest.
    """

    column: str
    finding: str
    classes: Codes = field(repr=False)
    error: float
    floor: float
    ceiling: float
    made: bool


def giveaways_of_classes(columns: Sequence[Seen], answers: Answers) -> list[Giveaway]:
    """Return the columns that give the classes away."""
    found, suspects = [], []
    for column in columns:
        copy = _copy(column, answers)
        if copy:
            found.append(copy)
        else:
            suspects += _suspects(column, [each for each in columns if each is not column], answers)
    copies = {name for each in found for name in each.columns}
    rest = [each for each in columns if each.name not in copies]
    return found + _far_ahead(suspects, rest, answers)


def _copy(column: Seen, answers: Answers) -> Giveaway | None:
    for codes, what in _forms(column):
        share, whole = copied(codes, answers.codes)
        if share >= PURE and whole:
            finding = f"each class of {answers.name} has its own {what}"
            return Giveaway((column.name,), finding, {"share": share})
    return None


def _forms(column: Seen) -> list[tuple[Codes, str]]:
    """Return the column's values if they are few, else which cells are filled, and which are not usual."""
    forms = []
    if column.levels <= _MOST_LEVELS:
        forms.append((column.codes, f"value of {column.name}"))
    forms += _indicators(column)
    return forms


def _indicators(column: Seen) -> list[tuple[Codes, str]]:
    """Return what a column says by being filled, or by not having its most frequent value."""
    indicators = []
    filled = (~column.empty).astype(np.int64)
    if FEWEST <= filled.sum() <= len(filled) - FEWEST:
        indicators.append((filled, f"filled or missing {column.name}"))
    counts = np.bincount(column.codes)
    if column.levels > 2 and counts.max() > len(column.codes) / 20:
        usual = int(counts.argmax())
        indicators.append(((column.codes != usual).astype(np.int64), f"usual or other {column.name}"))
    elif column.levels == 2:
        indicators.append(((column.codes != counts.argmax()).astype(np.int64), f"value of {column.name}"))
    return indicators


def _suspects(column: Seen, others: Sequence[Seen], answers: Answers) -> list[Suspect]:
    """Return what makes a column suspicious; an empty list if nothing does."""
    return [
        *_parts_of_a_copy(column, others, answers),
        *_one_sided(column, others, answers),
        *_sorted_classes(column, others, answers),
    ]


def _parts_of_a_copy(column: Seen, others: Sequence[Seen], answers: Answers) -> list[Suspect]:
    """Suspect a copy with some wrong cells, or one that tells only some classes apart (one-hot)."""
    suspects = []
    for codes, what in _forms(column):
        share, whole = copied(codes, answers.codes)
        if share < NEARLY_PURE:
            continue
        classes = answers.codes if whole else _merged(codes, answers.codes)
        times = 2 if _knows_only_classes(codes, classes, others) else 3
        floor = max(times * (1 - share), _BEYOND)
        finding = f"classes of {answers.name} have their own {what}"
        suspects.append(Suspect(column.name, finding, classes, 1 - share, floor, 1.0, made=True))
    return suspects


def _merged(codes: Codes, classes: Codes) -> Codes:
    """Return the classes with those as one that have the same most frequent value."""
    levels = int(codes.max()) + 1
    counts = np.bincount(classes * levels + codes, minlength=(int(classes.max()) + 1) * levels)
    usual = counts.reshape(-1, levels).argmax(axis=1)
    return dense(usual[classes])


def _one_sided(column: Seen, others: Sequence[Seen], answers: Answers) -> list[Suspect]:
    """Suspect what is filled (or not 0) in rows of one class alone: paid, dated, noted afterwards."""
    suspects = []
    for indicator, what in _indicators(column):
        for side in (1, 0) if column.levels == 2 or what.startswith("filled") else (1,):
            counts = np.bincount(answers.codes[indicator == side], minlength=int(answers.codes.max()) + 1)
            chief = int(counts.argmax())
            rows, of_class = int(counts.sum()), int((answers.codes == chief).sum())
            usual = of_class / len(answers.codes)
            pure = counts[chief] / max(rows, 1)
            least = _ONE_SIDED_SHARE if usual <= 0.5 else _MOST_OF_USUAL
            if rows < _ONE_SIDED_ROWS or pure < _ONE_SIDED_PURE or counts[chief] < least * of_class:
                continue
            if (1 - pure) * 20 > 1 - usual or rows * (1 - usual) < 20:
                continue
            classes = (answers.codes == chief).astype(np.int64)
            said = _said(column.name, what, side)
            finding = f"{said}: {pure:.1%} of {rows} rows are of one class of {answers.name}"
            floor = _BEYOND if _knows_only_classes(indicator, classes, others) else 0.1
            suspects.append(Suspect(column.name, finding, classes, float(1 - pure), floor, 1.0, made=True))
    return suspects


def _said(name: str, what: str, side: int) -> str:
    """Say in words what rows have in common."""
    if what.startswith("filled"):
        return f"{name} is {'filled' if side else 'missing'}"
    return f"{name} is {'not ' if side else ''}what it usually is"


def _knows_only_classes(column: Codes, classes: Codes, others: Sequence[Seen]) -> bool:
    """Say whether a column has nothing to do with the others within a class, as if made from the class."""
    for each in range(int(classes.max()) + 1):
        rows = classes == each
        if rows.sum() < FEWEST:
            continue
        some = coarse(column[rows], bins=_FEW_BINS)
        for other in others:
            if connection(some, coarse(other.codes[rows], other.numbers is None, _FEW_BINS)) > SURE:
                return False
    return True


def _sorted_classes(column: Seen, others: Sequence[Seen], answers: Answers) -> list[Suspect]:
    """Suspect a column along whose order the classes come in blocks: a score, a threshold, noisy codes."""
    if column.numbers is None and column.levels > FEWEST * 3:
        return []
    error = _error_along(shuffled_order(column.codes), answers.codes)
    if error > 0.02:
        return []
    measured = column.numbers is not None and column.levels > FEW
    apart = _separation(column.numbers, answers.codes) if column.numbers is not None and measured else 0.0
    is_made = apart >= (_VERY_TIGHT if int(answers.codes.max()) < 3 else _TIGHT)
    if error > (0.02 if apart >= _TIGHT else 0.01):
        return []
    if (
        apart < _TIGHT
        and column.numbers is not None
        and measured
        and _lies_in_a_valley(column, answers.codes)
    ):
        return []
    floor = max(5 * error, 0.05)
    if is_made and _knows_only_classes(column.codes, answers.codes, others):
        floor = max(3 * error, _BEYOND)
    finding = f"the values of {column.name} keep the classes of {answers.name} apart"
    ceiling = 1.0 if is_made else _CHANCE
    return [Suspect(column.name, finding, answers.codes, error, floor, ceiling, is_made)]


def _lies_in_a_valley(column: Seen, classes: Codes) -> bool:
    """Say whether values are sparse where the classes meet, as between clouds that differ by nature.

    A threshold cuts where it cuts: the values there are as dense as in the middle of one of the two sides.
    """
    if column.numbers is None:
        return False
    values = np.sort(column.numbers[~column.empty])
    along = classes[~column.empty][np.argsort(column.numbers[~column.empty], kind="stable")]
    settled = most_frequent_nearby(along, int(classes.max()) + 1)
    edges = np.concatenate([[0], np.flatnonzero(settled[1:] != settled[:-1]) + 1, [len(values)]])
    reach = max(10, int(np.diff(edges).min()) // 10)

    def width(place: int) -> float:
        return float(values[min(place + reach, len(values) - 1)] - values[max(place - reach, 0)])

    middles = [width(int(place)) for place in (edges[1:] + edges[:-1]) // 2]
    meetings = [width(int(place)) for place in edges[1:-1]]
    sparser = [
        here > 2 * max(left, right) for here, left, right in zip(meetings, middles, middles[1:], strict=False)
    ]
    return not sparser or bool(np.mean(sparser) > 0.5)


def _error_along(order: Codes, classes: Codes) -> float:
    """Return the mean share of each class that has another class around it in an order."""
    along = classes[order]
    padded = np.pad(along, 2, mode="reflect")
    same = sum((padded[2 + shift : 2 + shift + len(along)] == along).astype(int) for shift in (-2, -1, 1, 2))
    misfit = np.asarray(same) < 2
    counts = np.bincount(along)
    wrong = np.bincount(along, weights=misfit, minlength=len(counts))
    enough = counts >= FEWEST
    return float((wrong[enough] / counts[enough]).mean()) if enough.sum() > 1 else 1.0


def _separation(values: Floats, classes: Codes) -> float:
    """Return how far apart the classes lie, in robust deviations within a class: the nearest two count."""
    middles, spreads = [], []
    for each in range(int(classes.max()) + 1):
        inside = values[(classes == each) & ~np.isnan(values)]
        if len(inside) >= FEWEST:
            middles.append(float(np.median(inside)))
            spreads.append(1.4826 * float(np.median(np.abs(inside - middles[-1]))))
    if len(middles) < 2:
        return 0.0
    order = np.argsort(middles)
    wide = np.array(spreads)[order]
    return float((np.diff(np.array(middles)[order]) / np.maximum((wide[1:] + wide[:-1]) / 2, 1e-300)).min())


def _far_ahead(suspects: list[Suspect], columns: Sequence[Seen], answers: Answers) -> list[Giveaway]:
    """Keep the suspects that tell far more than all other columns together."""
    if not suspects:
        return []
    made = {each.column for each in suspects if each.made}
    found: dict[str, Giveaway] = {}
    errors: dict[tuple[bytes, str], float] = {}
    for each in sorted(suspects, key=lambda each: not each.made):
        if each.column in found:
            continue
        key = (each.classes.tobytes(), "" if each.made else each.column)
        if key not in errors:
            aside = made if each.made else {*found, each.column}
            errors[key] = error_of_forest([x for x in columns if x.name not in aside], each.classes)
        error, chance = errors[key], 1 - 1 / (int(each.classes.max()) + 1)
        if error >= each.floor and (each.ceiling == 1.0 or error <= each.ceiling * chance):
            evidence = {"error": each.error, "error_of_others": error}
            found[each.column] = Giveaway((each.column,), each.finding, evidence)
    return list(found.values())


def error_of_forest(columns: Sequence[Seen], classes: Codes) -> float:
    """Return the mean share of each class that a small forest on these columns gets wrong, out of bag.

    Chance where there are no columns. The forest takes interactions that no column shows alone.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    total = int(classes.max()) + 1
    informative = [each for each in columns if each.levels > 1]
    if not informative:
        return 1 - 1 / total
    rows = _some_of_each(classes, max(_ROWS // total, 3 * FEWEST))
    some = classes[rows]
    matrix = np.stack([ranks(each.codes)[rows] for each in informative], axis=1)
    share = 0.5 if len(informative) <= 30 else "sqrt"
    forest = ExtraTreesClassifier(_TREES, bootstrap=True, oob_score=True, random_state=0, max_features=share)
    forest.fit(matrix, some)
    counts = np.bincount(some, minlength=total)
    votes = np.nan_to_num(forest.oob_decision_function_) / counts[forest.classes_]
    guessed = forest.classes_[votes.argmax(axis=1)]
    enough = np.flatnonzero(counts >= FEWEST // 2)
    return float(np.mean([(guessed[some == each] != each).mean() for each in enough]))


def _some_of_each(classes: Codes, most: int) -> Codes:
    mixed = stream(0, "leaks", "forest").permutation(len(classes))
    order = mixed[np.argsort(classes[mixed], kind="stable")]
    counts = np.bincount(classes)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(order[place < most])


def says_something(columns: Sequence[Seen], answers: Answers) -> bool:
    """Say whether any of these columns has to do with the target."""
    parts = answers.parts
    return any(connection(coarse(each.codes, each.numbers is None), parts) > SURE for each in columns)
