"""The default network beside gradient boosting, on tables and splits that nothing was tuned on.

    python benchmarks/tables.py [--seeds 3] [names ...]

Each row is one data set: the mean over splits of RMSE or log loss on test rows, and the seconds of a run. All
are given the same rows: the boosted trees of scikit-learn (as Glassnet's own baseline fits them, on training
and validation rows) and, where it is installed, LightGBM stopped early on the validation rows. Below 1 the
network is better. The last row is the geometric mean.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
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
    data: Callable[[], object]
    target: str
    splits: tuple[dict[str, object], ...]


def splits(count: int, **options: object) -> tuple[dict[str, object], ...]:
    """Random splits of a fifth, of several seeds."""
    return tuple({"test": "random:0.2", "seed": 100 + seed, **options} for seed in range(count))


def cases(seeds: int) -> list[Case]:
    """The bundled and synthetic sets, and those in the folder that GLASSNET_DATA names."""
    named = {"diabetes": "progression", "breast_cancer": "diagnosis", "wine": "cultivar", "iris": "species"}
    found = [Case(name, lambda n=name: n, target, splits(seeds)) for name, target in named.items()]
    found.append(Case("digits", lambda: "digits", "digit", splits(seeds, task="multiclass")))
    return found


def network(case: Case, split: dict[str, object]) -> tuple[float, float, float]:
    """Return the network's score, that of scikit-learn's boosted trees, and the seconds of the run."""
    began = time.perf_counter()
    model = gn.train(case.data(), target=case.target, **split)
    seconds = time.perf_counter() - began
    metric = METRIC[model.task.name]
    results = model.results
    return results.metrics["test"][metric], results.baselines["gradient_boosting"]["test"][metric], seconds


def lightgbm(case: Case, split: dict[str, object]) -> float | None:
    """Return the score of LightGBM on the same rows, stopped early on the validation rows; None without it."""
    try:
        import lightgbm
    except ImportError:
        return None
    data = case.data()
    recipe = make_recipe(data=data if isinstance(data, str) else None, target=case.target, **split)
    prepared = prepare(recipe, open_source(data, ()))
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


def main(found: list[Case] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    header(__file__)
    ratios = []
    for case in found or cases(asked.seeds):
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
