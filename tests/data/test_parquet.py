"""Parquet files become the table's types; what cannot be used is refused before it is read."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from glassnet.data import parquet
from glassnet.data.table import read_table
from glassnet.errors import DataError

FRAME = pl.DataFrame({"a": pl.Series([1, None], dtype=pl.Int16), "b": ["x", "NA"], "c": [0.5, float("nan")]})


def test_parquet_is_known_by_its_content_and_read_gzipped_too(tmp_path: Path) -> None:
    plain = tmp_path / "data[1]"
    FRAME.write_parquet(plain)
    packed = tmp_path / "data.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        frame = read_table(path).frame
        assert frame.schema == {"a": pl.Int64, "b": pl.String, "c": pl.Float64}
        assert frame.rows() == [(1, "x", 0.5), (None, None, None)]


def test_columns_without_plain_values_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1], "image": [b"x"], "boxes": [[1, 2]]}).write_parquet(path)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert [problem.split(" must")[0] for problem in caught.value.problems] == [
        "t.parquet, column 'image'",
        "t.parquet, column 'boxes'",
    ]


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1 and nothing else PAR1", b"a,b\n1,2\n"])
def test_a_damaged_file_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(data)
    with pytest.raises(DataError, match="undamaged Parquet file"):
        read_table(path)


def test_few_bytes_that_stand_for_too_many_cells_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAX_UNPACK_FLOOR", 1 << 16)
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": pl.repeat(1, 1_000_000, eager=True)}).write_parquet(path)
    with pytest.raises(DataError, match="1 columns of 1,000,000 rows"):
        read_table(path)
