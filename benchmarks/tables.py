"""The default network beside gradient boosting, on tables and splits that nothing was tuned on.

    python benchmarks/tables.py [--seeds 5] [names ...]

Each row is one data set: the mean over splits of RMSE or log loss on test rows, and the seconds of a run. All
are given the same rows: the boosted trees of scikit-learn (as Glassnet's own baseline fits them, on training
and validation rows) and, where it is installed, LightGBM stopped early on the validation rows. Below 1 the
network is better. The last row is the geometric mean.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from dataclasses import dataclass

import numpy as np
from measure import header

import glassnet as gn
from glassnet.data.sources import open_source
from glassnet.recipe import make_recipe
from glassnet.run.prepare import encode, prepare

METRIC = {"regression": "rmse", "poisson": "rmse", "binary": "log_loss", "multiclass": "log_loss"}


@dataclass(frozen=True)
class Case:
    """One table, its target, and the splits that it is judged by, each as options of a recipe."""

    name: str
    data: str
    target: str
    splits: tuple[dict[str, object], ...]


def splits(count: int, **options: object) -> tuple[dict[str, object], ...]:
    """Random splits of a fifth, of several seeds."""
    return tuple({"test": "random:0.2", "seed": 100 + seed, **options} for seed in range(count))


def cases(seeds: int) -> list[Case]:
    """The bundled and synthetic sets, and those in the folder that GLASSNET_DATA names."""
    numbers = {"diabetes": "progression", "synthetic-rides": "cnt"}
    classes = {"breast_cancer": "diagnosis", "wine": "cultivar", "iris": "species", "digits": "digit"}
    classes |= {"moons": "label", "spiral": "label"}
    found = [Case(name, name, target, splits(seeds)) for name, target in numbers.items()]
    found += [Case(name, name, target, splits(seeds, task=_task(name))) for name, target in classes.items()]
    if "GLASSNET_DATA" in os.environ:
        found.append(Case("admissions", "admissions", "admit", splits(seeds, task="binary")))
        found.append(Case("bike, random", "bike-sharing", "cnt", splits(1)))
        found.append(Case("bike, windows", "bike-sharing", "cnt", ({"test": "windows:3x21d"},)))
    return found


def _task(name: str) -> str:
    return "binary" if name in ("breast_cancer", "moons", "spiral") else "multiclass"


def network(case: Case, split: dict[str, object]) -> tuple[float, float, float]:
    """Return the network's score, that of scikit-learn's boosted trees, and the seconds of the run."""
    began = time.perf_counter()
    model = gn.train(case.data, target=case.target, **split)
    seconds = time.perf_counter() - began
    metric = METRIC[model.task.name]
    results = model.results
    return results.metrics["test"][metric], results.baselines["gradient_boosting"]["test"][metric], seconds


def lightgbm(case: Case, split: dict[str, object]) -> float | None:
    """Return the score of LightGBM, stopped early on the validation rows; None where it is not installed."""
    try:
        import lightgbm
    except ImportError:
        return None
    recipe = make_recipe(data=case.data, target=case.target, **split)
    prepared = prepare(recipe, open_source(case.data, ()))
    scores = []
    for fold in prepared.folds:
        encoded = encode(prepared, fold)
        codes, categorical = encoded.schema.codes(prepared.tables[0])
        scores.append(_boosted(lightgbm, encoded, codes, categorical, fold))
    return float(np.mean(scores))


def _boosted(lightgbm, encoded, codes, categorical, fold) -> float:
    number = encoded.task.name == "regression"
    kind = lightgbm.LGBMRegressor if number else lightgbm.LGBMClassifier
    model = kind(n_estimators=3000, learning_rate=0.05, verbose=-1, n_jobs=1, random_state=0)
    codes = np.where(categorical & np.isnan(codes), -1, codes)
    y = encoded.truth
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(
            codes[fold.train],
            y[fold.train],
            categorical_feature=[int(each) for each in np.flatnonzero(categorical)],
            eval_set=[(codes[fold.validation], y[fold.validation])],
            callbacks=[lightgbm.early_stopping(50, verbose=False)],
        )
        answers = model.predict(codes[fold.test]) if number else model.predict_proba(codes[fold.test])
    return encoded.task.metrics(y[fold.test], np.asarray(answers, dtype=np.float64))[
        METRIC[encoded.task.name]
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    header("The default network beside boosted trees")
    ratios = []
    for case in cases(asked.seeds):
        if asked.names and case.name not in asked.names:
            continue
        rows = []
        for split in case.splits:
            ours, trees, seconds = network(case, split)
            rows.append((ours, trees, lightgbm(case, split) or np.nan, seconds))
        ours, trees, light, seconds = np.mean(rows, axis=0)
        ratios.append((ours / trees, ours / light))
        print(
            f"{case.name:16s} network {ours:9.4g}  trees {trees:9.4g} ({ours / trees:.3f})  "
            f"lightgbm {light:9.4g} ({ours / light:.3f})  {seconds:5.1f} s, {len(rows)} splits",
            flush=True,
        )
    if ratios:
        print("geometric mean of the ratios:", *np.exp(np.mean(np.log(ratios), axis=0)).round(3))


if __name__ == "__main__":
    main()
