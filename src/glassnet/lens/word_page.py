"""Words on a page: a map with search and hover, and texts with what each of their words adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.axes import text_width
from glassnet.lens.charts import drawing
from glassnet.lens.document import document_head, embedded
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, signed
from glassnet.lens.word_map import WordMap
from glassnet.lens.word_net import WordNet
from glassnet.lens.word_style import PAGE_STYLE, SCRIPT, STEPS
from glassnet.lens.words import WordContributions, sure_text
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDTH, HEIGHT, EDGE = 960.0, 620.0, 34.0
LETTER = 12.0
MOST_NAMES = 120
MOST_KNOWN = 30_000
"""So many words answer a text that is written on the page."""
NAMES = {"tsne": "t-SNE", "pca": "principal components"}
LEGENDS = {
    "tsne": "Words that the network treats alike lie close together. Distances between groups, directions "
    "and the shape of the whole mean nothing.",
    "pca": "The words seen from the side from which their vectors differ most.",
}


def map_page(view: WordMap) -> str:
    """Return a map as one page; the same View gives the same text."""
    title = f"A map of words: {view.classes[0]} and {view.classes[1]}"
    body = joined(element("p", str(view).split("\n")[0], class_="answer"), map_section(view))
    return page(title, body)


def page(title: str, main: Markup, opening: Markup | None = None) -> str:
    """Return a page without network from its main part."""
    head = document_head(f"{title}: Glassnet", PAGE_STYLE, SCRIPT)
    kicker = element("p", "Glassnet", class_="kicker")
    body = element(
        "body",
        element("header", kicker, element("h1", title), opening or Markup("")),
        element("main", main, element("noscript", element("p", "Without scripts nothing can be searched."))),
        element("footer", f"Made by Glassnet {__version__}. This page loads nothing from any network."),
        element("script", Markup(SCRIPT)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def map_section(view: WordMap) -> Markup:
    """Return a map with its search, its key and the facts of each word."""
    facts = f"facts-{view.method}"
    pairs = [[word, float(f"{pull:.4g}")] for word, pull in zip(view.words, view.pull.tolist(), strict=True)]
    data = {"classes": list(view.classes), "words": pairs, "width": WIDTH}
    label = f"Search the words of {NAMES[view.method]}"
    search = element("input", type="search", placeholder="search a word", aria_label=label)
    return element(
        "div",
        element("div", search, key(view.classes), class_="ask"),
        element("p", class_="told", aria_live="polite"),
        _drawing(view),
        element("p", f"{LEGENDS[view.method]} {_axes(view)}", class_="soft small"),
        *(element("p", f"Note: {note}.", class_="verdict unsure") for note in view.notes),
        embedded(data, facts),
        class_="map",
        data_facts=facts,
    )


def key(classes: tuple[str, str]) -> Markup:
    """Return which sign and colour is which class."""
    marks = (
        element("span", element("span", class_=f"swatch {kind}"), f"pulls to {name}")
        for kind, name in zip(("first", "second"), classes, strict=True)
    )
    return element("p", *marks, class_="legend")


def text_section(view: WordContributions, label: str) -> Markup:
    """Return a text with each word marked by what it adds, and the sum; ``label`` is its own class."""
    largest = max((abs(adds) for _, adds in view.pieces if adds is not None), default=1.0) or 1.0
    words = [part for word, adds in view.pieces for part in (_marked(word, adds, largest), " ")]
    right = "rightly" if view.answer == label else f"but it is {label}"
    head = f"Answered {view.answer}, {sure_text(view.probability)}, {right}"
    largest_parts = ", ".join(f"{each.word} {signed(each.contribution)}" for each in view.parts[:6])
    return joined(
        element("h3", head),
        element("p", *words, class_="said"),
        element("p", f"Largest: {largest_parts}. {_sum(view)}", class_="soft small"),
    )


def _sum(view: WordContributions) -> str:
    return f"All {counted(len(view.parts), 'known word')} add up to the score {signed(view.score)}."


def own_text(net: WordNet, text: str) -> Markup:
    """Return a place to write a text that is answered at once, word by word."""
    strongest = np.argsort(-np.abs(net.pull), kind="stable")[:MOST_KNOWN].tolist()
    words = [[net.words[at], float(f"{net.pull[at]:.7g}")] for at in strongest if net.pull[at]]
    data = {"classes": list(net.classes), "bias": net.bias, "words": words, "strengths": STEPS}
    fewer = f"Here it knows the {MOST_KNOWN:,} words of {len(net.words):,} that pull most."
    return joined(
        element("p", element("textarea", text, id="own", aria_label="A text of your own")),
        element("p", id="own-answer", class_="answer", aria_live="polite"),
        element("p", id="own-said", class_="said"),
        *([element("p", fewer, class_="soft small")] if len(net.words) > MOST_KNOWN else []),
        embedded(data, "net"),
    )


def _marked(word: str, adds: float | None, largest: float) -> Markup:
    if adds is None:
        return element("span", word, class_="unknown", title=f"{word} is not known")
    size = round(STEPS * abs(adds) / largest)
    kind = f"{'first' if adds < 0 else 'second'}{size}" if size else None
    return element("span", word, class_=kind, title=f"{word} adds {signed(adds)}")


def _axes(view: WordMap) -> str:
    across, up = view.axis_names
    return f"Left to right: {across}; up: {up}." if across else ""


def _drawing(view: WordMap) -> Markup:
    places = _places(view.spread())
    strength = np.abs(view.pull) / np.abs(view.pull).max()
    marks = [
        _mark(word, float(pull), x, y, 3.0 + 4.0 * float(np.sqrt(size)))
        for word, pull, (x, y), size in zip(
            view.words, view.pull.tolist(), places.tolist(), strength, strict=True
        )
    ]
    names = [
        element("text", view.words[at], x=x, y=y, class_="name", text_anchor=anchor)
        for at, x, y, anchor in _names(view.words, places)
    ]
    tag = element("text", class_="tag", x=0.0, y=0.0)
    return drawing([*marks, *names, tag], WIDTH, HEIGHT, f"Map of words by {NAMES[view.method]}", str(view))


def _mark(word: str, pull: float, x: float, y: float, size: float) -> Markup:
    """Return a square for a word of the first class, a disc for one of the second."""
    title = element("title", f"{word} {signed(pull)}")
    place = {"data_x": f"{x:.1f}", "data_y": f"{y:.1f}"}
    if pull < 0:
        side = 1.8 * size
        return element(
            "rect",
            title,
            x=x - side / 2,
            y=y - side / 2,
            width=side,
            height=side,
            class_="word first",
            **place,
        )
    return element("circle", title, cx=x, cy=y, r=size, class_="word second", **place)


def _places(points: Floats) -> Floats:
    """Return where points lie in the drawing. Shape: (words, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    shares = (points - low) / np.maximum(high - low, 1e-300)
    size = np.array([WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE])
    placed: Floats = EDGE + np.column_stack([shares[:, 0], 1.0 - shares[:, 1]]) * size
    return placed


def _names(words: Sequence[str], places: Floats) -> list[tuple[int, float, float, str]]:
    """Choose the words that are named: the strongest first, and none over another name."""
    taken: list[tuple[float, float, float, float]] = []
    found = []
    for at, (x, y) in enumerate(places.tolist()):
        width = text_width(words[at], LETTER)
        right = x + 8 + width > WIDTH
        left = x - 8 - width if right else x + 8
        box = (left, y - 9.0, left + width, y + 5.0)
        if any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in taken):
            continue
        taken.append(box)
        found.append((at, x - 8 if right else x + 8, y + 4, "end" if right else "start"))
        if len(found) == MOST_NAMES:
            break
    return found
