"""JSON lines become columns; a line that is no flat object is named."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from glassnet.data import textfile
from glassnet.data.table import read_table
from glassnet.errors import DataError


def frame(folder: Path, text: str) -> pl.DataFrame:
    path = folder / "t.jsonl"
    path.write_text(text)
    return read_table(path).frame


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        frame(folder, text)
    return caught.value.problems


def test_values_keep_their_types_and_absent_keys_are_missing(tmp_path: Path) -> None:
    found = frame(tmp_path, '{"a": 1, "b": "x", "c": true}\n\n{"b": null, "a": 2.5, "d": "NA"}\n')
    assert found.to_dict(as_series=False) == {
        "a": [1.0, 2.5],
        "b": ["x", None],
        "c": [True, None],
        "d": [None, None],
    }


def test_a_mixture_is_text_wherever_the_blocks_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f'{{"a": {value}}}\n' for value in ["1", "2.5", "true", '"x"', "null", "1e-5"])
    whole = frame(tmp_path, text)
    monkeypatch.setattr(textfile, "BLOCK_BYTES", 12)
    assert whole["a"].to_list() == ["1", "2.5", "true", "x", None, "1e-05"]
    assert frame(tmp_path, text).equals(whole)


def test_numbers_beyond_64_bits_are_decimals(tmp_path: Path) -> None:
    found = frame(tmp_path, '{"a": 9223372036854775808}\n{"a": -1}\n{"a": %s}\n' % ("9" * 5000))
    assert found["a"].to_list() == [2.0**63, -1.0, float("inf")]
    assert frame(tmp_path, '{"a": 9223372036854775807}\n')["a"].to_list() == [2**63 - 1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1', "Expecting"),
        ("[1, 2]", "it holds a list"),
        ('{"a": [1]}', "column 'a' holds a list"),
        ('{"a": {"b": 1}}', "column 'a' holds an object"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": "\\ud800"}', "surrogates not allowed"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_line_that_is_no_flat_object_is_named(tmp_path: Path, line: str, said: str) -> None:
    (problem,) = problems(tmp_path, f'{{"a": 1}}\n\n{line}\n')
    assert problem.startswith("t.jsonl, row 2 must be one JSON object, however: line 3 does not (")
    assert said in problem


def test_all_bad_lines_are_named_at_once_up_to_20(tmp_path: Path) -> None:
    assert len(problems(tmp_path, '1\n{"a": 1}\n2\n')) == 2
    assert len(problems(tmp_path, "1\n" * 50)) == 20


def test_too_many_keys_are_refused(tmp_path: Path) -> None:
    text = "".join(f'{{"k{index}": 1}}\n' for index in range(10_001))
    assert "must have at most 10,000 columns" in problems(tmp_path, text)[0]
