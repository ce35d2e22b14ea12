"""The plan of a run on a table: what it decided for itself, written down once and reused by ``--resume``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from glassnet.plan.fields import Finite, Precision, ZeroOrMoreWhole
from glassnet.recipe import (
    AboveZero,
    Count,
    Fraction,
    OptimizerName,
    ScheduleName,
    SplitNotation,
    TargetScale,
    TaskName,
    ZeroOrMore,
)

_SCALES: dict[TargetScale, str] = {"sqrt": "square root", "log": "logarithm"}


class ColumnPlan(BaseModel):
    """What a column was taken for, and why; ``used`` says whether the net sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: str
    reason: str
    used: bool


class Trial(BaseModel):
    """One way to train that validation compared with others.

    Attributes:
        net: hidden layers as ``--net`` writes them.
        lr, weight_decay, batch_size: what it was trained with.
        target_scale: how the net learned a numeric target.
        restart: which beginning it was, from 0.
        score: of the validation rows, lower is better: RMSE in the user's units, else the loss; None where
            training failed.
        epochs: the best epoch, by the loss of the validation rows; 0 where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    net: str
    lr: AboveZero
    weight_decay: ZeroOrMore
    batch_size: Count
    target_scale: TargetScale = "plain"
    restart: ZeroOrMoreWhole = 0
    score: Finite | None = None
    epochs: ZeroOrMoreWhole = 0


class Plan(BaseModel):
    """What a run decided for itself.

    Attributes:
        task: the task and, in ``task_reason``, why.
        columns: every column of the data, targets too, in the data's order.
        test: how the test rows were cut, e.g. ``last:504``; ``validation`` likewise.
        unit: what the bootstrap resamples: rows, whole days or whole groups.
        net: hidden layers as ``--net`` writes them (``own:NAME`` for a module of the user's).
        epochs: most epochs of one training; a budget is turned into epochs here, once.
        ema: decay of the moving average of the weights, which is what is validated and kept; 0: none.
        compare: whether validation compares ``net`` with ``other_nets``, and the scales of a numeric target.
        tune: seconds in which random trials are compared, for each fold.
        trials: what validation compared, in a model's plan; ``net`` and ``target_scale`` are then the best.
        refit: whether the final net is trained again on training and validation rows together, for the
            epochs that validation chose times ``refit_factor``, with ``refit_schedule``.
        reproducible: False where a deadline may end the run before its epochs are done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskName
    task_reason: str
    columns: tuple[ColumnPlan, ...]
    test: SplitNotation
    validation: SplitNotation
    unit: Literal["row", "day", "group"]
    net: str
    batch_size: Count
    epochs: Count
    lr: AboveZero
    optimizer: OptimizerName
    schedule: ScheduleName
    weight_decay: ZeroOrMore
    patience: Count | None
    ema: Fraction
    target_scale: TargetScale = "plain"
    compare: bool
    tune: AboveZero | None = None
    other_nets: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    refit: bool
    refit_factor: AboveZero
    refit_schedule: ScheduleName
    device: str
    precision: Precision
    engine: str
    engine_reason: str | None
    threads: Count
    reproducible: bool = True

    def compared(self) -> str | None:
        """Say what was compared and which was the best; None where there was nothing to compare."""
        if len(self.trials) < 2:
            return None
        scale = "" if self.target_scale == "plain" else f", the target as its {_SCALES[self.target_scale]}"
        return f"compared {len(self.trials)} ways to train on the validation rows; best: {self.net}{scale}"
