"""Dates: the format is found over all cells, two readings are told apart or asked for, parts are right."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from glassnet.data.dates import check_format, date_parts, find_format, parse_dates, read_dates
from glassnet.errors import DataError


@pytest.mark.parametrize(
    ("cells", "format"),
    [
        (["2024-01-31", "2024-2-1"], "%Y-%m-%d"),
        (["2024/01/31", "2024/02/01"], "%Y/%m/%d"),
        (["2024.01.31", "2024.02.01"], "%Y.%m.%d"),
        (["2024-01-31 10:00", "2024-02-01 9:30"], "%Y-%m-%d %H:%M"),
        (["2024-01-31T10:00:00", "2024-02-01T09:30:00.25"], "%Y-%m-%dT%H:%M:%S"),
        (["2024-01-31T10:00:00Z", "2024-02-01T09:30:00+02:00"], "%Y-%m-%dT%H:%M:%S%z"),
        (["31/01/2024", "1/2/2024"], "%d/%m/%Y"),
        (["01/31/2024", "2/1/2024"], "%m/%d/%Y"),
        (["31.01.2024 10:00", "01.02.2024 11:00"], "%d.%m.%Y %H:%M"),
        (["1/31/2024 3:04 PM", "2/1/2024 12:00 am"], "%m/%d/%Y %I:%M %p"),
        (["31-01-2024", "01-02-2024"], "%d-%m-%Y"),
        (["2024年1月31日", "2024年12月1日"], "%Y年%m月%d日"),
        (["31 Jan 2024", "1 February 2024"], "%d %B %Y"),
        (["Jan 31, 2024", "February 1, 2024"], "%B %d, %Y"),
        (["1949-01", "1949-02"], "%Y-%m"),
        (["12:30", "7:05"], "%H:%M"),
        (["1:30 PM", "11:05 am"], "%I:%M %p"),
        (["12:30:05", "07:05:59.5"], "%H:%M:%S"),
        ([" 2024-01-31 ", None, "2024-02-01"], "%Y-%m-%d"),
    ],
)
def test_the_format_of_dates_is_found_and_reads_every_cell(cells: list[str | None], format: str) -> None:
    texts = pl.Series("when", cells)
    assert find_format(texts) == format
    assert parse_dates(texts, format).null_count() == texts.null_count()


@pytest.mark.parametrize(
    "cells",
    [
        ["cat", "dog"],
        ["1.5", "2.5"],
        ["2024-13-01", "2024-14-01"],
        ["20240131", "20240201"],
        ["192.168.0.1", "192.168.0.2"],
        ["0024-01-31", "0024-02-01"],
        ["25:00", "26:00"],
        ["1/2/2024 or so", "3/4/2024 or so"],
        [None],
        [],
    ],
)
def test_what_is_no_date_is_not_taken_for_one(cells: list[str | None]) -> None:
    assert find_format(pl.Series("when", cells, pl.String)) is None


def test_row_order_tells_day_first_from_month_first_where_no_day_is_above_12() -> None:
    days = pl.Series(["01/02/2024", "02/02/2024", "01/03/2024", "02/03/2024"])
    assert find_format(days) == "%d/%m/%Y"
    months = pl.Series(["02/01/2024", "02/02/2024", "03/01/2024", "03/02/2024"])
    assert find_format(months) == "%m/%d/%Y"
    assert find_format(months.reverse()) == "%m/%d/%Y"


def test_dates_of_two_readings_are_asked_for_and_an_order_answers() -> None:
    cells = pl.Series(["05/06/2024", "01/02/2024", "07/03/2024"])
    with pytest.raises(DataError, match=r"the day or the month stands first .*ask for date:dayfirst or"):
        find_format(cells)
    assert find_format(cells, "dayfirst") == "%d/%m/%Y"
    assert find_format(cells, "monthfirst") == "%m/%d/%Y"


def test_dates_that_both_readings_agree_on_are_not_ambiguous() -> None:
    assert find_format(pl.Series(["01/01/2024", "02/02/2024", "01/01/2023"])) == "%d/%m/%Y"


def test_years_of_two_digits_are_refused_with_the_format_to_ask_for() -> None:
    with pytest.raises(DataError, match=r"years of four digits, however: '31/01/24'; .*date:%d/%m/%y"):
        find_format(pl.Series(["31/01/24", "01/02/24"]))
    assert parse_dates(pl.Series(["31/01/24"]), "%d/%m/%y")[0] == dt.date(2024, 1, 31)


def test_a_few_unreadable_cells_among_dates_are_named() -> None:
    good = pl.date_range(dt.date(2024, 1, 1), dt.date(2024, 3, 1), eager=True).cast(pl.String)
    with pytest.raises(DataError, match=r"1 of 62 cannot be read, such as 'soon'"):
        find_format(pl.concat([good, pl.Series(["soon"])]))


def test_a_year_of_two_digits_does_not_pass_for_the_first_century() -> None:
    dates, unreadable = read_dates(pl.Series(["2024-01-31", "24-01-31"]), "%Y-%m-%d")
    assert dates.to_list() == [dt.date(2024, 1, 31), None]
    assert unreadable.tolist() == [False, True]


def test_offsets_are_turned_into_utc() -> None:
    texts = pl.Series(["2024-01-01T01:00:00+02:00", "2024-01-01T01:00:00Z"])
    dates = parse_dates(texts, "%Y-%m-%dT%H:%M:%S%z")
    assert dates.to_list() == [dt.datetime(2023, 12, 31, 23), dt.datetime(2024, 1, 1, 1)]


def test_whole_numbers_are_dates_where_the_format_is_asked_for() -> None:
    dates, unreadable = read_dates(pl.Series([20240131, 20241331, None]), "%Y%m%d")
    assert dates.to_list() == [dt.date(2024, 1, 31), None, None]
    assert unreadable.tolist() == [False, True, False]


def test_a_column_that_came_typed_reads_iso_text_and_refuses_numbers() -> None:
    cells = pl.Series(["2024-01-31", "2024-01-31 10:00", "2024-01-31T10:00:00.5", "x"])
    assert read_dates(cells, None)[1].tolist() == [False, False, False, True]
    assert read_dates(pl.Series(["10:30", "07:00:01"]), None)[0].to_list() == [
        dt.time(10, 30),
        dt.time(7, 0, 1),
    ]
    assert read_dates(pl.Series([1.5, None]), None)[1].tolist() == [True, False]


@pytest.mark.parametrize("format", ["%Q", "no directive", "%Y-%m-%d %H", "%Y" * 100, "%", "%%"])
def test_formats_that_name_no_date_are_refused(format: str) -> None:
    assert check_format(format)


def test_the_day_of_the_year_is_a_full_turn_in_common_and_in_leap_years() -> None:
    ends = pl.Series([dt.date(2023, 1, 1), dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2024, 12, 31)])
    turn = 2 * np.pi
    assert date_parts(ends).angle == pytest.approx([0, turn * 364 / 365, 0, turn * 365 / 366])


def test_parts_of_dates_count_as_documented() -> None:
    moments = pl.Series([dt.datetime(2024, 2, 29, 23, 59), None])
    parts = date_parts(moments)
    got = [part[0] for part in (parts.year, parts.month, parts.weekday, parts.hour)]
    assert got == [2024, 2, 4, 23]  # a Thursday
    assert np.isnan(parts.year[1])
    assert np.isnan(parts.angle[1])
    assert date_parts(pl.Series([dt.time(23, 59)])).hour.tolist() == [23]
