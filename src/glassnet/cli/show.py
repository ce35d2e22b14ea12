"""What the commands print: results, models, data sets, this installation."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from glassnet.run.summary import scores_json

if TYPE_CHECKING:
    from glassnet.model import Model
    from glassnet.results import Results
    from glassnet.run.train import Outcome

_PACKAGES = ("torch", "numpy", "polars", "scikit-learn", "pydantic", "safetensors", "matplotlib")


def print_outcome(outcome: Outcome) -> None:
    """Print what a run scored and where it lies."""
    if outcome.was_finished:
        print("this run was finished before; nothing was left to do")
    history = outcome.model.history
    best = "" if history.best_epoch is None else f", weights of epoch {history.best_epoch}"
    print(f"trained {len(history)} epochs, stopped by {history.stopped}{best}")
    for warning in outcome.warnings:
        print(f"warning: {warning}")
    print_results(outcome.model.results)
    if outcome.folder is not None:
        print(f"model: {outcome.folder.model}")
        if history.stopped == "interrupted":
            print(f"interrupted; go on with: glassnet train --resume {outcome.folder.path}")


def print_results(results: Results) -> None:
    """Print scores with intervals, the baselines under them, and the verdict."""
    rows = list(results.lines())
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in rows[0]:
            table.add_column(title, overflow="fold")
        for row in rows[1:]:
            table.add_row(*(Text(cell) for cell in row), style="bold" if row[0] == "network" else None)
        _console().print(table)
    for line in (results.verdict(), *results.notes):
        if line:
            print(line)


def evaluation_json(results: Results) -> dict[str, Any]:
    """Return what ``glassnet evaluate --json`` prints."""
    return {"rows": results.rows, **scores_json(results), "details": results.details}


def print_inspection(model: Model) -> None:
    """Print what a model is."""
    for name, text in model.facts():
        print(f"{name + ':':<10} {text}")
    print(f"{'seed:':<10} {model.recipe.seed}")
    print(f"{'data:':<10} {model.recipe.data} (SHA-256 {model.recipe.sha256})")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("column", "role", "why"):
        table.add_column(title, overflow="fold")
    for column in model.plan.columns:
        table.add_row(
            Text(column.name), column.role + ("" if column.used else ", not an input"), Text(column.reason)
        )
    _console().print(table)
    print_results(model.results)
    print(model.net)


def inspection_json(model: Model) -> dict[str, Any]:
    """Return what ``glassnet inspect --json`` prints."""
    return {
        "facts": dict(model.facts()),
        "recipe": model.recipe.model_dump(mode="json"),
        "plan": model.plan.model_dump(mode="json"),
        "inputs": list(model.schema.input_names),
        "results": model.results.model_dump(mode="json"),
        "history": {"epochs": len(model.history), "stopped": model.history.stopped},
    }


def print_datasets() -> None:
    """Print the named data sets, found and missing."""
    from glassnet.data.sources import datasets

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "kind", "rows", "target", "origin", "publisher", "where"):
        table.add_column(title, overflow="fold")
    for each in datasets():
        rows = f"{each.rows:,}" if each.rows else ""
        where = str(each.path) if each.available else f"missing: {each.path}"
        shown = (each.name, each.kind, rows, each.target or "", each.origin, each.publisher)
        table.add_row(*(Text(cell) for cell in shown), Text("" if each.path is None else where))
    _console().print(table)


def datasets_json() -> list[dict[str, Any]]:
    """Return what ``glassnet datasets --json`` prints."""
    from dataclasses import asdict

    from glassnet.data.sources import datasets

    return [{key: _plain(value) for key, value in asdict(each).items()} for each in datasets()]


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
        "cuda": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "threads": torch.get_num_threads(),
    }


def print_installation(facts: dict[str, Any]) -> None:
    """Print versions, native kernels and devices, and how to get what is missing."""
    for name in ("glassnet", "python", "platform"):
        print(f"{name:<12} {facts[name]}")
    for name, text in facts["packages"].items():
        print(f"{name:<12} {text}")
    print(f"{'native':<12} {'yes' if facts['native'] else facts['native_reason']}")
    print(f"{'CUDA':<12} {', '.join(facts['cuda']) or 'no device that torch can see'}")
    print(f"{'threads':<12} {facts['threads']}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _console() -> Console:
    import shutil
    import sys

    wide = None if sys.stdout.isatty() else max(200, shutil.get_terminal_size().columns)
    return Console(width=wide, highlight=False)
