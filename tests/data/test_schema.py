"""The Schema: fitted on training rows alone, closed to hostile values, clear about what it cannot read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from glassnet.data import schema as schema_module
from glassnet.data.columns import BooleanColumn, CategoryColumn, DateColumn, NumberColumn
from glassnet.data.roles import infer_roles
from glassnet.data.schema import Schema, fit_schema
from glassnet.data.table import Table, read_table
from glassnet.errors import DataError


def table_of(columns: Mapping[str, object], name: str = "some.csv") -> Table:
    return Table(pl.DataFrame(columns, strict=False), name)


def fitted(
    columns: Mapping[str, Sequence[object]],
    target: str = "y",
    task: Any = "regression",
    rows: Sequence[int] | None = None,
    **options: Any,
) -> tuple[Table, Schema]:
    """Fit on a table of columns, to which a target that varies is added where there is none."""
    count = len(next(iter(columns.values())))
    table = table_of({target: [0.5 + row for row in range(count)], **columns})
    roles = infer_roles(table, options.pop("overrides", {}), options.pop("drop", ()), [target])
    positions = np.arange(count) if rows is None else np.array(rows)
    return table, fit_schema(table, positions, roles, [target], task, **options)


def units(schema: Schema, **cells: object) -> list[float]:
    """Encode one row."""
    return schema.encode(table_of({name: [cell] for name, cell in cells.items()}))[0].tolist()


class TestProblems:
    def test_missing_surplus_and_unreadable_are_all_reported_at_once(self) -> None:
        _, schema = fitted({"temp": [1.5, 2.5], "wind": [1.5, 3.5], "open": [0, 1]})
        rows = table_of({"tmp": [1.5, 2.5], "wind": ["calm", "2.5"], "open": [0, 7]}, "new.csv")
        with pytest.raises(DataError) as error:
            schema.encode(rows)
        assert error.value.problems == (
            "new.csv must have the column 'temp', however: it is missing; did you mean 'tmp'?",
            "new.csv must have only columns that training had, however: column 'tmp' is surplus; "
            "did you mean 'temp'?",
            "new.csv, row 1, column 'wind' must be a number, however: 'calm'; "
            "write a number or leave the cell empty",
            "new.csv, row 2, column 'open' must be 0 or 1, however: 7; "
            "correct it, or train with the role open=category",
        )

    def test_targets_and_columns_that_were_left_out_are_not_surplus(self) -> None:
        table, schema = fitted({"x": [1.5, 2.5], "note": ["a", "b"]}, drop=["note"])
        assert schema.encode(table).shape == (2, 1)
        assert schema.left_out == {"note": "dropped, asked for"}
        assert units(schema, x=2.5) == [1]

    def test_at_most_20_are_listed_no_column_crowds_out_another_and_the_others_are_counted(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5], "z": [1.5, 3.5]})
        bad = ["bad"] * 30 + ["1.5"]
        with pytest.raises(DataError) as error:
            schema.encode(table_of({"x": bad, "z": ["1.5"] * 29 + ["no", "no"]}))
        assert len(error.value.problems) == 21
        assert error.value.problems[-1] == "and 12 more"
        assert sum("column 'z'" in each for each in error.value.problems) == 2

    def test_a_column_of_another_type_is_one_problem(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5]})
        with pytest.raises(DataError) as error:
            schema.encode(table_of({"x": ["a", "b", "c", "d", None]}))
        assert error.value.problems == (
            "some.csv, row 1, column 'x' and the 3 other cells of the column must be a number, "
            "however: 'a'; write a number or leave the cell empty",
        )

    def test_rows_are_named_as_in_the_file_in_later_blocks_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(schema_module, "BLOCK", 4)
        _, schema = fitted({"x": [1.5, 2.5]})
        cells = pl.DataFrame({"x": ["1.5"] * 10 + ["bad"]})
        with pytest.raises(DataError, match="row 111, column 'x'"):
            schema.encode(Table(cells, "some.csv", first_row=101))

    def test_unreadable_training_rows_are_named_by_their_place_in_the_table(self) -> None:
        table = table_of({"x": ["1.5", "bad", "2.5", "worse"], "y": [1.5, 2.5, 3.5, 4.5]})
        roles = infer_roles(table_of({"x": [1.5, 2.5], "y": [1.5, 2.5]}))
        with pytest.raises(DataError, match="row 4, column 'x' must be a number, however: 'worse'"):
            fit_schema(table, np.array([0, 2, 3]), roles, ["y"], "regression")

    def test_nothing_to_learn_from_is_an_error_with_the_reasons(self) -> None:
        with pytest.raises(DataError, match="at least one column to learn from, however: 'x': constant: the"):
            fitted({"x": [3, 3, 3]})


MIXED = {
    "number": [0.5, 1.5, None, 2.5, 4.5, 5.5, 6.5, 7.5] * 5,
    "hour": [0, 1, 2, 3] * 10,
    "open": ["yes", "no", None, "no"] * 10,
    "city": ["a", "b", "b", None, "c"] * 8,
    "when": [f"2024-0{1 + row % 9}-1{row % 7}" for row in range(40)],
}


def test_only_training_rows_are_looked_at() -> None:
    training = list(range(0, 40, 2))
    table, schema = fitted(MIXED, rows=training)
    changed = {
        name: [cell if row % 2 == 0 else (99.5 if name == "y" else None) for row, cell in enumerate(cells)]
        for name, cells in table.frame.to_dict(as_series=False).items()
    }
    changed["number"] = [cell if row % 2 == 0 else -1e9 for row, cell in enumerate(changed["number"])]
    changed["city"] = [cell if row % 2 == 0 else "elsewhere" for row, cell in enumerate(changed["city"])]
    roles = infer_roles(table, targets=["y"])
    assert fit_schema(table_of(changed), np.array(training), roles, ["y"], "regression") == schema


def test_a_schema_travels_as_json() -> None:
    _, schema = fitted(MIXED)
    assert {each.kind for each in schema.columns} == {"number", "category", "boolean", "date"}
    assert Schema.model_validate(json.loads(schema.model_dump_json())) == schema
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


def _number(**changes: object) -> dict[str, object]:
    return {"kind": "number", "name": "x", "missing": False, "mean": 0.0, "scale": 1.0, **changes}


def _category(**changes: object) -> dict[str, object]:
    return {
        "kind": "category",
        "name": "x",
        "missing": False,
        "other": False,
        "levels": ["a", "b"],
        "shares": [0.5, 0.5],
        **changes,
    }


def _date(**changes: object) -> dict[str, object]:
    return {
        "kind": "date",
        "name": "x",
        "missing": False,
        "format": "%Y-%m-%d",
        "year": None,
        "parts": [{"part": "month", "values": [1, 2]}],
        "day_of_year": False,
        "means": [0.5, 0.5],
        **changes,
    }


@pytest.mark.parametrize(
    "column",
    [
        _number(scale=0.0),
        _number(scale=-1.0),
        _number(scale=float("inf")),
        _number(mean=float("nan")),
        _number(mean=1e31),
        _number(mean="1"),
        _number(missing=1),
        _number(kind="os.system"),
        _number(more=1),
        _category(levels=["a", "a"]),
        _category(levels=["a", ""]),
        _category(shares=[0.5, 0.6]),
        _category(shares=[0.5, 0.25, 0.25]),
        _category(shares=[1.5, -0.5]),
        _category(levels=[str(n) for n in range(101)], shares=[1 / 101] * 101),
        {"kind": "boolean", "name": "x", "missing": False, "words": ["a", "a"], "share": 0.5},
        {"kind": "boolean", "name": "x", "missing": False, "words": ["a", "B"], "share": 0.5},
        _date(format="%Q"),
        _date(format="%Y" * 1000),
        _date(parts=[{"part": "month", "values": [2, 1]}]),
        _date(parts=[{"part": "month", "values": [0, 1]}]),
        _date(parts=[{"part": "minute", "values": [0, 1]}]),
        _date(parts=[{"part": "month", "values": [1, 2]}] * 2, means=[0.5] * 4),
        _date(means=[0.5]),
    ],
)
def test_hostile_columns_are_refused(column: dict[str, object]) -> None:
    target = {"kind": "number", "name": "y", "mean": 0.0, "scale": 1.0}
    for good in (_number(), _category(), _date()):
        Schema.model_validate({"columns": [good], "targets": [target]})
    with pytest.raises(ValidationError):
        Schema.model_validate({"columns": [column], "targets": [target]})


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": []},
        {"columns": [_number(), _number()]},
        {"left_out": {"x": "twice"}},
        {"targets": []},
        {"targets": [{"kind": "number", "name": "x", "mean": 0.0, "scale": 1.0}]},
        {"targets": [{"kind": "number", "name": "y", "mean": 0.0, "scale": 1.0, "counts": True}]},
        {"targets": [{"kind": "class", "name": "y", "levels": ["a"]}]},
        {"targets": [{"kind": "class", "name": "y", "levels": ["a", "a"]}]},
        {"targets": [{"kind": "class", "name": "y", "levels": ["a", "A"], "fold": True}]},
        {"targets": [{"kind": "class", "name": "y", "levels": ["1", "9" * 30], "written": "whole number"}]},
        {"targets": [{"kind": "class", "name": name, "levels": ["a", "b"]} for name in ("y", "z")]},
        {"unknown": 1},
    ],
)
def test_hostile_schemas_are_refused(changes: dict[str, object]) -> None:
    good = {"columns": [_number()], "targets": [{"kind": "number", "name": "y", "mean": 0.0, "scale": 1.0}]}
    Schema.model_validate(good)
    with pytest.raises(ValidationError):
        Schema.model_validate({**good, **changes})


def test_codes_are_raw_numbers_indices_and_parts_for_trees() -> None:
    table, schema = fitted(
        {
            "x": [1.5, None, 3.5],
            "city": ["b", "a", None],
            "open": [0, 1, 1],
            "when": ["2023-01-01", "2024-02-01", None],
        },
        overrides={"city": "category"},
    )
    matrix, categorical = schema.codes(table)
    assert matrix.dtype == np.float32
    assert categorical.tolist() == [False, True, False, False, False, False, False]
    assert matrix[0, :4].tolist() == [1.5, 1, 0, 2023]
    assert matrix[1, 1:6].tolist() == [0, 1, 2024, 2, 4]
    assert np.isnan(matrix[1, 0])
    assert np.isnan(matrix[2, 3:]).all()
    assert matrix[2, 1] == 2  # the place of "(missing)"


def test_the_hourly_rides_make_the_56_inputs_of_the_course() -> None:
    path = Path(os.environ.get("GLASSNET_DATA", "")) / "bike-sharing" / "hour.csv"
    if not path.exists():
        pytest.skip("GLASSNET_DATA has no bike-sharing/hour.csv")
    table = read_table(path)
    drop = ["instant", "dteday", "atemp", "workingday", "casual", "registered"]
    roles = infer_roles(table, drop=drop, targets=["cnt"])
    schema = fit_schema(table, np.arange(table.rows - 504), roles, ["cnt"], "regression")
    assert schema.width == 56
    assert schema.encode(table).shape == (17379, 56)


def test_records_name_their_kind() -> None:
    _, schema = fitted(MIXED)
    assert [type(each) for each in schema.columns] == [
        NumberColumn, CategoryColumn, BooleanColumn, CategoryColumn, DateColumn,
    ]  # fmt: skip
