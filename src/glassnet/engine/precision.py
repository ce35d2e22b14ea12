"""In which precision a net computes: float32, or bfloat16 where the machine gains by it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch


def computing(precision: str, device: torch.device) -> Any:
    """Return the context in which a net computes in a precision; weights and losses stay in float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
