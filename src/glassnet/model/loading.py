"""From a ``.glass`` file to a model: what the file holds decides which, and nothing else is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glassnet.archive import read_archive
from glassnet.errors import RecipeError, message

if TYPE_CHECKING:
    from glassnet.model.characters import CharacterModel
    from glassnet.model.images import ImageModel
    from glassnet.model.series import SeriesModel
    from glassnet.model.table import Model
    from glassnet.model.texts import TextModel


def load(
    path: str | Path, net: object = None
) -> Model | TextModel | CharacterModel | SeriesModel | ImageModel:
    """Load a model from a ``.glass`` file. Nothing that the file names is imported or run.

    Args:
        path: the file.
        net: for a model that was trained on a module of the user's own: the module, of which a copy takes
            the weights, or the callable that built it. A file that describes its net does not need it.

    Raises:
        FormatError: the file does not keep the format of ``docs/format.md`` in every byte, or ``net`` does
            not fit its weights.
        RecipeError: the file holds the weights of an own module, and ``net`` was not given.
    """
    contents = read_archive(path)
    if contents.manifest.get("kind") == "text" and _reads_words(contents.manifest):
        from glassnet.model.words import word_model_from

        return word_model_from(contents, str(path))
    if contents.manifest.get("kind") == "text":
        from glassnet.model.texts import text_model_from

        return text_model_from(contents, str(path))
    if contents.manifest.get("kind") == "series":
        from glassnet.model.series import series_model_from

        return series_model_from(contents, str(path))
    if contents.manifest.get("kind") == "image":
        from glassnet.model.images import image_model_from

        return image_model_from(contents, str(path), net)
    if contents.manifest.get("kind") == "characters":
        from glassnet.model.characters import character_model_from

        return character_model_from(contents, str(path))
    from glassnet.model.table import model_from

    return model_from(contents, str(path), net)


def _reads_words(manifest: dict[str, Any]) -> bool:
    """Whether the manifest of a model of texts has a recurrent net; what else is wrong is found later."""
    networks = manifest.get("networks")
    net = networks.get("net") if isinstance(networks, dict) else None
    return isinstance(net, dict) and net.get("kind") == "recurrent"


def load_table(path: str | Path, what: str) -> Model:
    """Load a model of a table for what only such models can do; ``what`` names it.

    Raises:
        RecipeError: it is a model of something else.
        FormatError: see :func:`load`.
    """
    model = load(path)
    if model.recipe.kind != "table":
        must, kind = f"{what} needs a model of a table", model.recipe.kind.removesuffix("s")
        raise RecipeError(message(must, f"{path} is one of {kind}s", "try glassnet inspect"))
    return cast("Model", model)
