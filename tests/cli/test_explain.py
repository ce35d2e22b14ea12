"""``glassnet inspect --data``: the Views of given rows, as text and as JSON."""

from __future__ import annotations

import json

import pytest

import glassnet as gn
from glassnet.cli import run


@pytest.fixture
def saved() -> str:
    gn.train("iris", net="8", epochs=3).save("iris.glass")
    return "iris.glass"


def test_the_views_of_the_data_are_printed_after_the_model(saved, capsys):
    assert run(["inspect", saved, "--data", "iris", "--row", "2", "--column", "petal_width"]) == 0
    text = capsys.readouterr().out
    assert "each column shuffled" in text
    assert "the worst 10 of 150 rows" in text
    assert "average training row" in text
    assert "petal_width" in text.split("average training row")[1]


def test_json_has_the_same_views_and_nothing_else_on_the_output(saved, capsys):
    assert run(["inspect", saved, "--data", "iris", "--row", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["column"] for each in found["importance"]["columns"]} == {
        *("sepal_length", "sepal_width", "petal_length", "petal_width")
    }
    assert "contributions" in found
    assert "dependence" not in found


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--row", "1"], "--data is missing"),
        (["--data", "iris", "--row", "151"], "--row must name a row of iris, however: row 151 of 150"),
        (["--data", "iris", "--row", "0"], "however: row 0 of 150"),
        (["--data", "iris", "--column", "petal"], "petal"),
    ],
)
def test_what_cannot_be_looked_at_is_said(saved, capsys, flags, said):
    assert run(["inspect", saved, *flags]) == 2
    assert said in capsys.readouterr().err
