"""When the rows that a run was judged on can be cut again after it, and answered as they were then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glassnet.errors import DataError, message
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from glassnet.model.trained import TaskModel

AGREES = 1e-6
"""Rows that were cut again have to give the run's scores, but for such a share of them."""


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


def agree(found: Mapping[str, float], then: Mapping[str, float]) -> bool:
    """Say whether rows that were cut again give the scores of the run."""
    return found.keys() == then.keys() and all(
        abs(found[name] - then[name]) <= AGREES * max(1.0, abs(then[name])) for name in then
    )
