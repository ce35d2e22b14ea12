"""The results of several parts of the data, put together."""

from __future__ import annotations

from typing import Any

from glassnet.results import Results


def joined_results(parts: list[Results]) -> Results:
    """Return one Results of parts that were judged one by one."""
    whole: dict[str, dict[str, Any]] = {}
    for part in parts:
        for name in ("rows", "metrics", "intervals", "details"):
            whole.setdefault(name, {}).update(getattr(part, name))
        for name in ("baselines", "baseline_intervals", "differences"):
            for baseline, by_split in getattr(part, name).items():
                whole.setdefault(name, {}).setdefault(baseline, {}).update(by_split)
    return Results.model_validate({**whole, "notes": [note for part in parts for note in part.notes]})
