"""What does not fit in a net, why, and the number to write instead.

    fc1 expects 400 features, however: conv2 followed by pooling gives 16 x 6 x 6 = 576 for a 32 x 32 image;
    write nn.Linear(576, 120)

After a layer that does not fit the pass goes on as if it did, so that one look finds every such layer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from glassnet.errors import message
from glassnet.lens.numerals import counted
from glassnet.lens.shape_sizes import is_pooling
from glassnet.lens.shape_view import times

if TYPE_CHECKING:
    from glassnet.lens.shape_recorder import Call, Dims, Recorder

Verdict = tuple[str, Tensor | None]
_CONVOLUTIONS = {
    "Conv1d": 1,
    "Conv2d": 2,
    "Conv3d": 3,
    "ConvTranspose1d": 1,
    "ConvTranspose2d": 2,
    "ConvTranspose3d": 3,
}
_LAYOUT = {
    1: "(samples, channels, length)",
    2: "(samples, channels, height, width)",
    3: "(samples, channels, depth, height, width)",
}
_ARGUMENTS: dict[type[nn.Module], tuple[tuple[str, ...], dict[str, Any]]] = {
    nn.Linear: (("in_features", "out_features"), {"bias": True}),
    nn.modules.conv._ConvNd: (
        ("in_channels", "out_channels", "kernel_size"),
        {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True, "padding_mode": "zeros"},
    ),
    nn.RNNBase: (
        ("input_size", "hidden_size"),
        {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False},
    ),
}
"""How each kind of layer is written: what comes first, and what is named where it is not as usual."""
_RESHAPES = frozenset(["view", "reshape", "flatten", "Flatten"])


def judge(recorder: Recorder, call: Call, values: Any) -> Verdict | None:
    """Say what is wrong with what a call is given; see :data:`glassnet.lens.shape_recorder.Judge`."""
    given = values[0] if values and isinstance(values[0], Tensor) else None
    if given is None:
        return None
    if call.module is None:
        is_view = call.name in ("view", "reshape")
        return _view(recorder, call, given) if is_view else _window_too_large(recorder, call, given)
    layer = call.module
    if isinstance(layer, nn.Linear):
        return _linear(recorder, call, layer, given)
    if isinstance(layer, nn.modules.conv._ConvNd) and not isinstance(layer, nn.modules.lazy.LazyModuleMixin):
        return _convolution(recorder, call, layer, given)
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and given.ndim > 1:
        return _features(recorder, call, given, layer.num_features, f"nn.{call.kind}({given.shape[1]})")
    if isinstance(layer, nn.LayerNorm | nn.GroupNorm):
        return _norm(recorder, call, layer, given)
    if isinstance(layer, nn.RNNBase | nn.MultiheadAttention) and _puts_samples_first(recorder, layer, given):
        must = f"{call.said} takes (sequence, samples, features), because batch_first is False"
        return message(
            must, "here the samples are first", f"write nn.{call.kind}(..., batch_first=True)"
        ), None
    if isinstance(layer, nn.RNNBase):
        write = written(layer, input_size=int(given.shape[-1]))
        return _features(recorder, call, given, layer.input_size, write, place=-1)
    if isinstance(layer, nn.Embedding) and given.is_floating_point():
        return _embedding(call, given)
    return _window_too_large(recorder, call, given)


def example_of(recorder: Recorder, dims: Dims) -> Dims:
    """Return the part of a shape that belongs to one example: without the batch, where it has one."""
    batch = recorder.inputs[0].shape[:1]
    return dims[1:] if batch and dims[:1] == tuple(batch) else dims


def written(layer: nn.Module, **changed: int) -> str:
    """Write a linear, convolution or recurrent layer as code, with other numbers than it has.

    >>> written(nn.Linear(400, 120), in_features=576)
    'nn.Linear(576, 120)'
    >>> written(nn.Conv2d(3, 6, 3, padding=1, bias=False), in_channels=1)
    'nn.Conv2d(1, 6, 3, padding=1, bias=False)'
    """
    first, usual = next(known for base, known in _ARGUMENTS.items() if isinstance(layer, base))
    parts = [str(_plain(changed.get(name, getattr(layer, name)))) for name in first]
    for name, value in usual.items():
        found = _plain(changed.get(name, getattr(layer, name)))
        found = found is not None if isinstance(found, Tensor | None) else found
        if found != value:
            parts.append(f"{name}={found!r}")
    return f"nn.{type(layer).__name__}({', '.join(parts)})"


def _linear(recorder: Recorder, call: Call, layer: nn.Linear, given: Tensor) -> Verdict | None:
    if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
        return None
    wanted, dims = layer.in_features, example_of(recorder, tuple(given.shape))
    if given.ndim and given.shape[-1] == wanted:
        return None
    must = f"{call.said} expects {wanted:,} features"
    lead: Sequence[int] = given.shape[:-1]
    joined = joined_by(recorder.calls, call, len(recorder.inputs[0])) if recorder.inputs[0].ndim else None
    if joined is not None:
        return joined, given.new_zeros((len(recorder.inputs[0]), wanted))
    if len(dims) < 2:
        do = f"write {written(layer, in_features=dims[-1] if dims else 1)}"
        found = _source(recorder, call, dims, flat=True)
    else:  # channels x height x width, not flattened
        count, lead = prod(dims), given.shape[: given.ndim - len(dims)]
        found = f"{_source(recorder, call, dims, flat=True)}, not flattened"
        do = f"put nn.Flatten() or x.flatten(1) before {call.said}"
        if count != wanted:
            do += f", and write {written(layer, in_features=count)}"
    return message(must, found, do), given.new_zeros((*lead, wanted))


def joined_by(calls: Sequence[Call], call: Call, batch: int) -> str | None:
    """Say which reshaping before a call put numbers of several examples into one row; None without one."""
    maker = call.makers[0] if call.makers else None
    while maker is not None:
        made = calls[maker]
        if made.name in ("view", "reshape") and made.inputs[0][0] == batch != made.outputs[0][0]:
            sizes = (
                made.args[1] if len(made.args) == 2 and not isinstance(made.args[1], int) else made.args[1:]
            )
            shape = ", ".join(map(str, sizes))
            rows = counted(made.outputs[0][0], "row")
            return message(
                "the net must keep the examples of a batch apart",
                f"x.{made.name}({shape}) makes {rows} of a batch of {batch} examples",
                f"write x.flatten(1) instead of x.{made.name}({shape})",
            )
        maker = made.makers[0] if made.makers else None
    return None


def _convolution(
    recorder: Recorder, call: Call, layer: nn.modules.conv._ConvNd, given: Tensor
) -> Verdict | None:
    rank = next(
        _CONVOLUTIONS[each.__name__] for each in type(layer).__mro__ if each.__name__ in _CONVOLUTIONS
    )
    wanted, dims = layer.in_channels, tuple(given.shape)
    if len(dims) == rank + 2 and dims[1] != wanted:
        return _channels(recorder, call, layer, given)
    if len(dims) == rank + 2 or (len(dims) == rank + 1 and dims[0] == wanted):
        return _window_too_large(recorder, call, given)
    must = f"{call.said} takes {_LAYOUT[rank]}"
    example = example_of(recorder, dims)
    found = _source(recorder, call, example)
    side = isqrt(example[0] // wanted) if len(example) == 1 else 0
    if len(example) == rank and call.makers[0] is None:
        must += f" with {wanted} channel{'s' * (wanted > 1)}"
        shape = times((wanted, *example))
        return message(must, f"{found}, without channels", f"pass {shape}; x.unsqueeze(1) makes it so"), None
    if rank == 2 and wanted * side * side == prod(example):
        fixed = given.new_zeros((*dims[: len(dims) - len(example)], wanted, side, side))
        return message(must, found, f"write x.view(-1, {wanted}, {side}, {side}) before it"), fixed
    return message(must, found, f"give {call.said} an input of {rank + 2} dimensions"), None


def _channels(recorder: Recorder, call: Call, layer: nn.modules.conv._ConvNd, given: Tensor) -> Verdict:
    wanted, found = layer.in_channels, int(given.shape[1])
    must = f"{call.said} expects {wanted} channel{'s' * (wanted > 1)}"
    source = _source(recorder, call, example_of(recorder, tuple(given.shape)))
    groups = layer.groups if found % layer.groups == 0 else 1
    do = f"write {written(layer, in_channels=found, groups=groups)}"
    is_input = call.makers[0] is None
    if is_input and given.shape[-1] == wanted:
        axes = (0, given.ndim - 1, *range(1, given.ndim - 1))
        do = f"channels come before height and width: write x.permute({', '.join(map(str, axes))})"
        return message(must, source, do), given.permute(axes)
    if is_input and (found, wanted) == (3, 1):
        do += ", or make the images grey: x.mean(1, keepdim=True)"
    if is_input and (found, wanted) == (1, 3):
        do += ", or repeat the grey channel: x.expand(-1, 3, -1, -1)"
    return message(must, source, do), given.new_zeros((given.shape[0], wanted, *given.shape[2:]))


def _features(
    recorder: Recorder, call: Call, given: Tensor, wanted: int, write: str, place: int = 1
) -> Verdict | None:
    if given.shape[place] == wanted or wanted == 0:
        return None
    shape = list(given.shape)
    shape[place] = wanted
    what = "features" if given.ndim < 4 else "channels"
    source = _source(recorder, call, example_of(recorder, tuple(given.shape)))
    must = f"{call.said} expects {wanted:,} {what}"
    return message(must, source, f"write {write}"), given.new_zeros(shape)


def _norm(
    recorder: Recorder, call: Call, layer: nn.LayerNorm | nn.GroupNorm, given: Tensor
) -> Verdict | None:
    if isinstance(layer, nn.GroupNorm):
        write = f"nn.GroupNorm({layer.num_groups}, {given.shape[1]})" if given.ndim > 1 else ""
        if given.ndim > 1 and given.shape[1] % layer.num_groups:
            write = f"nn.GroupNorm(1, {given.shape[1]})"
        return _features(recorder, call, given, layer.num_channels, write) if given.ndim > 1 else None
    if len(layer.normalized_shape) > 1 or not given.ndim:
        return None
    write = f"nn.LayerNorm({given.shape[-1]})"
    return _features(recorder, call, given, layer.normalized_shape[0], write, place=-1)


def _puts_samples_first(recorder: Recorder, layer: nn.Module, given: Tensor) -> bool:
    """Say whether a layer that wants the sequence first is given the samples first."""
    is_wrong = given.ndim == 3 and given.shape[0] == recorder.batch
    return is_wrong and not getattr(layer, "batch_first", True)


def _embedding(call: Call, given: Tensor) -> Verdict:
    found = f"it is given {str(given.dtype).removeprefix('torch.')}"
    must = f"{call.said} takes whole numbers, the places of words in its table"
    return message(must, found, "write x.long()"), given.long()


def _window_too_large(recorder: Recorder, call: Call, given: Tensor) -> Verdict | None:
    window = call.window
    if window is None or given.ndim <= len(window):
        return None
    sizes = tuple(given.shape[-len(window) :])
    if all(side.size(size) > 0 for side, size in zip(window, sizes, strict=True)):
        return None
    at = next(n for n, side in enumerate(window) if side.size(sizes[n]) <= 0)
    least = times(tuple(side.least() for side in window))
    source = _source(recorder, call, example_of(recorder, tuple(given.shape)))
    found = f"{source}, so that its output would be {window[at].formula(sizes[at])}"
    do = "use a larger image, one pooling less, or a padding"
    return message(f"{call.said} needs at least {least}", found, do), None


def _view(recorder: Recorder, call: Call, given: Tensor) -> Verdict | None:
    """Judge x.view(-1, 400) where one example has not 400 numbers; go on with what it has."""
    shape = call.args[1] if len(call.args) == 2 and not isinstance(call.args[1], int) else call.args[1:]
    dims = example_of(recorder, tuple(given.shape))
    if len(shape) != 2 or not all(isinstance(each, int) for each in shape) or len(dims) == given.ndim:
        return None
    count = prod(dims)
    must = f"x.{call.name}({', '.join(map(str, shape))}) needs {shape[1]:,} numbers of each example"
    do = f"write x.{call.name}(-1, {count}), or x.flatten(1), which needs no number"
    fixed = given.new_zeros((given.shape[0], count))
    return message(must, _source(recorder, call, dims, flat=True), do), fixed


def _source(recorder: Recorder, call: Call, dims: Dims, *, flat: bool = False) -> str:
    """Say which layers gave a shape: "conv2 followed by pooling gives 16 x 6 x 6 = 576 for a 32 x 32 image".

    ``flat``: how many numbers there are in all is what matters.
    """
    count, maker, pooled, shape = prod(dims), call.makers[0] if call.makers else None, False, dims
    while maker is not None:
        made = recorder.calls[maker]
        before = example_of(recorder, made.inputs[0]) if made.inputs else ()
        pooled = pooled or is_pooling(made.kind if made.module is not None else made.name)
        if {made.name, made.kind} & _RESHAPES:
            shape = before if flat and prod(before) == count and len(before) > len(shape) else shape
        elif _has_weights(made) and made.inputs != made.outputs:
            break
        maker = made.makers[0] if made.makers else None
    amount = f"{times(shape)} = {count:,}" if flat and len(shape) > 1 else times(shape)
    if maker is None:
        return f"the input {'has' if flat else 'is'} {amount}"
    followed = " followed by pooling" if pooled else ""
    of_image = _of_image(recorder) if len(shape) > 1 else ""
    return f"{recorder.calls[maker].said}{followed} gives {amount}{of_image}"


def _has_weights(call: Call) -> bool:
    return bool(call.parameters) or (call.module is not None and any(True for _ in call.module.parameters()))


def _of_image(recorder: Recorder) -> str:
    """Return "for a 32 x 32 image" where the net's input is images."""
    shape = recorder.inputs[0].shape
    if len(shape) != 4:
        return ""
    article = "an" if re.match("8|11 |18 ", times(tuple(shape[-2:]))) else "a"
    return f" for {article} {times(tuple(shape[-2:]))} image"


def _plain(value: Any) -> Any:
    """Return (3, 3) as 3."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        return value[0]
    return value
