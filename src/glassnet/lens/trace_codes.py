"""How a trace names numbers and writes arithmetic: codes, pieces, and what they become as text.

Every number of a trace has a code: the sheet that it stands in, and its place there. Arithmetic is a row of
pieces: text as it stands, codes of numbers, and ``Terms``, which are like parts one after the other. Pieces
become a formula when codes are written as names, and a sum that Python can work out when they are written as
values.

>>> divide(code(3, 7))
(3, 7)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

SHEET = 1 << 32
"""Numbers that a sheet can hold. With at most 2**21 sheets a code is exact as a float64 too."""
ZERO = 0
"""The code of the number 0 that stands in padding."""
SHOWN_TERMS = 8
"""Of a longer row of terms only the first and the last are shown on a line."""
LONG_SUM = 100
"""Python cannot read a chain of many more plus signs, so longer ones are written as sum([...])."""


def code(sheet: int, place: int) -> int:
    """Return the code of one number."""
    return sheet * SHEET + place


def divide(code: int) -> tuple[int, int]:
    """Return the sheet and the place of a code."""
    return divmod(int(code), SHEET)


@dataclass(frozen=True, eq=False)
class Terms:
    """Like parts one after the other, such as the products of a weighted sum.

    Attributes:
        form: one part, such as ``{0} * {1}``.
        codes: (parts, numbers in a part), what stands for {0}, {1}, ...
        joint: what stands between two parts.
    """

    form: str
    codes: Codes
    joint: str = " + "


Piece = str | int | Terms
Pieces = tuple[Piece, ...]


def codes_in(pieces: Pieces) -> Iterator[int]:
    """Yield the code of each number that arithmetic uses, in order, without the zeros of padding."""
    for each in pieces:
        if isinstance(each, Terms):
            yield from (int(one) for one in each.codes.ravel() if one != ZERO)
        elif isinstance(each, int) and each != ZERO:
            yield each


def written(pieces: Pieces, write: Callable[[int], str], most: int | None = None) -> str:
    """Return arithmetic as text.

    Args:
        pieces: the arithmetic.
        write: writes the number of a code.
        most: of longer rows of terms the middle is left out and counted; None: all is written.
    """
    return "".join(
        _terms(each, write, most)
        if isinstance(each, Terms)
        else each
        if isinstance(each, str)
        else write(each)
        for each in pieces
    )


def _terms(terms: Terms, write: Callable[[int], str], most: int | None) -> str:
    def parts(codes: Codes) -> list[str]:
        return [terms.form.format(*map(write, row)) for row in codes.tolist()]

    if most is None and terms.joint == " + " and len(terms.codes) > LONG_SUM:
        return f"sum([{', '.join(parts(terms.codes))}])"
    if most is None or len(terms.codes) <= most:
        return terms.joint.join(parts(terms.codes)) or "0"
    first, last = most - most // 4, most // 4
    left = f"[{len(terms.codes) - first - last:,} more]"
    return terms.joint.join([*parts(terms.codes[:first]), left, *parts(terms.codes[-last:])])


def exact(value: float) -> str:
    """Write a number so that Python reads the same one; a negative one stands in brackets.

    >>> exact(0.1), exact(-2.0), exact(float("inf"))
    ('0.1', '(-2.0)', 'inf')
    """
    text = repr(float(value))
    return f"({text})" if text.startswith("-") else text


def six(value: float) -> str:
    """Write a number with six digits that count.

    >>> six(0.517492861), six(-3.0), six(123456789.0)
    ('0.517493', '-3', '1.23457e+08')
    """
    text = f"{value:.6g}"
    return "0" if text == "-0" else text


_LONG = re.compile(r"\d+\.\d{6,}(?:e[+-]?\d+)?")


def rounded(text: str) -> str:
    """Write the numbers within arithmetic with six digits that count.

    >>> rounded("max(0.123456789, x) * 182.30078432")
    'max(0.123457, x) * 182.301'
    """
    return _LONG.sub(lambda found: six(float(found[0])), text)


def bracketed(value: float) -> str:
    """Write a number as :func:`six` does, in brackets where it is negative, to stand in arithmetic."""
    text = six(value)
    return f"({text})" if text.startswith("-") else text


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf


WORDS: dict[str, object] = {
    "__builtins__": {},
    **{name: getattr(math, name) for name in ("log", "log1p", "tanh", "sqrt", "erf", "sin", "cos", "pi")},
    **{"exp": _exp, "inf": math.inf, "nan": math.nan, "max": max, "min": min, "abs": abs, "sum": sum},
}
"""What arithmetic may use beside numbers and the signs of Python."""


def work_out(arithmetic: str) -> float:
    """Work out arithmetic that :func:`written` wrote with exact numbers.

    >>> work_out("max(0, (-0.5)) + exp(0.0)")
    1.0
    """
    return float(eval(compile(arithmetic, "arithmetic", "eval"), dict(WORDS)))


def terms(form: str, *columns: Codes, joint: str = " + ") -> Terms:
    """Return terms of which each column of codes is given by itself, all of one length."""
    return Terms(form, np.stack([np.asarray(each, dtype=np.int64) for each in columns], axis=1), joint)


def place_text(place: int, shape: Sequence[int], labels: Sequence[str] = ()) -> str:
    """Write a place in a sheet as an index, the last part of it by its label where there is one.

    >>> place_text(5, (2, 3)), place_text(5, (2, 3), ("a", "b", "c")), place_text(0, ())
    ('[1, 2]', '[1, c]', '')
    """
    if not shape:
        return ""
    index = [str(int(each)) for each in np.unravel_index(place, tuple(shape))]
    if labels:
        index[-1] = labels[int(index[-1])]
    return f"[{', '.join(index)}]"
