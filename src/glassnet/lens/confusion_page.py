"""The page of a confusion matrix: a click on a cell opens the photos behind it, without any script."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.confusion import Confusion, Judged, score_cells
from glassnet.lens.convolution_page import picture_page
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, percent
from glassnet.lens.pictures import PICTURE_STYLE, image
from glassnet.lens.style import STYLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 40
"""Of more classes than this only the confused pairs are listed, and no matrix is drawn."""
MOST_OPENED, MOST_IN_CELL, MOST_PICTURES = 400, 24, 1500
"""Cells that open, photos in each, and photos on the page: right cells show fewer where room is short."""
MOST_MISTAKES = 24
SMALL = 40
"""Thumbnails with fewer rows are shown as squares, and larger ones smoothly."""
STEPS = 6
CONFUSION_STYLE = (
    PICTURE_STYLE
    + """
table.matrix { min-width: 0; width: auto; border-collapse: separate; border-spacing: 2px; }
table.matrix th, table.matrix td { min-width: 2.4em; padding: 0; text-align: center; border: 0;
  vertical-align: middle; font-weight: 400; white-space: nowrap; }
table.matrix tbody th { text-align: right; padding-right: 8px; }
table.matrix thead th { padding: 0 4px; max-width: 7em; overflow: hidden; text-overflow: ellipsis; }
table.matrix a, table.matrix span { display: block; padding: 6px 8px; border-radius: 4px;
  text-decoration: none; color: var(--ink); border: 1px solid var(--line); }
table.matrix span { color: var(--soft); }
table.matrix a:hover, table.matrix a:focus { outline: 2px solid var(--ink); }
.behind { display: none; background: var(--panel); border-radius: 10px; padding: 4px 16px 12px;
  scroll-margin-top: 12px; }
.behind:target { display: block; }
.behind h3 { margin-top: 12px; }
.pictures img { max-width: 120px; }
.wrong { color: var(--bad); }
"""
    + "".join(
        f"a.right{at} {{ background: color-mix(in srgb, var(--network) {12 * at}%, transparent); }} "
        f"a.miss{at} {{ background: color-mix(in srgb, var(--bad) {12 * at}%, transparent); }} "
        for at in range(STEPS + 1)
    )
)


def confusion_page(view: Confusion) -> str:
    """Return the page; the same View gives the same text."""
    title = "What was taken for what"
    return picture_page(
        title, f"{view.answer()}.", joined(*confusion_sections(view)), STYLE + CONFUSION_STYLE
    )


def confusion_sections(view: Confusion) -> Iterator[Markup]:
    """Give the parts for a page that has :data:`CONFUSION_STYLE` and may hold pictures."""
    opened = _opened(view)
    yield element("h2", "Truth and answers", id="matrix")
    if len(view.classes) <= MOST_CLASSES:
        words = "Rows are what a photo is, columns what was answered; darker is a larger share of the row. "
        does = "A click on a cell opens its photos, the surest answers first."
        yield element("p", words + (does if view.thumbnails is not None else ""), class_="soft")
        yield element("div", _matrix(view, opened), class_="scroll")
    if not view.pairs:
        yield element("p", "No photo was answered as another class.")
    else:
        yield element("h3", "Most confused")
        yield element("ul", *_pair_lines(view, opened))
    for pair, rows in opened.items():
        yield _behind(view, pair, rows)
    if mistakes := view.mistakes(MOST_MISTAKES):
        yield element("h2", "The surest mistakes", id="mistakes")
        words = "Look for wrong labels first: a photo that everyone would label otherwise is found here."
        yield element("p", words, class_="soft")
        yield element("div", *(_photo(view, each, told=True) for each in mistakes), class_="pictures")
    yield element("h2", "Class by class", id="classes")
    head = ["class", "photos", "right", "95 % interval", "precision", "most taken for"]
    links = [f"#cell-{at}-{at}" if (at, at) in opened else None for at in range(len(view.classes))]
    body = (
        element("tr", *_cells(score_cells(each), link)) for each, link in zip(view.scores, links, strict=True)
    )
    table = element(
        "table",
        element("thead", element("tr", *(element("th", each) for each in head))),
        element("tbody", *body),
    )
    yield element("div", table, class_="scroll")


def _opened(view: Confusion) -> dict[tuple[int, int], Sequence[int]]:
    """Choose the cells that open and their photos: mistakes first, the most frequent first."""
    if view.thumbnails is None:
        return {}
    right = [(at, at) for at in range(len(view.classes)) if (at, at) in view.cells]
    pairs = [(truth, answer) for truth, answer, _ in view.pairs]
    found: dict[tuple[int, int], Sequence[int]] = {}
    left = MOST_PICTURES
    for pair in (pairs + right)[:MOST_OPENED]:
        rows = view.cells[pair][: min(MOST_IN_CELL, left)]
        left -= len(rows)
        if rows:
            found[pair] = rows
    return found


def _matrix(view: Confusion, opened: dict[tuple[int, int], Sequence[int]]) -> Markup:
    shares = view.counts / np.maximum(view.counts.sum(axis=1, keepdims=True), 1)
    head = [element("th", ""), *(element("th", name, title=name) for name in view.classes)]
    rows = []
    for i, name in enumerate(view.classes):
        cells = [element("th", name)]
        for j, count in enumerate(view.counts[i].tolist()):
            kind = "right" if i == j else "miss"
            step = int(np.ceil(STEPS * shares[i, j]))
            said = f"{name} answered as {view.classes[j]}: {counted(count, 'photo')}"
            link = f"#cell-{i}-{j}" if (i, j) in opened else None
            tag = "a" if count else "span"
            text = f"{count:,}" if count else "·"
            cell = element(tag, text, href=link, class_=f"{kind}{step}" if count else None, title=said)
            cells.append(element("td", cell))
        rows.append(element("tr", *cells))
    return element("table", element("thead", element("tr", *head)), element("tbody", *rows), class_="matrix")


def _pair_lines(view: Confusion, opened: dict[tuple[int, int], Sequence[int]]) -> Iterator[Markup]:
    for truth, answer, count in view.pairs[: MOST_MISTAKES // 2]:
        share = percent(count / int(view.counts[truth].sum()))
        text = f"{view.classes[truth]} taken for {view.classes[answer]}"
        link = f"#cell-{truth}-{answer}" if (truth, answer) in opened else None
        yield element(
            "li", element("a", text, href=link), f": {counted(count, 'photo')}, {share} of its class"
        )


def _behind(view: Confusion, pair: tuple[int, int], rows: Sequence[int]) -> Markup:
    truth, answer = (view.classes[at] for at in pair)
    count = len(view.cells[pair])
    head = f"{truth}, answered as {answer}: {counted(count, 'photo')}"
    less = f" The {len(rows)} surest are shown." if len(rows) < count else ""
    return element(
        "section",
        element("h3", head),
        element("p", element("a", "back to the matrix", href="#matrix"), less, class_="soft small"),
        element("div", *(_photo(view, view.judged[row], told=False) for row in rows), class_="pictures"),
        class_="behind",
        id=f"cell-{pair[0]}-{pair[1]}",
    )


def _photo(view: Confusion, judged: Judged, *, told: bool) -> Markup:
    """Return a photo with its name and how sure its answer was; ``told``: and of what."""
    truth, answer = view.classes[judged.truth], view.classes[judged.answer]
    words = f"{answer}, {percent(judged.sure)}"
    lines: Iterable[str] = (
        [element("b", words, class_="wrong"), f", is {truth} ({percent(judged.of_truth)})"]
        if told
        else [words]
    )
    caption = element("figcaption", *lines, element("br"), judged.name)
    if view.thumbnails is None:
        return element("figure", caption)
    pixels = view.thumbnails[judged.row]
    said = f"{judged.name}: {truth}, answered as {answer}"
    return element("figure", _thumbnail(pixels, said), caption)


def _thumbnail(pixels: NDArray[np.uint8], said: str) -> Markup:
    """Return a thumbnail: small ones as they are, larger ones as JPEG, a tenth of the size."""
    if len(pixels) < SMALL:
        return image(pixels, said, 80)
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, "JPEG", quality=80)
    source = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
    width = 110.0
    height = width * len(pixels) / pixels.shape[1]
    return element("img", src=source, alt=said, title=said, width=width, height=height, class_="smooth")


def _cells(texts: Sequence[str], link: str | None) -> Iterator[Markup]:
    """Give the cells of a class; its share of right answers opens their photos."""
    yield element("th", texts[0])
    for at, each in enumerate(texts[1:]):
        yield element("td", element("a", each, href=link) if at == 1 and link else each)
