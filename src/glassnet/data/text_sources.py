"""Where texts come from: a folder for each class, a table, lines beside labels, a zip of these, or memory.

=======================  ================================================================================
a folder, or a zip       one sub-folder a class, each text a ``.txt`` file in it (at any depth)
of the same              ``labels.txt`` and one other ``.txt``: one label and one text a line
                         one table
a file                   a table with a column of texts: CSV, TSV, Parquet, JSON lines; gzipped too
                         ``reviews.txt`` beside ``labels.txt``: one text and one label a line
                         any other ``.txt``, where no labels are needed: one text a line
in memory                a list of texts, or a frame, mapping or list of rows with a column of texts
=======================  ================================================================================

Hidden files are left out. Nothing is written to the disk.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from glassnet.data.members import ZIP, Member, members
from glassnet.data.named import FACTS, datasets
from glassnet.data.table import SUFFIXES, Table, as_table
from glassnet.data.text_rows import NAMED, TextRows, labels_of, no_texts, texts_of_bytes
from glassnet.data.text_store import Texts
from glassnet.data.text_table import Asked, file_rows, table_rows
from glassnet.data.textfile import Bytes, InMemory, opening_bytes
from glassnet.errors import DataError, GlassnetWarning, did_you_mean, message
from glassnet.storage import file_sha256

LABELS_FILE = "labels.txt"
TARGET = "label"
"""What labels are called that have no column."""
LAYOUT = "a folder with a sub-folder of .txt files for each class, a table, or reviews.txt beside labels.txt"


def read_texts(data: object, asked: Asked) -> TextRows:
    """Read texts, and their labels where there are any.

    Args:
        data: see the table above; a path wins over a named data set.
        asked: which columns, and whether there must be labels.

    Raises:
        DataError: it cannot be read, or holds no texts or not the columns that are asked for.
    """
    if isinstance(data, str | os.PathLike):
        return _of_path(Path(data), asked)
    if hasattr(data, "to_list") and not isinstance(data, pl.Series):  # a series of pandas
        data = data.to_list()
    if isinstance(data, list | tuple | np.ndarray) and all(isinstance(each, str | bytes) for each in data):
        return _unlabelled(Texts.of(data), f"a list of {len(data):,} texts", asked).with_sha256()
    if isinstance(data, pl.Series):
        return _unlabelled(Texts.of_column(data), "a Series", asked).with_sha256()
    found = table_rows(as_table(data, type(data).__name__, asked.missing), asked)
    return found.with_sha256()


def _of_path(path: Path, asked: Asked) -> TextRows:
    info = next((each for each in datasets() if each.name == str(path)), None)
    if info is not None and info.path and not path.exists():
        asked = asked if asked.target else replace(asked, target=info.target if asked.labelled else None)
        path = Path(info.path)
    if path.is_dir():
        with members(path) as found:
            return _of_members(found, path.name or str(path), asked).with_sha256()
    if not path.exists():
        raise _nothing(path)
    rows = _of_file(path, asked)
    return replace(rows, sha256=file_sha256(path))


def _of_file(path: Path, asked: Asked) -> TextRows:
    if opening_bytes(path, 4) == ZIP:
        with members(path) as found:
            return _of_members(found, path.name, asked)
    if path.suffix.lower() == ".txt":
        beside = path.with_name(LABELS_FILE)
        if beside.is_file() and path.name != LABELS_FILE:
            return _of_lines(path.name, _content(path), _content(beside), asked)
        if not asked.labelled and not _has_column(path, asked.column):
            return _of_lines(path.name, _content(path), None, asked)
        return _of_plain(path, asked)
    return file_rows(path, asked)


def _of_plain(path: Path, asked: Asked) -> TextRows:
    """Read a ``.txt`` file as the table that it has to be, having no labels beside it."""
    try:
        return file_rows(path, asked)
    except DataError as error:
        must = f"{path.name} must be a table, or have {LABELS_FILE} beside it"
        do = f"write a label for each line into {path.with_name(LABELS_FILE)}"
        raise DataError(message(must, f"there is none, and as a table: {error.problems[0]}", do)) from None


def _has_column(path: Path, column: str | None) -> bool:
    """Say whether the first line of a file names a column beside others."""
    line = opening_bytes(path, 1 << 16).split(b"\n")[0].decode("utf-8", "replace")
    return column in [
        cell.strip(' "\r\ufeff') for cell in line.replace("\t", ",").replace(";", ",").split(",")
    ]


def _content(path: Path) -> bytes:
    with Bytes(path) as content:
        return content.read(-1)


def _of_members(found: list[Member], name: str, asked: Asked) -> TextRows:
    top = [each for each in found if len(each.parts) == 1]
    plain = [each for each in top if each.suffix == ".txt"]
    labels = [each for each in plain if each.name == LABELS_FILE]
    tables = [each for each in top if SUFFIXES.intersection(Path(each.name.lower()).suffixes) - {".txt"}]
    if labels and len(plain) == 2:
        lines = next(each for each in plain if each.name != LABELS_FILE)
        return _of_lines(f"{name}/{lines.name}", lines.read(), labels[0].read(), asked)
    if len(tables) == 1:
        return file_rows(InMemory(f"{name}/{tables[0].name}", tables[0].read()), asked)
    classes = [each for each in found if len(each.parts) > 1 and each.suffix == ".txt"]
    if classes:
        return _of_classes(classes, len(found) - len(classes), name, asked)
    if plain and not asked.labelled:
        texts = texts_of_bytes([each.read() for each in plain], [str(each) for each in plain], name)
        return replace(_unlabelled(texts, name, asked), files=[str(each) for each in plain])
    held = ", ".join(str(each) for each in found[:NAMED]) or "nothing"
    must = f"{name} must be {LAYOUT}"
    raise DataError(message(must, f"it holds {held}", "put the texts of each class into a folder of its own"))


def _of_classes(found: list[Member], others: int, name: str, asked: Asked) -> TextRows:
    """Take a text from each file, and its label from the folder that holds it."""
    labels = [each.parts[0] for each in found]
    if asked.labelled and len(set(labels)) == 1 and len({each.parts[:2] for each in found}) < len(found):
        deeper = {each.parts[1] for each in found if len(each.parts) > 2}
        must, do = f"{name} must have a sub-folder for each class", "name the folder that holds the classes"
        if len(deeper) > 1:
            raise DataError(message(must, f"it has one, {labels[0]!r}, with folders in it", do))
    if others:
        told = f"{name}: {others:,} files are no .txt file in a folder of a class, and are left out"
        warnings.warn(told, GlassnetWarning, stacklevel=2)
    files = [str(each) for each in found]
    texts = texts_of_bytes([each.read() for each in found], files, name)
    target = asked.target or TARGET
    reason = "the name of the folder"
    beside = labels_of(labels, target, name)
    return TextRows(
        texts, beside, target=target, reason="one file, one text", target_reason=reason, files=files
    )


def _of_lines(name: str, content: bytes, labels: bytes | None, asked: Asked) -> TextRows:
    """Take a text from each line, and its label from the same line of another file."""
    lines = _lines(content)
    texts = texts_of_bytes(lines, _Numbered(len(lines)), name)
    if labels is None:
        return _unlabelled(texts, name, asked)
    words = [each.decode("utf-8", "replace") for each in _lines(labels)]
    if len(words) != len(lines):
        must = f"{name} and {LABELS_FILE} must have a line for each text"
        found = f"{len(lines):,} texts and {len(words):,} labels"
        raise DataError(message(must, found, "write one text and one label a line, in the same order"))
    target = asked.target or TARGET
    beside = labels_of(words, target, name)
    reason = f"the same line of {LABELS_FILE}"
    return TextRows(texts, beside, target=target, reason="one line, one text", target_reason=reason)


def _lines(content: bytes) -> list[bytes]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode()
    found = content.split(b"\n")
    return found[:-1] if not found[-1] else found


class _Numbered(Sequence[str]):
    """The names of lines, made when they are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        return f"line {place + 1}"


def _unlabelled(texts: Texts, name: str, asked: Asked) -> TextRows:
    """Take texts alone.

    Raises:
        DataError: there are none, or they should have labels.
    """
    if asked.labelled:
        must = f"{name} must have a label for each text"
        raise DataError(message(must, "it holds texts alone", f"give {LAYOUT}"))
    if not len(texts):
        raise no_texts(name)
    return TextRows(texts, Table(pl.DataFrame(), name))


def _nothing(path: Path) -> DataError:
    names = [name for name, facts in FACTS.items() if facts.kind == "text"]
    if path.parent.is_dir():
        names += [each.name for each in path.parent.iterdir()][:1000]
    must = f"the data must be texts: a folder, a file or a data set: {str(path)!r}"
    do = f"{did_you_mean(path.name, names)}; a text itself is --text TEXT, in Python a list: [text]"
    return DataError(message(must, "there is nothing of that name", do))
