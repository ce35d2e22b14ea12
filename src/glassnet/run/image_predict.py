"""Answers to photos as a table to write or to print: the class, and the probability of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from glassnet.model.images import ImageModel


def image_predictions(model: ImageModel, data: object) -> pl.DataFrame:
    """Return one row a photo: ``photo``, its name, ``<target>``, and ``<target>=<class>`` with each
    probability. Photos that cannot be read are left out, with a warning.

    Raises:
        DataError: there are no photos that can be read.
    """
    photos = model.photos(data)
    predictions, name = model.predictions(photos), model.schema.target.name
    probabilities = {f"{name}={each}": predictions[:, i] for i, each in enumerate(model.task.classes)}
    return pl.DataFrame({"photo": list(photos.names), name: model.task.answers(predictions), **probabilities})
