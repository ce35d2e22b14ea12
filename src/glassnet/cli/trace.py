"""``glassnet trace MODEL``: one answer of a saved model, every number of it with its arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.lens.trace import trace
from glassnet.model.loading import load_table
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from glassnet.lens.trace_view import Trace


def traced(
    path: Path, data: str | None, row: int, epoch: int | None, train: bool, number: str | None
) -> tuple[Trace, str]:
    """Trace a row of the data, or of the run's own, and return the trace and the text to print.

    Args:
        path: the model file.
        data: rows; None: the data that the model was trained with, where it still is what it was.
        row: which of them, from 1.
        epoch: whose weights, from the folder ``weights`` beside the model; None: those of the file.
        train: a training step in place of the answer.
        number: one number to open, such as ``answer[0]`` or ``x[0, temp]``; None: the whole trace.

    Raises:
        DataError: the data is not there or does not fit, or has no such row.
        RecipeError: the epoch was not kept, or there is no such number.
    """
    kept = path.parent / "weights"
    folder = kept if epoch is not None and kept.is_dir() else None
    found = trace(
        load_table(path, "glassnet trace"), rows=data, row=row, epoch=epoch, weights=folder, train=train
    )
    return found, str(found if number is None else found.explain(*named(number)))


def named(number: str) -> tuple[str, tuple[int | str, ...]]:
    """Read the name of a number as a trace writes it.

    >>> named("trunk.0.weight[3, 7]"), named("x[0, hr=14]"), named("loss")
    (('trunk.0.weight', (3, 7)), ('x', (0, 'hr=14')), ('loss', ()))
    """
    name, _, rest = number.partition("[")
    parts = [each.strip() for each in rest.rstrip("] ").split(",")] if rest else []
    return name.strip(), tuple(int(each) if each.lstrip("-").isdecimal() else each for each in parts)


def write_page(found: Trace, path: Path, number: str | None) -> None:
    """Write the page, which begins with the asked number."""
    name, index = ("", ()) if number is None else named(number)
    write_atomically(path, found.to_html(name=name, index=index).encode())
