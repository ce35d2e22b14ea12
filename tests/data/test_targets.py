"""Targets: numbers in the user's units and classes as written; every missing or unseen one is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from glassnet.data.roles import infer_roles
from glassnet.data.schema import ClassTarget, NumberTarget, Schema, fit_schema
from glassnet.data.table import Table
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


class TestTargets:
    def test_numbers_are_standardised_and_come_back_in_the_users_units(self) -> None:
        table, schema = fitted({"x": [1.5, 2.5, 3.5], "y": [10, 30, 50]}, rows=[0, 1])
        target = schema.targets[0]
        assert target == NumberTarget(name="y", mean=20, scale=10)
        raw = schema.raw_targets(table)
        assert raw.tolist() == [[10], [30], [50]]
        assert isinstance(target, NumberTarget)
        assert target.encode(raw[:, 0]).tolist() == [-1, 1, 3]
        assert target.decode(np.array([-1.0, 3.0])).tolist() == [10, 50]

    def test_several_numbers_are_columns(self) -> None:
        table = table_of({"x": [1.5, 2.5], "a": [1, 3], "b": [10.0, 20.0]})
        schema = fit_schema(table, np.arange(2), infer_roles(table), ["a", "b"], "multioutput")
        assert schema.raw_targets(table).tolist() == [[1, 10], [3, 20]]
        assert schema.target_names == ("a", "b")

    def test_counts_become_multiples_of_their_mean_and_negative_ones_are_refused(self) -> None:
        table, schema = fitted({"x": [1.5, 2.5], "y": [2, 4]}, task="poisson")
        target = schema.targets[0]
        assert target == NumberTarget(name="y", mean=3, scale=1, counts=True)
        assert target.encode(schema.raw_targets(table)[:, 0]).tolist() == [2 / 3, 4 / 3]
        assert target.decode(np.array([0.5, 2.0])).tolist() == [1.5, 6]
        with pytest.raises(DataError, match="row 2, column 'y' must be 0 or above, because it is a count"):
            fitted({"x": [1.5, 2.5], "y": [2, -1]}, task="poisson")

    @pytest.mark.parametrize(
        ("cells", "levels", "answers", "expected"),
        [
            (["pos", "neg", "pos"], ("neg", "pos"), ["neg", "pos"], [1, 0, 1]),
            ([10, 9, 10], ("9", "10"), [9, 10], [1, 0, 1]),
            ([0.5, 1.0, 0.5], ("0.5", "1"), [0.5, 1.0], [0, 1, 0]),
            ([True, False, True], ("false", "true"), [False, True], [1, 0, 1]),
            (["Yes", "no", "yes", "Yes", "No", "No"], ("No", "Yes"), ["No", "Yes"], [1, 0, 1, 1, 0, 0]),
        ],
    )
    def test_classes_are_numbered_in_order_and_answered_as_written(
        self, cells: list[object], levels: tuple[str, ...], answers: list[object], expected: list[int]
    ) -> None:
        table, schema = fitted({"x": [1.5 * row for row in range(len(cells))], "y": cells}, task="binary")
        target = schema.targets[0]
        assert isinstance(target, ClassTarget)
        assert target.levels == levels
        assert target.decode(np.array([0, 1])).tolist() == answers
        places = schema.raw_targets(table)
        assert places.dtype == np.int64
        assert places.tolist() == expected

    def test_unseen_classes_and_missing_targets_are_all_named(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5], "y": ["a", "b"]}, task="binary")
        with pytest.raises(DataError) as error:
            schema.raw_targets(table_of({"y": ["a", "c", None]}))
        assert error.value.problems == (
            "some.csv, row 3, column 'y' must have a value, because it is the target, however: "
            "a missing cell; give it a value or take the row out",
            "some.csv, row 2, column 'y' must be a class of the training rows (a, b), however: 'c'; "
            "correct it, take the row out, or train with rows of this class",
        )

    def test_missing_targets_in_training_rows_are_all_named(self) -> None:
        with pytest.raises(DataError) as error:
            fitted({"x": [1.5, 2.5, 3.5, 4.5], "y": [1.5, None, 2.5, None]})
        assert [each.split(" must")[0] for each in error.value.problems] == [
            "some.csv, row 2, column 'y'",
            "some.csv, row 4, column 'y'",
        ]

    @pytest.mark.parametrize(
        ("cells", "task", "problem"),
        [
            (
                [3, 3, 3],
                "regression",
                "'y' must vary among the training rows, however: it is always 3",
            ),
            ([1, 2, 3], "binary", "must have two classes among the training rows, however: 3: 1, 2, 3"),
            (["a", "a", "a"], "multiclass", "must have from 2 to 10000 classes"),
            (["a", "b", "c"], "regression", "row 1, column 'y' must be a number, however: 'a'"),
            ([1.5, 1e31, 2.5], "regression", "row 2, column 'y' must be a number of at most"),
        ],
    )
    def test_that_do_not_fit_the_task_are_refused(self, cells: list[object], task: str, problem: str) -> None:
        with pytest.raises(DataError, match=problem):
            fitted({"x": [1.5, 2.5, 3.5], "y": cells}, task=task)

    def test_a_missing_target_column_is_named(self) -> None:
        _, schema = fitted({"x": [1.5, 2.5]})
        with pytest.raises(DataError, match="must have the target column 'y'"):
            schema.raw_targets(table_of({"x": [1.5]}))


class TestScales:
    VALUES = np.array([0.0, 1.0, 4.0, 9.0, 100.0])

    @pytest.mark.parametrize(
        ("on", "values", "scaled", "shift"),
        [
            ("plain", VALUES, VALUES, 0.0),
            ("sqrt", VALUES, [0, 1, 2, 3, 10], 0.0),
            ("log", VALUES[1:], np.log([1, 4, 9, 100]), 0.0),
            ("log", VALUES, np.log([1, 2, 5, 10, 101]), 1.0),
        ],
    )
    def test_the_net_learns_roots_or_logarithms_standardised(
        self, on: Any, values: Any, scaled: Any, shift: float
    ) -> None:
        target = NumberTarget(name="y", mean=1, scale=1).rescaled(on, values)
        assert (target.name, target.on, target.shift) == ("y", on, shift)
        assert (target.mean, target.scale) == pytest.approx((np.mean(scaled), np.std(scaled)))
        np.testing.assert_allclose(target.encode(values), (scaled - np.mean(scaled)) / np.std(scaled))
        np.testing.assert_allclose(target.decode(target.encode(values)), values, atol=1e-9)

    def test_what_a_scale_lacks_becomes_its_least(self) -> None:
        root = NumberTarget(name="y", mean=2, scale=1, on="sqrt")
        assert root.encode(np.array([-4.0, 0.0, 1.0])).tolist() == [-2, -2, -1]
        assert root.decode(np.array([-5.0, -2.0, 0.0])).tolist() == [0, 0, 4]
        log = NumberTarget(name="y", mean=0, scale=1, on="log", shift=0.5)
        least = np.log(1e-30)
        np.testing.assert_allclose(log.encode(np.array([-4.0, -0.5, 0.5])), [least, least, 0], atol=1e-12)
        assert log.decode(np.array([-1e9, 0.0])).tolist() == [0, 0.5]

    @pytest.mark.parametrize("on", ["plain", "sqrt", "log"])
    def test_far_answers_stay_finite(self, on: Any) -> None:
        target = NumberTarget(name="y", mean=1e30, scale=1e30, on=on)
        with np.errstate(all="raise", under="ignore"):
            assert np.isfinite(target.decode(np.array([-3.4e38, 3.4e38]))).all()

    @pytest.mark.parametrize(
        ("more", "problem"),
        [
            ({"counts": True, "on": "log"}, "counts must be on the plain scale"),
            ({"on": "sqrt", "shift": 1.0}, "a shift must belong to the scale log"),
            ({"shift": 1.0}, "a shift must belong to the scale log"),
            ({"on": "log", "shift": -1.0}, "greater than or equal to 0"),
            ({"on": "cube"}, "Input should be 'plain', 'sqrt' or 'log'"),
        ],
    )
    def test_what_does_not_belong_together_is_refused(self, more: Any, problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            NumberTarget(name="y", mean=1, scale=1, **more)
