"""What the compiled extension is measured by: its multiply-adds a second, and a call that does nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.native_status import native_status


def native_peak() -> Callable[[], float] | None:
    """Return the extension's loop of float32 multiply-adds: how many it makes a second on one core."""
    found: Callable[[], float] | None = getattr(_extension(), "peak", None)
    return found


def empty_call() -> tuple[str, Callable[[], object]] | None:
    """Return the cheapest call there is and its name; None without the extension."""
    extension = _extension()
    if extension is None:
        return None
    if hasattr(extension, "nothing"):
        return "empty call of the extension", extension.nothing
    one = np.ones(1)
    return "call of the extension with two arrays of one number", lambda: extension.dot(one, one)


def _extension() -> Any:
    return import_module("glassnet._native") if native_status().available else None
