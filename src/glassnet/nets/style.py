"""Style transfer (Gatys et al. 2016): what a feature net sees of a photo, its content and its style.

Any plain stack of convolutions will do; its layers are called as in VGG: ``conv4_2`` is the second
convolution of the fourth block, ``relu4_2`` what follows it, ``pool4`` the halving after the block.

>>> names = layer_names(random_features())
>>> list(names)[:5], names["relu2_1"]
(['conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1'], 6)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from glassnet.randomness import torch_seeded

WIDTHS = (32, 64, 96, 128)
"""Channels of the blocks of a feature net with random weights."""


class Canvas(nn.Module):
    """A picture whose pixels are what is learned. Shape: () -> (1, 3, height, width), from 0 to 1."""

    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.pixels = nn.Parameter(start.clone())

    def forward(self) -> Tensor:
        """Return the picture."""
        return self.pixels


def random_features(seed: int = 0) -> nn.Sequential:
    """Return a feature net of four blocks with random weights: edges, colours and textures, no objects.

    What it sees of style is local texture (Ustyuzhaninov et al. 2017 made textures with such nets); of
    content it sees places and edges, and not what they mean.
    """
    layers: list[nn.Module] = []
    inputs = 3
    with torch_seeded(seed, "random features"):
        for width in WIDTHS:
            for _ in range(2):
                layer = nn.Conv2d(inputs, width, 3, padding=1, padding_mode="replicate")
                nn.init.orthogonal_(layer.weight, gain=2**0.5)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
                layers += [layer, nn.ReLU()]
                inputs = width
            layers.append(nn.AvgPool2d(2))
    return nn.Sequential(*layers).requires_grad_(False).eval()


def smooth_pooling(features: nn.Sequential) -> nn.Sequential:
    """Return a feature net that halves by means, not by maxima: Gatys et al., section 2, found it better."""
    layers = [nn.AvgPool2d(2) if isinstance(each, nn.MaxPool2d) else each for each in features]
    return nn.Sequential(*layers).requires_grad_(False).eval()


def layer_names(features: nn.Sequential) -> dict[str, int]:
    """Return the layers of a feature net by name, each with its place."""
    names: dict[str, int] = {}
    block, number = 1, 0
    for place, layer in enumerate(features):
        if isinstance(layer, nn.Conv2d):
            number += 1
            names[f"conv{block}_{number}"] = place
        elif isinstance(layer, nn.ReLU):
            names[f"relu{block}_{number}"] = place
        elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
            names[f"pool{block}"] = place
            block, number = block + 1, 0
    return names


def activations(features: nn.Sequential, picture: Tensor, names: Collection[str]) -> dict[str, Tensor]:
    """Return what the named layers make of a picture. Shape: (1, 3, h, w) -> (channels, h', w') each."""
    places = {place: name for name, place in layer_names(features).items() if name in names}
    found: dict[str, Tensor] = {}
    x = picture
    for place, layer in enumerate(features):
        x = layer(x)
        if place in places:
            found[places[place]] = x[0]
        if len(found) == len(places):
            break
    return found


def gram(activation: Tensor) -> Tensor:
    """Return how much channels are there together, wherever that is. Shape: (c, h, w) -> (c, c).

    Eq. 3 of Gatys et al., divided by the number of places.
    """
    flat = activation.flatten(1)
    return flat @ flat.T / flat.shape[1]


def apart(now: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
    """Return the squared distance in parts of the wanted square, the mean over layers: 0 is equal.

    The layers' sizes, the picture's size and the scale of the feature net cancel, so that the same weights
    do for all of them.
    """
    parts = [
        (now[name] - each).square().sum() / each.square().sum().clamp_min(1e-12)
        for name, each in wanted.items()
    ]
    return torch.stack(parts).mean()


def total_variation(picture: Tensor) -> Tensor:
    """Return the mean squared change from a pixel to the next, across and down: 0 where all are the same."""
    across, down = picture.diff(dim=3).square().mean(), picture.diff(dim=2).square().mean()
    return across + down
