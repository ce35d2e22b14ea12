"""``glassnet text-steps DATA`` (C32)."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest

from glassnet.cli import run

TEXTS = [
    f"{word} film, {other} story number {'abcdefghij'[number % 10]}."
    for number in range(30)
    for word, other in (("lovely", "great"), ("awful", "dull"))
]
LABELS = ["good", "bad"] * 30


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    pl.DataFrame({"said": TEXTS, "kind": LABELS, "stars": [5, 1] * 30}).write_csv(path)
    return str(path)


def test_the_steps_are_printed_and_the_page_is_written_C32(reviews, tmp_path, capsys):
    page = tmp_path / "steps.html"
    flags = ["--target", "kind", "--column", "said", "--text", "a lovely story", "--html", str(page)]
    assert run(["text-steps", reviews, *flags]) == 0
    text = capsys.readouterr().out
    assert "6. Less vocabulary" in text
    assert "Your text\ngood" in text
    assert text.rstrip().endswith(f"page: {page}")
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", html)
    for part in ("step1", "step6", "learned", "answers", 'id="own"', "facts-tsne", "facts-pca"):
        assert part in html


def test_json_is_one_object_with_everything_C32(reviews, capsys):
    flags = [
        "--target",
        "kind",
        "--test",
        "last:12",
        "--validation",
        "last:8",
        "--passes",
        "2",
        "--seed",
        "1",
    ]
    assert run(["text-steps", reviews, *flags, "--text", "dull", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["texts"] == {"train": 40, "validation": 8, "test": 12}
    assert [step["number"] for step in found["steps"]] == [3, 4, 5, 6]
    assert found["passes"] == 2
    assert found["text"]["answer"] == "bad"
    assert found["html"] is None


def test_wrong_requests_have_status_2_and_are_said_before_any_work(reviews, tmp_path, capsys):
    assert run(["text-steps", reviews, "--html", str(tmp_path / "no" / "x.html")]) == 2
    assert "--html must name a file in a folder that exists" in capsys.readouterr().err
    assert run(["text-steps", reviews, "--target", "stars", "--test", "cv:5"]) == 2
    assert "test must be a share or a number of texts" in capsys.readouterr().err
    assert run(["text-steps", str(tmp_path / "nothing.csv")]) == 2


def test_a_single_class_has_status_2_and_says_so(tmp_path, capsys):
    path = tmp_path / "one.csv"
    pl.DataFrame({"text": TEXTS, "label": ["good"] * len(TEXTS)}).write_csv(path)
    assert run(["text-steps", str(path), "--target", "label", "--json"]) == 2
    assert "texts of two classes" in json.loads(capsys.readouterr().out)["error"]
