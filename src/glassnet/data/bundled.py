"""Real data that comes with scikit-learn, under readable names and with its classes by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

_DIABETES = {
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_ratio",
    "s5": "log_triglycerides",
    "s6": "glucose",
    "bp": "blood_pressure",
}


def digits() -> pl.DataFrame:
    """Load 1,797 handwritten digits: 64 pixels (0 to 16) named by row and column, and the digit."""
    from sklearn.datasets import load_digits

    return _table(load_digits(), "digit")


def breast_cancer() -> pl.DataFrame:
    """Load 569 tumours: 30 measurements of cell nuclei, and whether each is malignant or benign."""
    from sklearn.datasets import load_breast_cancer

    return _table(load_breast_cancer(), "diagnosis")


def diabetes() -> pl.DataFrame:
    """Load 442 patients: 10 measurements in their own units, and the disease's progress after a year."""
    from sklearn.datasets import load_diabetes

    return _table(load_diabetes(scaled=False), "progression").rename(_DIABETES)


def wine() -> pl.DataFrame:
    """Load 178 wines: 13 chemical measurements, and which of three cultivars it was made from."""
    from sklearn.datasets import load_wine

    return _table(load_wine(), "cultivar")


def iris() -> pl.DataFrame:
    """Load 150 flowers: length and width of sepal and petal in centimetres, and the species."""
    from sklearn.datasets import load_iris

    return _table(load_iris(), "species")


def _table(bunch: Any, target: str) -> pl.DataFrame:
    names = [name.replace(" (cm)", "").replace(" ", "_") for name in bunch.feature_names]
    classes = bunch.get("target_names")
    answers = bunch.target if classes is None else classes[bunch.target]
    return pl.DataFrame(bunch.data, schema=names).with_columns(pl.Series(target, answers.tolist()))


BUNDLED: dict[str, Callable[[], pl.DataFrame]] = {
    "digits": digits,
    "breast_cancer": breast_cancer,
    "diabetes": diabetes,
    "wine": wine,
    "iris": iris,
}
