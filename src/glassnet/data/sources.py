"""Where raw data comes from: a file, a frame in memory, or a data set with a name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from glassnet.data.bundled import BUNDLED
from glassnet.data.named import FACTS, DatasetInfo, datasets
from glassnet.data.synthetic import SYNTHETIC
from glassnet.data.table import SUFFIXES, Table, as_table, read_table
from glassnet.data.textfile import check_file
from glassnet.errors import DataError, did_you_mean, message
from glassnet.storage import file_sha256

__all__ = ["DatasetInfo", "Source", "content_sha256", "datasets", "open_source"]


@dataclass(frozen=True)
class Source:
    """Raw data that can be read, and what is known about it beforehand.

    Attributes:
        name: what messages and results call it.
        kind: what a row is.
        path: its file, None for what is in memory or has no file.
        sha256: of the file's bytes, or of the content where there is no file.
        roles: roles that a named set declares for its columns.
        target: the column that a named set is meant to predict.
    """

    name: str
    kind: Literal["table"]
    path: Path | None
    sha256: str | None
    roles: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    read: Callable[[], Table] = field(kw_only=True, repr=False, compare=False)

    def load(self) -> Table:
        """Read the data.

        Raises:
            DataError: the file cannot be read or is no whole table.
        """
        return self.read()


def open_source(data: object, missing: tuple[str, ...] = ()) -> Source:
    """Find the data that a request names.

    Args:
        data: a path (a string or a Path), else the name of a data set; or a table in memory, as
            `glassnet.data.table.as_table` takes it. A file wins over a data set of the same name.
        missing: words that stand for a missing cell, beside the usual ones.

    Raises:
        DataError: there is neither such a file nor such a data set, or the set cannot be used here.
    """
    if isinstance(data, Source):
        return data
    if not isinstance(data, str | os.PathLike):
        return _in_memory(as_table(data, type(data).__name__, missing))
    path = Path(data)
    info = next((each for each in datasets() if each.name == str(data)), None)
    if os.path.isfile(path) or (info is None and os.path.exists(path)):
        return _file(path, missing)
    if info is None:
        raise DataError(_nothing_found(path))
    return _named(info, missing)


def content_sha256(table: Table) -> str:
    """Return a SHA-256 of the names, types and values of a table's columns, in 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for column in table.frame:
        digest.update(f"{column.name!r} {column.dtype} {len(column)}\n".encode())
        digest.update(np.packbits(column.is_null().to_numpy()).tobytes())
        if column.dtype == pl.String:
            lengths = column.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
            digest.update(lengths.astype("<i8").tobytes())
            digest.update((column.str.join("").item() or "").encode())
        elif column.dtype == pl.Float64:
            digest.update(column.fill_null(0.0).to_numpy().astype("<f8").tobytes())
        else:
            digest.update(column.cast(pl.Int64).fill_null(0).to_numpy().astype("<i8").tobytes())
    return digest.hexdigest()


def _file(path: Path, missing: tuple[str, ...]) -> Source:
    check_file(path)
    return Source(path.name, "table", path, file_sha256(path), read=lambda: read_table(path, missing))


def _in_memory(table: Table, roles: Mapping[str, str] | None = None, target: str | None = None) -> Source:
    return Source(table.name, "table", None, content_sha256(table), roles or {}, target, read=lambda: table)


def _named(info: DatasetInfo, missing: tuple[str, ...]) -> Source:
    facts = FACTS[info.name]
    if info.kind != "table":
        must = f"the data must be a table: {info.name!r}"
        do = "name a table; `glassnet datasets` lists them"
        if info.kind in ("text", "image"):
            do = f"say --task {info.kind}"
        raise DataError(message(must, f"it is a set of {info.kind}s", do))
    make = BUNDLED.get(info.name) or SYNTHETIC.get(info.name)
    if make is not None:
        return _in_memory(as_table(make(), info.name, missing), facts.roles, info.target)
    path = Path(info.path or "")
    if not info.available:
        must = f"the data set {info.name!r} must be in your folder of data ({info.publisher})"
        raise DataError(message(must, f"there is no {str(path)!r}", _where_to_put(facts.file or "")))
    file = _file(path, missing)
    return Source(info.name, "table", path, file.sha256, facts.roles, info.target, read=file.read)


def _where_to_put(file: str) -> str:
    if "GLASSNET_DATA" in os.environ:
        return "put it there"
    return f"set the environment variable GLASSNET_DATA to a folder that holds {file}"


def _nothing_found(path: Path) -> str:
    names = list(FACTS)
    try:
        names += [each.name for each in path.parent.iterdir() if SUFFIXES.intersection(each.suffixes)]
        where = f"no such file in {str(path.parent.resolve())!r}"
    except (OSError, ValueError):
        where = f"no folder {str(path.parent)!r}"
    must = f"the data must be a table file or the name of a data set: {str(path)!r}"
    return message(must, f"there is {where}, and no data set of that name", did_you_mean(path.name, names))
