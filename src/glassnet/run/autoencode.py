"""``autoencode``: rows through a short code and back, beside PCA with a code of the same length."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.nets.autoencoder import Kind
from glassnet.run.autoencode_work import autoencode_work
from glassnet.run.autoencoder import Autoencoder, AutoencodeRequest
from glassnet.run.generative import carry_out

if TYPE_CHECKING:
    from glassnet.run.reporter import Reporter


def autoencode(
    data: object = None,
    *,
    labels: object = None,
    code: int = 8,
    net: Kind | None = None,
    noise: float | None = None,
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
) -> Autoencoder:
    """Train an autoencoder on pictures, and compare it with PCA on rows that it has not seen.

    Args:
        data: ``"digits"``, an array (n, height, width[, channels]) or (n, numbers), a file of one, or photos:
            a folder, a zip or a table of them.
        labels: of an array; they colour the latent map, and nothing learns from them.
        code: how many numbers a picture is squeezed into.
        net: "linear", "dense", or convolutions with "transposed" ones or "upsampling" on the way back. None:
            "upsampling" for pictures up to 16 x 16 pixels, otherwise "dense".
        noise: standard deviation of the noise on the inputs while training, in parts of the data's span; the
            targets stay clean, so the net learns to remove it. None: 0.1, and 0 for "linear".
        size, grey: photos are cut to squares of so many pixels (64), and made grey where asked.
        test: which rows judge: "random:0.1", "last:0.2", "last:360" or "none".
        epochs: None: about 1,500 to 3,000 steps.
        lr: of AdamW, falling along half a cosine; None: 0.004, 0.01 for "linear", and 0.001 for
            convolutions on more than 16 x 16 pixels.
        budget: seconds, or "60s", for everything: there are fewer epochs where it asks for that.
        out: a run folder to write; None writes nothing.
        resume: the folder of a run to go on with; pass an array again, and nothing else.

    Raises:
        RequestError: data or options are wrong; every problem is named.
        NonFiniteLoss: the loss became infinite or not a number.
        Interrupted: a signal came while nothing was trained.
    """
    request = AutoencodeRequest.of(locals())
    return autoencode_run(request, data, labels, out=out, keep=False, resume=resume, reporter=reporter)


def autoencode_run(
    request: AutoencodeRequest,
    data: object,
    labels: object = None,
    *,
    out: str | Path | None = None,
    keep: bool = True,
    resume: str | Path | None = None,
    reporter: Reporter | None = None,
) -> Autoencoder:
    """Begin a run from a request, or go on with one; see :func:`autoencode`."""
    own = None if isinstance(data, str | Path) else data
    work = partial(autoencode_work, data=own, labels=labels)
    return carry_out(request, work, out=out, keep=keep, resume=resume, reporter=reporter)
