"""Views as plain text: columns of words and numbers that line up, also where words are Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

WIDEST = 40
"""Cells of raw text are cut to so many characters."""


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Lay out rows of cells in columns: the first ``left`` columns to the left, the others to the right.

    >>> print(aligned([["", "rmse"], ["温度", "1.5"], ["hum", "10.2"]]))
          rmse
    温度   1.5
    hum   10.2
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [cell + gap for cell, gap in zip(row[:left], gaps, strict=False)]
        cells += [gap + cell for cell, gap in zip(row[left:], gaps[left:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def shown(cell: object) -> str:
    """Write a raw cell on one line; long ones are cut.

    >>> shown(None), shown(0.30000000000000004), shown("a\\nb")
    ('(missing)', '0.3', 'a b')
    """
    if cell is None:
        return "(missing)"
    text = f"{cell:.6g}" if isinstance(cell, float) else " ".join(str(cell).split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _width(text: str) -> int:
    """Count the places that a text takes in a terminal: two for each wide character."""
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)
