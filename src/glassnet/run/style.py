"""``style``: a photo with its own content and the style of another (Gatys et al. 2016)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.run.generative import carry_out
from glassnet.run.style_work import style_work
from glassnet.run.styled import Styled, StyleRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassnet.run.reporter import Reporter


def style(
    content: object = None,
    style: object = None,
    *,
    size: int = 256,
    preview: Sequence[int] | str | None = None,
    steps: int = 200,
    content_layers: Sequence[str] | str | None = None,
    style_layers: Sequence[str] | str | None = None,
    content_weight: float = 1.0,
    style_weight: float = 10.0,
    variation_weight: float = 1.0,
    start: str = "content",
    weights: str | Path | None = None,
    lr: float = 0.03,
    budget: float | str | None = None,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    reporter: Reporter | None = None,
) -> Styled:
    """Paint a photo in the style of another.

    Args:
        content, style: files, "china" or "flower" (which come with scikit-learn), or arrays of bytes
            (height, width, 3).
        size: pixels of the longest side of the result; the style is looked at in this size too.
        preview: sizes at which it begins, each the start of the next; None: half the size from 128 on.
        steps: at each size.
        content_layers, style_layers: names such as "relu4_2"; None: relu4_2, and relu1_1 to relu5_1, as in
            the paper; with random weights relu2_2, and relu1_1 to relu4_1.
        content_weight, style_weight, variation_weight: of the three parts of the loss. Content and style are
            squared distances in parts of the square of what is wanted, so the same weights do for all sizes;
            the paper's are not divided so.
        start: "content", or "noise" as in the paper.
        weights: a file with VGG weights under torchvision's names, or "vgg19" to have it looked for. None: it
            is looked for in GLASSNET_DATA, and where it is not there random weights do; ``notes`` say so.
        lr: of Adam, falling along half a cosine; colours go from 0 to 1.
        budget, seed, device, threads, out, resume, reporter: see :func:`glassnet.autoencode`.

    Raises:
        RequestError: photos or options are wrong.
        NonFiniteLoss: the loss became infinite or not a number.
        Interrupted: a signal came while nothing was painted.
    """
    request = StyleRequest.of({**locals(), "data": content})
    return style_run(request, content, style, out=out, keep=False, resume=resume, reporter=reporter)


def style_run(
    request: StyleRequest,
    content: object,
    style: object,
    *,
    out: str | Path | None = None,
    keep: bool = True,
    resume: str | Path | None = None,
    reporter: Reporter | None = None,
) -> Styled:
    """Begin a run from a request, or go on with one; see :func:`style`."""
    own = tuple(None if isinstance(each, str | Path) else each for each in (content, style))
    work = partial(style_work, photos=own)
    return carry_out(request, work, out=out, keep=keep, resume=resume, reporter=reporter)
