"""The course's two tables: the marks that it sets, and the default network beside logistic regression.

    GLASSNET_DATA=FOLDER python benchmarks/course.py [--seeds 5] [--splits 200] [--out FILE]

Bike sharing: 20 sigmoid units, SGD, rate 0.3, batch 128; the last 504 hours are test rows, the 1,440 before
them validation rows. The course asks for a scaled error (mean square by the variance of the training target)
under 0.09 on the training rows and under 0.18 on the validation rows.

Admissions: the default network on random tenths as test rows, beside scikit-learn's LogisticRegression,
fitted on the same training and validation rows, encoded alike. It must not be over 0.5 points below. Nothing
is tuned on these splits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from measure import data_folder, footer, header, show_progress, spread, table

import glassnet as gn
from glassnet.data.sources import open_source
from glassnet.recipe import Recipe, make_recipe
from glassnet.run.choose import default_batch_size, make_plan, net_notation
from glassnet.run.context import Context, Own
from glassnet.run.nets import threads_for
from glassnet.run.prepare import Encoded, column_plans, encode, prepare
from glassnet.run.reporter import Silent
from glassnet.run.signals import Interrupts
from glassnet.run.trials import train_nets

MARKS = {"train": 0.09, "validation": 0.18}
BIKE = {
    "target": "cnt",
    "drop": "casual,registered",
    "test": "last:504",
    "validation": "last:1440",
    "net": "20:sigmoid",
    "optimizer": "sgd",
    "lr": 0.3,
    "batch_size": 128,
}
CHECKED = 2  # so many splits are trained by gn.train as well


def bike(path: Path, seeds: int) -> dict[str, list[float]]:
    """Return scaled errors, and the root mean square error of the test rows, of the network and baselines."""
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        show_progress(f"bike sharing, seed {seed + 1} of {seeds}")
        model = gn.train(path, seed=seed, **BIKE)
        scale = model.schema.targets[0].scale
        results = model.results
        for split in MARKS:
            found.setdefault(split, []).append((results.metrics[split]["rmse"] / scale) ** 2)
        found.setdefault("network", []).append(results.metrics["test"]["rmse"])
        for name, scores in results.baselines.items():
            found.setdefault(name, []).append(scores["test"]["rmse"])
        found.setdefault("epochs", []).append(len(model.history))
    show_progress("")
    return found


def report_bike(found: dict[str, list[float]]) -> None:
    rows = [("bike sharing, 20:sigmoid", "median (lowest to highest)", "mark", "")]
    for split, mark in MARKS.items():
        verdict = "kept" if max(found[split]) < mark else "BROKEN"
        rows.append((f"{split}, scaled mean square", spread(found[split]), f"< {mark}", verdict))
    for name in ("network", "mean", "linear", "gradient_boosting"):
        rows.append((f"test RMSE, {name}", spread(found[name], 1), "", ""))
    rows.append(("epochs", spread(found["epochs"], 0), "", ""))
    table(rows)


def split_accuracies(path: Path, seed: int) -> dict[str, float]:
    """Train the default network on one split, without the baselines and intervals of a whole run."""
    recipe = make_recipe(data=str(path), target="admit", test="random:0.1", seed=seed)
    prepared = prepare(recipe, open_source(recipe.data))
    encoded = encode(prepared, prepared.folds[0])
    rows = len(encoded.fold.train)
    notation = net_notation(recipe.net, rows)
    context = Context(recipe, Own(), None, Silent(), Interrupts(), time.monotonic())
    threads = threads_for(context, encoded, notation, default_batch_size(recipe.net, rows))
    columns = column_plans(prepared, encoded.schema)
    plan = make_plan(recipe, prepared, columns, rows, notation, threads)
    chosen = train_nets(context, plan, encoded, "net")
    return _accuracies(recipe, chosen.encoded, chosen.final.net)


def _accuracies(recipe: Recipe, encoded: Encoded, net: Any) -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression

    from glassnet.model.table import outputs_of

    fold, truth = encoded.fold, encoded.truth
    fitted = np.concatenate([fold.train, fold.validation])
    inputs, answers = encoded.inputs[fold.test], truth[fold.test]
    network = encoded.task.decode(outputs_of(net, inputs)).argmax(axis=1)
    logistic = LogisticRegression().fit(encoded.inputs[fitted], truth[fitted]).predict(inputs)
    majority = np.bincount(truth[fitted]).argmax()
    guesses = {"network": network, "logistic regression": logistic, "majority": majority}
    return {name: float(np.mean(guess == answers)) for name, guess in guesses.items()}


def admissions(path: Path, splits: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for seed in range(splits):
        show_progress(f"admissions, split {seed + 1} of {splits}")
        for name, value in split_accuracies(path, seed).items():
            found.setdefault(name, []).append(value)
        if seed < CHECKED:
            whole = gn.train(path, target="admit", test="random:0.1", seed=seed)
            expected = whole.results.metrics["test"]["accuracy"]
            if found["network"][-1] != expected:
                sys.exit(f"split {seed}: gn.train gives {expected}, this benchmark {found['network'][-1]}")
    show_progress("")
    return found


def report_admissions(found: dict[str, list[float]]) -> None:
    points = {name: 100 * np.array(values) for name, values in found.items()}
    count = len(points["network"])
    rows = [(f"admissions, {count} splits", "mean accuracy, points")]
    rows += [(name, f"{values.mean():.2f}") for name, values in points.items()]
    table(rows)
    difference = points["network"] - points["logistic regression"]
    error = statistics.stdev(difference) / count**0.5 if count > 1 else float("nan")
    verdict = "kept" if difference.mean() >= -0.5 else "BROKEN"
    print(
        f"network - logistic regression, paired: {difference.mean():+.2f} points, standard error {error:.2f} "
        f"(the splits overlap, so it is rather too small); promised: not below -0.5, {verdict}"
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seeds", type=int, default=5, help="of the bike network")
    options.add_argument("--splits", type=int, default=200, help="of the admissions")
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    folder = data_folder()
    here = header("The course's networks")
    hours, students = folder / "bike-sharing" / "hour.csv", folder / "admissions" / "student_data.csv"
    rides = bike(hours, asked.seeds)
    report_bike(rides)
    print()
    accepted = admissions(students, asked.splits)
    report_admissions(accepted)
    footer("course", here, {"bike": rides, "admissions": accepted}, asked.out)


if __name__ == "__main__":
    main()
