"""What a run that goes on has to find as it was: its data and its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from glassnet.errors import DataError, FormatError, message
from glassnet.plan.characters import CharacterPlan
from glassnet.plan.images import ImagePlan
from glassnet.plan.series import SeriesPlan
from glassnet.plan.table import Plan
from glassnet.plan.texts import TextPlan
from glassnet.plan.words import WordPlan

if TYPE_CHECKING:
    from glassnet.recipe import Recipe
    from glassnet.run.folder import RunFolder

AnyPlan = TypeVar("AnyPlan", Plan, TextPlan, CharacterPlan, WordPlan, SeriesPlan, ImagePlan)


def with_checksum(recipe: Recipe, sha256: str | None, folder: RunFolder | None) -> Recipe:
    """Return the recipe with its data's SHA-256, which a file had from the start, and others get now.

    Raises:
        DataError: the data is not what the recipe was written for.
    """
    if recipe.sha256 == sha256:
        return recipe
    if recipe.sha256 is not None:
        raise DataError(
            message(
                "a run goes on only with the data that it began with",
                f"{recipe.data or 'the data'} has changed since",
                "put the old data back, or start a new run",
            )
        )
    recipe = recipe.model_copy(update={"sha256": sha256})
    if folder is not None:
        folder.write_recipe(recipe)
    return recipe


def with_checksums(
    recipe: Recipe, sha256: str | None, test_sha256: str | None, folder: RunFolder | None
) -> Recipe:
    """Return the recipe with the SHA-256 of its data and of what a ``file:`` split judges.

    Raises:
        DataError: they are not what the recipe was written for.
    """
    recipe = with_checksum(recipe, sha256, folder)
    if recipe.test_sha256 == test_sha256:
        return recipe
    if recipe.test_sha256 is not None:
        must, do = "a run goes on only with the test data that it began with", "put the old one back"
        raise DataError(message(must, f"{recipe.test} has changed since", do))
    recipe = recipe.model_copy(update={"test_sha256": test_sha256})
    if folder is not None:
        folder.write_recipe(recipe)
    return recipe


def earlier_plan(folder: RunFolder | None, kind: type[AnyPlan]) -> AnyPlan | None:
    """Return the plan of an earlier start of this run, to be reused.

    Raises:
        FormatError: it is damaged.
    """
    found = folder.read_plan() if folder is not None else None
    if found is None or folder is None:
        return None
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        raise FormatError(
            message(
                f"{folder.plan} must be as the run wrote it",
                error.errors(include_url=False)[0]["msg"],
                "delete it and start the run again",
            )
        ) from None
