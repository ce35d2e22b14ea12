"""How training photos are varied anew in every epoch; :mod:`glassnet.data.augment` does it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class Augmentation(BaseModel):
    """How training photos are varied; what is 0 or false is not done.

    Attributes:
        flip: half of the photos are mirrored, left to right.
        shift: photos are moved by up to so many pixels in each direction.
        padding: what comes in at the edges: the mirrored photo (``reflect``) or 0, the mean (``zero``).
        scale: the smallest share of the photo's area that is cut out and enlarged; 1: the whole photo.
        rotate: photos are turned by up to so many degrees.
        brightness: a number of up to this size is added, in standard deviations.
        contrast: differences from the photo's mean are multiplied by 1 - contrast to 1 + contrast.
        saturation: differences from grey are multiplied by 1 - saturation to 1 + saturation.
        cutout: a square with sides of so many pixels is set to 0, the mean.
        cutmix: in this part of the batches a rectangle of each photo is that of another one, and the answers
            are mixed by their areas.
        mixup: in the others two photos and their answers are mixed by a share from Beta(mixup, mixup).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: bool = False
    shift: Annotated[int, Field(strict=True, ge=0, le=1024)] = 0
    padding: Literal["reflect", "zero"] = "reflect"
    scale: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    rotate: Annotated[float, Field(strict=True, ge=0, le=180)] = 0.0
    brightness: Annotated[float, Field(strict=True, ge=0, le=10)] = 0.0
    contrast: Share = 0.0
    saturation: Share = 0.0
    cutout: Annotated[int, Field(strict=True, ge=0, le=4096)] = 0
    cutmix: Share = 0.0
    mixup: Annotated[float, Field(strict=True, ge=0, le=100)] = 0.0

    @property
    def mixes(self) -> bool:
        """Whether photos of a batch and their answers are mixed."""
        return self.cutmix > 0 or self.mixup > 0
