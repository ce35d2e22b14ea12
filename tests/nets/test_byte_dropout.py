"""Dropout by bytes is dropout: the right share of numbers, the same expectation, a function of the seed."""

from __future__ import annotations

import pytest
import torch

from glassnet.nets.tabular import ByteDropout
from glassnet.randomness import torch_seeded

ONES = torch.ones(400, 251)  # no multiple of 8 in all


def dropped(p: float, x: torch.Tensor = ONES, seed: int = 0) -> torch.Tensor:
    with torch_seeded(seed, "dropout"):
        return ByteDropout(p).train()(x)


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.9])
def test_a_share_of_p_in_256ths_is_dropped_and_the_mean_is_kept(p):
    share, found = round(256 * p) / 256, dropped(p)
    kept = 1 / (1 - share)
    assert found.unique().tolist() == [0.0, pytest.approx(kept)]
    deviation = (share * (1 - share) / ONES.numel()) ** 0.5
    assert float((found == 0).float().mean()) == pytest.approx(share, abs=4 * deviation)
    assert float(found.mean()) == pytest.approx(1.0, abs=4 * deviation * kept)


def test_each_place_is_drawn_by_itself():
    """No byte of the eight that one draw gives is dropped more often, and neighbours are independent."""
    found = (dropped(0.25).flatten()[: 8 * 12_500] == 0).float().view(-1, 8)
    assert torch.allclose(found.mean(dim=0), torch.full((8,), 0.25), atol=0.02)
    correlations = torch.corrcoef(found.T) - torch.eye(8)
    assert float(correlations.abs().max()) < 0.05


def test_it_is_a_function_of_the_seed():
    assert torch.equal(dropped(0.5, seed=3), dropped(0.5, seed=3))
    assert not torch.equal(dropped(0.5, seed=3), dropped(0.5, seed=4))


@pytest.mark.parametrize("p", [0.0, 0.001])
def test_without_a_256th_to_drop_nothing_is_drawn(p):
    before = torch.random.get_rng_state()
    assert ByteDropout(p).train()(ONES) is ONES
    assert torch.equal(torch.random.get_rng_state(), before)


def test_all_may_be_dropped():
    assert not dropped(1.0).any()


def test_in_evaluation_it_does_nothing():
    assert ByteDropout(0.9).eval()(ONES) is ONES


def test_the_gradient_passes_where_the_number_did():
    x = ONES.clone().requires_grad_()
    found = dropped(0.5, x)
    found.sum().backward()
    assert torch.equal(x.grad, found.detach())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_stays(dtype):
    found = dropped(0.5, ONES.to(dtype))
    assert found.dtype == dtype
    assert set(found.unique().tolist()) == {0.0, 2.0}


def test_no_numbers_give_no_numbers():
    assert dropped(0.5, torch.zeros(0, 3)).shape == (0, 3)
