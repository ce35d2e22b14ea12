"""What the commands print: results, models, data sets, this installation."""

from __future__ import annotations

import json
import math
import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glassnet.plan.characters import CharacterPlan
from glassnet.plan.images import ImagePlan
from glassnet.plan.series import SeriesPlan
from glassnet.plan.table import Plan
from glassnet.plan.texts import TextPlan
from glassnet.run.summary import scores_json

if TYPE_CHECKING:
    from pathlib import Path

    from glassnet.lens.report import Report
    from glassnet.plan.table import ColumnPlan
    from glassnet.results import Results
    from glassnet.run.context import AnyModel, Outcome

_PACKAGES = ("torch", "numpy", "polars", "scikit-learn", "pydantic", "safetensors", "matplotlib")

FIRST_COLUMNS, LAST_COLUMNS = 40, 10
"""Of more columns than this the ones between are only counted."""
LONGEST = 10_000
"""Width where no terminal sets one."""
_ORIGINS = {
    "bundled": "Bundled with scikit-learn",
    "synthetic": "\nSynthetic, made up by formula",
    "local": "\nYour own copies, in the folder that the environment variable GLASSNET_DATA names",
}
_ENDINGS = {
    "epochs": "as many as planned",
    "early_stopping": "then validation got no better",
    "budget": "then the budget was spent",
    "interrupted": "then interrupted",
}


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object; a number that JSON does not know becomes null."""
    print(json.dumps(_json_value(value), ensure_ascii=False, allow_nan=False))


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_outcome(outcome: Outcome) -> None:
    """Print what a run scored and where it lies."""
    if outcome.was_finished:
        print("this run was finished before; nothing was left to do")
        _print_lines(outcome.model.results.warnings())
    history = outcome.model.history
    best = "" if history.best_epoch is None else f", the best was epoch {history.best_epoch}"
    ending = _ENDINGS.get(history.stopped or "", f"ended by {history.stopped}")
    plan = outcome.model.plan
    compared = plan.compared() if isinstance(plan, Plan | TextPlan) else None
    if compared is not None:
        print(compared)
    print(f"trained {len(history)} epochs, {ending}{best}")
    print_results(outcome.model.results)
    if outcome.folder is not None:
        if outcome.report is not None:
            print(f"report: {outcome.report}")
        print(f"model: {outcome.folder.model}")
        if history.stopped == "interrupted":
            print(f"interrupted; go on with: glassnet train --resume {outcome.folder.path}")


def print_results(results: Results) -> None:
    """Print scores with intervals, the baselines under them, and what there is to say of them."""
    for rows in _fitting(list(results.lines()), console().width):
        table = _table(*rows[0])
        for row in rows[1:]:
            table.add_row(*(Text(cell) for cell in row), style="bold" if row[0] == "network" else None)
        console().print(table)
    _print_lines(results.remarks())


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        console().print(Text(line))


def _fitting(rows: list[tuple[str, ...]], width: int) -> Iterator[list[list[str]]]:
    """Cut a wide table into several beside each other's first column, so that no cell is broken."""
    widths = [2 + max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    first, last = 1, 1
    while last < len(widths):
        last += 1
        if last == len(widths) or widths[0] + sum(widths[first : last + 1]) - 2 > width:
            yield [[row[0], *row[first:last]] for row in rows]
            first = last


def columns_table(plan: Plan | TextPlan) -> Table:
    """Return what each column was taken for, and why; of very many the middle is counted only."""
    table = _table("column", "role", "why")
    left_out = max(0, len(plan.columns) - FIRST_COLUMNS - LAST_COLUMNS)
    for column in plan.columns[:FIRST_COLUMNS]:
        table.add_row(*_described(column))
    if left_out:
        counts = Counter(each.role for each in plan.columns[FIRST_COLUMNS : FIRST_COLUMNS + left_out])
        roles = ", ".join(f"{count:,} {role}" for role, count in counts.most_common())
        table.add_row(f"... {left_out:,} more", roles, "--json lists them all")
    for column in plan.columns[max(FIRST_COLUMNS, len(plan.columns) - LAST_COLUMNS) :]:
        table.add_row(*_described(column))
    return table


def _described(column: ColumnPlan) -> tuple[Text, str, Text]:
    role = column.role if column.used or column.role == "target" else f"{column.role}, left out"
    return Text(column.name), role, Text(column.reason)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def evaluation_json(results: Results) -> dict[str, Any]:
    """Return what ``glassnet evaluate --json`` prints."""
    return {"rows": results.rows, **scores_json(results), "details": results.details}


def print_inspection(model: AnyModel) -> None:
    """Print what a model is."""
    for name, text in model.facts():
        print(f"{name + ':':<10} {text}")
    print(f"{'seed:':<10} {model.recipe.seed}")
    print(f"{'data:':<10} {model.recipe.data} (SHA-256 {model.recipe.sha256})")
    if isinstance(model.plan, CharacterPlan | SeriesPlan | ImagePlan):
        _print_lines(model.plan.sentences())
    else:
        console().print(columns_table(model.plan))
    print_results(model.results)
    _print_lines(model.results.warnings())
    if not isinstance(model.plan, TextPlan):
        print(model.net)


def inspection_json(model: AnyModel) -> dict[str, Any]:
    """Return what ``glassnet inspect --json`` prints."""
    return {
        "facts": dict(model.facts()),
        "recipe": model.recipe.model_dump(mode="json"),
        "plan": model.plan.model_dump(mode="json"),
        "inputs": _inputs(model),
        "results": model.results.model_dump(mode="json"),
        "history": {"epochs": len(model.history), "stopped": model.history.stopped},
    }


def _inputs(model: AnyModel) -> list[str]:
    if isinstance(model.plan, CharacterPlan):
        return ["characters"]
    if isinstance(model.plan, ImagePlan):
        return ["photos"]
    if isinstance(model.plan, SeriesPlan):
        return [each.name for each in model.plan.columns if each.used]
    if isinstance(model.plan, TextPlan):
        return [each.name for each in model.plan.columns if each.used]
    return list(model.schema.input_names)


def report_json(report: Report, path: Path) -> dict[str, Any]:
    """Return what ``glassnet report --json`` prints."""
    return {
        "report": str(path),
        "answer": report.sentences,
        "doubts": [asdict(each) for each in report.doubts],
        "leaks": [asdict(each) for each in report.leaks],
        "notes": report.notes,
        "missing": report.missing,
        **evaluation_json(report.results),
    }


def print_datasets() -> None:
    """Print the named data sets, found and missing."""
    from glassnet.data.sources import datasets

    for origin, title in _ORIGINS.items():
        local = ("there", "file") if origin == "local" else ()
        table = _table("name", "kind", "rows", "target", *local, "publisher")
        for each in datasets():
            if each.origin == origin:
                cells = [each.name, each.kind, f"{each.rows:,}", each.target or ""]
                cells += ["yes" if each.available else "no", _below_root(each.path or "")] if local else []
                table.add_row(*map(Text, [*cells, each.publisher.removeprefix("synthetic: ")]))
        print(title)
        console().print(table)


def _below_root(path: str) -> str:
    return path.removeprefix(os.environ.get("GLASSNET_DATA", "$GLASSNET_DATA")).lstrip("/")


def datasets_json() -> dict[str, Any]:
    """Return what ``glassnet datasets --json`` prints."""
    from glassnet.data.sources import datasets

    return {"datasets": [asdict(each) for each in datasets()]}


def installation() -> dict[str, Any]:
    """Return versions, native kernels and devices of this installation."""
    import torch

    from glassnet.native_status import native_status
    from glassnet.version import __version__

    native = native_status()
    return {
        "glassnet": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "native": native.available,
        "native_reason": native.reason,
        "native_kernels": native.kernels,
        "cuda": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "threads": torch.get_num_threads(),
    }


def print_installation(facts: dict[str, Any]) -> None:
    """Print versions, native kernels and devices, and how to get what is missing."""
    for name in ("glassnet", "python", "platform"):
        print(f"{name:<12} {facts[name]}")
    for name, text in facts["packages"].items():
        print(f"{name:<12} {text}")
    print(f"{'native':<12} {facts['native_kernels'] or facts['native_reason']}")
    print(f"{'CUDA':<12} {', '.join(facts['cuda']) or 'no device that torch can see'}")
    print(f"{'threads':<12} {facts['threads']}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def console(stderr: bool = False) -> Console:
    """Return where to print; what is no terminal has lines as long as they need to be."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=LONGEST)
