"""A deliberate error is a Glassnet error, and its text is written with ``message(must, however, do)``."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from glassnet import errors

SRC = Path(__file__).parents[2] / "src" / "glassnet"
ERRORS = {name for name, value in vars(errors).items() if inspect.isclass(value) and "Warning" not in name}
BUILTINS = {
    name
    for name, value in vars(builtins).items()
    if inspect.isclass(value) and issubclass(value, Exception) and not issubclass(value, Warning)
}

# Where an exception of another kind is raised, and why. It needs no reason here where a protocol asks for it
# (a pydantic validator, __getattr__), or where it is a ValueError in the grammar: a caller collects those.
OTHER_ERRORS = {
    "data/split.py: ValueError": "a fault inside Glassnet, not one of the user",
    "data/jsonlines.py: ValueError": "the reader puts it among its problems, with the line",
    "data/textfile.py: UnicodeDecodeError": "the decoder's own, with the position in the whole file",
    "estimators/linear.py: AttributeError": "so that hasattr says whether there are lines",
    "estimators/parameters.py: ValueError": "scikit-learn asks for it; several problems are joined",
    "engine/fused.py: ValueError": "as torch's load_state_dict; restore puts it into words",
    "notation.py: ValueError": "a ValueError has one text, so that of several problems is joined",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_plain_text(node: ast.expr) -> bool:
    """Say whether an expression writes a text by hand: a literal, an f-string, ``%``, ``+`` or format."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        return is_plain_text(node.left) or is_plain_text(node.right)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return any(is_plain_text(each) and not is_count_of_the_rest(each) for each in node.elts)
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return is_plain_text(node.elt)
    if isinstance(node, ast.IfExp):
        return is_plain_text(node.body) or is_plain_text(node.orelse)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "str" or (
            isinstance(node.func, ast.Attribute) and is_plain_text(node.func.value)
        )
    return isinstance(node, ast.JoinedStr)


def is_count_of_the_rest(node: ast.expr) -> bool:
    """Say whether an expression is the last line of a long list: ``f"and {count} more"``."""
    return ast.unparse(node).strip("f'\"").startswith("and ") and ast.unparse(node).endswith(" more'")


def raised(scope: ast.AST) -> Iterator[tuple[int, str, ast.expr | None]]:
    """Give line, class and first argument of each ``raise Class(...)`` below a node."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Raise) and node.exc is not None:
            call = node.exc if isinstance(node.exc, ast.Call) else None
            name = ast.unparse(call.func if call else node.exc).split(".")[-1]
            yield node.lineno, name, call.args[0] if call and call.args else None


def written_by_hand(function: Function) -> set[str]:
    """Name the variables that a function fills with texts written by hand: ``x = "..."``, ``x.append``."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            if is_plain_text(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend")
            and isinstance(node.func.value, ast.Name)
            and any(is_plain_text(argument) for argument in node.args)
        ):
            names.add(node.func.value.id)
    return names


def by_hand(tree: ast.Module) -> Iterator[str]:
    """Give each Glassnet error of a module whose text does not come from ``message``."""
    for line, name, text in raised(tree):
        if name in ERRORS and (text is None or is_plain_text(text)):
            yield f"{line}: {name}"
    for function in ast.walk(tree):
        if isinstance(function, Function):
            names = written_by_hand(function)
            for line, name, text in raised(function):
                if name in ERRORS and isinstance(text, ast.Name) and text.id in names:
                    yield f"{line}: {name} from {text.id}"


def test_every_glassnet_error_takes_its_text_from_message():
    found = [
        f"{path.relative_to(SRC).as_posix()}:{each}"
        for path in sorted(SRC.rglob("*.py"))
        for each in by_hand(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert sorted(set(found)) == []


def protocols(tree: ast.Module) -> set[int]:
    """Give the lines of the functions whose caller expects a builtin exception: pydantic, or Python."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, Function)
        and (
            node.name == "__getattr__"
            or any("validator" in ast.unparse(decorator) for decorator in node.decorator_list)
        )
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def others(tree: ast.Module) -> set[str]:
    """Name the builtin exceptions that a module raises and that need a reason."""
    expected = protocols(tree)
    return {
        name
        for line, name, text in raised(tree)
        if name in BUILTINS
        and line not in expected
        and not (name == "ValueError" and text is not None and not is_plain_text(text))
    }


def test_other_exceptions_are_raised_only_for_a_reason():
    found = {
        f"{path.relative_to(SRC).as_posix()}: {name}"
        for path in SRC.rglob("*.py")
        for name in others(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(OTHER_ERRORS)


def test_the_law_finds_other_exceptions():
    code = """
def f():
    raise KeyError(message(a, b, c))
    raise ValueError("by hand")
class C:
    @model_validator(mode="after")
    def check(self):
        raise TypeError("pydantic asks for it")
    def __getattr__(self, name):
        raise AttributeError(name)
"""
    assert others(ast.parse(code)) == {"KeyError", "ValueError"}
    assert others(ast.parse("raise ValueError(message(a, b, c))")) == set()


@pytest.mark.parametrize(
    "body",
    [
        "raise DataError('too short')",
        "raise errors.DataError(f'{x} is wrong')",
        "raise DataError('%s is wrong' % x)",
        "raise DataError('{}'.format(x))",
        "raise DataError(', '.join(x))",
        "raise DataError(str(x))",
        "raise DataError",
        "raise DataError()",
        "raise DataError(['one', message(a, b, c)])",
        "raise DataError(f'{p}' for p in x)",
        "raise DataError(message(a, b, c) + ' really')",
        "text = f'{x} is wrong'\n    raise DataError(text)",
        "problems = []\n    problems.append('one')\n    raise DataError(problems)",
    ],
)
def test_the_law_finds_texts_written_by_hand(body):
    assert list(by_hand(ast.parse(f"def f(x):\n    {body}\n")))


@pytest.mark.parametrize(
    "body",
    [
        "raise DataError(message('a must be b', 'c', 'do d'))",
        "raise DataError(errors.message('a must be b', f'{x}', 'do d')) from None",
        "raise DataError([message('a', 'b', p) for p in x])",
        "problems = [check(p) for p in x]\n    raise DataError(problems)",
        "problems = []\n    problems.append(message('a', 'b', 'c'))\n    raise DataError(problems)",
        "raise DataError(error.problems)",
        "listed = [*x[:20], f'and {len(x) - 20} more']\n    raise DataError(listed)",
        "raise",
        "raise typer.Exit(2)",
    ],
)
def test_the_law_lets_the_grammar_pass(body):
    assert not list(by_hand(ast.parse(f"def f(x):\n    {body}\n")))
