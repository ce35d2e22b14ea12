"""Fitting the columns of a Schema: what the training rows say about each, or why it is left out."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from glassnet.data.cells import Findings, canonical_text
from glassnet.data.columns import (
    MOST_KNOTS,
    MOST_LEVELS,
    WORD_PAIRS,
    BooleanColumn,
    CategoryColumn,
    Column,
    DateColumn,
    DatePart,
    NumberColumn,
    PartName,
    Year,
    checked_numbers,
    date_units,
    part_of,
)
from glassnet.data.dates import DateParts, date_parts, read_dates
from glassnet.data.targets import (
    MOST_CLASSES,
    ClassTarget,
    NumberTarget,
    Target,
    note_missing,
    read_target_numbers,
    way_written,
)
from glassnet.errors import message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from glassnet.data.roles import ColumnRole
    from glassnet.recipe import TaskName

Scaling = Literal["standard", "quantile", "tails"]
"""How numbers are scaled: by mean and deviation, by rank, or by rank where they have long tails."""

LONG_TAIL, HEAVY_TAILS = 1.0, 6.0
"""Skewness and kurtosis; those of a normal distribution are 0 and 3, of an exponential one 2 and 9."""

RARE = 5
"""Levels with fewer training rows than this are pooled; in a table of under 250 rows, under a fiftieth."""
_CONSTANT = "constant in the training rows"


def fit_column(cells: pl.Series, role: ColumnRole, log: Findings, scaling: Scaling) -> Column | str:
    """Fit one column on its training cells; text says why it is left out."""
    if role.role == "number":
        return _fit_number(cells, log, scaling)
    if role.role == "category":
        return _fit_category(cells)
    if role.role == "boolean":
        return _fit_boolean(cells, log)
    if role.role == "date":
        return _fit_date(cells, role.format, log)
    if role.role == "dropped":
        return f"dropped, {role.reason}"
    if role.role == "leak":
        return role.reason
    return f"{role.role}: {role.reason}"


def _fit_number(cells: pl.Series, log: Findings, scaling: Scaling) -> Column | str:
    values = checked_numbers(cells, log)
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return "no values in the training rows"
    missing = len(known) < len(values)
    if known.min() == known.max():
        return _fit_category(cells) if missing else _CONSTANT
    mean, scale = float(known.mean()), float(known.std())
    if scale == 0:
        return "it varies by less than can be computed with"
    by_rank = scaling == "quantile" or (scaling == "tails" and _has_long_tails((known - mean) / scale))
    knots, scores = normal_scores(known) if by_rank else ((), ())
    return NumberColumn(name=cells.name, missing=missing, mean=mean, scale=scale, knots=knots, scores=scores)


def _has_long_tails(standardised: NDArray[np.float64]) -> bool:
    """Whether numbers are half as skewed as an exponential curve, or with heavier tails than Laplace's."""
    skewness, kurtosis = (standardised**3).mean(), (standardised**4).mean()
    return bool(abs(skewness) > LONG_TAIL or kurtosis > HEAVY_TAILS)


def normal_scores(values: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return values at evenly spaced ranks, and where a normal distribution has those ranks.

    One value for 30 rows, from 10 to 128 of them; equal values share the middle of their ranks (van der
    Waerden 1952; scikit-learn's ``QuantileTransformer`` does alike).

    >>> knots, scores = normal_scores(np.array([1.0, 1.0, 5.0, 1000.0]))
    >>> knots, [round(score, 2) for score in scores]
    ((1.0, 5.0, 1000.0), [-0.67, 0.32, 1.15])
    """
    ordered = np.sort(values)
    ranks = np.linspace(0, 1, min(MOST_KNOTS, max(10, len(values) // 30) + 1))
    knots = np.unique(np.quantile(ordered, ranks, method="inverted_cdf"))
    middles = (np.searchsorted(ordered, knots, "left") + np.searchsorted(ordered, knots, "right")) / 2
    normal = NormalDist()
    return tuple(knots.tolist()), tuple(normal.inv_cdf(middle / len(values)) for middle in middles.tolist())


def _fit_category(cells: pl.Series) -> Column | str:
    """Keep the frequent levels, pool the rare ones, count the missing cells as a level."""
    texts = canonical_text(cells)
    rare = min(RARE, len(cells) / 50)
    counts = {level: count for level, count in _counts(texts, MOST_LEVELS).items() if count >= rare}
    missing = texts.null_count()
    pooled = len(texts) - missing - sum(counts.values())
    levels = in_order(counts)
    numbers = [counts[level] for level in levels] + [missing] * (missing > 0) + [pooled] * (pooled > 0)
    if len(numbers) < 2:
        return "every category is rare in the training rows" if pooled else _CONSTANT
    return CategoryColumn(
        name=cells.name,
        missing=missing > 0,
        levels=levels,
        other=pooled > 0,
        shares=tuple(number / len(cells) for number in numbers),
    )


def _counts(texts: pl.Series, most: int) -> dict[str, int]:
    """Return the most frequent texts and how often each stands there."""
    counted = texts.alias("text").drop_nulls().value_counts(name="count")
    counted = counted.sort(["count", "text"], descending=[True, False]).head(most)
    return dict(zip(counted["text"].to_list(), counted["count"].to_list(), strict=True))


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """Sort levels as numbers where they are numbers, else as text.

    >>> in_order(["10", "9", "b", "a"])
    ('9', '10', 'a', 'b')
    """
    return tuple(sorted(levels, key=_place_in_order))


def _place_in_order(level: str) -> tuple[bool, float, str]:
    try:
        return False, float(level), level
    except ValueError:
        return True, 0.0, level


def _fit_boolean(cells: pl.Series, log: Findings) -> Column | str:
    texts = canonical_text(cells).str.to_lowercase()
    counts = _counts(texts, 5)
    known = len(texts) - texts.null_count()
    missing = known < len(texts)
    if len(counts) < 2:
        return _fit_category(cells) if missing and counts else _CONSTANT
    if len(counts) > 2:
        shown = ", ".join(repr(each) for each in in_order(counts))
        must = f"{log.table.name}, column {cells.name!r} must have two values to be boolean"
        log.problem(
            message(must, f"{texts.n_unique() - missing}: {shown}", f"use --role {cells.name}=category")
        )
        return "it has more than two values"
    words = next((pair for pair in WORD_PAIRS if set(pair) == set(counts)), None)
    false, true = words or in_order(counts)
    return BooleanColumn(name=cells.name, missing=missing, words=(false, true), share=counts[true] / known)


def _fit_date(cells: pl.Series, format: str | None, log: Findings) -> Column | str:
    dates, unreadable = read_dates(cells, format)
    log.unreadable(cells, unreadable, f"must be a date written {format}", "correct it or leave it empty")
    known = dates.drop_nulls()
    if len(known) == 0:
        return "no values in the training rows"
    missing = len(known) < len(dates)
    parts = date_parts(known)
    year = _fit_year(parts)
    values = [_fit_part(parts, "month"), _fit_part(parts, "weekday"), _fit_part(parts, "hour")]
    one_hot = tuple(each for each in values if each)
    varies = _varies(parts.angle)
    units = date_units(parts, year, one_hot, varies)
    if not units:
        return _fit_category(cells) if missing else _CONSTANT
    return DateColumn(
        name=cells.name,
        missing=missing,
        format=format,
        year=year,
        parts=one_hot,
        day_of_year=varies,
        means=tuple(float(unit.mean()) for unit in units),
    )


def _varies(part: NDArray[np.float64]) -> bool:
    return bool(part.min() < part.max())


def _fit_year(parts: DateParts) -> Year | None:
    if not _varies(parts.year):
        return None
    return Year(mean=float(parts.year.mean()), scale=float(parts.year.std()))


def _fit_part(parts: DateParts, name: PartName) -> DatePart | None:
    part = part_of(parts, name)
    if not _varies(part):
        return None
    return DatePart(part=name, values=tuple(int(value) for value in np.unique(part)))


def fit_target(cells: pl.Series, task: TaskName, log: Findings) -> Target | None:
    """Fit one target on its training cells; ``None`` if it cannot be one, which is then noted."""
    if task in ("binary", "multiclass"):
        return _fit_class_target(cells, task, log)
    return _fit_number_target(cells, task == "poisson", log)


def _fit_number_target(cells: pl.Series, counts: bool, log: Findings) -> Target | None:
    values = read_target_numbers(cells, counts, log)
    values = values[~np.isnan(values)]
    mean, scale = (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)
    if len(values) and scale == 0:
        must = f"{log.table.name}, target {cells.name!r} must vary among the training rows"
        log.problem(message(must, f"it is always {mean:g}", "choose another target or other training rows"))
    if scale == 0 or (counts and mean <= 0):
        return None
    return NumberTarget(name=cells.name, mean=mean, scale=scale, counts=counts)


def _fit_class_target(cells: pl.Series, task: TaskName, log: Findings) -> Target | None:
    note_missing(cells, log)
    counts = _counts(canonical_text(cells), MOST_CLASSES + 1)
    is_text = cells.dtype == pl.String
    fold = is_text and set(map(str.lower, counts)) in [set(pair) for pair in WORD_PAIRS]
    levels = in_order(_usual_spellings(counts) if fold else counts)
    most = 2 if task == "binary" else MOST_CLASSES
    if not 2 <= len(levels) <= most:
        allowed = "two classes" if most == 2 else f"from 2 to {most} classes"
        must = f"{log.table.name}, target {cells.name!r} must have {allowed} among the training rows"
        shown = ", ".join(levels[:10]) + (", ..." if len(levels) > 10 else "")
        log.problem(message(must, f"{len(levels)}: {shown}", "choose another --task or another split"))
        return None
    written = "text" if is_text else way_written(levels)
    return ClassTarget(name=cells.name, levels=levels, written=written, fold=fold)


def _usual_spellings(counts: dict[str, int]) -> list[str]:
    """Return the most frequent of the spellings that differ in upper and lower case only."""
    usual: dict[str, str] = {}
    for level in sorted(counts, key=lambda each: (-counts[each], each)):
        usual.setdefault(level.lower(), level)
    return list(usual.values())
