"""Dates and times of day: which format a column is written in, reading it, and its parts.

A format is found over all cells, never guessed from one. Day first and month first are told apart by
the data: by a value above 12, else by which reading is in row order, else the user is asked.

    >>> find_format(pl.Series(["31/01/2024", "01/02/2024"]))
    '%d/%m/%Y'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from glassnet.data.cells import canonical_text, plain, stripped
from glassnet.errors import DataError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

Order = Literal["dayfirst", "monthfirst"]
MOST = 0.9
"""The share of cells which makes a column one of dates (or numbers) with a few that cannot be read."""
_SAMPLE = 200
FIRST_YEAR, LAST_YEAR = 1000, 9999
_DIRECTIVES = re.compile(r"(?:%[YymdBbHIMSpzj]|%\.f|[^%])+")

_DATE_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"\d{4}(?P<sep>[-/.])\d{1,2}(?P=sep)\d{1,2}"), ("%Y{sep}%m{sep}%d",)),
    (re.compile(r"\d{1,2}(?P<sep>[-/.])\d{1,2}(?P=sep)\d{4}"), ("%d{sep}%m{sep}%Y", "%m{sep}%d{sep}%Y")),
    (re.compile(r"\d{1,2}(?P<sep>[-/.])\d{1,2}(?P=sep)\d{2}"), ("%d{sep}%m{sep}%y", "%m{sep}%d{sep}%y")),
    (re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"), ("%Y年%m月%d日",)),
    (re.compile(r"\d{1,2}(?P<sep>[ -])[A-Za-z]{3,9}(?P=sep)\d{4}"), ("%d{sep}%B{sep}%Y",)),
    (re.compile(r"[A-Za-z]{3,9} \d{1,2}, ?\d{4}"), ("%B %d, %Y",)),
    (re.compile(r"\d{4}-\d{2}"), ("%Y-%m",)),
)
_TIME = r"\d{1,2}:\d{2}(?P<seconds>:\d{2}(?:\.\d{1,9})?)?(?P<half> ?[AaPp][Mm])?"
_TIME_SHAPE = re.compile(_TIME)
_TIME_AFTER_DATE = re.compile(r"(?P<join>[ T])" + _TIME + r"(?P<zone>Z|[+-]\d{2}:?\d{2})?")
_TYPED_AS_TEXT = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_TIMES_AS_TEXT = ("%H:%M:%S", "%H:%M")


def find_format(texts: pl.Series, order: Order | None = None, where: str = "a column") -> str | None:
    """Return the strptime format in which all cells are dates, or ``None`` if it is no column of dates.

    Args:
        texts: String cells; missing ones are passed over.
        order: which of day and month stands first, where the user has said so.
        where: how messages name the column.

    Raises:
        DataError: the cells are dates, but of two readings, or with years of two digits, or a few of
            them cannot be read.
    """
    texts = stripped(texts).drop_nulls()
    formats = _formats_of_sample(texts, order)
    if not formats:
        return None
    readings = {each: parse_dates(texts, each) for each in formats}
    whole = {each: dates for each, dates in readings.items() if dates.null_count() == 0}
    if not whole:
        _refuse_if_mostly_dates(texts, readings, where)
        return None
    if "%y" in formats[0]:
        raise DataError(
            message(
                f"{where} must have years of four digits",
                repr(texts[0]),
                f"ask for the format, such as date:{formats[0]}, or for another role, such as category",
            )
        )
    return _one_reading(texts, whole, where)


def _formats_of_sample(texts: pl.Series, order: Order | None) -> tuple[str, ...]:
    """Return the formats that most cells of a sample have the shape of."""
    sample = texts.gather_every(max(1, len(texts) // _SAMPLE)).to_list()
    shapes = [_formats_of_cell(each) for each in sample]
    best = max(set(shapes), key=lambda each: (shapes.count(each), each), default=())
    if not best or shapes.count(best) < MOST * len(shapes):
        return ()
    if order and len(best) == 2:
        return best[:1] if order == "dayfirst" else best[1:]
    return best


def _formats_of_cell(cell: str) -> tuple[str, ...]:
    if clock := _TIME_SHAPE.fullmatch(cell):
        return (_time_format(clock),)
    for shape, formats in _DATE_SHAPES:
        date = shape.match(cell)
        rest = cell[date.end() :] if date else ""
        clock = _TIME_AFTER_DATE.fullmatch(rest)
        if date and (clock or not rest):
            after = _after_date(clock) if clock else ""
            return tuple(each.format(**date.groupdict()) + after for each in formats)
    return ()


def _time_format(clock: re.Match[str]) -> str:
    hour = "%I:%M" if clock["half"] else "%H:%M"
    half = {None: "", " ": " %p"}.get((clock["half"] or "")[:1] or None, "%p")
    return hour + (":%S" if clock["seconds"] else "") + half


def _after_date(clock: re.Match[str]) -> str:
    return clock["join"] + _time_format(clock) + ("%z" if clock["zone"] else "")


def _one_reading(texts: pl.Series, readings: dict[str, pl.Series], where: str) -> str:
    """Tell day first from month first by row order, where every cell can be read both ways."""
    if len(readings) == 1:
        return next(iter(readings))
    (first, days), (second, months) = readings.items()
    if (days == months).all():
        return first
    ordered = [each for each, dates in readings.items() if _is_ordered(dates)]
    if len(ordered) == 1 and texts.n_unique() > 2:
        return ordered[0]
    raise DataError(
        message(
            f"{where} must show whether the day or the month stands first ({first} or {second})",
            f"every cell can be read both ways, such as {texts[0]!r}",
            "ask for date:dayfirst or date:monthfirst",
        )
    )


def _is_ordered(dates: pl.Series) -> bool:
    return dates.is_sorted() or dates.is_sorted(descending=True)


def _refuse_if_mostly_dates(texts: pl.Series, readings: dict[str, pl.Series], where: str) -> None:
    name, dates = min(readings.items(), key=lambda each: each[1].null_count())
    bad = texts.filter(dates.is_null())
    if len(bad) <= (1 - MOST) * len(texts) and dates.n_unique() >= 20:
        shown = ", ".join(repr(each) for each in bad.unique(maintain_order=True)[:3].to_list())
        raise DataError(
            message(
                f"{where} must hold dates written {name} in all cells",
                f"{len(bad)} of {len(texts)} cannot be read, such as {shown}",
                "correct them, name the words for missing values, or ask for the role category",
            )
        )


def check_format(text: str) -> str | None:
    """Return what is wrong with a strptime format that a user (or a file) gives, or ``None``."""
    if not _DIRECTIVES.fullmatch(text) or "%" not in text or len(text) > 100:
        known = "%Y %y %m %d %B %b %H %I %M %S %p %z %j"
        return message("a date format must be made of known directives", repr(text), f"use {known}")
    try:
        parse_dates(pl.Series(["x"]), text)
    except pl.exceptions.PolarsError as error:
        return message("a date format must name a date or a time", repr(text), str(error).splitlines()[0])
    return None


def parse_dates(texts: pl.Series, format: str) -> pl.Series:
    """Read text as Date, Datetime (UTC where offsets are given) or Time; null where it cannot be read.

    Fractions of a second are understood after ``%S``; years must be from 1000 to 9999.
    """
    texts = stripped(texts)
    pattern = format if "%.f" in format else format.replace("%S", "%S%.f")
    if "%Y" not in format and "%y" not in format:
        return texts.str.strptime(pl.Time, pattern, strict=False)
    if "%z" in format:
        zoned = texts.str.replace(r"Z$", "+00:00")
        moments = zoned.str.strptime(pl.Datetime("us", "UTC"), pattern, strict=False)
        return _sensible(moments.dt.replace_time_zone(None))
    kind = pl.Datetime("us") if "%H" in format or "%I" in format else pl.Date
    return _sensible(texts.str.strptime(kind, pattern, strict=False))


def _sensible(dates: pl.Series) -> pl.Series:
    return dates.set(~dates.dt.year().is_between(FIRST_YEAR, LAST_YEAR), None)


def read_dates(cells: pl.Series, format: str | None) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Read cells of any type as dates or times of day.

    Args:
        cells: Date, Datetime or Time cells are taken as they are; whole numbers and text are read.
        format: the strptime format of text; ``None`` for a column that came typed, whose text is ISO.

    Returns:
        dates: Date, Datetime or Time, null where missing or unreadable.
        unreadable: shape (rows,).
    """
    cells = plain(cells)
    if cells.dtype == pl.Time:
        dates = cells
    elif cells.dtype.is_temporal():
        dates = _sensible(cells)
    elif cells.dtype == pl.String or (cells.dtype.is_numeric() and format):
        cells = canonical_text(cells)
        dates = parse_dates(cells, format) if format else _parse_typed(cells)
    else:
        dates = pl.Series(cells.name, [None] * len(cells), pl.Date)
    return dates, (dates.is_null() & cells.is_not_null()).to_numpy()


def _parse_typed(texts: pl.Series) -> pl.Series:
    """Read ISO text of a column that was typed when the schema was fitted."""
    dates = pl.Series(texts.name, [None] * len(texts), pl.Datetime("us"))
    for each in _TYPED_AS_TEXT:
        dates = dates.zip_with(dates.is_not_null(), parse_dates(texts, each).cast(pl.Datetime("us")))
    if dates.null_count() < len(dates):
        return dates
    times = [parse_dates(texts, each) for each in _TIMES_AS_TEXT]
    return times[0].zip_with(times[0].is_not_null(), times[1])


@dataclass(frozen=True)
class DateParts:
    """The parts of dates, each float64 of shape (rows,), NaN where missing; a time of day has an hour only.

    ``angle`` is the day of the year as an angle: 0 on 1 January, just under 2 pi on 31 December, in
    common years and in leap years.
    """

    year: NDArray[np.float64]
    month: NDArray[np.float64]
    weekday: NDArray[np.float64]
    hour: NDArray[np.float64]
    angle: NDArray[np.float64]


def date_parts(dates: pl.Series) -> DateParts:
    """Take dates apart. Months are 1 to 12, weekdays 1 (Monday) to 7, hours 0 to 23."""
    none = np.full(len(dates), np.nan)
    if dates.dtype == pl.Time:
        return DateParts(none, none, none, _numbers(dates.dt.hour()), none)
    hour = _numbers(dates.dt.hour()) if isinstance(dates.dtype, pl.Datetime) else _numbers(dates.dt.day()) * 0
    days = 365 + _numbers(dates.dt.is_leap_year())
    angle = 2 * np.pi * (_numbers(dates.dt.ordinal_day()) - 1) / days
    return DateParts(
        _numbers(dates.dt.year()), _numbers(dates.dt.month()), _numbers(dates.dt.weekday()), hour, angle
    )


def _numbers(part: pl.Series) -> NDArray[np.float64]:
    return part.cast(pl.Float64).to_numpy()
