"""Every row of the course that is done has a test that names it, as ``test_..._C07`` or in a docstring."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
DONE = {f"C{row:02}" for row in (*range(1, 32), *range(33, 42), *range(43, 50), 51)}


def test_every_row_that_is_done_is_named_by_another_test():
    others = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    named = {row for path in others for row in re.findall(r"C\d\d(?!\d)", path.read_text(encoding="utf-8"))}
    assert DONE - named == set()
