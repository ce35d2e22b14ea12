"""Augmentation is a pure function of its seed, on whole batches of any float type."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

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


def test_a_batch_without_photos_stays_one():
    assert augmented(torch.ones(0, 3, 8, 8), 0, EVERY).shape == (0, 3, 8, 8)


@pytest.mark.parametrize("side", [1, 2, 5])
def test_photos_smaller_than_a_shift_are_varied_too(side):
    batch = torch.ones(4, 1, side, side)
    assert torch.isfinite(augmented(batch, 0, Augmentation(shift=6, cutout=9, rotate=9))).all()
    assert augmented(batch, 0, Augmentation(shift=6, flip=True)).shape == batch.shape


def test_mixed_photos_are_the_sum_of_their_shares(batch):
    found, partner, share = mixed(batch.clone(), 5, Augmentation(mixup=0.3))
    assert 0.5 <= share <= 1
    assert sorted(partner.tolist()) == list(range(6))
    assert torch.allclose(found, share * batch + (1 - share) * batch[partner], atol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_a_rectangle_of_another_photo_counts_by_its_area(seed):
    one = torch.arange(6.0)[:, None, None, None].expand(6, 2, 20, 30).contiguous()
    found, partner, share = mixed(one.clone(), seed, Augmentation(cutmix=1.0))
    assert sorted(partner.tolist()) == list(range(6))
    assert 0 <= share <= 1
    for photo, own, other in zip(found, one, partner.tolist(), strict=True):
        if other == int(own[0, 0, 0]):
            continue
        pasted = (photo[0] == other).nonzero()
        assert len(pasted) == round((1 - share) * 600)
        if len(pasted):
            (top, left), (bottom, right) = pasted.min(0).values.tolist(), pasted.max(0).values.tolist()
            assert len(pasted) == (bottom - top + 1) * (right - left + 1)
        assert torch.equal(photo[0], photo[1])
        assert ((photo == other) | (photo == own)).all()


def test_rectangles_are_of_all_sizes(batch):
    shares = [mixed(batch, seed, Augmentation(cutmix=1.0))[2] for seed in range(300)]
    assert min(shares) < 0.3
    assert max(shares) > 0.9
    assert 0.5 < sum(shares) / 300 < 0.75  # the edges cut some of each rectangle off


def test_a_part_of_the_batches_has_rectangles_and_the_others_are_mixed(batch):
    done = [mixed(batch.clone(), seed, Augmentation(cutmix=0.25, mixup=1.0))[0] for seed in range(200)]
    torn = sum(bool((each[..., None] == batch.movedim(0, -1)[None]).any(-1).all()) for each in done)
    assert 25 < torn < 75
    plain = [mixed(batch.clone(), seed, Augmentation(cutmix=0.25)) for seed in range(200)]
    assert sum(torch.equal(found, batch) and share == 1 for found, _, share in plain) > 120


def ramp(height: int = 24, width: int = 24, count: int = 64) -> torch.Tensor:
    """Return photos whose first channel grows to the right, the second downwards, the third with both."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    photo = torch.stack([columns, rows, rows + columns]).float()
    return photo.expand(count, 3, height, width).clone()


def test_half_of_the_photos_are_mirrored_from_left_to_right():
    batch = ramp()
    found = augmented(batch, 1, Augmentation(flip=True))
    kept = [torch.equal(one, other) for one, other in zip(found, batch, strict=True)]
    turned = [torch.equal(one, other.flip(-1)) for one, other in zip(found, batch, strict=True)]
    assert all(one != other for one, other in zip(kept, turned, strict=True))
    assert 16 < sum(turned) < 48


@pytest.mark.parametrize("padding", ["reflect", "zero"])
def test_photos_are_shifted_by_whole_pixels_in_each_direction(padding):
    batch = ramp() + 1
    found = augmented(batch, 1, Augmentation(shift=3, padding=padding))
    moves = set()
    for photo in found:
        right = int(photo[0, 12, 12] - 13)
        down = int(photo[1, 12, 12] - 13)
        moves.add((right, down))
        assert torch.equal(photo[:, 3:-3, 3:-3], batch[0, :, 3 + down : 21 + down, 3 + right : 21 + right])
        assert (photo == 0).any() == (padding == "zero" and (right, down) != (0, 0))
    assert {right for right, _ in moves} == {down for _, down in moves} == set(range(-3, 4))


def test_a_photo_is_mirrored_as_often_as_a_shift_is_larger():
    batch = torch.arange(4.0).expand(64, 1, 1, 4).contiguous()
    found = augmented(batch, 1, Augmentation(shift=9))
    endless = torch.tensor([0, 1, 2, 3, 2, 1] * 3).float()
    windows = endless.unfold(0, 4, 1)
    assert all((windows == photo).all(1).any() for photo in found[:, 0, 0])
    assert len(found.unique(dim=0)) == 6


def test_what_comes_in_at_the_edges_is_the_mirrored_photo(batch):
    wide = torch.nn.functional.pad(batch, (3,) * 4, "reflect")
    windows = wide.unfold(2, 12, 1).unfold(3, 16, 1).movedim(1, 3)  # (photo, down, right, channels, ...)
    found = augmented(batch, 1, Augmentation(shift=3))
    for photo, some in zip(found, windows, strict=True):
        assert (some == photo).all((2, 3, 4)).any()


def test_corners_of_turned_photos_are_mirrored_or_empty():
    ones = torch.ones(16, 3, 20, 30)
    assert torch.allclose(augmented(ones, 1, Augmentation(rotate=40)), ones)
    empty = augmented(ones, 1, Augmentation(rotate=40, padding="zero"))[:, :, 0, 0] == 0
    assert 8 < empty.all(1).sum() <= 16


def test_photos_are_turned_about_their_middle_by_up_to_so_many_degrees():
    batch = ramp(33, 33) - 16
    found = augmented(batch, 2, Augmentation(rotate=20))
    right, down = found[:, 0, 16, 20] / 4, found[:, 0, 20, 16] / 4
    angles = torch.rad2deg(torch.atan2(down, right))
    assert torch.allclose(right**2 + down**2, torch.ones(64), atol=1e-4)
    assert 15 < angles.max() <= 20.01
    assert -20.01 <= angles.min() < -15
    assert found[:, :2, 16, 16].abs().max() < 1e-4


def test_a_photo_that_is_no_square_is_turned_without_being_bent():
    batch = ramp(33, 65) - torch.tensor([32.0, 16.0, 48.0])[:, None, None]
    found = augmented(batch, 2, Augmentation(rotate=20))
    columns, rows = found[:, :2, 16, 36] / 4, found[:, :2, 20, 32] / 4
    assert torch.allclose((columns * rows).sum(1), torch.zeros(64), atol=1e-4)
    assert torch.allclose((columns**2).sum(1), torch.ones(64), atol=1e-4)
    assert torch.allclose((rows**2).sum(1), torch.ones(64), atol=1e-4)


def test_photos_are_shifted_by_as_many_pixels_where_they_are_enlarged_too():
    batch = ramp(24, 48) - torch.tensor([23.5, 11.5, 35.0])[:, None, None]
    found = augmented(batch, 2, Augmentation(shift=3, scale=0.9999))
    moves = found[:, :2, 11:13, 23:25].mean((2, 3))
    assert torch.allclose(moves, moves.round(), atol=0.01)
    assert [(column.min().round(), column.max().round()) for column in moves.T] == [(-3, 3)] * 2


@pytest.mark.parametrize("name", ["flip", "shift", "rotate", "contrast", "cutout"])
def test_the_batch_that_is_given_stays_as_it_is(batch, name):
    before = batch.clone()
    one = {"flip": True, "contrast": 0.5}.get(name, 3)
    assert not torch.equal(augmented(batch, 3, Augmentation(**{name: one})), before)
    assert torch.equal(batch, before)


def test_parts_of_photos_are_enlarged_and_lie_inside_them():
    batch = ramp(40, 20)
    found = augmented(batch, 3, Augmentation(scale=0.25))
    across, along = (
        found[:, 0].amax((1, 2)) - found[:, 0].amin((1, 2)),
        found[:, 1, -1, 0] - found[:, 1, 0, 0],
    )
    shares = (across / 19) * (along / 39)
    assert 0.2 < shares.min() < 0.35
    assert 0.85 < shares.max() <= 1.001
    assert torch.allclose(across / 19, along / 39, atol=0.06)
    assert (found[:, 0].amin((1, 2)) >= 0).all()


def test_colours_change_as_documented(batch):
    found = augmented(batch, 4, Augmentation(brightness=0.5))
    added = found - batch
    assert torch.allclose(added, added[:, :1, :1, :1].expand_as(added), atol=1e-5)
    assert added.abs().max() <= 0.5
    found = augmented(batch, 4, Augmentation(contrast=0.3))
    mean = batch.mean((1, 2, 3), keepdim=True)
    assert torch.allclose(found.mean((1, 2, 3), keepdim=True), mean, atol=1e-5)
    factors = (found - mean).flatten(1).norm(dim=1) / (batch - mean).flatten(1).norm(dim=1)
    assert ((factors >= 0.7) & (factors <= 1.3)).all()
    assert factors.std() > 0.05
    found = augmented(batch, 4, Augmentation(saturation=1.0))
    assert torch.allclose(found.mean(1), batch.mean(1), atol=1e-5)
    assert not torch.allclose(found, batch, atol=0.1)
    grey = batch[:, :1]
    assert torch.allclose(augmented(grey, 4, Augmentation(saturation=1.0)), grey)


def test_a_square_is_cut_out_of_each_photo():
    found = augmented(torch.ones(64, 3, 20, 20), 5, Augmentation(cutout=6))
    areas = (found[:, 0] == 0).sum((1, 2))
    assert areas.max() == 36
    assert (areas >= 9).all()
    assert torch.equal(found[:, 0], found[:, 2])


def test_no_photo_depends_on_the_device_or_the_memory_format(batch):
    last = augmented(batch.contiguous(memory_format=torch.channels_last), 6, EVERY)
    assert torch.equal(augmented(batch, 6, EVERY), last)
    assert torch.allclose(augmented(batch.bfloat16(), 6, EVERY).float(), last, atol=0.1)


def test_numbers_out_of_range_are_refused():
    for wrong in ({"shift": -1}, {"scale": 0.0}, {"scale": 1.5}, {"flipp": True}, {"contrast": 2.0}):
        with pytest.raises(ValidationError):
            Augmentation(**wrong)
