"""Imports go down the layers and never up or sideways, inside functions and under TYPE_CHECKING too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "glassnet"

# A line may import only from lines below it. Names with | between them do not import each other.
# "door" is glassnet/__init__.py itself.
LAYERS = """
cli __main__ | studio
course
door
estimators
run
lens | ship
model
archive | engine
task results
metrics | data | nets | reference
recipe notation plan
errors randomness storage version machine native_status _native
"""

# Imports that only these modules may make, at any depth.
ONLY_IN = {
    "glassnet._native": {
        "engine.dense_native",
        "engine.tabular_native",
        "engine.bags_native",
        "engine.sentiment",
        "data.augment_native",
        "data.text_native",
        "native_status",
        "run.bench.extension",
    },
    "matplotlib": {"lens.draw"},
}


def places(layers: str) -> dict[str, tuple[int, int]]:
    """Map each name to its line (0 is the lowest) and its group on that line."""
    lines = layers.strip().splitlines()[::-1]
    return {
        name: (height, group)
        for height, line in enumerate(lines)
        for group, names in enumerate(line.split("|"))
        for name in names.split()
    }


def module_name(path: Path, root: Path) -> str:
    """Name a file inside the package: ``data/table.py`` is ``data.table``, ``data/__init__.py`` ``data``."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Give the line and the full name of everything that a module imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "import_module",
            "__import__",
        ):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, first.value


def absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """Spell out the module that ``from ... import`` names, also when it is relative."""
    if not node.level:
        return node.module or ""
    parts = ["glassnet", *(module.split(".") if module else [])]
    parts = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def unit(name: str, known: dict[str, tuple[int, int]], modules: set[str]) -> str | None:
    """Give the layer unit that an imported name belongs to; None where it is not Glassnet's."""
    parts = name.split(".")
    if parts[0] != "glassnet":
        return None
    if len(parts) > 1 and (parts[1] in known or parts[1] in modules):
        return parts[1]
    return "door"


def violations(root: Path, layers: str = LAYERS, only_in: dict[str, set[str]] = ONLY_IN) -> list[str]:
    """List every import that goes up or sideways, and every module that has no layer."""
    known = places(layers)
    files = sorted(root.rglob("*.py"))
    tops = {module_name(path, root).split(".")[0] for path in files} - {""}
    found = [f"{name}: belongs to no layer" for name in sorted(tops - known.keys())]
    for path in files:
        module = module_name(path, root)
        own = module.split(".")[0] if module else "door"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, name in imported(tree, module, path.name == "__init__.py"):
            where = f"{path.relative_to(root).as_posix()}:{line}: {own} imports {name}"
            target = unit(name, known, tops)
            if own in known and target in known and not allowed(known[own], known[target]):
                found.append(where)
            found += [
                f"{where}, which only {sorted(allowed_in)} may"
                for guarded, allowed_in in only_in.items()
                if f"{name}.".startswith(f"{guarded}.") and module not in allowed_in
            ]
    return found


def allowed(own: tuple[int, int], target: tuple[int, int]) -> bool:
    """Say whether a module at one place may import from another: lower, or the same group."""
    return target[0] < own[0] or target == own


def test_imports_go_down_the_layers():
    assert violations(SRC) == []


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


SMALL = "cli | studio\ndoor\nrun\nlens | ship\nerrors _native"


def test_the_law_sees_each_kind_of_violation(tmp_path):
    root = write(
        tmp_path,
        {
            "__init__.py": "from glassnet.errors import E\n",
            "errors.py": "def f():\n    import glassnet.run\n",
            "run.py": "if TYPE_CHECKING:\n    from glassnet.cli import main\nimport glassnet as gn\n",
            "cli.py": "from importlib import import_module\nimport_module('glassnet.studio.page')\n",
            "lens/__init__.py": "from ..ship import export\n",
            "lens/deep.py": "from .. import ship\nfrom . import other\nimport matplotlib.pyplot\n",
            "lens/draw.py": "import matplotlib\n",
            "ship.py": "from glassnet import _native\n",
            "stray.py": "import glassnet.errors\n",
            "studio.py": "import glassnet.run\n",
        },
    )
    found = violations(root, SMALL, {"matplotlib": {"lens.draw"}, "glassnet._native": set()})
    assert found[0] == "stray: belongs to no layer"
    assert sorted(each.split(", which")[0] for each in found[1:]) == [
        "cli.py:2: cli imports glassnet.studio.page",
        "errors.py:2: errors imports glassnet.run",
        "lens/__init__.py:1: lens imports glassnet.ship.export",
        "lens/deep.py:1: lens imports glassnet.ship",
        "lens/deep.py:3: lens imports matplotlib.pyplot",
        "run.py:2: run imports glassnet.cli.main",
        "run.py:3: run imports glassnet",
        "ship.py:1: ship imports glassnet._native",
    ]


def test_the_law_lets_imports_that_go_down_pass(tmp_path):
    root = write(
        tmp_path,
        {
            "__init__.py": "from .run import train\n",
            "run.py": "import numpy\nfrom glassnet.lens import draw\nfrom glassnet import errors\n",
            "cli.py": "from glassnet import __version__\nfrom glassnet.run import train\n",
            "lens/__init__.py": "from .draw import plot\n",
            "lens/draw.py": "from ..errors import E\nfrom glassnet.lens import other\n",
            "errors.py": "import glassnet._native\n",
        },
    )
    assert violations(root, SMALL, {}) == []
