"""``gn.gan``: what it makes, how it is measured, and that collapse is seen (C49)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import glassnet as gn
from glassnet.errors import DataError, RecipeError
from glassnet.run.judge import judged

QUICK = {"epochs": 2, "batch_size": 128}


@pytest.fixture
def quick_judge(monkeypatch):
    monkeypatch.setattr("glassnet.run.judge.STEPS", 40)


def test_pictures_are_made_in_the_form_and_the_unit_of_the_data_C49(quick_judge):
    found = gn.gan("digits", **QUICK, noise=7)
    made = found.sample(20, seed=3)
    assert made.shape == (20, 8, 8, 1)
    assert made.min() >= 0
    assert 8 < made.max() <= 16
    assert np.array_equal(made[:5], found.sample(5, seed=3))
    assert not np.array_equal(made[:5], found.sample(5, seed=4))
    with pytest.raises(RecipeError, match="count must be 1 or above"):
        found.sample(0)


def test_both_losses_and_what_the_critic_gets_right_stand_in_the_history_C49(quick_judge):
    found = gn.gan("digits", **QUICK, out="run")
    for record in found.history:
        assert set(record.metrics) == {"critic_loss", "critic_right"}
        assert 0 <= record.metrics["critic_right"] <= 1
    lines = Path("run/history.jsonl").read_text().splitlines()
    assert "critic_loss" in json.loads(lines[1])["metrics"]
    with Image.open("run/pictures.png") as grid:
        assert grid.size == (12 * 66 - 2, 6 * 66 - 2)


def test_a_run_that_goes_on_ends_with_the_same_bits(monkeypatch, quick_judge):
    whole = gn.gan("digits", epochs=4, net="conv", batch_size=512, spectral=True)
    asked = iter([False] * 8 + [True] * 99)
    with monkeypatch.context() as patched:
        patched.setattr(
            "glassnet.run.signals.Interrupts.requested",
            property(lambda self: next(asked), lambda self, value: None),
        )
        stopped = gn.gan("digits", epochs=4, net="conv", batch_size=512, spectral=True, out="run")
    assert stopped.history.stopped == "interrupted"
    assert stopped.quality is None
    again = gn.gan(resume="run")
    assert np.array_equal(again.sample(9), whole.sample(9))
    assert again.history.to_json() == whole.history.to_json()
    assert again.quality == whole.quality


def test_a_ring_of_points_is_measured_by_its_known_modes():
    angles = 2 * np.pi * np.arange(4) / 4
    ring = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    chance = np.random.default_rng(0)
    points = ring[chance.integers(4, size=600)] + 0.05 * chance.normal(size=(600, 2))
    found = gn.gan(points, modes=ring, deviation=0.05, epochs=1)
    assert len(found.quality.modes.names) == 4
    assert found.quality.judged is None
    assert found.sample(3).shape == (3, 2)


def test_long_points_and_numbers_that_never_change_are_no_pictures():
    points = np.random.default_rng(0).random((40, 300))
    points[:, 7] = 5.0
    found = gn.gan(points, **QUICK)
    assert found.summary()["net"] == "dense"
    assert found.sample(3).shape == (3, 300)
    assert np.isfinite(found.quality.nearest["made"])


def test_the_judge_sees_a_collapse_and_knows_real_digits():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = torch.from_numpy(bunch.data / 8 - 1).float()
    split = (np.arange(1400), np.arange(1400, 1797))
    only = rows[bunch.target == 3]
    found = judged(rows, bunch.target, tuple("0123456789"), split, only, (8, 8, 1), 0)
    assert found.accuracy > 0.9
    assert found.real.reached == 10
    assert found.made.reached < 10
    assert found.made.shares[3] > 0.9
    assert found.made.divergence > 1.5


def test_without_labels_neighbours_are_all_that_is_said():
    images = np.random.default_rng(0).random((60, 6, 6))
    quality = gn.gan(images, **QUICK, batch_norm=False, loss="hinge", dropout=0.1).quality
    assert quality.judged is None
    assert quality.modes is None
    assert set(quality.nearest) == {"made", "held_out"}
    assert 0 <= quality.neighbours.coverage <= 1


def test_a_budget_plans_fewer_epochs_and_leaves_time_for_the_judge(quick_judge):
    found = gn.gan("digits", epochs=100_000, budget=4, out="run")
    assert 1 <= json.loads(Path("run/plan.json").read_text())["epochs"] < 100_000
    assert found.quality.judged is not None


def test_other_data_and_wrong_options_are_refused():
    with pytest.raises(RecipeError, match=r"net must be one that is known.*choose one of dense, conv"):
        gn.gan("digits", net="transformer")
    with pytest.raises(RecipeError, match="net=conv needs pictures"):
        gn.gan(np.random.default_rng(0).random((20, 2)), net="conv")
    with pytest.raises(DataError):
        gn.gan("no such folder")


@pytest.mark.slow
def test_a_ring_of_eight_heaps_is_learned_whole():
    angles = 2 * np.pi * np.arange(8) / 8
    ring = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    chance = np.random.default_rng(0)
    points = ring[chance.integers(8, size=2000)] + 0.05 * chance.normal(size=(2000, 2))
    plain = {"batch_norm": False, "dropout": 0.0, "penalty": 0.1, "noise": 2}
    found = gn.gan(points, modes=ring, deviation=0.05, epochs=200, **plain)
    assert found.quality.modes.reached == 8
    assert found.quality.modes.quality > 0.8


@pytest.mark.slow
def test_digits_are_made_that_a_judge_reads_and_none_is_missing_C49():
    found = gn.gan("digits", test="last:0.2")
    assert found.quality.judged.made.reached == 10
    assert found.quality.judged.made.quality > 0.9
