"""``--resume``: a run that was killed at any moment ends with the bits of one that was left alone."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.cli import run
from glassnet.randomness import stream

# Three nets whose states differ: none beside the weights; two trainings one after the other; running means of
# batch norm, chance of dropout, moments of Adam and a learning rate that depends on the step.
NETS = {
    "sgd": ["--net", "20:sigmoid", "--optimizer", "sgd", "--lr", "0.3"],
    "default with refit": ["--net", "tabular"],
    "dropout, batch norm, one cycle": [
        *("--net", "32:relu:0.3,16:relu:0.3", "--norm", "batch"),
        *("--optimizer", "adam", "--schedule", "one_cycle"),
    ],
}
QUICK = ["--quiet", "--batch-size", "32", "--patience", "10000"]


def undisturbed(start, *arguments: str) -> float:
    """Train once and alone into the folder ``alone``; return the seconds that it took."""
    began = time.monotonic()
    job = start("train", *arguments, "--out", "alone")
    assert job.wait() == 0, job.stderr
    return time.monotonic() - began


def killed_and_resumed(start, chance, seconds: float, kills: int, *arguments: str) -> int:
    """Train into ``killed``, kill it up to so many times at random moments, let it end; return the kills."""
    done, status = 0, -signal.SIGKILL
    while done < kills and status:
        job = start("train", *_beginning("killed", arguments))
        time.sleep(chance.uniform(0, seconds))
        job.send(signal.SIGKILL)
        status = job.wait()
        assert status in (0, -signal.SIGKILL), job.stderr
        done += status != 0
    job = start("train", *_beginning("killed", arguments))
    assert job.wait() == 0, job.stderr
    return done


def _beginning(folder: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Resume where there is something to resume: a process killed at once leaves not even a recipe."""
    if Path(folder, "recipe.toml").exists():
        return "--resume", folder
    return *arguments, "--out", folder


def assert_same_run() -> None:
    assert Path("killed/model.glass").read_bytes() == Path("alone/model.glass").read_bytes()
    for name in ("plan.json", "recipe.toml"):
        assert Path("killed", name).read_bytes() == Path("alone", name).read_bytes()
    epochs = [
        [(each["net"], each["epoch"], each["train_loss"]) for each in map(json.loads, lines)]
        for lines in (Path(run, "history.jsonl").read_text().splitlines() for run in ("alone", "killed"))
    ]
    assert epochs[0] == epochs[1]
    names = sorted(path.name for path in Path("killed").iterdir())
    assert names == ["history.jsonl", "model.glass", "plan.json", "recipe.toml", "report.html"]


@pytest.mark.parametrize("net", NETS)
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(start, net):
    arguments = ["breast_cancer", *NETS[net], "--epochs", "60", *QUICK]
    seconds = undisturbed(start, *arguments)
    killed_and_resumed(start, stream(1, net), seconds, 2, *arguments)
    assert_same_run()


def test_a_cross_validation_killed_at_random_moments_ends_with_the_same_bits(start):
    arguments = ["diabetes", "--net", "8", "--epochs", "20", "--test", "cv:3", *QUICK]
    seconds = undisturbed(start, *arguments)
    killed_and_resumed(start, stream(2), seconds, 2, *arguments)
    assert_same_run()


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
def test_twenty_kills_over_three_nets_from_the_start_of_python_to_the_end(net):
    """Whole processes, imports included; seven kills for each net, drawn uniformly over the whole run."""
    arguments = ["synthetic-rides", "--target", "cnt", "--drop", "casual,registered", *NETS[net]]
    arguments += ["--epochs", "15", "--quiet", "--patience", "10000"]
    seconds = undisturbed(_process, *arguments)
    chance, kills = stream(int(time.time()), net), 0
    while kills < 7:
        shutil.rmtree("killed", ignore_errors=True)
        done = killed_and_resumed(_process, chance, seconds, min(3, 7 - kills), *arguments)
        seconds *= 1.0 if done else 0.7  # it ended before its time: the machine has got quicker
        kills += done
        assert_same_run()
    print(f"{net}: {kills} kills, the same bits each time")


class _process:
    """A cold ``glassnet`` process, with what :class:`conftest.Job` offers."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-c", "from glassnet.cli import main; main()", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.stderr = b""

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        self.stderr = self.process.communicate()[1]
        return self.process.returncode


# --- what --resume says of folders that are not simply unfinished --------------------------------------


@pytest.fixture
def data(table) -> Path:
    table().select("x1", "x2", "colour", "y").write_csv("data.csv")
    return Path("data.csv")


def trained(out: str = "run", **options: object) -> gn.Model:
    return gn.train("data.csv", **{**OPTIONS, "out": out, **options})


OPTIONS = {"target": "y", "net": "8", "epochs": 3}


@pytest.mark.parametrize("where", ["open_source", "encode", "Judge", "train_nets", "results_of"])
def test_a_run_that_got_no_further_begins_from_where_it_was(data, broken_off, where):
    alone = trained("alone").to_bytes()
    broken_off(where, "data.csv", **OPTIONS)
    assert gn.resume("run").to_bytes() == alone
    assert Path("run/model.glass").read_bytes() == alone


def test_on_a_finished_run_it_says_so_and_changes_nothing(data, capsys):
    trained()
    data.unlink()
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path("run").iterdir()}
    assert run(["train", "--resume", "run"]) == 0
    assert "this run was finished before; nothing was left to do" in capsys.readouterr().out
    assert run(["train", "--resume", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["was_finished"] is True
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path("run").iterdir()}
    assert before == after


def test_on_changed_data_it_is_an_error_that_names_the_file(data, broken_off, capsys):
    broken_off("train_nets", "data.csv", **OPTIONS)
    data.write_text(data.read_text().replace("red", "pink"))
    assert run(["train", "--resume", "run"]) == 2
    message = capsys.readouterr().err
    assert "a run goes on only with the data that it began with" in message
    assert "data.csv has changed since" in message
    assert Path("run/recipe.toml").exists()


def test_on_a_changed_test_file_it_is_an_error_that_names_the_file(data, broken_off, capsys):
    other = Path("other.csv")
    other.write_text(data.read_text())
    broken_off("train_nets", "data.csv", test="file:other.csv", **OPTIONS)
    other.write_text(other.read_text().replace("red", "pink"))
    assert run(["train", "--resume", "run"]) == 2
    assert "other.csv has changed since" in capsys.readouterr().err


def test_without_its_data_it_is_an_error_that_names_the_file(data, broken_off, capsys):
    broken_off("train_nets", "data.csv", **OPTIONS)
    data.unlink()
    assert run(["train", "--resume", "run"]) == 2
    assert "'data.csv'" in capsys.readouterr().err


def test_data_in_memory_must_be_passed_in_again_unchanged(table, broken_off):
    frame = table().select("x1", "x2", "y")
    options = {"target": "y", "net": "8", "epochs": 2}
    alone = gn.train(frame, **options).to_bytes()
    broken_off("train_nets", frame, **options)
    with pytest.raises(gn.RecipeError, match="training needs data"):
        gn.resume("run")
    with pytest.raises(gn.DataError, match="the data has changed since"):
        gn.resume("run", data=frame.head(100))
    assert gn.resume("run", data=frame).to_bytes() == alone


def test_a_net_of_ones_own_must_be_passed_in_again(table, broken_off):
    from torch import nn

    class Odd(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.layer = nn.Linear(inputs, outputs)

        def forward(self, x):
            return self.layer(x) * 2

    frame = table().select("x1", "x2", "y")
    options = {"target": "y", "net": Odd, "epochs": 2}
    alone = gn.train(frame, **options).to_bytes()
    broken_off("train_nets", frame, **options)
    with pytest.raises(gn.RecipeError, match="own net 'Odd'"):
        gn.resume("run", data=frame)
    assert gn.resume("run", data=frame, net=Odd).to_bytes() == alone


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_without_a_run_is_an_error(capsys, folder):
    assert run(["train", "--resume", folder]) == 2
    assert f"--resume needs the folder of a run, however: {folder} holds no recipe.toml" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"task": 3}'])
def test_a_damaged_plan_is_an_error_that_names_it(data, broken_off, capsys, text):
    broken_off("train_nets", "data.csv", **OPTIONS)
    Path("run/plan.json").write_bytes(text)
    assert run(["train", "--resume", "run"]) == 2
    assert "run/plan.json must be" in capsys.readouterr().err


@pytest.mark.parametrize("text", [b"lr = ", b"\xff\xfe", b"colour = 3", b"epochs = 'many'"])
def test_a_damaged_recipe_is_an_error(data, broken_off, capsys, text):
    broken_off("train_nets", "data.csv", **OPTIONS)
    Path("run/recipe.toml").write_bytes(text)
    assert run(["train", "--resume", "run"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_damaged_checkpoint_is_an_error_that_names_it(data, broken_off, capsys):
    alone = trained("alone").to_bytes()
    broken_off("results_of", "data.csv", **OPTIONS)
    checkpoint = Path("run/checkpoints/net.ckpt")
    whole = checkpoint.read_bytes()
    for damaged in (b"", whole[:-1], whole[:-1] + b"x"):
        checkpoint.write_bytes(damaged)
        assert run(["train", "--resume", "run"]) == 2
        assert "run/checkpoints/net.ckpt must be a whole Glassnet checkpoint" in capsys.readouterr().err
    checkpoint.unlink()
    assert gn.resume("run").to_bytes() == alone


def test_what_half_a_write_leaves_is_swept(data, broken_off):
    broken_off("results_of", "data.csv", **OPTIONS)
    leftovers = [Path("run", each) for each in (".glassnet-0123456789abcdef.tmp",)]
    leftovers.append(Path("run/checkpoints/.glassnet-fedcba9876543210.tmp"))
    for path in leftovers:
        path.write_bytes(b"half")
    gn.resume("run")
    assert sorted(path.name for path in Path("run").iterdir()) == [
        "history.jsonl",
        "model.glass",
        "plan.json",
        "recipe.toml",
        "report.html",
    ]


def test_killed_while_the_model_is_marked_the_run_never_passes_for_finished(data, monkeypatch):
    """An interrupted model is marked before it is there; a finished one loses the mark after it is there."""
    from glassnet.run import folder

    order = []

    def write(path, content):
        order.append(path.name)

    monkeypatch.setattr(folder, "write_atomically", write)
    here = folder.RunFolder(Path("run"))
    here.path.mkdir()
    here.interrupted.touch()
    here.keep_model(b"", interrupted=True)
    assert order == ["interrupted", "model.glass"]
    monkeypatch.setattr(
        folder, "write_atomically", lambda path, content: order.append(here.interrupted.exists())
    )
    here.keep_model(b"", interrupted=False)
    assert order[2:] == [True]
    assert not here.interrupted.exists()


def test_two_processes_in_one_folder_are_refused(data, start):
    job = start("train", "data.csv", "--target", "y", "--epochs", "1000000", "--out", "run", *QUICK)
    job.until(lambda: Path("run/history.jsonl").exists())
    with pytest.raises(gn.DataError, match="another process is at work in run"):
        gn.resume("run")
    with pytest.raises(gn.DataError, match="another process is at work in run"):
        trained("run")
    job.send(signal.SIGKILL)
    job.wait()
    Path("run/recipe.toml").write_text(Path("run/recipe.toml").read_text().replace("1000000", "3"))
    shutil.rmtree("run/checkpoints")
    Path("run/plan.json").unlink()
    assert np.isfinite(gn.resume("run").predict(str(data))).all()


def test_with_other_flags_it_is_refused_and_they_are_named(data, capsys):
    trained()
    assert (
        run(["train", "data.csv", "--resume", "run", "--batch-size", "3", "--set", "lr=1", "--no-refit"]) == 2
    )
    message = capsys.readouterr().err
    assert all(flag in message for flag in ("DATA", "--batch-size", "--set", "--refit"))
