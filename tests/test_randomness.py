"""One seed, many streams: each a pure function of its names, and nothing global is touched."""

from __future__ import annotations

import numpy as np
import torch

from glassnet.randomness import derived_seed, epoch_order, stream, torch_seeded


def test_a_stream_depends_on_the_seed_and_on_every_name():
    draws = [
        stream(*key).integers(2**62)
        for key in ((0, "a"), (0, "a"), (1, "a"), (0, "b"), (0, "a", 1), (0, "a", 2))
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 5


def test_streams_do_not_change_from_one_version_to_the_next():
    """A saved run goes on with the same order of rows, also under a later version."""
    assert stream(0, "split").integers(1000, size=3).tolist() == [267, 353, 923]
    assert epoch_order(3, 2, 6).tolist() == [5, 4, 3, 2, 1, 0]
    assert derived_seed(5, "weights") == 2999475763065953448


def test_an_epoch_visits_every_row_once_in_an_order_of_its_own():
    first, second = epoch_order(0, 1, 50), epoch_order(0, 2, 50)
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)


def test_derived_seeds_fit_into_63_bits():
    assert all(0 <= derived_seed(seed, "x") < 2**63 for seed in range(200))


def test_torchs_own_generator_is_put_back():
    before = torch.get_rng_state()
    with torch_seeded(0, "a"):
        inside = torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    with torch_seeded(0, "a"):
        assert torch.equal(torch.rand(3), inside)
