"""Ctrl-C and SIGTERM: a run ends in good order, keeps its best model, and can be gone on with."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.cli import run

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread"
)
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


class Sends:
    """A reporter that sends its own process a signal at certain moments: phases, or (net, epoch)."""

    def __init__(self, number: int, *moments: object) -> None:
        self.number, self.moments = number, list(moments)

    def phase(self, text: str) -> None:
        self._at(text.split()[0])

    def planned(self, plan: object) -> None:
        self._at("planned")

    def progress(self, net: str, record, done: float, total: int, eta: float) -> None:
        self._at((net, record.epoch if record else None))

    def _at(self, moment: object) -> None:
        if moment in self.moments:
            self.moments.remove(moment)
            os.kill(os.getpid(), self.number)


@pytest.fixture
def data(table) -> Path:
    table().select("x1", "x2", "colour", "y").write_csv("data.csv")
    return Path("data.csv")


def trained(out: str, **options: object) -> gn.Model:
    return gn.train("data.csv", **{"target": "y", "net": "8", "epochs": 12, "out": out, **options})


RUNS = {
    "one net": ({}, ("net", 5)),
    "restarts": ({"restarts": 3}, ("net-restart2", 5)),
    "refit": ({"net": "tabular"}, ("net-refit", 2)),
    "folds": ({"test": "cv:3"}, ("fold2", 5)),
}


@pytest.mark.parametrize("kind", RUNS)
def test_a_signal_while_training_keeps_the_best_model_and_resume_ends_with_the_same_bits(data, kind):
    options, moment = RUNS[kind]
    alone = trained("alone", **options).to_bytes()
    model = trained("run", reporter=Sends(signal.SIGINT, moment), **options)
    assert model.history.stopped == "interrupted"
    assert Path("run/interrupted").exists()
    saved = gn.load("run/model.glass")
    assert saved.history.stopped == "interrupted"
    assert saved.to_bytes() == model.to_bytes() != alone
    assert saved.predict("data.csv").shape == (160,)
    assert gn.resume("run").to_bytes() == alone
    assert names("run") == names("alone")


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_an_interrupted_refit_leaves_the_net_that_validation_chose(data):
    plain = trained("plain", net="tabular", refit=False)
    model = trained("run", net="tabular", reporter=Sends(signal.SIGINT, ("net-refit", 1)))
    assert (model.predict("data.csv") == plain.predict("data.csv")).all()


@BOTH
@pytest.mark.parametrize("moment", ["reading", "fitting", "planned", "scoring"])
def test_a_signal_at_another_time_ends_the_run_at_once_and_resume_goes_on(data, number, moment):
    with pytest.raises(gn.Interrupted, match="a signal ended it; go on with glassnet train --resume run"):
        trained("run", reporter=Sends(number, moment))
    assert not Path("run/model.glass").exists()
    assert gn.resume("run").to_bytes() == trained("alone").to_bytes()


def test_without_a_folder_there_is_nothing_to_resume(data):
    with pytest.raises(gn.Interrupted, match="start it again"):
        trained(None, reporter=Sends(signal.SIGINT, "fitting"))


def test_a_signal_that_some_library_swallows_ends_the_run_before_training(data, monkeypatch):
    from glassnet.run import work

    def swallows(*arguments):
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        return judge(*arguments)

    judge = work.Judge
    monkeypatch.setattr(work, "Judge", swallows)
    with pytest.raises(gn.Interrupted):
        trained("run")


def test_a_second_signal_does_not_wait_for_the_scores(data):
    with pytest.raises(gn.Interrupted):
        trained("run", reporter=Sends(signal.SIGINT, ("net", 5), "scoring"))
    assert not Path("run/model.glass").exists()
    assert gn.resume("run").to_bytes() == trained("alone").to_bytes()


def test_the_old_handlers_are_back_afterwards_whatever_happened(data):
    seen = []
    before = {
        each: signal.signal(each, lambda *_: seen.append(1)) for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        mine = [signal.getsignal(each) for each in before]
        trained("run")
        trained("interrupted", reporter=Sends(signal.SIGTERM, ("net", 2)))
        with pytest.raises(gn.Interrupted):
            trained("ended", reporter=Sends(signal.SIGINT, "reading"))
        with pytest.raises(gn.DataError):
            trained("wrong", target="nothing")
        assert [signal.getsignal(each) for each in before] == mine
        assert seen == []
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_on_the_command_line_the_status_is_130_and_the_model_is_kept(data, start):
    job = start("train", "data.csv", "--target", "y", "--epochs", "1000000", "--patience", "1000000",
                "--batch-size", "8", "--out", "run")  # fmt: skip
    job.until(lambda: Path("run/history.jsonl").exists() and len(Path("run/history.jsonl").read_text()) > 500)
    job.send(signal.SIGTERM)
    assert job.wait() == 130
    assert "interrupted; go on with: glassnet train --resume run" in job.stdout
    assert "Traceback" not in job.stderr
    assert gn.load("run/model.glass").history.stopped == "interrupted"


@BOTH
def test_on_the_command_line_a_signal_before_training_is_one_clean_line(data, number, capsys, monkeypatch):
    from glassnet.cli import progress

    class Console(Sends):
        def __init__(self, live: bool) -> None:
            super().__init__(number, "reading")

        __enter__ = __exit__ = lambda self, *_: self if not _ else None

    monkeypatch.setattr(progress, "Console", Console)
    assert run(["train", "data.csv", "--target", "y", "--out", "run", "--json"]) == 130
    out, err = capsys.readouterr()
    assert err.startswith("error: a run must be left alone to finish, however: a signal ended it")
    assert err.count("\n") == 1
    assert json.loads(out)["problems"]


def test_ctrl_c_outside_a_run_is_one_clean_line_too(data, monkeypatch, capsys):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("glassnet.cli.predict.load", interrupted)
    assert run(["predict", "model.glass", "data.csv"]) == 130
    assert capsys.readouterr() == ("", "error: interrupted\n")
