"""``gan``: a generator that learns to make pictures like real ones, and a critic that tells them apart."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.engine.adversarial import Loss
from glassnet.nets.adversarial import Kind
from glassnet.run.gan_work import gan_work
from glassnet.run.generative import carry_out
from glassnet.run.generator import GanRequest, Generator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from glassnet.run.reporter import Reporter


def gan(
    data: object = None,
    *,
    labels: object = None,
    modes: ArrayLike | None = None,
    deviation: float | None = None,
    net: Kind | None = None,
    noise: int = 32,
    loss: Loss = "logistic",
    smoothing: float = 0.1,
    batch_norm: bool = True,
    spectral: bool = False,
    dropout: float = 0.2,
    penalty: float = 0.0,
    ema: float = 0.999,
    size: int | None = None,
    grey: bool = False,
    test: str = "random:0.1",
    epochs: int | None = None,
    lr: float | None = None,
    batch_size: int = 64,
    budget: float | str | None = None,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    reporter: Reporter | None = None,
) -> Generator:
    """Train a generative adversarial network, and measure whether it makes all that there is to make.

    Args:
        data: see :func:`glassnet.autoencode`; points (n, numbers) too.
        labels: of an array, for the judge alone: neither of the two nets sees them.
        modes, deviation: where the centres of the data's modes are known, (modes, numbers), and how wide a
            mode is: how many of them are reached is measured too.
        net: "dense" or "conv" (after DCGAN); None: dense up to 16 x 16 pixels.
        noise: how many random numbers a picture is made of.
        loss: "logistic", which does not saturate, or "hinge".
        smoothing: real pictures count as 1 minus this, with "logistic".
        batch_norm: in the generator.
        spectral: spectral norm in the critic.
        dropout: in the critic. On digits it is what keeps all classes: without it one of ten got 1 % of the
            pictures, with 0.2 none got less than 7 %.
        penalty: the weight of the critic's squared gradient on real pictures.
        ema: what is kept is the moving average of the generator's weights over about 1 / (1 - ema) steps.
        epochs: None: about 8,000 steps, and 4,000 of "conv".
        lr: of Adam with a first beta of 0.5; None: 0.001, and 0.0005 for "conv".
        size, grey, test, budget, seed, device, threads, out, resume, reporter: see
            :func:`glassnet.autoencode`; held-out pictures are what made ones are compared with.

    Raises:
        RequestError: data or options are wrong; every problem is named.
        NonFiniteLoss: a loss became infinite or not a number.
        Interrupted: a signal came while nothing was trained.
    """
    request = GanRequest.of(locals())
    known = None if modes is None else (modes, deviation or 0.0)
    return gan_run(request, data, labels, known, out=out, keep=False, resume=resume, reporter=reporter)


def gan_run(
    request: GanRequest,
    data: object,
    labels: object = None,
    modes: tuple[ArrayLike, float] | None = None,
    *,
    out: str | Path | None = None,
    keep: bool = True,
    resume: str | Path | None = None,
    reporter: Reporter | None = None,
) -> Generator:
    """Begin a run from a request, or go on with one; see :func:`gan`."""
    own = None if isinstance(data, str | Path) else data
    work = partial(gan_work, data=own, labels=labels, modes=modes)
    return carry_out(request, work, out=out, keep=keep, resume=resume, reporter=reporter)
