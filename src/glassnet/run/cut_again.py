"""The data of a run, met again: whether its judged rows can be cut and answered as they were then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from glassnet.errors import DataError, RequestError, message
from glassnet.lens.report import Doubt
from glassnet.lens.report_frame import Material
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from glassnet.model.trained import TaskModel, Trained

AGREES = 1e-6
"""Rows that were cut again have to give the run's scores, but for such a share of them."""


AnyMaterial = TypeVar("AnyMaterial", bound=Material)


def of_the_run(
    bare: AnyMaterial, cut_again: Callable[[AnyMaterial], AnyMaterial], what: str, judgeable: str
) -> AnyMaterial:
    """Gather what can still be had of a run's own data.

    Args:
        bare: what the model holds.
        cut_again: adds the judged rows; raises RequestError where they cannot be had.
        what: what is missing without them.
        judgeable: the data that it can be had for: "texts with labels, by glassnet report MODEL --data FILE".
    """
    try:
        return cut_again(bare)
    except RequestError as error:
        return replace(bare, missing=(f"{what}: {error}. They can be had for {judgeable}.",))


def seen_before(
    model: Trained, sha256: str | None, rows: str, are_those: str, learned: str
) -> tuple[Doubt, ...]:
    """Return the doubt that what is judged are a run's own data, where they have its SHA-256.

    Args:
        rows: what they are called: "these texts".
        are_those: "they are those of reviews.csv".
        learned: what there is among them: "the texts that it learned from".
    """
    if sha256 is None or sha256 != model.recipe.sha256:
        return ()
    return (Doubt(f"It has seen {rows}", f"{are_those} itself (the same SHA-256), with {learned}"),)


def check_can_be_cut(model: TaskModel, rows: str, in_memory: str) -> None:
    """Check that the saved net can answer the judged rows of its run as they were answered then.

    Args:
        rows: what they are called: "rows", "texts".
        in_memory: what to say where the data was not read from a file.

    Raises:
        DataError: it cannot.
    """
    split, problem = model.results.shown_split(), ""
    plan: Any = model.plan
    if model.recipe.data is None:
        problem = in_memory
    elif parse_split(plan.test).has_folds:
        problem = "each part was answered by a network of its own, and these are not saved"
    elif split == "validation" and plan.refit:
        problem = f"the network that was saved has learned from the validation {rows} since"
    elif split is None:
        problem = "the run has not been scored"
    if problem:
        must = f"the {rows} of the run must be there to be answered as they were then"
        raise DataError(message(must, problem, f"judge other {rows}"))


def check_unchanged(is_same: bool, name: str) -> None:
    """Check that data are as the run read them.

    Raises:
        DataError: they are not.
    """
    if not is_same:
        raise DataError(message("the data must be as it was", f"{name} has changed", "put the old one back"))


def check_agree(found: Mapping[str, float], then: Mapping[str, float], rows: str) -> None:
    """Check that rows that were cut again give the scores of the run; ``rows`` is what they are called.

    Raises:
        DataError: they do not.
    """
    if not agree(found, then):
        must, do = f"{rows} that are cut again must give the scores of the run", f"judge other {rows}"
        raise DataError(message(must, "they do not", do))


def agree(found: Mapping[str, float], then: Mapping[str, float]) -> bool:
    """Say whether rows that were cut again give the scores of the run."""
    return found.keys() == then.keys() and all(
        abs(found[name] - then[name]) <= AGREES * max(1.0, abs(then[name])) for name in then
    )
