"""The report of a run: each task has its parts, its numbers are the run's, and it loses nothing."""

from __future__ import annotations

import json
import re
import runpy
import signal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import glassnet as gn
from glassnet.cli import run
from glassnet.lens.page import page
from glassnet.randomness import stream

QUICK = {"net": "8", "epochs": 3, "threads": 1}
HOSTILE = '<script>alert("x")</script>'


class Parsed(HTMLParser):
    """A page taken apart: its elements with their attributes, its text, the exact numbers in it."""

    VOID = ("meta", "br", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element must be closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def values(self) -> set[float]:
        return {float(given["value"] or "nan") for tag, given in self.elements if tag == "data"}

    @property
    def sections(self) -> set[str]:
        return {given["id"] or "" for tag, given in self.elements if tag == "h2"}


def rows(count: int = 240) -> pl.DataFrame:
    chance = stream(0, "test", "report")
    x, wide = chance.normal(size=count), chance.gamma(2, 2, count)
    signal = x + 0.3 * wide
    return pl.DataFrame(
        {
            "day": (np.datetime64("2024-01-01") + np.arange(count) // 4).astype(str),
            "温度": x.round(3),
            HOSTILE: wide.round(3),
            "kind": np.array(["a & b", "'c'", "d"])[chance.integers(3, size=count)],
            "y": (10 * signal + chance.normal(size=count)).round(3),
            "z": (signal**2).round(3),
            "count": chance.poisson(np.exp(0.3 * signal)),
            "bought": np.where(signal + chance.normal(size=count) > 0.5, "yes", "no"),
            "size": np.array(["S", "M", "L"])[np.digitize(signal, [0, 1])],
        }
    )


TARGETS = {
    "regression": ["y"],
    "poisson": ["count"],
    "multioutput": ["y", "z"],
    "binary": ["bought"],
    "multiclass": ["size"],
}


def write_table(task: str, path: str = "data.csv") -> dict[str, object]:
    """Write the rows of a task, and return what to train it with."""
    others = {"y", "z", "count", "bought", "size"}.difference(TARGETS[task])
    rows().drop(others).write_csv(path)
    return {"target": TARGETS[task], "task": task, **QUICK}


def trained(task: str, **options: object) -> gn.Model:
    return gn.train("data.csv", out="run", **(write_table(task) | options))


def written(path: str = "run/report.html") -> Parsed:
    return Parsed(Path(path).read_text(encoding="utf-8"))


ALWAYS = {"distrust", "scores", "predictions", "explained", "worst", "data", "training", "again", "words"}


@pytest.mark.parametrize("task", TARGETS)
def test_each_task_has_its_parts_and_the_numbers_of_its_results(task):
    results = trained(task).results
    found = written()
    assert found.sections == ALWAYS
    assert found.values >= set(results.metrics["test"].values())
    for each in results.baselines.values():
        assert found.values >= set(each["test"].values())
    assert found.values >= {
        each["test"][m].difference for each in results.differences.values() for m in each["test"]
    }
    classes = task in ("binary", "multiclass")
    assert ("Which classes does it mix up?" in found.text) == classes
    assert ("Can its probabilities be believed?" in found.text) == classes
    assert ("Prediction and truth over time" in found.text) == (not classes)
    assert "What each column is worth" in found.text
    assert "What made one answer" in found.text


def test_several_targets_have_their_charts_each():
    trained("multioutput")
    assert written().text.count("How far off is it?") == 2


@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("split", ["cv:3", "windows:2x10d", "repeat:4x0.3"])
def test_several_folds_are_told_one_by_one_and_judged_together(split, task):
    model = trained(task, test=split)
    folds = model.results.details["folds"]
    found = written()
    names = ["rmse"] if task == "regression" else ["log_loss", "accuracy"]
    assert found.values >= {scores[name] for fold in folds for scores in fold.values() for name in names}
    assert re.search(rf"\), each answered (once or more )?by one of {len(folds)} networks that", found.text)
    assert f", on average over {len(folds)} folds)" in found.text
    assert (" points, on average" in found.text) == (task == "binary"), "accuracy stands in percent"
    assert found.sections >= ALWAYS


def test_without_test_rows_it_judges_by_validation_rows_and_says_so():
    trained("regression", test="none")
    assert "No test rows were kept" in written().text


def test_without_any_rows_kept_aside_it_judges_by_training_rows_and_says_so():
    trained("regression", test="none", validation="none")
    found = written()
    assert "Neither test nor validation rows" in found.text
    assert "that it was trained on" in found.text


def test_a_page_loads_nothing_and_lets_no_name_be_more_than_text():
    trained("regression")
    text = Path("run/report.html").read_text(encoding="utf-8")
    found = Parsed(text)
    assert HOSTILE in found.text
    assert "温度" in found.text
    assert [tag for tag, _ in found.elements].count("script") == 1
    assert HOSTILE not in text
    for tag, given in found.elements:
        assert tag not in ("link", "img", "iframe", "object", "base")
        assert (given.get("href") or "#").startswith("#")
        assert not {"src", "style", "srcset", "xlink:href"}.intersection(given)
        assert not any(name.startswith("on") for name in given)
    assert not re.search(r"https?:|url\(|@import", text)
    policy = next(given["content"] for _, given in found.elements if given.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_a_saved_model_gives_the_same_bytes_again_from_its_data(capsys):
    trained("multiclass")
    before = Path("run/report.html").read_bytes()
    assert run(["report", "run/model.glass", "-o", "again.html"]) == 0
    assert Path("again.html").read_bytes() == before
    assert "report: again.html" in capsys.readouterr().out


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_the_script_and_the_recipe_give_the_same_scores_again(task):
    model = trained(task)
    found = gn.report(model)
    Path("script.py").write_text(found.again.script, encoding="utf-8")
    again = runpy.run_path("script.py")["model"]
    assert again.results.metrics == model.results.metrics
    assert Path("report.html").read_bytes() == Path("run/report.html").read_bytes()
    Path("recipe.toml").write_text(found.again.recipe, encoding="utf-8")
    assert run(["train", "--recipe", "recipe.toml", "--out", "third", "--quiet"]) == 0
    assert gn.load("third/model.glass").results.metrics == model.results.metrics


def test_other_rows_are_judged_beside_the_baselines_that_travel_in_the_file(capsys):
    model = trained("regression")
    rows(60).select("day", "温度", HOSTILE, "kind", "y").with_columns(pl.col("y") + 1).write_csv("new.csv")
    assert run(["report", "run/model.glass", "--data", "new.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"] == "run/report-new.html"
    assert told["metrics"] == model.evaluate("new.csv").metrics
    found = written("run/report-new.html")
    assert "the 60 rows of new.csv" in found.text
    assert found.values >= set(told["metrics"]["test"].values())


def test_the_rows_that_it_learned_from_are_not_taken_for_new_ones():
    model = trained("regression")
    assert gn.report(model, "data.csv").doubts[0].title == "It has seen these rows"


def without_data() -> None:
    Path("data.csv").unlink()


def changed_data() -> None:
    rows(250).write_csv("data.csv")


@pytest.mark.parametrize("happened", [without_data, changed_data])
def test_without_its_data_it_says_what_is_missing_and_how_to_get_it(happened, capsys):
    model = trained("regression")
    before = Path("run/report.html").read_bytes()
    happened()
    assert run(["report", "run/model.glass", "-o", "less.html"]) == 0
    found = written("less.html")
    assert found.sections == ALWAYS - {"explained", "worst"} | {"missing"}
    assert "Does it know how wrong it is?" in found.text
    assert "Prediction against truth" not in found.text
    assert "glassnet report MODEL --data FILE" in found.text
    assert found.values >= set(model.results.metrics["test"].values())
    assert run(["report", "run/model.glass"]) == 2
    assert "must not take the place of run/report.html" in capsys.readouterr().err
    assert Path("run/report.html").read_bytes() == before


def test_nets_of_folds_are_not_saved_so_their_rows_are_missing_later():
    found = gn.report(trained("regression", test="cv:3"))
    assert found.numbers == ()
    assert "these are not saved" in found.missing[0]


def test_data_in_memory_is_named_as_what_the_script_needs():
    model = gn.train(rows().select("温度", "y"), target="y", **QUICK)
    found = gn.report(model)
    assert found.again.command is None
    assert "data = ..." in found.again.script
    assert "the table was in memory" in found.missing[0]


@pytest.mark.filterwarnings("default::glassnet.GlassnetWarning")
def test_a_report_that_fails_is_a_warning_and_the_model_is_kept(monkeypatch, capsys):
    def broken(*given: object) -> str:
        raise ZeroDivisionError("no such chart")

    write_table("regression")
    arguments = [
        "train",
        "data.csv",
        "--target",
        "y",
        "--epochs",
        "2",
        "--net",
        "8",
        "--out",
        "run",
        "--json",
    ]
    with monkeypatch.context() as patched:
        patched.setattr("glassnet.lens.page.page", broken)
        assert run([*arguments, "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"] is None
    assert "the report run/report.html must be written, however: no such chart" in told["warnings"][0]
    assert run(["train", "--resume", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == "run/report.html"
    assert written().sections == ALWAYS


def test_a_signal_while_the_report_is_written_does_not_undo_the_run(monkeypatch):
    def stopped(*given: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("glassnet.lens.page.page", stopped)
    with pytest.warns(gn.GlassnetWarning, match="KeyboardInterrupt; the model is kept"):
        model = trained("regression")
    assert gn.load("run/model.glass").to_bytes() == model.to_bytes()


def test_without_a_folder_nothing_is_written(tmp_path):
    gn.train(rows().select("温度", "y"), target="y", **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_spent_budget_leaves_explanations_out_and_says_so(monkeypatch):
    monkeypatch.setattr("glassnet.run.report.ENDING", 1000.0)
    trained("regression", budget=600)
    found = written()
    assert "What each column is worth: the budget of the run left no time for it" in found.text
    assert "Prediction against truth" in found.text


def test_many_rows_make_a_small_page(monkeypatch):
    monkeypatch.setattr("glassnet.lens.judged.KEPT", 500)
    chance = stream(0, "test", "many")
    x = chance.normal(size=60_000)
    days = (np.datetime64("2001-01-01") + np.arange(60_000) // 8).astype(str)
    table = pl.DataFrame({"day": days, "x": x, "y": 2 * x + chance.normal(size=60_000)})
    gn.train(table, target="y", out="run", test="last:25000", net="linear", epochs=1, threads=1)
    assert Path("run/report.html").stat().st_size < 500_000
    assert "25,000 rows" in written().text


def test_an_own_net_has_its_report_and_its_script_names_it():
    write_table("regression")
    net = torch.nn.Sequential(torch.nn.LazyLinear(4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    net(torch.zeros(1, 16))
    model = gn.train("data.csv", target="y", net=net, out="run", epochs=1)
    assert written().sections == ALWAYS
    assert "net = ...  # your own 'Sequential'" in gn.report(model).again.script


def test_the_view_and_its_page_are_the_same_each_time():
    model = trained("binary")
    assert page(gn.report(model)) == page(gn.report(model))


def test_rows_that_do_not_give_the_scores_of_the_run_are_not_drawn():
    model = trained("regression")
    with torch.no_grad():
        next(model.net.parameters()).add_(1.0)
    found = gn.report(model)
    assert found.numbers == ()
    assert "the rows that were cut again do not give the scores of the run" in found.missing[0]


class Stops:
    """A reporter that sends Ctrl-C when the first epoch has ended."""

    def phase(self, text: str) -> None: ...

    def planned(self, plan: object) -> None: ...

    def progress(self, net: str, record: object, done: float, total: int, eta: float) -> None:
        if record is not None:
            signal.raise_signal(signal.SIGINT)


def test_an_interrupted_run_has_a_report_that_says_so_and_a_resumed_one_a_new_one():
    trained("regression", epochs=200, patience=200, reporter=Stops())
    assert "The training was interrupted" in written().text
    gn.resume("run")
    assert "The training was interrupted" not in written().text
    assert written().sections == ALWAYS
