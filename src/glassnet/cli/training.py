"""``glassnet train``: from flags to a recipe, from a recipe to a run, and what is said meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.errors import RecipeError, message
from glassnet.recipe import Recipe, make_recipe, parse_setting, read_recipe

if TYPE_CHECKING:
    from glassnet.run.context import Outcome


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


def carry_out(request: Request, began: float | None = None) -> int:
    """Train or resume, show the result, and return the exit status.

    Args:
        began: when the command began, of ``time.monotonic()``.
    """
    from glassnet.cli.progress import reporter_of
    from glassnet.run.train import resume_run, train_run

    if request.resume is not None:
        _refuse_with_resume(request)
        with reporter_of(request.quiet) as reporter:
            outcome = resume_run(request.resume, reporter=reporter, began=began)
    else:
        recipe = asked_recipe(request)
        with reporter_of(request.quiet) as reporter:
            outcome = train_run(recipe, out=request.out, reporter=reporter, began=began)
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
    others: dict[str, object] = {"DATA": request.data, "--role": request.roles, "--set": request.changes}
    others |= {"--recipe": request.recipe, "--out": request.out}
    given = [
        f"--{name.replace('_', '-')}" for name, value in request.flags.items() if value not in (None, [])
    ]
    given += [name for name, value in others.items() if value not in (None, [])]
    if given:
        raise RecipeError(
            message(
                "--resume goes on with a run as it was asked for",
                f"there is also {', '.join(given)}",
                "leave it out, or start a new run",
            )
        )


def _show(outcome: Outcome, request: Request) -> None:
    from glassnet.cli.show import print_json, print_outcome
    from glassnet.run.summary import summary

    if request.as_json:
        print_json(summary(outcome))
    else:
        print_outcome(outcome)
