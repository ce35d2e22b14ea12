"""How manifests are refused, in words."""

from __future__ import annotations

from pydantic import ValidationError

from glassnet.errors import message


def damaged(name: str, found: str) -> str:
    """Say that a file holds no model; ``found`` is what is wrong with it."""
    do = "load the file as it was saved, or train the model again"
    return message(f"{name} must be a Glassnet model", found, do)


def first_of(error: ValidationError) -> str:
    """Return the first fault of a manifest in ASCII, at most 300 characters."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return ascii(f"{where}: {first['msg']}"[:300])[1:-1]
