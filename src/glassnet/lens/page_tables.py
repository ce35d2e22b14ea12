"""Tables and numbers of a page: what is short stays on one line, and what does not fit scrolls by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from glassnet.lens.markup import Markup, element
from glassnet.lens.wording import score

SHORT = 14
_TAG = re.compile("<[^>]*>")


def value_of(metric: str, value: float, interval: tuple[float, float] | None = None) -> Markup:
    """Write a score so that people read it rounded, to what its interval allows, and programs exactly."""
    return element("data", score(metric, value, interval), value=repr(value))


def values_of(
    scores: dict[str, float], names: list[str], known: Mapping[str, tuple[float, float]] | None = None
) -> Iterator[str]:
    """Write scores in the order of names, a dash where there is none; ``known`` are intervals to round by."""
    for name in names:
        yield value_of(name, scores[name], (known or {}).get(name)) if name in scores else "–"


def folded(title: str, *content: Markup, key: str | None = None) -> Markup:
    """Return what is shown when its title is clicked, and on paper."""
    return element("details", element("summary", title), *content, id=key)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], wide: int | None = None) -> Markup:
    """Return a table; ``wide`` is the place of the column that holds sentences."""
    head = element("thead", element("tr", *(element("th", each) for each in titles)))
    lines = [
        element(
            "tr", *(element("td", cell, class_=_kind(cell, place == wide)) for place, cell in enumerate(row))
        )
        for row in rows
    ]
    return scrolling(head if any(titles) else Markup(), element("tbody", *lines))


def scrolling(head: Markup, body: Markup) -> Markup:
    """Return a table that scrolls sideways where it is too wide."""
    return element("div", element("table", head, body), class_="scroll")


def _kind(cell: str, is_long: bool) -> str | None:
    return "long" if is_long else "short" if len(_TAG.sub("", cell)) <= SHORT else None
