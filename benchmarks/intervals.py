"""Do prediction intervals hold what they promise, and are they as narrow as they can be?

Random fifths of each data set are held out; the rest is given to ``train`` with another seed each time, which
makes validation rows of it, trains, chooses, refits and calibrates. Measured on the held-out rows, for 80, 90
and 95 %: the share held (mean over the splits, and its standard deviation), the lowest share among the fifths
by predicted level, the mean width, and the interval score (T. Gneiting and A. Raftery, 2007), which is the
width plus 2 / (1 - coverage) times the distance to truths that are not held: lower is better. Beside them is
plain split-conformal from the same validation rows: one width for all rows.

    python benchmarks/intervals.py [--splits 20] [--epochs N] [--out FILE]

Bike-sharing needs a copy of its data in the folder that GLASSNET_DATA names.
"""

from __future__ import annotations

import argparse
import math
import statistics
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from measure import footer, header, show_progress, table

import glassnet as gn
from glassnet.data.sources import open_source
from glassnet.metrics import conformal

COVERAGES = (0.8, 0.9, 0.95)
SETS: dict[str, dict[str, Any]] = {
    "diabetes": {},
    "synthetic-rides": {"drop": "casual,registered"},
    "synthetic-heteroscedastic": {},
    "bike-sharing": {"drop": "casual,registered"},
}
TITLE = "Coverage and width of prediction intervals on held-out random fifths"
Floats = np.ndarray[Any, np.dtype[np.float64]]


def heteroscedastic(rows: int = 3000) -> pl.DataFrame:
    """Make a skewed target above 0, whose errors grow with its level."""
    chance = np.random.default_rng(0)
    x = chance.uniform(-2, 2, (rows, 4))
    y = np.exp(x[:, 0] + 0.3 * x[:, 1]) * chance.gamma(2, 0.5, rows)
    return pl.DataFrame({**{f"x{i}": x[:, i] for i in range(4)}, "y": y})


def rows_of(name: str) -> tuple[pl.DataFrame, str]:
    """Return a data set and its target."""
    if name == "synthetic-heteroscedastic":
        return heteroscedastic(), "y"
    source = open_source(name)
    return source.load().frame, source.target or ""


def measured(name: str, split: int, epochs: int | None) -> dict[str, dict[str, float]]:
    """Train on one split; return what each way of making intervals is worth on the held-out rows."""
    frame, target = rows_of(name)
    order = np.random.default_rng(split).permutation(len(frame))
    test, rest = frame[order[: len(frame) // 5]], frame[np.sort(order[len(frame) // 5 :])]
    options = SETS[name] | ({"epochs": epochs} if epochs else {})
    with patch("glassnet.run.scoring.calibrate", wraps=conformal.calibrate) as calibrate:
        model = gn.train(rest, target=target, test="none", validation="random:0.2", seed=split, **options)
    truth, judged = (np.asarray(each) for each in calibrate.call_args.args[:2])
    answers, new = model.predict(test), test[target].cast(pl.Float64).to_numpy()
    found = {}
    for coverage in COVERAGES:
        ends = {"glassnet": model.predict_interval(test, coverage)}
        ends["one width"] = one_width(np.abs(truth - judged), answers, coverage)
        for way, (low, high) in ends.items():
            found[f"{coverage:.0%} {way}"] = worth(new, low, high, coverage, answers)
    return found


def one_width(errors: Floats, answers: Floats, coverage: float) -> tuple[Floats, Floats]:
    half = np.sort(errors)[math.ceil((len(errors) + 1) * coverage - 1e-9) - 1]
    return answers - half, answers + half


def worth(truth: Floats, low: Floats, high: Floats, coverage: float, level: Floats) -> dict[str, float]:
    held = (low <= truth) & (truth <= high)
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return {
        "held": float(held.mean()),
        "lowest fifth": min(float(held[each].mean()) for each in np.array_split(np.argsort(level), 5)),
        "width": float((high - low).mean()),
        "score": float((high - low + 2 / (1 - coverage) * outside).mean()),
    }


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--splits", type=int, default=20)
    options.add_argument("--epochs", type=int, help="most epochs of each training; default: as train decides")
    options.add_argument("--sets", nargs="*", choices=SETS, default=[*SETS])
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here, figures = header(TITLE), {}
    there = {each.name for each in gn.datasets() if each.available} | {"synthetic-heteroscedastic"}
    for name in [each for each in asked.sets if each in there]:
        runs = []
        for split in range(asked.splits):
            show_progress(f"{name}, split {split + 1} of {asked.splits}")
            runs.append(measured(name, split, asked.epochs))
        figures[name] = {
            way: {key: [run[way][key] for run in runs] for key in runs[0][way]} for way in runs[0]
        }
        show_progress("")
        lines = [
            (way, *(shown(key, values) for key, values in each.items()))
            for way, each in figures[name].items()
        ]
        table([(name, "held (sd)", "lowest fifth", "width", "score"), *lines])
        print(flush=True)
    footer(TITLE, here, figures, asked.out)


def shown(key: str, values: list[float]) -> str:
    mean = statistics.fmean(values)
    if key == "held":
        return f"{mean:.1%} ({statistics.pstdev(values):.1%})"
    return f"{mean:.1%}" if key == "lowest fifth" else f"{mean:.4g}"


if __name__ == "__main__":
    main()
