"""The work of a run of ``style``: read both photos, paint from small to large, say what the losses are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from glassnet.data.one_photo import one_photo
from glassnet.engine.history import History
from glassnet.engine.step_training import StepSettings, train_steps
from glassnet.engine.style import StyleSettings, StyleStep, WithinColours
from glassnet.engine.threads import choose_threads
from glassnet.errors import DataError, RecipeError, did_you_mean, message
from glassnet.lens.picture_grid import as_bytes, png
from glassnet.nets.pretrained import IMAGENET_MEAN, IMAGENET_STD, PUBLISHED, pretrained
from glassnet.nets.style import Canvas, layer_names, random_features, smooth_pooling
from glassnet.nets.vgg import VGG
from glassnet.randomness import torch_seeded
from glassnet.run.generative import Follower, Making
from glassnet.run.styled import Styled, StyleRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

LAYERS = {
    "random": (("relu2_2",), ("relu1_1", "relu2_1", "relu3_1", "relu4_1")),
    "vgg": (("relu4_2",), ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")),
}
"""Layers of content and of style where none are asked for."""
TOGETHER = 10
"""Steps of an epoch: so often there is a line in the history."""
SMALLEST_PREVIEW = 128
RANDOM = (
    "the feature net has random weights: style is local colour and texture only, content is edges; for "
    "brushes and shapes as in the paper get "
    f"{PUBLISHED['vgg19'][0]} and name it with weights (--weights FILE)"
)


@dataclass(frozen=True)
class Features:
    """A frozen feature net, its name, how it wants its colours, and its usual layers of content and style."""

    net: nn.Sequential
    name: str
    mean: Tensor
    std: Tensor
    layers: tuple[tuple[str, ...], tuple[str, ...]]
    notes: tuple[str, ...]


def style_work(request: StyleRequest, making: Making, photos: tuple[object, ...]) -> Styled:
    """Do the whole work of a run; see :func:`glassnet.run.style.style`."""
    with making.part("read", "reading the photos"):
        work = _Work(request, making, _features(request), _sources(request, photos))
    plan = making.plan(work.plan)
    if plan["sha256"] != work.fingerprint:
        must = "a run goes on only with the photos that it began with"
        raise RecipeError(
            message(must, "they have changed since", "put the old ones back, or start a new run")
        )
    with making.part("train"), making.interrupts.asking():
        found = work.painted(plan)
    making.keep("styled.png", png(found.image))
    making.finish(found)
    return found


def _sources(request: StyleRequest, photos: tuple[object, ...]) -> tuple[object, object]:
    named = (request.data, request.style)
    both = tuple(own if own is not None else name for own, name in zip(photos, named, strict=True))
    if any(each is None for each in both):
        must, found = "a style transfer needs two photos", "one of them was not named"
        raise RecipeError(message(must, found, "name the content and then the style"))
    return both[0], both[1]


def _features(request: StyleRequest) -> Features:
    """Return the feature net.

    Raises:
        DataError: the weights are missing, damaged, or those of another kind of net.
        RecipeError: a layer has a name that the net does not know.
    """
    found = _published(request.weights)
    if found is None:
        half = torch.full((3,), 0.5)
        net, name, notes = random_features(request.seed), "random", (RANDOM,)
        features = Features(net, name, half, half, LAYERS["random"], notes)
    else:
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        features = Features(smooth_pooling(found.features), found.name, mean, std, LAYERS["vgg"], ())
    known = list(layer_names(features.net))
    asked = [*(request.content_layers or ()), *(request.style_layers or ())]
    problems = [
        message("a layer must be one of the feature net", repr(each), did_you_mean(each, known))
        for each in asked
        if each not in known
    ]
    if problems:
        raise RecipeError(problems)
    return features


def _published(weights: str | None) -> VGG | None:
    """Return a VGG with weights; None where none are asked for and none lie in the data folder."""
    if weights is None:
        folder = os.environ.get("GLASSNET_DATA")
        if not folder or not (Path(folder) / PUBLISHED["vgg19"][0]).is_file():
            return None
        return _vgg("vgg19", folder)
    return _vgg(weights)


def _vgg(name: str, folder: str | None = None) -> VGG:
    net = pretrained(name, folder)
    if not isinstance(net, VGG) or any(isinstance(each, nn.BatchNorm2d) for each in net.features):
        must = "style needs the weights of a VGG without batch norm"
        raise DataError(message(must, f"{name} holds others", "name the file of vgg19 or vgg16"))
    return net


class _Work:
    """One run: its photos at each size, and the painting."""

    def __init__(
        self, request: StyleRequest, making: Making, features: Features, sources: tuple[object, object]
    ) -> None:
        self.request, self.making, self.features = request, making, features
        preview = request.preview
        if preview is None:
            preview = (request.size // 2,) if request.size // 2 >= SMALLEST_PREVIEW else ()
        self.sizes = (*preview, request.size)
        self.photos = {size: tuple(_tensor(one_photo(each, size)) for each in sources) for size in self.sizes}
        digest = hashlib.sha256()
        for each in self.photos[request.size]:
            digest.update(each.numpy().tobytes())
        self.fingerprint = digest.hexdigest()
        cuda = request.device == "cuda" or (request.device == "auto" and torch.cuda.is_available())
        self.device = torch.device("cuda" if cuda else "cpu")
        self.threads = request.threads or choose_threads(10**9)

    def plan(self) -> dict[str, Any]:
        """Decide how many steps there are at each size; a budget may pay for fewer."""
        most = -(-self.request.steps // TOGETHER)
        whole = self.making.epochs_within(self.request.budget, self._seconds, most)
        return {"sha256": self.fingerprint, "features": self.features.name, "epochs": whole}

    def _seconds(self) -> float:
        """Measure what one epoch at each of the sizes takes together."""
        self.making.reporter.phase("measuring how fast this machine paints")
        total = 0.0
        for size in self.sizes:
            canvas = Canvas(self.photos[size][0])
            settings = StepSettings(2, 1, threads=self.threads)
            history = self._train(canvas, size, settings, None)
            total += TOGETHER * (history[-1].seconds or 0.0)
        return total

    def painted(self, plan: dict[str, Any]) -> Styled:
        """Paint at each size, from where the last one ended."""
        canvas, history, follower = Canvas(self._start()), History(), None
        for size in self.sizes:
            canvas = Canvas(_resized(canvas.pixels.detach(), self.photos[size][0]))
            settings = StepSettings(plan["epochs"], TOGETHER, schedule="cosine", threads=self.threads)
            follower = Follower(self.making, partial(_drawn, canvas))
            history = self._train(canvas, size, settings, follower)
            follower.picture()
            if history.stopped != "epochs":
                break
        return self._result(canvas, history, plan)

    def _start(self) -> Tensor:
        content = self.photos[self.sizes[0]][0]
        if self.request.start == "content":
            return content
        with torch_seeded(self.request.seed, "canvas"):
            return torch.rand_like(content)

    def _train(self, canvas: Canvas, size: int, settings: StepSettings, follower: Follower | None) -> History:
        canvas.to(self.device)
        optimizer = torch.optim.Adam(canvas.parameters(), lr=self.request.lr, fused=True)
        reins: dict[str, Any] = {}
        if follower is not None:
            tied = follower.ties(self.request.budget, f"size-{size}")
            reins = {"asked": {"sha256": self.fingerprint}, **tied}
        history = train_steps(
            canvas,
            optimizer,
            self._step(canvas, size),
            lambda epoch: range(settings.steps_per_epoch),
            settings,
            callbacks=[WithinColours(), *([follower] if follower else [])],
            **reins,
        )
        canvas.cpu()
        return history

    def _step(self, canvas: Canvas, size: int) -> StyleStep:
        f, r = self.features, self.request
        asked = StyleSettings(
            content_layers=r.content_layers or f.layers[0],
            style_layers=r.style_layers or f.layers[1],
            content_weight=r.content_weight,
            style_weight=r.style_weight,
            variation_weight=r.variation_weight,
        )
        content, style = (each.to(self.device) for each in self.photos[size])
        net, mean, std = f.net.to(self.device), f.mean.to(self.device), f.std.to(self.device)
        return StyleStep(canvas, net, content, style, asked, mean, std)

    def _result(self, canvas: Canvas, history: History, plan: dict[str, Any]) -> Styled:
        first, last = ({}, {}) if not len(history) else (_losses(history, 0), _losses(history, -1))
        return Styled(
            image=_pixels(canvas),
            history=history,
            losses=last,
            before=first,
            features=self.features.name,
            notes=self.features.notes,
            request=self.request,
            steps={str(size): TOGETHER * plan["epochs"] for size in self.sizes},
            seconds=self.making.seconds,
            folder=self.making.path,
        )


def _losses(history: History, place: int) -> dict[str, float]:
    """Return the means over some steps."""
    return {**history[place].metrics, "total": history[place].train_loss}


def _tensor(photo: Bytes) -> Tensor:
    return torch.from_numpy(photo.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def _resized(picture: Tensor, like: Tensor) -> Tensor:
    if picture.shape == like.shape:
        return picture
    larger = functional.interpolate(picture, like.shape[2:], mode="bicubic", align_corners=False)
    return larger.clamp(0.0, 1.0)


def _pixels(canvas: Canvas) -> Bytes:
    return as_bytes(canvas.pixels.detach().cpu()[0].permute(1, 2, 0).numpy(), (0.0, 1.0))


def _drawn(canvas: Canvas) -> bytes:
    return png(_pixels(canvas))
