"""How options are written that several commands have."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


def option(flag: str, text: str) -> Any:
    """Return an option written as in ``--lr X``: its flag and what stands for its value."""
    name, metavar = flag.split()
    return typer.Option(name, metavar=metavar, help=text, show_default=False)
