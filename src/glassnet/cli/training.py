"""``glassnet train``: from flags to a recipe, from a recipe to a run, and what is said meanwhile."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.errors import RecipeError, message
from glassnet.recipe import Recipe, make_recipe, parse_setting, read_recipe

if TYPE_CHECKING:
    from glassnet.run.reporter import Reporter


@dataclass(frozen=True)
class Request:
    """What stood on the command line; ``flags`` are options of the recipe, ``None`` where not given."""

    data: str | None
    flags: dict[str, object]
    roles: list[str]
    changes: list[str]
    recipe: Path | None
    out: Path | None
    resume: Path | None
    as_json: bool
    quiet: bool


def carry_out(request: Request) -> int:
    """Train or resume, show the result, and return the exit status."""
    from glassnet.run.train import resume_run, train_run

    if request.resume is not None:
        _refuse_with_resume(request)
        outcome = resume_run(request.resume, reporter=_reporter(request))
    else:
        outcome = train_run(asked_recipe(request), out=request.out, reporter=_reporter(request))
    _show(outcome, request)
    return 130 if outcome.model.history.stopped == "interrupted" else 0


def asked_recipe(request: Request) -> Recipe:
    """Put recipe file, flags and ``--set`` together, later ones on top.

    Raises:
        RecipeError: every wrong option at once.
    """
    values = {name: value for name, value in request.flags.items() if value not in (None, [])}
    for name in ("drop", "missing"):
        if name in values:
            values[name] = ",".join(values[name])  # type: ignore[arg-type]
    if request.data is not None:
        values["data"] = request.data
    if request.roles:
        values["roles"] = dict(_role(text) for text in request.roles)
    values |= dict(parse_setting(text) for text in request.changes)
    if request.recipe is None:
        return make_recipe(**values)
    try:
        text = request.recipe.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            message("--recipe must name a readable TOML file", str(error), "name the recipe.toml of a run")
        ) from None
    return read_recipe(text, values)


def _role(text: str) -> tuple[str, str]:
    column, equals, role = text.rpartition("=")
    if not equals or not column:
        raise RecipeError(
            message("--role must be written COL=KIND", repr(text), "write, say, --role zip=category")
        )
    return column, role


def _refuse_with_resume(request: Request) -> None:
    given = [name for name, value in request.flags.items() if value not in (None, [])]
    given += [name for name in ("data", "roles", "changes", "recipe", "out") if getattr(request, name)]
    if given:
        raise RecipeError(
            message(
                "--resume goes on with a run as it was asked for",
                f"{', '.join(given)} was given as well",
                "leave that out, or start a new run",
            )
        )


def _reporter(request: Request) -> Reporter:
    from glassnet.cli.progress import Console
    from glassnet.run.reporter import Silent

    return Silent() if request.quiet else Console(live=sys.stderr.isatty())


def _show(outcome: object, request: Request) -> None:
    from glassnet.cli.show import print_outcome
    from glassnet.run.summary import summary

    if request.as_json:
        print(json.dumps(summary(outcome), ensure_ascii=False))  # type: ignore[arg-type]
    else:
        print_outcome(outcome)  # type: ignore[arg-type]
