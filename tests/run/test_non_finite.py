"""A loss that becomes infinite or no number ends the run with an error; what was good before is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import glassnet as gn
from glassnet.cli import run


@pytest.fixture(autouse=True)
def _data(table) -> None:
    table().select("x1", "x2", "y").write_csv("data.csv")


def test_a_learning_rate_far_too_high_fails_and_says_what_to_change(capsys):
    command = ["train", "data.csv", "--target", "y", "--net", "8", "--optimizer", "sgd", "--lr", "1e6"]
    assert run([*command, "--batch-size", "4", "--out", "run", "--quiet"]) == 1
    message = capsys.readouterr().err
    assert "the loss and the weights must stay finite, however: epoch 1 has" in message
    assert "at lr=1e+06; lower lr (try 1e+05)" in message
    assert not Path("run/model.glass").exists()
    assert run(["train", "--resume", "run", "--quiet"]) == 1


def after(epochs: int):
    """Return a loss that is good for some epochs of 96 rows and then no number."""
    steps = [-2 * epochs]

    def loss(output, target):
        if torch.is_grad_enabled() and output.requires_grad:
            steps[0] += 1
        return ((output - target) ** 2).mean() * (float("nan") if steps[0] > 0 else 1.0)

    return loss


def test_the_last_good_weights_are_kept_and_resume_does_not_call_it_finished(capsys):
    options = {"target": "y", "net": "8", "test": "none", "validation": "random:0.25", "batch_size": 64}
    good = gn.train("data.csv", loss=after(10), epochs=2, **options)
    with pytest.raises(gn.NonFiniteLoss, match="epoch 3 has training loss nan") as error:
        gn.train("data.csv", loss=after(2), epochs=5, out="run", **options)
    assert error.value.__notes__ == ["they are saved in run/model.glass"]
    model = gn.load("run/model.glass")
    assert model.history.stopped == "non_finite"
    np.testing.assert_array_equal(model.predict("data.csv"), good.predict("data.csv"))
    assert run(["train", "--resume", "run"]) == 1
    assert "start a new one with a lower lr" in capsys.readouterr().err
