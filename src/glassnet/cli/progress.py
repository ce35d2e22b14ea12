"""Progress on standard error: a live line on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from glassnet.engine.history import EpochRecord
    from glassnet.plan import Plan


class Console:
    """A reporter that writes to standard error; live drawing only where that is a terminal."""

    def __init__(self, live: bool) -> None:
        self._console = RichConsole(stderr=True)
        self._live = Live(console=self._console, transient=True, refresh_per_second=8) if live else None

    def phase(self, text: str) -> None:
        """Show which part of the work goes on."""
        if self._live is not None:
            self._live.start()
            self._live.update(Text(f"{text} ..."))

    def planned(self, plan: Plan) -> None:
        """Show the columns' roles with their reasons, and the plan."""
        self._console.print(_columns(plan), highlight=False)
        print(f"task: {plan.task} ({plan.task_reason})", file=sys.stderr)
        print(f"test: {plan.test}, validation: {plan.validation}", file=sys.stderr)
        print(f"net: {plan.net}, engine: {plan.engine}", file=sys.stderr)

    def progress(self, net: str, record: EpochRecord | None, done: float, total: int, eta: float) -> None:
        """Show how far the training is, its losses and the time left."""
        if self._live is not None:
            self._live.start()
            self._live.update(Text(_line(net, record, done, total, eta)))

    def close(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()


def _line(net: str, record: EpochRecord | None, done: float, total: int, eta: float) -> str:
    share = done / total if total else 1.0
    bar = ("━" * round(24 * share)).ljust(24, "╌")
    text = f"training {net}  {bar} {done:.0f}/{total} epochs, {_time(eta)} left"
    if record is not None:
        text += f"  train loss {record.train_loss:.4g}"
        if record.validation_loss is not None:
            text += f", validation loss {record.validation_loss:.4g}"
    return text


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _columns(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("column", "role", "why"):
        table.add_column(title, overflow="fold")
    for column in plan.columns[:60]:
        role = column.role if column.used or column.role == "target" else f"{column.role}, left out"
        table.add_row(Text(column.name), role, Text(column.reason))
    if len(plan.columns) > 60:
        table.add_row(f"... and {len(plan.columns) - 60} more", "", "")
    return table
