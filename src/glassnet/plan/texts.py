"""The plan of a run on texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from glassnet.plan.fields import Finite, NetNotation, ZeroOrMoreWhole
from glassnet.plan.table import ColumnPlan
from glassnet.recipe import Count, SplitNotation, TaskName


class TextTrial(BaseModel):
    """One way to read and to learn texts that validation compared with others.

    Attributes:
        name: what was tried, in a few words.
        score: mean log loss of the validation texts, lower is better; ``accuracy`` of the same texts.
        epochs: the passes over the training texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    score: Finite
    accuracy: Annotated[float, Field(ge=0, le=1)]
    epochs: ZeroOrMoreWhole


class TextPlan(BaseModel):
    """What a run on texts decided for itself; a field with a name of
    :class:`glassnet.plan.table.Plan` means the same.

    Attributes:
        column: the column of the texts.
        compare: whether validation compares several ways to read and to learn: ``trials``, best first.
        net: a bag of words, ``bag``, or the hidden layers on top of one, as ``--net`` writes them.
        reading: how the texts of the final net were read, in a few words; empty before there is one.
        epochs: passes of the final net over the texts; 0 before there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskName
    task_reason: str
    columns: tuple[ColumnPlan, ...]
    column: str
    test: SplitNotation
    validation: SplitNotation
    unit: Literal["row", "group"]
    net: NetNotation = "bag"
    compare: bool
    trials: tuple[TextTrial, ...] = ()
    reading: str = ""
    epochs: ZeroOrMoreWhole = 0
    refit: bool
    device: Literal["cpu"] = "cpu"
    engine: str
    engine_reason: str | None
    threads: Count
    reproducible: bool = True

    def compared(self) -> str | None:
        """Say what was compared and which was the best; None where there was nothing to compare."""
        if len(self.trials) < 2:
            return None
        best = self.trials[0].name
        return f"compared {len(self.trials)} ways to read and learn on the validation texts; best: {best}"
