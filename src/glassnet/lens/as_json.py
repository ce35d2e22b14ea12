"""Views as JSON: arrays become lists, and what is not finite becomes null."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def as_json(view: Any) -> str:
    """Return a View, a dataclass of numbers, texts, arrays and other such, as one JSON object."""
    return json.dumps(plain(view), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value as what JSON knows.

    >>> plain({"a": np.array([1.0, np.nan]), "b": (1, None)})
    {'a': [1.0, None], 'b': [1, None]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
