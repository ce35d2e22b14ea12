"""The default net of tables in the fused engine beside torch: a step, and whole runs at equal settings.

    python benchmarks/tabular.py [--rounds 7] [--seeds 3] [--data FILE --target COL] [--out FILE]

A step is measured in calls of `gn.fit` of a few epochs, both engines in turn, the order changing; torch uses
the threads that its plan chooses. A run is `gn.train` with defaults, and once more with engine="torch":
seconds of training of the net that is kept, and the score of the same test rows. Dropout draws other masks,
so scores agree as those of two seeds do.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from measure import footer, header, show_progress, table

import glassnet as gn
from glassnet.nets.build import build
from glassnet.nets.spec import Activation, Dropout, Linear, Periodic, Tabular

TITLE = "The tabular net: fused engine beside torch"
ENGINES = ("fused", "torch")
NETS = ((55, 5, 8, 256), (10, 10, 16, 32), (30, 30, 8, 256), (200, 50, 4, 1024))
"""Inputs, of which numbers, members, rows of a batch: what the default is for tables of several sizes."""
STEPS = 40


def net_of(inputs: int, numbers: int, members: int) -> Any:
    units = inputs + 4 * numbers
    trunk = [Linear(inputs=units, outputs=128), Activation(layer="relu"), Dropout(p=0.2)]
    trunk += [Linear(inputs=128, outputs=128), Activation(layer="relu"), Dropout(p=0.2)]
    places = tuple(range(numbers))
    return build(
        Tabular(
            inputs=inputs,
            outputs=1,
            members=members,
            trunk=tuple(trunk),
            numbers=places,
            periodic=Periodic(),
        )
    )


def milliseconds(net: Any, X: Any, y: Any, batch: int, engine: str) -> float:
    began = time.perf_counter()
    gn.fit(net, X, y, loss="mse", ema=0.995, batch_size=batch, epochs=2, engine=engine)
    return (time.perf_counter() - began) / (2 * STEPS) * 1e3


def steps(rounds: int) -> dict[str, Any]:
    lines: list[tuple[str, ...]] = [("net", "batch", "fused, ms a step", "torch", "times faster")]
    found = {}
    for inputs, numbers, members, batch in NETS:
        rng, net = np.random.default_rng(0), net_of(inputs, numbers, members)
        X, y = (rng.normal(size=(STEPS * batch, width)).astype("float32") for width in (inputs, 1))
        took: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for each in range(rounds + 1):
            show_progress(f"{members} members, {inputs} inputs: round {each} of {rounds}")
            for engine in ENGINES if each % 2 else ENGINES[::-1]:
                spent = milliseconds(net, X, y, batch, engine)
                if each:  # the first round warms up
                    took[engine].append(spent)
        ratios = [a / b for a, b in zip(took["torch"], took["fused"], strict=True)]
        name = f"{members}x128,128, {inputs} inputs, {numbers} with waves"
        found[name] = took
        lines.append((name, str(batch), *map(spread, (took["fused"], took["torch"], ratios))))
    show_progress("")
    table(lines)
    return found


def spread(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def runs(sets: list[tuple[str, str | None]], seeds: int) -> dict[str, Any]:
    lines: list[tuple[str, ...]] = [("data", "score", "fused", "torch", "training, s", "torch", "times")]
    found = {}
    for data, target in sets:
        scores: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        metric = ""
        for seed in range(seeds):
            for engine in ENGINES if seed % 2 else ENGINES[::-1]:
                show_progress(f"{data}, seed {seed}, {engine}")
                named = {} if target is None else {"target": target}
                model = gn.train(data, seed=seed, engine=engine, **named)
                test = model.results.metrics["test"]
                metric = "rmse" if "rmse" in test else "log_loss"
                scores[engine].append(test[metric])
                seconds[engine].append(sum(each.seconds or 0.0 for each in model.history))
        found[data] = {"metric": metric, "scores": scores, "seconds": seconds}
        means = [f"{statistics.mean(scores[engine]):.4g}" for engine in ENGINES]
        spent = [statistics.median(seconds[engine]) for engine in ENGINES]
        times = f"{spent[1] / spent[0]:.1f}"
        lines.append((data.rsplit("/", 1)[-1], metric, *means, *(f"{each:.1f}" for each in spent), times))
    show_progress("")
    table(lines)
    return found


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--data", help="another table")
    options.add_argument("--target")
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here = header(TITLE)
    sets: list[tuple[str, str | None]] = [("diabetes", None), ("wine", None), ("breast_cancer", None)]
    sets += [(asked.data, asked.target)] if asked.data else []
    figures = {"steps": steps(asked.rounds)}
    print()
    figures["runs"] = runs(sets, asked.seeds)
    footer(TITLE, here, figures, asked.out)


if __name__ == "__main__":
    main()
