"""What a user asks of a style transfer, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from glassnet.engine.history import History
from glassnet.errors import message
from glassnet.lens.picture_grid import png
from glassnet.run.generative import Request
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=32, le=4096)]


class StyleRequest(Request):
    """What the user decides about a style transfer; see :func:`glassnet.run.style.style`."""

    command: ClassVar[str] = "style"

    kind: Literal["style"] = "style"
    style: str | None = None
    size: Side = 256
    preview: tuple[Side, ...] | None = None
    steps: Annotated[int, Field(ge=1)] = 200
    content_layers: tuple[str, ...] | None = None
    style_layers: tuple[str, ...] | None = None
    content_weight: Weight = 1.0
    style_weight: Weight = 10.0
    variation_weight: Weight = 1.0
    start: Literal["content", "noise"] = "content"
    weights: str | None = None
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.03

    @field_validator("content_layers", "style_layers", "preview", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(each.strip() for each in value.split(",")) if isinstance(value, str) else value

    @field_validator("preview")
    @classmethod
    def _check_preview(cls, value: tuple[int, ...] | None, info: Any) -> tuple[int, ...] | None:
        sizes = [*(value or ()), info.data.get("size", 4096)]
        if sizes != sorted(set(sizes)):
            must, found = "preview sizes must grow, up to below the size", ", ".join(map(str, sizes))
            raise ValueError(message(must, found, "write for example preview=64,128 with size=256"))
        return value


@dataclass(frozen=True, eq=False)
class Styled:
    """A photo in the style of another.

    Attributes:
        image: (height, width, 3), bytes.
        history: of the training at the last size; its metrics are the parts of the loss.
        losses: in the end: ``content`` and ``style`` in parts of what a photo without anything of them has
            (0 is equal), ``variation`` the mean squared change between neighbouring pixels; and ``total``.
        before: the same at the start of the last size.
        features: which feature net looked at the photos.
        notes: what to know of the result.
        folder: the run folder, if there is one.
    """

    image: NDArray[np.uint8]
    history: History
    losses: dict[str, float]
    before: dict[str, float]
    features: str
    notes: tuple[str, ...]
    request: StyleRequest
    steps: dict[str, int]
    seconds: dict[str, float]
    folder: Path | None

    def save(self, path: str | Path) -> None:
        """Write the picture as a PNG file."""
        write_atomically(path, png(self.image))

    def summary(self) -> dict[str, Any]:
        """Return what ``glassnet style --json`` prints."""
        return {
            "run": None if self.folder is None else str(self.folder),
            "kind": "style",
            "features": self.features,
            "size": list(self.image.shape[:2]),
            "losses": self.losses,
            "before": self.before,
            "steps": self.steps,
            "stopped": self.history.stopped,
            "warnings": list(self.notes),
            "seconds": self.seconds,
        }
