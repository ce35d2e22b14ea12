"""One seed, many independent streams.

Nothing in Glassnet draws from a global generator. Each use of chance names itself, and its stream is
a pure function of the seed and that name: adding a new use changes no old one, and a run that is
resumed needs no saved generator state.

    >>> int(stream(0, "split").integers(1000)) == int(stream(0, "split").integers(1000))
    True
    >>> int(stream(0, "split").integers(1000)) == int(stream(0, "weights").integers(1000))
    False
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _sequence(seed: int, names: tuple[str | int, ...]) -> np.random.SeedSequence:
    keys = [zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names]
    return np.random.SeedSequence(seed, spawn_key=tuple(keys))


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the NumPy generator of one named use of chance.

    Args:
        seed: the run's seed, 0 or above.
        names: what the numbers are for, e.g. ``"bootstrap"`` or ``("order", 3)``.
    """
    return np.random.Generator(np.random.PCG64(_sequence(seed, names)))


def derived_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed for one named use, to hand to torch or to scikit-learn (``% 2**32``)."""
    return int(_sequence(seed, names).generate_state(1, np.uint64)[0] >> np.uint64(1))


def epoch_order(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    """Return the order in which an epoch visits the rows: a pure function of its arguments.

    Shape: (rows,). The batches of an epoch are consecutive pieces of it.
    """
    return stream(seed, *_order(epoch)).permutation(rows)


def order_words(seed: int, epoch: int) -> NDArray[np.uint64]:
    """Return the four words that NumPy seeds its PCG64 with for ``epoch_order``."""
    return _sequence(seed, _order(epoch)).generate_state(4, np.uint64).astype(np.uint64, copy=False)


def _order(epoch: int) -> tuple[str, int]:
    return "order", epoch


@contextmanager
def torch_seeded(seed: int, *names: str | int) -> Iterator[None]:
    """Seed torch's global generators inside the block, and put their states back afterwards."""
    import torch

    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    number = derived_seed(seed, *names)
    with torch.random.fork_rng(devices=devices):
        # torch.manual_seed also notes where it was called from, for a CUDA that may begin later: 0.1 ms each
        torch.default_generator.manual_seed(number)
        if devices:
            torch.cuda.manual_seed_all(number)
        yield
