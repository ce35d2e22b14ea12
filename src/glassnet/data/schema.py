"""The Schema: how raw rows become the numbers that a net takes in, and what it learns to answer.

Fitted on the training rows only, and saved with the model. At prediction everything that is wrong with
a table (missing and surplus columns, wrong types, cells that cannot be read) is said at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from glassnet.data.cells import Findings
from glassnet.data.columns import Column, DateColumn, NumberColumn, Record
from glassnet.data.fitting import Scaling, fit_column, fit_target
from glassnet.data.targets import ClassTarget, NumberTarget, Target
from glassnet.errors import DataError, did_you_mean, message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from glassnet.data.roles import ColumnRole
    from glassnet.data.table import Table
    from glassnet.recipe import TaskName

__all__ = ["ClassTarget", "NumberTarget", "Schema", "fit_schema"]

BLOCK = 16_384
"""Rows encoded at a time: what is needed beside the result stays small."""
WIDEST = 1 << 20


class Schema(Record):
    """How raw columns become input units, and predictions answers.

    Attributes:
        columns: the columns that the net takes in, in the order of their units.
        left_out: other columns of the training table, each with the reason why it is not used.
        targets: number targets (one or more), or exactly one class target.
    """

    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=WIDEST)]
    left_out: dict[str, str] = Field(default_factory=dict)
    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [each.name for each in (*self.columns, *self.targets)]
        if len({*names, *self.left_out}) != len(names) + len(self.left_out):
            raise ValueError("each column must be an input, a target or left out, and only one of them")
        if len(self.targets) > 1 and any(isinstance(each, ClassTarget) for each in self.targets):
            raise ValueError("several targets must all be numbers")
        if not 1 <= self.width <= WIDEST:
            raise ValueError(f"there must be from 1 to {WIDEST} input units")
        return self

    @property
    def width(self) -> int:
        """The number of input units."""
        return sum(len(each.input_names) for each in self.columns)

    @property
    def input_names(self) -> tuple[str, ...]:
        """One name per input unit: ``temp``, ``hr=3``, ``dteday month=2``, ``temp is missing``."""
        return tuple(name for each in self.columns for name in each.input_names)

    @property
    def number_units(self) -> tuple[int, ...]:
        """Positions of the input units that are numbers: number columns, and the years of dates."""
        places, left = [], 0
        for each in self.columns:
            if isinstance(each, NumberColumn) or (isinstance(each, DateColumn) and each.year):
                places.append(left)
            left += len(each.input_names)
        return tuple(places)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return tuple(each.name for each in self.targets)

    def encode(self, table: Table) -> NDArray[np.float32]:
        """Turn rows into what the net takes in: shape (rows, width), every number finite.

        Warns (GlassnetWarning, once) of cells that are filled in because training had none like them.

        Raises:
            DataError: columns are missing or surplus, or cells cannot be read: all at once, each cell with
                file, row and column; 20 are listed and the others counted.
        """
        log = Findings(table)
        self._check_names(table, log)
        matrix = np.empty((table.rows, self.width), dtype=np.float32)
        for start, stop in _blocks(table):
            log.start, left = start, 0
            for column in self.columns:
                right = left + len(column.input_names)
                if column.name in table.columns:
                    cells = table.frame[column.name].slice(start, stop - start)
                    column.encode(cells, matrix[start:stop, left:right], log)
                left = right
        log.finish()
        return matrix

    def codes(self, table: Table) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Turn rows into plain numbers for trees, which need no units.

        Returns:
            matrix: shape (rows, n): raw numbers, index of the category's unit, parts of dates; NaN where
                missing.
            categorical: shape (n,), true where a column holds indices of categories.

        Raises:
            DataError: as :meth:`encode`.
        """
        log = Findings(table)
        self._check_names(table, log)
        widths = [len(each.code_names) if isinstance(each, DateColumn) else 1 for each in self.columns]
        matrix = np.empty((table.rows, sum(widths)), dtype=np.float32)
        for start, stop in _blocks(table):
            log.start, left = start, 0
            for column, width in zip(self.columns, widths, strict=True):
                if column.name in table.columns:
                    cells = table.frame[column.name].slice(start, stop - start)
                    column.codes(cells, matrix[start:stop, left : left + width], log)
                left += width
        log.finish()
        return matrix, np.repeat([each.kind == "category" for each in self.columns], widths)

    def raw_targets(self, table: Table) -> NDArray[np.float64] | NDArray[np.int64]:
        """Read the targets in the user's units: float64 (rows, targets), or class indices int64 (rows,).

        Raises:
            DataError: a target column is missing; cells are missing, unreadable or of an unseen class.
        """
        log = Findings(table)
        for target in self.targets:
            if target.name not in table.columns:
                must = f"{table.name} must have the target column {target.name!r}"
                log.problem(message(must, "it is missing", did_you_mean(target.name, table.columns)))
        present = [each for each in self.targets if each.name in table.columns]
        values = [each.read(table.frame[each.name], log) for each in present]
        log.finish()
        if not self._number_targets:
            return values[0].astype(np.int64)
        return np.stack(values, axis=1).astype(np.float64)

    @property
    def _number_targets(self) -> list[NumberTarget]:
        return [each for each in self.targets if isinstance(each, NumberTarget)]

    def _check_names(self, table: Table, log: Findings) -> None:
        """Note the columns that are missing, and those that training never saw."""
        needed = [each.name for each in self.columns]
        known = {*needed, *self.left_out, *self.target_names}
        surplus = [name for name in table.columns if name not in known]
        for name in needed:
            if name not in table.columns:
                hint = did_you_mean(name, surplus) if surplus else "add it, empty if there is nothing known"
                log.problem(message(f"{table.name} must have the column {name!r}", "it is missing", hint))
        for name in surplus:
            absent = [each for each in needed if each not in table.columns]
            hint = did_you_mean(name, absent) if absent else "take it out"
            must = f"{table.name} must have only columns that training had"
            log.problem(message(must, f"column {name!r} is surplus", hint))


def _blocks(table: Table) -> Iterator[tuple[int, int]]:
    """Cut the rows into blocks, as first row and the row after the last."""
    for start in range(0, table.rows, BLOCK):
        yield start, min(start + BLOCK, table.rows)


def fit_schema(
    table: Table,
    rows: NDArray[np.int64],
    roles: Sequence[ColumnRole],
    targets: Sequence[str],
    task: TaskName,
    scaling: Scaling = "standard",
) -> Schema:
    """Fit a Schema on the training rows ``rows`` (positions) and on nothing else.

    Args:
        roles: what the columns are; see :func:`glassnet.data.roles.infer_roles`.
        targets: the columns to be predicted.
        scaling: how numbers are scaled: by mean and standard deviation, or by rank.

    Raises:
        DataError: cells of the training rows cannot be read, a target has missing cells or does not vary,
            classes do not fit the task, or no column is left to learn from. All problems at once.
    """
    log = Findings(table, rows)
    fitted_targets = [fit_target(table.frame[name].gather(rows), task, log) for name in targets]
    columns: list[Column] = []
    left_out: dict[str, str] = {}
    for role in roles:
        if role.name in targets:
            continue
        fitted = fit_column(table.frame[role.name].gather(rows), role, log, scaling)
        if isinstance(fitted, str):
            left_out[role.name] = fitted
        else:
            columns.append(fitted)
    log.finish()
    if not columns:
        reasons = "; ".join(f"{name!r}: {reason}" for name, reason in left_out.items())
        must = f"{table.name} must have at least one column to learn from"
        raise DataError(message(must, reasons or "there are only targets", "give one of them another --role"))
    known = tuple(each for each in fitted_targets if each is not None)
    return Schema(columns=tuple(columns), left_out=left_out, targets=known)
