"""The parts of a page about a series or a long text: forecasts, errors by step, surprise, samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.axes import number_axis
from glassnet.lens.charts import WIDTH, Plot
from glassnet.lens.markup import Markup, element
from glassnet.lens.numerals import number
from glassnet.lens.page_charts import BROAD, figure
from glassnet.lens.text import shown
from glassnet.lens.wording import BASELINES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from glassnet.lens.sequences import CharacterFindings, Forecast, SeriesFindings

    Floats = NDArray[np.float64]

LEVELS = (0.5, 1.5, 3.0, 5.0)
"""Nats from which a character is shaded darker."""
_KINDS = ("truth", "other")


def series_figures(found: SeriesFindings) -> Iterator[Markup]:
    """Yield how the error grows with the steps ahead, and a few forecasts."""
    steps = len(found.errors["network"])
    if steps > 1:
        words = "The RMSE of each row ahead: the first value after the last known row is mostly the easiest."
        x = np.arange(1, steps + 1)
        yield _lines("How far ahead can it see?", words, x, "rows ahead", found.errors, "RMSE")
    for each in found.examples:
        yield _forecast(each, shown(found.target))


def _forecast(found: Forecast, target: str) -> Markup:
    before = np.arange(found.row - len(found.before) + 1, found.row + 1)
    ahead = np.arange(found.row, found.row + len(found.truth) + 1)
    last = found.before[-1:]
    x = number_axis([before[0], ahead[-1]], "row", whole=True, tight=True)
    y = number_axis(np.concatenate([found.before, found.truth, found.answers]), target)
    title = f"A forecast after row {found.row:,}"
    said = f"{len(found.truth)} values of {target} that were foretold, beside those that came"
    plot = Plot(x, y, title, said).mark(found.row, "ideal")
    plot.line(before, found.before, "truth").line(ahead, np.concatenate([last, found.truth]), "truth")
    plot.line(ahead, np.concatenate([last, found.answers]), "network")
    legend = [("truth", "what was so"), ("network", "what it foretold")]
    return figure(title, "What is right of the dashed line it had not seen.", plot.svg(), legend=legend)


def character_figures(found: CharacterFindings) -> Iterator[Markup]:
    """Yield nats along the text, a passage with what each character cost, and what the net writes."""
    words = "Low where the text is easy to foretell. Each point is the mean of a piece of the judged text."
    along = "characters from the beginning of the judged text"
    if len(found.at) > 1:
        title = "Where is the text hard?"
        yield _lines(title, words, found.at, along, found.nats, "nats per character", wide=True)
    yield element("figure", _caption("A passage, as it saw it", _SHADED), _passage(found), class_="wide")
    for temperature, text in found.samples:
        title = f"What it writes, at a temperature of {number(temperature)}"
        yield element("figure", _caption(title, _WRITTEN), element("pre", text), class_="wide")


_SHADED = (
    "The darker a character, the more it surprised the network when it came. Beginnings of words and names "
    "are mostly harder than their ends."
)
_WRITTEN = "One character after another, each drawn by its own probabilities; lower temperatures dare less."


def _caption(title: str, words: str) -> Markup:
    return element("figcaption", element("b", title), element("p", words))


def _passage(found: CharacterFindings) -> Markup:
    levels = groupby(found.passage, key=lambda each: int(np.searchsorted(LEVELS, each[1], side="right")))
    parts = []
    for level, some in levels:
        text = "".join(character for character, _ in some)
        parts.append(text if level == 0 else element("span", text, class_=f"nats{level}"))
    keys = zip(("below 0.5", *(f"from {each:g}" for each in LEVELS)), range(len(LEVELS) + 1), strict=True)
    legend = [
        element("span", element("span", "a", class_=f"nats{level}" if level else None), f" {name}")
        for name, level in keys
    ]
    return element(
        "div", element("pre", *parts, class_="passage"), element("p", *legend, " nats", class_="legend")
    )


def _lines(
    title: str,
    words: str,
    x: ArrayLike,
    along: str,
    values: Mapping[str, Floats],
    what: str,
    *,
    wide: bool = False,
) -> Markup:
    """Draw a line for the network and one for each simple method."""
    across = number_axis(x, along, tight=True)
    down = number_axis(np.concatenate([*values.values()]), what, zero=True)
    others = zip((name for name in values if name != "network"), _KINDS, strict=False)
    named, drawings = [*others, ("network", "network")], []
    for width, kind in ((BROAD, "broad"), (WIDTH, "narrow")) if wide else ((WIDTH, None),):
        plot = Plot(across, down, title, words, width=width)
        for name, colour in named:
            plot.line(x, values[name], colour)
        drawings.append(element("div", plot.svg(), class_=kind))
    legend = [(colour, BASELINES.get(name, "this network")) for name, colour in named[::-1]]
    return figure(title, words, *drawings, legend=legend, wide=wide)
