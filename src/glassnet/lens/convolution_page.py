"""Pages of what is inside a convolutional net: pictures, their scale in words, and nothing that is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.lens.convolution_view import (
    FeatureMaps,
    Filters,
    LayerFilters,
    LayerMaps,
    LayerWinners,
    PhotoView,
    PoolingWinners,
    UnfoldedPixel,
)
from glassnet.lens.document import document_head
from glassnet.lens.heat_view import GradCam, Occlusion
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, number, percent
from glassnet.lens.numerals import signed as signed_text
from glassnet.lens.pictures import (
    PICTURE_STYLE,
    captioned,
    colours,
    grey,
    heat_over,
    image,
    shrunk,
    side_by_side,
    signed,
)
from glassnet.lens.style import SCRIPT, STYLE
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_MAPS = 32
"""So many maps or filters of a layer are shown; how many there are is said."""
MOST_CHANNELS = 16
"""So many channels of a filter or of an unfolded pixel are shown."""
PHOTO_WIDTH, MAP_WIDTH = 260, 96
_STYLE = (
    STYLE
    + PICTURE_STYLE
    + """
table.window { min-width: 0; width: auto; }
table.window td { min-width: 0; text-align: right; padding: 4px 9px; border: 1px solid var(--line); }
table.window td.outside { background: var(--panel); color: var(--soft); }
table.window td.above { color: var(--other); }
table.window td.below { color: var(--network); }
.sum { font-size: 22px; padding: 0 4px; align-self: center; }
"""
)


def convolution_page(view: PhotoView) -> str:
    """Return the page of any View of :mod:`convolution_view` and :mod:`heat_view`."""
    title, sections = _PAGES[type(view)]
    return picture_page(title, _answer(view), joined(*sections(view)))


def picture_page(title: str, answer: str, body: Markup, style: str = _STYLE) -> str:
    """Return a page that may hold pictures and loads nothing."""
    head = document_head(f"{title}: Glassnet", style, SCRIPT, pictures=True)
    kicker = element("p", "Glassnet", class_="kicker")
    page = element(
        "body",
        element("header", kicker, element("h1", title), element("p", answer, class_="answer")),
        element("main", body),
        element("footer", f"Made by Glassnet {__version__}. This page loads nothing from any network."),
        element("script", Markup(SCRIPT)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, page, lang='en')}\n"


def _answer(view: PhotoView) -> str:
    """Return the sentence at the top."""
    if isinstance(view, Filters):
        count = sum(len(each.weights) for each in view.layers)
        return f"{counted(count, 'filter')} in {counted(len(view.layers), 'layer')} of {view.net}."
    if isinstance(view, FeatureMaps):
        return f"What {counted(len(view.layers), 'step')} of {view.net} make of one photo, in their order."
    if isinstance(view, PoolingWinners):
        words = "Orange pixels were the largest of a window and went on; grey ones did not."
        return f"{counted(len(view.layers), 'max pooling')} of {view.net}. {words}"
    return str(view).split("\n")[0]


def _filters(view: Filters) -> Iterator[Markup]:
    for each in view.layers:
        count, *sees = each.weights.shape
        yield element("h2", f"{each.name}: {counted(count, 'filter')} of {' x '.join(map(str, sees))}")
        yield _left_out(count, "filter")
        most = float(np.abs(each.weights).max())
        if each.is_colour:
            low, high = float(each.weights.min()), float(each.weights.max())
            words = f"Red, green and blue are the weights of the three channels, {number(low, 3)} darkest, "
            yield element("p", f"{words}{number(high, 3)} brightest.", class_="soft small")
        else:
            yield _scale("signed", f"−{number(most, 3)}", number(most, 3))
        if sees[0] > MOST_CHANNELS:
            yield element("p", f"Of {sees[0]:,} channels the first {MOST_CHANNELS}.", class_="soft small")
        yield element("div", *_filter_pictures(each, most), class_="pictures")


def _filter_pictures(layer: LayerFilters, most: float) -> Iterator[Markup]:
    for at, weights in enumerate(layer.weights[:MOST_MAPS]):
        bias = "" if layer.bias is None else f", bias {signed_text(float(layer.bias[at]))}"
        if layer.is_colour:
            low, high = layer.weights.min(), layer.weights.max()
            pixels = grey(np.moveaxis(weights, 0, -1), low, high)
        else:
            pixels = side_by_side([signed(each, most) for each in weights[:MOST_CHANNELS]])
        width = min(800, 3 * pixels.shape[1]) if not layer.is_colour else 64
        yield captioned(image(pixels, f"filter {at}{bias}", width), f"{at}{bias}")


def _maps(view: FeatureMaps) -> Iterator[Markup]:
    yield _photo(view.picture)
    for each in view.layers:
        count = len(each.maps)
        size = " x ".join(map(str, each.maps.shape[1:]))
        kind = "" if each.kind == "function" else f" ({each.kind})"
        yield element("h2", f"After {each.name}{kind}: {counted(count, 'map')} of {size}")
        yield _left_out(count, "map")
        if each.silent:
            yield element("p", f"{counted(each.silent, 'map')} of them 0 everywhere.", class_="soft small")
        yield from _map_pictures(each)


def _map_pictures(layer: LayerMaps) -> Iterator[Markup]:
    low, high = float(layer.maps.min()), float(layer.maps.max())
    most = max(-low, high)
    if low < 0:
        yield _scale("signed", number(-most, 3), number(most, 3))
    else:
        yield _scale("grey", "0", number(high, 3))
    width = MAP_WIDTH // 3 if layer.maps.shape[2] < 4 else MAP_WIDTH
    found = []
    for at, each in enumerate(layer.maps[:MOST_MAPS]):
        small = shrunk(each, MAP_WIDTH)
        pixels = signed(small, most) if low < 0 else grey(small, 0.0, high)
        said = f"map {at}: {number(float(each.min()), 3)} to {number(float(each.max()), 3)}"
        found.append(image(pixels, said, width))
    yield element("div", *found, class_="pictures")


def _pixel(view: UnfoldedPixel) -> Iterator[Markup]:
    for line in view.window():
        yield element("p", line)
    products, outside = view.products, view.outside
    for at, channel in enumerate(view.channels[:MOST_CHANNELS]):
        yield element("h3", f"Channel {channel} of the input")
        total = number(float(products[at].sum()), 4)
        yield element(
            "div",
            _window("input", view.inputs[at], outside),
            element("span", "×", class_="sum"),
            _window("weight", view.weights[at], None),
            element("span", "=", class_="sum"),
            _window("product", products[at], None),
            element("span", f"sum {total}", class_="sum"),
            class_="pictures scroll",
        )
    left = view.channels[MOST_CHANNELS:]
    sums = [number(float(each), 4) for each in products.sum(axis=(1, 2))[:MOST_CHANNELS]]
    if len(left):
        rest = number(float(products[MOST_CHANNELS:].sum()), 4)
        yield element("p", f"The other {counted(len(left), 'channel')} sum to {rest}.")
        sums.append(rest)
    terms = [*sums, f"{number(view.bias, 4)} (bias)"]
    total = " + ".join(terms).replace("+ −", "− ")
    yield element("h2", "Together")
    yield element("p", f"{total} = {number(view.total, 4)}; the net computed {number(view.value, 4)}.")


def _window(name: str, values: Floats, outside: NDArray[np.bool_] | None) -> Markup:
    """Return a table of the numbers in a window; those in the padding are marked."""
    rows = []
    for i, row in enumerate(values):
        cells = []
        for j, value in enumerate(row):
            sign = "above" if value > 0 else "below" if value < 0 else None
            kind = "outside" if outside is not None and outside[i, j] else sign
            cells.append(element("td", number(float(value), 3), class_=kind))
        rows.append(element("tr", *cells))
    return element("figure", element("table", *rows, class_="window"), element("figcaption", name))


def _winners(view: PoolingWinners) -> Iterator[Markup]:
    yield _photo(view.picture)
    for each in view.layers:
        window, step = (" x ".join(map(str, pair)) for pair in (each.kernel, each.stride))
        yield element("h2", f"{each.name}: windows of {window}, every {step}")
        won = percent(float((each.wins() > 0).mean()))
        channels = min(len(each.given), MOST_CHANNELS)
        said = f"{won} of the pixels won a window. "
        said += f"Channels 0 to {channels - 1} of {len(each.given):,}: the maps before, and what was kept."
        yield element("p", said, class_="soft small")
        yield element("div", *_winner_pictures(each, channels), class_="pictures")


def _winner_pictures(layer: LayerWinners, channels: int) -> Iterator[Markup]:
    low, high = float(layer.given.min()), float(layer.given.max())
    wins = layer.wins() > 0
    for at in range(channels):
        shades = grey(layer.given[at], low, high)[..., None] / 255
        won = np.array([255, 214, 170]) * shades + np.array([178, 88, 6]) * (1 - shades)
        lost = 40 + 175 * np.repeat(shades, 3, axis=-1)
        pixels = np.where(wins[at][..., None], won, lost).astype(np.uint8)
        before = image(pixels, f"channel {at} before", 130)
        after = image(grey(layer.values[at], low, high), f"channel {at} after", 65)
        yield element("figure", before, after, element("figcaption", f"channel {at}"))


def _cam(view: GradCam) -> Iterator[Markup]:
    most = float(view.heat.max())
    over = image(heat_over(view.picture, view.heatmap, most), "heat over the photo", PHOTO_WIDTH, smooth=True)
    coarse = image(signed(view.heat, most), f"heat after {view.layer}", PHOTO_WIDTH)
    size = " x ".join(map(str, view.heat.shape))
    yield element(
        "div",
        captioned(_shown(view.picture), "the photo"),
        captioned(over, f"what speaks for {view.name}"),
        captioned(coarse, f"the {size} places of {view.layer}, as they are"),
        class_="pictures",
    )
    yield _scale("heat", "0", number(most, 3))
    for line in str(view).split("\n")[1:]:
        yield element("p", line)
    yield element(
        "p",
        "Heat is the sum of the maps, each weighed by the mean slope of the class's output by it, where "
        "that sum is above 0. It says which parts raise this output, not which parts are the object.",
        class_="soft",
    )
    order = np.argsort(-np.abs(view.weights), kind="stable")[:8]
    said = ", ".join(f"map {at} {signed_text(float(view.weights[at]))}" for at in order)
    yield element("p", f"Largest weights: {said}.", class_="soft small")


def _occlusion(view: Occlusion) -> Iterator[Markup]:
    most = float(np.abs(view.heatmap).max())
    over = image(heat_over(view.picture, view.heatmap, most), "heat over the photo", PHOTO_WIDTH, smooth=True)
    coarse = image(signed(view.drops, float(np.abs(view.drops).max())), "one square a place", PHOTO_WIDTH)
    yield element(
        "div",
        captioned(_shown(view.picture), "the photo"),
        captioned(over, f"orange: without it {view.name} is less likely; blue: more likely"),
        captioned(coarse, f"each of the {counted(view.scores.size, 'place')} of the patch"),
        class_="pictures",
    )
    yield _scale("signed", number(-most, 3), number(most, 3))
    for line in str(view).split("\n")[1:]:
        yield element("p", line)
    words = "The patch hides what is below it; a net may also react to the patch itself, which it never saw."
    yield element("p", words, class_="soft")


def _photo(picture: Floats) -> Markup:
    size = " x ".join(map(str, picture.shape))
    return element("div", captioned(_shown(picture), f"the photo, {size}"), class_="pictures")


def _shown(picture: Floats) -> Markup:
    return image(colours(picture), "the photo", PHOTO_WIDTH, smooth=picture.shape[1] >= PHOTO_WIDTH)


def _scale(kind: str, low: str, high: str) -> Markup:
    """Return the key of a scale; the same words are read out."""
    bar = element("span", class_=f"scale {kind}")
    zero = ", 0 is white" if kind == "signed" else ""
    return element("p", f"{low}", bar, f"{high}{zero}", class_="legend")


def _left_out(count: int, what: str) -> Markup:
    if count <= MOST_MAPS:
        return Markup("")
    return element("p", f"The first {MOST_MAPS} of {counted(count, what)}.", class_="soft small")


_PAGES: dict[type, tuple[str, Callable[[Any], Iterator[Markup]]]] = {
    Filters: ("Filters", _filters),
    FeatureMaps: ("Feature maps", _maps),
    UnfoldedPixel: ("One pixel unfolded", _pixel),
    PoolingWinners: ("Pooling winners", _winners),
    GradCam: ("Where the net looks: Grad-CAM", _cam),
    Occlusion: ("Where the net looks: occlusion", _occlusion),
}
