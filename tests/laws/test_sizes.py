"""A file tells one story in at most 400 lines; a function fits a screen, 40 lines without its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 400
FUNCTION_LINES = 40

# Path, or path::function, and why that one is longer.
LONGER = {
    "src/glassnet/cli/app.py::train": "one parameter for each option of the command",
    "src/glassnet/engine/training.py::fit": "one parameter for each setting",
}


def sources(root: Path) -> list[Path]:
    """List the code of the project: Python and C++, tests included."""
    folders = [root / name for name in ("src", "native", "tests", "benchmarks")]
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".py", ".cpp", ".h", ".hpp")
    )


def functions(node: ast.AST, outer: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Give every function and method with its dotted name, nested ones too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{child.name}".lstrip(".")
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from functions(child, name)
        else:
            yield from functions(child, outer)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines from ``def`` to its end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def too_long(root: Path) -> dict[str, int]:
    """Map every file and function above its limit to its number of lines."""
    found: dict[str, int] = {}
    for path in sources(root):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(root).as_posix()
        if len(text.splitlines()) > FILE_LINES:
            found[name] = len(text.splitlines())
        if path.suffix == ".py":
            for function, node in functions(ast.parse(text)):
                if length(node) > FUNCTION_LINES:
                    found[f"{name}::{function}"] = length(node)
    return found


def test_files_and_functions_keep_to_their_size():
    assert {name: lines for name, lines in too_long(ROOT).items() if name not in LONGER} == {}


def test_every_exception_is_still_needed_and_has_its_reason():
    assert LONGER.keys() <= too_long(ROOT).keys()
    assert all(LONGER.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n" * 401, {"src/a.py": 401}),
        ("x = 1\n" * 400, {}),
        ("def f():\n" + "    x = 1\n" * 39, {}),
        ("def f():\n" + "    x = 1\n" * 40, {"src/a.py::f": 41}),
        ("class C:\n  def f(self):\n" + "    x = 1\n" * 40, {"src/a.py::C.f": 41}),
        ('def f():\n    """One\n' + "    more\n" * 40 + '    """\n' + "    x = 1\n" * 39, {}),
    ],
)
def test_the_law_counts_lines(tmp_path, text, expected):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(text)
    assert too_long(tmp_path) == expected
