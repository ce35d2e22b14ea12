"""The step of style transfer: its loss by parts, and pixels that stay colours (C45)."""

from __future__ import annotations

import pytest
import torch

from glassnet.engine.step_training import StepSettings, train_steps
from glassnet.engine.style import StyleSettings, StyleStep, WithinColours
from glassnet.nets.style import Canvas, random_features

CONTENT, STYLE = torch.rand(2, 1, 3, 16, 24, generator=torch.Generator().manual_seed(0)).unbind(0)
HALF = torch.full((3,), 0.5)


def step_of(canvas, weights=(1.0, 10.0, 2.0)):
    settings = StyleSettings(("relu2_2",), ("relu1_1", "relu2_1"), *weights)
    return StyleStep(canvas, random_features(), CONTENT, STYLE, settings, HALF, HALF)


def test_the_loss_is_the_weighted_sum_of_its_parts():
    outcome = step_of(Canvas(torch.rand(1, 3, 16, 24)))(None)
    parts = outcome["metrics"]
    expected = parts["content"] + 10 * parts["style"] + 2 * parts["variation"]
    torch.testing.assert_close(outcome["loss"].detach(), expected)


def test_a_photo_has_its_own_content_and_style():
    assert float(step_of(Canvas(CONTENT))(None)["metrics"]["content"]) == 0
    assert float(step_of(Canvas(STYLE))(None)["metrics"]["style"]) == pytest.approx(0, abs=1e-9)


def test_pixels_stay_between_black_and_white():
    canvas = Canvas(CONTENT)
    optimizer = torch.optim.Adam(canvas.parameters(), lr=0.5)
    settings = StepSettings(epochs=1, steps_per_epoch=3)
    train_steps(
        canvas, optimizer, step_of(canvas), lambda epoch: range(3), settings, callbacks=[WithinColours()]
    )
    assert float(canvas.pixels.detach().min()) == 0
    assert float(canvas.pixels.detach().max()) == 1
