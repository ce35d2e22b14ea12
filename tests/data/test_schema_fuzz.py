"""The Schema under fuzz: every unit is finite, every problem is a DataError, blocks make no difference."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import schema as schema_module
from glassnet.data.roles import infer_roles
from glassnet.data.schema import Schema, fit_schema
from glassnet.data.table import Table
from glassnet.errors import DataError, GlassnetWarning


def table_of(columns: Mapping[str, object], name: str = "some.csv") -> Table:
    return Table(pl.DataFrame(columns, strict=False), name)


TEXTS = st.sampled_from(["a", "b", "3", "3.0", "2024-01-01", "yes"])
YEAR_1000 = dt.datetime(1000, 1, 1)
CELLS = {
    "whole": st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(-3, 3) | st.floats(-1e30, 1e30),
    "flag": st.booleans(),
    "text": TEXTS | st.text(max_size=9),
    "day": st.dates(dt.date(1990, 1, 1)),
    "time": st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 2, 1)) | st.datetimes(YEAR_1000),
    "clock": st.times(),
}
WILD = {**CELLS, "float": st.floats(), "text": TEXTS | st.just("1e400"), "time": st.datetimes()}
KINDS: dict[str, Any] = {
    "whole": pl.Int64,
    "float": pl.Float64,
    "flag": pl.Boolean,
    "text": pl.String,
    "day": pl.Date,
    "time": pl.Datetime("us"),
    "clock": pl.Time,
}
ASKED = {
    "whole": ["number", "category", ""],
    "float": ["number", "category", ""],
    "flag": ["number", "category", "boolean", ""],
    "text": ["category", "category", "boolean", ""],
    "day": ["date", "category"],
    "time": ["date", "category"],
    "clock": ["date", "category"],
}


@st.composite
def series(draw: st.DrawFn, kind: str, cells: Mapping[str, st.SearchStrategy[Any]]) -> pl.Series:
    optional = st.booleans().flatmap(lambda some: st.none() | cells[kind] if some else cells[kind])
    return pl.Series(draw(st.lists(optional, min_size=1, max_size=9)), dtype=KINDS[kind])


def beside_a_number(cells: pl.Series) -> Table:
    numbers = [0.5 + row for row in range(len(cells))]
    return table_of({"x": cells, "z": numbers, "y": numbers})


@given(data=st.data())
def test_whatever_the_cells_units_are_finite_and_problems_are_data_errors(
    data: st.DataObject,
) -> None:
    kind = data.draw(st.sampled_from([*CELLS]))
    train = beside_a_number(data.draw(series(kind, CELLS).filter(lambda cells: len(cells) > 1)))
    asked = data.draw(st.sampled_from(ASKED[kind]))
    other = data.draw(st.sampled_from([kind, kind, *CELLS]))
    new = beside_a_number(data.draw(series(other, WILD)))
    try:
        roles = infer_roles(train, {"x": asked} if asked else {}, targets=["y"])
        schema = fit_schema(train, np.arange(train.rows), roles, ["y"], "regression")
    except DataError:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        assert np.isfinite(schema.encode(train)).all()
        assert not np.isinf(schema.codes(train)[0]).any()
        assert np.isfinite(schema.raw_targets(train)).all()
        assert Schema.model_validate_json(schema.model_dump_json()) == schema
        try:
            matrix = schema.encode(new)
        except DataError:
            return
    assert matrix.shape == (new.rows, schema.width)
    assert np.isfinite(matrix).all()


@given(data=st.data(), block=st.integers(1, 4))
def test_a_table_in_pieces_is_encoded_as_the_whole_table(data: st.DataObject, block: int) -> None:
    kind = data.draw(st.sampled_from(["whole", "float", "flag", "text"]))
    new = beside_a_number(data.draw(series(kind, CELLS)))
    role = {"flag": "boolean", "text": "category"}.get(kind, "number")
    cells = {"boolean": [True, False], "category": ["a", "b"], "number": [1.5, 1e20]}[role] * 4
    train = table_of({"x": cells, "z": [1.5, 2.5] * 4, "y": [1.5, 2.5] * 4})
    roles = infer_roles(train, {"x": role}, targets=["y"])
    schema = fit_schema(train, np.arange(8), roles, ["y"], "regression")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore", GlassnetWarning)
        whole = schema.encode(new).tolist()
        pieces = [Table(new.frame.slice(start, block), "piece") for start in range(0, new.rows, block)]
        assert np.concatenate([schema.encode(each) for each in pieces]).tolist() == whole
        patch.setattr(schema_module, "BLOCK", block)
        assert schema.encode(new).tolist() == whole
