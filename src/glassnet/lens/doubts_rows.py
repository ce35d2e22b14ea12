"""What to distrust row by row: errors on average, over time and at the extremes, and what rows leave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from glassnet.data.columns import BooleanColumn, CategoryColumn, DateColumn, NumberColumn
from glassnet.data.table import Table
from glassnet.lens.inputs import average_inputs, blocks
from glassnet.lens.numerals import counted, moment, number, percent, rounded
from glassnet.lens.report import Doubt
from glassnet.lens.stretches import worst_stretch
from glassnet.lens.text import shown
from glassnet.lens.wording import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.columns import Column
    from glassnet.lens.evidence import Evidence
    from glassnet.lens.stretches import Stretch
    from glassnet.model.table import Model

    Floats = NDArray[np.float64]

BIASED = 0.15
NEGATIVE = 0.01
"""Of answers, so large a share below 0 is named where no truth is below 0."""
LARGE_SHARE = 0.5
FEWEST = 100
SMOOTHED = 0.7
"""Extremes are smoothed out where answers go less than this share of the way from the middle to them."""
ONE_WAY = 0.8
DAY, YEAR, PART = 86_400.0, 300.0, 120.0
"""Training rows of more than 300 days and judged ones of less than 120 leave seasons out."""
FEWEST_STILL, COMMON = 50, 0.9
"""One value in 50 rows or more says something where it is not that of 90 % of the training rows anyway."""
MOST_STILL = 6


def biased(seen: Evidence) -> Iterator[Doubt]:
    """Say that answers are too high or too low on average."""
    for each in seen.numbers:
        rmse = float(np.sqrt(each.residuals.mean_square))
        mean, units = each.residuals.mean, seen.details.get("units", 0)
        spread = np.sqrt(max(rmse**2 - mean**2, 0.0) / max(units, 1))
        if rmse and abs(mean) > BIASED * rmse and abs(mean) > 2.5 * spread:
            way = "high" if mean > 0 else "low"
            whose = f" for {shown(each.target)}" if len(seen.numbers) > 1 else ""
            size = rounded(abs(mean), 4 * float(spread))
            told = f"by {size} on average over all rows (the bias), beside an RMSE of {number(rmse, 3)}"
            yield Doubt(f"Its answers are too {way}{whose}", told)


def below_zero(seen: Evidence) -> Iterator[Doubt]:
    """Say that answers are below 0 where no truth is."""
    for each in seen.numbers:
        if each.negative > NEGATIVE * each.rows:
            target = shown(each.target)
            told = f"{each.negative:,} of {each.rows:,} are below 0, which no {target} among these rows is"
            yield Doubt("Some of its answers cannot be", told)


def _model(seen: Evidence) -> Model:
    """Return the model of judged rows, which are those of a table."""
    return cast("Model", seen.model)


def bad_stretch(seen: Evidence) -> Iterator[Doubt]:
    """Name a stretch of time in which it is much worse than in the rest."""
    if seen.judged is None or seen.judged.raw.times is None:
        return
    times = seen.judged.raw.times
    if _model(seen).task.is_classification:
        wrong = (seen.judged.answers.argmax(axis=1) != seen.judged.truth).astype(np.float64)
        found = worst_stretch(times, wrong)
        if found is not None:
            told = f"{percent(found.inside)} of its answers are wrong, elsewhere {percent(found.outside)}"
            yield Doubt("One stretch of time is much worse", f"{_when(found)} {told}")
        return
    for target, errors in zip(_model(seen).schema.target_names, _errors(seen), strict=True):
        found = worst_stretch(times, np.abs(errors))
        if found is not None:
            mean = float(errors[found.places].mean())
            way = (
                ""
                if abs(mean) < ONE_WAY * found.inside
                else ", nearly all too high"
                if mean > 0
                else ", nearly all too low"
            )
            told = f"answers are off by {number(found.inside, 3)} on average{way}; elsewhere by"
            whose = f" for {shown(target)}" if len(seen.numbers) > 1 else ""
            title = f"One stretch of time is much worse{whose}"
            yield Doubt(title, f"{_when(found)} {told} {number(found.outside, 3)}")


def _errors(seen: Evidence) -> Floats:
    """Return the errors of each target. Shape: (targets, rows)."""
    assert seen.judged is not None
    rows = len(seen.judged)
    errors: Floats = (seen.judged.answers - seen.judged.truth).reshape(rows, -1).T.astype(np.float64)
    return errors


def _when(found: Stretch) -> str:
    return f"from {moment(found.first)} to {moment(found.last)} ({counted(found.rows, 'row')})"


def smoothed(seen: Evidence) -> Iterator[Doubt]:
    """Say that the highest or the lowest truths get answers that are too near to the middle."""
    if seen.judged is None or len(seen.judged) < FEWEST or _model(seen).task.is_classification:
        return
    truths = seen.judged.truth.reshape(len(seen.judged), -1).T.astype(np.float64)
    for target, truth, errors in zip(_model(seen).schema.target_names, truths, _errors(seen), strict=True):
        order, tenth, answers = np.argsort(truth, kind="stable"), len(truth) // 10, truth + errors
        told = []
        for name, rows in (("highest", order[-tenth:]), ("lowest", order[:tenth])):
            far, near = (float(each[rows].mean() - each.mean()) for each in (truth, answers))
            if far and near / far < SMOOTHED:
                means = [number(float(each[rows].mean()), 3) for each in (truth, answers)]
                told.append(
                    f"with the {name} {shown(target)} has a mean of {means[0]}, its answers {means[1]}"
                )
        if told:
            rows_told = "the tenth of the rows "
            yield Doubt("It pulls extremes to the middle", rows_told + f"; {rows_told}".join(told))


def one_part(seen: Evidence) -> Iterator[Doubt]:
    """Say that the judged rows are of one season, or have one value of a column that varies in training."""
    told, where = [], "judged rows" if seen.is_other_data else SPLITS.get(seen.split, "rows")
    days = {name: (last - first) / DAY for name, (first, last) in seen.spans.items()}
    if days.get("train", 0.0) > YEAR and seen.split != "train" and days.get(seen.split, YEAR) < PART:
        span = " to ".join(moment(end, with_time=False) for end in seen.spans[seen.split])
        told.append(f"{where} are from {span} only, training rows of {number(days['train'], 3)} days")
    still = _still(seen)
    if still:
        named = " and ".join(filter(None, [", ".join(still[:-1]), still[-1]]))
        told.append(f"in all {where} {named}")
    if told:
        yield Doubt(
            "It is judged by a part of what it was trained on",
            f"{'; '.join(told)}: how good it is elsewhere is not known",
        )


def _still(seen: Evidence) -> list[str]:
    """Return the columns that have one value in all judged rows, and not in nearly all training rows."""
    if seen.judged is None or len(seen.judged) < FEWEST_STILL or seen.split == "train":
        return []
    schema, cells = _model(seen).schema, seen.judged.raw.cells
    constant = [
        each
        for each in schema.columns
        if not isinstance(each, DateColumn) and cells.frame[each.name].n_unique() == 1
    ]
    if not constant:
        return []
    units, average, found = (
        schema.encode(Table(cells.frame.head(1), cells.name))[0],
        average_inputs(schema),
        [],
    )
    for column in constant:
        cell, place = cells.frame[column.name][0], blocks(schema)[column.name]
        if _share(column, cell, units[place], average[place]) < COMMON:
            found.append(f"{shown(column.name)} is {shown(cell)}")
    more = [f"{len(found) - MOST_STILL} more columns have one value"] if len(found) > MOST_STILL else []
    return found[:MOST_STILL] + more


def _share(column: Column, cell: Any, units: Floats, average: Floats) -> float:
    """Return what share of the training rows may have had a cell; of numbers, what it is at most."""
    if isinstance(column, CategoryColumn):
        return float(average @ units)
    if isinstance(column, BooleanColumn):
        return float(average[0] if units[0] else 1 - average[0])
    if not isinstance(column, NumberColumn) or cell is None:
        return 1.0
    # A value that p of the rows have lies within sqrt((1 - p) / p) standard deviations of their mean.
    return 1 / (1 + ((float(cell) - column.mean) / column.scale) ** 2)


def few_rows_hold_the_error(seen: Evidence) -> Iterator[Doubt]:
    """Say that a few rows make most of the error."""
    worst = seen.worst
    if worst is not None and worst.share > LARGE_SHARE and len(worst.worst) <= worst.rows / 20:
        share = f"{len(worst.worst)} of {worst.rows:,} rows hold {percent(worst.share, 2)} of it"
        yield Doubt("A few rows make most of the error", f"{share}: look at them below")
