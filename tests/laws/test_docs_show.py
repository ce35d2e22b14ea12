"""What a page shows below a block is what the block prints: every ``output`` block of the docs.

An ``output`` block belongs to the ``python`` block right above it. Words are compared as they are, numbers
to a part in two hundred or to one in the last digit that is shown, because another machine adds up in another
order, and a long training makes that larger.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^(?P<note><!-- not run: .* -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if "```output" in path.read_text("utf-8")]


def differences(page: str) -> list[str]:
    """Run a page and list what it shows and does not print, by the number of its block."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed, found = "", []
    for number, block in enumerate(BLOCK.finditer(page)):
        if block["language"] == "python" and not block["note"]:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(block["text"], f"block {number}", "exec"), namespace)
            printed = out.getvalue()
        elif block["language"] == "output" and not same(block["text"], printed):
            pairs = lines(block["text"], printed)
            first = next((pair for pair in pairs if not same(*pair)), (block["text"], printed))
            found.append(f"block {number} shows {first[0]!r}, but this is printed: {first[1]!r}")
    return found


def lines(shown: str, printed: str) -> Iterator[tuple[str, str]]:
    return zip_longest(shown.strip().splitlines(), printed.strip().splitlines(), fillvalue="")


def same(shown: str, printed: str) -> bool:
    """Compare two texts word by word, numbers nearly; how far apart words stand does not matter."""
    words = [NUMBER.sub("#", text).split() for text in (shown, printed)]
    numbers = [NUMBER.findall(text) for text in (shown, printed)]
    return words[0] == words[1] and all(nearly(*pair) for pair in zip(*numbers, strict=True))


def nearly(shown: str, printed: str) -> bool:
    decimals = len(shown.partition("e")[0].partition(".")[2])
    last_digit = 10.0**-decimals if decimals and "e" not in shown else 0.0
    return math.isclose(float(shown), float(printed), rel_tol=5e-3, abs_tol=1.01 * last_digit)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_output_that_a_page_shows_is_what_its_block_prints(path):
    assert differences(path.read_text("utf-8")) == []


PAGE = """
```python
print("a", 1 / 3)
```

```output
a 0.33333
```
"""


def test_the_law_sees_other_words_and_other_numbers():
    assert differences(PAGE) == []
    assert len(differences(PAGE.replace("a 0.3", "b 0.3"))) == 1
    assert len(differences(PAGE.replace("0.33333", "0.3353"))) == 1
    assert len(differences(PAGE.replace("a 0.33333", ""))) == 1


@pytest.mark.parametrize("pair", [("0.0159", "0.0158"), ("0.1883", "0.1889"), ("2e-5", "2.01e-5")])
def test_a_shown_number_is_right_to_its_last_digit_or_a_part_in_two_hundred(pair):
    assert nearly(*pair)


@pytest.mark.parametrize("pair", [("0.0159", "0.0157"), ("12", "13"), ("2e-5", "3e-5")])
def test_a_shown_number_that_is_further_off_is_wrong(pair):
    assert not nearly(*pair)


def test_pages_that_show_output_are_found():
    assert "01-perceptron.md" in [path.name for path in PAGES]
