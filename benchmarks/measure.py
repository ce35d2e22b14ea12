"""What all benchmarks share: the machine and the versions above a figure, its median and spread, its source.

Run alone, it prints the header.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from glassnet.run.bench import figures
from glassnet.run.bench.machine import machine, machine_text

ROOT = Path(__file__).resolve().parents[1]
MORE = ("polars", "pydantic")


def facts() -> dict[str, Any]:
    """Return where and with what the figures come about; ``source`` needs no version control."""
    here = machine()
    more = {name: metadata.version(name) for name in MORE}
    return here | {"packages": here["packages"] | more, "source": source_hash()}


def source_hash() -> str:
    """Return a hash of the library's code and of the benchmarks, 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for folder in ("src", "native", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".cpp", ".hpp"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def header(title: str) -> dict[str, Any]:
    """Print what the figures below it belong to, and return it."""
    here = facts()
    print(f"{title}\n{'=' * len(title)}")
    print(f"{machine_text(here)}, source {here['source']}\n", flush=True)
    return here


def footer(title: str, here: Mapping[str, Any], found: Any, out: str | None) -> None:
    """Write the figures, with what they belong to, as JSON where that was asked for."""
    if out is not None:
        Path(out).write_text(json.dumps({"title": title, **here, "figures": found}, indent=2) + "\n")
        print(f"\nwritten to {out}")


def data_folder() -> Path:
    """Return the folder that GLASSNET_DATA names; where it names none, say so and end."""
    folder = os.environ.get("GLASSNET_DATA")
    if folder is None:
        sys.exit("set GLASSNET_DATA to the folder of your data: see `glassnet datasets`")
    return Path(folder)


def spread(values: Sequence[float], digits: int = 3, unit: str = "") -> str:
    """Say a figure: its median, and its lowest and highest value."""
    low, middle, high = (
        f"{each:,.{digits}f}" for each in (min(values), statistics.median(values), max(values))
    )
    return f"{middle}{unit} ({low} to {high})" if len(values) > 1 else f"{middle}{unit}"


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the header first; the first column is text, the others are figures."""
    print(figures.table(rows), flush=True)


def show_progress(text: str) -> None:
    """Overwrite the line below the table, where someone is watching."""
    if sys.stderr.isatty():
        print(f"\r{text:<70}\r{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    header("This machine")
