"""``glassnet predict MODEL``: the answers to a table or to texts, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from glassnet.errors import RecipeError, message
from glassnet.model.loading import load

if TYPE_CHECKING:
    import polars as pl

    from glassnet.model.images import ImageModel
    from glassnet.model.series import SeriesModel
    from glassnet.model.table import Model
    from glassnet.model.texts import TextModel


def asked_predictions(path: Path, data: str | None, texts: list[str], interval: float | None) -> pl.DataFrame:
    """Return the answers that a command asks for, one row a row.

    Args:
        path: the model file.
        data: a table or texts; None: the texts of the command line.
        texts: texts of the command line.
        interval: a coverage of prediction intervals.

    Raises:
        RecipeError: there is nothing to answer, or what was asked does not fit the model.
        DataError: the data does not fit.
    """
    if (data is None) == (not texts):
        found = "there are both" if texts else "there is neither"
        raise RecipeError(message("predict needs DATA or --text TEXT", found, "name one of them"))
    model = load(path)
    if model.recipe.kind in ("text", "image") and interval is not None:
        must, do = (
            "--interval needs a model of numbers",
            "leave it out; probabilities stand beside the answers",
        )
        raise RecipeError(message(must, "this one answers with classes", do))
    if model.recipe.kind == "text":
        from glassnet.run.text_predict import text_predictions

        return text_predictions(cast("TextModel", model), texts or data)
    if texts and model.recipe.kind == "image":
        raise RecipeError(message("--text needs a model of texts", "this one is of photos", "name DATA"))
    if model.recipe.kind == "image":
        from glassnet.run.image_predict import image_predictions

        return image_predictions(cast("ImageModel", model), data)
    if model.recipe.kind == "characters":
        must, do = "predict needs a model of a table or of texts", "write on with glassnet generate"
        raise RecipeError(message(must, "this one is of characters", do))
    if model.recipe.kind == "series":
        from glassnet.run.series_predict import series_predictions

        return series_predictions(cast("SeriesModel", model), data)
    if texts:
        raise RecipeError(message("--text needs a model of texts", "this one is of a table", "name DATA"))
    from glassnet.run.predict import predictions_frame

    return predictions_frame(cast("Model", model), data, interval)
