"""Blocks, limits and second readings: what a file must not notice of how it is read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from unittest import mock

import polars as pl
import pytest

from glassnet.data import textfile
from glassnet.data.table import read_table
from glassnet.errors import DataError


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfile, "BLOCK_BYTES", 64)


def test_a_column_that_turns_out_to_be_text_keeps_its_first_spelling(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1.50,1\n" * 50 + "x,2\n")
    frame = read_table(path).frame
    assert frame["a"].to_list() == ["1.50"] * 50 + ["x"]
    assert frame["b"].dtype == pl.Int64


def test_whole_numbers_widen_to_decimals_in_a_later_block(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + ",1\n" * 50 + "7,2\n" * 50 + "2.5,3\n")
    assert read_table(path).frame["a"].to_list() == [None] * 50 + [7.0] * 50 + [2.5]


def test_a_windows_line_end_that_two_blocks_share_is_one_line_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'"' + b"x" * 62 + b'\r\ny"\r\nz\r\n')
    assert read_table(path).columns == ("x" * 62 + "\ny",)


def test_rows_and_lines_are_counted_over_blocks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + '1,"x\ny"\n\n' * 100 + "1\n")
    with pytest.raises(DataError, match=r"row 101 \(line 302\) must have 2 cells"):
        read_table(path)


def test_empty_lines_before_the_header_are_counted_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n" * 300 + "a,b\n1,2\n3\n")
    with pytest.raises(DataError, match=r"row 2 \(line 303\)"):
        read_table(path)


def test_a_line_above_the_limit_is_refused_before_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfile, "MAX_LINE_BYTES", 1 << 20)
    path = tmp_path / "t.csv"
    path.write_text("a" * (3 << 20))
    with mock.patch.object(textfile, "BLOCK_BYTES", 1 << 18), pytest.raises(DataError, match="1 MiB long"):
        read_table(path)


def test_gzip_that_unpacks_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip

    monkeypatch.setattr(textfile, "MAX_UNPACK_FLOOR", 1 << 16)
    monkeypatch.setattr(textfile, "BLOCK_BYTES", 1 << 16)
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n" * (1 << 20)))
    with pytest.raises(DataError, match="must unpack to at most 200 times its size"):
        read_table(path)


def test_a_megabyte_of_quoted_lines_reads_as_python_reads_it(tmp_path: Path) -> None:
    rows = [
        [str(index), f'line {index}\nand "more", {index % 7}' if index % 3 else ""] for index in range(30_000)
    ]
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([["n", "text"], *rows])
    path = tmp_path / "t.csv"
    path.write_text(stream.getvalue())
    with mock.patch.object(textfile, "BLOCK_BYTES", 300_001):
        frame = read_table(path).frame
    assert frame.rows() == [(int(number), text or None) for number, text in rows]
