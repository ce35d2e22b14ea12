"""The Plan: what a run decided for itself, written down once and reused by ``--resume``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from glassnet.notation import parse_split
from glassnet.recipe import AboveZero, Count, OptimizerName, ScheduleName, TaskName, ZeroOrMore


class ColumnPlan(BaseModel):
    """What a column was taken for, and why; ``used`` says whether the net sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: str
    reason: str
    used: bool


class Plan(BaseModel):
    """What a run decided for itself.

    Attributes:
        task: the task and, in ``task_reason``, why.
        columns: every column of the data, targets too, in the data's order.
        test: how the test rows were cut, e.g. ``last:504``; ``validation`` likewise.
        unit: what the bootstrap resamples: rows, whole days or whole groups.
        net: hidden layers as ``--net`` writes them (``own:NAME`` for a module of the user's).
        epochs: most epochs of one training; a budget is turned into epochs here, once.
        refit: whether the final net is trained again on training and validation rows together, for the
            epochs that validation chose, but at least ``refit_epochs``, with ``refit_schedule``.
        reproducible: False where a deadline may end the run before its epochs are done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskName
    task_reason: str
    columns: tuple[ColumnPlan, ...]
    test: str
    validation: str
    unit: Literal["row", "day", "group"]
    net: str
    batch_size: Count
    epochs: Count
    lr: AboveZero
    optimizer: OptimizerName
    schedule: ScheduleName
    weight_decay: ZeroOrMore
    patience: Count | None
    refit: bool
    refit_epochs: int
    refit_schedule: ScheduleName
    device: str
    precision: Literal["float32", "bfloat16"]
    engine: str
    engine_reason: str | None
    threads: Count
    reproducible: bool = True

    @field_validator("test", "validation")
    @classmethod
    def _check_split(cls, value: str) -> str:
        parse_split(value)
        return value
