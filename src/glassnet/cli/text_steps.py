"""``glassnet text-steps DATA``: the six steps of the sentiment network, in the terminal and as a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.text import Text

from glassnet.cli.show import console
from glassnet.errors import RequestError, message
from glassnet.lens.text_steps_view import TextSteps
from glassnet.lens.words import word_contributions
from glassnet.run.text_steps import text_steps


def watched_steps(
    data: str,
    target: str | None,
    column: str | None,
    test: str,
    validation: str | None,
    passes: int,
    seed: int,
    html: Path | None,
) -> TextSteps:
    """Run the steps, say what is being done where someone is watching, and write the page.

    Raises:
        RequestError: the page would stand in no folder; this is said before anything is done.
    """
    if html is not None and not html.parent.is_dir():
        must = "--html must name a file in a folder that exists"
        raise RequestError(message(must, f"{html.parent} is none", "make the folder, or name another"))
    found = text_steps(
        data,
        target=target,
        column=column,
        test=test,
        validation=validation,
        passes=passes,
        seed=seed,
        progress=_show_progress,
    )
    _show_progress("")
    if html is not None:
        found.to_html(html)
    return found


def print_steps(found: TextSteps, text: str | None, html: Path | None) -> None:
    """Print the steps, then what the words of a text add, then where the page lies."""
    out = console()
    for kind, part in found.parts():
        words = Text(part, style="bold" if kind == "head" else "", no_wrap=kind == "table")
        out.print(words, overflow="ellipsis" if kind == "table" else None)
    if text is not None:
        out.print(Text("\nYour text", style="bold"))
        out.print(Text(str(word_contributions(found.net, text))))
    if html is not None:
        out.print(Text(f"page: {html}"))


def steps_json(found: TextSteps, text: str | None, html: Path | None) -> dict[str, Any]:
    """Return what ``glassnet text-steps --json`` prints."""
    from glassnet.lens.as_json import plain

    own = None if text is None else plain(word_contributions(found.net, text))
    return found.to_dict() | {"text": own, "html": None if html is None else str(html)}


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text[:100]:<100}\r{text[:100]}", end="", file=sys.stderr, flush=True)
