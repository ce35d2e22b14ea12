"""Which column of a table holds the labels, where the request does not name it."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.errors import DataError, message

LABELS = ("label", "labels", "target", "class", "category", "sentiment", "标签", "类别")
"""What a column of labels is called where several columns are beside what is learned from."""


def find_label_column(name: str, others: Sequence[str], beside: str) -> tuple[str, str]:
    """Return the column of the labels, and why it is that.

    >>> find_label_column("pets.csv", ["width", "Label"], "photo")
    ('Label', 'its name')

    Args:
        name: what messages call the table.
        others: its columns beside that of the ``beside``: a text or a photo.

    Raises:
        DataError: none, or several, could be it.
    """
    if len(others) == 1:
        return others[0], f"the only column beside the {beside}"
    called = [each for each in others if each.lower() in LABELS]
    if len(called) == 1:
        return called[0], "its name"
    must = f"the labels of {name} must be in one column"
    found = f"it could be any of {', '.join(map(repr, others[:20]))}" if others else "there is none"
    raise DataError(message(must, found, "name it with --target COL"))
