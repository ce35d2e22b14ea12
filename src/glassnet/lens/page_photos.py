"""The parts of a page about a model of photos: classes, variation, mistakes, what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.confusion_page import confusion_sections
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, percent
from glassnet.lens.page_tables import folded, table
from glassnet.lens.pictures import captioned, image
from glassnet.lens.text import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.lens.report import PhotoFindings

MOST_CLASSES, MOST_PROBLEMS = 120, 500
WIDE = 900
"""How wide the picture of varied photos is shown at most."""


def photo_sections(found: PhotoFindings) -> Iterator[tuple[str, str, Markup]]:
    """Yield the sections about photos: anchor, title, content."""
    if found.confusion is not None:
        answer = element("p", f"{found.confusion.answer()}.", class_="soft")
        yield "confusion", "What was taken for what", joined(answer, *confusion_sections(found.confusion))
    yield "balance", "The classes", joined(*_balance(found))
    if found.preview is not None:
        yield "varied", "How training photos were varied", joined(*_varied(found.varied, found.preview))
    if found.problems:
        yield "problems", "Photos that are left out", joined(*_problems(found))


def _balance(found: PhotoFindings) -> Iterator[Markup]:
    splits = [name for name, counts in found.counts.items() if counts]
    classes = list(dict.fromkeys(name for split in splits for name in found.counts[split]))
    train = found.counts.get("train", {})
    known = [count for count in train.values() if count]
    if known and max(known) >= 3 * min(known):
        most, least = max(train, key=lambda n: train[n]), min(train, key=lambda n: train[n])
        text = (
            f"The classes are unequal: {train[most]:,} training photos of {shown(most)} and {train[least]:,} "
            f"of {shown(least)}. With --class-weight balanced they count the same."
        )
        yield element("p", text)
    total = max(sum(train.values()), 1)
    rows = [
        (
            shown(name),
            *(f"{found.counts[split].get(name, 0):,}" for split in splits),
            percent(train.get(name, 0) / total),
        )
        for name in classes[:MOST_CLASSES]
    ]
    yield table(("class", *splits, "share of the training photos"), rows)
    if len(classes) > MOST_CLASSES:
        yield element("p", f"and {len(classes) - MOST_CLASSES} more classes", class_="soft small")


def _varied(varied: str, preview: NDArray[np.uint8]) -> Iterator[Markup]:
    words = (
        f"In every epoch each training photo was changed anew ({varied}); photos that judge never are. "
        "Each row shows a photo as it is, then varied."
    )
    yield element("p", words)
    pixels = preview[..., 0] if preview.shape[2] == 1 else preview
    shown_wide = min(WIDE, 2 * pixels.shape[1])
    yield captioned(image(pixels, "photos and what was made of them", shown_wide), "left: as they are")


def _problems(found: PhotoFindings) -> Iterator[Markup]:
    count = len(found.problems)
    yield element("p", f"{counted(count, 'photo')} could not be used; all others were.")
    rows = [(shown(name), what, do) for name, what, do in found.problems[:MOST_PROBLEMS]]
    yield folded("Their names", table(("photo", "what was found", "what to do"), rows, wide=1))
