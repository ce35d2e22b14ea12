"""HTML and SVG that cannot be broken by what they show: a text is escaped where it enters, by construction.

>>> element("p", "a < b ", element("bdi", "<script>"), class_="note")
'<p class="note">a &lt; b <bdi>&lt;script&gt;</bdi></p>'
"""

from __future__ import annotations

import html
import re

VOID = frozenset(["meta", "br", "link", "input", "img"])
# What HTML cannot hold: control characters, halves of surrogate pairs, and signs that turn the text around.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


class Markup(str):
    """Text that is HTML or SVG already; every other text is escaped by :func:`element`."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Return a text as markup that shows it, whatever it holds.

    >>> escaped("\\x00<b>")
    '�&lt;b&gt;'
    """
    return text if isinstance(text, Markup) else Markup(html.escape(_UNFIT.sub("\ufffd", text)))


def joined(*children: str) -> Markup:
    """Return texts and markup one after the other."""
    return Markup("".join(map(escaped, children)))


def element(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Return one element.

    Args:
        name: of the tag.
        children: texts, which are escaped, and Markup, which is not.
        attributes: ``class_`` is ``class``, ``stroke_width`` is ``stroke-width``; None is left out; numbers
            are places in a drawing and are written with one decimal.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value if isinstance(value, str) else place(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in VOID else f"{joined(*children)}</{name}>"
    return Markup(f"<{name}{given}>{end}")


def place(value: float) -> str:
    """Write a place in a drawing: a tenth of a unit is finer than any screen.

    >>> place(12.0), place(0.26), place(-0.01)
    ('12', '0.3', '0')
    """
    return f"{value:.1f}".removesuffix(".0").replace("-0", "0" if -0.05 < value < 0 else "-0")
