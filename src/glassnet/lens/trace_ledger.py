"""The ledger: every number of a trace, on named sheets, each with the arithmetic that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.trace_codes import (
    SHOWN_TERMS,
    Codes,
    Floats,
    Pieces,
    bracketed,
    code,
    codes_in,
    divide,
    exact,
    place_text,
    rounded,
    six,
    work_out,
    written,
)
from glassnet.lens.trace_rules import filled

Explain = Callable[[int], Pieces | None]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Numbers of one sort: an input, a weight, a layer's results, their gradients, a new weight.

    Attributes:
        name: what ``trace[name]`` finds it by; gradients are called as in torch, ``fc1.weight.grad``.
        kind: ``input``, ``weight``, ``weighted sum``, ``activation``, ``loss``, ``gradient``, ``update``, ...
        shape: of the tensor.
        values: its numbers, flat, float64.
        words: how they came about, in general.
        explain: arithmetic of the number at a flat place; None for given numbers. It answers None where the
            arithmetic is not known.
        unknown: why that is so.
        labels: names of the places along the last dimension, such as ``hr=14``; they stand for its index.
    """

    number: int
    name: str
    kind: str
    shape: tuple[int, ...]
    values: Floats
    words: str
    explain: Explain | None = None
    unknown: str = ""
    module: str = ""
    labels: tuple[str, ...] = ()

    @property
    def codes(self) -> Codes:
        """The code of each number, flat."""
        return np.arange(code(self.number, 0), code(self.number, len(self.values)), dtype=np.int64)


@dataclass(frozen=True)
class Link:
    """A number that another one was worked out from."""

    name: str
    index: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class Number:
    """One number, opened.

    Attributes:
        name, index: where it stands; ``title`` writes both, as in ``fc1.weight[3, 7]``.
        kind, words: what it is, and how numbers of its sort come about.
        formula: its arithmetic with the names of the numbers; empty where it was given.
        arithmetic: the same with the numbers in it, each so exact that Python works out ``value``.
        shown: ``arithmetic`` with six digits a number, long sums cut.
        links: the numbers that it came from, in the order of the arithmetic.
        unknown: why there is no arithmetic, where an operation is not understood.
    """

    name: str
    index: tuple[int, ...]
    value: float
    kind: str
    words: str
    formula: str
    arithmetic: str
    shown: str
    links: tuple[Link, ...]
    title: str
    unknown: str = ""

    def work_out(self) -> float:
        """Work the arithmetic out again; a given number is itself."""
        return work_out(self.arithmetic) if self.arithmetic else self.value

    def __str__(self) -> str:
        head = f"{self.title} = {six(self.value)}  ({self.kind})"
        if self.unknown:
            return f"{head}\n  {self.unknown}"
        if not self.arithmetic:
            return f"{head}\n  {self.words}"
        return f"{head}\n  {self.words}\n  = {self.formula}\n  = {self.shown}"


@dataclass(eq=False)
class Ledger:
    """All sheets of a trace; a sheet's place in ``sheets`` is its number, and sheet 0 holds the number 0."""

    sheets: list[Sheet] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        name: str,
        kind: str,
        values: Any,
        words: str,
        explain: Explain | None = None,
        unknown: str = "",
        module: str = "",
        number: int | None = None,
        labels: tuple[str, ...] = (),
    ) -> Sheet:
        """Add a sheet. ``number`` is where one belongs that was recorded; None: after all others."""
        array = np.asarray(values, dtype=np.float64)
        at = len(self.sheets) if number is None else number
        found = Sheet(at, name, kind, array.shape, array.ravel(), words, explain, unknown, module, labels)
        while len(self.sheets) <= at:
            self.sheets.append(_NONE)
        self.sheets[at] = found
        self.places[name] = at
        return found

    def compute(self, name: str, kind: str, form: str, inputs: dict[str, Sheet], words: str) -> Sheet:
        """Add a sheet of numbers that a formula gives, place by place, from sheets of one shape.

        ``form`` has slots {name} for the sheets of ``inputs``.
        """
        arrays = {key: each.values for key, each in inputs.items()}
        text = form
        for key in inputs:
            text = text.replace(f"{{{key}}}", key)
        words_of_numpy = {each: getattr(np, each) for each in ("sqrt", "exp", "log", "abs")}
        known = {"__builtins__": {}, **words_of_numpy, "max": np.maximum, "min": np.minimum, **arrays}
        first = max(inputs.values(), key=lambda each: len(each.values))
        values = np.array(np.broadcast_to(eval(text, known), (len(first.values),))).reshape(first.shape)

        def explain(place: int) -> Pieces:
            places = {key: [place if len(each.values) > 1 else 0] for key, each in inputs.items()}
            return (filled(form, {key: each.codes[places[key]] for key, each in inputs.items()}),)

        return self.add(name, kind, values, words, explain)

    def value(self, code: int) -> float:
        """Return the number of a code."""
        number, place = divide(code)
        return float(self.sheets[number].values[place])

    def title(self, code: int) -> str:
        """Return the name and index of a code's number."""
        number, place = divide(code)
        sheet = self.sheets[number]
        return f"{sheet.name}{place_text(place, sheet.shape, sheet.labels)}" if number else "0"

    def pieces(self, code: int) -> Pieces | None:
        """Return the arithmetic of a code's number; None where it was given or is not known."""
        number, place = divide(code)
        explain = self.sheets[number].explain
        return None if explain is None else explain(place)

    def shown(self, pieces: Pieces) -> str:
        """Write arithmetic to be looked at: six digits a number, long sums cut."""
        return rounded(written(pieces, lambda one: bracketed(self.value(one)), SHOWN_TERMS))

    def number(self, code: int) -> Number:
        """Open the number of a code."""
        at, place = divide(code)
        sheet, pieces = self.sheets[at], self.pieces(code)
        index = tuple(int(each) for each in np.unravel_index(place, sheet.shape)) if sheet.shape else ()
        known = pieces is not None
        unknown = "" if known or sheet.explain is None else sheet.unknown
        found = pieces or ()
        return Number(
            sheet.name,
            index,
            float(sheet.values[place]),
            sheet.kind,
            sheet.words,
            written(found, self.title, SHOWN_TERMS),
            written(found, lambda one: exact(self.value(one))),
            self.shown(found),
            tuple(dict.fromkeys(self._link(each) for each in codes_in(found))),
            self.title(code),
            unknown,
        )

    def _link(self, code: int) -> Link:
        number, place = divide(code)
        sheet = self.sheets[number]
        index = tuple(int(each) for each in np.unravel_index(place, sheet.shape)) if sheet.shape else ()
        return Link(sheet.name, index, float(sheet.values[place]))

    def sheet(self, name: str) -> Sheet:
        """Return a sheet by its name.

        Raises:
            RecipeError: there is none of this name.
        """
        if name not in self.places:
            must = "a trace can be asked for the sheets that it has"
            raise RecipeError(message(must, f"{name!r}", did_you_mean(name, self.places)))
        return self.sheets[self.places[name]]

    def place(self, sheet: Sheet, index: tuple[int | str, ...]) -> int:
        """Return the flat place of an index; negative ones count from the end, the last may be a label.

        Raises:
            RecipeError: the index does not fit the sheet.
        """
        if index and isinstance(index[-1], str) and index[-1] in sheet.labels:
            index = (*index[:-1], sheet.labels.index(index[-1]))
        fits = len(index) == len(sheet.shape) and all(
            isinstance(at, int | np.integer) and -size <= at < size
            for at, size in zip(index, sheet.shape, strict=True)
        )
        if not fits:
            must = f"a number of {sheet.name!r} is named by {len(sheet.shape)} indices within {sheet.shape}"
            raise RecipeError(message(must, f"{index}", "count from 0"))
        inside = tuple(int(at) % size for at, size in zip(index, sheet.shape, strict=True))
        return int(np.ravel_multi_index(inside, sheet.shape)) if sheet.shape else 0

    def known(self) -> Iterator[Sheet]:
        """Yield the sheets in order."""
        return (each for each in self.sheets[1:] if each is not _NONE)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(len(each.values) for each in self.known())


_NONE = Sheet(0, "0", "zero", (), np.zeros(1), "the 0 that padding puts around a picture")
