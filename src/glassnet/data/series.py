"""A numeric series as windows: the last rows before a moment, and the values that come after it.

A moment is named by its row: the window of row ``t`` holds the rows up to and with ``t``, and what is to be
foretold are the values of the rows ``t + 1`` to ``t + horizon``. Nothing of a later row is in a window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from glassnet.data.cells import Findings
from glassnet.data.fitting import fit_column, fit_target
from glassnet.data.roles import ColumnRole
from glassnet.data.schema import Schema, fit_schema
from glassnet.data.table import Table
from glassnet.data.targets import NumberTarget
from glassnet.data.times import row_times
from glassnet.errors import DataError, did_you_mean, message

Floats = NDArray[np.float64]

LONGEST_SEASON = 400
"""Rows of the longest season that is looked for."""
LOOKED_AT = 20_000
"""Rows of a longer series in which the season is looked for: the last ones."""


class SeriesSchema(BaseModel):
    """How the rows of a series become numbers; fitted on training rows alone.

    Attributes:
        target: the column that is foretold.
        inputs: the other columns; None where there are none to learn from.
        left_out: the columns that are not used, each with the reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: NumberTarget
    inputs: Schema | None
    left_out: dict[str, str] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.target.counts or self.target.on != "plain":
            raise ValueError("the target of a series must be on the plain scale")
        if self.inputs is not None and self.inputs.targets != (self.target,):
            raise ValueError("the inputs of a series must be fitted for its target")
        return self

    @property
    def width(self) -> int:
        """Numbers of a row: the value and those of the other columns."""
        return 1 + (0 if self.inputs is None else self.inputs.width)

    def read(self, table: Table) -> tuple[Floats, NDArray[np.float32]]:
        """Return the values in the user's units, (rows,), and all numbers of the rows, (rows, width).

        Raises:
            DataError: columns or cells do not fit; every problem is named.
        """
        if self.target.name not in table.columns:
            must = f"{table.name} must have the column {self.target.name!r}"
            raise DataError(message(must, "it is missing", did_you_mean(self.target.name, table.columns)))
        log = Findings(table)
        values = self.target.read(table.frame[self.target.name], log)
        log.finish()
        scaled = self.target.encode(values)[:, None].astype(np.float32)
        if self.inputs is None:
            return values, scaled
        return values, np.concatenate([scaled, self.inputs.encode(table)], axis=1)


def fit_series(
    table: Table, train: NDArray[np.int64], roles: Sequence[ColumnRole], target: str
) -> SeriesSchema:
    """Fit a schema on the training rows and on nothing else.

    Raises:
        DataError: cells of the training rows cannot be read, or the target does not vary.
    """
    log = Findings(table, train)
    number = fit_target(table.frame[target].gather(train), "regression", log)
    others = [role for role in roles if role.name != target]
    fitted = {
        role.name: fit_column(table.frame[role.name].gather(train), role, log, "standard") for role in others
    }
    log.finish()
    reasons = {name: each for name, each in fitted.items() if isinstance(each, str)}
    used = len(reasons) < len(others)
    schema = fit_schema(table, train, roles, [target], "regression") if used else None
    return SeriesSchema(target=number, inputs=schema, left_out=reasons)  # type: ignore[arg-type]


def check_order(table: Table, roles: Sequence[ColumnRole]) -> NDArray[np.float64] | None:
    """Return the time of each row, None where no column has dates.

    Raises:
        DataError: the rows are not in the order of time.
    """
    date = next((role for role in roles if role.role == "date"), None)
    times = None if date is None else row_times(table, date.name, date.format)
    if date is None or times is None:
        return None
    late = np.flatnonzero(np.diff(times) < 0)
    if len(late):
        must = f"the rows of {table.name} must be in the order of {date.name!r}"
        found = f"{table.where(int(late[0]) + 1, date.name)} is earlier than the row before it"
        raise DataError(message(must, found, "sort them by it"))
    return times


def find_season(values: Floats) -> int | None:
    """Return after how many rows a series comes nearest to repeating itself, by the mean absolute difference.

    A season is a lag that is nearer than the lags beside it, by a tenth nearer than most lags are; None where
    there is none. Only lags that fit three times are looked at.

    >>> find_season(np.tile([1.0, 5.0, 2.0, 9.0], 20))
    4
    """
    values = values[-LOOKED_AT:]
    lags = range(1, min(LONGEST_SEASON, len(values) // 3) + 2)
    errors = [float(np.abs(values[lag:] - values[:-lag]).mean()) for lag in lags]
    limit = 0.9 * float(np.median(errors)) if errors else 0.0
    seasons = [
        lag
        for lag in lags[1:-1]
        if errors[lag - 1] < limit and errors[lag - 2] > errors[lag - 1] <= errors[lag]
    ]
    return min(seasons, key=lambda lag: errors[lag - 1], default=None)


def last_values(values: Floats, moments: NDArray[np.int64], horizon: int) -> Floats:
    """Foretell that all goes on as it is. Shape: (moments, horizon)."""
    return np.repeat(values[moments, None], horizon, axis=1)


def seasonal_values(values: Floats, moments: NDArray[np.int64], horizon: int, season: int) -> Floats:
    """Foretell what was one season before, or where that is not known yet, several.

    ``moments`` begin at ``season - 1``. Shape: (moments, horizon).
    """
    ahead = np.arange(1, horizon + 1)
    back = ahead - season * -(-ahead // season)  # from 1 - season to 0
    found: Floats = values[moments[:, None] + back]
    return found


def moments_of(first: int, end: int, window: int, horizon: int) -> NDArray[np.int64]:
    """Return the moments whose foretold rows all lie in ``first`` to ``end - 1``."""
    return np.arange(max(first, window) - 1, end - horizon, dtype=np.int64)


def facts_of(roles: Sequence[ColumnRole], schema: SeriesSchema) -> Mapping[str, tuple[str, str, bool]]:
    """Return what each column was taken for: role, reason, and whether the net sees it."""
    return {
        role.name: ("target", role.reason, True)
        if role.name == schema.target.name
        else (role.role, schema.left_out.get(role.name, role.reason), role.name not in schema.left_out)
        for role in roles
    }
