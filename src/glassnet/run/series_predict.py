"""The next values of a series as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from glassnet.model.series import SeriesModel


def series_predictions(model: SeriesModel, data: object) -> pl.DataFrame:
    """Return one row for each value after the last row of the data: how many rows ahead, and the value.

    Raises:
        DataError: the data does not fit the model.
    """
    values = model.predict(data)
    return pl.DataFrame({"ahead": range(1, len(values) + 1), model.schema.target.name: values})
