"""Tables with a column of photos, as bytes or as paths, and a column of labels."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from glassnet.data.image_problems import Problem
from glassnet.data.image_source import SUFFIXES, PhotoList, photo_bytes
from glassnet.data.label_column import find_label_column
from glassnet.data.members import file_state
from glassnet.data.parquet import scanned
from glassnet.data.table import read_table
from glassnet.data.textfile import opening_bytes
from glassnet.errors import DataError, did_you_mean, message
from glassnet.storage import file_sha256

CALLED = ("image", "img", "photo", "picture", "file", "filename", "file_name", "path", "图片", "图像")
"""What a column of photos is called where it cannot be told by its cells."""
SAMPLE = 100
HELD = 256 << 20
"""Bytes of a Parquet file that are in memory at a time."""


class _Blocks:
    """The bytes of a column of a Parquet file, some rows at a time: the last two blocks are kept."""

    def __init__(self, path: Path, cells: pl.Expr, rows: int) -> None:
        self._path, self._cells = path, cells.alias("bytes")
        self._rows = max(1, rows * HELD // (2 * max(path.stat().st_size, 1)))
        self._blocks: dict[int, pl.Series | DataError] = {}
        self._lock = threading.Lock()

    def state(self) -> bytes:
        """Return nothing: the photos are in the table."""
        return b""

    def __call__(self, row: int) -> bytes:
        place, inside = divmod(row, self._rows)
        with self._lock:
            if place not in self._blocks:
                for old in list(self._blocks)[:-1]:
                    del self._blocks[old]
                self._blocks[place] = self._read(place)
            block = self._blocks[place]
        if isinstance(block, DataError):
            raise block
        cell = block[inside]
        if cell is None:
            must = f"{self._path.name}, row {row + 1} must hold a photo"
            raise DataError(message(must, "its cell is empty", "fill it in"))
        return bytes(cell)

    def _read(self, place: int) -> pl.Series | DataError:
        try:
            with scanned(self._path) as lazy:
                return lazy.slice(place * self._rows, self._rows).select(self._cells).collect()["bytes"]
        except DataError as error:
            return error


class _Cells:
    """The photos that the cells of a column name, as paths from the table's folder."""

    def __init__(self, path: Path, cells: list[str | None]) -> None:
        self._path, self._cells = path, cells

    def state(self) -> bytes:
        """Return what changes when the photos do."""
        states = (f"{each} {file_state(self._path.parent / (each or ''))}" for each in self._cells)
        return hashlib.sha256("\n".join(states).encode()).digest()

    def __call__(self, row: int) -> bytes:
        cell = self._cells[row]
        must = f"{self._path.name}, row {row + 1} must name a photo beside the table"
        if not cell:
            raise DataError(message(must, "its cell is empty", "fill it in"))
        if "://" in cell:
            do = "download it yourself: nothing is downloaded here"
            raise DataError(message(must, "its cell is an address on the web", do))
        return photo_bytes(self._path.parent / cell)


def _listed(
    path: Path,
    count: int,
    labels: list[str | None] | None,
    read: _Cells | _Blocks,
    used: tuple[str, str | None],
    columns: Sequence[str],
) -> PhotoList:
    """Take the rows that have a label, all where there is no column of labels."""
    rows = [row for row in range(count) if labels is None or labels[row] is not None]
    missing = sorted(set(range(count)) - set(rows))
    digest = hashlib.sha256(f"{file_sha256(path)} {used!r}\n".encode() + read.state())
    return PhotoList(
        tuple(f"row {row + 1}" for row in rows),
        None if labels is None else tuple(labels[row] or "" for row in rows),
        digest.hexdigest(),
        lambda index: read(rows[index]),
        path.name,
        used[1] or "class",
        tuple(Problem(f"row {row + 1}", "it has no label", "fill in its cell") for row in missing),
        {each: "a photo model reads one column" for each in columns if each not in used},
    )


def _labels(frame: pl.DataFrame, target: str | None, names: dict[str, str]) -> list[str | None] | None:
    if target is None:
        return None
    cells = frame[target].cast(pl.String).str.strip_chars()
    return [None if not cell else names.get(cell, cell) for cell in cells.to_list()]


def _class_names(path: Path, target: str) -> dict[str, str]:
    """Return the names of classes that are numbers, where the file has them as Hugging Face writes them."""
    try:
        found = json.loads(pl.read_parquet_metadata(path)["huggingface"])
        names = found["info"]["features"][target]["names"]
        return {str(number): str(name) for number, name in enumerate(names)}
    except (KeyError, TypeError, ValueError, OSError, pl.exceptions.PolarsError):
        return {}


def _columns(
    name: str, sample: pl.DataFrame, column: str | None, target: str | None, labelled: bool
) -> tuple[str, str | None]:
    """Find the columns of the photos and of the labels.

    Raises:
        DataError: they are not there, or cannot be told.
    """
    problems = [
        message(f"{name} must have the column {each!r}", "there is none", did_you_mean(each, sample.columns))
        for each in (column, target)
        if each is not None and each not in sample.columns
    ]
    if column is not None and column == target:
        must = "photos and labels must be two columns"
        problems.append(message(must, f"both are {column!r}", "name another --target or --column"))
    if problems:
        raise DataError(problems)
    column = column or _photo_column(name, sample, target)
    if not _holds_bytes(sample[column].dtype) and sample[column].dtype != pl.String:
        must, do = f"the column {column!r} of {name} must hold photos, as bytes or paths", "name another"
        raise DataError(message(must, f"it holds {sample[column].dtype}", do))
    others = [each.name for each in sample if each.name != column and not _is_no_label(each.dtype)]
    if target is None and (others or labelled):
        try:
            target = find_label_column(name, others, "photo")[0]
        except DataError:
            if labelled:
                raise
    return column, target


def _is_no_label(kind: pl.DataType) -> bool:
    return kind.is_nested() or kind.is_float() or kind == pl.Binary


def _photo_column(name: str, sample: pl.DataFrame, target: str | None) -> str:
    others = [each for each in sample if each.name != target]
    found = [each.name for each in others if _holds_bytes(each.dtype)]
    found = found or [each.name for each in others if each.dtype == pl.String and _holds_paths(each)]
    found = found or [each.name for each in others if each.dtype == pl.String and each.name.lower() in CALLED]
    if len(found) == 1:
        return found[0]
    must = f"the photos of {name} must be in one column"
    held = f"it could be any of {', '.join(map(repr, found))}" if found else "no column holds bytes or paths"
    raise DataError(message(must, held, "name it with --column COL"))


def _holds_bytes(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.Struct):
        return any(each.name == "bytes" and each.dtype == pl.Binary for each in kind.fields)
    return kind == pl.Binary


def _holds_paths(cells: pl.Series) -> bool:
    paths = [each for each in cells.to_list() if each]
    endings = [PurePosixPath(each).suffix.lower() for each in paths]
    return bool(paths) and sum(each in SUFFIXES for each in endings) * 2 > len(paths)


def table_photos(path: Path, column: str | None, target: str | None, labelled: bool) -> PhotoList:
    """Find the photos of a table file; of Parquet only their paths and labels are read before they are used.

    Raises:
        DataError: it cannot be read, or has not the columns that are asked for.
    """
    if opening_bytes(path, 4) == b"PAR1":
        with scanned(path) as lazy:
            return _of_parquet(path, lazy, column, target, labelled)
    frame = read_table(path).frame
    column, target = _columns(path.name, frame.head(SAMPLE), column, target, labelled)
    cells = _Cells(path, frame[column].cast(pl.String).to_list())
    return _listed(path, len(frame), _labels(frame, target, {}), cells, (column, target), frame.columns)


def _of_parquet(
    path: Path, lazy: pl.LazyFrame, column: str | None, target: str | None, labelled: bool
) -> PhotoList:
    schema = lazy.collect_schema()
    column, target = _columns(path.name, lazy.head(SAMPLE).collect(), column, target, labelled)
    rows = lazy.select(pl.len()).collect().item()
    labels = None
    if target is not None:
        labels = _labels(lazy.select(target).collect(), target, _class_names(path, target))
    read: _Cells | _Blocks
    if schema[column] == pl.String:
        read = _Cells(path, lazy.select(column).collect()[column].to_list())
    else:
        nested = isinstance(schema[column], pl.Struct)
        read = _Blocks(path, pl.col(column).struct.field("bytes") if nested else pl.col(column), rows)
    return _listed(path, rows, labels, read, (column, target), schema.names())
