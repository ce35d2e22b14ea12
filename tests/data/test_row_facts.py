"""Groups and weights of rows, as splits, scores and intervals take them."""

from __future__ import annotations

import polars as pl
import pytest

from glassnet.data.row_facts import row_groups, row_weights
from glassnet.data.table import Table
from glassnet.errors import DataError


def table_of(**columns: list[object]) -> Table:
    return Table(pl.DataFrame(columns, strict=False), "some.csv")


def test_rows_of_equal_value_are_a_group_and_those_without_one_are_another() -> None:
    assert row_groups(table_of(who=["b", "a", None, "b", None]), "who").tolist() == [2, 1, 0, 2, 0]


def test_rows_weigh_what_their_column_says_and_1_without_it() -> None:
    table = table_of(w=[0, 2, 3])
    assert row_weights(table, "w").tolist() == [0, 2, 3]
    assert row_weights(table, "other").tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "cells", [[1.0, -1.0], [1.0, None], [1.0, float("inf")], [1.0, float("nan")], ["1", "x"], [0.0, 0.0]]
)
def test_weights_that_cannot_be_are_refused(cells: list[object]) -> None:
    with pytest.raises(
        DataError, match=r"the weights in 'w' must be finite numbers, 0 or above, however: some"
    ):
        row_weights(table_of(w=cells), "w")
