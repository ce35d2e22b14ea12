"""Tables with a column of texts: which column that is, which holds the labels, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from glassnet.data.frames import plain_column
from glassnet.data.label_column import LABELS, find_label_column
from glassnet.data.narrow import missing_words
from glassnet.data.parquet import scanned
from glassnet.data.roles import infer_roles
from glassnet.data.table import Table, as_table, read_table
from glassnet.data.text_rows import TextRows
from glassnet.data.text_store import Texts
from glassnet.data.textfile import File, opening_bytes
from glassnet.errors import DataError, did_you_mean, message

SAMPLE = 500
"""Rows by which the columns are told apart."""
WORDS = ("text", "category", "identifier")
"""Roles of columns that may hold texts, short ones too, which are taken for categories."""
FAR_LONGER = 4.0
"""A column whose texts are so many times as long as any other's is the text."""


@dataclass(frozen=True)
class Asked:
    """What a request says of the columns.

    Attributes:
        column: that of the texts; None: to be found.
        target: that of the labels; None: to be found.
        beside: other columns that are needed: of groups and of weights.
        labelled: whether there must be labels; False: they are taken where ``target`` is there.
        missing: words for a missing cell.
    """

    column: str | None = None
    target: str | None = None
    beside: tuple[str, ...] = ()
    labelled: bool = True
    missing: tuple[str, ...] = ()


def file_rows(path: File, asked: Asked) -> TextRows:
    """Read a table file; of Parquet only the columns that are used."""
    words = missing_words(asked.missing)
    if opening_bytes(path).startswith(b"PAR1"):
        with scanned(path) as lazy:
            names = lazy.collect_schema().names()
            sample = lazy.head(SAMPLE).collect()

            def of_file(wanted: Sequence[str]) -> Table:
                return as_table(lazy.select(wanted).collect(), path.name, tuple(words))

            return _rows(path.name, names, sample, of_file, asked)
    return table_rows(read_table(path, asked.missing), asked)


def table_rows(table: Table, asked: Asked) -> TextRows:
    """Take a table in memory."""

    def of_table(wanted: Sequence[str]) -> Table:
        return Table(table.frame.select(wanted), table.name)

    return _rows(table.name, table.columns, table.frame.head(SAMPLE), of_table, asked)


def _rows(
    name: str,
    names: Sequence[str],
    sample: pl.DataFrame,
    read: Callable[[Sequence[str]], Table],
    asked: Asked,
) -> TextRows:
    _check_names(name, names, asked)
    usable = _usable(sample)
    column, why = _find_column(name, usable, asked)
    target, why_target = _find_target(name, usable, column, asked)
    beside = dict.fromkeys([*([target] if target else []), *asked.beside])
    table = read([column, *(each for each in beside if each != column)])
    cells = table.frame[column]
    texts = Texts.of_column(cells if cells.dtype == pl.String else cells.cast(pl.String))
    used = {column, *beside}
    left = {each: "a text model reads one column" for each in names if each not in used}
    others = Table(table.frame.select(list(beside)), name)
    return TextRows(texts, others, column, target, why, why_target, left)


def _check_names(name: str, names: Sequence[str], asked: Asked) -> None:
    needed = [asked.column, *([asked.target] if asked.labelled else []), *asked.beside]
    problems = [
        message(f"{name} must have the column {each!r}", "there is none", did_you_mean(each, names))
        for each in dict.fromkeys(needed)
        if each is not None and each not in names
    ]
    if asked.column is not None and asked.column == asked.target:
        must = "texts and labels must be two columns"
        problems.append(message(must, f"both are {asked.column!r}", "name another --target or --column"))
    if problems:
        raise DataError(problems)


def _usable(sample: pl.DataFrame) -> Table:
    """Return the columns that hold plain values, as a table of its first rows."""
    found = []
    for cells in sample:
        try:
            found.append(plain_column(cells, "data"))
        except DataError:
            continue
    return Table(pl.DataFrame(found), "data")


def _find_target(name: str, sample: Table, column: str, asked: Asked) -> tuple[str | None, str]:
    if asked.target is not None:
        return (asked.target if asked.target in sample.columns else None), "asked for"
    if not asked.labelled:
        return None, ""
    others = [each for each in sample.columns if each != column and each not in asked.beside]
    return find_label_column(name, others, "text")


def _find_column(name: str, sample: Table, asked: Asked) -> tuple[str, str]:
    if asked.column is not None:
        return asked.column, "asked for"
    called = {each for each in sample.columns if each.lower() in LABELS}
    others = called if asked.target is None else {asked.target}
    strings = [
        each.name
        for each in sample.frame
        if each.dtype == pl.String and each.name not in others and each.name not in asked.beside
    ]
    lengths = _lengths(sample, strings, ("text",)) or _lengths(sample, strings, WORDS)
    by_length = sorted(lengths, key=lambda each: -lengths[each])
    first, rest = next(iter(by_length), None), by_length[1:]
    if first is None and len(strings) == 1 and not asked.labelled:
        return strings[0], "the only column of text"
    if first is not None and all(lengths[first] >= FAR_LONGER * lengths[each] for each in rest):
        why = f"the only text, {lengths[first]:.0f} letters on average"
        if rest:
            why = f"by far the longest texts, {lengths[first]:.0f} letters on average"
        return first, why
    must = f"the texts of {name} must be in one column"
    found = f"it could be any of {', '.join(map(repr, by_length))}"
    if not lengths:
        found = "no column holds texts"
    raise DataError(message(must, found, "name it with --column COL"))


def _lengths(sample: Table, columns: Sequence[str], roles: Sequence[str]) -> dict[str, float]:
    """Return how many letters the cells have on average, of the columns with one of these roles."""
    some = Table(sample.frame.select(columns), sample.name)
    chosen = [each.name for each in infer_roles(some) if each.role in roles]
    lengths = {name: some.frame[name].cast(pl.String).str.len_chars().mean() for name in chosen}
    return {name: float(length) for name, length in lengths.items() if isinstance(length, int | float)}
