"""What the compiled extension is measured by: its multiply-adds a second, and a call that does nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from glassnet.native_status import native_status


def native_peak() -> Callable[[], float] | None:
    """Return what measures the float32 multiply-adds of one core, in 1e9 a second; None without it."""
    extension = _extension()
    return None if extension is None else extension.peak


def empty_call() -> Callable[[], object] | None:
    """Return the call of the extension that does nothing; None without it."""
    extension = _extension()
    return None if extension is None else extension.empty


def _extension() -> Any:
    return import_module("glassnet._native") if native_status().available else None
