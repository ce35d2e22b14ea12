"""``glassnet inspect MODEL --data FILE``: what the model does with given rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.errors import DataError, RecipeError, message
from glassnet.lens.contributions import contributions
from glassnet.lens.dependence import partial_dependence
from glassnet.lens.importance import permutation_importance
from glassnet.lens.mistakes import worst_rows

if TYPE_CHECKING:
    from glassnet.lens.draw_explanations import Explanation
    from glassnet.model.table import Model


def explanations(
    model: Model, data: str | None, row: int | None, column: str | None
) -> dict[str, Explanation]:
    """Return the asked Views by name: importance and worst rows of the data, a row's, a column's.

    Args:
        model: the model.
        data: rows with the target; None: no View at all.
        row: a row of the data, counted from 1, whose answer is explained.
        column: a column whose values are varied.

    Raises:
        RecipeError: a row or a column is asked for without data.
        DataError: the data does not fit, or has no such row.
    """
    if data is None:
        if row is not None or column is not None:
            raise RecipeError(
                message("--row and --column need rows to look at", "--data is missing", "add --data FILE")
            )
        return {}
    table = model.table(data)
    views: dict[str, Explanation] = {
        "importance": permutation_importance(model, table),
        "worst_rows": worst_rows(model, table),
    }
    if row is not None:
        if not 1 <= row <= table.rows:
            raise DataError(
                message(
                    f"--row must name a row of {table.name}", f"row {row} of {table.rows}", "count from 1"
                )
            )
        views["contributions"] = contributions(model, table.frame.row(row - 1, named=True))
    if column is not None:
        views["dependence"] = partial_dependence(model, table, column)
    return views
