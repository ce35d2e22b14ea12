"""Whatever a CSV file holds, a model answers its rows, or is trained on it, or a Glassnet error says why not.

Cells, columns, rows, quotes, delimiters, encodings and bytes are changed at random. No other exception, no
warning of NumPy and no answer that is not finite may come out. And what is written differs in no answer: the
same content with another delimiter, encoding, line end, order of columns or gzipped is answered the same.
"""

from __future__ import annotations

import csv
import gzip
import io
import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.errors import GlassnetError, GlassnetWarning

MAKE = runpy.run_path(str(Path(__file__).parents[1] / "format" / "make_golden.py"))
MODELS = {name: gn.load(MAKE["FOLDER"] / "models" / f"{name}.glass") for name in MAKE["MODELS"]}
Rows = list[list[str]]

CELLS = [
    *("", " ", "0", "1", "-1", "2", "0.5", "1e5", "1e31", "-1e999", "9" * 30, "1e-320", "-0", "007", "+5"),
    *("nan", "NaN", "inf", "-Infinity", "NA", "null", "?", "-", "None", "-999", "0x10", "1_000", "1,5"),
    *("2024-02-30", "31/12/2024", "12/31/2024", "2024-01-01", "2024-01-01 25:00", "0001-01-01", "9999-12-31"),
    *("23:59", "20240131", "2024-01-01T00:00:00Z", "1700000000", "yes", "No", "TRUE", "f", "中文", "雨", "ß"),
    *('"', '""', "'", ",", ";", "\t", "|", "a\nb", "\r", "\\", "=1+1", "x" * 3000, "\u2028", "\ufeff"),
]  # fmt: skip
NAMES = ["", " ", "temp", "temp ", "Temp", "rides", "中", "a" * 600, "1", "x1", "when", '"', "a\nb"]
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
QUOTING = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])


def table(rows: int, seed: int) -> Rows:
    """Give the golden rides as the cells of a file, header first."""
    columns = MAKE["rides"](rows, seed)
    cells = zip(*columns.values(), strict=True)
    return [list(columns), *([("" if cell is None else str(cell)) for cell in row] for row in cells)]


def written(rows: Rows, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


def change_cells(draw: Any, rows: Rows) -> None:
    """Change one cell, or a whole column: alike, all different, another column's, or a few kinds mixed."""
    column = draw(st.integers(0, len(rows[0]) - 1))
    how = draw(st.sampled_from(["cell", "cell", "some", "all", "few", "other", "count", "empty"]))
    body = [row for row in rows[1:] if column < len(row)]
    if how in ("cell", "some") and body:
        for row in draw(st.lists(st.sampled_from(body), min_size=1, max_size=1 if how == "cell" else 9)):
            row[column] = draw(st.sampled_from(CELLS))
        return
    kinds = draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=1 if how == "all" else 4))
    other = draw(st.integers(0, len(rows[0]) - 1))
    for number, row in enumerate(body):
        made = {"other": row[min(other, len(row) - 1)], "count": str(number), "empty": ""}
        row[column] = made.get(how, kinds[number % len(kinds)])


def change_shape(draw: Any, rows: Rows) -> None:
    """Change which rows and columns there are, what they are called, and how long a row is."""
    ways = ["name", "drop column", "new column", "few rows", "twice", "ragged", "header"]
    how = draw(st.sampled_from(ways))
    column = draw(st.integers(0, len(rows[0]) - 1))
    if how == "name":
        rows[0][column] = draw(st.sampled_from(NAMES))
    elif how == "drop column":
        for row in rows:
            del row[column : column + 1]
    elif how == "new column":
        for row in rows:
            row.insert(column, draw(st.sampled_from(NAMES)) if row is rows[0] else rows[-1][-1])
    elif how == "few rows":
        del rows[1 + draw(st.integers(0, 4)) :]
    elif how == "twice":
        rows += [list(row) for row in rows[1 : draw(st.integers(2, 20))]]
    elif how == "ragged" and len(rows) > 1:
        row = rows[draw(st.integers(1, len(rows) - 1))]
        row[column : column + 1] = draw(st.sampled_from([[], ["1", "2"]]))
    elif how == "header":
        del rows[0]


@st.composite
def files(draw: st.DrawFn, rows: int) -> tuple[str, bytes]:
    """A file of rides with some changes: its name and its bytes."""
    cells = table(rows, seed=4)
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        if len(cells) and len(cells[0]):
            (change_cells if draw(st.booleans()) else change_shape)(draw, cells)
    text = written(cells, draw(DELIMITERS), draw(ENDS), draw(QUOTING))
    encoding = draw(st.sampled_from(["utf-8"] * 20 + ["utf-8-sig", "gb18030", "latin-1", "utf-16"]))
    data = text.encode(encoding, "replace")
    if draw(st.integers(0, 9)) == 5:
        at = draw(st.integers(0, len(data)))
        piece = draw(st.sampled_from([b"\0", b'"', b"\xff", b"\n", b"\r", b",", b""]))
        data = data[:at] + piece + data[at + 1 :]
    if draw(st.integers(0, 9)) == 5:
        return "rides.csv.gz", gzip.compress(data, mtime=0)[: draw(st.sampled_from([None] * 9 + [-4]))]
    return draw(st.sampled_from(["rides.csv", "rides.csv", "rides.tsv", "rides.txt"])), data


def attempt(action: Any, *given: Any, **named: Any) -> Any:
    """Do something, and return None where Glassnet says why it cannot be done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        try:
            return action(*given, **named)
        except GlassnetError as error:
            return says_why(error)


def says_why(error: GlassnetError) -> None:
    assert ", however: " in str(error)


def check_scores(results: Any) -> None:
    assert all(np.isfinite(value) for scores in results.metrics.values() for value in scores.values())
    assert str(results)


def check_answers(model: gn.Model, path: Path) -> None:
    answers = attempt(model.predict, path)
    if answers is not None:
        assert answers.dtype.kind != "f" or np.isfinite(answers).all()
    results = attempt(model.evaluate, path)
    if results is not None:
        check_scores(results)


@given(st.sampled_from(sorted(MODELS)), files(rows=9))
def test_a_model_answers_any_file_or_says_why_not(tmp_path, name, file):
    path = tmp_path / file[0]
    path.write_bytes(file[1])
    check_answers(MODELS[name], path)


OPTIONS = st.fixed_dictionaries(
    {"target": st.sampled_from(["rides", "calls", "kind", "busy", "sky", "rides,calls", "when"])},
    optional={
        "task": st.sampled_from(["auto", "auto", "regression", "poisson", "binary", "multiclass"]),
        "test": st.sampled_from(["none", "last:5", "random:0.3", "group:station", "cv:2", "last:3d"]),
        "validation": st.sampled_from(["none", "last:5", "random:0.3"]),
        "weight": st.sampled_from(["trust", "temp"]),
        "norm": st.sampled_from(["batch", "layer"]),
        "class_weight": st.just("balanced"),
        "drop": st.sampled_from(["when", "rides", "calls,kind,busy"]),
        "missing": st.just("-999"),
        "refit": st.booleans(),
    },
)


@given(files(rows=40), OPTIONS)
def test_training_on_any_file_gives_a_model_or_says_why_not(tmp_path, file, options):
    path = tmp_path / file[0]
    path.write_bytes(file[1])
    model = attempt(gn.train, path, epochs=2, net="4", device="cpu", threads=1, **options)
    if model is not None:
        check_scores(model.results)
        check_answers(model, path)
        model.save(tmp_path / "model.glass")
        again = gn.load(tmp_path / "model.glass")
        answers = attempt(model.predict, path)
        np.testing.assert_array_equal(attempt(again.predict, path), answers)


@given(st.sampled_from(sorted(MODELS)), st.data(), DELIMITERS, ENDS, QUOTING)
def test_the_same_content_in_another_dress_is_answered_the_same(
    tmp_path, name, data, delimiter, end, quoting
):
    rows = table(9, seed=data.draw(st.integers(0, 99)))
    order = data.draw(st.permutations(range(len(rows[0]))))
    text = written([[row[place] for place in order] for row in rows], delimiter, end, quoting)
    dressed = text.encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"])))
    packed = data.draw(st.booleans())
    (tmp_path / "plain.csv").write_text(written(rows), encoding="utf-8")
    (tmp_path / "dressed.csv").write_bytes(gzip.compress(dressed) if packed else dressed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        expected = MODELS[name].predict(tmp_path / "plain.csv")
        np.testing.assert_array_equal(MODELS[name].predict(tmp_path / "dressed.csv"), expected)


CODES = [
    "1E3",
    "abc",
    "007",
    "7",
    "1.50",
    "-0",
    "+5",
    "TRUE",
    "12345678901234567890",
    ".5",
    "1.",
    "2024-01-01",
]


@pytest.fixture(scope="module")
def coded():
    """Train on categories that look like numbers, but for a few."""
    data = {"code": CODES * 20, "x": np.arange(240) % 7 / 7, "y": np.arange(240) % 11 / 3}
    return gn.train(data, target="y", roles={"code": "category"}, net="4", epochs=3)


@pytest.mark.parametrize("code", CODES)
def test_a_category_means_the_same_alone_in_its_file_as_among_others(coded, tmp_path, code):
    (tmp_path / "all.csv").write_text(written([["code", "x"], *([each, "0.5"] for each in CODES)]))
    (tmp_path / "one.csv").write_text(written([["code", "x"], [code, "0.5"]]))
    among_others = coded.predict(tmp_path / "all.csv")[CODES.index(code)]
    np.testing.assert_allclose(coded.predict(tmp_path / "one.csv"), [among_others], rtol=1e-5)


@given(st.sampled_from(sorted(MODELS)), st.lists(st.sampled_from(CELLS), min_size=1, max_size=3), st.data())
def test_a_row_is_answered_alone_as_among_others(tmp_path, name, cells, data):
    rows = table(6, seed=4)
    for cell in cells:
        rows[data.draw(st.integers(1, 6))][data.draw(st.integers(0, 6))] = cell
    (tmp_path / "all.csv").write_text(written(rows), encoding="utf-8")
    together = attempt(MODELS[name].predict, tmp_path / "all.csv")
    for number, row in enumerate(rows[1:]):
        (tmp_path / "one.csv").write_text(written([rows[0], row]), encoding="utf-8")
        alone = attempt(MODELS[name].predict, tmp_path / "one.csv")
        if together is not None:
            assert alone is not None
            if together.dtype.kind == "f":
                np.testing.assert_allclose(alone[0], together[number], rtol=1e-4, atol=1e-6)
            else:
                assert alone[0] == together[number]


@pytest.mark.parametrize("target", ["", "only", "1"])
def test_a_target_without_variety_is_refused(tmp_path, target):
    rows = [["a", "y"], *([str(number / 3), target] for number in range(30))]
    (tmp_path / "t.csv").write_text(written(rows))
    with pytest.raises(gn.DataError, match="'y'"):
        gn.train(tmp_path / "t.csv", target="y", net="4", epochs=2)
