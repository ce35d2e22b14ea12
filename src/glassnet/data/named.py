"""The data sets with a name: who made each, what is in it, and where it is.

They are of three origins: bundled with scikit-learn, synthetic, and local, i.e. copies that the user
keeps in the folder which the environment variable ``GLASSNET_DATA`` names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from glassnet.data.bundled import BUNDLED
from glassnet.data.synthetic import POINTS, SYNTHETIC

Kind = Literal["table", "text", "image"]
Origin = Literal["bundled", "synthetic", "local"]


@dataclass(frozen=True)
class DatasetInfo:
    """What is known about a named data set.

    Attributes:
        name: the name to open it by.
        kind: what a row is: a table's row, a text or an image.
        rows: number of rows, texts, images or characters.
        columns: number of columns, target included; None where a row is no row of columns.
        target: the column (or the folder level) that it is meant to predict.
        task: the task that the target makes.
        origin: bundled with a dependency, synthetic, or a local copy.
        publisher: who made or publishes it.
        licence: as the publisher states it.
        path: for a local set the file or folder, where it is or would have to be; otherwise None.
        available: whether it can be opened now.
    """

    name: str
    kind: Kind
    rows: int
    columns: int | None
    target: str | None
    task: str
    origin: Origin
    publisher: str
    licence: str
    path: str | None
    available: bool


@dataclass(frozen=True)
class Facts:
    """What the list of named sets states about one; ``file`` is relative to the folder of local sets."""

    kind: Kind
    rows: int
    columns: int | None
    target: str | None
    task: str
    publisher: str
    licence: str
    file: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)


def _points(publisher: str) -> Facts:
    roles = {"label": "category"}
    task = "multiclass" if "three" in publisher else "binary"
    return Facts("table", POINTS, 3, "label", task, f"synthetic: {publisher}", "none needed", roles=roles)


_CC_BY = "CC BY 4.0"
_UNSTATED = "not stated"
_PIXELS = {f"pixel_{row}_{column}": "number" for row in range(8) for column in range(8)}

FACTS: dict[str, Facts] = {
    "digits": Facts(
        "table",
        1797,
        65,
        "digit",
        "multiclass",
        "Alpaydin and Kaynak 1998, UCI, in scikit-learn",
        _CC_BY,
        roles=_PIXELS | {"digit": "category"},
    ),
    "breast_cancer": Facts(
        "table",
        569,
        31,
        "diagnosis",
        "binary",
        "Wolberg, Street and Mangasarian 1993, UCI, in scikit-learn",
        _CC_BY,
    ),
    "diabetes": Facts(
        "table",
        442,
        11,
        "progression",
        "regression",
        "Efron, Hastie, Johnstone and Tibshirani 2004, in scikit-learn",
        _UNSTATED,
        roles={"sex": "category"},
    ),
    "wine": Facts(
        "table", 178, 14, "cultivar", "multiclass", "Aeberhard and Forina 1992, UCI, in scikit-learn", _CC_BY
    ),
    "iris": Facts("table", 150, 5, "species", "multiclass", "Fisher 1936, UCI, in scikit-learn", _CC_BY),
    "blobs": _points("three round clouds"),
    "circles": _points("a ring around a ring"),
    "moons": _points("two half circles that reach into each other"),
    "spiral": _points("two spirals"),
    "xor": _points("a square in quarters"),
    "lines": _points("two parallel lines"),
    "synthetic-rides": Facts(
        "table",
        17544,
        17,
        "cnt",
        "regression",
        "synthetic: two years of hourly rides, never measured",
        "none needed",
    ),
    "bike-sharing": Facts(
        "table",
        17379,
        17,
        "cnt",
        "regression",
        "Fanaee-T and Gama 2013, UCI: Bike Sharing Dataset",
        _CC_BY,
        "bike-sharing/hour.csv",
    ),
    "admissions": Facts(
        "table",
        400,
        4,
        "admit",
        "binary",
        "UCLA Statistical Consulting: graduate admissions",
        _UNSTATED,
        "admissions/student_data.csv",
        {"rank": "category"},
    ),
    "points": Facts(
        "table",
        100,
        3,
        "x3",
        "binary",
        "two classes of points in the plane, no header",
        _UNSTATED,
        "points/data.csv",
        {"x3": "category"},
    ),
    "imdb": Facts(
        "text",
        25000,
        None,
        "label",
        "binary",
        "Maas et al. 2011, Stanford: Large Movie Review Dataset",
        _UNSTATED,
        "imdb/train.parquet",
    ),
    "anna": Facts(
        "text",
        1985223,
        None,
        None,
        "characters",
        "Tolstoy, Anna Karenina in English, Project Gutenberg",
        "public domain in the USA",
        "anna/anna.txt",
    ),
    "flowers": Facts(
        "image",
        3452,
        None,
        "class",
        "multiclass",
        "Kaggle: Flowers Recognition (Mamaev)",
        "unknown, as stated there",
        "flowers/train",
    ),
    "cats-dogs": Facts(
        "image",
        2000,
        None,
        "class",
        "binary",
        "Kaggle: Dogs vs. Cats (Asirra, Microsoft Research)",
        _UNSTATED,
        "cats-dogs/train",
    ),
    "cifar10": Facts(
        "image",
        50000,
        None,
        "label",
        "multiclass",
        "Krizhevsky 2009, University of Toronto: CIFAR-10",
        _UNSTATED,
        "cifar10/train.parquet",
    ),
}


def _described(name: str, facts: Facts, root: str | None) -> DatasetInfo:
    origin: Origin = "bundled" if name in BUNDLED else "synthetic" if name in SYNTHETIC else "local"
    path = None if facts.file is None else str(Path(root or "$GLASSNET_DATA") / facts.file)
    there = path is None or (root is not None and os.path.exists(path))
    known = (facts.kind, facts.rows, facts.columns, facts.target, facts.task)
    return DatasetInfo(name, *known, origin, facts.publisher, facts.licence, path, there)


def datasets() -> tuple[DatasetInfo, ...]:
    """Describe all named data sets; nothing is read for it beyond asking which local files are there."""
    root = os.environ.get("GLASSNET_DATA")
    return tuple(_described(name, facts, root) for name, facts in FACTS.items())
