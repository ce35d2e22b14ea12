"""``glassnet train --task characters`` and ``glassnet generate``."""

from __future__ import annotations

import json

import pytest

from glassnet.cli import run

TRAIN = ["--task", "characters", "--net", "gru:1x16", "--epochs", "2", "--threads", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rhyme")
    (folder / "rhyme.txt").write_text("humpty dumpty sat on a wall. " * 60)
    assert run(["train", str(folder / "rhyme.txt"), *TRAIN, "--out", str(folder / "run"), "--quiet"]) == 0
    return folder / "run" / "model.glass"


def test_training_shows_the_plan_samples_and_scores(tmp_path, capsys):
    (tmp_path / "rhyme.txt").write_text("humpty dumpty sat on a wall. " * 60)
    assert run(["train", str(tmp_path / "rhyme.txt"), *TRAIN, "--out", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr()
    assert "net: gru:1x16:0.1, " in shown.err
    assert "epoch 1, train loss " in shown.err
    assert "nats_per_character" in shown.out
    assert "ngrams" in shown.out


def test_training_prints_one_json_object(tmp_path, capsys):
    (tmp_path / "rhyme.txt").write_text("humpty dumpty sat on a wall. " * 60)
    assert run(["train", str(tmp_path / "rhyme.txt"), *TRAIN, "--out", str(tmp_path / "run"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["task"], found["net"]) == ("characters", "characters", "gru:1x16:0.1")
    assert found["paces"][0]["characters_per_second"] > 0
    assert found["baselines"]["ngrams"]["validation"]["nats_per_character"] > 0


def test_a_model_writes_on_after_its_prime(model, capsys):
    assert run(["generate", str(model), "--prime", "humpty", "--length", "20", "--seed", "3"]) == 0
    text = capsys.readouterr().out
    assert len(text) == 21
    wishes = ["--prime", "humpty", "--length", "20", "--seed", "3", "--temperature", "1", "--json"]
    assert run(["generate", str(model), *wishes]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"prime": "humpty", "text": text[:-1], "temperature": 1.0, "top_k": None, "seed": 3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prime", "Ω"], "it has never seen 'Ω'"),
        (["--top-k", "0", "--temperature", "-1"], "top_k must be 1 or above"),
        (["--length", "-1"], "length must be from 0"),
    ],
)
def test_wrong_wishes_end_with_2_and_say_what_to_do(model, capsys, arguments, said):
    assert run(["generate", str(model), *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_model_of_a_table_cannot_write(tmp_path, capsys):
    import glassnet as gn

    gn.train("iris", net="4", epochs=1).save(tmp_path / "iris.glass")
    assert run(["generate", str(tmp_path / "iris.glass")]) == 2
    assert "written by a model of characters" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["predict", "MODEL", "iris"], "write on with glassnet generate"),
        (["inspect", "MODEL", "--data", "iris"], "is inspected by itself"),
        (["diagnose", "MODEL"], "needs a model of a table"),
    ],
)
def test_what_a_model_of_characters_cannot_do_is_said(model, capsys, command, said):
    assert run([str(model) if each == "MODEL" else each for each in command]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_model_of_characters_is_inspected_and_evaluated(model, tmp_path, capsys):
    assert run(["inspect", str(model), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == ["characters"]
    assert run(["inspect", str(model)]) == 0
    assert "gru:1x16:0.1" in capsys.readouterr().out
    (tmp_path / "new.txt").write_text("a wall sat on humpty. " * 60)
    assert run(["evaluate", str(model), str(tmp_path / "new.txt"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == {"test": 22 * 60 - 1}
    assert set(found["baselines"]) == {"frequencies"}
