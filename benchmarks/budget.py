"""Is ``--budget`` kept, from the start of Python to its end, whatever the size of the data?

Trains a net and its refit that could go on for far longer, for 3 budgets x 2 sizes of a made-up table. The
claim: at most 10 % over, on a machine that is not overloaded. A budget must at least pay for starting,
reading and the baselines, which are not cut short: 3 to 5 seconds here.

    python benchmarks/budget.py [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import footer, header, show_progress, table

ROWS = (2_000, 100_000)
BUDGETS = (10, 20, 40)
COLUMNS = 20
TITLE = "How well a budget is kept: one net of 64,64 and its refit, whole process"


def made_up(rows: int) -> pl.DataFrame:
    chance = np.random.default_rng(0)
    x = chance.normal(size=(rows, COLUMNS)).round(4)
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + 0.3 * chance.normal(size=rows)
    return pl.DataFrame({**{f"x{i}": x[:, i] for i in range(COLUMNS)}, "y": y.round(4)})


def measured(data: Path, budget: int, out: Path) -> dict[str, Any]:
    """Train within a budget, and return seconds, those of training, epochs, and why it ended."""
    flags = {"target": "y", "net": "64,64:relu", "epochs": 10**6, "patience": 10**6, "budget": f"{budget}s"}
    command = ["train", data, "--refit", "--json", "--quiet", "--out", out]
    command += [text for name, value in flags.items() for text in (f"--{name}", value)]
    start = [sys.executable, "-c", "from glassnet.cli import main; main()"]
    began = time.monotonic()
    found = subprocess.run([*start, *map(str, command)], stdout=subprocess.PIPE, check=True)
    seconds, facts = time.monotonic() - began, json.loads(found.stdout)
    return {
        "seconds": seconds,
        "over": seconds / budget - 1,
        "training": facts["seconds"]["train"],
        "epochs": facts["epochs"],
        "stopped": facts["stopped"],
    }


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--out", help="write the figures to this JSON file")
    here, figures = header(TITLE), {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in ROWS:
            data = Path(folder, f"{rows}.csv")
            made_up(rows).write_csv(data)
            for budget in BUDGETS:
                show_progress(f"{rows:,} rows, {budget} s")
                figures[f"{rows:,} rows, {budget} s"] = measured(
                    data, budget, Path(folder, f"{rows}-{budget}")
                )
    show_progress("")
    lines = [
        (
            name,
            f"{f['seconds']:.1f} s",
            f"{f['over']:+.1%}",
            f"{f['training']:.1f} s",
            f"{f['epochs']:,}",
            f["stopped"],
        )
        for name, f in figures.items()
    ]
    table([("data, budget", "took", "over", "training", "epochs", "stopped by"), *lines])
    footer(TITLE, here, figures, options.parse_args().out)


if __name__ == "__main__":
    main()
