"""How many threads torch may use: one for small work, and never all cores.

Two threads on two busy cores are a trap. Measured with Adam on such a machine, microseconds a step, median
and worst:

    56-20-1, batch 128               one thread    520     575    two threads   3,550    54,700
    64-128-128-10, batch 128                     1,650   1,900                  9,800   266,000
    64-256-256-10, batch 256                     6,400   7,800                 14,100    53,800
    1024-1024-1024-10, batch 256                67,500  78,800                314,000   421,000

So one core is always left to others. Below 100 million multiply-adds, which took one core under 10 ms even
there, a second thread has little to win and as much to lose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from glassnet.machine import all_cores

LARGE = 100_000_000
"""Multiply-adds of one step, forward and backward, from which more than one thread is used."""


def choose_threads(multiply_adds: int) -> int:
    """Return the number of threads for steps of so many multiply-adds: a rule, not a measurement.

    1 for less than ``LARGE``; otherwise what torch is set to, but at most one less than there are cores for
    this process: on two cores always 1.
    """
    if multiply_adds < LARGE:
        return 1
    cores = all_cores()
    return max(1, min(torch.get_num_threads(), cores - 1))


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """Let torch use so many threads inside the block, and put its number back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
