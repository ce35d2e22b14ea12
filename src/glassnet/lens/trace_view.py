"""The View of a trace: what ``gn.trace`` returns, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.lens.text import aligned
from glassnet.lens.trace_codes import code, six
from glassnet.lens.trace_ledger import Ledger, Number, Sheet

PRINTED = 3_000
"""A trace of at most so many numbers is printed whole."""
FIRST = 4
"""Of a larger one the first few numbers of each sheet are printed."""


@dataclass(frozen=True)
class Section:
    """One part of a trace, such as the way back: a title, what it is, and the numbers of its sheets."""

    title: str
    words: str
    sheets: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class SheetView:
    """The numbers of one sheet: ``view[3, 7]`` opens one, ``view.values`` are all of them."""

    ledger: Ledger
    sheet: Sheet

    @property
    def values(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The numbers in their shape, float64."""
        return self.sheet.values.reshape(self.sheet.shape).copy()

    def __getitem__(self, index: int | tuple[int | str, ...]) -> Number:
        """Open one number."""
        at = index if isinstance(index, tuple) else (index,)
        return self.ledger.number(code(self.sheet.number, self.ledger.place(self.sheet, at)))

    def __iter__(self) -> Iterator[Number]:
        return (self.ledger.number(int(each)) for each in self.sheet.codes)

    def __len__(self) -> int:
        return len(self.sheet.values)

    def __repr__(self) -> str:
        return f"{self.sheet.name}: {self.sheet.kind}, shape {self.sheet.shape}, {self.sheet.words}"


@dataclass(frozen=True, eq=False)
class Trace:
    """Every number of one step of a network, each with the arithmetic behind it.

    ``trace["fc1.weight.grad"][3, 7]`` or ``trace.explain("fc1.weight.grad", (3, 7))`` opens one number;
    ``print(trace)`` shows them all, ``to_html`` makes a page in which every number unfolds.

    Attributes:
        ledger: all sheets.
        title: what was traced.
        facts: what there is to say of it, as (name, text).
        sections: the sheets in the order of the story.
        answer: code of the number that the page begins with.
        unknown: operations of torch that are not understood; their results are there, without arithmetic.
        notes: what the reader should know.
        cells: of a Model's row, each column and what stands there.
    """

    ledger: Ledger
    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    answer: int
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, name: str) -> SheetView:
        """Return a sheet by its name."""
        return SheetView(self.ledger, self.ledger.sheet(name))

    def __contains__(self, name: object) -> bool:
        return name in self.ledger.places

    def explain(self, name: str, index: tuple[int | str, ...] = ()) -> Number:
        """Open one number; a sheet of one number needs no index."""
        view = self[name]
        if not index and len(view) == 1:
            return self.ledger.number(int(view.sheet.codes[0]))
        return view[index]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all sheets, in the order of the story."""
        sheets = self.ledger.sheets
        return tuple(sheets[each].name for section in self.sections for each in section.sheets)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return self.ledger.size

    def __str__(self) -> str:
        whole = self.size <= PRINTED
        lines = [self.title, aligned([(name, text) for name, text in self.facts], left=2)]
        lines += [f"note: {each}" for each in self.notes]
        if self.cells:
            lines.append("row: " + ", ".join(f"{name}={cell}" for name, cell in self.cells))
        if not whole:
            lines.append(
                f"{self.size:,} numbers; the first {FIRST} of each sheet are shown. "
                f"Open any other with trace[name][index]."
            )
        for section in self.sections:
            lines += ["", f"== {section.title}: {section.words}"]
            for number in section.sheets:
                lines += self._sheet_lines(self.ledger.sheets[number], None if whole else FIRST)
        return "\n".join(lines)

    def _sheet_lines(self, sheet: Sheet, most: int | None) -> Iterator[str]:
        yield f"{sheet.name}  {sheet.kind} {sheet.shape}: {sheet.words}"
        if sheet.unknown:
            yield f"  {sheet.unknown}"
        codes = sheet.codes if most is None else sheet.codes[:most]
        if sheet.explain is None or sheet.unknown:
            yield "  " + "  ".join(six(float(each)) for each in sheet.values[: len(codes)])
        else:
            yield from (self._number_line(int(each)) for each in codes)
        if len(codes) < len(sheet.values):
            yield f"  and {len(sheet.values) - len(codes):,} more: trace[{sheet.name!r}][index]"

    def _number_line(self, at: int) -> str:
        ledger = self.ledger
        return f"  {ledger.title(at)} = {ledger.shown(ledger.pieces(at) or ())} = {six(ledger.value(at))}"

    def to_json(self, most: int = PRINTED) -> str:
        """Return the trace as JSON: every number, and the arithmetic of at most so many.

        Its keys are ``title``, ``facts``, ``notes``, ``cells``, ``unknown``, ``answer``, ``sections``,
        ``explained`` (how many numbers have their arithmetic here) and ``size``. A section has ``title``,
        ``words`` and ``sheets``, a sheet ``name``, ``kind``, ``words``, ``shape``, ``labels``, ``values``,
        ``unknown`` and ``numbers``. Each entry of ``numbers``, and ``answer``, has ``name``,
        ``index``, ``value``, ``formula``, ``arithmetic`` and ``links``.
        """
        return json.dumps(self.to_dict(most), ensure_ascii=False, allow_nan=False)

    def to_dict(self, most: int = PRINTED) -> dict[str, Any]:
        """Return what :meth:`to_json` writes, as dictionaries and lists."""
        left = most
        sections = []
        for section in self.sections:
            sheets = []
            for number in section.sheets:
                sheet = self.ledger.sheets[number]
                opened = sheet.codes[:left] if sheet.explain is not None else sheet.codes[:0]
                left -= len(opened)
                sheets.append(_sheet_json(self.ledger, sheet, [int(each) for each in opened]))
            sections.append({"title": section.title, "words": section.words, "sheets": sheets})
        return {
            "title": self.title,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "cells": dict(self.cells),
            "unknown": list(self.unknown),
            "answer": _number_json(self.ledger.number(self.answer)),
            "sections": sections,
            "explained": most - left,
            "size": self.size,
        }

    def to_html(
        self, path: str | Path | None = None, name: str = "", index: tuple[int | str, ...] = ()
    ) -> str:
        """Return a page in which every number unfolds, down to inputs and weights, and write it to ``path``.

        Args:
            path: a file; None writes nothing.
            name, index: the number that the page begins with; the answer or the loss without a name.
        """
        from glassnet.lens.trace_page import trace_page
        from glassnet.storage import write_atomically

        start = self.answer
        if name:
            sheet = self[name].sheet
            start = code(sheet.number, self.ledger.place(sheet, index))
        text = trace_page(self, start)
        if path is not None:
            write_atomically(path, text.encode())
        return text

    def __repr__(self) -> str:
        return f"Trace of {self.title}: {self.size:,} numbers on {len(self.names)} sheets"


def _sheet_json(ledger: Ledger, sheet: Sheet, opened: list[int]) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "kind": sheet.kind,
        "words": sheet.words,
        "shape": list(sheet.shape),
        "labels": list(sheet.labels),
        "values": sheet.values.tolist(),
        "unknown": sheet.unknown,
        "numbers": [_number_json(ledger.number(each)) for each in opened],
    }


def _number_json(number: Number) -> dict[str, Any]:
    facts = asdict(number)
    return {name: facts[name] for name in ("name", "index", "value", "formula", "arithmetic", "links")}
