"""From a Source to rows that are ready: roles, task, folds; then, for a fold, tensors and a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from glassnet.data.fitting import Scaling
from glassnet.data.leaks import Leak, find_leaks
from glassnet.data.roles import ColumnRole, infer_roles
from glassnet.data.row_facts import row_groups, row_weights
from glassnet.data.schema import Schema, fit_schema
from glassnet.data.sources import Source, open_source
from glassnet.data.split import (
    Fold,
    RowFacts,
    day_of_each_row,
    default_test,
    make_folds,
    validation_like,
)
from glassnet.data.table import Table
from glassnet.data.times import row_times
from glassnet.errors import DataError, RecipeError, did_you_mean, message
from glassnet.notation import SplitSpec, parse_split, write_split
from glassnet.plan.table import ColumnPlan
from glassnet.recipe import Recipe, TargetScale, TaskName
from glassnet.task import Task, choose_loss, choose_task

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class Prepared:
    """A table with its roles, its task and its folds; nothing is fitted yet.

    Attributes:
        tables: the data, and after it the file of a ``file:`` test split; none after the last fold.
        units: what the bootstrap resamples, shape (rows,), or None for rows that are judged once each.
        weights: sample weights from the recipe's weight column, shape (rows,), or None.
        folds: one, or several for ``cv``, ``windows`` and ``repeat``; positions count through all tables.
        final: for several folds, the fold that trains the model on everything; else None.
        leaks: what gives the target away or crosses the split, as the first fold's training rows show it.
    """

    tables: tuple[Table, ...]
    roles: tuple[ColumnRole, ...]
    targets: tuple[str, ...]
    task: TaskName
    task_reason: str
    loss: str
    test: str
    validation: str
    unit: Literal["row", "day", "group"]
    units: NDArray[np.int64] | None
    weights: NDArray[np.float64] | None
    folds: tuple[Fold, ...]
    final: Fold | None
    leaks: tuple[Leak, ...] = ()
    scaling: Scaling = "standard"

    def let_go(self, fold: Fold) -> None:
        """Give the memory of the tables back, once the last fold has read them."""
        if fold is (self.final or self.folds[-1]):
            self.tables = ()


@dataclass(frozen=True)
class Encoded:
    """A fold's rows as arrays, with the schema that was fitted on its training rows alone.

    Shapes: ``inputs`` (rows, schema.width), ``truth`` (rows,) or (rows, targets) in the user's units.
    """

    schema: Schema
    task: Task
    inputs: NDArray[np.float32]
    truth: NDArray[np.float64] | NDArray[np.int64]
    fold: Fold
    weights: NDArray[np.float64] | None
    units: NDArray[np.int64] | None

    def on_scale(self, on: TargetScale) -> Encoded:
        """Return the same rows with the target learned on another scale, fitted on the training rows."""
        if on == "plain":
            return self
        task = self.task.on_scale(on, self.truth[self.fold.train].astype(np.float64))
        return replace(self, task=task, schema=self.schema.model_copy(update={"targets": task.targets}))


def prepare(recipe: Recipe, source: Source) -> Prepared:
    """Read a source and decide roles, task and folds.

    Raises:
        DataError: the file, a column, a target or the split cannot be used; problems come together.
        RecipeError: an option does not fit this data.
    """
    table = source.load()
    if table.rows == 0:
        raise DataError(message("training needs rows", f"{table.name} has none", "give a table with rows"))
    targets = recipe.target or ((source.target,) if source.target else ())
    test = parse_split(recipe.test) if recipe.test else None
    aside = _set_aside(recipe, test, table)
    roles = _roles(recipe, source, table, targets, aside)
    chosen = tuple(role for name in targets for role in roles if role.name == name)
    task, reason = choose_task(recipe.task, chosen, _class_count(table, chosen))
    facts = _facts(recipe, table, roles, targets, task, test)
    test = test or default_test(facts)
    validation = parse_split(recipe.validation) if recipe.validation else validation_like(test, facts)
    _check_splits(test, validation)
    tables = (table, *_test_file(recipe, test, table))
    folds = make_folds(facts, _within(test), validation, recipe.seed)
    final = make_folds(facts, SplitSpec("none"), validation, recipe.seed)[0] if len(folds) > 1 else None
    if len(tables) > 1:
        extra = np.arange(table.rows, table.rows + tables[1].rows, dtype=np.int64)
        folds = (Fold(folds[0].train, folds[0].validation, extra),)
    unit, units = _units(facts, test)
    leaks = find_leaks(tables, roles, targets, task, folds[0], recipe.seed, recipe.keep_leaks)
    return Prepared(
        tables=tables,
        roles=_without_leaks(roles, leaks),
        targets=targets,
        task=task,
        task_reason=reason,
        loss=choose_loss(task, recipe.loss),
        test=write_split(test),
        validation=write_split(validation),
        unit=unit,
        units=units if len(tables) == 1 else None,
        weights=_weights(recipe, tables),
        folds=folds,
        final=final,
        leaks=leaks,
        scaling=_scaling(recipe),
    )


def encode(prepared: Prepared, fold: Fold) -> Encoded:
    """Fit the schema on the fold's training rows alone, and encode all rows with it.

    Raises:
        DataError: cells that cannot be read or computed with, all of them named together.
    """
    table = prepared.tables[0]
    schema = fit_schema(table, fold.train, prepared.roles, prepared.targets, prepared.task, prepared.scaling)
    task = Task(prepared.task, schema.targets, prepared.loss, prepared.task_reason)
    inputs = [schema.encode(each) for each in prepared.tables]
    truth = [task.truth(schema.raw_targets(each)) for each in prepared.tables]
    return Encoded(
        schema=schema,
        task=task,
        inputs=inputs[0] if len(inputs) == 1 else np.concatenate(inputs),
        truth=truth[0] if len(truth) == 1 else np.concatenate(truth),
        fold=fold,
        weights=prepared.weights,
        units=prepared.units,
    )


def column_plans(prepared: Prepared, schema: Schema) -> tuple[ColumnPlan, ...]:
    """Return what each column was taken for and why, as the user is shown it."""
    used = {column.name for column in schema.columns}
    return tuple(
        ColumnPlan(
            name=role.name,
            role="target" if role.name in prepared.targets else role.role,
            reason=role.reason if role.name in used else _without_role(role, schema.left_out),
            used=role.name in used,
        )
        for role in prepared.roles
    )


def _without_role(role: ColumnRole, left_out: Mapping[str, str]) -> str:
    """Return why a column is left out; the role that may stand before it is shown beside it."""
    reason = left_out.get(role.name, role.reason)
    return reason.removeprefix(f"{role.role}: ").removeprefix(f"{role.role}, ")


def training_weights(
    encoded: Encoded, rows: NDArray[np.int64], class_weight: str
) -> NDArray[np.float32] | None:
    """Return the weight of each training row: its sample weight times its class's, mean about 1.

    ``balanced`` weighs a class by rows / (classes * rows of the class), as scikit-learn does.
    """
    weights = None if encoded.weights is None else encoded.weights[rows]
    if class_weight == "balanced" and encoded.task.is_classification:
        labels = encoded.truth[rows].astype(np.int64)
        counts = np.bincount(labels, minlength=len(encoded.task.classes))
        per_class = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        weights = per_class[labels] * (1.0 if weights is None else weights)
    return None if weights is None else weights.astype(np.float32)


def _roles(
    recipe: Recipe, source: Source, table: Table, targets: tuple[str, ...], aside: Mapping[str, str]
) -> tuple[ColumnRole, ...]:
    if not targets:
        raise RecipeError(
            message(
                "training needs a target",
                "no target was named",
                f"say --target COL with one of {', '.join(table.columns[:30])}",
            )
        )
    overrides = {**source.roles, **recipe.roles}
    asked = {"binary": "category", "multiclass": "category", "regression": "number", "poisson": "number"}
    if recipe.task in asked:
        known = set(targets) & set(table.columns) - recipe.roles.keys()
        overrides |= dict.fromkeys(sorted(known), asked[recipe.task])
    dropped = [*recipe.drop, *(name for name in aside if name not in recipe.roles)]
    roles = infer_roles(table, overrides, dropped, targets)
    return tuple(
        ColumnRole(role.name, role.role, aside[role.name])
        if role.name in aside and role.name in dropped
        else role
        for role in roles
    )


def _scaling(recipe: Recipe) -> Scaling:
    """Long tails by rank for the default net, which outliers then leave alone; for others as in textbooks."""
    if recipe.scaling != "auto":
        return recipe.scaling
    return "tails" if recipe.net == "tabular" else "standard"


def _without_leaks(roles: tuple[ColumnRole, ...], leaks: tuple[Leak, ...]) -> tuple[ColumnRole, ...]:
    """Return the roles with the columns of leaks left out, each with what was found as its reason."""
    found = {name: leak.finding for leak in leaks if leak.kind == "leak" for name in leak.columns}
    return tuple(
        ColumnRole(role.name, "leak", found[role.name]) if role.name in found else role for role in roles
    )


def _set_aside(recipe: Recipe, test: SplitSpec | None, table: Table) -> dict[str, str]:
    """Return the columns that are no inputs because the recipe uses them for something else."""
    aside = {}
    if recipe.weight:
        aside[recipe.weight] = "holds the sample weights"
    for spec in (test, parse_split(recipe.validation) if recipe.validation else None):
        if spec is not None and spec.column:
            aside[spec.column] = "names the groups of the split"
    problems = [
        message(
            f"{name!r} must be a column",
            f"{table.name} has no such column",
            did_you_mean(name, table.columns),
        )
        for name in aside
        if name not in table.columns
    ]
    if problems:
        raise DataError(problems)
    return aside


def _class_count(table: Table, targets: tuple[ColumnRole, ...]) -> int | None:
    if len(targets) != 1 or targets[0].role not in ("category", "boolean"):
        return None
    return table.frame[targets[0].name].drop_nulls().n_unique()


def _facts(
    recipe: Recipe,
    table: Table,
    roles: tuple[ColumnRole, ...],
    targets: tuple[str, ...],
    task: TaskName,
    test: SplitSpec | None,
) -> RowFacts:
    specs = [test, parse_split(recipe.validation) if recipe.validation else None]
    groups = next((spec.column for spec in specs if spec is not None and spec.column), None)
    dates = next((role for role in roles if role.role == "date" and role.name not in targets), None)
    by_default = test is None or (recipe.validation is None and test.kind in ("none", "file"))
    needed = by_default or any(spec is not None and spec.kind in ("last", "windows") for spec in specs)
    classes = table.frame[targets[0]].rank("dense") if task in ("binary", "multiclass") else None
    return RowFacts(
        count=table.rows,
        times=row_times(table, dates.name, dates.format) if dates and needed else None,
        classes=None if classes is None else classes.fill_null(0).to_numpy().astype(np.int64),
        groups=None if groups is None else row_groups(table, groups),
    )


def _units(
    facts: RowFacts, test: SplitSpec
) -> tuple[Literal["row", "day", "group"], NDArray[np.int64] | None]:
    if test.kind == "group" and facts.groups is not None:
        return "group", facts.groups
    if test.kind in ("last", "windows") and facts.times is not None:
        return "day", day_of_each_row(facts.times)
    if test.kind == "repeat":  # a row's answers belong together, by however many nets
        return "row", np.arange(facts.count, dtype=np.int64)
    return "row", None


def _within(test: SplitSpec) -> SplitSpec:
    """Return what the test split takes from the table itself: nothing, where it is a file of its own."""
    return SplitSpec("none") if test.kind == "file" else test


def _check_splits(test: SplitSpec, validation: SplitSpec) -> None:
    if validation.has_folds or validation.kind == "file":
        raise RecipeError(
            message(
                "validation must be one set of rows of the data",
                f"validation={write_split(validation)!r}",
                "use last:N, random:0.2, group:COL or none",
            )
        )
    if test.kind == "group" and validation.kind == "group" and test.column != validation.column:
        raise RecipeError(
            message(
                "test and validation must be cut by the same groups",
                f"test by {test.column!r}, validation by {validation.column!r}",
                "name one column in both",
            )
        )


def _test_file(recipe: Recipe, test: SplitSpec, table: Table) -> tuple[Table, ...]:
    if test.kind != "file":
        return ()
    other = open_source(Path(test.path or ""), recipe.missing).load()
    if other.rows == 0:
        raise DataError(message("the test file needs rows", f"{other.name} has none", "name another file"))
    return (other,)


def _weights(recipe: Recipe, tables: tuple[Table, ...]) -> NDArray[np.float64] | None:
    if recipe.weight is None:
        return None
    return np.concatenate([row_weights(table, recipe.weight) for table in tables])
