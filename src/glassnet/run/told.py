"""Warnings of a run: caught while it works, kept in what it leaves, and passed on at its end."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glassnet.errors import GlassnetWarning, message

if TYPE_CHECKING:
    from glassnet.data.leaks import Leak
    from glassnet.run.folder import RunFolder


def warn_of(leaks: Iterable[Leak]) -> None:
    """Warn of what the training rows know and should not."""
    for warning in filter(None, (leak.warning for leak in leaks)):
        warnings.warn(warning, GlassnetWarning, stacklevel=2)


@contextmanager
def quietly() -> Iterator[None]:
    """Say nothing of data that is read again: whoever read it first was told."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        yield


def say_again(caught: list[warnings.WarningMessage]) -> None:
    """Pass on what was warned of meanwhile."""
    for each in caught:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def own_warnings(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """Return Glassnet's own warnings as texts."""
    return tuple(str(each.message) for each in caught if issubclass(each.category, GlassnetWarning))


@contextmanager
def failing_softly(folder: RunFolder) -> Iterator[None]:
    """Make a failure of the report a warning, and a signal too: the run has done what it was asked for."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        must = f"the report {folder.report} must be written"
        found = str(error) or type(error).__name__
        do = f"the model is kept; try glassnet report {folder.model}"
        warnings.warn(message(must, found, do), GlassnetWarning, stacklevel=2)
