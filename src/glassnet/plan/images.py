"""The plan of a run on photos: what it decided for itself, reused by ``--resume``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from glassnet.notation import parse_photo_net
from glassnet.plan.augmentation import Augmentation
from glassnet.plan.fields import Precision, ZeroOrMoreWhole
from glassnet.plan.table import ColumnPlan
from glassnet.recipe import (
    AboveZero,
    Count,
    Fraction,
    OptimizerName,
    ScheduleName,
    SplitNotation,
    TaskName,
    ZeroOrMore,
)


def _parsed(text: str) -> str:
    if not text.startswith("own:"):
        parse_photo_net(text)
    return text


PhotoNotation = Annotated[str, AfterValidator(_parsed)]
"""A net for photos as ``--net`` writes it, such as ``photo:32-128-128:2``."""


class ImagePace(BaseModel):
    """How fast one way to compute was on this machine, in photos a second of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: Precision
    channels_last: bool
    threads: Count
    photos_per_second: AboveZero


class ImagePlan(BaseModel):
    """What a run on photos decided for itself; a field with a name of ``Plan`` means the same.

    Attributes:
        net: as ``--net`` writes it, with everything decided: ``photo:32-128-128:2``.
        size, channels, fit: how photos are decoded: their side in pixels, 3 colours or 1, and what is done to
            photos of another shape.
        augmentation: how training photos are varied.
        flips: whether an answer is the mean of those to a photo and to its mirror image, and why.
        smoothing: part of each target that is spread evenly over all classes.
        class_weights: how much a photo of each class counts; empty: all alike.
        pretrained: the trained net that was begun with, by name or as a file; None: none.
        head_epochs: how often its new last layer alone saw what the rest makes of the photos.
        steps: of the training of the whole net, which make ``epochs``; a budget is turned into steps here.
        channels_last: whether the colours of a pixel lie side by side in memory.
        paces: what was measured before precision, layout and threads were chosen.
        answers_per_second: how many photos were answered in a second, where a budget made that count.
        reproducible: False where a budget made the run longer or shorter than its steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskName
    task_reason: str
    columns: tuple[ColumnPlan, ...]
    test: SplitNotation
    validation: SplitNotation
    unit: Literal["row"] = "row"
    net: PhotoNotation
    size: Count
    channels: Literal[1, 3]
    fit: Literal["crop", "pad", "stretch"]
    augmentation: Augmentation
    flips: bool
    flips_reason: str
    smoothing: Annotated[float, Field(ge=0, lt=1)]
    class_weights: tuple[ZeroOrMore, ...] = ()
    batch_size: Count
    pretrained: str | None = None
    head_epochs: ZeroOrMoreWhole = 0
    steps: ZeroOrMoreWhole
    steps_per_epoch: Count
    epochs: ZeroOrMoreWhole
    lr: AboveZero
    optimizer: OptimizerName
    momentum: Fraction
    schedule: ScheduleName
    warmup: Fraction
    weight_decay: ZeroOrMore
    clip: AboveZero | None
    patience: Count | None
    refit: Literal[False] = False
    device: str
    engine: Literal["torch"] = "torch"
    engine_reason: str | None = "not fused: a convolutional net"
    precision: Precision
    channels_last: bool
    threads: Count
    paces: tuple[ImagePace, ...] = ()
    answers_per_second: AboveZero | None = None
    reproducible: bool = True

    def compared(self) -> str | None:
        """Say what was compared and which was the best: nothing is."""
        return None

    def sentences(self) -> tuple[str, ...]:
        """Say what was decided, for whoever watches the run."""
        layout = ", channels last" if self.channels_last else ""
        mirrored = f"mirrored answers: {'yes' if self.flips else 'no'} ({self.flips_reason})"
        return (
            f"test: {self.test}, validation: {self.validation}",
            f"photos: {self.size} x {self.size}, {'colour' if self.channels == 3 else 'grey'}, {self.fit}",
            f"varied by: {self.varied()}; {mirrored}",
            f"net: {self.net}, {self.precision}{layout}, {self.threads} threads{self._speed()}",
            *self._begun(),
            f"{self.steps:,} steps of {self.batch_size} photos in {self.epochs} epochs",
        )

    def _begun(self) -> tuple[str, ...]:
        if self.pretrained is None:
            return ()
        after = "then the whole net" if self.steps else "the rest stays as it is"
        return (
            f"pretrained: {self.pretrained}; first {self.head_epochs} epochs of a new last layer, {after}",
        )

    def varied(self) -> str:
        """Say how training photos are varied."""
        wishes = self.augmentation.model_dump(exclude_defaults=True)
        words = (name if value is True else f"{name} {value}" for name, value in wishes.items())
        return ", ".join(words) or "nothing"

    def _speed(self) -> str:
        if not self.paces:
            return ""
        each = (
            f"{p.precision}{' channels last' if p.channels_last else ''} on {p.threads}: "
            f"{p.photos_per_second:,.0f}"
            for p in self.paces
        )
        return f" (measured, photos/s: {', '.join(each)})"
