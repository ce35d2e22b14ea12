"""Warnings of a run: caught while it works, kept in what it leaves, and passed on at its end."""

from __future__ import annotations

import warnings

from glassnet.errors import GlassnetWarning


def say_again(caught: list[warnings.WarningMessage]) -> None:
    """Pass on what was warned of meanwhile."""
    for each in caught:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def own_warnings(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """Return Glassnet's own warnings as texts."""
    return tuple(str(each.message) for each in caught if issubclass(each.category, GlassnetWarning))
