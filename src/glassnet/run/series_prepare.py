"""A numeric series before anything is trained: read, cut, and its schema fitted on training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.roles import ColumnRole, infer_roles
from glassnet.data.series import SeriesSchema, check_order, fit_series, moments_of
from glassnet.data.split import Fold, RowFacts, make_folds
from glassnet.notation import SplitSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.sources import Source
    from glassnet.recipe import Recipe

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PreparedSeries:
    """A series that is read and cut.

    Attributes:
        values: the target, in the user's units. Shape: (rows,).
        matrix: all numbers of the rows. Shape: (rows, schema.width).
        times: of the rows, in seconds since 1970, shape (rows,); None without dates.
        splits: how test and validation rows were cut.
    """

    roles: tuple[ColumnRole, ...]
    schema: SeriesSchema
    values: Floats
    matrix: NDArray[np.float32]
    times: Floats | None
    fold: Fold
    splits: tuple[SplitSpec, SplitSpec]

    def moments(self, part: str, before: int, horizon: int) -> NDArray[np.int64]:
        """Return the moments whose foretold rows lie in a part, with so many rows before each."""
        rows: NDArray[np.int64] = getattr(self.fold, part)
        return moments_of(int(rows[0]), int(rows[-1]) + 1, before, horizon) if len(rows) else rows


def prepare_series(recipe: Recipe, source: Source, splits: tuple[SplitSpec, SplitSpec]) -> PreparedSeries:
    """Read a series and cut it.

    Raises:
        DataError: columns, cells or the order of rows cannot be used; problems come together.
    """
    target, table = recipe.target[0], source.load()
    given = {target: "number"} if target in table.columns else {}
    roles = infer_roles(table, {**source.roles, **given, **recipe.roles}, recipe.drop, [target])
    times = check_order(table, roles)
    fold = make_folds(RowFacts(table.rows, times), *splits, recipe.seed)[0]
    schema = fit_series(table, fold.train, roles, target)
    values, matrix = schema.read(table)
    return PreparedSeries(roles, schema, values, matrix, times, fold, splits)
