"""The step of style transfer: nothing but the picture learns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glassnet.engine.loop import Loop
from glassnet.nets.style import Canvas, activations, apart, gram, total_variation


@dataclass(frozen=True)
class StyleSettings:
    """Which layers say what, and how much each part of the loss counts."""

    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    content_weight: float
    style_weight: float
    variation_weight: float


class StyleStep:
    """A step: how far the picture is from the content of one photo and from the style of another.

    Args:
        features: a frozen feature net that expects pixels from 0 to 1, normalised by ``mean`` and ``std``.
        content, style: (1, 3, height, width), from 0 to 1; their sizes may differ.
    """

    def __init__(
        self,
        canvas: Canvas,
        features: nn.Sequential,
        content: Tensor,
        style: Tensor,
        settings: StyleSettings,
        mean: Tensor,
        std: Tensor,
    ) -> None:
        self.canvas, self.features, self.settings = canvas, features, settings
        self.mean, self.std = mean.view(1, 3, 1, 1), std.view(1, 3, 1, 1)
        with torch.no_grad():
            self.content = self._seen(content, settings.content_layers)
            self.style = {name: gram(each) for name, each in self._seen(style, settings.style_layers).items()}

    def _seen(self, picture: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        return activations(self.features, (picture - self.mean) / self.std, layers)

    def __call__(self, batch: object) -> dict[str, object]:
        """Return the loss and its parts, each before its weight."""
        s = self.settings
        picture = self.canvas()
        seen = self._seen(picture, (*s.content_layers, *s.style_layers))
        content = apart(seen, self.content)
        style = apart({name: gram(seen[name]) for name in self.style}, self.style)
        variation = total_variation(picture)
        loss = s.content_weight * content + s.style_weight * style + s.variation_weight * variation
        parts = {"content": content, "style": style, "variation": variation}
        return {"loss": loss, "metrics": {name: each.detach() for name, each in parts.items()}}


class WithinColours:
    """An engine callback: after a step each pixel is between black and white again."""

    def batch_end(self, loop: Loop) -> None:
        """Cut off what lies outside."""
        with torch.no_grad():
            for each in loop.parameters:
                each.clamp_(0.0, 1.0)
