"""From a request to texts that are ready: which are used, their classes, their folds, what crosses these."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from glassnet.data.cells import Findings
from glassnet.data.fitting import fit_target
from glassnet.data.leak_facts import Leak
from glassnet.data.roles import ColumnRole
from glassnet.data.row_facts import row_groups, row_weights
from glassnet.data.split import Fold, RowFacts, make_folds, validation_like
from glassnet.data.targets import MOST_CLASSES, ClassTarget
from glassnet.data.text_rows import NAMED, TextRows, joined, named
from glassnet.data.text_sources import read_texts
from glassnet.data.text_table import Asked
from glassnet.errors import DataError, GlassnetWarning, RecipeError, message
from glassnet.notation import SplitSpec, parse_split, write_split
from glassnet.plan.table import ColumnPlan
from glassnet.task import Task, choose_loss, choose_task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.recipe import Recipe
    from glassnet.run.context import Own

TEST_SHARE = 0.1
MOST_NUMBERS = 100
"""Numbers of more different values than this are amounts, which texts cannot be sorted into."""
BLANK = 64
"""Texts of at most so many bytes are looked at for nothing but white space."""


@dataclass(frozen=True)
class TextPrepared:
    """Texts with their labels and folds; nothing is fitted yet.

    Attributes:
        rows: the texts with labels; those of a ``file:`` test split stand last.
        task: with the classes of all rows.
        truth: the class index of each text. Shape: (texts,).
        weights: how much each text counts, shape (texts,), or None.
        units: what the bootstrap resamples: groups, shape (texts,), or None for texts.
        folds: one, or several for ``cv``, ``windows`` and ``repeat``.
        final: for several folds, the fold that trains the model on everything; else None.
        leaks: texts that stand on both sides of the first fold.
    """

    rows: TextRows
    task: Task
    truth: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    unit: Literal["row", "group"]
    units: NDArray[np.int64] | None
    test: str
    validation: str
    folds: tuple[Fold, ...]
    final: Fold | None
    columns: tuple[ColumnPlan, ...]
    leaks: tuple[Leak, ...]
    test_sha256: str | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What a plan tells of them, whatever net reads them."""
        return {
            "task": self.task.name,
            "task_reason": self.task.reason,
            "columns": self.columns,
            "column": self.rows.column,
            "test": self.test,
            "validation": self.validation,
            "unit": self.unit,
        }


def prepare_texts(recipe: Recipe, own: Own) -> TextPrepared:
    """Read texts and decide classes and folds.

    Raises:
        DataError: the texts, their labels or the split cannot be used; problems come together.
        RecipeError: an option does not fit texts.
    """
    test, validation = _splits(recipe)
    asked = _asked(recipe, test, validation)
    everything = read_texts(recipe.data if own.data is None else own.data, asked)
    rows = _labelled(everything)
    target, task = _task(recipe, rows)
    count, test_sha256 = len(rows), None
    if test.kind == "file":
        other = _labelled(read_texts(Path(test.path or ""), asked))
        test_sha256 = other.sha256
        rows = joined(rows, other)
    truth = _truth(rows, target)
    groups = next((spec.column for spec in (test, validation) if spec.column), None)
    facts = RowFacts(count, None, truth[:count], None if groups is None else row_groups(rows.beside, groups))
    within = SplitSpec("none") if test.kind == "file" else test
    folds = make_folds(facts, within, validation, recipe.seed)
    final = make_folds(facts, SplitSpec("none"), validation, recipe.seed)[0] if len(folds) > 1 else None
    if test.kind == "file":
        folds = (Fold(folds[0].train, folds[0].validation, np.arange(count, len(rows))),)
    _warn_of_empty(rows)
    return TextPrepared(
        rows=rows,
        task=task,
        truth=truth,
        weights=row_weights(rows.beside, recipe.weight) if recipe.weight else None,
        unit="group" if test.kind == "group" else "row",
        units=_units(facts, test),
        test=write_split(test),
        validation=write_split(validation),
        folds=folds,
        final=final,
        columns=_columns(recipe, rows, groups),
        leaks=_copies(rows, folds[0]),
        test_sha256=test_sha256,
    )


def _splits(recipe: Recipe) -> tuple[SplitSpec, SplitSpec]:
    random = SplitSpec("random", fraction=TEST_SHARE)
    test = parse_split(recipe.test) if recipe.test else random
    if recipe.validation:
        validation = parse_split(recipe.validation)
    else:
        validation = (
            random if test.kind in ("none", "file", "cv") else validation_like(test, RowFacts(0, None))
        )
    if validation.has_folds or validation.kind == "file":
        must, do = "validation must be one set of texts of the data", "use random:0.1, group:COL or none"
        raise RecipeError(message(must, f"validation={write_split(validation)!r}", do))
    if test.column and validation.column and test.column != validation.column:
        must, do = "test and validation must be cut by the same groups", "name one column in both"
        raise RecipeError(message(must, f"test by {test.column!r}, validation by {validation.column!r}", do))
    return test, validation


def _asked(recipe: Recipe, *splits: SplitSpec) -> Asked:
    if len(recipe.target) > 1:
        must, do = "texts must have one target", "train one model for each"
        raise RecipeError(message(must, f"target={', '.join(recipe.target)!r}", do))
    beside = [*(spec.column for spec in splits if spec.column), *([recipe.weight] if recipe.weight else [])]
    target = recipe.target[0] if recipe.target else None
    return Asked(recipe.column, target, tuple(dict.fromkeys(beside)), True, recipe.missing)


def _labelled(rows: TextRows) -> TextRows:
    """Leave out texts without a label, and say so.

    Raises:
        DataError: none has one.
    """
    labels = rows.beside.frame[rows.target or ""]
    if labels.dtype == pl.String:
        labels = labels.set(labels.str.strip_chars() == "", None)
    missing = np.flatnonzero(labels.is_null().to_numpy())
    if not len(missing):
        return rows
    if len(missing) == len(rows):
        must, do = f"the texts of {rows.name} must have labels", "write a label beside each text"
        raise DataError(message(must, f"all {len(rows):,} labels are missing", do))
    told = f"{rows.name}: {len(missing):,} texts without a label are left out: {named(missing, rows)}"
    warnings.warn(told, GlassnetWarning, stacklevel=2)
    return rows.take(np.flatnonzero(labels.is_not_null().to_numpy()))


def _task(recipe: Recipe, rows: TextRows) -> tuple[ClassTarget, Task]:
    name = rows.target or ""
    cells, table = rows.beside.frame[name], rows.beside
    levels = cells.n_unique()
    is_amount = cells.dtype.is_float() or cells.dtype.is_temporal()
    if (cells.dtype.is_numeric() and levels > MOST_NUMBERS) or (is_amount and not _is_whole(cells)):
        must, do = "texts must be sorted into classes", "name another --target, or make classes of it"
        found = f"the target {name!r} holds {levels:,} different values such as {cells[0]}"
        raise DataError(message(must, found, do))
    if levels < 2:
        must = f"the labels of {rows.name} must be of two classes or more"
        do = "add texts of another class, or name another --target"
        raise DataError(message(must, f"all {len(rows):,} are {cells[0]!r}", do))
    if levels > min(MOST_CLASSES, max(2, len(rows) // 2)):
        must = f"the labels of {rows.name} must come again and again"
        do = "name the column of the labels with --target"
        raise DataError(message(must, f"{levels:,} different ones in {len(rows):,} texts", do))
    chosen, reason = choose_task(recipe.task, (ColumnRole(name, "category", ""),), levels)
    log = Findings(table)
    target = fit_target(cells, chosen, log)
    log.finish()
    assert isinstance(target, ClassTarget)
    return target, Task(chosen, (target,), choose_loss(chosen, recipe.loss), reason)


def _is_whole(cells: pl.Series) -> bool:
    return bool(cells.dtype.is_float() and (cells.drop_nulls() == cells.drop_nulls().round(0)).all())


def _truth(rows: TextRows, target: ClassTarget) -> NDArray[np.int64]:
    log = Findings(rows.beside)
    found = target.read(rows.beside.frame[target.name], log)
    log.finish()
    return found.astype(np.int64)


def _units(facts: RowFacts, test: SplitSpec) -> NDArray[np.int64] | None:
    if test.kind == "group":
        return facts.groups
    return np.arange(facts.count, dtype=np.int64) if test.kind == "repeat" else None


def _columns(recipe: Recipe, rows: TextRows, groups: str | None) -> tuple[ColumnPlan, ...]:
    found = [
        ColumnPlan(name=rows.column, role="text", reason=rows.reason, used=True),
        ColumnPlan(name=rows.target or "", role="target", reason=rows.target_reason, used=False),
    ]
    aside = {recipe.weight: "holds the sample weights", groups: "names the groups of the split"}
    left = {**{name: why for name, why in aside.items() if name}, **rows.left_out}
    return (*found, *(ColumnPlan(name=n, role="other", reason=why, used=False) for n, why in left.items()))


def _warn_of_empty(rows: TextRows) -> None:
    """Say which texts are empty.

    Raises:
        DataError: all are.
    """
    short = np.flatnonzero(np.diff(rows.texts.offsets) <= BLANK)
    empty = [row for row in short.tolist() if not rows.texts[row].strip()]
    if len(empty) == len(rows):
        must, do = f"the texts of {rows.name} must hold words", "name their column with --column"
        raise DataError(message(must, f"all {len(rows):,} are empty", do))
    if empty:
        told = f"{rows.name}: {len(empty):,} texts are empty, and say nothing: {named(empty, rows)}"
        warnings.warn(told, GlassnetWarning, stacklevel=2)


def _copies(rows: TextRows, fold: Fold) -> tuple[Leak, ...]:
    """Find texts that are held back and stand among the training texts too, letter by letter."""
    name: Literal["test", "validation"] = "test" if len(fold.test) else "validation"
    held = fold.test if len(fold.test) else fold.validation
    known = fold.train if name == "validation" else np.concatenate([fold.train, fold.validation])
    first: dict[int, int] = {}
    for row in known.tolist():
        first.setdefault(hash(rows.texts.raw(row)), row)
    pairs = [(row, first[seen]) for row in held.tolist() if (seen := hash(rows.texts.raw(row))) in first]
    if not pairs:
        return ()
    finding = f"{len(pairs):,} of {len(held):,} {name} texts stand in the training texts too"
    shown = ", ".join(f"{rows.where(row)} is {rows.where(other)}" for row, other in pairs[:NAMED])
    must = f"{name} texts must be new to the network"
    sentence = message(must, f"{finding} ({shown})", "take the copies out, or trust these scores less")
    return (Leak("near_duplicates", (), finding, sentence, {"share": len(pairs) / len(held)}),)
