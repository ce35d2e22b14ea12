"""The plan of a run on a numeric series."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from glassnet.plan.fields import Precision, RecurrentNotation
from glassnet.plan.table import ColumnPlan
from glassnet.recipe import (
    AboveZero,
    Count,
    Fraction,
    OptimizerName,
    ScheduleName,
    SplitNotation,
    ZeroOrMore,
)

LONGEST = 100_000
"""Rows of the longest window, horizon or season."""
Length = Annotated[int, Field(ge=1, le=LONGEST)]


class SeriesPlan(BaseModel):
    """What a run on a numeric series decided for itself.

    Attributes:
        window: rows that the net sees; horizon: values after them that it foretells.
        season: after how many rows the series comes nearest to repeating itself; None: no season was found.
        stretch: moments that intervals resample together.
        epochs: most epochs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[ColumnPlan, ...]
    test: SplitNotation
    validation: SplitNotation
    net: RecurrentNotation
    window: Length
    horizon: Length
    season: Length | None
    stretch: Length
    batch_size: Count
    epochs: Count
    lr: AboveZero
    optimizer: OptimizerName
    schedule: ScheduleName
    warmup: Fraction
    weight_decay: ZeroOrMore
    clip: AboveZero
    patience: Count | None
    precision: Precision
    threads: Count
    reproducible: bool = True

    def sentences(self) -> tuple[str, ...]:
        """Say what was decided, for whoever watches the run."""
        season = "no season was found" if self.season is None else f"a season of {self.season} rows"
        used = ", ".join(each.name for each in self.columns if each.used)
        return (
            f"columns: {used}",
            f"validation: {self.validation}, test: {self.test}, {season}",
            f"net: {self.net}, the next {self.horizon} from the last {self.window} rows",
        )
