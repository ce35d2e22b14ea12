"""What is wrong with photos: one record each, one readable list of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glassnet.errors import DataError

NAMED = 3
"""So many photos with the same fault are named, the others are counted."""


@dataclass(frozen=True)
class Problem:
    """A photo, file or folder that is not used.

    Attributes:
        name: which one, as `PhotoList.names` has it.
        what: what was found.
        do: what would help.
    """

    name: str
    what: str
    do: str


def problem_of(name: str, error: DataError) -> Problem:
    """Make a problem of the first message of an error.

    >>> from glassnet.errors import message
    >>> problem_of("a.jpg", DataError(message("a photo must be whole", "it is cut off", "copy it again")))
    Problem(name='a.jpg', what='it is cut off', do='copy it again')
    """
    what, _, do = error.problems[0].partition(", however: ")[2].rpartition("; ")
    return Problem(name, what, do)


def told(problems: Sequence[Problem], named: int = NAMED) -> str:
    """Write problems as a list with a line for each kind, the most frequent first.

    >>> some = [Problem(f"{n}.jpg", "it is cut off", "copy it again") for n in "abcde"]
    >>> print(told([Problem("x.png", "it is empty", "copy it again"), *some]))
    5 x it is cut off (a.jpg, b.jpg, c.jpg and 2 more): copy it again
    1 x it is empty (x.png): copy it again
    """
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in problems:
        kinds.setdefault((each.what, each.do), []).append(_printable(each.name))
    lines = []
    for (what, do), names in sorted(kinds.items(), key=lambda each: (-len(each[1]), each[0])):
        more = f" and {len(names) - named:,} more" if len(names) > named else ""
        lines.append(f"{len(names):,} x {what} ({', '.join(names[:named])}{more}): {do}")
    return "\n".join(lines)


def _printable(name: str) -> str:
    """Write out characters that would break a line or turn it around."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)
