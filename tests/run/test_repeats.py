"""Random splits drawn anew: a row may be judged by several nets, and counts as one row all the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.cli import run
from glassnet.metrics.compare import student_quantile

QUICK = {"net": "8", "epochs": 3, "test": "repeat:5x0.25", "batch_size": 32, "threads": 1}


@pytest.fixture
def repeated(frame) -> gn.Model:
    frame.write_csv("data.csv")
    return gn.train("data.csv", target="y", out="run", **QUICK)


def test_the_scores_of_all_answers_are_pooled_and_rows_are_what_intervals_resample(repeated):
    results = repeated.results
    assert results.rows == {"train": 120, "validation": 40, "test": 200}
    folds = [each["network"]["rmse"] for each in results.details["folds"]]
    assert len(folds) == 5
    assert results.metrics["test"]["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(folds))))
    units = results.details["test"]["units"]
    assert 100 < units < 160
    assert f"the 200 test rows are {units} different ones" in results.notes[-1]
    assert repeated.plan.unit == "row"
    assert repeated.plan.validation == "random:0.25"


def test_answers_to_one_row_are_no_independent_news(table, monkeypatch):
    """Four answers to each row that are all alike make no interval narrower than one would."""
    from glassnet.data import split

    def always(facts, rows, spec, seed):
        return [np.arange(40)] * spec.count

    frame, options = table().select("x1", "y"), QUICK | {"net": "linear", "validation": "none"}
    monkeypatch.setattr(split, "_repeats", always)
    found = gn.train(frame, target="y", **options | {"test": "repeat:4x0.25"}).results
    assert found.rows["test"] == 160
    assert found.details["test"]["units"] == 40
    low, high = found.intervals["test"]["rmse"]
    monkeypatch.setattr(split, "_at_random", lambda facts, rows, *_: rows[:40])
    once = gn.train(frame, target="y", **options | {"test": "random:0.25"}).results
    assert [low, high] == pytest.approx(once.intervals["test"]["rmse"])


def test_coverage_is_that_of_all_answers_with_rows_as_units(repeated):
    held = repeated.results.prediction_intervals["test"]
    assert held.coverage * 200 == pytest.approx(round(held.coverage * 200))
    assert held.interval[0] < held.coverage < held.interval[1]


def test_the_difference_is_that_of_the_folds_widened_for_what_they_share(repeated):
    results = repeated.results
    found = results.differences["linear"]["test"]["rmse"]
    ours, theirs = (
        np.array([fold[name]["rmse"] for fold in results.details["folds"]]) for name in ("network", "linear")
    )
    assert found.folds == pytest.approx(ours - theirs)
    spread = np.sqrt((1 / 5 + 40 / 120) * np.var(ours - theirs, ddof=1))
    assert found.interval[1] - found.difference == pytest.approx(student_quantile(4) * spread)
    assert re.search(r"(better|worse) than the best baseline|cannot be told apart", results.verdict())
    assert "over 5 folds" in results.verdict()


def test_the_report_counts_rows_once_and_says_so(repeated):
    text = " ".join(re.sub("<[^>]*>", " ", Path("run/report.html").read_text(encoding="utf-8")).split())
    units = repeated.results.details["test"]["units"]
    how = "(25 % drawn at random, 5 times anew), each answered once or more by one of 5 networks"
    assert f"On {units} rows {how} that had not seen it (200 answers in all)" in text
    assert f"{units} test rows with 200 answers" in text
    assert "Scores count every answer; charts of numbers" in text
    assert f"The worst 10 of {units} rows" in text


def test_json_has_each_fold_the_verdict_and_no_word_twice(capsys, frame):
    frame.write_csv("data.csv")
    split = ["--test", "repeat:3x0.2"]
    command = ["train", "data.csv", "--target", "y", "--net", "8", "--epochs", "2", *split, "--out", "run"]
    assert run([*command, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["details"]["folds"]) == 3
    assert "over 3 folds" in told["verdict"]
    assert len(told["warnings"]) == len(set(told["warnings"]))
    assert gn.load("run/model.glass").plan.test == "repeat:3x0.2"


def test_validation_cannot_be_repeated(frame):
    with pytest.raises(gn.RecipeError, match="validation must be one set of rows"):
        gn.train(frame, target="y", **QUICK | {"test": "random:0.2", "validation": "repeat:2x0.2"})
