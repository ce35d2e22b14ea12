"""The commands on texts: what they print, what they write, and what they say to a wrong request."""

from __future__ import annotations

import csv
import json

import polars as pl
import pytest

from glassnet.cli import run

QUICK = ["--task", "text", "--set", "text={ngrams=1, min_count=1}", "--epochs", "4"]


@pytest.fixture
def data(reviews):
    texts, labels = reviews(60)
    frame = pl.DataFrame({"text": texts, "label": labels, "stars": [len(each) for each in labels]})
    frame.write_csv("reviews.csv")
    return "reviews.csv"


@pytest.fixture
def model(data, capsys):
    assert run(["train", data, *QUICK, "--target", "label", "--out", "run", "--quiet"]) == 0
    capsys.readouterr()
    return "run/model.glass"


def test_train_prints_one_json_object_with_kind_and_task(data, capsys):
    assert (
        run(["train", data, *QUICK, "--target", "label", "--column", "text", "--out", "run", "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["task"]) == ("text", "binary")
    assert found["rows"] == {"train": 49, "validation": 5, "test": 6}
    assert set(found["baselines"]) == {"majority", "naive_bayes"}
    assert found["left_out"] == {"stars": "a text model reads one column"}
    assert found["engine"] in ("fused", "reference")
    assert {"read", "train", "score", "save", "report", "total"} <= set(found["seconds"])
    assert found["report"] == "run/report.html"


def test_train_tells_what_it_does_in_words(data, capsys):
    assert run(["train", data, "--task", "text", "--target", "label", "--out", "run"]) == 0
    shown = capsys.readouterr()
    assert "the only text" in shown.err
    assert "stars   other, left out" in shown.err
    assert "ways to read and learn on the validation texts" in shown.out
    assert "naive_bayes" in shown.out
    assert "model: run/model.glass" in shown.out


def test_evaluate_scores_other_texts_beside_the_baselines(model, data, capsys):
    assert run(["evaluate", model, data, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == {"test": 60}
    assert found["metrics"]["test"]["accuracy"] > 0.9
    assert set(found["baselines"]) == {"majority", "naive_bayes"}


def test_predict_answers_one_text_from_the_command_line(model, capsys):
    assert run(["predict", model, "--text", "a wonderful film", "--text", "awful"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["label"] for row in rows] == ["pos", "neg"]
    assert float(rows[0]["label=pos"]) + float(rows[0]["label=neg"]) == pytest.approx(1)


def test_predict_answers_a_file_of_lines_and_a_folder(model, tmp_path, capsys):
    (tmp_path / "new.txt").write_text("a wonderful film\nawful\n")
    assert run(["predict", model, "new.txt", "-o", "answers.csv"]) == 0
    lines = (tmp_path / "answers.csv").read_text().splitlines()
    assert [row["label"] for row in csv.DictReader(lines)] == ["pos", "neg"]
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.txt").write_text("awful and dull")
    assert run(["predict", model, "d", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["label"]) == (["x.txt"], ["neg"])


def test_inspect_shows_words_mistakes_and_what_made_an_answer(model, data, capsys):
    assert run(["inspect", model, "--data", data, "--row", "2", "--text", "awful film"]) == 0
    shown = capsys.readouterr().out
    assert "words for neg: " in shown
    assert "texts answered wrongly" in shown
    assert "row 2: pos" in shown
    assert "in all, for pos: the logit" in shown
    assert run(["inspect", model, "--text", "awful film", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    words = found["text"]["words"]
    assert found["text"]["logit"] == pytest.approx(
        found["text"]["base"] + sum(each["weight"] for each in words)
    )
    assert {"neg", "pos"} == set(found["words"]["classes"])


def test_report_writes_a_page_with_words_and_mistakes(model, data, capsys, tmp_path):
    assert run(["report", model, "-o", "again.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == []
    assert run(["report", model, "--data", data]) == 0
    page = (tmp_path / "run" / "report-reviews.html").read_text()
    assert "Words for pos" in page
    assert "Where it is most wrong" in page
    assert "It has seen these texts" in page


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["predict", "run/model.glass"], "predict needs DATA or --text TEXT, however: there is neither"),
        (["predict", "run/model.glass", "x.txt", "--text", "a"], "however: there are both"),
        (["predict", "run/model.glass", "nothing.txt"], "there is nothing of that name"),
        (
            ["predict", "run/model.glass", "--text", "a", "--interval", "0.9"],
            "--interval needs a model of numbers",
        ),
        (["inspect", "run/model.glass", "--column", "text"], "--column needs a model of a table"),
        (["inspect", "run/model.glass", "--row", "1"], "--data is missing"),
        (
            ["inspect", "run/model.glass", "--data", "reviews.csv", "--row", "99"],
            "row 99 of 60; count from 1",
        ),
        (["diagnose", "run/model.glass"], "glassnet diagnose needs a model of a table"),
        (["trace", "run/model.glass"], "glassnet trace needs a model of a table"),
        (["evaluate", "run/model.glass", "new.txt"], "new.txt must"),
        (["train", "reviews.csv", "--task", "txt"], "did you mean 'text'?"),
        (["train", "reviews.csv", "--task", "text", "--column", "txt"], "did you mean 'text'?"),
        (["train", "reviews.csv", "--task", "text", "--net", "lenet"], "net"),
        (
            ["train", "reviews.csv", "--task", "text", "--target", "stars", "--momentum", "0.9"],
            "momentum=0.9",
        ),
        (["train", "d"], "it is a folder"),
    ],
)
def test_wrong_requests_end_with_status_2_and_say_what_to_do(model, arguments, text, capsys, tmp_path):
    (tmp_path / "new.txt").write_text("one line\n")
    (tmp_path / "d").mkdir()
    assert run(arguments) == 2
    assert text in capsys.readouterr().err


def test_a_model_of_a_table_says_that_it_takes_no_text(capsys):
    assert run(["train", "iris", "--net", "4", "--epochs", "1", "--out", "t", "--quiet"]) == 0
    capsys.readouterr()
    assert run(["predict", "t/model.glass", "--text", "a"]) == 2
    assert run(["inspect", "t/model.glass", "--text", "a"]) == 2
    assert capsys.readouterr().err.count("--text needs a model of texts") == 2
