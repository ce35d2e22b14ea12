"""The plan of a run in which a recurrent net reads the words of texts."""

from __future__ import annotations

from glassnet.plan.fields import RecurrentNotation
from glassnet.plan.texts import TextPlan
from glassnet.recipe import AboveZero, Count, Fraction, OptimizerName, ScheduleName, ZeroOrMore


class WordPlan(TextPlan):
    """What such a run decided for itself; see :class:`glassnet.plan.texts.TextPlan`.

    Attributes:
        net: as ``--net`` writes it, with everything decided: ``lstm:1x128:0.5``.
        words: how many of a text's words are read, its last ones.
    """

    net: RecurrentNotation
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
