"""``glassnet trace``: one answer of a saved model, as text, JSON and a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.cli import run


@pytest.fixture
def saved() -> str:
    gn.train("iris", net="4", epochs=2).save("iris.glass")
    return "iris.glass"


def test_the_text_goes_from_the_raw_row_to_the_answer(saved, capsys):
    assert run(["trace", saved, "--data", "iris", "--row", "2"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("answer of a model of species")
    order = ["== row:", "== weights:", "== forward:", "== answer:"]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert "row.petal_width  raw (): the raw cell" in text
    assert "x[0, petal_width] = (0.2 - " in text


def test_one_number_is_opened_alone(saved, capsys):
    assert run(["trace", saved, "--number", "x[0, petal_width]"]) == 0  # the run's own data
    text = capsys.readouterr().out
    assert text.startswith("x[0, petal_width] = ")
    assert "= (row.petal_width - " in text


def test_json_is_one_object_with_the_page_beside_it(saved, capsys):
    assert run(["trace", saved, "--row", "3", "--html", "t.html", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["html"] == "t.html"
    assert found["answer"]["name"] == "answer"
    assert Path("t.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_training_step_of_the_row(saved, capsys):
    assert run(["trace", saved, "--step"]) == 0
    text = capsys.readouterr().out
    assert "== update: what the optimiser makes of the gradients" in text
    assert "0.weight.new" in text


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--row", "151"], "row must name a row of iris, however: row=151 of 150"),
        (["--number", "anser[0]"], "did you mean 'answer'"),
        (["--number", "answer[9, 9]"], "named by 2 indices within (1, 3)"),
        (["--epoch", "99"], "epoch must be one whose weights were kept"),
        (["--data", "wine"], "wine"),
    ],
)
def test_what_cannot_be_traced_is_said(saved, capsys, flags, said):
    assert run(["trace", saved, *flags]) == 2
    assert said in capsys.readouterr().err
