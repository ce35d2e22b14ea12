"""What one run is given, what all of its parts need to know, and what it gives. Nothing heavy is imported."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from glassnet.run.folder import RunFolder
from glassnet.run.reporter import Reporter
from glassnet.run.signals import Interrupts

if TYPE_CHECKING:
    from pathlib import Path

    from glassnet.engine.checkpoint import State
    from glassnet.engine.history import EpochRecord, History
    from glassnet.model.characters import CharacterModel
    from glassnet.model.images import ImageModel
    from glassnet.model.series import SeriesModel
    from glassnet.model.table import Model
    from glassnet.model.texts import TextModel
    from glassnet.plan.characters import CharacterPlan
    from glassnet.plan.images import ImagePlan
    from glassnet.plan.series import SeriesPlan
    from glassnet.plan.table import Plan
    from glassnet.plan.texts import TextPlan
    from glassnet.recipe import Recipe

    AnyModel: TypeAlias = Model | TextModel | CharacterModel | SeriesModel | ImageModel


@dataclass(frozen=True)
class Own:
    """What a recipe can only name: the user's own module (or builder), loss, and data in memory.

    ``net`` is a module, or a callable that is given the widths of input and output and returns one.
    """

    net: object = None
    loss: Callable[..., object] | None = None
    data: object = None


@dataclass(frozen=True)
class Outcome:
    """A run that has ended: its model, its folder if it has one, the seconds of its parts, its warnings."""

    model: AnyModel
    folder: RunFolder | None
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    was_finished: bool = False

    @property
    def report(self) -> Path | None:
        """The report of the run, if it was written."""
        there = self.folder is not None and self.folder.report.is_file()
        return self.folder.report if self.folder is not None and there else None


@dataclass
class Allowance:
    """What a budget leaves for training: seconds, and how many epochs at most are still to share them."""

    seconds: float
    epochs: float


@dataclass
class Context:
    """One run at work: its recipe, its folder, whom it tells, and when it began (``time.monotonic()``).

    ``plan`` is that of a table, once there is one. ``states`` holds the trainings that are paused, by name.
    ``cut_short`` says whether a budget ended one of them before its epochs: no other run would end it at the
    same step.
    """

    recipe: Recipe
    own: Own
    folder: RunFolder | None
    reporter: Reporter
    interrupts: Interrupts
    began: float
    plan: Plan | None = None
    settled: bool = False
    allowance: Allowance | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    states: dict[str, State] = field(default_factory=dict)
    cut_short: bool = False

    def timed(self, part: str, since: float) -> None:
        """Add the time since then to a part of the run."""
        self.seconds[part] = self.seconds.get(part, 0.0) + time.monotonic() - since

    def checkpoint(self, net: str) -> Path | None:
        """Return the file of a net's checkpoints; None without a folder."""
        return None if self.folder is None else self.folder.checkpoint(net)

    @contextmanager
    def deadline(self, epochs: float) -> Iterator[float | None]:
        """Give so many epochs their share of a budget: their end, of ``time.monotonic()``."""
        began, allowance = time.monotonic(), self.allowance
        if allowance is None:
            yield None
            return
        try:
            yield began + allowance.seconds * min(epochs / allowance.epochs, 1.0)
        finally:
            allowance.seconds = max(allowance.seconds - (time.monotonic() - began), 0.0)
            allowance.epochs = max(allowance.epochs - epochs, 1.0)

    def settle(self, plan: Plan | TextPlan | CharacterPlan | SeriesPlan | ImagePlan) -> None:
        """Write a plan down for the rest of the run and say so; later calls change nothing."""
        if self.settled:
            return
        self.settled = True
        if self.folder is not None:
            self.folder.write_plan(plan.model_dump_json(indent=2))
        self.reporter.planned(plan)


class Follower:
    """An engine callback: each epoch becomes a line of ``history.jsonl`` and a report.

    After an error ``history`` is still there, when ``train_net`` could not return it. What an earlier start
    of this run did beyond ``pause`` is told when this one comes to it, so that lines keep their order.
    """

    def __init__(self, context: Context, net: str, pause: int | None = None) -> None:
        self.context, self.net, self.pause = context, net, pause
        self.history: History | None = None

    def fit_begin(self, loop: Any) -> None:
        """Write what earlier starts of this run have done."""
        self.history = loop.history
        told = set(self.context.lines)
        reached = [record for record in loop.history if self.pause is None or record.epoch <= self.pause]
        lines = (self._line(record) for record in reached)
        self.context.lines += [line for line in lines if line not in told]
        if self.context.folder is not None:
            self.context.folder.write_history(self.context.lines)

    def epoch_end(self, loop: Any) -> None:
        """Write the epoch that ended."""
        line = self._line(loop.history[-1])
        self.context.lines.append(line)
        if self.context.folder is not None:
            self.context.folder.add_history(line)

    def progress(self, record: EpochRecord | None, done: float, total: int, eta: float) -> None:
        """Pass the engine's report on, with the net's name."""
        self.context.reporter.progress(self.net, record, done, total, eta)

    def _line(self, record: EpochRecord) -> str:
        return f'{{"net": {json.dumps(self.net)}, {record.to_json()[1:]}'
