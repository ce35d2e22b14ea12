"""Every example runs: the code blocks of README and docs, and the examples in docstrings.

In one Markdown file the ``python`` blocks run one after the other in one namespace, and the ``glassnet``
lines of ``sh``, ``bash`` and ``console`` blocks run between them, all in one temporary folder. A block
directly after ``<!-- not run: reason -->`` is left out. Other lines of a shell block (``make``, ``pip``,
``git``) are not run.
"""

from __future__ import annotations

import doctest
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PAGES = sorted([*ROOT.glob("README.md"), *(ROOT / "docs").rglob("*.md")])
WITH_EXAMPLES = sorted(path for path in SRC.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[\w-]*)")
NOT_RUN = re.compile(r"^<!-- not run: \S.* -->$")
SHELLS = ("sh", "bash", "console")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page; ``line`` is that of its first line of code, counted from 1."""

    language: str
    line: int
    text: str


def blocks(page: str) -> Iterator[Block]:
    """Give the blocks of a page that are to be run."""
    lines = page.splitlines()
    before, at = "", 0
    while at < len(lines):
        opening = FENCE.match(lines[at])
        if opening is None:
            before, at = lines[at].strip() or before, at + 1
            continue
        first = at = at + 1
        while at < len(lines) and not lines[at].strip().startswith(opening["fence"]):
            at += 1
        if not NOT_RUN.match(before):
            code = [line.removeprefix(opening["indent"]) for line in lines[first:at]]
            yield Block(opening["language"], first + 1, "\n".join(code) + "\n")
        before, at = "", at + 1


def commands(block: Block) -> list[str]:
    """List the ``glassnet`` commands of a shell block, continued lines joined, prompts removed."""
    text = block.text.replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if line.split(" ")[0] == "glassnet"]


SCRIPT = """#!{python}
import sys
from glassnet.cli import main
sys.argv[0] = "glassnet"
sys.exit(main())
"""


def run_command(command: str, folder: Path) -> None:
    """Run one line in a shell in which ``glassnet`` is the one under test."""
    bin_folder = folder / ".bin"
    bin_folder.mkdir(exist_ok=True)
    script = bin_folder / "glassnet"
    script.write_text(SCRIPT.format(python=sys.executable))
    script.chmod(0o755)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\nexit {done.returncode}\n{done.stdout}{done.stderr}"


def run_page(page: str, name: str, folder: Path) -> int:
    """Run a page's blocks in order and return how many there were. Errors name the page's own lines."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    count = 0
    for block in blocks(page):
        if block.language == "python":
            count += 1
            exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), namespace)
        elif block.language in SHELLS:
            for command in commands(block):
                count += 1
                run_command(command, folder)
    return count


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_of_a_page_runs(path, tmp_path):
    run_page(path.read_text(encoding="utf-8"), str(path), tmp_path)


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_every_example_of_a_docstring_gives_what_it_shows(path):
    parts = path.relative_to(SRC).with_suffix("").parts
    module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.failed == 0


PAGE = """
# Title
```python
x = 1
```
<!-- not run: needs a file of yours -->
```python
raise SystemExit(1)
```
```
x = 99
```
1. in a list
   ```python
   x += 1
   assert x == 2
   ```
```console
$ glassnet datasets \\
    --json
glassnet is not run without its prompt
$ make demo
```
"""


def test_the_reader_of_pages_finds_what_is_to_be_run(tmp_path):
    found = list(blocks(PAGE))
    assert [(block.language, block.line) for block in found] == [
        ("python", 4),
        ("", 11),
        ("python", 15),
        ("console", 19),
    ]
    assert [each.split() for each in commands(found[-1])] == [["glassnet", "datasets", "--json"]]
    assert run_page(PAGE.split("```console")[0], "page.md", tmp_path) == 2


def test_a_failing_example_fails_and_names_its_line():
    with pytest.raises(AssertionError) as caught:
        run_page(PAGE.replace("x == 2", "x == 3"), "page.md", Path())
    assert caught.traceback[-1].lineno + 1 == 16


def test_a_note_without_a_reason_hides_nothing():
    assert len(list(blocks(PAGE.replace(": needs a file of yours", ":")))) == 5


def test_a_failing_command_fails(tmp_path):
    with pytest.raises(AssertionError, match="exit "):
        run_page("```sh\nglassnet no-such-command\n```\n", "page.md", tmp_path)
