"""A request names its data by a path, by a name, or is the data; and is told what is there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from glassnet.data.named import FACTS
from glassnet.data.sources import content_sha256, datasets, open_source
from glassnet.data.table import as_table
from glassnet.errors import DataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bike-sharing").mkdir()
    (tmp_path / "bike-sharing" / "hour.csv").write_text("temp,cnt\n0.5,1\n")
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    return tmp_path


def refusal(data: object) -> str:
    with pytest.raises(DataError) as caught:
        open_source(data)
    return str(caught.value)


def test_a_path_is_opened_with_the_digest_of_its_bytes(folder: Path) -> None:
    path = folder / "bike-sharing" / "hour.csv"
    for data in (path, str(path)):
        source = open_source(data)
        assert (source.name, source.path) == ("hour.csv", path)
        assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert source.load().frame.rows() == [(0.5, 1)]
        assert open_source(source) is source


def test_missing_words_reach_the_reader(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n-1,2\n")
    assert open_source("t.csv", missing=("-1",)).load().frame.rows() == [(None, 2)]
    assert open_source({"a": [-1, 2]}, missing=("-1",)).load().frame.rows() == [(None,), (2,)]


@pytest.mark.parametrize(
    "info", [each for each in datasets() if each.origin != "local"], ids=lambda each: each.name
)
def test_every_bundled_and_synthetic_set_is_as_described(info) -> None:  # type: ignore[no-untyped-def]
    source = open_source(info.name)
    table = source.load()
    assert info.available
    assert (source.name, source.path, source.target) == (info.name, None, info.target)
    assert (table.rows, len(table.columns)) == (info.rows, info.columns)
    assert {info.target, *source.roles} <= set(table.columns)
    assert all(" " not in name for name in table.columns)
    classes = table.frame[info.target].n_unique()
    expected = {"binary": classes == 2, "multiclass": 2 < classes <= 10, "regression": classes > 10}
    assert expected[info.task]


@pytest.mark.parametrize(
    "name", [name for name, facts in FACTS.items() if facts.file and facts.kind == "table"]
)
def test_every_local_table_is_as_described(name: str, local_data) -> None:  # type: ignore[no-untyped-def]
    local_data(FACTS[name].file)
    source = open_source(name)
    table = source.load()
    assert (table.rows, len(table.columns)) == (FACTS[name].rows, FACTS[name].columns)
    assert {source.target, *source.roles} <= set(table.columns)


def test_classes_are_named_and_units_kept() -> None:
    assert set(open_source("iris").load().frame["species"]) == {"setosa", "versicolor", "virginica"}
    assert set(open_source("breast_cancer").load().frame["diagnosis"]) == {"benign", "malignant"}
    assert open_source("diabetes").load().frame["age"].max() == 79


def test_a_local_set_is_opened_by_name(folder: Path) -> None:
    source = open_source("bike-sharing")
    assert (source.name, source.target) == ("bike-sharing", "cnt")
    assert source.path == folder / "bike-sharing" / "hour.csv"
    assert source.load().rows == 1


def test_local_sets_are_listed_as_found_or_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {each.name: each for each in datasets()}
    assert found["bike-sharing"].available
    assert not found["imdb"].available
    assert found["imdb"].path == str(folder / "imdb" / "train.parquet")
    monkeypatch.delenv("GLASSNET_DATA")
    bare = {each.name: each for each in datasets()}
    assert not bare["bike-sharing"].available
    assert bare["bike-sharing"].path == str(Path("$GLASSNET_DATA/bike-sharing/hour.csv"))


def test_a_local_set_that_is_not_there_says_where_to_put_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal("admissions").endswith("student_data.csv'; put it there")
    monkeypatch.delenv("GLASSNET_DATA")
    assert "set the environment variable GLASSNET_DATA to a folder that holds admissions/" in refusal(
        "admissions"
    )


def test_sets_of_texts_and_images_say_that_they_are_no_tables() -> None:
    assert "it is a set of texts" in refusal("imdb")
    assert "it is a set of images" in refusal("flowers")


def test_a_name_that_is_nearly_right_suggests_the_file_or_the_set(tmp_path: Path) -> None:
    (tmp_path / "hour.csv").write_text("a\n1\n")
    (tmp_path / "hours.py").write_text("")
    assert refusal("hours.csv").endswith("did you mean 'hour.csv'?")
    assert refusal("breast-cancer").endswith("did you mean 'breast_cancer'?")
    assert "there is no folder" in refusal("nowhere/hour.csv")
    assert "it is a folder" in refusal(str(tmp_path))
    assert "there is no such file" in refusal("a\0b")


def test_a_file_wins_over_a_set_of_its_name_and_a_folder_does_not(tmp_path: Path) -> None:
    (tmp_path / "iris").write_text("a,b\n1,2\n")
    (tmp_path / "wine").mkdir()
    assert open_source("iris").load().columns == ("a", "b")
    assert open_source("wine").load().rows == 178


def test_data_in_memory_is_known_by_its_content() -> None:
    table = {"a": [1, None], "b": ["x", ""]}
    source = open_source(table)
    assert (source.name, source.path) == ("dict", None)
    assert source.sha256 == open_source(pl.DataFrame(table)).sha256
    assert open_source(np.eye(2)).sha256 == content_sha256(as_table({"x1": [1.0, 0.0], "x2": [0.0, 1.0]}))


@pytest.mark.parametrize(
    "other",
    [
        {"a": [1, 0], "b": ["x", "y"]},
        {"a": [1.0, None], "b": ["x", "y"]},
        {"a": [1, None], "c": ["x", "y"]},
        {"a": [1, None], "b": ["xy", None]},
        {"b": ["x", "y"], "a": [1, None]},
        {"a": [None, 1], "b": ["x", "y"]},
    ],
)
def test_any_change_of_content_changes_the_digest(other: dict[str, list[object]]) -> None:
    assert content_sha256(as_table(other)) != content_sha256(as_table({"a": [1, None], "b": ["x", "y"]}))


def test_the_digest_of_content_is_the_same_on_every_machine() -> None:
    table = as_table(pl.DataFrame({"a": [1, None], "b": [0.5, 1.5], "c": ["é", None], "d": [True, False]}))
    assert content_sha256(table)[:16] == "8d6a2cd0592742f0"
