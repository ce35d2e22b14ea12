"""What goes into a net whose inside is to be seen: the one place where a photo becomes a tensor.

A photo is an array of shape (height, width) or (height, width, channels), of bytes (uint8, divided by 255) or
of numbers (as they stand), or a tensor of shape (channels, height, width) as the net takes it. A Glassnet
model decodes and normalises as in training; it takes a file too, by its path or as bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.arrays import device_of, dtype_of
from glassnet.errors import RecipeError, did_you_mean, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PhotoInput:
    """A photo that is ready for a net.

    Attributes:
        net: the torch module.
        x: shape (1, channels, height, width), of the net's dtype and on its device.
        picture: to be shown, shape (height, width) or (height, width, 3), from 0 to 1.
        classes: names of the outputs, where a model knows them.
    """

    net: nn.Module
    x: Tensor
    picture: Floats
    classes: tuple[str, ...] | None = None

    def name(self, target: int) -> str:
        """Return what an output is called: its class, else its number."""
        return self.classes[target] if self.classes else f"class {target}"

    def target(self, wanted: int | str | None, output: Tensor) -> int:
        """Return the number of the output that is asked about; None is the highest one.

        Raises:
            RecipeError: there is no such output, or the net does not give one row of numbers.
        """
        if output.ndim != 2 or len(output) != 1:
            must = "the net must give one row of numbers, one for each class, for one photo"
            raise RecipeError(
                message(must, f"its output has the shape {tuple(output.shape)}", "wrap the net")
            )
        if wanted is None:
            return int(output[0].argmax())
        names, count = list(self.classes or ()), output.shape[1]
        if isinstance(wanted, str) and wanted in names:
            return names.index(wanted)
        if isinstance(wanted, int | np.integer) and 0 <= wanted < count:
            return int(wanted)
        do = did_you_mean(str(wanted), names) if names else f"write a number from 0 to {count - 1}"
        raise RecipeError(message("target must be one of the outputs", f"target={wanted!r}", do))


def photo_input(of: Any, photo: Any) -> PhotoInput:
    """Return a photo as a net or a model takes it.

    Args:
        of: a torch module, or a Glassnet model of images.
        photo: see the module.

    Raises:
        RecipeError: neither a net nor a model, or no photo.
    """
    net, classes, picture = net_of(of), None, None
    if not isinstance(of, nn.Module):
        classes = tuple(map(str, of.task.classes))
    if isinstance(photo, Tensor):
        x = photo.detach()
        x = x[None] if x.ndim == 3 else x
    elif isinstance(of, nn.Module):
        x = _from_array(photo)
    else:
        x, picture = _by_model(of, photo)
    if x.ndim != 4 or len(x) != 1 or not x.numel():
        raise RecipeError(_no_photo(tuple(x.shape)))
    if not torch.isfinite(x).all():
        must, do = "a photo must hold finite numbers", "look at how it was normalised"
        raise RecipeError(message(must, "some are not", do))
    if picture is None:
        picture = _picture(x[0].to("cpu", torch.float64).numpy())
    # A copy in plain order: a forward may call view, which other layouts in memory do not bear.
    x = x.to(device_of(net), dtype_of(net)).clone(memory_format=torch.contiguous_format)
    return PhotoInput(net, x, picture, classes)


def net_of(of: Any) -> nn.Module:
    """Return the torch module, or that inside a model.

    Raises:
        RecipeError: there is none.
    """
    net = of if isinstance(of, nn.Module) else getattr(of, "net", None)
    if not isinstance(net, nn.Module):
        must = "net must be a torch module, or a model with one inside"
        raise RecipeError(message(must, f"a {type(of).__name__}", "pass an nn.Module"))
    if any(isinstance(each, torch.jit.ScriptModule) for each in net.modules()):
        must = "the net must be a module whose calls can be seen"
        raise RecipeError(message(must, "it is compiled by torch.jit", "pass the module it was made from"))
    return net


def _by_model(model: Any, photo: Any) -> tuple[Tensor, Floats]:
    """Return a photo as a model decodes and normalises it, and to be shown."""
    one = [photo] if isinstance(photo, str | os.PathLike) else photo
    pixels = model.photos(one if isinstance(one, bytes | list) else np.asarray(one)[None]).pixels[:1]
    x = torch.as_tensor(model.schema.images.tensors(pixels))
    return x, _picture(np.moveaxis(pixels[0] / 255.0, -1, 0))


def _from_array(photo: Any) -> Tensor:
    pixels = np.asarray(photo)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "buif" or not pixels.size:
        raise RecipeError(_no_photo(pixels.shape))
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if pixels.shape[2] > 4 and len(pixels) <= 4:
        must = "an array's channels must be its last axis"
        do = "write np.moveaxis(photo, 0, -1), or torch.as_tensor(photo)"
        raise RecipeError(message(must, f"photo.shape={pixels.shape}", do))
    values = pixels / 255.0 if pixels.dtype == np.uint8 else pixels.astype(np.float64)
    return torch.from_numpy(np.moveaxis(values, -1, 0))[None]


def _no_photo(shape: tuple[int, ...]) -> str:
    must = "a photo must be an array (height, width[, channels]) or a tensor (channels, height, width)"
    return message(must, f"its shape is {shape}", "pass one photo as numbers")


def _picture(x: Floats) -> Floats:
    """Return a photo to be shown: as it is where it lies between 0 and 1, else stretched to that."""
    low, high = float(x.min()), float(x.max())
    if low < 0 or high > 1:
        x = (x - low) / ((high - low) or 1.0)
    return np.moveaxis(x, 0, -1) if len(x) == 3 else x[:3].mean(axis=0)
