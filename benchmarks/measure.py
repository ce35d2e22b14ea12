"""What all benchmarks share: the machine and the versions above a figure, its median and spread, its source.

Run alone, it prints the header.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "polars", "scikit-learn", "pydantic")


def facts() -> dict[str, Any]:
    """Return where and with what the figures come about; ``source`` needs no version control."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": _memory_gb(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "source": source_hash(),
    }


def source_hash() -> str:
    """Return a hash of the library's code and of the benchmarks, 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for folder in ("src", "native", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".cpp", ".h"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)


def header(title: str) -> dict[str, Any]:
    """Print what the figures below it belong to, and return it."""
    here = facts()
    versions = ", ".join(f"{name} {version}" for name, version in here["packages"].items())
    print(f"{title}\n{'=' * len(title)}")
    print(f"{here['processor']}, {here['cores']} cores, {here['memory_gb']} GB, load {here['load']}")
    print(f"{here['system']}, Python {here['python']}, {versions}, source {here['source']}\n", flush=True)
    return here


def footer(title: str, here: Mapping[str, Any], figures: Any, out: str | None) -> None:
    """Write the figures, with what they belong to, as JSON where that was asked for."""
    if out is not None:
        Path(out).write_text(json.dumps({"title": title, **here, "figures": figures}, indent=2) + "\n")
        print(f"\nwritten to {out}")


def interleaved(contenders: Mapping[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """Run all contenders in turn, so many times: what disturbs the machine disturbs them alike."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(runs):
        show_progress(f"run {number + 1} of {runs}")
        for name, run in contenders.items():
            found[name].append(run())
    show_progress("")
    return found


def spread(values: Sequence[float], digits: int = 3, unit: str = "") -> str:
    """Say a figure: its median, and its lowest and highest value."""
    low, middle, high = (
        f"{each:,.{digits}f}" for each in (min(values), statistics.median(values), max(values))
    )
    return f"{middle}{unit} ({low} to {high})" if len(values) > 1 else f"{middle}{unit}"


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the header first; the first column is text, the others are figures."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        print("   ".join(cells).rstrip(), flush=True)


def show_progress(text: str) -> None:
    """Overwrite the line below the table, where someone is watching."""
    if sys.stderr.isatty():
        print(f"\r{text:<70}\r{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    header("This machine")
