"""The work of a run of ``autoencode``: read, cut, plan, train, score, draw."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.data.pictures import Pictures
from glassnet.engine.history import History
from glassnet.engine.rows import Rows, batch_sizes
from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.errors import RecipeError, message
from glassnet.lens.draw_latent_map import latent_png
from glassnet.lens.picture_grid import as_bytes, picture_grid, png
from glassnet.metrics.reconstruction import Rebuilt, rebuilt_scores, squared_errors
from glassnet.nets.autoencoder import Kind, autoencoder
from glassnet.randomness import stream, torch_seeded
from glassnet.run.autoencoder import Autoencoder, AutoencodeRequest, through
from glassnet.run.generative import Follower, Making
from glassnet.run.pictures import Prepared, check_same, read_pictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOISE = 0.1
"""Noise on the inputs of a net that is not linear, in parts of the data's span: on the validation part of the
digits its error is 12 % lower than without."""
RATES = {"linear": 0.01, "dense": 0.004, "transposed": 0.004, "upsampling": 0.004}
STEPS = {"linear": 2_000, "dense": 3_000, "transposed": 1_500, "upsampling": 1_500}
"""Default learning rates, and about how many steps a run has where no epochs are asked for."""
LARGE = 16 * 16
"""Pictures of more pixels are left to a dense net: on photos of flowers, 32 x 32, it came to 1.09 times the
error of PCA in 15 seconds, convolutions to 1.5 times in 36; at the small ones' rate they learned nothing."""
SHOWN = 12


def autoencode_work(request: AutoencodeRequest, making: Making, data: object, labels: object) -> Autoencoder:
    """Do the whole work of a run; see :func:`glassnet.run.autoencode.autoencode`."""
    with making.part("read", "reading the pictures"):
        pictures, parts = read_pictures(request, data, labels)
    if request.net is None:
        small = pictures.drawable and not _is_large(pictures.shape)
        request = request.model_copy(update={"net": "upsampling" if small else "dense"})
    net = _new_net(request, pictures.shape)
    plan = making.plan(partial(_plan, request, pictures, parts, making))
    check_same(plan, pictures)
    with making.part("train"), making.interrupts.asking():
        history, follower = _train(request, making, net, parts, plan, pictures.shape)
    with making.part("score", "scoring"):
        found = _result(request, making, net, history, parts, pictures)
        follower.picture()
    making.keep("latent.png", latent_png(found))
    making.finish(found)
    return found


def _new_net(request: AutoencodeRequest, shape: tuple[int, ...]) -> Any:
    if request.net in ("transposed", "upsampling") and len(shape) != 3:
        must, found = f"net={request.net} needs pictures", f"a row has the shape {shape}"
        raise RecipeError(message(must, found, "use net=dense"))
    if request.code > math.prod(shape):
        must, found = "code must be shorter than a row", f"code={request.code} for {math.prod(shape)} numbers"
        raise RecipeError(message(must, found, "ask for a shorter one"))
    with torch_seeded(request.seed, "weights"):
        return autoencoder(shape, request.code, _kind(request), _noise(request))


def _kind(request: AutoencodeRequest) -> Kind:
    """Return the kind of net, which stands in the request once the pictures are known."""
    return request.net or "dense"


def _noise(request: AutoencodeRequest) -> float:
    if request.noise is not None:
        return request.noise
    return 0.0 if request.net == "linear" else NOISE


def _is_large(shape: tuple[int, ...]) -> bool:
    return math.prod(shape[:2]) > LARGE


def _rate(kind: Kind, shape: tuple[int, ...]) -> float:
    """Return the learning rate where none is asked for: convolutions of many sizes bear a quarter."""
    deep = kind in ("transposed", "upsampling") and _is_large(shape)
    return RATES[kind] / 4 if deep else RATES[kind]


def _settings(request: AutoencodeRequest, epochs: int, shape: tuple[int, ...]) -> Settings:
    return Settings(
        loss="mse",
        optimizer="adamw",
        lr=request.lr or _rate(_kind(request), shape),
        schedule="cosine",
        warmup=0.05,
        batch_size=request.batch_size,
        epochs=epochs,
        seed=request.seed,
        device=request.device,
        threads=request.threads,
    )


def _plan(request: AutoencodeRequest, pictures: Pictures, parts: Prepared, making: Making) -> dict[str, Any]:
    """Decide how many epochs there are; a budget may pay for fewer."""
    steps = len(batch_sizes(len(parts.train), request.batch_size))
    most = request.epochs or max(1, -(-STEPS[_kind(request)] // steps))

    def seconds() -> float:
        making.reporter.phase("measuring how fast this machine learns")
        some = parts.train[: 4 * request.batch_size]
        history = train_net(
            _new_net(request, pictures.shape), _rows(parts, some), _settings(request, 2, pictures.shape)
        )
        return min(each.seconds or 0.0 for each in history) * len(parts.train) / len(some)

    return {
        "sha256": pictures.sha256,
        "epochs": making.epochs_within(request.budget, seconds, most),
        "noise": _noise(request),
    }


def _rows(parts: Prepared, places: NDArray[np.int64]) -> Rows:
    rows = parts.rows[torch.from_numpy(places)]
    return Rows(rows, rows)


def _train(
    request: AutoencodeRequest,
    making: Making,
    net: nn.Module,
    parts: Prepared,
    plan: dict[str, Any],
    shape: tuple[int, ...],
) -> tuple[History, Follower]:
    shown = parts.test if len(parts.test) else parts.train
    shown = stream(request.seed, "pictures").permutation(shown)[:SHOWN]
    follower = Follower(making, partial(_drawn, net, parts, shown, _noise(request), shape))
    history = train_net(
        net,
        _rows(parts, parts.train),
        _settings(request, plan["epochs"], shape),
        callbacks=[follower],
        **follower.ties(request.budget),
    )
    return history, follower


def _noisy(rows: Tensor, noise: float, seed: int) -> Tensor:
    drawn = stream(seed, "pictures", "noise").standard_normal(rows.shape, dtype=np.float32)
    return rows + noise * torch.from_numpy(drawn)


def _drawn(
    net: nn.Module,
    parts: Prepared,
    shown: NDArray[np.int64],
    noise: float,
    shape: tuple[int, ...],
) -> bytes | None:
    """Draw some rows as they are, as the net sees them where there is noise, and as it rebuilds them."""
    if len(shape) != 3:
        return None
    rows = parts.rows[torch.from_numpy(shown)]
    seen = _noisy(rows, noise, 0)
    lines = [rows.numpy(), *([seen.numpy()] if noise else []), through(net, seen)]
    centre = parts.centre.numpy()
    return png(picture_grid([as_bytes((each + centre).reshape(-1, *shape), (0.0, 1.0)) for each in lines]))


def _result(
    request: AutoencodeRequest,
    making: Making,
    net: Any,
    history: History,
    parts: Prepared,
    pictures: Pictures,
) -> Autoencoder:
    places = parts.test if len(parts.test) else parts.train
    judged = parts.rows[torch.from_numpy(places)]
    return Autoencoder(
        net=net,
        history=history,
        scores=_scores(net, parts, request) if len(parts.test) else None,
        denoising=_denoising(net, judged, parts.span, request) if _noise(request) else None,
        shape=pictures.shape,
        span=parts.span,
        centre=parts.centre,
        codes=through(net.encoder, judged),
        labels=None if pictures.labels is None else pictures.labels[places],
        classes=pictures.classes,
        request=request,
        rows=parts.counts,
        seconds=making.seconds,
        folder=making.path,
        problems=pictures.problems,
    )


def _scores(net: nn.Module, parts: Prepared, request: AutoencodeRequest) -> Rebuilt:
    """Score the net on the held-out rows beside PCA, fitted on the rows that teach, and their mean."""
    from sklearn.decomposition import PCA

    rows, test = parts.rows.numpy(), parts.rows.numpy()[parts.test]
    most = min(request.code, len(parts.train), rows.shape[1])
    pca = PCA(most, random_state=0).fit(rows[parts.train])
    unit = (parts.span[1] - parts.span[0]) ** 2
    errors = {
        "pca": unit * squared_errors(test, pca.inverse_transform(pca.transform(test))),
        "mean": unit * squared_errors(test, np.zeros_like(test)),
    }
    ours = unit * squared_errors(test, through(net, parts.rows[torch.from_numpy(parts.test)]))
    return rebuilt_scores(ours, errors, request.seed)


def _denoising(
    net: nn.Module, rows: Tensor, span: tuple[float, float], request: AutoencodeRequest
) -> tuple[float, float]:
    seen = _noisy(rows, _noise(request), request.seed)
    unit = (span[1] - span[0]) ** 2
    both = (squared_errors(rows.numpy(), each) for each in (seen.numpy(), through(net, seen)))
    before, after = (unit * float(each.mean()) for each in both)
    return before, after
