"""The pages on networks show what their blocks print: each ``text`` block is the output of the one above."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

LEARN = Path(__file__).parents[2] / "docs" / "learn"
PIECES = re.compile(r"```(?P<language>python|text)\n(?P<text>.*?)```\n", re.DOTALL)


def printed_and_shown(page):
    """Give for each Python block what it prints and what the page shows for it."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = []
    for piece in PIECES.finditer(page):
        if piece["language"] == "text":
            found[-1][1] = piece["text"]
            continue
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            exec(piece["text"], namespace)
        found.append([written.getvalue(), ""])
    return found


@pytest.mark.parametrize("name", ["03-networks.md", "05-convolution.md"])
def test_every_block_prints_what_the_page_shows(name):
    blocks = printed_and_shown((LEARN / name).read_text(encoding="utf-8"))
    assert len(blocks) >= 10
    for printed, shown in blocks:
        assert printed == shown


def test_a_page_that_shows_something_else_is_found():
    page = "```python\nprint(1)\n```\n\n```text\n2\n```\n"
    assert printed_and_shown(page) == [["1\n", "2\n"]]
