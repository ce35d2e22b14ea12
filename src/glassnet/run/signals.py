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
    """What the signals did: ``requested`` is true after the first one.

    While ``training`` is true the first one only asks the training to stop; every other one is raised.
    """

    training: bool = False
    requested: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle one signal. What is raised is no Exception: no ``except Exception`` may swallow it."""
        asks = self.training and not self.requested
        self.requested = True
        if not asks:
            raise KeyboardInterrupt

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Train inside the block.

        Raises:
            KeyboardInterrupt: a signal came before, and whatever ran then did not let it pass.
        """
        if self.requested:
            raise KeyboardInterrupt
        self.training = True
        try:
            yield
        finally:
            self.training = False


@contextmanager
def listening(go_on: str) -> Iterator[Interrupts]:
    """Handle SIGINT and SIGTERM inside the block, and put the old handlers back afterwards.

    Outside the main thread Python allows no handlers, and the block runs without.

    Args:
        go_on: what to do after an interruption.

    Raises:
        Interrupted: a signal ended the block.
    """
    interrupts = Interrupts()
    main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
    before = {number: signal.signal(number, interrupts) for number in numbers}
    try:
        yield interrupts
    except KeyboardInterrupt:
        raise Interrupted(message("a run must be left alone to finish", "a signal ended it", go_on)) from None
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: it was not set from Python, and cannot be set again from here
                signal.signal(number, handler)
