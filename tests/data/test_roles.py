"""Roles: each column is taken for what it is, with a reason; what is asked for is checked against them."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from glassnet.data.roles import ColumnRole, infer_roles
from glassnet.data.table import Table, read_table
from glassnet.errors import DataError

RANDOM = np.random.default_rng(0)


def role_of(cells: object, name: str = "x", **options: object) -> ColumnRole:
    table = Table(pl.DataFrame({name: cells}), "some.csv")
    return infer_roles(table, **options)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "role", "reason"),
    [
        ([None, None], "constant", "no values"),
        ([3, 3, 3], "constant", "the same value in all rows: '3'"),
        (["a", " a"], "constant", "the same value in all rows: 'a'"),
        ([1, None, 1], "category", "'1' or missing"),
        ([True, False], "boolean", "true and false"),
        ([True, True], "constant", "the same value in all rows: 'true'"),
        ([0, 1, None], "boolean", "two values: 0 and 1"),
        ([0.0, 1.0, None], "boolean", "two values: 0 and 1"),
        (["Yes", "no", "YES"], "boolean", "two values: no and yes"),
        (["是", "否"], "boolean", "two values: 否 and 是"),
        (["ON", "off"], "boolean", "two values: off and on"),
        ([1, 2] * 10, "category", "2 whole numbers 1..2: codes"),
        ([*range(24)] * 10, "category", "24 whole numbers 0..23: codes"),
        ([*map(float, range(24)), None] * 10, "category", "24 whole numbers 0..23: codes"),
        ([*range(24)] * 2, "number", "whole numbers 0..23"),
        ([3, 4, 5, 6, 7, 8] * 50, "number", "whole numbers 3..8"),
        ([0, 1, 30] * 50, "number", "whole numbers 0..30"),
        ([*range(1, 60)] * 5, "number", "whole numbers 1..59"),
        ([*range(1, 41)], "identifier", "counts the rows, 1..40"),
        ([*range(2001, 2041)], "number", "whole numbers 2001..2040"),
        ([0.5, 1.0, 2.0], "number", "numbers with decimals"),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "date", "dates"),
        ([dt.time(1), dt.time(2)], "date", "times of day"),
        (["2024-01-01", "2024-01-02"], "date", "dates written %Y-%m-%d"),
        (["red", "green", "blue"] * 5, "category", "3 different texts"),
        (["k7", "k8", "k9"], "identifier", "short texts without spaces, nearly all different"),
        (["很好"] * 9 + ["不好"] * 9, "category", "2 different texts"),
    ],
)
def test_role_and_reason(cells: list[object], role: str, reason: str) -> None:
    found = role_of(pl.Series(cells, strict=False))
    assert (found.role, found.reason) == (role, reason)


@pytest.mark.parametrize("name", ["id", "user_id", "UserID", "ID", "No.", "uuid", "Index", "编号"])
def test_different_whole_numbers_are_identifiers_where_the_name_says_so(name: str) -> None:
    numbers = RANDOM.permutation(1000)[:300]
    assert role_of(numbers, name).role == "identifier"
    assert role_of(numbers, "paid").role == "number"
    assert role_of([*numbers, numbers[0]], name).role == "number"


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("the room {} was clean and the people at the desk were kind to us", "text"),
        ("房间{}很干净服务员也非常热情下次还会再来住这里", "text"),
        ("Braund, Mr. Owen {}", "text"),
        ("3f2b{:04x}9c0d4e5f", "identifier"),
    ],
)
def test_text_is_judged_by_length_and_repetition(text: str, role: str) -> None:
    assert role_of([text.format(number) for number in range(100)]).role == role


def test_long_labels_that_repeat_are_categories() -> None:
    labels = [
        "some college but no degree, not in the labor force",
        "bachelor of arts, works for the state",
    ]
    assert role_of(labels * 50).role == "category"


def test_many_columns_of_one_range_are_measurements_and_narrower_ones_belong_to_them() -> None:
    pixels = {f"pixel_{place}": RANDOM.integers(0, 17, 400) for place in range(12)}
    table = Table(
        pl.DataFrame({**pixels, "corner": [0, 1] * 200, "hour": [*range(20)] * 20, "y": [*range(10)] * 40}),
        "digits",
    )
    roles = {each.name: each for each in infer_roles(table, targets=["y"])}
    assert roles["pixel_3"].reason == "12 columns hold whole numbers 0..16: measurements, not codes"
    assert roles["corner"].role == "number"
    assert roles["hour"].role == "category"
    assert roles["y"].role == "category"


def test_few_columns_of_one_range_stay_codes() -> None:
    table = Table(pl.DataFrame({f"answer_{place}": [1, 2, 3, 4, 5] * 20 for place in range(8)}), "survey")
    assert {each.role for each in infer_roles(table)} == {"category"}


def test_targets_are_never_identifiers_or_text() -> None:
    assert role_of([*range(1, 101)], targets=["x"]).role == "number"
    assert role_of([f"class {number}" for number in range(50)], targets=["x"]).role == "category"


def test_numbers_with_a_few_unreadable_cells_name_them_and_say_what_to_do() -> None:
    cells = [str(number / 2) for number in range(100)]
    cells[41] = "about 3"
    with pytest.raises(DataError) as error:
        role_of(cells)
    assert str(error.value) == (
        "some.csv, row 42, column 'x' must be a number like the rest of its column, however: 'about 3'; "
        "correct it, or use --missing WORD, --role x=category or --drop x"
    )
    assert role_of(cells, overrides={"x": "category"}).role == "category"
    assert role_of(cells, drop=["x"]).role == "dropped"


def test_all_problems_are_reported_at_once_with_the_nearest_names() -> None:
    table = Table(pl.DataFrame({"temp": [1.5], "city": ["a"]}), "some.csv")
    with pytest.raises(DataError) as error:
        infer_roles(table, {"tmp": "number", "city": "categry", "temp": "number:x"}, ["citty"], ["cnt"])
    problems = error.value.problems
    assert problems[0] == "role must name a column of some.csv, however: 'tmp'; did you mean 'temp'?"
    assert "did you mean 'city'?" in problems[1]
    assert "choose one of city, temp" in problems[2]
    assert "did you mean 'category'?" in problems[3]
    assert "write number" in problems[4]
    with pytest.raises(DataError) as error:
        infer_roles(table, {"temp": "date", "city": "number"})
    assert len(error.value.problems) == 2


@pytest.mark.parametrize(
    ("cells", "asked", "format"),
    [
        (["05/06/2024", "01/02/2024", "07/03/2024"], "date:dayfirst", "%d/%m/%Y"),
        (["05/06/2024", "01/02/2024", "07/03/2024"], "date:monthfirst", "%m/%d/%Y"),
        (["31/01/24"], "date:%d/%m/%y", "%d/%m/%y"),
        ([20240131, 20240201], "date", "%Y%m%d"),
        ([20240131.0, None], "date", "%Y%m%d"),
        (["20240131", "20240201"], "date", "%Y%m%d"),
        ([1, 2, 3], "category", None),
        (["a", "b"], "boolean", None),
        (["a", "b"], "identifier", None),
    ],
)
def test_a_role_asked_for_is_kept_and_says_so(cells: list[object], asked: str, format: str | None) -> None:
    found = role_of(cells, overrides={"x": asked})
    assert found.role == asked.partition(":")[0]
    assert found.reason.startswith("asked for")
    assert found.format == format


@pytest.mark.parametrize(
    ("cells", "asked", "problem"),
    [
        (["1", "two", "3"], "number", "row 2, column 'x' must be a number, however: 'two'"),
        ([1.0, float("inf")], "number", "row 2, column 'x' must be a number of at most 1e\\+30 in size"),
        (["2024-01-31", "2024-02-32"], "date:%Y-%m-%d", "row 2, column 'x' must be a date written"),
        (["05/06/2024", "01/02/2024", "07/03/2024"], "date", "the day or the month stands first"),
        (["a", "b", "c"], "boolean", "must have two values to be boolean, however: 3: 'a', 'b', 'c'"),
        ([1.5, 2.5], "date", "must be a date written %Y%m%d, however: 1.5"),
        (["a"], "date:%Q", "a date format must be made of known directives"),
    ],
)
def test_a_role_that_a_column_cannot_have_is_refused(cells: list[object], asked: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        role_of(cells, overrides={"x": asked})


REAL = {
    "bike-sharing/hour.csv": "instant:identifier dteday:date season:category yr:boolean mnth:category "
    "hr:category holiday:boolean weekday:category workingday:boolean weathersit:category temp:number "
    "atemp:number hum:number windspeed:number casual:number registered:number cnt:number",
    "admissions/student_data.csv": "admit:boolean gre:number gpa:number rank:category",
    "points/data.csv": "x1:number x2:number x3:boolean",
}


@pytest.mark.parametrize("path", REAL)
def test_real_tables_get_the_roles_that_their_authors_describe(path: str) -> None:
    folder = os.environ.get("GLASSNET_DATA", "")
    if not (Path(folder) / path).exists():
        pytest.skip(f"GLASSNET_DATA has no {path}")
    roles = infer_roles(read_table(Path(folder) / path))
    assert " ".join(f"{each.name}:{each.role}" for each in roles) == REAL[path]
