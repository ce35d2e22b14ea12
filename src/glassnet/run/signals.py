"""Ctrl-C and SIGTERM: while nets train they end the run in good order, at other times at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from glassnet.errors import Interrupted, message


@dataclass
class Interrupts:
    """What the signals did: ``requested`` is true after one that came while ``training`` was true."""

    training: bool = False
    requested: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle one signal; a second one while training does not wait any longer."""
        if self.training and not self.requested:
            self.requested = True
            return
        raise Interrupted(
            message("a run must be left alone to finish", f"signal {number} ended it", "go on with --resume")
        )


@contextmanager
def listening() -> Iterator[Interrupts]:
    """Handle SIGINT and SIGTERM inside the block, and put the old handlers back afterwards.

    Outside the main thread Python allows no handlers, and the block runs without.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
