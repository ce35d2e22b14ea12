"""Data that is in memory already becomes columns of the few types that a table has.

Those types are Int64, Float64, Boolean, String, Date, Datetime (microseconds, no zone) and Time. A wider
or narrower number becomes one of the two, a categorical its text, a time with a zone the same moment in
UTC. What has no single value in a cell (lists, records, bytes) is refused by name.
"""

from __future__ import annotations

import datetime
import decimal
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.data.narrow import blank_words
from glassnet.errors import DataError, message

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((bool, np.bool_), "boolean"),
    ((int, np.integer), "integer"),
    ((float, np.floating, decimal.Decimal), "decimal"),
    (str, "text"),
    (datetime.datetime, "moment"),
    (datetime.date, "day"),
    (datetime.time, "time"),
)


def as_frame(data: object, name: str, missing: frozenset[str]) -> pl.DataFrame:
    """Return any supported table as a polars frame of plain types, missing cells null.

    Raises:
        DataError: not a table, no rows, a column named twice, columns of unequal length, or cells
            that no plain type holds; all columns are checked before it is raised.
    """
    try:
        columns = _columns(data, name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise _not_a_table(name, str(error).splitlines()[0]) from None
    return plain_frame(columns, name, missing)


def plain_frame(columns: Sequence[pl.Series], name: str, missing: frozenset[str]) -> pl.DataFrame:
    """Join columns into one frame of plain types; raises as `as_frame` does."""
    problems = [
        _twice(name, each, count) for each, count in Counter(c.name for c in columns).items() if count > 1
    ]
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join(f"{column.name!r} has {len(column)}" for column in columns[:10])
        problems.append(
            message(f"the columns of {name} must be equally long", lengths, "fill in the missing cells")
        )
    if not columns or not len(columns[0]):
        problems.append(
            message(f"{name} must hold at least one row", "it holds none", "check how it was made")
        )
    plain = []
    for column in columns:
        try:
            plain.append(blank_words(plain_column(column, name), missing))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return pl.DataFrame(plain)


def plain_column(column: pl.Series, name: str) -> pl.Series:
    """Return a column with one of the table's types; not-a-number is left for `blank_words`.

    Raises:
        DataError: it holds lists, records, bytes, durations or other things without a plain value.
    """
    dtype = column.dtype
    if dtype == pl.Object:
        return column_of_objects(column.name, column.to_list(), name)
    if dtype.is_integer():
        whole = column.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == column.null_count() else column.cast(pl.Float64)
    if dtype.is_float() or dtype.is_decimal():
        return column.cast(pl.Float64)
    if isinstance(dtype, pl.Datetime):
        zoned = (
            column
            if dtype.time_zone is None
            else column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        )
        return zoned.cast(pl.Datetime("us"))
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Null):
        return column.cast(pl.String)
    if dtype in (pl.String, pl.Boolean, pl.Date, pl.Time):
        return column
    raise DataError(_no_plain_value(name, column.name, str(dtype)))


def column_of_objects(column: str, values: Sequence[object], name: str, as_text: bool = False) -> pl.Series:
    """Return Python objects as a column of one type; a mixture becomes text.

    Whole numbers beyond 64 bits make the column decimal. None and the missing values of NumPy and pandas
    are null.

    Raises:
        DataError: a cell has no plain value; the first such row is named.
    """
    kinds = {each: _kind(each) for each in set(map(type, values))}
    strange = next((row for row, value in enumerate(values, 1) if kinds[type(value)] == "strange"), None)
    if strange is not None:
        found = f"{type(values[strange - 1]).__name__} in row {strange}"
        raise DataError(_no_plain_value(name, column, found))
    filled = (
        [None if kinds[type(value)] == "missing" else value for value in values]
        if "missing" in kinds.values()
        else values
    )
    try:
        return _typed(column, filled, set(kinds.values()) - {"missing"}, as_text)
    except (UnicodeEncodeError, pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError) as error:
        raise DataError(_no_plain_value(name, column, str(error).splitlines()[0])) from None


def _kind(kind: type) -> str:
    if kind is type(None) or kind.__name__ in ("NAType", "NaTType"):
        return "missing"
    return next((name for types, name in _KINDS if issubclass(kind, types)), "strange")


def _typed(column: str, values: Sequence[Any], kinds: set[str], as_text: bool) -> pl.Series:
    if not kinds:
        return pl.Series(column, values, pl.String)
    if as_text:
        return pl.Series(column, [_spelled(value) for value in values], pl.String)
    if kinds == {"integer"} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pl.Series(column, values, pl.Int64)
    if kinds <= {"integer", "decimal"}:
        return pl.Series(column, [None if value is None else _decimal(value) for value in values], pl.Float64)
    if kinds <= {"moment", "day"} and "moment" in kinds:
        return pl.Series(
            column, [None if value is None else _moment(value) for value in values], pl.Datetime("us")
        )
    plain = {"boolean": pl.Boolean, "day": pl.Date, "time": pl.Time, "text": pl.String}
    if len(kinds) == 1:
        return pl.Series(column, values, plain[kinds.pop()])
    return _typed(column, values, kinds, as_text=True)


def _spelled(value: object) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _decimal(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _moment(value: Any) -> datetime.datetime:
    if not isinstance(value, datetime.datetime):
        return datetime.datetime(value.year, value.month, value.day)
    return value if value.tzinfo is None else value.astimezone(datetime.UTC).replace(tzinfo=None)


def _columns(data: object, name: str) -> list[pl.Series]:
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    if isinstance(data, pl.DataFrame):
        return data.get_columns()
    if isinstance(data, np.ndarray):
        return _from_array(data, name)
    if isinstance(data, Mapping):
        return [_from_values(str(column), values, name) for column, values in data.items()]
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        names = dict.fromkeys(column for row in data for column in row)
        return [column_of_objects(str(each), [row.get(each) for row in data], name) for each in names]
    try:
        import narwhals as nw

        frame = nw.from_native(data, eager_only=True)  # type: ignore[call-overload]
    except TypeError:
        raise _not_a_table(name, f"a {type(data).__name__}") from None
    if frame.implementation.is_pandas_like():
        return _from_pandas(frame.to_pandas(), name)
    return list(frame.to_polars().get_columns())


def _from_array(data: NDArray[Any], name: str) -> list[pl.Series]:
    if data.ndim != 2:
        do = "reshape it to (rows, columns)"
        raise DataError(message(f"{name} must be an array with 2 dimensions", f"ndim={data.ndim}", do))
    return [_from_vector(f"x{index + 1}", data[:, index], name) for index in range(data.shape[1])]


def _from_vector(column: str, values: NDArray[Any], name: str) -> pl.Series:
    kind = values.dtype.kind
    if kind == "f":
        return pl.Series(column, np.ascontiguousarray(values, np.float64))
    if kind in "iub":
        return pl.Series(column, np.ascontiguousarray(values))
    if kind == "M":
        return pl.Series(column, values.astype("datetime64[us]"))
    return column_of_objects(column, values.tolist(), name)


def _from_values(column: str, values: object, name: str) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(column)
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return _from_vector(column, values, name)
    is_one_value = isinstance(values, str | bytes | Mapping) or getattr(values, "ndim", 1) == 0
    if is_one_value or not isinstance(values, Iterable):
        do = "write a list with one value a row"
        raise DataError(
            message(f"{name}: column {column!r} must be a list", f"a {type(values).__name__}", do)
        )
    return column_of_objects(column, list(values), name)


def _from_pandas(data: Any, name: str) -> list[pl.Series]:
    columns = []
    for index, label in enumerate(data.columns):
        values = data.iloc[:, index]
        kind = type(values.dtype).__name__
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiubM":
            columns.append(_from_vector(str(label), values.to_numpy(), name))
        elif kind == "DatetimeTZDtype":
            moments = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
            columns.append(_from_vector(str(label), moments, name))
        else:
            objects = [None if gone else value for value, gone in zip(values, values.isna(), strict=True)]
            columns.append(column_of_objects(str(label), objects, name, as_text=kind == "CategoricalDtype"))
    return columns


def _not_a_table(name: str, found: str) -> DataError:
    do = "pass a pandas, polars or Arrow frame, a NumPy array (rows, columns) or a dictionary of lists"
    return DataError(message(f"{name} must be a table", found, do))


def _twice(name: str, column: str, count: int) -> str:
    do = "rename all but one of them"
    return message(f"{name}: each column must have a name of its own", f"{count} are named {column!r}", do)


def _no_plain_value(name: str, column: str, found: str) -> str:
    must = f"{name}, column {column!r} must hold one number, text, date or truth value in each cell"
    return message(must, found, "turn it into plain columns, or leave it out")
