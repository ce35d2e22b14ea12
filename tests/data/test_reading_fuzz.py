"""Whatever the bytes of a table file are, reading them gives a Table or a DataError; and one content is
one Table, however it is written down."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from unittest import mock

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from glassnet.data import textfile
from glassnet.data.table import read_table
from glassnet.errors import DataError

PLAIN = b"day,temp,what,n\n2011-01-01,0.5,cold,1\n2011-01-02,,mild,2\n2011-01-03,1e1,,3\n"
QUOTED = b'a;"b"\r\n"x;1";"say ""hi""\r\nnext"\r\n1,5;\r\n\r\n"";last\r\n'
LINES = b'{"a": 1, "b": "x"}\n{"a": 2.5}\n\n{"b": null, "a": true}\n'
WIDE = "名,值\n中文,1\n,2\n".encode("gb18030")
PIECES = [b'"', b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xe4\xb8", b"\xef\xbb\xbf"]
PIECES += [
    b"'",
    b"0",
    b"-",
    b"1e999",
    b"9" * 30,
    b"nan",
    b"{",
    b"}",
    b"[",
    b"\\ud800",
    b"NA",
    b" ",
    b"\n\n",
    b'""',
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Bytes of a small good file with some of them deleted, repeated or replaced."""
    data = draw(st.sampled_from([PLAIN, QUOTED, LINES, WIDE, PLAIN + PLAIN * 3]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 6)))
        put = draw(st.sampled_from([*PIECES, data[start:stop] * 2]) | st.binary(max_size=3))
        data = data[:start] + put + data[stop:]
    return data


def outcome(path: Path, data: bytes, block: int) -> pl.DataFrame | tuple[str, ...]:
    path.write_bytes(data)
    with mock.patch.object(textfile, "BLOCK_BYTES", block):
        try:
            return read_table(path).frame
        except DataError as error:
            return error.problems


@given(mutated(), st.sampled_from(["t.csv", "t.tsv", "t.jsonl"]), st.integers(20, 60))
@example(b'a,b\n1,"2\n3,4\n', "t.csv", 20)
@example(b'a,b\n5" pipe,"x"\n"y",2\n', "t.csv", 20)
@example(b'"\n', "t.csv", 20)
@example(b"\xef\xbb\xbf", "t.csv", 20)
def test_any_text_is_a_table_or_a_data_error_whatever_the_block_size(
    tmp_path: Path, data: bytes, name: str, block: int
) -> None:
    whole = outcome(tmp_path / name, data, 1 << 20)
    pieces = outcome(tmp_path / name, data, block)
    if isinstance(whole, pl.DataFrame):
        assert isinstance(pieces, pl.DataFrame), pieces
        assert_frame_equal(whole, pieces)
    else:
        assert not isinstance(pieces, pl.DataFrame), whole


@given(st.binary(max_size=12), st.integers(0, 200), st.integers(0, 12))
def test_a_damaged_gzip_file_is_a_table_or_a_data_error(
    tmp_path: Path, put: bytes, start: int, cut: int
) -> None:
    data = gzip.compress(PLAIN * 3, mtime=0)
    outcome(tmp_path / "t.csv.gz", data[:start] + put + data[start + cut :], 64)


@given(st.binary(max_size=8), st.integers(0, 2000), st.integers(0, 12))
def test_a_damaged_parquet_file_is_a_table_or_a_data_error(
    tmp_path: Path, put: bytes, start: int, cut: int
) -> None:
    good = io.BytesIO()
    pl.DataFrame({"a": [1, 2, None], "b": ["x", None, "y"], "c": [0.5, 1.5, 2.5]}).write_parquet(good)
    data = good.getvalue()
    start = start % len(data)
    outcome(tmp_path / "t.parquet", data[:start] + put + data[start + cut :], 64)


TEXTS = st.text(st.sampled_from("ab ,;|\t\"\n'é中ü0"), max_size=8).map(lambda text: f"t{text}t")
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS | st.just(""),
        TEXTS,
    ),
    min_size=1,
    max_size=12,
)


def written(rows: list[tuple[object, ...]], delimiter: str, quoting: int, end: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerows([("whole", "decimal", "some", "text"), *rows])
    return stream.getvalue().replace("\n", end)


@given(
    ROWS,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.booleans(),
    st.integers(20, 200),
)
def test_delimiter_quoting_line_end_encoding_and_gzip_do_not_change_the_table(
    tmp_path: Path,
    rows: list[tuple[int, float, str, str]],
    delimiter: str,
    quoting: int,
    end: str,
    encoding: str,
    packed: bool,
    block: int,
) -> None:
    expected = pl.DataFrame(
        [(whole, decimal, some or None, text) for whole, decimal, some, text in rows],
        schema={"whole": pl.Int64, "decimal": pl.Float64, "some": pl.String, "text": pl.String},
        orient="row",
    )
    data = written(rows, delimiter, quoting, end).encode(encoding)
    found = outcome(tmp_path / "t", gzip.compress(data) if packed else data, block)
    assert isinstance(found, pl.DataFrame), found
    assert_frame_equal(found, expected, check_exact=True)
