"""Predictions as a table to write or to print: the answers, and for classes their probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from glassnet.model import Model


def predictions_frame(model: Model, data: object) -> pl.DataFrame:
    """Return one row a raw row: ``<target>``, and for classes ``<target>=<class>`` with each probability.

    Raises:
        DataError: columns or cells do not fit; every problem is named.
    """
    predictions = model.predictions(model.table(data))
    answers = model.task.answers(predictions)
    names = model.schema.target_names
    if model.task.is_classification:
        probabilities = {f"{names[0]}={each}": predictions[:, i] for i, each in enumerate(model.task.classes)}
        return pl.DataFrame({names[0]: answers, **probabilities})
    columns = answers.reshape(len(answers), -1)
    return pl.DataFrame({name: columns[:, i] for i, name in enumerate(names)})


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all.

    Raises:
        RequestError: the folder does not exist, or ``path`` is one.
        WorkError: the disk is full, or the folder cannot be written to.
    """
    write_atomically(path, frame.write_csv().encode())
