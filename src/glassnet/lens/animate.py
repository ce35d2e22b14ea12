"""One page with a time slider: a boundary that moves over the epochs, or the ways down an error surface.

It opens without a network, in the dark, on a phone and on paper, and can be used with the keyboard alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glassnet.lens.animate_films import boundary_film, surface_film
from glassnet.lens.animate_style import PAGE_SCRIPT, PAGE_STYLE
from glassnet.lens.boundary import boundary
from glassnet.lens.boundary_view import Boundary
from glassnet.lens.document import document_head
from glassnet.lens.error_surface import ErrorSurface
from glassnet.lens.markup import Markup, element
from glassnet.storage import write_atomically


def animate(of: Any, path: str | Path, X: Any = None, y: Any = None, **options: Any) -> Path:
    """Write a View as one HTML page with a time slider, and return its path.

    Args:
        of: a View of :func:`glassnet.boundary` or :func:`glassnet.error_surface`, or what the first of them
            takes, with ``X``, ``y`` and its options.
        path: where the page goes; what was there is replaced.

    Raises:
        RecipeError: what is given cannot be described.
    """
    view = of if isinstance(of, Boundary | ErrorSurface) else boundary(of, X, y, **options)
    target = Path(path)
    write_atomically(target, moving_page(view).encode())
    return target


def moving_page(view: Boundary | ErrorSurface) -> str:
    """Return the page as text; the same View gives the same text."""
    film = boundary_film(view) if isinstance(view, Boundary) else surface_film(view)
    head = document_head(film.title, PAGE_STYLE, PAGE_SCRIPT)
    main = element(
        "main",
        element("p", film.texts[-1], id="say", class_="say"),
        _controls(film.time, len(film.texts) - 1),
        film.legend,
        element("div", *film.drawings, class_="stage"),
        *_units(film.units),
        *(element("p", note, class_="soft small") for note in film.notes),
        film.table,
        element("noscript", element("p", "Without scripts the slider does not move.")),
    )
    header = element("header", element("p", "Glassnet", class_="kicker"), element("h1", film.title))
    data = element(
        "script", _json({"texts": film.texts, "boards": film.boards}), id="frames", type="application/json"
    )
    body = element("body", header, main, data, element("script", Markup(PAGE_SCRIPT)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _controls(time: str, last: int) -> Markup:
    ends = {"min": "0", "max": str(last), "value": str(last)}
    return element(
        "div",
        element("button", "Play", id="play", type="button"),
        element("button", "Back", id="back", type="button"),
        element("input", type="range", **ends, step="1", aria_label=time),
        element("button", "Next", id="on", type="button"),
        class_="controls",
        hidden="" if last == 0 else None,
    )


def _units(drawings: Sequence[Markup]) -> list[Markup]:
    if not drawings:
        return []
    head = "The hidden units, each with its own line, and the weight that the output gives it"
    return [element("h2", head), element("div", *drawings, class_="units")]


def _json(data: Any) -> Markup:
    """Write data so that nothing in it can end the script element."""
    return Markup(json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"))
