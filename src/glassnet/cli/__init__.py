"""The command line: ``glassnet train DATA --target COL`` and its neighbours."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TextIO


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 a wrong request, 130 interrupted."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; every problem is said in words on standard error."""
    from glassnet.errors import GlassnetError

    warnings.showwarning = _show_warning
    try:
        return _invoke(arguments)
    except GlassnetError as error:
        problems = getattr(error, "problems", (str(error),))
        return _complain(arguments, str(error), problems, error.exit_status)
    except KeyboardInterrupt:
        return _complain(arguments, "interrupted", ("interrupted",), 130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (the reader is gone; nothing is left to flush)
        return 1
    except (OSError, MemoryError) as error:
        text = f"the work could not be finished: {error or type(error).__name__}"
        return _complain(arguments, text, (text,), 1)


def _invoke(arguments: list[str]) -> int:
    import typer.main

    from glassnet.cli.app import app

    try:
        command = typer.main.get_command(app)
        status = command.main(arguments, prog_name="glassnet", standalone_mode=False)
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
