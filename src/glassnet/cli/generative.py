"""``glassnet autoencode``, ``gan`` and ``style``: flags to requests, and what is printed of the results."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli.options import Json, Quiet, Rate, Resume, Seed, Threads, option

if TYPE_CHECKING:
    from glassnet.run.autoencoder import Autoencoder
    from glassnet.run.generator import Generator, Quality
    from glassnet.run.styled import Styled

Data = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help="digits, an array in a file .npy or .npz, or photos as for train."),
]
Size = Annotated[int | None, option("--size N", "Photos are cut to squares of so many pixels; else 64.")]
Grey = Annotated[bool | None, typer.Option("--grey", help="Photos are made grey.")]
Test = Annotated[str | None, option("--test SPLIT", "random:0.1, last:0.2, last:360 or none.")]
Epochs = Annotated[int | None, option("--epochs N", "Passes over the pictures; else by steps.")]
Batch = Annotated[int | None, option("--batch-size N", "Pictures a step; else 64.")]
Budget = Annotated[str | None, option("--budget TIME", "Time for everything: 60s, 5m.")]
Device = Annotated[str | None, option("--device NAME", "auto, cpu or cuda.")]
Out = Annotated[Path | None, option("--out DIR", "Run folder; without it runs/<command>-<data>.")]
Smoothing = Annotated[float | None, option("--smoothing X", "Real pictures count as 1 minus this; else 0.1.")]
_APART = ("out", "resume", "as_json", "quiet")


def autoencode(
    data: Data = None,
    code: Annotated[int | None, option("--code N", "Numbers of the code; else 8.")] = None,
    net: Annotated[str | None, option("--net NAME", "linear, dense, transposed, upsampling.")] = None,
    noise: Annotated[
        float | None, option("--noise X", "Noise on what is learned from, in parts of the data's span.")
    ] = None,
    size: Size = None,
    grey: Grey = None,
    test: Test = None,
    epochs: Epochs = None,
    lr: Rate = None,
    batch_size: Batch = None,
    budget: Budget = None,
    device: Device = None,
    threads: Threads = None,
    seed: Seed = None,
    out: Out = None,
    resume: Resume = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Squeeze the pictures of DATA through a short code, and compare with PCA."""
    flags = _given(locals())
    from glassnet.run.autoencode import autoencode_run
    from glassnet.run.autoencoder import AutoencodeRequest

    request = AutoencodeRequest.checked(flags)
    run = partial(autoencode_run, request, data, out=out, resume=resume)
    return _carry_out(run, _autoencoder_lines, as_json, quiet)


def gan(
    data: Data = None,
    net: Annotated[str | None, option("--net NAME", "dense or conv; else by the size of a picture.")] = None,
    noise: Annotated[int | None, option("--noise N", "Random numbers of a picture; else 32.")] = None,
    loss: Annotated[str | None, option("--loss NAME", "logistic or hinge.")] = None,
    smoothing: Smoothing = None,
    batch_norm: Annotated[
        bool | None, typer.Option("--batch-norm/--no-batch-norm", help="Batch norm in the generator.")
    ] = None,
    spectral: Annotated[bool | None, typer.Option("--spectral", help="Spectral norm in the critic.")] = None,
    dropout: Annotated[float | None, option("--dropout X", "Dropout in the critic; else 0.2.")] = None,
    penalty: Annotated[
        float | None, option("--penalty X", "Weight of the critic's squared gradient on real pictures.")
    ] = None,
    ema: Annotated[
        float | None, option("--ema X", "The generator's weights are averaged; else 0.999, 0: they are not.")
    ] = None,
    size: Size = None,
    grey: Grey = None,
    test: Test = None,
    epochs: Epochs = None,
    lr: Rate = None,
    batch_size: Batch = None,
    budget: Budget = None,
    device: Device = None,
    threads: Threads = None,
    seed: Seed = None,
    out: Out = None,
    resume: Resume = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Learn to make pictures like those of DATA, and measure whether all kinds of them are made."""
    flags = _given(locals())
    from glassnet.run.gan import gan_run
    from glassnet.run.generator import GanRequest

    request = GanRequest.checked(flags)
    run = partial(gan_run, request, data, out=out, resume=resume)
    return _carry_out(run, _generator_lines, as_json, quiet)


Photo = Annotated[str | None, typer.Argument(metavar="CONTENT", help="A photo; china and flower are there.")]


def style(
    data: Photo = None,
    style: Annotated[
        str | None, typer.Argument(metavar="STYLE", help="The photo whose style it gets.")
    ] = None,
    size: Annotated[int | None, option("--size N", "Pixels of the longest side; else 256.")] = None,
    preview: Annotated[str | None, option("--preview N,N", "Smaller sizes at which it begins.")] = None,
    steps: Annotated[int | None, option("--steps N", "Steps at each size; else 200.")] = None,
    content_layers: Annotated[str | None, option("--content-layers NAME,NAME", "Such as relu4_2.")] = None,
    style_layers: Annotated[
        str | None, option("--style-layers NAME,NAME", "Such as relu1_1,relu2_1.")
    ] = None,
    content_weight: Annotated[float | None, option("--content-weight X", "Else 1.")] = None,
    style_weight: Annotated[float | None, option("--style-weight X", "Else 10.")] = None,
    variation_weight: Annotated[
        float | None, option("--variation-weight X", "Of the change from pixel to pixel; else 1.")
    ] = None,
    start: Annotated[str | None, option("--start NAME", "content or noise.")] = None,
    weights: Annotated[
        str | None, option("--weights FILE", "VGG weights; without them random ones do, and it says so.")
    ] = None,
    lr: Rate = None,
    budget: Budget = None,
    device: Device = None,
    threads: Threads = None,
    seed: Seed = None,
    out: Out = None,
    resume: Resume = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Paint the photo CONTENT in the style of the photo STYLE."""
    flags = _given(locals())
    from glassnet.run.style import style_run
    from glassnet.run.styled import StyleRequest

    request = StyleRequest.checked(flags)
    run = partial(style_run, request, data, style, out=out, resume=resume)
    return _carry_out(run, _styled_lines, as_json, quiet)


COMMANDS: tuple[Callable[..., int], ...] = (autoencode, gan, style)


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None and name not in _APART}


def _carry_out(run: Callable[..., Any], lines: Callable[[Any], list[str]], as_json: bool, quiet: bool) -> int:
    """Do the work of a command and print what comes of it; 130 is the exit status after an interruption."""
    from glassnet.cli.progress import reporter_of
    from glassnet.cli.show import print_json

    with reporter_of(quiet) as reporter:
        found = run(reporter=reporter)
    if as_json:
        print_json(found.summary())
    else:
        for warning in found.summary()["warnings"]:
            print(f"note: {warning}", file=sys.stderr)
        print("\n".join(lines(found)))
        if found.history.stopped == "interrupted":
            print(f"interrupted; go on with --resume {found.folder}")
    return 130 if found.history.stopped == "interrupted" else 0


def _between(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.4g} [{interval[0]:.4g}, {interval[1]:.4g}]"


def _autoencoder_lines(found: Autoencoder) -> list[str]:
    r, rows = found.request, found.rows["train"]
    lines = [f"{r.net}, a code of {r.code} numbers, {len(found.history)} epochs, {rows:,} pictures"]
    if found.scores is not None:
        s = found.scores
        lines += [f"squared error per pixel on {s.rows:,} held-out pictures, with 95 % intervals"]
        lines += [f"  {'net':<5} {_between(s.error, s.interval)}"]
        lines += [f"  {name:<5} {_between(*each)}" for name, each in s.baselines.items()]
        lines += [f"  net / {name}: {_between(*each)}" for name, each in s.ratios.items()]
    return [*lines, *_places(found.folder, "pictures.png", "latent.png")]


def _generator_lines(found: Generator) -> list[str]:
    facts = found.summary()
    lines = [f"{facts['net']}, {facts['epochs']} epochs, {found.rows['train']:,} pictures"]
    if facts["losses"] is not None:
        losses = facts["losses"]
        told = f"of the critic {losses['critic']:.4g}, which is right of {100 * facts['critic_right']:.0f} %"
        lines += [f"loss of the generator {losses['generator']:.4g}, {told}"]
    if found.quality is not None:
        lines += _quality_lines(found.quality)
    return [*lines, *_places(found.folder, "pictures.png")]


def _quality_lines(quality: Quality) -> list[str]:
    lines = []
    real = quality.held_out
    beside = "" if real is None else f" (real held-out ones {real.coverage:.3f} and {real.density:.3f})"
    n = quality.neighbours
    lines += [f"among real pictures: coverage {n.coverage:.3f}, density {n.density:.3f}{beside}"]
    nearest = ", ".join(f"{name.replace('_', ' ')} {each:.4g}" for name, each in quality.nearest.items())
    lines += [f"distance to the nearest picture learned from, the median: {nearest}"]
    if quality.judged is not None:
        judge, made = quality.judged, quality.judged.made
        sure = "" if judge.accuracy is None else f", right of {100 * judge.accuracy:.1f} % real ones"
        lines += [f"a judge that learned from real pictures{sure}:"]
        lines += [f"  confidence {_between(made.quality, made.interval)} on {made.samples:,} made pictures"]
        lines += [f"  confidence {judge.real.quality:.4g} on real ones"] if judge.real else []
        lines += [f"  {made.reached} of {len(made.names)} classes made" + _missing(made.missing)]
        parts = zip(made.names, made.shares, made.due, strict=True)
        shown = [f"{name} {100 * share:.1f} ({100 * due:.1f})" for name, share, due in parts]
        lines += ["  share of each, % (and in the data): " + ", ".join(shown)]
    return lines


def _missing(names: tuple[str, ...]) -> str:
    return f"; missing: {', '.join(names)}: the generator has collapsed" if names else ""


def _styled_lines(found: Styled) -> list[str]:
    height, width = found.image.shape[:2]
    lines = [f"{width} x {height} pixels, features: {found.features}"]
    for name, value in found.losses.items():
        lines += [f"  {name:<10} {found.before[name]:.4g} -> {value:.4g}"]
    return [*lines, *_places(found.folder, "styled.png")]


def _places(folder: Path | None, *names: str) -> list[str]:
    if folder is None:
        return []
    there = [name for name in names if (folder / name).is_file()]
    return [f"run: {folder}", *(f"{name.split('.')[0]}: {folder / name}" for name in there)]
