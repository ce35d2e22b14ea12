"""Tables in JSON lines: one object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import polars as pl

from glassnet.data.frames import column_of_objects, plain_frame
from glassnet.data.textfile import MAX_COLUMNS, TextFile
from glassnet.errors import DataError, message

MAX_PROBLEMS = 20


def read_json_lines(file: TextFile, missing: frozenset[str]) -> pl.DataFrame:
    """Read one object a line; a key that an object lacks is a missing cell, a mixture of types is text.

    Raises:
        DataError: a line that is no JSON object, names a key twice or nests values; up to 20 are named.
        UnicodeDecodeError: the file is not in this encoding.
    """
    chunks, rows = _chunks(file, None)
    mixed = {key for key, parts in chunks.items() if _common_type(parts) is None}
    if mixed:
        chunks |= _chunks(file, mixed)[0]
    return plain_frame([_joined(key, parts, rows) for key, parts in chunks.items()], file.name, missing)


def _chunks(file: TextFile, as_text: set[str] | None) -> tuple[dict[str, list[tuple[int, pl.Series]]], int]:
    """Return the parts of each column with the row at which they start, and the number of rows.

    With ``as_text``, only those columns are read, spelled as text.
    """
    chunks: dict[str, list[tuple[int, pl.Series]]] = {}
    start = 0
    for records in _records(file):
        keys = dict.fromkeys(key for record in records for key in record)
        _check_width(file, len(chunks.keys() | keys))
        for key in keys if as_text is None else as_text.intersection(keys):
            cells = [record.get(key) for record in records]
            part = column_of_objects(key, cells, file.name, as_text=as_text is not None)
            chunks.setdefault(key, []).append((start, part))
        start += len(records)
    return chunks, start


def _common_type(parts: list[tuple[int, pl.Series]]) -> pl.DataType | None:
    types = {part.dtype for _, part in parts if part.null_count() < len(part)}
    if types == {pl.Int64(), pl.Float64()}:
        return pl.Float64()
    return types.pop() if len(types) == 1 else None if types else pl.String()


def _joined(key: str, parts: list[tuple[int, pl.Series]], rows: int) -> pl.Series:
    dtype = _common_type(parts) or pl.String()
    pieces: list[pl.Series] = []
    filled = 0
    for start, part in parts:
        pieces += [pl.Series([None] * (start - filled), dtype=dtype), part.cast(dtype)]
        filled = start + len(part)
    pieces.append(pl.Series([None] * (rows - filled), dtype=dtype))
    whole: pl.Series = pl.concat(pieces, rechunk=True)
    return whole.alias(key)


def _check_width(file: TextFile, width: int) -> None:
    if width > MAX_COLUMNS:
        found = f"its objects have at least {width:,} different keys"
        do = "keep the columns that you need"
        raise DataError(message(f"{file.name} must have at most {MAX_COLUMNS:,} columns", found, do))


def _records(file: TextFile) -> Iterator[list[dict[str, Any]]]:
    problems: list[str] = []
    line = row = 0
    for block in file.blocks():
        records = []
        for text in block.decode().split("\n")[:-1]:
            line += 1
            if not text.strip():
                continue
            row += 1
            try:
                records.append(_record(text))
            except (ValueError, RecursionError) as error:
                reason = f"line {line} does not ({error})"
                do = "write one flat object a line, each key once: texts, numbers, true, false or null"
                problems.append(message(f"{file.name}, row {row} must be one JSON object", reason, do))
                if len(problems) == MAX_PROBLEMS:
                    raise DataError(problems) from None
        if records and not problems:
            yield records
    if problems:
        raise DataError(problems)


def _record(text: str) -> dict[str, Any]:
    record = json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    if not isinstance(record, dict):
        raise ValueError(f"it holds a {type(record).__name__}")
    for key, value in record.items():
        if isinstance(value, dict | list):
            raise ValueError(f"column {key!r} holds {'an object' if isinstance(value, dict) else 'a list'}")
    if "\\u" in text:  # an escape can spell half a character, which no file could hold
        for part in (*record, *record.values()):
            str(part).encode()
    return record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    return record if len(record) == len(pairs) else _refuse_twice([key for key, _ in pairs])


def _refuse_twice(keys: list[str]) -> NoReturn:
    raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else float(digits)
