"""Numbers that a user decides about: each check returns a list of one message, or of none.

problems = [*wrong_number("lr", lr, above=0), *wrong_count("epochs", epochs)]
"""

from __future__ import annotations

import math

import numpy as np

from glassnet.errors import message


def wrong_number(
    name: str,
    value: object,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    example: float = 0.1,
) -> list[str]:
    """Say what is wrong with a finite number that must be at least, above or below others.

    >>> wrong_number("dropout", 1.5, least=0, below=1)
    ['dropout must be a number from 0 and below 1, however: dropout=1.5; write for example dropout=0.1']
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and value >= least and above < value < below:  # type: ignore[arg-type,operator]
        return []
    limits = [("from", least), ("above", above), ("below", below)]
    words = [f"{word} {limit:g}" for word, limit in limits if math.isfinite(limit)]
    must = f"{name} must be a number {' and '.join(words)}" if words else f"{name} must be a finite number"
    return [message(must, f"{name}={value!r}", f"write for example {name}={example:g}")]


def wrong_count(name: str, value: object, least: int = 1, example: int = 10) -> list[str]:
    """Say what is wrong with a whole number that must be at least another one."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least:
        return []
    must = f"{name} must be a whole number from {least}"
    return [message(must, f"{name}={value!r}", f"write for example {name}={example}")]
