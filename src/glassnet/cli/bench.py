"""``glassnet bench``: measure, say it, and keep it as JSON where that was asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from glassnet.errors import RequestError, message
from glassnet.run.bench.suite import Bench, bench
from glassnet.storage import write_atomically


def measured(full: bool, out: Path | None) -> Bench:
    """Measure, with the progress on a line of its own where someone is watching, and write the JSON.

    Raises:
        RequestError: the file would stand in no folder; this is said before anything is measured.
    """
    if out is not None and not out.parent.is_dir():
        must = "--out must name a file in a folder that exists"
        raise RequestError(message(must, f"{out.parent} is none", "make the folder, or name another"))
    found = bench(full, progress=_show_progress)
    _show_progress("")
    if out is not None:
        write_atomically(out, (json.dumps(found.to_dict(), indent=2) + "\n").encode())
    return found


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text[:100]:<100}\r{text[:100]}", end="", file=sys.stderr, flush=True)
