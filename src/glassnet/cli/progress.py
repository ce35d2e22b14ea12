"""Progress on standard error: a live line on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.text import Text

from glassnet.cli.show import columns_table, console
from glassnet.plan.characters import CharacterPlan
from glassnet.plan.images import ImagePlan
from glassnet.plan.series import SeriesPlan
from glassnet.run.reporter import Silent

if TYPE_CHECKING:
    from glassnet.engine.history import EpochRecord
    from glassnet.plan.table import Plan
    from glassnet.plan.texts import TextPlan
    from glassnet.run.reporter import Reporter


class Console:
    """A reporter that writes to standard error; live drawing only where that is a terminal.

    Used in a ``with`` block, after which the live line is gone, whatever ended the block.
    """

    def __init__(self, live: bool) -> None:
        self._console = console(stderr=True)
        self._live = Live(console=self._console, transient=True, refresh_per_second=8) if live else None
        self._losses = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def phase(self, text: str) -> None:
        """Show which part of the work goes on."""
        if self._live is not None:
            self._live.start()
            self._live.update(Text(f"{text} ..."))

    def planned(self, plan: Plan | TextPlan | CharacterPlan | SeriesPlan | ImagePlan) -> None:
        """Show the columns' roles with their reasons, and the plan."""
        if isinstance(plan, CharacterPlan | SeriesPlan | ImagePlan):
            for sentence in plan.sentences():
                self._console.print(Text(sentence))
            return
        self._console.print(columns_table(plan))
        self._console.print(Text(f"task: {plan.task} ({plan.task_reason})"))
        self._console.print(Text(f"test: {plan.test}, validation: {plan.validation}"))
        reason = f" ({plan.engine_reason})" if plan.engine_reason else ""
        self._console.print(Text(f"net: {plan.net}, engine: {plan.engine}{reason}"))

    def progress(self, net: str, record: EpochRecord | None, done: float, total: int, eta: float) -> None:
        """Show how far the training is, its losses and the time left."""
        self._losses = self._losses if record is None else _losses(record)
        if self._live is not None:
            self._live.start()
            after = f" {done:.0f}/{total} epochs, {_time(eta)} left{self._losses}"
            self._live.update(_line(f"{net} ", after, done / total, self._console.width))

    def sample(self, record: EpochRecord, text: str) -> None:
        """Show what the net writes after an epoch, with its losses."""
        self._console.print(Text(f"epoch {record.epoch}{_losses(record)}"))
        self._console.print(Text(text.strip(), style="dim"))


def reporter_of(quiet: bool) -> AbstractContextManager[Reporter]:
    """Return who follows the run of a command, for a ``with`` block."""
    return nullcontext(Silent()) if quiet else Console(live=sys.stderr.isatty())


def _line(before: str, after: str, share: float, width: int) -> Text:
    """Return one line with a bar that takes what the texts leave of the width."""
    length = max(0, min(24, width - len(before) - len(after)))
    bar = ("━" * round(length * share)).ljust(length, "╌")
    return Text(f"{before}{bar}{after}", no_wrap=True, overflow="ellipsis")


def _losses(record: EpochRecord) -> str:
    if record.validation_loss is None:
        return f", train loss {record.train_loss:.4g}"
    return f", train loss {record.train_loss:.4g}, validation loss {record.validation_loss:.4g}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
