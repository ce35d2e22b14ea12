"""Every error that Glassnet raises on purpose, and the one grammar of their messages.

    GlassnetError
    +-- RequestError            exit status 2: the request, or something that it names, is wrong
    |   +-- RecipeError         an option or a value of the recipe
    |   +-- DataError           a file, a row, a cell, a column, a split
    |   +-- FormatError         a .glass file or a checkpoint that does not keep the format
    |   +-- MissingExtra        an optional dependency is not installed (also an ImportError)
    +-- WorkError               exit status 1: the request was right, the work failed
    |   +-- NonFiniteLoss       the loss became infinite or not a number
    +-- Interrupted             exit status 130: Ctrl-C or SIGTERM, the best model was saved

    GlassnetWarning             a UserWarning: the work goes on, but the user should know

A message says what must hold, then ``however:`` and what was found, then what to do:

    >>> message("lr must be above 0", "lr=-1.0", "write a positive number, such as 0.01")
    'lr must be above 0, however: lr=-1.0; write a positive number, such as 0.01'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LISTED = 20
"""Problems that the text of an error lists at most; ``problems`` has all of them."""


class GlassnetError(Exception):
    """Base of all errors that Glassnet raises on purpose."""

    exit_status = 1


class RequestError(GlassnetError):
    """The request or one of its inputs is wrong; ``problems`` holds every one that was found.

    Raises nothing by itself. ``str(error)`` is the one problem, or a list of the first ``LISTED``.
    """

    exit_status = 2

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(_listed(self.problems))


class RecipeError(RequestError):
    """An option of the recipe is unknown or has a value that it cannot take."""


class DataError(RequestError):
    """A file, row, cell, column or split cannot be used as asked."""


class FormatError(RequestError):
    """A ``.glass`` file or a checkpoint does not keep the format."""


class MissingExtra(RequestError, ImportError):
    """An optional dependency is needed and is not installed."""


class WorkError(GlassnetError):
    """The request was right, and the work failed all the same."""

    exit_status = 1


class NonFiniteLoss(WorkError):
    """The loss became infinite or not a number; the last good weights were put back."""


class Interrupted(GlassnetError):
    """The run was interrupted; what it had so far was saved."""

    exit_status = 130


class GlassnetWarning(UserWarning):
    """Something that the user should know, although the work goes on."""


def message(must: str, however: str, do: str) -> str:
    """Write one message in the grammar: what must hold, what was found, what to do."""
    return f"{must}, however: {however}; {do}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which known name is meant, or list them all.

    >>> did_you_mean("sigmiod", ["relu", "sigmoid", "tanh"])
    "did you mean 'sigmoid'?"
    >>> did_you_mean("xyz", ["relu", "tanh"])
    'choose one of relu, tanh'
    """
    names = [str(each) for each in known]
    lowered = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        return f"did you mean {lowered[close[0]]!r}?"
    shown = ", ".join(sorted(names)[:20]) + (", ..." if len(names) > 20 else "")
    return f"choose one of {shown}" if names else "there is none to choose"


def require(module: str, extra: str) -> None:
    """Check that an optional module can be imported; otherwise name the pip command.

    Args:
        module: the module's import name, e.g. ``"onnx"``.
        extra: the extra of Glassnet that installs it, e.g. ``"export"``.

    Raises:
        MissingExtra: the module is not installed.
    """
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise MissingExtra(
            message(
                f"this needs the optional package {module!r}",
                "it is not installed",
                f'run: pip install "glassnet[{extra}]"',
            )
        )


def _listed(problems: tuple[str, ...]) -> str:
    if len(problems) == 1:
        return problems[0]
    lines = [f"{len(problems):,} problems:", *(f"  - {each}" for each in problems[:LISTED])]
    if len(problems) > LISTED:
        lines.append(f"  - and {len(problems) - LISTED:,} more")
    return "\n".join(lines)
