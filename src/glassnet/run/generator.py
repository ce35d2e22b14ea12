"""What a user asks of a generative adversarial network, and what it is when it is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from glassnet.engine.adversarial import LOSSES, Loss
from glassnet.engine.history import History
from glassnet.errors import RecipeError, message
from glassnet.metrics.modes import Modes, Neighbours
from glassnet.nets.adversarial import KINDS, Kind
from glassnet.randomness import stream
from glassnet.run.autoencoder import through
from glassnet.run.generative import PictureRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]

BLOCK = 64
"""Pictures that are made at a time: a matrix product of another size may round otherwise."""


class GanRequest(PictureRequest):
    """What the user decides about a GAN; see :func:`glassnet.run.gan.gan`."""

    command: ClassVar[str] = "gan"

    kind: Literal["gan"] = "gan"
    net: Kind | None = None
    noise: Annotated[int, Field(ge=1)] = 32
    loss: Loss = "logistic"
    smoothing: Annotated[float, Field(ge=0, lt=0.5, allow_inf_nan=False)] = 0.1
    batch_norm: bool = True
    spectral: bool = False
    dropout: Share = 0.2
    penalty: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    ema: Share = 0.999

    @field_validator("net", "loss", mode="before")
    @classmethod
    def _check_name(cls, value: object, info: Any) -> object:
        known = KINDS if info.field_name == "net" else LOSSES
        if value is not None and value not in known:
            must, found = f"{info.field_name} must be one that is known", f"{info.field_name}={value!r}"
            raise ValueError(message(must, found, f"choose one of {', '.join(known)}"))
        return value


@dataclass(frozen=True)
class Judged:
    """What a judge says: a net that learned the classes from the real pictures alone.

    Attributes:
        accuracy: of the judge, on real pictures that it has not seen; None where none were held out.
        real: its classes and confidence on those pictures.
        made: the same on made ones.
    """

    accuracy: float | None
    real: Modes | None
    made: Modes


@dataclass(frozen=True)
class Quality:
    """How good made pictures are, beside real ones that were held out.

    Attributes:
        neighbours: how made pictures lie among the real ones, as many of them as were held out.
        held_out: the same of the real pictures that were held out: what could be reached at best.
        nearest: median distance of made and of held-out pictures to the nearest one of the training, in units
            of the data: made ones that lie much nearer are copies.
        judged: what a judge says, where the data has classes.
        modes: which modes are reached, where these are known.
    """

    neighbours: Neighbours
    held_out: Neighbours | None
    nearest: dict[str, float]
    judged: Judged | None
    modes: Modes | None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        facts = asdict(self)
        if self.judged is not None:
            judged = facts["judged"]
            judged["made"] = modes_dict(self.judged.made)
            judged["real"] = None if self.judged.real is None else modes_dict(self.judged.real)
        facts["modes"] = None if self.modes is None else modes_dict(self.modes)
        return facts


def noise_of(count: int, length: int, seed: int, use: str) -> Tensor:
    """Return the random numbers of so many pictures. Shape: (count, length)."""
    drawn = stream(seed, use).standard_normal((count, length), dtype=np.float32)
    return torch.from_numpy(drawn)


def modes_dict(modes: Modes) -> dict[str, Any]:
    """Return modes as plain values, with what follows from them."""
    found = {"reached": modes.reached, "missing": list(modes.missing), "divergence": modes.divergence}
    return {**asdict(modes), "names": list(modes.names), **found}


@dataclass(frozen=True, eq=False)
class Generator:
    """A trained generator, its critic, and how good what it makes is.

    Attributes:
        generator: noise (n, noise) to flat rows: (row - low) / (high - low) * 2 - 1 of pictures.
        critic: flat rows to a logit, above 0 for real ones.
        history: of both: ``train_loss`` is the generator's, ``critic_loss`` and ``critic_right`` stand in the
            metrics.
        quality: of what it makes; None after an interruption.
        shape: of a picture, (height, width, channels) or (numbers,).
        low, width: what a row's numbers are multiplied with and begin from: value = low + width * number.
        folder: the run folder, if there is one.
    """

    generator: nn.Module
    critic: nn.Module
    history: History
    quality: Quality | None
    shape: tuple[int, ...]
    low: Floats
    width: Floats
    request: GanRequest
    rows: dict[str, int]
    seconds: dict[str, float]
    folder: Path | None
    problems: tuple[str, ...] = ()

    def sample(self, count: int, seed: int = 0) -> Floats:
        """Return made pictures in the data's units. Shape: (count, height, width, channels).

        The same seed gives the same pictures, and more of them begin with the same ones.
        """
        if count < 1:
            must = "count must be 1 or above"
            raise RecipeError(message(must, f"count={count}", "ask for some pictures"))
        blocks = -(-count // BLOCK)
        noise = noise_of(blocks * BLOCK, self.request.noise, seed, "samples")
        rows = np.concatenate([through(self.generator, each) for each in torch.split(noise, BLOCK)])
        made: Floats = self.low + self.width * rows[:count]
        return made.reshape(-1, *self.shape)

    def summary(self) -> dict[str, Any]:
        """Return what ``glassnet gan --json`` prints."""
        last = self.history[-1] if len(self.history) else None
        losses = (
            None if last is None else {"generator": last.train_loss, "critic": last.metrics["critic_loss"]}
        )
        return {
            "run": None if self.folder is None else str(self.folder),
            "kind": "gan",
            "net": self.request.net,
            "rows": self.rows,
            "losses": losses,
            "critic_right": None if last is None else last.metrics["critic_right"],
            "quality": None if self.quality is None else self.quality.to_dict(),
            "stopped": self.history.stopped,
            "epochs": len(self.history),
            "warnings": list(self.problems),
            "seconds": self.seconds,
        }
