"""A table file becomes typed columns, or one error that names what is wrong with it and where."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import polars as pl
import pytest

from glassnet.data.table import MISSING_WORDS, Table, as_table, read_table
from glassnet.errors import DataError

RIDES = "day,temp,what,n\n2011-01-01,0.5,cold,1\n2011-01-02,,mild,2\n2011-01-03,1e1,NA,3\n"


def read(folder: Path, text: str | bytes, name: str = "t.csv", missing: tuple[str, ...] = ()) -> Table:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path, missing)


def problems(folder: Path, text: str | bytes, name: str = "t.csv") -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        read(folder, text, name)
    return caught.value.problems


def column(folder: Path, cells: list[str], **options: tuple[str, ...]) -> pl.Series:
    text = "".join(f"{index},{cell}\n" for index, cell in enumerate(cells))
    return read(folder, "i,c\n" + text, **options).frame["c"]


def test_cells_become_the_narrowest_type_that_reads_them_all(tmp_path: Path) -> None:
    frame = read(tmp_path, RIDES).frame
    assert frame.schema == {"day": pl.String, "temp": pl.Float64, "what": pl.String, "n": pl.Int64}
    assert frame["temp"].to_list() == [0.5, None, 10.0]
    assert frame["what"].to_list() == ["cold", "mild", None]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", " 3 ", ""], [1, -2, 3, None]),
        (["1", "2.5", ".5", "-1e3"], [1.0, 2.5, 0.5, -1000.0]),
        (["+1", "2"], [1.0, 2.0]),
        (["9223372036854775807"], [2**63 - 1]),
        (["9223372036854775808", "1"], [2.0**63, 1.0]),
        (["inf", "-Infinity", "1e999"], [float("inf"), float("-inf"), float("inf")]),
        (["nan", "NAN", "1"], [None, None, 1]),
        (["007", "12"], ["007", "12"]),
        (["0.5", "0", "-0.25"], [0.5, 0.0, -0.25]),
        (["02139", "1.5"], ["02139", "1.5"]),
        (["1_000", "0x10"], ["1_000", "0x10"]),
        ([" a ", "b"], [" a ", "b"]),
        (["", "NA", "?"], [None, None, None]),
    ],
)
def test_what_counts_as_a_number(tmp_path: Path, cells: list[str], expected: list[object]) -> None:
    assert column(tmp_path, cells).to_list() == expected


def test_every_missing_word_is_missing_in_text_and_in_numbers(tmp_path: Path) -> None:
    words = sorted(MISSING_WORDS)
    assert column(tmp_path, ["text", *words]).to_list() == ["text"] + [None] * len(words)
    assert column(tmp_path, ["5", *words]).to_list() == [5] + [None] * len(words)


def test_own_missing_words_are_compared_as_numbers_where_the_column_is_one(tmp_path: Path) -> None:
    assert column(tmp_path, ["-999", "-999.0", "5"], missing=("-999", "none")).to_list() == [None, None, 5.0]
    assert column(tmp_path, ["none", "a"], missing=("-999", "none")).to_list() == [None, "a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i;c\n1;1,5\n2;3\n", [1.5, 3.0]),
        ("i;c\n1;1,500\n2;3\n", [1.5, 3.0]),
        ("i;c\n1;1,5\n2;3.5\n", ["1,5", "3.5"]),
        ("i\tc\n1\t1,5\n2\t3\n", [1.5, 3.0]),
        ("i\tc\n1\t1,500\n2\t12,250\n", ["1,500", "12,250"]),
        ('i,c\n1,"1,5"\n2,"2,5"\n', ["1,5", "2,5"]),
    ],
)
def test_a_decimal_comma_is_read_unless_it_may_group_thousands(
    tmp_path: Path, text: str, expected: list[object]
) -> None:
    assert read(tmp_path, text).frame["c"].to_list() == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(tmp_path: Path, delimiter: str) -> None:
    text = "a,b,c\n1,x y,2.5\n2,z,3.5\n".replace(",", delimiter)
    assert read(tmp_path, text).frame.rows() == [(1, "x y", 2.5), (2, "z", 3.5)]


def test_a_headerless_semicolon_file_with_decimal_commas_is_not_cut_at_its_commas(tmp_path: Path) -> None:
    assert read(tmp_path, "1,5;x;2,5\n3,5;y;4,5\n").frame.rows() == [(1.5, "x", 2.5), (3.5, "y", 4.5)]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert read(tmp_path, 'word\n"a, b"\n\nc\n').frame.rows() == [("a, b",), ("c",)]


@pytest.mark.parametrize("first", ["1,a", "2011-01-01,a", "x,-.5", "1/2/2011,a"])
def test_a_first_row_with_a_number_or_a_date_is_data(tmp_path: Path, first: str) -> None:
    table = read(tmp_path, f"{first}\n{first}\n")
    assert (table.columns, table.rows) == (("x1", "x2"), 2)


def test_a_column_without_a_name_is_called_by_its_position(tmp_path: Path) -> None:
    assert read(tmp_path, ",a, b \n0,1,2\n").columns == ("x1", "a", "b")


def test_quoted_cells_keep_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    text = 'a,b\r\n"x, y","say ""hi"""\r\n"two\r\nlines",z\r\n'
    assert read(tmp_path, text).frame.rows() == [("x, y", 'say "hi"'), ("two\nlines", "z")]


def test_a_quote_inside_an_unquoted_cell_is_itself(tmp_path: Path) -> None:
    text = 'size,n\n5" pipe,1\n"6"" pipe",2\n\n7" pipe,3\n'
    assert read(tmp_path, text).frame.rows() == [('5" pipe', 1), ('6" pipe', 2), ('7" pipe', 3)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, RIDES.replace("\n", end)).frame.equals(read(tmp_path, RIDES).frame)


def test_the_last_line_needs_no_end_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    text = "\n\n" + RIDES.replace("\n", "\n\n").rstrip() + "\n   \n2011-01-04,2,x,4"
    assert read(tmp_path, text).frame["n"].to_list() == [1, 2, 3, 4]


def test_utf8_with_and_without_mark_and_gb18030_are_decoded(tmp_path: Path) -> None:
    text = "城市,n\n北京,1\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        assert read(tmp_path, text.encode(encoding)).frame.to_dicts() == [{"城市": "北京", "n": 1}]


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    packed = gzip.compress(RIDES.encode())
    for name in ("t.csv.gz", "t.csv"):
        assert read(tmp_path, packed, name).frame.equals(read(tmp_path, RIDES).frame)


def test_ragged_rows_are_named_by_row_and_line_all_at_once(tmp_path: Path) -> None:
    text = 'a,b\n1,2\n\n3\n"4\n5",6\n7,8,9\n'
    assert problems(tmp_path, text) == (
        "t.csv, row 2 (line 4) must have 2 cells, as the first row has, however: it has 1; "
        "write all cells, and put one that holds ',' in quotes",
        "t.csv, row 4 (line 7) must have 2 cells, as the first row has, however: it has 3; "
        "write all cells, and put one that holds ',' in quotes",
    )


def test_a_short_and_a_long_row_do_not_make_up_for_each_other(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "a,b\n1\n2,3,4\n")) == 2


def test_at_most_20_bad_rows_are_listed(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "a,b\n1,2\n" + "1\n" * 50)) == 20


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n1,2\n3,"4\n5,6\n7,8\n',
        'a,b\n1,2\n3,"4\n5,"6"\n7,8\n',
        'a,b\n1,2\n3,"4" x\n5,6\n',
        'a,b\n1,2\n3,"' + "4\n" * 100_000,
    ],
)
def test_a_quote_that_is_not_closed_is_named_by_row_and_line(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("t.csv, row 2: quotes must open and close a whole cell, however: ")
    assert "line 3" in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n \n", "nothing but blank lines"),
        (b"\xef\xbb\xbf", "nothing but blank lines"),
        (b"a,b\n", "a header and nothing below it"),
        (b"a,b,a\n1,2,3\n", "the header names 'a' 2 times"),
        (b"a,b\n1,\0\n", "a zero byte at byte 6 (line 2)"),
        ("a,b\n1,2\n".encode("utf-16"), "it looks like UTF-16: save it as UTF-8"),
        (b"a,b\n1,\xff\xff\n", "byte 6 begins no character"),
        (b"PK\x03\x04....", "it is a zip file, as Excel's workbooks are"),
        (b"," * 20_000 + b"\n", "its first row has 20,001 cells"),
        (b"\x1f\x8b\x08\0broken", "gzip data"),
        (gzip.compress(RIDES.encode(), mtime=0)[:-12], "gzip data"),
    ],
)
def test_what_is_no_table_says_so(tmp_path: Path, text: bytes, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert said in problem
    assert "t.csv" in problem


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "hour.csv").write_text(RIDES)
    with pytest.raises(DataError, match=r"there is no such file; did you mean 'hour.csv'\?"):
        read_table(tmp_path / "hours.csv")


def test_folders_pipes_and_impossible_paths_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path, said in [
        (tmp_path, "it is a folder"),
        (tmp_path / "pipe.csv", "it is a device or a pipe"),
        (tmp_path / "no" / "t.csv", "there is no such file"),
        (tmp_path / "a\0b.csv", "null"),
        (tmp_path / ("x" * 5000), "too long"),
    ]:
        with pytest.raises(DataError, match=said):
            read_table(path)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text(RIDES)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DataError, match="reading it is not permitted"):
        read_table(path)


def test_other_formats_that_look_alike_are_refused(tmp_path: Path) -> None:
    assert "write one object a line into a .jsonl file" in problems(tmp_path, "[]", "t.json")[0]


def test_where_counts_rows_as_the_file_does() -> None:
    table = Table(pl.DataFrame({"temp": [1, 2]}), "hour.csv", first_row=12)
    assert table.where(1, "temp") == "hour.csv, row 13, column 'temp'"
    assert as_table(table) is table


def test_the_real_rides_are_read_as_they_are(local_data) -> None:  # type: ignore[no-untyped-def]
    table = read_table(local_data("bike-sharing/hour.csv"))
    assert (table.rows, len(table.columns)) == (17379, 17)
    assert [name for name, kind in table.frame.schema.items() if kind == pl.String] == ["dteday"]
    assert table.frame["cnt"].sum() == table.frame["casual"].sum() + table.frame["registered"].sum()
