"""``glassnet autoencode``, ``gan``, ``style``: one object with --json, else words, 130 when interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli import run


@pytest.fixture(autouse=True)
def _quick_judge(monkeypatch):
    monkeypatch.setattr("glassnet.run.judge.STEPS", 40)


def printed(capsys, *arguments):
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_autoencode_prints_the_error_beside_pca(capsys):
    flags = ["--net", "dense", "--epochs", "2", "--code", "4", "--test", "last:0.2", "--out", "run"]
    found = printed(capsys, "autoencode", "digits", *flags)
    assert found["kind"] == "autoencode"
    assert found["rows"] == {"train": 1438, "test": 359}
    assert found["metrics"]["test"].keys() == {"error_per_pixel"}
    assert found["baselines"].keys() == {"pca", "mean"}
    assert len(found["ratios"]["pca"]["interval"]) == 2
    assert found["run"] == "run"
    assert run(["autoencode", "--resume", "run", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "net / pca: " in text
    assert f"pictures: {Path('run/pictures.png')}" in text


def test_gan_prints_what_the_judge_says(capsys):
    found = printed(capsys, "gan", "digits", "--epochs", "1", "--batch-size", "256", "--quiet")
    assert found["quality"]["judged"]["made"]["reached"] <= 10
    assert found["losses"].keys() == {"generator", "critic"}
    assert found["run"] == str(Path("runs/gan-digits"))
    assert run(["gan", "--resume", "runs/gan-digits", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "a judge that learned from real pictures, right of " in text
    assert "of 10 classes made" in text


def test_gan_says_which_classes_are_missing(capsys):
    """One epoch at a rate of nothing: whatever is made, it is no spread of digits."""
    assert run(["gan", "digits", "--epochs", "1", "--lr", "1e-9", "--batch-size", "999", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "missing: " in text
    assert "the generator has collapsed" in text


def test_style_prints_the_losses(capsys):
    flags = ["--size", "40", "--steps", "10", "--threads", "1", "--quiet"]
    found = printed(capsys, "style", "china", "flower", *flags)
    assert found["losses"].keys() == {"content", "style", "variation", "total"}
    assert found["size"] == [27, 40]
    assert run(["style", "--resume", "runs/style-china", "--quiet"]) == 0
    out = capsys.readouterr()
    assert f"styled: {Path('runs/style-china/styled.png')}" in out.out
    assert "note: the feature net has random weights" in out.err


def test_arrays_come_from_files(capsys):
    np.save("p.npy", np.random.default_rng(0).random((40, 5, 5)))
    found = printed(
        capsys, "autoencode", "p.npy", "--epochs", "1", "--net", "linear", "--code", "2", "--quiet"
    )
    assert found["rows"] == {"train": 36, "test": 4}


@pytest.mark.parametrize(
    "arguments",
    [
        ["autoencode", "digits", "--net", "x"],
        ["autoencode"],
        ["gan", "nowhere"],
        ["style", "china"],
        ["style", "china", "flower", "--weights", "none.pth"],
        ["gan", "--resume", "nowhere"],
    ],
)
def test_wrong_requests_end_with_status_2_and_words(arguments, capsys):
    assert run(arguments) == 2
    assert "however: " in capsys.readouterr().err


def test_an_interrupted_run_ends_with_status_130(capsys, monkeypatch):
    asked = iter([False] * 8 + [True] * 99)
    monkeypatch.setattr(
        "glassnet.run.signals.Interrupts.requested",
        property(lambda self: next(asked), lambda self, value: None),
    )
    assert run(["gan", "digits", "--epochs", "9", "--batch-size", "512", "--quiet"]) == 130
    assert f"go on with --resume {Path('runs/gan-digits')}" in capsys.readouterr().out
