"""How each operation's numbers come from others: forward for a result, and back for a gradient.

A rule answers two questions about one number. ``forward(place)``: how was the result at this place worked
out? ``pull(wanted, gradients)``: which parts of the gradient of the number ``wanted`` come through this
operation, where ``gradients`` has the code of the gradient of each result?
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from glassnet.lens.trace_codes import Codes, Pieces, Terms
from glassnet.lens.trace_formulas import FORMULAS, Formula
from glassnet.lens.trace_record import Operand, Recorded

_SLOT = re.compile(r"\{(\w+)\}")


class Rule(Protocol):
    """The arithmetic of one operation."""

    def forward(self, place: int) -> Pieces:
        """Return how the result at a place of the flat output was worked out."""
        ...

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Return what the gradient of a number gets through this operation. ``gradients`` is flat."""
        ...


def filled(form: str, columns: dict[str, Codes], joint: str = " + ") -> Terms:
    """Return terms of a form whose slots have names; a column that is not used is left out.

    >>> filled("{g} * {0}", {"0": np.array([5]), "g": np.array([7]), "out": np.array([9])}).form
    '{0} * {1}'
    """
    used = list(dict.fromkeys(_SLOT.findall(form)))
    numbered = _SLOT.sub(lambda found: f"{{{used.index(found[1])}}}", form)
    rows = len(next(iter(columns.values())))
    codes = [columns[name] for name in used]
    stacked = np.stack(codes, axis=1) if codes else np.empty((rows, 0), dtype=np.int64)
    return Terms(numbered, stacked, joint)


def times_gradient(slope: str) -> str:
    """Write a slope times the gradient of the result.

    >>> times_gradient("1"), times_gradient("-1"), times_gradient("2 * {0}")
    ('{g}', '-{g}', '{g} * 2 * {0}')
    """
    if slope in ("1", "-1"):
        return f"{slope[:-1]}{{g}}"
    return f"{{g}} / {slope.removeprefix('1 / ')}" if slope.startswith("1 / ") else f"{{g}} * {slope}"


class Elementwise:
    """Each result from the numbers at the same place; smaller tensors are repeated."""

    def __init__(self, formula: Formula, operands: tuple[Operand, ...], out: Codes) -> None:
        self.formula, self.out = formula, out.ravel()
        self.passes = [each.passes for each in operands]
        self.codes = [np.broadcast_to(each.codes, out.shape).ravel() for each in operands]

    def _columns(self, places: Codes) -> dict[str, Codes]:
        columns = {str(k): codes[places] for k, codes in enumerate(self.codes)}
        return columns | {"out": self.out[places]}

    def forward(self, place: int) -> Pieces:
        """Fill the formula."""
        return (filled(self.formula.value, self._columns(np.array([place]))),)

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give slope times gradient for each place where the number stands."""
        found = []
        for codes, slope, passes in zip(self.codes, self.formula.slopes, self.passes, strict=True):
            places = np.flatnonzero(codes == wanted)
            if passes and len(places) and slope != "0":
                columns = self._columns(places) | {"g": gradients[places]}
                found.append(filled(times_gradient(slope), columns))
        return found


class MatrixProduct:
    """out[n, i, j] = sum over k of a[n, i, k] * b[n, k, j], and a bias where there is one."""

    def __init__(self, a: Operand, b: Operand, bias: Operand | None, out: Codes) -> None:
        rows, columns = a.codes.shape[-2], b.codes.shape[-1]
        inner = a.codes.shape[-1]
        self.shape = (-1, rows, columns)
        self.a, self.b = a.codes.reshape(-1, rows, inner), b.codes.reshape(-1, inner, columns)
        self.bias = None if bias is None else np.broadcast_to(bias.codes, out.shape).reshape(self.shape)
        self.passes = (a.passes, b.passes, bias is not None and bias.passes)

    def forward(self, place: int) -> Pieces:
        """Give the products and the bias."""
        block = len(self.a), self.shape[1], self.shape[2]
        n, i, j = (int(each) for each in np.unravel_index(place, block))
        products = filled("{0} * {1}", {"0": self.a[n, i], "1": self.b[n, :, j]})
        return (products,) if self.bias is None else (products, " + ", int(self.bias[n, i, j]))

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give each gradient times what the number was multiplied with."""
        back, found = gradients.reshape(self.shape), []
        if self.passes[0]:
            for n, i, k in np.argwhere(self.a == wanted):
                found.append(filled("{0} * {1}", {"0": back[n, i], "1": self.b[n, k]}))
        if self.passes[1]:
            for n, k, j in np.argwhere(self.b == wanted):
                found.append(filled("{0} * {1}", {"0": back[n, :, j], "1": self.a[n, :, k]}))
        if self.passes[2] and self.bias is not None and (self.bias == wanted).any():
            found.append(filled("{0}", {"0": back[self.bias == wanted]}))
        return found


def rule_of(sheet: Recorded, out: Codes) -> Rule | None:
    """Return the rule of a recorded operation; None where it is not understood."""
    from glassnet.lens.trace_windows import windowed_rule

    if sheet.which > 0:
        return None
    product = _PRODUCTS.get(sheet.op)
    if product is not None:
        return product(out, *sheet.arguments, **sheet.options)
    formula = FORMULAS.get(sheet.op)
    if formula is None:
        return windowed_rule(sheet, out)
    slots = (f"{{{k}}}" for k in range(len(sheet.operands)))

    def part(each: Any) -> Any:
        return next(slots) if isinstance(each, Operand) else each

    arguments = [part(each) for each in sheet.arguments]
    options = {name: part(each) for name, each in sheet.options.items()}
    try:
        found = formula(*arguments, **options)
    except TypeError:  # an argument that the formula does not know, such as rounding_mode of a division
        return None
    shapes = (each.codes.shape for each in sheet.operands)
    fits = len(found.slopes) == len(sheet.operands) and np.broadcast_shapes(*shapes) == out.shape
    return Elementwise(found, sheet.operands, out) if fits else None


def _mm(out: Codes, a: Operand, b: Operand) -> Rule:
    return MatrixProduct(a, b, None, out)


def _addmm(
    out: Codes, bias: Operand, a: Operand, b: Operand, beta: float = 1, alpha: float = 1
) -> Rule | None:
    return MatrixProduct(a, b, bias, out) if alpha == beta == 1 else None


def _mv(out: Codes, a: Operand, b: Operand) -> Rule:
    return MatrixProduct(a, Operand(b.value, b.codes[:, None], b.passes), None, out)


def _dot(out: Codes, a: Operand, b: Operand) -> Rule:
    return _mv(out, Operand(a.value, a.codes[None], a.passes), b)


_PRODUCTS: dict[str, Callable[..., Rule | None]] = {
    "mm": _mm,
    "bmm": _mm,
    "addmm": _addmm,
    "baddbmm": _addmm,
    "mv": _mv,
    "dot": _dot,
}
