"""Mode collapse is seen: on a mixture with known modes, by a judge, and by neighbours (C49)."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.metrics.modes import class_coverage, mode_coverage, neighbour_coverage

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = 2 * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])


def drawn(modes, count=800, deviation=0.05, seed=0):
    chance = np.random.default_rng(seed)
    return RING[chance.choice(modes, count)] + deviation * chance.normal(size=(count, 2))


def test_healthy_samples_reach_every_mode_C49():
    found = mode_coverage(drawn(range(8)), RING, 0.05)
    assert found.reached == 8
    assert found.missing == ()
    assert found.divergence < 0.02
    assert found.quality == pytest.approx(1 - np.exp(-4.5), abs=0.01)  # within 3 deviations, in the plane
    assert found.interval[0] <= found.quality <= found.interval[1]


def test_collapsed_samples_are_seen_although_each_looks_right_C49():
    found = mode_coverage(drawn([2]), RING, 0.05)
    assert found.reached == 1
    assert found.missing == ("0", "1", "3", "4", "5", "6", "7")
    assert found.divergence == pytest.approx(np.log(8))
    assert found.quality > 0.97


def test_samples_between_the_modes_count_for_none():
    found = mode_coverage(np.zeros((50, 2)), RING, 0.05)
    assert (found.reached, found.quality, found.divergence) == (0, 0.0, float("inf"))


def test_a_mode_that_gets_a_stray_sample_is_not_reached():
    samples = np.vstack([drawn(range(7), 1000), RING[7:]])
    assert mode_coverage(samples, RING, 0.05).missing == ("7",)


def test_modes_of_unequal_size_get_their_due():
    due = np.array([0.65] + [0.05] * 7)
    chance = np.random.default_rng(0)
    samples = RING[chance.choice(8, 2000, p=due)]
    assert mode_coverage(samples, RING, 0.05, due).divergence < 0.01
    assert mode_coverage(samples, RING, 0.05).divergence > 0.5


def test_a_judge_sees_which_classes_are_missing_and_how_sure_it_is():
    said = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0]])
    found = class_coverage(said, ("a", "b", "c"), [1 / 3] * 3)
    assert found.shares == (0.75, 0.25, 0.0)
    assert found.missing == ("c",)
    assert found.quality == pytest.approx(0.75)


def test_neighbours_see_collapse_and_noise_without_labels():
    real = drawn(range(8), 400, seed=1)
    healthy = neighbour_coverage(real, drawn(range(8), 400, seed=2))
    collapsed = neighbour_coverage(real, drawn([3], 400, seed=2))
    noise = neighbour_coverage(real, np.random.default_rng(0).uniform(-3, 3, (400, 2)))
    assert healthy.coverage > 0.9
    assert collapsed.coverage < 0.2
    assert noise.density < 0.2 < 0.8 < healthy.density


def test_neighbours_are_as_counted_by_hand():
    """Balls to the first neighbour around 0, 1 and 3 have the radii 1, 1 and 2; 0.5 lies in two of them."""
    found = neighbour_coverage(np.array([[0.0], [1.0], [3.0]]), np.array([[0.5]]), neighbours=1)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.density == 2.0
