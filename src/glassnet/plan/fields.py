"""Types of values that the plans of several kinds of data hold, beside those of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from glassnet.notation import parse_net, parse_recurrent

Finite = Annotated[float, Field(allow_inf_nan=False)]
ZeroOrMoreWhole = Annotated[int, Field(ge=0)]
Precision = Literal["float32", "bfloat16"]


def _parsed(text: str) -> str:
    parse_recurrent(text)
    return text


def _net(text: str) -> str:
    parse_net(text)
    return text


NetNotation = Annotated[str, AfterValidator(_net)]
"""A net as ``--net`` writes it."""

RecurrentNotation = Annotated[str, AfterValidator(_parsed)]
"""A recurrent net as ``--net`` writes it, such as ``lstm:2x512:0.3``."""
