"""A run on texts that was interrupted goes on and ends with the bits of one left alone."""

from __future__ import annotations

import os
import signal

import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import DataError, Interrupted
from glassnet.run.reporter import Silent


class Interrupting(Silent):
    """A reporter that sends a signal at the first progress of a net."""

    def __init__(self, net):
        self.net = net

    def progress(self, net, record, done, total, eta):
        if net == self.net:
            self.net = None
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def data(reviews):
    texts, labels = reviews(60)
    pl.DataFrame({"text": texts, "label": labels}).write_csv("reviews.csv")
    return "reviews.csv"


@pytest.mark.parametrize(
    ("test", "net"), [("random:0.2", "refit"), ("cv:2", "fold2, refit"), ("cv:2", "refit")]
)
def test_an_interrupted_run_ends_with_the_same_bits(data, test, net, tmp_path):
    left_alone = gn.train(data, task="text", target="label", test=test)
    with pytest.raises(Interrupted, match="go on with glassnet train --resume run"):
        gn.train(data, task="text", target="label", test=test, out="run", reporter=Interrupting(net))
    assert {each.name for each in (tmp_path / "run").iterdir()} <= {
        "recipe.toml",
        "plan.json",
        "history.jsonl",
    }
    resumed = gn.resume("run")
    assert resumed.to_bytes() == left_alone.to_bytes() == (tmp_path / "run" / "model.glass").read_bytes()
    assert (tmp_path / "run" / "report.html").exists()


def test_a_finished_run_is_given_back_as_it_is(data, tmp_path):
    model = gn.train(data, task="text", target="label", out="run")
    before = (tmp_path / "run" / "model.glass").stat().st_mtime_ns
    (tmp_path / "run" / "report.html").unlink()
    assert gn.resume("run").to_bytes() == model.to_bytes()
    assert (tmp_path / "run" / "model.glass").stat().st_mtime_ns == before
    assert (tmp_path / "run" / "report.html").exists()


def test_a_run_goes_on_only_with_its_own_data(data, tmp_path, reviews):
    with pytest.raises(Interrupted):
        gn.train(data, task="text", target="label", out="run", reporter=Interrupting("refit"))
    (tmp_path / data).write_text((tmp_path / data).read_text() + "more,pos\n")
    with pytest.raises(DataError, match=r"reviews.csv has changed since; put the old data back"):
        gn.resume("run")


def test_a_folder_that_changed_is_noticed(reviews, tmp_path):
    texts, labels = reviews(40)
    for place, (text, label) in enumerate(zip(texts, labels, strict=True)):
        (tmp_path / "d" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / label / f"{place}.txt").write_text(text)
    with pytest.raises(Interrupted):
        gn.train("d", task="text", out="run", reporter=Interrupting("refit"))
    (tmp_path / "d" / "pos" / "1.txt").write_text("changed")
    with pytest.raises(DataError, match="d has changed since"):
        gn.resume("run")
