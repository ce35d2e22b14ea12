"""``glassnet inspect MODEL``: what a model is, and what it does with given rows or a given text."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glassnet.errors import RecipeError, message
from glassnet.model.loading import load
from glassnet.plan.words import WordPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glassnet.lens.confusion import Confusion
    from glassnet.lens.draw_explanations import Explanation
    from glassnet.lens.text_mistakes import TextMistakes
    from glassnet.lens.text_words import TextAnswer, WordWeights
    from glassnet.model.images import ImageModel
    from glassnet.model.table import Model
    from glassnet.model.texts import TextModel
    from glassnet.run.context import AnyModel

    View = Confusion | Explanation | WordWeights | TextAnswer | TextMistakes


def inspected(
    path: Path, data: str | None, row: int | None, column: str | None, text: str | None
) -> tuple[AnyModel, Mapping[str, View]]:
    """Load a model and look into it as a command asks; returns it and the Views by name.

    Raises:
        RecipeError: something was asked for that such a model does not have.
        DataError: the data does not fit, or has no such row.
    """
    model = load(path)
    if model.recipe.kind == "text":
        return model, _of_texts(cast("TextModel", model), data, row, column, text)
    if model.recipe.kind == "image":
        return model, _of_photos(cast("ImageModel", model), data, row, column, text)
    if model.recipe.kind in ("characters", "series"):
        if (data, row, column, text) != (None, None, None, None):
            must, do = f"a model of {model.recipe.kind} is inspected by itself", "see glassnet evaluate"
            raise RecipeError(message(must, "rows or a text were asked for", do))
        return model, {}
    if text is not None:
        raise RecipeError(message("--text needs a model of texts", "this one is of a table", "leave it out"))
    from glassnet.cli.explain import explanations

    return model, explanations(cast("Model", model), data, row, column)


def view_json(view: View) -> dict[str, Any]:
    """Return a View as JSON values; what was taken for what comes without its pictures."""
    from glassnet.lens.confusion import Confusion

    found: dict[str, Any] = json.loads(view.to_json()) if isinstance(view, Confusion) else asdict(view)
    return found


def _of_photos(
    model: ImageModel, data: str | None, row: int | None, column: str | None, text: str | None
) -> dict[str, View]:
    if (row, column, text) != (None, None, None):
        must, do = "--row, --column and --text need a model of a table or of texts", "leave them out"
        raise RecipeError(message(must, "this one is of photos", do))
    if data is None:
        return {}
    from glassnet.lens.confusion import confusion

    photos = model.photos(data, labelled=True)
    answers = model.predictions(photos)
    return {"confusion": confusion(answers, model.truth(photos), model.task.classes, names=photos.names)}


def _of_texts(
    model: TextModel, data: str | None, row: int | None, column: str | None, text: str | None
) -> dict[str, View]:
    from glassnet.lens.text_mistakes import text_mistakes
    from glassnet.lens.text_words import text_answer, word_weights

    if column is not None:
        must, do = "--column needs a model of a table", "leave it out"
        raise RecipeError(message(must, "this one is of texts", do))
    if isinstance(model.plan, WordPlan):
        if (data, text) != (None, None):
            must, do = "--data and --text need a bag of words", "see glassnet predict and evaluate"
            raise RecipeError(message(must, f"this one is {model.plan.net}", do))
        return {}
    if row is not None and data is None:
        raise RecipeError(message("--row needs texts to look at", "--data is missing", "add --data FILE"))
    views: dict[str, View] = {"words": word_weights(model)}
    if data is not None:
        rows = model.rows(data, labelled=True)
        views["mistakes"] = text_mistakes(model, rows)
        if row is not None:
            views["answer"] = text_answer(model, rows, row)
    if text is not None:
        views["text"] = text_answer(model, model.rows([text]), 1)
    return views
