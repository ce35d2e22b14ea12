"""Photos on the command line: train, evaluate, predict, inspect, report."""

from __future__ import annotations

import json

import polars as pl
import pytest

from glassnet.cli import run

QUICK = ["--task", "image", "--net", "photo:16-32:1", "--epochs", "2", "--threads", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def photos(stripes_folder, tmp_path_factory):
    return stripes_folder(tmp_path_factory.mktemp("data") / "stripes", 60)


@pytest.fixture
def model(photos, capsys):
    assert run(["train", str(photos), *QUICK, "--out", "run", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_training_prints_one_object_with_the_keys_of_the_design(model):
    assert model["kind"] == "image"
    assert model["task"] == "binary"
    assert model["rows"] == {"train": 49, "validation": 5, "test": 6}
    assert set(model["baselines"]) == {"majority", "thumbnails"}
    assert set(model["intervals"]["test"]) == {"accuracy", "log_loss", "auc", "f1"}
    assert (model["size"], model["channels"], model["net"]) == (12, 1, "photo:16-32:1")
    assert model["augmentation"]["shift"] == 1
    assert {"paces", "precision", "channels_last", "threads", "steps", "batch_size", "flips"} <= model.keys()
    assert model["details"]["classes"]["test"] == {"across": 3, "upright": 3}
    assert {"read", "plan", "train", "score", "save", "report", "total"} <= model["seconds"].keys()
    assert model["report"].endswith("report.html")


def test_the_other_commands_take_the_model(model, photos, capsys):
    assert run(["evaluate", model["model"], str(photos), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"test": 60}
    assert run(["predict", model["model"], str(photos / "across" / "0.png")]) == 0
    table = pl.read_csv(capsys.readouterr().out.encode())
    assert table.columns == ["photo", "class", "class=across", "class=upright"]
    assert run(["inspect", model["model"]]) == 0
    assert "photos of 12 x 12 pixels, grey, crop" in capsys.readouterr().out
    assert run(["inspect", model["model"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == ["photos"]
    assert run(["report", model["model"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"].endswith("report.html")


def test_inspect_with_photos_shows_what_is_taken_for_what(model, photos, capsys):
    assert run(["inspect", model["model"], "--data", str(photos)]) == 0
    assert "most taken for" in capsys.readouterr().out
    assert run(["inspect", model["model"], "--data", str(photos), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["confusion"]
    assert found["classes"] == ["across", "upright"]


def test_the_plan_is_said_before_training(photos, capsys):
    assert run(["train", str(photos), *QUICK, "--out", "run", "--size", "14", "--augment", "shift:2"]) == 0
    told = capsys.readouterr().err
    assert "photos: 14 x 14, grey, crop" in told
    assert "varied by: shift 2" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--augment", "flipp"], "did you mean 'flip'"),
        (["--size", "2"], "size must be 4 or above"),
        (["--names", "none.json"], "none.json must be a file of JSON"),
        (["--net", "64:relu"], "net='64:relu'"),
        (["--test", "group:scene"], "photos must be split by themselves"),
        (["--validation", "file:x"], "validation must be one set of photos"),
    ],
)
def test_wrong_requests_end_with_status_2_and_leave_nothing(photos, arguments, said, capsys, tmp_path):
    assert run(["train", str(photos), *QUICK, "--out", "wrong", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "wrong").exists()


def test_a_model_of_photos_answers_no_texts_and_no_intervals(model, photos, capsys):
    assert run(["predict", model["model"], "--text", "hello"]) == 2
    assert "--text needs a model of texts" in capsys.readouterr().err
    assert run(["predict", model["model"], str(photos), "--interval", "0.9"]) == 2
    assert "answers with classes" in capsys.readouterr().err
    assert run(["trace", model["model"]]) == 2
    assert "needs a model of a table" in capsys.readouterr().err
