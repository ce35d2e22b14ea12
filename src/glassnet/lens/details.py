"""The details of Results, which are JSON, as the types that a run puts there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from glassnet.results import Results


def details_of(results: Results, split: str | None) -> dict[str, Any]:
    """Return the details of one split, as :class:`glassnet.metrics.Scores` describes them; may be empty."""
    found = results.details.get(split or "")
    return found if isinstance(found, dict) else {}


def folds_of(results: Results) -> list[dict[str, dict[str, float]]]:
    """Return the scores of each fold: network or baseline -> metric -> value; empty for one set of rows."""
    return cast("list[dict[str, dict[str, float]]]", results.details.get("folds") or [])
