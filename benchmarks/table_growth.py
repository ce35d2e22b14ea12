"""How time and memory of a whole run grow with the table: read, trained for one epoch, scored and saved.

    python benchmarks/table_growth.py [--most 300000] [--kind floats] [--task regression] [--runs 1]
                                      [--out FILE]

Each run is ``glassnet train FILE --target y --epochs 1`` in a process of its own, on a CSV of 30 columns: all
decimals (30 input units), or with --kind mixed 20 of decimals, 5 of whole-number codes, 3 of text, 1 of dates
and 1 with holes (199 input units). Promised: 1,000,000 rows within 2 GB, and linear growth from 10,000 rows.

``epoch`` is one pass over the training rows, validation included; the run makes two, the second one for the
refit. ``total`` is what the run itself says; ``processor`` is the time of the whole process on all cores,
its start included, which suffers less from what else the machine does. Above 200,000 rows the baselines are
fitted on a sample, and the run says so. What Python, torch and the others need is the same run on 100 rows;
exponents are of what comes on top of that.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measure import footer, header, show_progress, spread, table

ROWS = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
BASE = 100
PROMISED_ROWS, PROMISED_BYTES = 1_000_000, 2e9
PARTS = ("read", "epoch", "total", "processor", "memory")
# A process reports its own peak: in what its parent is told of it, the parent's memory may count as well.
RUN = """
import json, resource, sys
from glassnet.cli import run
status = run(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_SELF)
peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
if sys.platform == "linux":
    lines = open("/proc/self/status").read().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
json.dump({"memory": peak, "processor": used.ru_utime + used.ru_stime}, open(sys.argv[1], "w"))
sys.exit(status)
"""


def write_csv(path: Path, rows: int, kind: str, task: str) -> None:
    """Write a table in pieces, so that what it takes here does not grow with it."""
    chance = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, rows, 50_000):
            piece = _columns(chance, min(50_000, rows - start), kind, task)
            if start == 0:
                file.write(",".join(piece) + "\n")
            file.writelines(",".join(row) + "\n" for row in zip(*piece.values(), strict=True))


def _columns(chance: np.random.Generator, rows: int, kind: str, task: str) -> dict[str, Sequence[str]]:
    decimals = chance.normal(size=(rows, 30 if kind == "floats" else 20))
    columns = {f"f{i}": _written(column) for i, column in enumerate(decimals.T)}
    y = decimals[:, 0] + np.sin(2 * decimals[:, 1]) + decimals[:, 2] * decimals[:, 3]
    if kind == "mixed":
        codes = [chance.integers(0, 6 + 5 * i, rows) for i in range(5)]
        columns |= {f"code{i}": [str(each) for each in code] for i, code in enumerate(codes)}
        for levels in (3, 12, 60):
            columns[f"text{levels}"] = [f"level {each}" for each in chance.integers(0, levels, rows)]
        columns["day"] = (np.datetime64("2015-01-01") + chance.integers(0, 2000, rows)).astype(str).tolist()
        holes = chance.random(rows) < 0.1
        columns["holes"] = np.where(holes, "", _written(chance.normal(size=rows))).tolist()
        y = y + codes[1] / 5
    y = y + 0.3 * chance.normal(size=rows)
    columns["y"] = _written(y) if task == "regression" else np.where(y > 0.5, "yes", "no").tolist()
    return columns


def _written(values: np.ndarray[Any, Any]) -> list[str]:
    return [f"{value:.5f}" for value in values]


def measured(path: Path, folder: Path) -> dict[str, float]:
    """Train once; return the seconds of the parts and the peak of the memory in bytes."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        usage = Path(out) / "usage.json"
        arguments = [
            "train",
            str(path),
            "--target",
            "y",
            "--epochs",
            "1",
            "--json",
            "--quiet",
            "--out",
            f"{out}/run",
        ]
        command = [sys.executable, "-c", RUN, str(usage), *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
        seconds = json.loads(done.stdout)["seconds"]
        epochs = [json.loads(line) for line in (Path(out) / "run" / "history.jsonl").read_text().splitlines()]
        return {
            "read": seconds["read"],
            "epoch": epochs[0]["seconds"],
            "total": seconds["total"],
            **json.loads(usage.read_text()),
        }


def exponent(rows: Sequence[int], values: Sequence[float], base: float) -> float:
    """Fit values - base to rows ** exponent by least squares of the logarithms."""
    above = np.maximum(np.asarray(values) - base, 1e-3)
    return float(np.polyfit(np.log(rows), np.log(above), 1)[0])


def figures_of(folder: Path, asked: argparse.Namespace) -> dict[int, dict[str, list[float]]]:
    """Return rows -> part -> the figure of each run; 100 rows first."""
    sizes = [rows for rows in ROWS if rows <= asked.most]
    found: dict[int, dict[str, list[float]]] = {}
    for rows in (BASE, *sizes):
        show_progress(f"{rows:,} rows")
        path = folder / f"{rows}.csv"
        write_csv(path, rows, asked.kind, asked.task)
        runs: list[dict[str, float]] = []
        for _ in range(max(asked.runs, 3) if rows == BASE else asked.runs):
            runs.append(measured(path, folder))
        found[rows] = {part: [each[part] for each in runs] for part in PARTS}
        found[rows]["file"] = [float(path.stat().st_size)]
        path.unlink()
    show_progress("")
    return found


def report(found: dict[int, dict[str, list[float]]]) -> dict[str, float]:
    """Print the table, the exponents, and whether the promise is kept; return the exponents."""
    rows = [("rows", "CSV MB", "read s", "epoch s", "total s", "processor s", "peak MB")]
    for count, parts in found.items():
        cells = [spread(parts[part], 2) for part in PARTS[:-1]]
        peak = spread([each / 1e6 for each in parts["memory"]], 0)
        rows.append((f"{count:,}", f"{parts['file'][0] / 1e6:.0f}", *cells, peak))
    table(rows)
    sizes = [count for count in found if count != BASE]
    middle = {part: {count: statistics.median(found[count][part]) for count in found} for part in PARTS}
    exponents = {
        part: round(exponent(sizes, [each[count] for count in sizes], each[BASE]), 2)
        for part, each in middle.items()
        if len(sizes) > 1
    }
    print(f"growth with the rows, as an exponent, above the run on {BASE} rows: {exponents}")
    if PROMISED_ROWS in found:
        peak = max(found[PROMISED_ROWS]["memory"])
        verdict = "kept" if peak <= PROMISED_BYTES else "BROKEN"
        print(f"promised: {PROMISED_ROWS:,} rows within 2 GB; found {peak / 1e9:.2f} GB: {verdict}")
    else:
        print(f"promised: {PROMISED_ROWS:,} rows within 2 GB; see --most {PROMISED_ROWS}")
    return exponents


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--most", type=int, default=300_000, help="most rows, up to 3,000,000")
    options.add_argument("--kind", choices=("floats", "mixed"), default="floats")
    options.add_argument("--task", choices=("regression", "binary"), default="regression")
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here = header(f"A run on a growing table: {asked.kind}, {asked.task}")
    with tempfile.TemporaryDirectory() as folder:
        found = figures_of(Path(folder), asked)
    exponents = report(found)
    footer("table_growth", here, {"asked": vars(asked), "found": found, "exponents": exponents}, asked.out)


if __name__ == "__main__":
    main()
