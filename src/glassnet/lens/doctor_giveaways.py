"""Labels among the inputs of a net, by the search for leaks that tables go through."""

from __future__ import annotations

import numpy as np
import polars as pl

from glassnet.data.leaks import find_leaks
from glassnet.data.roles import ColumnRole
from glassnet.data.split import Fold
from glassnet.data.table import Table
from glassnet.engine.rows import Rows
from glassnet.recipe import TaskName

MOST_COLUMNS = 300
_TARGET = "the target"


def giveaways(train: Rows, held: Rows, columns: tuple[str, ...]) -> tuple[tuple[tuple[int, ...], str], ...]:
    """Return which inputs give the target away, each set of them with what was found.

    Args:
        train, held: inputs (n, columns) of numbers and one target each; others are not looked at.
        columns: names of the inputs.
    """
    X, y = train.X, train.y
    if X.ndim != 2 or not X.is_floating_point() or X.shape[1] > MOST_COLUMNS or y.numel() != len(y):
        return ()
    task: TaskName = "regression"
    if not y.is_floating_point() or bool(((y == 0) | (y == 1)).all()):
        task = "multiclass" if int(y.max()) > 1 else "binary"
    names = [f"{place}" for place in range(X.shape[1])]
    parts = [_series(each, names, task) for each in (train, held)]
    frame = pl.concat([pl.DataFrame(each) for each in parts])
    fold = Fold(np.arange(len(y)), np.arange(len(y), len(frame)), np.arange(0))
    roles = [ColumnRole(name, "number", "an input") for name in names]
    found = find_leaks([Table(frame, "the inputs")], roles, [_TARGET], task, fold)
    return tuple(
        (tuple(map(int, each.columns)), _told(each.finding, each.columns, columns))
        for each in found
        if each.gives_away
    )


def _series(rows: Rows, names: list[str], task: TaskName) -> dict[str, pl.Series]:
    X, y = rows.X.double().numpy(), rows.y.reshape(-1).double().numpy()
    inputs = {name: pl.Series(name, X[:, place]) for place, name in enumerate(names)}
    target = pl.Series(_TARGET, y if task == "regression" else y.astype(np.int64))
    return {**inputs, _TARGET: target}


def _told(finding: str, found: tuple[str, ...], columns: tuple[str, ...]) -> str:
    return " ".join(columns[int(word)] if word in found else word for word in finding.split(" "))
