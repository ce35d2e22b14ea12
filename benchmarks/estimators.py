"""The estimators beside scikit-learn's at equal settings: the same scores, and the time of a fit.

    python benchmarks/estimators.py [--seeds 10] [--runs 3] [--out FILE]

Each row is one bundled set and one estimator: the mean score over so many random splits (a quarter of the
rows is tested), scikit-learn's, the greatest difference of any seed, and the median seconds of a fit. Scores
are R2 for diabetes and accuracy for the others. Columns are standardised; both get the same rows and seeds.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from measure import footer, header, show_progress, table
from sklearn import datasets, linear_model, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from glassnet import estimators
from glassnet.run.bench.figures import in_turn

SETS = ("breast_cancer", "wine", "iris", "digits", "diabetes")
TITLE = "Estimators beside scikit-learn's"


@dataclass(frozen=True)
class Pair:
    """The same estimator of both libraries."""

    name: str
    ours: type
    theirs: type
    settings: dict[str, object] = field(default_factory=dict)
    seeded: bool = True

    def fitted(self, which: str, X: np.ndarray, y: np.ndarray, seed: int) -> object:
        """Return one of the two, fitted on rows."""
        own = {"random_state": seed} if self.seeded else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return getattr(self, which)(**self.settings, **own).fit(X, y)


def pairs(is_classes: bool) -> list[Pair]:
    """The estimators for classes or for numbers."""
    kind = "MLPClassifier" if is_classes else "MLPRegressor"
    mlp = partial(Pair, ours=getattr(estimators, kind), theirs=getattr(neural_network, kind))
    nets = [
        mlp("MLP, adam", settings={"max_iter": 100}),
        mlp(
            "MLP, sgd 64-32",
            settings={
                "solver": "sgd",
                "learning_rate_init": 0.05,
                "hidden_layer_sizes": (64, 32),
                "max_iter": 60,
            },
        ),
        mlp("MLP, early stopping", settings={"early_stopping": True, "learning_rate_init": 0.01}),
        mlp("MLP, lbfgs", settings={"solver": "lbfgs", "hidden_layer_sizes": 20, "max_iter": 100}),
    ]
    if not is_classes:
        return nets
    linear = [("Perceptron", {}, True), ("LogisticRegression", {"tol": 1e-6, "max_iter": 2000}, False)]
    return nets + [
        Pair(name, getattr(estimators, name), getattr(linear_model, name), settings, seeded)
        for name, settings, seeded in linear
    ]


def rows(name: str, seed: int) -> list[np.ndarray]:
    """Return training rows, test rows and their answers, standardised by the training rows."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    y = (y - y.mean()) / y.std() if name == "diabetes" else y
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)
    scaler = StandardScaler().fit(train)
    return [scaler.transform(train), scaler.transform(test), y_train, y_test]


def scores(pair: Pair, name: str, seeds: int) -> dict[str, list[float]]:
    """Return the score of each seed, of ours and of theirs."""
    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    for seed in range(seeds):
        X, X_test, y, y_test = rows(name, seed)
        for which, values in found.items():
            values.append(pair.fitted(which, X, y, seed).score(X_test, y_test))
    return found


def seconds(pair: Pair, name: str, runs: int) -> dict[str, float]:
    """Return the median seconds of a fit, both in turn."""
    X, _, y, _ = rows(name, 0)

    def timed(which: str) -> float:
        began = time.perf_counter()
        pair.fitted(which, X, y, 0)
        return time.perf_counter() - began

    contenders = {which: partial(timed, which) for which in ("ours", "theirs")}
    return {which: each.median for which, each in in_turn(contenders, runs, show_progress).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out")
    asked = parser.parse_args()
    here = header(TITLE)
    heads = ["set, estimator", "ours", "scikit-learn", "greatest difference", "seconds", "scikit-learn"]
    shown, figures = [heads], []
    for name in SETS:
        for pair in pairs(name != "diabetes"):
            found, times = scores(pair, name, asked.seeds), seconds(pair, name, asked.runs)
            apart = float(np.abs(np.subtract(found["ours"], found["theirs"])).max())
            figures.append({"set": name, "estimator": pair.name, "scores": found, "seconds": times})
            means = [f"{statistics.mean(found[which]):.4f}" for which in ("ours", "theirs")]
            spent = [f"{times[which]:.3f}" for which in ("ours", "theirs")]
            shown.append([f"{name}, {pair.name}", *means, f"{apart:.4f}", *spent])
    table(shown)
    footer(TITLE, here, figures, asked.out)


if __name__ == "__main__":
    main()
