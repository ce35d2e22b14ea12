"""What each column is: a number, a category, a date, ... decided from all its cells, with a reason.

The reason is shown to the user, who can overrule every role:

    >>> from glassnet.data.table import as_table
    >>> table = as_table({"hour": [*range(24)] * 10})
    >>> infer_roles(table)
    (ColumnRole(name='hour', role='category', reason='24 whole numbers 0..23: codes', format=None),)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import polars as pl

from glassnet.data.cells import LARGEST_WHOLE, Findings, canonical_text, plain, read_numbers, stripped
from glassnet.data.columns import WORD_PAIRS, checked_numbers
from glassnet.data.dates import MOST, Order, check_format, find_format, read_dates
from glassnet.errors import DataError, did_you_mean, message
from glassnet.recipe import ROLES, Role

if TYPE_CHECKING:
    from glassnet.data.table import Table

MOST_CODES = 32
"""Whole numbers with more distinct values than this are not taken for codes."""
MEASURED_COLUMNS = 8
"""More whole-number columns than this with the same range are measurements, such as pixels."""
FEWEST_COUNTED = 20
"""So many rows at least must count up for a column to be their number."""
_SAMPLE = 10_000
_LONG_WORDS, _LONG_LETTERS, _LONGEST_NAME = 5.0, 60.0, 40
_ID_NAME = re.compile(
    r"(?i:(?:^|[^a-z])(?:id|ids|idx|index|uuid|guid|no\.|nr\.?|row|key)$)|[a-z]I[dD]$|编号|序号|学号|工号|流水号"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,64}")
_WORDS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]{1,2}|[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]+"


@dataclass(frozen=True)
class ColumnRole:
    """What a column is taken for and why; ``format`` is the strptime format of dates that come as text."""

    name: str
    role: Role | Literal["dropped", "leak"]
    reason: str
    format: str | None = None


@dataclass(frozen=True)
class _Cells:
    """The filled cells of one column, and how many there are in all."""

    cells: pl.Series
    rows: int

    @property
    def name(self) -> str:
        return self.cells.name

    @property
    def has_missing(self) -> bool:
        return len(self.cells) < self.rows

    def sample(self) -> pl.Series:
        return self.cells.gather_every(max(1, len(self.cells) // _SAMPLE))


def infer_roles(
    table: Table,
    overrides: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    targets: Sequence[str] = (),
) -> tuple[ColumnRole, ...]:
    """Decide what each column is, in the table's order.

    Args:
        overrides: column and role; a date may say more: ``date:dayfirst``, ``date:monthfirst``, or
            ``date:`` and a strptime format.
        drop: columns to leave out; they come back as ``dropped``.
        targets: columns to be predicted; they are never taken for identifiers, text or measurements.

    Raises:
        DataError: a name is no column; a column cannot have the role asked for; numbers or dates have a
            few cells that cannot be read; dates can be read in two ways. All problems at once.
    """
    overrides = overrides or {}
    problems = _name_problems(table, {"role": [*overrides], "drop": drop, "target": targets})
    problems += [text for text in map(_override_problem, overrides, overrides.values()) if text]
    if problems:
        raise DataError(problems)
    measured = _measured_columns(table, [*targets, *overrides, *drop])
    roles = []
    for name in table.columns:
        try:
            if name in drop:
                roles.append(ColumnRole(name, "dropped", "asked for"))
            elif name in overrides:
                roles.append(_role_asked_for(table, name, overrides[name]))
            elif name in measured:
                roles.append(ColumnRole(name, "number", measured[name]))
            else:
                roles.append(_infer_role(_filled(table, name), table, name in targets))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return tuple(roles)


def _name_problems(table: Table, asked: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        message(f"{option} must name a column of {table.name}", repr(name), did_you_mean(name, table.columns))
        for option, names in asked.items()
        for name in names
        if name not in table.columns
    ]


def _override_problem(name: str, asked: str) -> str | None:
    role, _, detail = asked.partition(":")
    must = f"the role of column {name!r} must be a known role"
    if role not in ROLES:
        return message(must, repr(asked), did_you_mean(role, ROLES))
    if detail and role != "date":
        return message(must, repr(asked), f"write {role}")
    if detail and detail not in ("dayfirst", "monthfirst"):
        return check_format(detail)
    return None


def _filled(table: Table, name: str) -> _Cells:
    cells = plain(table.frame[name])
    if cells.dtype == pl.String:
        cells = stripped(cells)
    return _Cells(cells.drop_nulls(), table.rows)


def _infer_role(column: _Cells, table: Table, is_target: bool) -> ColumnRole:
    few = _few_values(column)
    if few and few[0] == "constant":
        return ColumnRole(column.name, *few)
    kind = column.cells.dtype
    if kind == pl.Boolean:
        return ColumnRole(column.name, "boolean", "true and false")
    if kind.is_temporal():
        return ColumnRole(column.name, "date", "times of day" if kind == pl.Time else "dates")
    if few:
        return ColumnRole(column.name, *few)
    if kind == pl.String:
        return _role_of_text(column, table, is_target)
    whole = _whole_numbers(column)
    if whole is None:
        return ColumnRole(column.name, "number", "numbers with decimals")
    return ColumnRole(column.name, *_role_of_whole(_Cells(whole, column.rows), is_target))


def _few_values(column: _Cells) -> tuple[Role, str] | None:
    """Decide columns with no value, one value, or two values that stand for false and true."""
    cells = column.cells
    if len(cells) == 0:
        return "constant", "no values"
    if _distinct_in_sample(column) > 4:
        return None
    different = canonical_text(cells.unique())
    if len(different) == 1 and not column.has_missing:
        return "constant", f"the same value in all rows: {_quoted(different[0])}"
    if len(different) == 1:
        return "category", f"{_quoted(different[0])} or missing"
    words = set(different.str.to_lowercase().to_list())
    pair = next((each for each in WORD_PAIRS if words == set(each)), None)
    return ("boolean", f"two values: {pair[0]} and {pair[1]}") if pair else None


def _distinct_in_sample(column: _Cells) -> int:
    return column.sample().n_unique()


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _whole_numbers(column: _Cells) -> pl.Series | None:
    """Return the cells as Int64 if all are whole numbers (floats may be, where some are missing)."""
    cells, sample = column.cells, column.sample()
    if cells.dtype == pl.Int64:
        return cells
    if not (sample == sample.round(0)).all():
        return None
    if not ((cells == cells.round(0)) & (cells.abs() < LARGEST_WHOLE)).all():
        return None
    return cells.cast(pl.Int64)


def _role_of_whole(column: _Cells, is_target: bool) -> tuple[Role, str]:
    cells = column.cells
    low, high = cast("int", cells.min()), cast("int", cells.max())
    span = f"{low}..{high}"
    if not is_target and _counts_rows(column, low):
        return "identifier", f"counts the rows, {span}"
    if not is_target and _ID_NAME.search(column.name) and cells.n_unique() == len(cells):
        return "identifier", "whole numbers, all different, and its name says so"
    distinct = _distinct_in_sample(column)
    if distinct <= MOST_CODES:
        distinct = cells.n_unique()
    if _are_codes(distinct, low, high, len(cells)):
        return "category", f"{distinct} whole numbers {span}: codes"
    return "number", f"whole numbers {span}"


def _counts_rows(column: _Cells, low: int) -> bool:
    cells = column.cells
    if column.has_missing or len(cells) < FEWEST_COUNTED or low not in (0, 1) or cells[0] != low:
        return False
    return bool((cells.diff().drop_nulls() == 1).all())


def _are_codes(distinct: int, low: int, high: int, rows: int) -> bool:
    """Few whole numbers from 0 or 1 on, nearly without gaps, each several times on average."""
    gapless = high - low + 1 <= 1.5 * distinct
    return distinct <= MOST_CODES and low in (0, 1) and gapless and rows >= 4 * distinct


def _measured_columns(table: Table, decided: Sequence[str]) -> dict[str, str]:
    """Find whole-number columns that are measurements because many others share their range.

    Where most such columns share one range (pixels of 0..16), those with a narrower range belong to them.
    """
    ranges: dict[str, tuple[int, int]] = {}
    for name in table.columns:
        number = table.frame[name].dtype.is_numeric() and name not in decided
        whole = _whole_numbers(_filled(table, name)) if number else None
        if whole is not None and len(whole):
            ranges[name] = (cast("int", whole.min()), cast("int", whole.max()))
    varying = Counter(each for each in ranges.values() if each[1] > each[0] + 1)
    shared, count = varying.most_common(1)[0] if varying else ((0, 0), 0)
    if count <= MEASURED_COLUMNS:
        return {}
    low, high = shared
    reason = f"{count} columns hold whole numbers {low}..{high}: measurements, not codes"
    most = count > sum(varying.values()) / 2
    return {
        name: reason
        for name, (least, greatest) in ranges.items()
        if (least, greatest) == shared or (most and low <= least < greatest <= high)
    }


def _role_of_text(column: _Cells, table: Table, is_target: bool) -> ColumnRole:
    name, cells = column.name, column.cells
    if format := find_format(cells, where=f"{table.name}, column {name!r}"):
        return ColumnRole(name, "date", f"dates written {format}", format)
    _refuse_if_mostly_numbers(column, table)
    distinct = _distinct_in_sample(column)
    sampled = min(len(cells), len(column.sample()))
    if is_target:
        return ColumnRole(name, "category", "text")
    if reason := _why_identifier(column, distinct, sampled):
        return ColumnRole(name, "identifier", reason)
    if reason := _why_text(column, distinct, sampled):
        return ColumnRole(name, "text", reason)
    return ColumnRole(name, "category", f"{cells.n_unique()} different texts")


def _refuse_if_mostly_numbers(column: _Cells, table: Table) -> None:
    """Refuse text that is numbers but for a few cells, naming those."""
    numbers = column.sample().cast(pl.Float64, strict=False)
    if numbers.null_count() > 0.5 * len(numbers):
        return
    numbers = column.cells.cast(pl.Float64, strict=False)
    if numbers.null_count() > (1 - MOST) * len(numbers) or numbers.drop_nulls().n_unique() < FEWEST_COUNTED:
        return
    cells = table.frame[column.name]
    log = Findings(table)
    do = f"correct it, or use --missing WORD, --role {column.name}=category or --drop {column.name}"
    log.unreadable(cells, read_numbers(cells)[1], "must be a number like the rest of its column", do)
    log.finish()


def _why_identifier(column: _Cells, distinct: int, sampled: int) -> str | None:
    if distinct < 0.95 * sampled or sampled < 3:
        return None
    sample = column.sample()
    if all(_UUID.fullmatch(cell) for cell in sample.head(100).to_list()):
        return "nearly all different, written as hexadecimal identifiers"
    if _ID_NAME.search(column.name):
        return "nearly all different, and its name says so"
    words = cast("float", sample.str.count_matches(_WORDS).mean())
    is_short = words <= _LONG_WORDS and cast("int", sample.str.len_chars().max()) <= _LONGEST_NAME
    if is_short and not sample.str.contains(r"\s").any():
        return "short texts without spaces, nearly all different"
    return None


def _why_text(column: _Cells, distinct: int, sampled: int) -> str | None:
    """Free text is long and seldom repeated, or hardly ever repeated at all; CJK words count two letters."""
    sample = column.sample()
    words = cast("float", sample.str.count_matches(_WORDS).mean())
    letters = cast("float", sample.str.len_chars().mean())
    repeats = sampled / distinct
    long = words > _LONG_WORDS or letters > _LONG_LETTERS
    if long and repeats < 20 and (distinct > MOST_CODES or repeats < 2):
        return f"free text, {words:.0f} words on average"
    if repeats < 2 and (distinct > MOST_CODES or distinct == sampled >= 3):
        return f"text, {distinct} of {sampled} different"
    return None


def _role_asked_for(table: Table, name: str, asked: str) -> ColumnRole:
    """Check that a column can have the role that the user asks for."""
    role, _, detail = asked.partition(":")
    cells = table.frame[name]
    log = Findings(table)
    if role == "number":
        checked_numbers(cells, log)
    if role == "boolean" and canonical_text(cells).str.to_lowercase().drop_nulls().n_unique() != 2:
        log.problem(_boolean_problem(table, name))
    format = _format_asked_for(table, name, detail, log) if role == "date" else None
    log.finish()
    reason = f"asked for, written {format}" if format else "asked for"
    return ColumnRole(name, cast("Role", role), reason, format)


def _boolean_problem(table: Table, name: str) -> str:
    values = canonical_text(table.frame[name]).str.to_lowercase().drop_nulls().unique().sort()
    shown = ", ".join(_quoted(each) for each in values.head(5).to_list())
    must = f"{table.name}, column {name!r} must have two values to be boolean"
    return message(must, f"{len(values)}: {shown}", f"use --role {name}=category")


def _format_asked_for(table: Table, name: str, detail: str, log: Findings) -> str | None:
    """Find the format of a column that the user says holds dates; whole numbers are read as 20240131."""
    cells = plain(table.frame[name])
    if cells.dtype.is_temporal():
        return None
    order = cast("Order", detail) if detail in ("dayfirst", "monthfirst") else None
    format: str | None = detail if detail and not order else None
    if not format and cells.dtype.is_numeric():
        format = "%Y%m%d"
    if not format and cells.dtype == pl.String:
        format = find_format(cells, order, f"{table.name}, column {name!r}")
    if not format and cells.dtype == pl.String and stripped(cells).str.contains(r"^\d{8}$").all():
        format = "%Y%m%d"
    if not format:
        must = f"{table.name}, column {name!r} must be written as dates in one format"
        log.problem(message(must, _quoted(cells.drop_nulls().first()), f"use --role '{name}=date:%d/%m/%Y'"))
        return None
    log.unreadable(cells, read_dates(cells, format)[1], f"must be a date written {format}", "correct it")
    return format
