"""The page of a trace: one HTML file in which any number unfolds into its arithmetic, down to the inputs.

It loads nothing, and its one script is written into its Content Security Policy by its SHA-256. A small
trace is on the page whole. Of a large one there is what the chosen number came from, as far as the page may
grow, and the first numbers of each sheet; the page says what is left out.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from glassnet.lens.document import document_head
from glassnet.lens.markup import Markup, element
from glassnet.lens.style import STYLE
from glassnet.lens.trace_codes import Codes, Pieces, Terms, codes_in
from glassnet.lens.trace_drawing import drawing, legend
from glassnet.lens.trace_ledger import Ledger
from glassnet.lens.trace_script import SCRIPT, TRACE_STYLE
from glassnet.lens.trace_view import Trace
from glassnet.version import __version__

MOST_OPENED = 25_000
"""So many numbers at most unfold on a page."""
MOST_LINKS = 4_000_000
"""The page grows no more once its arithmetic names so many numbers, in all."""
FIRST = 24
"""Of each sheet of a large trace at least so many numbers are on the page."""


def trace_page(trace: Trace, start: int) -> str:
    """Write the page; the same trace gives the same text.

    Args:
        trace: what is shown.
        start: code of the number that is open to begin with.
    """
    style = STYLE + TRACE_STYLE
    chosen = _chosen(trace, start)
    data = json.dumps(_data(trace, chosen, start), separators=(",", ":"), allow_nan=False)
    head = document_head(f"{trace.title}: a Glassnet trace", style, SCRIPT, styled_elements=True)
    body = element(
        "body",
        element("header", *_opening(trace, start)),
        element("main", *_main(trace, chosen, start)),
        element("footer", f"Made by Glassnet {__version__}. This page loads nothing from any network."),
        element("script", Markup(data.replace("<", "\\u003c")), id="data", type="application/json"),
        element("script", Markup(SCRIPT)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _opening(trace: Trace, start: int) -> Iterator[Markup]:
    yield element("p", "Glassnet trace", class_="kicker")
    yield element("h1", trace.title[:1].upper() + trace.title[1:])
    facts = [element("li", element("b", name), f" {text}") for name, text in trace.facts]
    yield element("ul", *facts, class_="facts")
    yield element(
        "p",
        "Click any number to see the arithmetic that it came from, and the numbers in that, and so on, down"
        " to what went in and what the network has learned. Click it again to close it.",
        class_="answer",
    )
    yield from (element("p", each, class_="verdict unsure") for each in trace.notes)


def _main(trace: Trace, chosen: Chosen, start: int) -> Iterator[Markup]:
    if trace.cells:
        yield element("h2", "The raw row", id="row")
        cells = [element("li", element("b", name), f" {cell}") for name, cell in trace.cells]
        yield element("ul", *cells, class_="facts")
    yield element("h2", "The network", id="network")
    yield element("div", drawing(trace, start), class_="scroll net")
    yield element("p", legend(), class_="soft small")
    yield element("h2", "The number that is open", id="open")
    yield element("div", _without_script(trace, start), id="tree")
    yield element("h2", "All numbers", id="all")
    if len(chosen.codes) < trace.size:
        yield element("p", _left_out(trace, chosen), class_="verdict aside")
    for section in trace.sections:
        yield element("h3", section.title.capitalize())
        yield element("p", section.words, class_="soft small")
        for number in section.sheets:
            sheet = trace.ledger.sheets[number]
            shape = " × ".join(map(str, sheet.shape)) or "1 number"
            head = element("summary", element("b", sheet.name), f" {sheet.kind}, {shape}")
            words = element("p", sheet.unknown or sheet.words, class_="soft small")
            yield element("details", head, words, element("div", class_="grid"), data_sheet=str(number))


def _without_script(trace: Trace, start: int) -> Markup:
    return element("noscript", element("pre", str(trace.ledger.number(start))))


def _left_out(trace: Trace, chosen: Chosen) -> str:
    text = (
        f"This trace has {trace.size:,} numbers. {len(chosen.codes):,} of them are on this page, and "
        f"{len(chosen.opened):,} of these unfold: those that the number above came from, and the first of"
        " each sheet. Open the others in Python: trace[name][index]."
    )
    if chosen.stopped:
        text += " Where a path ends early, the page would have grown too large."
    return text


class Chosen:
    """The numbers of a page: all that it names, and the arithmetic of those that unfold."""

    def __init__(self) -> None:
        self.codes: Codes = np.empty(0, dtype=np.int64)
        self.opened: dict[int, Pieces] = {}
        self.stopped = False


def _chosen(trace: Trace, start: int) -> Chosen:
    """Choose breadth first from the start, then from the first numbers of each sheet."""
    ledger, found = trace.ledger, Chosen()
    whole = trace.size <= MOST_OPENED
    roots = [start]
    for section in trace.sections:
        for number in section.sheets:
            codes = ledger.sheets[number].codes
            roots += codes.tolist() if whole else codes[:FIRST].tolist()
    queue, seen, links = deque(roots), set(roots), 0
    while queue:
        at = queue.popleft()
        if len(found.opened) >= MOST_OPENED or links >= MOST_LINKS:
            found.stopped = True
            break
        pieces = ledger.pieces(at)
        if pieces is None:
            continue
        found.opened[at] = pieces
        for each in codes_in(pieces):
            links += 1
            if each not in seen:
                seen.add(each)
                queue.append(each)
    found.codes = np.array(sorted(seen), dtype=np.int64)
    return found


def _data(trace: Trace, chosen: Chosen, start: int) -> dict[str, Any]:
    """Return what the script reads: sheets, and of each number its sheet, place, value and arithmetic.

    Numbers are named by their rank among the codes of the page, so that a row of a matrix is a run.
    """
    ledger = trace.ledger
    owners, places = chosen.codes // (1 << 32), chosen.codes % (1 << 32)
    used = [int(each) for each in np.unique(owners)]
    ranks = {int(each): rank for rank, each in enumerate(chosen.codes)}
    digits = 17 if trace.size <= MOST_OPENED else 10
    values = [_short(ledger.value(int(each)), digits) for each in chosen.codes]
    starts = np.searchsorted(owners, used).tolist()
    return {
        "start": ranks[start],
        "sheets": {
            str(number): [
                sheet.name,
                sheet.kind,
                sheet.words,
                list(sheet.shape),
                sheet.unknown,
                _base(ledger, number),
                list(sheet.labels),
            ]
            for number in used
            for sheet in [ledger.sheets[number]]
        },
        "blocks": [[number, first] for number, first in zip(used, starts, strict=True)],
        "places": _compact(places),
        "values": values,
        "arithmetic": {
            str(ranks[at]): _written(pieces, chosen.codes) for at, pieces in chosen.opened.items()
        },
    }


def _base(ledger: Ledger, number: int) -> int:
    """Return the sheet that gradients, memories and new weights belong to, for the drawing."""
    name = ledger.sheets[number].name
    while name and name not in ledger.places:
        name = name.rpartition(".")[0]
    while "." in name and name.rsplit(".", 1)[1] in ("grad", "new"):
        name = name.rpartition(".")[0]
    return ledger.places.get(name, number)


def _short(value: float, digits: int) -> float:
    return value if digits >= 17 else float(f"{value:.{digits}g}")


def _written(pieces: Pieces, codes: Codes) -> list[Any]:
    """Write arithmetic with ranks: a text, [rank], or [form, joint, columns]."""
    found: list[Any] = []
    for each in pieces:
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, Terms):
            columns = [_compact(_ranks(column, codes)) for column in each.codes.T]
            found.append([each.form, each.joint, columns or len(each.codes)])
        else:
            found.append([int(_ranks(np.array([each]), codes)[0])])
    return found


def _ranks(some: Codes, codes: Codes) -> Codes:
    ranks: Codes = np.searchsorted(codes, some)
    ranks[some == 0] = -1
    return ranks


def _compact(numbers: Codes) -> list[Any]:
    """Write whole numbers as runs [first, step, count], or as they are where these are not shorter."""
    if len(numbers) < 4:
        return [int(each) for each in numbers]
    runs: list[Any] = []
    at = 0
    while at < len(numbers):
        step = int(numbers[at + 1] - numbers[at]) if at + 1 < len(numbers) else 0
        breaks = np.flatnonzero(np.diff(numbers[at:]) != step)
        count = int(breaks[0]) + 1 if len(breaks) else len(numbers) - at
        runs.append([int(numbers[at]), step, count])
        at += count
        if 3 * len(runs) > len(numbers):
            return [int(each) for each in numbers]
    return runs
