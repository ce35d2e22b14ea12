"""Augmentation is a pure function of its seed, on whole batches of any float type."""

from __future__ import annotations

import pytest
import torch

from glassnet.data.augment import augmented, mixed
from glassnet.plan.augmentation import Augmentation

EVERY = Augmentation(
    flip=True, shift=2, scale=0.6, rotate=10, brightness=0.2, contrast=0.2, saturation=0.2, cutout=4
)


@pytest.fixture
def batch():
    return torch.randn(6, 3, 12, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_same_seed_gives_the_same_batch_of_the_same_kind(batch, kind, layout):
    batch = batch.to(kind, memory_format=layout)
    before = batch.clone()
    one, other = augmented(batch, 3, EVERY), augmented(batch, 3, EVERY)
    assert torch.equal(one, other)
    assert not torch.equal(one, augmented(batch, 4, EVERY))
    assert (one.dtype, one.shape) == (kind, batch.shape)
    assert one.is_contiguous(memory_format=layout)
    assert torch.equal(batch, before)


def test_nothing_asked_for_changes_nothing(batch):
    assert torch.equal(augmented(batch, 0, Augmentation()), batch)


def test_mixed_photos_are_the_sum_of_their_shares(batch):
    found, partner, share = mixed(batch, 5, 0.3)
    assert 0.5 <= share <= 1
    assert sorted(partner.tolist()) == list(range(6))
    assert torch.allclose(found, share * batch + (1 - share) * batch[partner], atol=1e-6)
