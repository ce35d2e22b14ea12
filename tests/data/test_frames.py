"""Tables in memory, of whichever library, become the same few types."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import polars as pl
import pytest

from glassnet.data.table import as_table
from glassnet.errors import DataError


def problems(data: object) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        as_table(data, "frame")
    return caught.value.problems


def test_polars_types_become_the_tables_own() -> None:
    noon = datetime.datetime(2020, 1, 1, 12)
    frame = pl.DataFrame(
        {
            "small": pl.Series([1, None], dtype=pl.Int8),
            "large": pl.Series([1, 2**63], dtype=pl.UInt64),
            "single": pl.Series([0.5, float("nan")], dtype=pl.Float32),
            "exact": pl.Series([decimal.Decimal("1.5"), None]),
            "category": pl.Series(["a", None], dtype=pl.Categorical),
            "choice": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
            "nothing": pl.Series([None, None]),
            "zoned": pl.Series([noon, None]).dt.replace_time_zone("Europe/Berlin"),
            "words": ["NA", "x"],
            "truth": [True, None],
            "day": [noon.date(), None],
        }
    )
    found = as_table(frame).frame
    assert dict(found.schema) == {
        "small": pl.Int64,
        "large": pl.Float64,
        "single": pl.Float64,
        "exact": pl.Float64,
        "category": pl.String,
        "choice": pl.String,
        "nothing": pl.String,
        "zoned": pl.Datetime("us"),
        "words": pl.String,
        "truth": pl.Boolean,
        "day": pl.Date,
    }
    assert found["single"].to_list() == [0.5, None]
    assert found["zoned"].to_list() == [datetime.datetime(2020, 1, 1, 11), None]
    assert found["words"].to_list() == [None, "x"]
    assert as_table(frame.lazy()).frame.equals(found)


def test_pandas_columns_are_read_and_the_index_is_ignored() -> None:
    pandas = pytest.importorskip("pandas")
    moments = pandas.to_datetime(["2020-01-01 12:00", None])
    frame = pandas.DataFrame(
        {
            "whole": [1, 2],
            "half": [0.5, np.nan],
            "text": ["a", None],
            "nullable": pandas.array([1, None], dtype="Int64"),
            "truth": pandas.array([True, None], dtype="boolean"),
            "category": pandas.Categorical([3, None]),
            "mixed": [1, "x"],
            "moment": moments,
            "zoned": moments.tz_localize("Europe/Berlin"),
            7: [True, False],
        },
        index=[10, 20],
    )
    noon = datetime.datetime(2020, 1, 1, 12)
    assert as_table(frame).frame.to_dict(as_series=False) == {
        "whole": [1, 2],
        "half": [0.5, None],
        "text": ["a", None],
        "nullable": [1, None],
        "truth": [True, None],
        "category": ["3", None],
        "mixed": ["1", "x"],
        "moment": [noon, None],
        "zoned": [noon - datetime.timedelta(hours=1), None],
        "7": [True, False],
    }


def test_pandas_columns_of_one_name_are_refused() -> None:
    pandas = pytest.importorskip("pandas")
    (problem,) = problems(pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    assert "each column must have a name of its own" in problem or "unique" in problem


def test_arrow_tables_are_read() -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"a": [1, None], "b": ["x", "y"]})
    assert as_table(table).frame.rows() == [(1, "x"), (None, "y")]


def test_arrays_are_named_by_position() -> None:
    table = as_table(np.array([[1.5, np.nan], [3, 4]]))
    assert table.columns == ("x1", "x2")
    assert table.frame.rows() == [(1.5, None), (3.0, 4.0)]
    assert as_table(np.array([[1, "a"], [None, "b"]], dtype=object)).frame.rows() == [(1, "a"), (None, "b")]
    assert as_table(np.array([[True]])).frame.schema == {"x1": pl.Boolean}
    assert as_table(np.array([["2020-01-01"]], "datetime64[D]")).frame.schema == {"x1": pl.Datetime("us")}


def test_dictionaries_and_records_are_read() -> None:
    columns = {"a": [1, 2.5, None], "b": ("x", None, "z"), "c": np.arange(3), "d": pl.Series([1, 2, 3])}
    found = as_table(columns).frame
    assert found.rows() == [(1.0, "x", 0, 1), (2.5, None, 1, 2), (None, "z", 2, 3)]
    assert as_table([{"a": 1}, {"b": True}]).frame.rows() == [(1, None), (None, True)]


def test_moments_with_different_zones_become_utc() -> None:
    east = datetime.timezone(datetime.timedelta(hours=2))
    cells = [datetime.datetime(2020, 1, 1, 2, tzinfo=east), datetime.date(2020, 1, 2)]
    expected = [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2)]
    assert as_table({"a": cells}).frame["a"].to_list() == expected


def test_columns_without_plain_values_are_all_named() -> None:
    frame = pl.DataFrame({"a": [[1]], "b": [{"x": 1}], "c": [b"x"], "d": [datetime.timedelta(1)], "e": [1]})
    found = problems(frame)
    assert [problem.split(" must")[0] for problem in found] == [f"frame, column {name!r}" for name in "abcd"]
    assert "list in row 2" in problems({"a": [None, [1]]})[0]
    assert "complex" in problems(np.array([[1j]]))[0]
    assert "surrogates" in problems({"a": ["\ud800"]})[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (5, "a int"),
        (None, "a NoneType"),
        ([1, 2], "a list"),
        (np.zeros(3), "ndim=1"),
        (np.zeros((0, 3)), "it holds none"),
        ({}, "it holds none"),
        ({"a": [1], "b": [1, 2]}, "'a' has 1, 'b' has 2"),
        ({"a": "text"}, "a str"),
        ({"a": 5}, "a int"),
        ({1: [1], "1": [2]}, "2 are named '1'"),
        (pl.DataFrame({"a": []}), "it holds none"),
    ],
)
def test_what_is_no_table_says_so(data: object, said: str) -> None:
    assert said in problems(data)[0]


def test_own_missing_words_empty_cells_of_any_type() -> None:
    table = as_table({"a": [-999, 1], "b": [-999.0, 1.0], "c": ["none", "x"]}, missing=("-999", "none"))
    assert table.frame.rows() == [(None, None, None), (1, 1.0, "x")]
