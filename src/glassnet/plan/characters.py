"""The plan of a run on one long text: what it decided for itself, reused by ``--resume``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from glassnet.plan.fields import Precision, RecurrentNotation
from glassnet.recipe import (
    AboveZero,
    Count,
    Fraction,
    OptimizerName,
    ScheduleName,
    SplitNotation,
    ZeroOrMore,
)


class Pace(BaseModel):
    """How fast one way to compute was on this machine, in characters a second of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: Precision
    threads: Count
    characters_per_second: AboveZero


class CharacterPlan(BaseModel):
    """What a run on one long text decided for itself.

    Attributes:
        test, validation: which of the last characters are kept from training, e.g. ``last:0.1``.
        net: as ``--net`` writes it, with everything decided: ``lstm:2x512:0.3``.
        batch_size: streams of the text that are read side by side.
        window: characters through which gradients go back.
        steps: of the whole run; a budget is turned into steps here, once. ``epochs`` they make.
        paces: what was measured before the precision and the threads were chosen.
        reproducible: False where a budget made the run longer or shorter than its steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: SplitNotation
    validation: SplitNotation
    net: RecurrentNotation
    batch_size: Count
    window: Count
    steps: Count
    steps_per_epoch: Count
    epochs: Count
    lr: AboveZero
    optimizer: OptimizerName
    schedule: ScheduleName
    warmup: Fraction
    weight_decay: ZeroOrMore
    clip: AboveZero | None
    patience: Count | None
    device: str
    precision: Precision
    threads: Count
    paces: tuple[Pace, ...] = ()
    reproducible: bool = True

    def sentences(self) -> tuple[str, ...]:
        """Say what was decided, for whoever watches the run."""
        paces = (f"{p.precision} on {p.threads}: {p.characters_per_second:,.0f}" for p in self.paces)
        speed = f" (measured, characters/s by precision and threads: {', '.join(paces)})"
        return (
            f"validation: {self.validation}, test: {self.test}",
            f"net: {self.net}, {self.batch_size} streams, {self.window} characters a step",
            f"{self.precision}, {self.threads} threads{speed if self.paces else ''}",
            f"{self.steps:,} steps in {self.epochs} epochs",
        )
