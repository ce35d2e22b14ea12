"""What a folder or a zip holds: photos, texts, or neither."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

from glassnet.data.members import members
from glassnet.errors import DataError

_HOLDS: dict[str, Literal["image", "text"]] = {
    ".txt": "text",
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"), "image"),
}


def kind_of_files(path: Path) -> Literal["image", "text"] | None:
    """Say what most files of a folder or a zip are, by the endings of their names; None: of no one kind.

    Something that cannot be looked into is of no kind here: whoever reads it says why.
    """
    if not (path.is_dir() or path.suffix.lower() == ".zip"):
        return None
    try:
        with members(path) as found:
            counted = Counter(_HOLDS.get(each.suffix) for each in found)
    except DataError:
        return None
    kind, count = max(counted.items(), key=lambda each: each[1], default=(None, 0))
    return kind if 2 * count > counted.total() else None
