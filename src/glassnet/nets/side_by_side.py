"""What nets share that are several networks: how they learn side by side and answer as one."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn


class SideBySide(nn.Module):
    """Several networks, ``spec.members``: in training their answers are rows, member after member."""

    spec: Any

    def once_a_member(self, rows: Tensor) -> Tensor:
        """Repeat targets or weights, as the answers in training lie.

        Shape: (rows, ...) -> (members * rows, ...).
        """
        return rows.repeat(self.spec.members, *(1,) * (rows.ndim - 1))


def log_of_mean(logs: Tensor) -> Tensor:
    """Return the logarithm of the members' mean, of its logarithms. Shape: (members, ...) -> (...)."""
    return logs.logsumexp(dim=0) - math.log(len(logs))
