"""How many multiply-adds a second one core makes: what the share of a training step is a share of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from glassnet.engine.threads import using_threads
from glassnet.run.bench.extension import native_peak
from glassnet.run.bench.figures import timed

SIDE = 1024


@dataclass(frozen=True)
class Peak:
    """Multiply-adds a second of one core in float32, and what they were measured by."""

    multiply_adds_per_second: float
    measured_by: str

    def share(self, multiply_adds: int, microseconds: float) -> float:
        """Return the part of the peak that this much arithmetic in this time is."""
        return multiply_adds / (1e-6 * microseconds) / self.multiply_adds_per_second

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def measure_peak(rounds: int, side: int = SIDE) -> Peak:
    """Take the extension's own loop where it has one, else a large matrix product; the quickest counts."""
    if (own := native_peak()) is not None:
        return Peak(1e9 * max(own() for _ in range(rounds)), "in registers alone, by the extension")
    a = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
    b, out = torch.from_numpy(a), np.empty_like(a)

    def numpy_product(count: int) -> int:
        for _ in range(count):
            np.matmul(a, a, out=out)
        return count

    def torch_product(count: int) -> int:
        for _ in range(count):
            torch.matmul(b, b)
        return count

    best = {}
    with using_threads(1), threadpool_limits(1, user_api="blas"), torch.no_grad():
        for name, product in (("NumPy", numpy_product), ("PyTorch", torch_product)):
            product(1)
            best[name] = min(timed(product, 2)[0] / 2 for _ in range(rounds))
    winner = min(best, key=lambda name: best[name])
    return Peak(side**3 / best[winner], f"in a float32 product of {side} x {side} on one thread, by {winner}")
