"""The plan of a run in which a recurrent net reads the words of texts."""

from __future__ import annotations

from pydantic import field_validator

from glassnet.notation import parse_recurrent
from glassnet.plan.table import TextPlan
from glassnet.recipe import AboveZero, Count, Fraction, OptimizerName, ScheduleName, ZeroOrMore


class WordPlan(TextPlan):
    """What such a run decided for itself; see :class:`glassnet.plan.table.TextPlan`.

    Attributes:
        net: as ``--net`` writes it, with everything decided: ``lstm:1x128:0.5``.
        words: how many of a text's words are read, its last ones.
    """

    net: str  # type: ignore[assignment]
    words: Count
    batch_size: Count
    most_epochs: Count
    lr: AboveZero
    optimizer: OptimizerName
    schedule: ScheduleName
    warmup: Fraction
    weight_decay: ZeroOrMore
    clip: AboveZero
    patience: Count | None

    @field_validator("net")
    @classmethod
    def _check_net(cls, value: str) -> str:
        parse_recurrent(value)
        return value
