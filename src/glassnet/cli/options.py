"""Options that several commands share, and those of photos, as the commands' signatures name them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def option(flag: str, text: str) -> Any:
    """Return an option written as in ``--lr X``: its flag and what stands for its value."""
    name, metavar = flag.split()
    return typer.Option(name, metavar=metavar, help=text, show_default=False)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Rate = Annotated[float | None, option("--lr X", "Learning rate.")]
Threads = Annotated[int | None, option("--threads N", "Threads of the arithmetic.")]
Seed = Annotated[int | None, option("--seed N", "Same seed, same result.")]
Resume = Annotated[Path | None, option("--resume DIR", "Go on with the run in this folder.")]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model, model.glass.")]
DataName = Annotated[
    str,
    typer.Argument(metavar="DATA", help="A table, texts, photos, or a named data set, as in training."),
]
Size = Annotated[int | None, option("--size N", "Pixels of a photo's side, as the net sees it.")]
Augment = Annotated[
    str | None, option("--augment LIST", "How photos are varied: none, or flip,shift:4,rotate:15,...")
]
Names = Annotated[
    str | None, option("--names FILE", "JSON that names the classes of photos: cat_to_name.json.")
]
Pretrained = Annotated[
    str | None, option("--pretrained NAME", "Begin with a trained net: resnet18, vgg16, or a file.")
]
