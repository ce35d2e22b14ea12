"""A net in evaluation mode for a while: to be looked into or asked, and left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Have a net in evaluation mode inside the block, and each of its parts as it was afterwards."""
    modes = {part: part.training for part in net.modules()}
    try:
        net.eval()
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode
