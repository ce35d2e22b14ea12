"""Columns: how each kind becomes units, what stands in for missing and unseen cells, what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest

from glassnet.data.columns import MOST_KNOTS, BooleanColumn, NumberColumn
from glassnet.data.roles import infer_roles
from glassnet.data.schema import Schema, fit_schema
from glassnet.data.table import Table
from glassnet.errors import DataError, GlassnetWarning


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


class TestNumbers:
    def test_are_standardised_with_the_training_rows(self) -> None:
        table, schema = fitted({"x": [1.5, 2.5, 4.0, 900.0]}, rows=[0, 1])
        assert schema.columns == (NumberColumn(name="x", missing=False, mean=2.0, scale=0.5),)
        assert schema.encode(table)[:, 0].tolist() == [-1.0, 1.0, 4.0, 1796.0]
        assert schema.encode(table).dtype == np.float32

    def test_with_missing_cells_get_an_indicator(self) -> None:
        table, schema = fitted({"x": [1.5, None, 2.5, float("nan")]})
        assert schema.input_names == ("x", "x is missing")
        assert schema.encode(table).tolist() == [[-1, 0], [0, 1], [1, 0], [0, 1]]

    def test_missing_where_training_had_none_are_filled_with_a_warning_of_all(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5], "z": [1.5, 4.5]})
        rows = table_of({"x": [None, None, 2.5], "z": [None, 1.5, 4.5]})
        with pytest.warns(GlassnetWarning) as caught:
            assert schema.encode(rows)[0].tolist() == [0, 0]
        filled = "(training had none) are filled with the training mean"
        assert [str(each.message) for each in caught] == [
            f"some.csv: 2 missing cells {filled} in column 'x'; 1 missing cells {filled} in column 'z'"
        ]

    def test_by_rank_lie_between_the_normal_scores_of_training_values(self) -> None:
        cells = [1.0, 1.0, 5.0, 1000.0]
        _, schema = fitted({"x": [*cells, -1e6]}, rows=[0, 1, 2, 3], scaling="quantile")
        normal = NormalDist()
        low, middle, high = normal.inv_cdf(1 / 4), normal.inv_cdf(5 / 8), normal.inv_cdf(7 / 8)
        (column,) = schema.columns
        assert isinstance(column, NumberColumn)
        assert (column.knots, column.scores) == ((1.0, 5.0, 1000.0), (low, middle, high))
        for cell, score in [(-50.0, low), (1.0, low), (3.0, (low + middle) / 2), (5.0, middle), (9e9, high)]:
            assert units(schema, x=cell) == pytest.approx([score], rel=1e-6)

    def test_by_rank_are_as_even_as_normal_ones_however_skewed(self) -> None:
        cells = np.exp(3 * np.random.default_rng(0).normal(size=5000))
        table, schema = fitted({"x": cells.tolist()}, scaling="quantile")
        (column,) = schema.columns
        assert isinstance(column, NumberColumn)
        assert len(column.knots) == MOST_KNOTS
        encoded = schema.encode(table)[:, 0].astype(np.float64)
        exact = np.log(cells) / 3
        assert np.abs(encoded - exact).max() < 1
        assert np.abs(encoded - exact).mean() < 0.05

    @pytest.mark.parametrize(
        ("draw", "by_rank"),
        [
            ("normal", False),
            ("uniform", False),
            ("exponential", True),
            ("laplace", False),
            ("lognormal", True),
        ],
    )
    def test_with_long_tails_alone_are_taken_by_rank_where_asked(self, draw: str, by_rank: bool) -> None:
        cells = getattr(np.random.default_rng(0), draw)(size=500)
        cells = cells.clip(-4, 4) if draw == "laplace" else cells
        _, schema = fitted({"x": cells.tolist()}, scaling="tails")
        (column,) = schema.columns
        assert isinstance(column, NumberColumn)
        assert bool(column.knots) == by_rank

    def test_by_rank_that_are_missing_are_the_median_or_have_an_indicator(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5, 9.5], "z": [1.5, None, 9.5]}, scaling="quantile")
        with pytest.warns(GlassnetWarning, match="filled with the training median in column 'x'"):
            assert units(schema, x=None, z=None) == [0, 0, 1]

    def test_constant_in_training_are_left_out(self) -> None:
        _, schema = fitted({"x": [0.1, 0.1, 0.1, 0.7], "z": [1.5, 2.5, 3.5, 4.5]}, rows=[0, 1, 2])
        assert schema.left_out == {"x": "constant in the training rows"}

    def test_constant_or_missing_in_training_tell_by_being_missing(self) -> None:
        _, schema = fitted({"x": [0.5, None, 0.5, 0.7]}, rows=[0, 1, 2])
        assert schema.input_names == ("x=0.5", "x=(missing)")

    @pytest.mark.parametrize("cell", [1e31, float("inf"), float("-inf"), "1e400", "-inf"])
    def test_too_large_to_compute_with_are_refused_in_training_and_after(self, cell: object) -> None:
        with pytest.raises(DataError, match=r"row 2, column 'x' must be a number of at most 1e\+30"):
            fitted({"x": [1.5, cell, 2.5]}, overrides={"x": "number"})
        _, schema = fitted({"x": [1.5, 2.5]})
        with pytest.raises(DataError, match=r"row 1, column 'x' must be a number of at most 1e\+30 in size"):
            units(schema, x=cell)

    def test_absurdly_far_from_training_are_refused(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5]})
        with pytest.raises(DataError, match=r"must be a number such as those in training, however: 1e\+20"):
            units(schema, x=1e20)

    def test_varying_by_less_than_can_be_computed_with_are_left_out(self) -> None:
        _, schema = fitted({"x": [0.0, 5e-324], "z": [1.5, 2.5]}, overrides={"x": "number"})
        assert schema.left_out == {"x": "it varies by less than can be computed with"}


class TestCategories:
    def test_have_one_unit_per_level_in_order(self) -> None:
        table, schema = fitted({"hour": [*range(12)] * 5})
        assert schema.input_names == tuple(f"hour={hour}" for hour in range(12))
        assert schema.encode(table)[:12].tolist() == np.eye(12).tolist()

    @pytest.mark.parametrize("spelling", [3, 3.0, "3", "3.0", " 3.00 "])
    def test_agree_on_a_number_however_it_is_written(self, spelling: object) -> None:
        _, schema = fitted({"rank": [1, 2, 3] * 10})
        assert units(schema, rank=spelling) == [0, 0, 1]

    def test_agree_on_true_and_false_however_they_are_written(self) -> None:
        _, schema = fitted({"open": [True, False] * 10}, overrides={"open": "category"})
        assert units(schema, open="TRUE") == units(schema, open="True") == units(schema, open=True) == [0, 1]

    def test_missing_in_training_are_a_level(self) -> None:
        _, schema = fitted({"city": ["a", None, "b"] * 10})
        assert schema.input_names == ("city=a", "city=b", "city=(missing)")
        assert units(schema, city=None) == [0, 0, 1]

    def test_rare_in_training_are_pooled_and_unseen_ones_join_them(self) -> None:
        _, schema = fitted({"city": ["a"] * 150 + ["b"] * 146 + ["c", "c", "d", "d"]})
        assert schema.input_names == ("city=a", "city=b", "city=(other)")
        assert units(schema, city="c") == units(schema, city="never seen") == [0, 0, 1]

    def test_unseen_without_a_pool_are_the_average_category_with_a_warning(self) -> None:
        _, schema = fitted({"city": ["a", "a", "a", "b"] * 10})
        with pytest.warns(GlassnetWarning, match="1 cells with categories never seen in training are taken"):
            assert units(schema, city="c") == [0.75, 0.25]

    def test_missing_without_a_level_are_the_average_category_with_a_warning(self) -> None:
        _, schema = fitted({"city": ["a", "a", "a", "b"] * 10})
        with pytest.warns(GlassnetWarning, match=r"1 missing cells \(training had none\)"):
            assert units(schema, city=None) == [0.75, 0.25]

    def test_beyond_100_levels_are_pooled(self) -> None:
        cells = [f"city {number}" for number in range(120) for _ in range(6 + number % 3)]
        _, schema = fitted({"city": cells}, overrides={"city": "category"})
        assert schema.width == 101
        assert schema.input_names[-1] == "city=(other)"

    def test_all_rare_are_left_out(self) -> None:
        cells = [f"city {number}" for number in range(300)]
        _, schema = fitted(
            {"city": cells, "z": [0.5 * n for n in range(300)]}, overrides={"city": "category"}
        )
        assert schema.left_out == {"city": "every category is rare in the training rows"}


class TestBooleans:
    def test_are_0_or_1_in_any_known_spelling(self) -> None:
        table, schema = fitted({"open": ["Yes", "no", "yes"]})
        assert schema.columns == (
            BooleanColumn(name="open", missing=False, words=("no", "yes"), share=2 / 3),
        )
        assert schema.encode(table)[:, 0].tolist() == [1, 0, 1]
        assert [units(schema, open=cell) for cell in (True, "n", 1, "ON", 0.0)] == [[1], [0], [1], [1], [0]]

    def test_refuse_a_third_value_and_name_the_cell(self) -> None:
        _, schema = fitted({"open": [0, 1, 0]})
        with pytest.raises(DataError, match=r"column 'open' must be 0 or 1, however: 2; .*open=category"):
            units(schema, open=2)

    def test_with_missing_cells_get_an_indicator_and_else_the_share(self) -> None:
        _, schema = fitted({"open": [0, 1, None]})
        assert units(schema, open=None) == [0, 1]
        _, schema = fitted({"open": [0, 1, 1, 1]})
        with pytest.warns(GlassnetWarning, match="1 missing cells"):
            assert units(schema, open=None) == [0.75]

    def test_of_words_of_ones_own_accept_only_those(self) -> None:
        _, schema = fitted({"sex": ["f", "m", "m"]}, overrides={"sex": "boolean"})
        assert units(schema, sex="M") == [1]
        with pytest.raises(DataError, match="must be f or m, however: 'yes'"):
            units(schema, sex="yes")


class TestDates:
    def test_are_taken_apart_and_constant_parts_are_left_out(self) -> None:
        days = [f"2023-{month:02}-15" for month in range(1, 13)]
        table, schema = fitted({"when": days})
        assert "when year" not in schema.input_names
        assert schema.input_names[:2] == ("when month=1", "when month=2")
        assert schema.input_names[-2:] == ("when day of year (sine)", "when day of year (cosine)")
        matrix = schema.encode(table)
        assert matrix[:, :12].tolist() == np.eye(12).tolist()
        assert (matrix[:, -2:] ** 2).sum(axis=1) == pytest.approx(1)

    def test_over_years_have_the_year_standardised(self) -> None:
        _, schema = fitted({"when": ["2022-03-01", "2024-03-01"]})
        assert schema.input_names[0] == "when year"
        assert units(schema, when="2026-03-01")[0] == 3

    def test_with_times_have_hours_where_those_vary(self) -> None:
        _, schema = fitted({"when": ["2024-03-01 00:00", "2024-03-01 05:00"]})
        assert schema.input_names == ("when hour=0", "when hour=5")
        assert units(schema, when="2024-03-01 05:30") == [0, 1]
        assert units(schema, when="2024-03-01 07:00") == [0, 0]

    def test_of_times_of_day_have_hours_only(self) -> None:
        _, schema = fitted({"at": [dt.time(7), dt.time(8, 30)]})
        assert schema.input_names == ("at hour=7", "at hour=8")
        assert units(schema, at="08:15") == units(schema, at=dt.datetime(2024, 1, 1, 8)) == [0, 1]

    def test_missing_are_an_indicator_or_the_training_mean(self) -> None:
        _, schema = fitted({"when": ["2022-03-01", "2024-03-01", None]})
        assert units(schema, when=None) == [0] * (schema.width - 1) + [1]
        _, schema = fitted({"when": ["2024-03-01 00:00", "2024-03-01 05:00"]})
        with pytest.warns(GlassnetWarning, match="1 missing cells"):
            assert units(schema, when=None) == [0.5, 0.5]

    @pytest.mark.parametrize("cell", ["2024-13-01", "1 March", 3, True, dt.time(3)])
    def test_that_cannot_be_read_are_named(self, cell: object) -> None:
        _, schema = fitted({"when": ["2022-03-01", "2024-03-01"]})
        with pytest.raises(DataError, match="row 1, column 'when' must be a date written %Y-%m-%d, however"):
            units(schema, when=cell)

    def test_in_whole_numbers_are_read_by_the_format_asked_for(self) -> None:
        _, schema = fitted({"when": [20220301, 20240301]}, overrides={"when": "date"})
        assert (
            units(schema, when=20240301)
            == units(schema, when="20240301")
            == units(schema, when=dt.date(2024, 3, 1))
        )
