"""The command line: ``glassnet train DATA --target COL`` and its neighbours."""

from __future__ import annotations

import gc
import os
import sys
import time
import warnings
from typing import TextIO


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 a wrong request, 130 interrupted.

    Python looks for cycles in everything that was ever imported before it ends. After a training that took
    1.6 to 2.2 s, and 0.2 s where there is nothing to look at.
    """
    status = run(sys.argv[1:] if arguments is None else arguments)
    gc.freeze()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; every problem is said in words on standard error."""
    from glassnet.errors import GlassnetError

    warnings.showwarning = _show_warning
    try:
        return _invoke(arguments, time.monotonic())
    except GlassnetError as error:
        problems = getattr(error, "problems", (str(error),))
        text = "; ".join([str(error), *getattr(error, "__notes__", ())])
        return _complain(arguments, text, problems, error.exit_status)
    except KeyboardInterrupt:
        return _complain(arguments, "interrupted", ("interrupted",), 130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (the reader is gone; nothing is left to flush)
        return 1
    except (OSError, MemoryError) as error:
        text = f"the work could not be finished: {error or type(error).__name__}"
        return _complain(arguments, text, (text,), 1)


def _invoke(arguments: list[str], began: float) -> int:
    """Run the command; ``began`` is when it was asked for, of ``time.monotonic()``.

    Typer's own ``main`` is not used: it turns Ctrl-C into an exit without a word, and wrong flags into text.
    """
    import typer

    from glassnet.cli.app import app

    try:
        with typer.main.get_command(app).make_context("glassnet", list(arguments), obj=began) as context:
            status = context.command.invoke(context)
    except typer.Exit as end:  # --help, --version
        return end.exit_code
    except Exception as error:
        said = getattr(error, "format_message", None)  # a wrong flag: typer's own error, new and old versions
        if said is None:
            raise
        return _complain(arguments, said(), (said(),), 2)
    return status if isinstance(status, int) else 0


def _complain(arguments: list[str], text: str, problems: tuple[str, ...], status: int) -> int:
    if "--json" in arguments:
        import json

        print(json.dumps({"error": text, "problems": list(problems)}, ensure_ascii=False))
    print(f"error: {text}", file=sys.stderr)
    return status


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"warning: {message}", file=sys.stderr)
