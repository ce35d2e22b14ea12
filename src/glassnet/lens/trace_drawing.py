"""The drawing of a traced network: a column for each layer, lines along which numbers flow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.trace_codes import code, codes_in, divide
from glassnet.lens.trace_ledger import Ledger, Sheet
from glassnet.lens.trace_view import Trace

MOST_UNITS = 8
"""Of a wider layer the first units are drawn, and those that the chosen number depends on."""
MOST_COLUMNS = 14
_DRAWN = ("input", "weighted sum", "activation", "pooling", "answer")
PICTURE = 4
"""Dimensions of a batch of pictures: rows, channels, height, width."""
_FEW = 64
_STEP, _GAP, _TOP = 92, 40, 64


@dataclass(frozen=True)
class Unit:
    """One drawn number: where, and whether it is one of a picture."""

    code: int
    x: float
    y: float
    picture: bool


def drawing(trace: Trace, start: int) -> Markup:
    """Draw the layers of the row that a number belongs to; each unit carries the code of its number.

    The script lights the units and lines of the path that a reader opens.
    """
    columns = _centred(_columns(trace, start))
    units = {each.code: each for column in columns for each in column}
    if not units:
        return Markup("")
    height = max(each.y for each in units.values()) + 44
    width = _STEP * len(columns) + 10
    lines = [*_lines(trace.ledger, units)]
    circles = [_drawn(trace.ledger, each) for each in units.values()]
    heads = [*_heads(trace.ledger, columns)]
    return element(
        "svg",
        element("title", "The network: a column for each layer; click a unit to open its number"),
        *lines,
        *circles,
        *heads,
        viewBox=f"0 0 {width} {height}",
        style=f"min-width:{min(width, 900)}px;max-width:{width}px",
        role="img",
    )


def _columns(trace: Trace, start: int) -> list[list[Unit]]:
    ledger = trace.ledger
    sheets = [
        ledger.sheets[number]
        for section in trace.sections
        if section.title in ("row", "in", "forward", "answer")
        for number in section.sheets
        if ledger.sheets[number].kind in _DRAWN
    ]
    if len(sheets) > MOST_COLUMNS:
        half = MOST_COLUMNS // 2
        sheets = [*sheets[:half], *sheets[-half:]]
    wanted = _near(ledger, start)
    return [_column(sheet, at, wanted) for at, sheet in enumerate(sheets)]


def _centred(columns: list[list[Unit]]) -> list[list[Unit]]:
    """Move shorter columns down to the middle of the longest."""
    tallest = max(map(len, columns), default=0)
    return [
        [replace(unit, y=unit.y + _GAP * (tallest - len(column)) / 2) for unit in column]
        for column in columns
    ]


def _near(ledger: Ledger, start: int) -> set[int]:
    """Return the numbers that a number comes from, a few steps back, the first ones of each step."""
    found, layer = {start}, [start]
    for _ in range(2 * MOST_COLUMNS):
        sources = dict[int, None]()
        for each in layer:
            pieces = ledger.pieces(each)
            sources |= dict.fromkeys(list(dict.fromkeys(codes_in(pieces or ())))[:MOST_UNITS])
        layer = [each for each in sources if each not in found][:MOST_UNITS]
        found |= set(layer)
    return found


def _column(sheet: Sheet, at: int, wanted: set[int]) -> list[Unit]:
    """Place the units of one layer for one row; of a picture, one number of each channel."""
    shape = sheet.shape
    picture, per_row = len(shape) >= PICTURE, _per_row(sheet)
    rows = {divide(each)[1] // per_row for each in wanted if divide(each)[0] == sheet.number}
    first = min(rows, default=0) * per_row
    if picture:
        each = math.prod(shape[2:])
        places = [first + c * each + each // 2 for c in range(shape[1])]
        chosen = [divide(w)[1] for w in wanted if divide(w)[0] == sheet.number]
        places = [next((p for p in chosen if p // each == q // each), q) for q in places]
    else:
        places = list(range(first, first + per_row))
    kept = places[:MOST_UNITS]
    if len(places) > MOST_UNITS:
        lit = [p for p in places if code(sheet.number, p) in wanted][: MOST_UNITS // 2]
        kept = sorted({*places[: MOST_UNITS - len(lit)], *lit})
    x = 46 + at * _STEP
    return [Unit(code(sheet.number, p), x, _TOP + i * _GAP, picture) for i, p in enumerate(kept)]


def _per_row(sheet: Sheet) -> int:
    """Return how many numbers of a sheet belong to one row; a few of three dimensions are taken together."""
    together = len(sheet.shape) < 2 or (len(sheet.shape) == 3 and len(sheet.values) <= _FEW)
    return len(sheet.values) if together else math.prod(sheet.shape[1:])


def _lines(ledger: Ledger, units: dict[int, Unit]) -> Iterator[Markup]:
    """Draw a line from each drawn unit to each drawn unit that it goes into, over whatever lies between."""
    sheets = {divide(each)[0] for each in units}
    for each, unit in units.items():
        for source in _drawn_sources(ledger, each, sheets, units):
            other = units[source]
            yield element(
                "line",
                x1=other.x + 13,
                y1=other.y,
                x2=unit.x - 13,
                y2=unit.y,
                class_="wire",
                data_from=str(source),
                data_to=str(each),
            )


def _drawn_sources(ledger: Ledger, start: int, sheets: set[int], units: dict[int, Unit]) -> list[int]:
    """Return the drawn units that a number comes from, by way of numbers that are not drawn.

    Only numbers of sheets without a column are followed, so a line never passes a layer by.
    """
    found, left, seen = list[int](), [start], {start}
    while left and len(seen) < 4000:
        sources = np.unique(np.fromiter(codes_in(ledger.pieces(left.pop()) or ()), dtype=np.int64))
        for each in sources.tolist():
            if each in seen:
                continue
            seen.add(each)
            if each in units:
                found.append(each)
            elif divide(each)[0] not in sheets:
                left.append(each)
            elif units[start].picture or len(ledger.sheets[divide(each)[0]].shape) >= PICTURE:
                found += [one for one in units if _same_channel(ledger, one, each) and one not in found]
    return found


def _same_channel(ledger: Ledger, one: int, other: int) -> bool:
    """Whether two numbers lie in the same channel of a picture."""
    (sheet, a), (owner, b) = divide(one), divide(other)
    shape = ledger.sheets[sheet].shape
    return sheet == owner and len(shape) >= PICTURE and a // math.prod(shape[2:]) == b // math.prod(shape[2:])


def _drawn(ledger: Ledger, unit: Unit) -> Markup:
    name = ledger.title(unit.code)
    said = element("title", f"{name} = {ledger.value(unit.code):.6g}")
    shared = {"class_": "unit", "data_code": str(unit.code), "tabindex": "0", "role": "button"}
    if unit.picture:
        return element("rect", said, x=unit.x - 12, y=unit.y - 12, width=24, height=24, **shared)
    return element("circle", said, cx=unit.x, cy=unit.y, r=12, **shared)


def _heads(ledger: Ledger, columns: list[list[Unit]]) -> Iterator[Markup]:
    for at, column in enumerate(columns):
        sheet = ledger.sheets[divide(column[0].code)[0]]
        per_row = _per_row(sheet)
        count = sheet.shape[1] if column[0].picture else per_row
        size = "×".join(map(str, sheet.shape[1:])) if column[0].picture else f"{per_row}"
        name = sheet.name if len(sheet.name) <= 14 else f"…{sheet.name[-13:]}"
        x = 46 + at * _STEP
        y = 16.0 if at % 2 == 0 else 30.0
        yield element("text", name, x=x, y=y, text_anchor="middle", class_="head")
        yield element("text", size, x=x, y=44, text_anchor="middle", class_="tick")
        if count > len(column):
            more = f"+{count - len(column):,}"
            yield element("text", more, x=x, y=column[-1].y + 30, text_anchor="middle", class_="tick")


def legend() -> Markup:
    """Say how to read the drawing."""
    return joined(
        "A column for each layer, of the row that is opened. Circles are single numbers, squares are pictures"
        " (one for each channel). What you open lights up, and so does what it came from."
    )
