"""How to run it again: the recipe as a command line and as a Python script."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from glassnet.recipe import Recipe, write_recipe

_NOT_ASKED = ("data", "sha256", "test_sha256", "kind")
_LISTS = ("target", "drop")


@dataclass(frozen=True)
class Again:
    """Three ways to the same run.

    Attributes:
        recipe: TOML, for ``glassnet train --recipe FILE``.
        command: a command line; None where only Python can say what the recipe names.
        script: a Python script.
        needs: what somebody who runs it has to have, in words.
    """

    recipe: str
    command: str | None
    script: str
    needs: tuple[str, ...]


def again(recipe: Recipe) -> Again:
    """Say how to run a recipe again."""
    return Again(write_recipe(recipe), command_line(recipe), python_script(recipe), tuple(_needs(recipe)))


def command_line(recipe: Recipe) -> str | None:
    """Return ``glassnet train ...``, or None where the recipe names what was given in Python.

    >>> from glassnet.recipe import make_recipe
    >>> command_line(make_recipe(data="my rides.csv", target="cnt", roles={"zip": "category"}, refit=False))
    "glassnet train 'my rides.csv' --target cnt --role zip=category --no-refit"
    >>> command_line(make_recipe(data="anna.txt", task="characters", epochs=9))
    'glassnet train anna.txt --task characters --epochs 9'
    """
    values = _asked(recipe)
    lists = [each for name in _LISTS for each in getattr(recipe, name)]
    if recipe.data is None or _own(recipe) or any("," in each for each in lists):
        return None
    words = ["glassnet", "train", recipe.data]
    for name, value in values.items():
        words += _flags("--" + name.replace("_", "-"), value)
    return shlex.join(words)


def python_script(recipe: Recipe) -> str:
    """Return a script that trains the same model, prints its scores and saves it with its report."""
    own = _own(recipe)
    given = {"data": "data" if recipe.data is None else repr(recipe.data)}
    given |= {name: name if name in own else _literal(value) for name, value in _asked(recipe).items()}
    lines = ["import glassnet as gn", ""]
    if recipe.data is None:
        lines.append("data = ...  # the table that was in memory")
    lines += [f"{name} = ...  # your own {getattr(recipe, name)[4:]!r}" for name in own]
    lines += [""] if len(lines) > 2 else []
    data = given.pop("data")
    arguments = "".join(f"    {name}={value},\n" for name, value in given.items())
    lines.append(f"model = gn.train(\n    {data},\n{arguments})")
    lines += ["print(model.evaluate())", 'model.save("model.glass")', 'gn.report(model, path="report.html")']
    return "\n".join(lines) + "\n"


def _literal(value: object) -> str:
    """Write a value in Python; a list of one name as that name, unless it would be read as several."""
    only = value[0] if isinstance(value, tuple) and len(value) == 1 else None
    return repr(only if isinstance(only, str) and only.strip() == only and "," not in only else value)


def _asked(recipe: Recipe) -> dict[str, object]:
    """Return the options that are not at the defaults of their kind of data, in the recipe's order."""
    default = Recipe(kind=recipe.kind)
    asked = {
        name: getattr(recipe, name)
        for name in Recipe.model_fields
        if name not in _NOT_ASKED and getattr(recipe, name) != getattr(default, name)
    }
    if recipe.kind == "table":
        return asked
    return {"kind" if "task" in asked else "task": recipe.kind, **asked}


def _own(recipe: Recipe) -> list[str]:
    return [name for name in ("net", "loss") if getattr(recipe, name).startswith("own:")]


def _flags(flag: str, value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield flag if value else flag.replace("--", "--no-", 1)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from ("--role", f"{name}={each}")
    elif flag == "--kind":
        yield from ("--set", f"kind={value}")
    elif flag == "--missing" and isinstance(value, tuple):
        for each in value:
            yield from (flag, each)
    else:
        text = (
            ",".join(value) if isinstance(value, tuple) else f"{value}s" if flag == "--budget" else str(value)
        )
        # A value that begins with a dash would be taken for a flag.
        yield from [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _needs(recipe: Recipe) -> Iterator[str]:
    if recipe.data is None:
        yield "the table that was in memory when it was trained"
    else:
        yield f"the data, {recipe.data}"
    if recipe.sha256:
        yield f"its SHA-256 then: {recipe.sha256}"
    for name in _own(recipe):
        yield f"the {name} of its author, {getattr(recipe, name)[4:]!r}, which no file can hold"
