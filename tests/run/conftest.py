"""Runs in processes of their own, to be interrupted and killed, without the seconds that importing takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.archive import pack, read_archive
from glassnet.engine import callbacks
from glassnet.errors import FormatError
from glassnet.randomness import stream
from glassnet.run.reporter import Silent
from glassnet.run.train import train_run

# Everything heavy is imported once, except polars, which must not be forked; each job is then a fork.
SERVER = """
import json, os, sys
import pydantic, rich.live, sklearn.datasets, sklearn.ensemble, sklearn.linear_model, torch._dynamo, typer
for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.chdir(job["folder"])
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        from glassnet.cli import main
        main(job["arguments"])
    print(pid, flush=True)
    sys.stdin.readline()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass
class Job:
    """A ``glassnet`` command at work in the test's folder."""

    server: subprocess.Popen[str]
    pid: int
    folder: Path

    def send(self, number: int) -> None:
        """Send it a signal, which means nothing if it has ended."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Return its exit status, negative where a signal ended it."""
        self.server.stdin.write("wait\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something that the command does."""
        for _ in range(6000):
            if happened():
                return
            time.sleep(0.01)
        self.send(signal.SIGKILL)
        raise AssertionError(f"it did not happen; stderr: {self.stderr}")

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()


@pytest.fixture(scope="session")
def _server() -> Iterator[subprocess.Popen[str]]:
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server
        server.stdin.close()


@pytest.fixture
def start(_server: subprocess.Popen[str], tmp_path: Path) -> Callable[..., Job]:
    """Start ``glassnet`` with some arguments; one job at a time, and each must be waited for."""

    def begin(*arguments: str) -> Job:
        line = json.dumps({"folder": str(tmp_path), "arguments": [str(each) for each in arguments]})
        _server.stdin.write(line + "\n")
        _server.stdin.flush()
        return Job(_server, int(_server.stdout.readline()), tmp_path)

    return begin


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Break a run off where it calls something of ``run.work``, as a kill would; what it wrote stays."""

    def begin(where: str, data: object, **options: object) -> None:
        def die(*_: object, **__: object) -> None:
            raise SystemExit

        with monkeypatch.context() as patched:
            patched.setattr(f"glassnet.run.work.{where}", die)
            with pytest.raises(SystemExit):
                gn.train(data, out="run", **options)

    return begin


def _saving_always(made: Callable[..., object], save: object, every: float) -> object:
    """Make what saves after every epoch, whatever was asked for."""
    return made(save, 0.0)


@dataclass
class StopAfter(Silent):
    """Stops a run after some epochs, as a signal does."""

    epochs: int

    def progress(self, net: str, record: object, done: float, total: int, eta: float) -> None:
        """Stop it."""
        if getattr(record, "epoch", None) == self.epochs:
            raise KeyboardInterrupt


@pytest.fixture
def resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Train on a file, be stopped after some epochs, go on; return the run folder.

    Its checkpoint is written after each epoch, however short.
    """

    def begin(data: Path, after: int, **options: object) -> Path:
        folder = tmp_path / "broken"
        monkeypatch.setattr(callbacks, "Checkpointing", partial(_saving_always, callbacks.Checkpointing))
        recipe = gn.Recipe(data=str(data), **options)
        broken = train_run(recipe, out=folder, reporter=StopAfter(after))
        assert broken.model.history.stopped == "interrupted"
        assert (folder / "interrupted").exists()
        gn.resume(folder)
        return folder

    return begin


@pytest.fixture
def refused_when_changed(tmp_path: Path) -> Callable[..., None]:
    """Check that a model file whose manifest or arrays were changed is refused, by its name."""

    def check(path: Path, change: Callable[..., object]) -> None:
        contents = read_archive(path)
        change(contents.manifest, contents.arrays)
        (tmp_path / "changed.glass").write_bytes(pack(contents.manifest, contents.arrays))
        with pytest.raises(FormatError, match=r"changed\.glass"):
            gn.load(tmp_path / "changed.glass")

    return check


@pytest.fixture
def table() -> Callable[..., pl.DataFrame]:
    """Make a small table: ``x1``, ``x2``, ``colour``, ``day``, ``shop``, ``w`` and targets of every kind."""

    def make(rows: int = 160, seed: int = 0) -> pl.DataFrame:
        chance = stream(seed, "test", "table")
        x1, x2 = chance.normal(size=(2, rows)).round(4)
        colour = chance.integers(3, size=rows)
        signal_ = 2 * x1 - x2 + colour
        days = np.datetime64("2024-01-01") + np.arange(rows) // 4
        return pl.DataFrame(
            {
                "x1": x1,
                "x2": x2,
                "colour": np.array(["red", "green", "blue"])[colour],
                "day": days.astype(str),
                "shop": np.array(list("abcdefgh"))[chance.integers(8, size=rows)],
                "w": chance.integers(1, 4, size=rows).astype(float) / 2,
                "y": (1000 + 100 * signal_ + 10 * chance.normal(size=rows)).round(3),
                "y2": (5 - signal_ / 10).round(4),
                "count": chance.poisson(np.exp(0.5 + 0.4 * x1)),
                "bought": np.where(signal_ + chance.normal(size=rows) > 1, "yes", "no"),
                "kind": np.array(["p", "q", "r"])[np.digitize(signal_, [0, 1.5])],
            }
        )

    return make


@pytest.fixture
def frame(table: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    """Make the table of a regression: ``x1``, ``x2``, ``colour`` and the target ``y``."""
    return table().select("x1", "x2", "colour", "y")
