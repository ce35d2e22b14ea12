"""The small notations that a user types: splits, nets, times. Text in, frozen records out.

>>> parse_net("64:relu,32:tanh:0.2").hidden[1]
HiddenLayer(units=32, activation='tanh', dropout=0.2)
>>> parse_split("last:21d").seconds
1814400.0
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from glassnet.errors import did_you_mean, message

Activation = Literal["identity", "sigmoid", "tanh", "relu", "leaky_relu", "silu", "gelu", "elu", "softplus"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
Cell = Literal["lstm", "gru"]
CELLS: tuple[Cell, ...] = get_args(Cell)
PUBLISHED = (
    *("resnet18", "resnet34", "resnet50", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn"),
    *("vgg16", "vgg16_bn", "vgg19", "vgg19_bn"),
)
"""Nets for photos of which trained weights are published."""
NETS = {
    "table": ("tabular", "linear"),
    "text": ("bag", *CELLS),
    "characters": CELLS,
    "series": CELLS,
    "image": ("photo", "lenet", *PUBLISHED),
}
"""The names of nets for each kind of data; the first is the default."""
NET_NAMES = tuple(dict.fromkeys(name for names in NETS.values() for name in names))
AUGMENTS = ("flip", "shift", "scale", "rotate", "colour", "cutout", "cutmix", "mixup")
"""How photos may be varied while a net learns them: see :class:`glassnet.data.augment.Augmentation`."""
SPLIT_KINDS = ("last", "random", "group", "file", "windows", "cv", "repeat", "none")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
MAX_UNITS = 1 << 20
MAX_HIDDEN = 100
MAX_MEMBERS = 256
MAX_PHOTO_MEMBERS = 64
MAX_RECURRENT_LAYERS = 16
MAX_RECURRENT_UNITS = 1 << 14


@dataclass(frozen=True)
class HiddenLayer:
    """One hidden layer: its width, its activation, and the share of units that dropout switches off."""

    units: int
    activation: Activation
    dropout: float = 0.0


@dataclass(frozen=True)
class NetSpec:
    """A net as the user wrote it: a name, or hidden layers from input to output (none: a linear model).

    ``members`` networks share the hidden layers; with ``waves`` they see each number as waves too.
    """

    name: str | None
    hidden: tuple[HiddenLayer, ...] = ()
    members: int = 1
    waves: bool = False


@dataclass(frozen=True)
class RecurrentSpec:
    """A recurrent net as the user wrote it; what is None was left to the run."""

    cell: Cell
    layers: int | None = None
    units: int | None = None
    dropout: float | None = None


@dataclass(frozen=True)
class PhotoNetSpec:
    """A net for photos as the user wrote it; what is None was left to the run.

    ``widths`` are the feature maps of each stage, ``depth`` the convolutions of one, ``members`` how many of
    them answer together.
    """

    name: str
    widths: tuple[int, ...] | None = None
    depth: int | None = None
    members: int | None = None


@dataclass(frozen=True)
class SplitSpec:
    """How rows are set aside. Of ``rows``, ``fraction`` and ``seconds`` exactly one is given for ``last``;
    ``count`` is the number of folds, windows or repeated splits."""

    kind: Literal["last", "random", "group", "file", "windows", "cv", "repeat", "none"]
    rows: int | None = None
    fraction: float | None = None
    seconds: float | None = None
    column: str | None = None
    path: str | None = None
    count: int = 1

    @property
    def has_folds(self) -> bool:
        """Whether it cuts the rows several times, for a net each."""
        return self.kind in ("windows", "cv", "repeat")


def parse_net(text: str) -> NetSpec:
    """Read a net: a name, or ``units[:activation[:dropout]]`` for each hidden layer, comma-separated.

    A layer without an activation takes that of the next layer that names one, else ReLU:
    ``64,64:tanh`` has two tanh layers. ``16x`` before the layers makes 16 networks that share them,
    ``+waves`` after them lets the networks see each number as waves too: ``16x128,128:relu:0.1+waves``.

    Raises:
        ValueError: the text is no such notation; every wrong part is named.
    """
    text = text.strip()
    if text in NET_NAMES:
        return NetSpec(name=text)
    if text.partition(":")[0] in CELLS:
        return NetSpec(name=parse_recurrent(text).cell)
    if net_name(text) in NETS["image"]:
        return NetSpec(name=parse_photo_net(text).name)
    layers, waves = text.removesuffix("+waves").strip(), text.endswith("+waves")
    times, layers = _times(layers)
    members = 1 if times is None else times
    parts = [part.strip() for part in layers.split(",")]
    problems = [problem for part in parts for problem in _layer_problems(part)]
    if not text[:1].isdigit():
        problems = [_net_problem(text, f"net={text!r}", did_you_mean(text, NET_NAMES))]
    if len(parts) > MAX_HIDDEN:
        problems = [_net_problem(text, f"{len(parts)} hidden layers", f"write at most {MAX_HIDDEN}")]
    if not 1 <= members <= MAX_MEMBERS:
        problems.append(_net_problem(text, f"{members} networks", f"write from 1x to {MAX_MEMBERS}x"))
    if problems:
        raise ValueError("; ".join(problems))
    hidden: list[HiddenLayer] = []
    activation: str = "relu"
    for part in reversed(parts):
        fields = part.split(":")
        activation = fields[1] if len(fields) > 1 else activation
        dropout = float(fields[2]) if len(fields) > 2 else 0.0
        hidden.insert(0, HiddenLayer(int(fields[0]), _activation(activation), dropout))
    return NetSpec(name=None, hidden=tuple(hidden), members=members, waves=waves)


def _activation(name: str) -> Activation:
    return next(each for each in ACTIVATIONS if each == name)


def _net_problem(part: str, found: str, hint: str) -> str:
    return message("a net must be a name or hidden layers such as 64:relu,32:tanh:0.2", found, hint)


def _layer_problems(part: str) -> list[str]:
    fields = part.split(":")
    problems = []
    if not fields[0].isdecimal() or not 1 <= int(fields[0][:9]) <= MAX_UNITS:
        problems.append(_net_problem(part, f"units={fields[0]!r}", f"write a number from 1 to {MAX_UNITS}"))
    if len(fields) > 1 and fields[1] not in ACTIVATIONS:
        problems.append(_net_problem(part, f"activation={fields[1]!r}", did_you_mean(fields[1], ACTIVATIONS)))
    if len(fields) > 2 and not _is_share(fields[2]):
        problems.append(_net_problem(part, f"dropout={fields[2]!r}", "write a number from 0 to below 1"))
    if len(fields) > 3:
        problems.append(_net_problem(part, repr(part), "write units:activation:dropout"))
    return problems


def _is_share(text: str) -> bool:
    return re.fullmatch(r"0?\.\d+|0", text) is not None


def parse_recurrent(text: str) -> RecurrentSpec:
    """Read a recurrent net: ``lstm`` or ``gru``, then where asked its layers and units, then its dropout.

    >>> parse_recurrent("lstm:2x256:0.3")
    RecurrentSpec(cell='lstm', layers=2, units=256, dropout=0.3)
    >>> parse_recurrent("gru:128")
    RecurrentSpec(cell='gru', layers=1, units=128, dropout=None)

    Raises:
        ValueError: the text is no such notation.
    """
    form = r"(lstm|gru)(?::(?:(\d{1,3})x)?(\d{1,6})(?::(0?\.\d+|0))?)?"
    found = re.fullmatch(form, text.strip())
    layers = int(found[2] or 1) if found and found[3] else None
    units = int(found[3]) if found and found[3] else None
    if (
        not found
        or not 1 <= (layers or 1) <= MAX_RECURRENT_LAYERS
        or not 1 <= (units or 1) <= MAX_RECURRENT_UNITS
    ):
        limits = f"write from 1 to {MAX_RECURRENT_LAYERS} layers of 1 to {MAX_RECURRENT_UNITS} units"
        must = "a recurrent net must be written as lstm, gru:256, lstm:2x256 or lstm:2x256:0.3"
        raise ValueError(message(must, f"net={text!r}", f"{limits}, and a dropout from 0 to below 1"))
    cell = next(each for each in CELLS if each == found[1])
    return RecurrentSpec(cell, layers, units, None if found[4] is None else float(found[4]))


def write_recurrent(spec: RecurrentSpec) -> str:
    """Write a recurrent net of which everything is decided as :func:`parse_recurrent` reads it.

    >>> write_recurrent(RecurrentSpec("lstm", 2, 256, 0.3))
    'lstm:2x256:0.3'
    """
    return f"{spec.cell}:{spec.layers}x{spec.units}:{spec.dropout or 0:g}"


def parse_augment(text: str) -> dict[str, float | None]:
    """Read how photos are varied: names, each with its strength, or None where that is left to the run.

    >>> parse_augment("flip,rotate:15"), parse_augment("none")
    ({'flip': None, 'rotate': 15.0}, {})

    Raises:
        ValueError: the text is no such list.
    """
    found: dict[str, float | None] = {}
    for part in text.split(",") if text.strip() != "none" else ():
        name, _, value = part.strip().partition(":")
        if name not in AUGMENTS or not re.fullmatch(r"(\d{1,4}(\.\d{1,6})?)?", value):
            must = "augment must be none, or a list such as flip,shift:4,rotate:15"
            raise ValueError(message(must, repr(part.strip()), did_you_mean(name, AUGMENTS)))
        found[name] = float(value) if value else None
    return found


def net_name(text: str) -> str:
    """Return what may be the name of a net: what stands before a colon, without ``2x``.

    >>> net_name("2xphoto:32-128")
    'photo'
    """
    return _times(text.strip())[1].partition(":")[0]


def _times(text: str) -> tuple[int | None, str]:
    """Return how many nets are asked for, as in ``2x``, and what each of them is."""
    found = re.match(r"(\d{1,4})x", text)
    return (int(found[1]), text[found.end() :]) if found else (None, text)


def parse_photo_net(text: str) -> PhotoNetSpec:
    """Read a net for photos: a name, and after ``photo`` the feature maps of its stages and their depth.

    ``2x`` before ``photo`` makes two networks whose probabilities are averaged.

    >>> parse_photo_net("2xphoto:32-128-128:3")
    PhotoNetSpec(name='photo', widths=(32, 128, 128), depth=3, members=2)

    Raises:
        ValueError: the text is no such notation.
    """
    if text.strip() in PUBLISHED:
        return PhotoNetSpec(text.strip())
    members, one = _times(text.strip())
    allowed = members is None or 1 <= members <= MAX_PHOTO_MEMBERS
    found = re.fullmatch(r"(photo|lenet)(?::(\d{1,4}(?:-\d{1,4}){0,7})(?::(\d))?)?", one)
    if found is None or (found[1] == "lenet" and (found[2] or members)) or not allowed:
        must = "a net for photos must be written as photo, photo:64-128-256:3, 2xphoto:64-128-256:3 or lenet"
        do = f"write 1x to {MAX_PHOTO_MEMBERS}x for several, the feature maps of each stage, then its depth"
        raise ValueError(message(must, f"net={text!r}", do))
    widths = tuple(int(each) for each in found[2].split("-")) if found[2] else None
    return PhotoNetSpec(found[1], widths, int(found[3]) if found[3] else None, members)


def write_photo_net(spec: PhotoNetSpec) -> str:
    """Write a net for photos as :func:`parse_photo_net` reads it."""
    if spec.widths is None:
        return spec.name
    times = f"{spec.members}x" if (spec.members or 1) > 1 else ""
    return f"{times}{spec.name}:{'-'.join(map(str, spec.widths))}:{spec.depth or 2}"


def parse_split(text: str) -> SplitSpec:
    """Read a split: ``last:504``, ``last:21d``, ``last:0.2``, ``random:0.2``, ``group:COL``,
    ``file:PATH``, ``windows:6x21d``, ``cv:5``, ``repeat:10x0.2`` or ``none``.

    Raises:
        ValueError: the text is no such notation.
    """
    kind, _, value = text.strip().partition(":")
    if kind not in SPLIT_KINDS:
        raise ValueError(_split_problem(text, did_you_mean(kind, SPLIT_KINDS)))
    if kind == "none" and not value:
        return SplitSpec("none")
    if kind == "last":
        return _parse_last(text, value)
    if kind == "random" and _is_share(value) and float(value) > 0:
        return SplitSpec("random", fraction=float(value))
    if kind == "group" and value:
        return SplitSpec("group", fraction=0.2, column=value)
    if kind == "file" and value:
        return SplitSpec("file", path=value)
    if kind == "cv" and value.isdecimal() and 2 <= int(value[:4]) <= 1000:
        return SplitSpec("cv", count=int(value))
    times = re.fullmatch(r"(\d{1,3})x(\S+)", value)
    if kind == "windows" and times and int(times[1]) >= 2:
        last = _parse_last(text, times[2])
        return SplitSpec("windows", last.rows, last.fraction, last.seconds, count=int(times[1]))
    if kind == "repeat" and times and int(times[1]) >= 2 and _is_share(times[2]) and float(times[2]) > 0:
        return SplitSpec("repeat", fraction=float(times[2]), count=int(times[1]))
    raise ValueError(_split_problem(text, f"see what follows {kind}: in glassnet train --help"))


def write_split(spec: SplitSpec) -> str:
    """Write a split as :func:`parse_split` reads it.

    >>> write_split(parse_split("windows:6x3w")), write_split(parse_split("last:504"))
    ('windows:6x21d', 'last:504')
    """
    if spec.kind == "none":
        return "none"
    if spec.kind == "cv":
        return f"cv:{spec.count}"
    if spec.column or spec.path:
        return f"{spec.kind}:{spec.column or spec.path}"
    size = f"{spec.rows}" if spec.rows is not None else f"{spec.fraction}"
    if spec.seconds is not None:
        unit = next(each for each in "dhm" if spec.seconds % _SECONDS[each] == 0 or each == "m")
        size = f"{spec.seconds / _SECONDS[unit]:g}{unit}"
    return f"{spec.kind}:{spec.count}x{size}" if spec.has_folds else f"{spec.kind}:{size}"


def _split_problem(text: str, hint: str) -> str:
    kinds = "last:504, last:21d, random:0.2, group:COL, file:PATH, windows:6x21d, cv:5, repeat:10x0.2 or none"
    return message(f"a split must be written as {kinds}", repr(text), hint)


def _parse_last(text: str, value: str) -> SplitSpec:
    if value.isdecimal() and int(value[:12]) > 0:
        return SplitSpec("last", rows=int(value[:12]))
    if _is_share(value) and float(value) > 0:
        return SplitSpec("last", fraction=float(value))
    span = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([mhdw])", value)
    if span and float(span[1]) > 0:
        return SplitSpec("last", seconds=float(span[1]) * _SECONDS[span[2]])
    raise ValueError(_split_problem(text, "write a number of rows, a share below 1, or a time such as 21d"))


def parse_duration(text: str) -> float:
    """Read a time as seconds: ``90``, ``90s``, ``5m``, ``1.5h``.

    Raises:
        ValueError: the text is no such time.
    """
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([smhd]?)\s*", text)
    if not found or float(found[1]) == 0:
        raise ValueError(
            message("a time must be a number with s, m or h", repr(text), "write, say, 60s or 5m")
        )
    return float(found[1]) * _SECONDS[found[2] or "s"]
