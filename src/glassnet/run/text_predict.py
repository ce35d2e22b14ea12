"""Answers to texts as a table to write or to print: the class, and the probability of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from glassnet.model.texts import TextModel


def text_predictions(model: TextModel, data: object) -> pl.DataFrame:
    """Return one row a text: ``<target>``, and ``<target>=<class>`` with each probability; before them
    ``file`` where each text is a file of its own.

    Raises:
        DataError: texts cannot be read.
    """
    rows = model.rows(data)
    predictions, name = model.predictions(rows), model.schema.target.name
    files = {"file": list(rows.files)} if len(rows.files) else {}
    probabilities = {f"{name}={each}": predictions[:, i] for i, each in enumerate(model.task.classes)}
    return pl.DataFrame({**files, name: model.task.answers(predictions), **probabilities})
