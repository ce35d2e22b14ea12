"""Tables with a column of photos, as bytes or as paths, and a column of labels."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from glassnet.data.image_problems import Problem
from glassnet.data.image_source import PhotoList
from glassnet.data.members import file_bytes, file_state
from glassnet.data.parquet import scanned
from glassnet.data.table import read_table
from glassnet.data.text_table import LABELS
from glassnet.data.textfile import opening_bytes
from glassnet.errors import DataError, did_you_mean, message
from glassnet.storage import file_sha256

CALLED = ("image", "img", "photo", "picture", "file", "filename", "file_name", "path", "图片", "图像")
"""What a column of photos is called where it cannot be told by its cells."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".jp2", ".ppm")
SAMPLE = 100
HELD = 256 << 20
"""Bytes of a Parquet file that are in memory at a time."""
PATH, LABEL = "path", "label"


def table_photos(path: Path, column: str | None, target: str | None) -> PhotoList:
    """Find the photos of a table file; of Parquet only their names and labels are read before they are used.

    Raises:
        DataError: it cannot be read, or has not the columns that are asked for.
    """
    if opening_bytes(path, 4) == b"PAR1":
        with scanned(path) as lazy:
            return _of_parquet(path, lazy, column, target)
    frame = read_table(path).frame
    column, target = _columns(path.name, frame.head(SAMPLE), column, target)
    paths = frame[column].cast(pl.String).to_list()
    return _listed(path, paths, _labels(frame, target), None, column, target, frame.columns)


def _of_parquet(path: Path, lazy: pl.LazyFrame, column: str | None, target: str | None) -> PhotoList:
    names = lazy.collect_schema().names()
    column, target = _columns(path.name, lazy.head(SAMPLE).collect(), column, target)
    kind = lazy.collect_schema()[column]
    frame = lazy.select([target] if target else []).collect()
    rows = lazy.select(pl.len()).collect().item()
    if kind == pl.String:
        paths = lazy.select(column).collect()[column].to_list()
        return _listed(path, paths, _labels(frame, target), None, column, target, names)
    cells = pl.col(column).struct.field("bytes") if isinstance(kind, pl.Struct) else pl.col(column)
    read = _Blocks(path, cells, rows)
    return _listed(path, [None] * rows, _labels(frame, target), read, column, target, names)


def _listed(
    path: Path,
    paths: Sequence[str | None],
    labels: list[str | None] | None,
    bytes_of: Callable[[int], bytes] | None,
    column: str,
    target: str | None,
    columns: Sequence[str],
) -> PhotoList:
    """Take the rows that have a label, all where there is no column of labels."""
    rows = [row for row in range(len(paths)) if labels is None or labels[row] is not None]
    missing = sorted(set(range(len(paths))) - set(rows))
    digest = hashlib.sha256(f"{file_sha256(path)} {column!r} {target!r}\n".encode())
    if bytes_of is None:
        for each in paths:
            digest.update(f"{each} {file_state(path.parent / (each or ''))}\n".encode())

    def read(index: int) -> bytes:
        row = rows[index]
        return bytes_of(row) if bytes_of else _of_cell(path, row, paths[row])

    return PhotoList(
        tuple(f"row {row + 1}" for row in rows),
        None if labels is None else tuple(labels[row] or "" for row in rows),
        digest.hexdigest(),
        read,
        path.name,
        target or "class",
        tuple(Problem(f"row {row + 1}", "it has no label", "fill in its cell") for row in missing),
        {each: "a photo model reads one column" for each in columns if each not in (column, target)},
    )


def _of_cell(path: Path, row: int, cell: str | None) -> bytes:
    must = f"{path.name}, row {row + 1} must name a photo beside the table"
    if not cell:
        raise DataError(message(must, "the cell is empty", "fill it in"))
    if "://" in cell:
        raise DataError(message(must, cell[:200], "download it yourself: nothing is downloaded here"))
    return file_bytes(path.parent / cell)


def _labels(frame: pl.DataFrame, target: str | None) -> list[str | None] | None:
    if target is None:
        return None
    cells = frame[target].cast(pl.String).str.strip_chars()
    return cells.set(cells == "", None).to_list()


def _columns(
    name: str, sample: pl.DataFrame, column: str | None, target: str | None
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
    if problems:
        raise DataError(problems)
    column = column or _photo_column(name, sample, target)
    others = [each for each in sample.columns if each != column and not sample[each].dtype.is_nested()]
    called = [each for each in others if each.lower() in LABELS]
    if target is None and len(others) == 1:
        target = others[0]
    elif target is None and others:
        if len(called) != 1:
            must, found = f"the labels of {name} must be in one column", ", ".join(map(repr, others[:20]))
            raise DataError(message(must, f"it could be any of {found}", "name it with --target COL"))
        target = called[0]
    return column, target


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


class _Blocks:
    """The bytes of a column of a Parquet file, some rows at a time: the last two blocks are kept."""

    def __init__(self, path: Path, cells: pl.Expr, rows: int) -> None:
        self._path, self._cells = path, cells.alias("bytes")
        self._rows = max(1, rows * HELD // (2 * max(path.stat().st_size, 1)))
        self._blocks: dict[int, pl.Series] = {}
        self._lock = threading.Lock()

    def __call__(self, row: int) -> bytes:
        place, inside = divmod(row, self._rows)
        with self._lock:
            if place not in self._blocks:
                for old in sorted(self._blocks)[:-1]:
                    del self._blocks[old]
                with scanned(self._path) as lazy:
                    some = lazy.slice(place * self._rows, self._rows).select(self._cells).collect()
                self._blocks[place] = some["bytes"]
            cell = self._blocks[place][inside]
        if cell is None:
            must = f"{self._path.name}, row {row + 1} must hold a photo"
            raise DataError(message(must, "the cell is empty", "fill it in"))
        return bytes(cell)
