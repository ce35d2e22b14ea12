"""What a user asks of an autoencoder, and what it is when it is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from glassnet.engine.arrays import device_of
from glassnet.engine.history import History
from glassnet.errors import DataError, message
from glassnet.metrics.reconstruction import Rebuilt
from glassnet.nets.autoencoder import KINDS, Kind
from glassnet.run.generative import PictureRequest
from glassnet.run.pictures import scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

AT_ONCE = 1 << 22
"""About how many numbers go through a net at once."""


class AutoencodeRequest(PictureRequest):
    """What the user decides about an autoencoder; see :func:`autoencode`."""

    command: ClassVar[str] = "autoencode"

    kind: Literal["autoencode"] = "autoencode"
    code: Annotated[int, Field(ge=1)] = 8
    net: Kind | None = None
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @field_validator("net", mode="before")
    @classmethod
    def _check_net(cls, value: object) -> object:
        if value is not None and value not in KINDS:
            found = f"net={value!r}"
            raise ValueError(
                message("net must be one that is known", found, f"choose one of {', '.join(KINDS)}")
            )
        return value


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """A trained autoencoder: pictures to codes, and codes to pictures.

    Attributes:
        net: ``nn.Sequential(encoder=..., decoder=...)`` on flat rows: (row - low) / (high - low) - centre.
        history: of the training.
        scores: the squared error per pixel on the held-out rows, beside PCA and the mean picture, in the
            square of the data's unit; None where no rows were held out.
        denoising: the squared error per pixel of the noisy held-out rows, and of what the net makes of them;
            None where it learned without noise.
        shape: of a picture, (height, width, channels) or (numbers,).
        span: the lowest and the highest value of the data.
        centre: the mean of the training rows after scaling, flat.
        codes, labels, classes: of the held-out rows, or of the training rows where none are: the latent map.
        folder: the run folder, if there is one.
    """

    net: Any
    history: History
    scores: Rebuilt | None
    denoising: tuple[float, float] | None
    shape: tuple[int, ...]
    span: tuple[float, float]
    centre: Tensor
    codes: Floats
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    request: AutoencodeRequest
    rows: dict[str, int]
    seconds: dict[str, float]
    folder: Path | None
    problems: tuple[str, ...] = ()

    def encode(self, pictures: Any) -> Floats:
        """Return the codes of pictures. Shape: (n, height, width[, channels]) -> (n, code)."""
        return through(self.net.encoder, self._rows(pictures))

    def decode(self, codes: Any) -> Floats:
        """Return the pictures of codes. Shape: (n, code) -> (n, height, width, channels)."""
        rows = torch.as_tensor(np.asarray(codes), dtype=torch.float32)
        return self._pictures(through(self.net.decoder, rows))

    def reconstruct(self, pictures: Any) -> Floats:
        """Return pictures after the way through the code, in the shape in which they come."""
        given = np.asarray(pictures)
        return self._pictures(through(self.net, self._rows(given))).reshape(given.shape)

    def _rows(self, pictures: Any) -> Tensor:
        given = np.asarray(pictures, dtype=np.float32)
        if given.ndim < 2 or given[0].size != math.prod(self.shape):
            must = f"pictures must have the shape (n, {', '.join(map(str, self.shape))})"
            raise DataError(message(must, f"it is {given.shape}", "pass pictures like those of the training"))
        return scaled(given, self.span) - self.centre

    def _pictures(self, rows: Floats) -> Floats:
        low, high = self.span
        values: Floats = (rows + self.centre.numpy()) * np.float32(high - low) + np.float32(low)
        return values.reshape(-1, *self.shape)

    def summary(self) -> dict[str, Any]:
        """Return what ``glassnet autoencode --json`` prints."""
        return {
            "run": None if self.folder is None else str(self.folder),
            "kind": "autoencode",
            "net": self.request.net,
            "code": self.request.code,
            "rows": self.rows,
            **_scores_json(self.scores),
            "denoising": None
            if self.denoising is None
            else dict(zip(("noisy", "rebuilt"), self.denoising, strict=True)),
            "engine": self.history.engine,
            "engine_reason": self.history.engine_reason,
            "stopped": self.history.stopped,
            "epochs": len(self.history),
            "warnings": list(self.problems),
            "seconds": self.seconds,
        }


def _scores_json(scores: Rebuilt | None) -> dict[str, Any]:
    """Return errors in the form in which ``glassnet train --json`` has them."""
    if scores is None:
        return {"metrics": {}, "intervals": {}, "baselines": {}, "ratios": {}}
    name = "error_per_pixel"
    return {
        "metrics": {"test": {name: scores.error}},
        "intervals": {"test": {name: scores.interval}},
        "baselines": {each: {"test": {name: value[0]}} for each, value in scores.baselines.items()},
        "ratios": {each: {"ratio": r, "interval": i} for each, (r, i) in scores.ratios.items()},
    }


def through(net: nn.Module, rows: Tensor) -> Floats:
    """Return what a net makes of rows, some at a time. Shape: (n, numbers) -> (n, other numbers)."""
    device = device_of(net)
    with torch.no_grad():
        parts = [net(some.to(device)).cpu() for some in torch.split(rows, max(1, AT_ONCE // rows.shape[1]))]
    made: Floats = torch.cat(parts).numpy()
    return made
