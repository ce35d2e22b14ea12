"""What a net for photos may be: the part of the closed schema of architectures that has convolutions.

>>> PhotoNet(channels=3, widths=(32, 128, 128), outputs=10).parameters
497216
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from glassnet.errors import message
from glassnet.nets.spec import Record, Size, check_size
from glassnet.notation import MAX_PHOTO_MEMBERS

Channels = Annotated[int, Field(strict=True, ge=1, le=4)]
Width = Annotated[int, Field(strict=True, ge=1, le=4096)]
LARGEST = 1024
"""Pixels of a photo's side, at most."""


class PhotoNet(Record):
    """Convolutions in stages, each at half the size of the one before: ``nets.convolution.Photo``.

    Shape: (photos, channels, height, width), of any size from ``smallest`` on, -> (photos, outputs).

    Attributes:
        channels: 1 (grey) or 3 (red, green, blue).
        patch: side of the patches that the first layer looks at, whitened; it moves by half of it, by 1 where
            ``patch`` is 2.
        widths: feature maps of each stage.
        depth: convolutions of a stage.
        outputs: numbers for each photo.
        members: networks behind one first layer, whose probabilities are averaged.
    """

    kind: Literal["photo"] = "photo"
    channels: Channels
    patch: Annotated[int, Field(strict=True, ge=2, le=8, multiple_of=2)] = 2
    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)]
    depth: Annotated[int, Field(strict=True, ge=1, le=4)] = 2
    outputs: Size
    members: Annotated[int, Field(strict=True, ge=1, le=MAX_PHOTO_MEMBERS)] = 1

    @property
    def stride(self) -> int:
        """By how many pixels the first layer moves."""
        return self.patch // 2

    @property
    def whitened(self) -> int:
        """Feature maps of the first layer: of the 24 strongest directions at most, each twice."""
        return 2 * min(24, self.channels * self.patch**2)

    @property
    def smallest(self) -> int:
        """The least side of a photo, of which the last stage sees one place."""
        return self.patch + self.stride * ((1 << len(self.widths)) - 1)

    @property
    def parameters(self) -> int:
        """Number of trained numbers; those of the first layer are not trained."""
        first, count = self.whitened, 0
        for width in self.widths:
            count += 9 * width * (first + (self.depth - 1) * width) + self.depth * width
            first = width
        return self.members * (count + first * self.outputs)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_size("a net for photos", self.parameters)
        return self


class Published(Record):
    """A net whose weights others have published: :mod:`glassnet.nets.resnet` and :mod:`glassnet.nets.vgg`.

    Shape: (photos, 3, height, width), of any size from 32 on, -> (photos, outputs).
    """

    kind: Literal["published"] = "published"
    name: Literal[
        "resnet18",
        "resnet34",
        "resnet50",
        "vgg11",
        "vgg11_bn",
        "vgg13",
        "vgg13_bn",
        "vgg16",
        "vgg16_bn",
        "vgg19",
        "vgg19_bn",
    ]
    outputs: Size

    @property
    def channels(self) -> int:
        """Red, green and blue."""
        return 3

    @property
    def smallest(self) -> int:
        """The least side of a photo."""
        return 32


class LeNet(Record):
    """Two convolutions, each with max pooling, and three linear layers: ``nets.convolution.LeNetwork``.

    Shape: (photos, channels, size, size) -> (photos, outputs).
    """

    kind: Literal["lenet"] = "lenet"
    channels: Channels
    size: Annotated[int, Field(strict=True, ge=12, le=LARGEST)]
    outputs: Size

    @property
    def places(self) -> int:
        """Side of the feature maps that the linear layers see: 6 for photos of 32 x 32."""
        return ((self.size - 2) // 2 - 2) // 2

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        features = 16 * self.places**2
        dense = 120 * (features + 1) + 84 * 121 + self.outputs * 85
        return 6 * (9 * self.channels + 1) + 16 * (9 * 6 + 1) + dense

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.places < 1:
            must = "photos for lenet must be at least 12 pixels wide"
            raise ValueError(message(must, f"{self.size}", "take a larger size, or the net photo"))
        check_size("a LeNet", self.parameters)
        return self
