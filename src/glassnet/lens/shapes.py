"""Shapes: what goes into each layer of a net and what comes out, before anything is trained.

    print(gn.shapes(net, (1, 32, 32)))

Shapes of the batch are written with N, the number of examples: a net that mixes the rows of a batch
(``x.view(-1, 288)`` where an example has 576 numbers) shows ``2N`` there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.arrays import dtype_of
from glassnet.errors import RecipeError, message
from glassnet.lens.numerals import counted
from glassnet.lens.shape_problems import joined_by, judge
from glassnet.lens.shape_recorder import Call, Pass, run
from glassnet.lens.shape_sizes import arithmetic
from glassnet.lens.shape_targets import target_problem
from glassnet.lens.shape_view import LayerShape, Shape, Shapes, times

if TYPE_CHECKING:
    from glassnet.lens.shape_recorder import Dims

_FEW, _MORE = 23, 29
"""A batch of N is tried with so many examples: what grows in step with them is a multiple of N. Few nets
have layers of such sizes."""
_RANKS = {"1d": 3, "2d": 4, "3d": 5}


def shapes(
    net: nn.Module,
    input_shape: Any,
    *,
    target: Any = None,
    loss: str | Callable[..., Any] | None = None,
) -> Shapes:
    """Say what goes into each layer and what comes out, with its size arithmetic, and what does not fit.

    The net is not run on data and is left as it is: a copy without numbers takes its place.

    Args:
        net: any torch module, with layers, with functions in its forward, or both.
        input_shape: the shape of one example, such as (1, 32, 32) for grey images; a batch of N of them goes
            in. With one dimension more than the first layer asks of an example, it is a batch as it stands.
            A tensor or array is taken exactly as it is. For several inputs a list of these.
        target: the shape of one example's target (() for one number), a tensor or array; with ``loss`` it
            is said where torch would broadcast.
        loss: a name as in :func:`glassnet.fit`, or a loss of torch: ``nn.MSELoss()``, ``F.mse_loss``.

    Raises:
        RecipeError: the shape is none, or the net cannot be copied. What does not fit is no error: it stands
            in the View's ``problems``.
    """
    if (target is None) != (loss is None):
        raise RecipeError(
            message("target and loss must be given together", "one of them is None", "give both or none")
        )
    _check_net(net)
    given = [_Given.of(each) for each in _several(input_shape)]
    readings = _readings(net, given)
    found = next((each for each in readings if not each.problems), readings[0])
    problems = list(found.problems)
    if problems and all(each.is_exact for each in given):
        problems = _without_batch(net, given) or problems
    if target is not None and loss is not None and found.passed.outputs:
        wrong = target_problem(found.outputs[0], *_target(found, target), loss)
        problems += [wrong] if wrong else []
    return _view(net, found, problems)


def _check_net(net: object) -> None:
    if not isinstance(net, nn.Module):
        do = "pass the net that is inside a Model: model.net"
        raise RecipeError(message("net must be a torch module", f"a {type(net).__name__}", do))
    if any(isinstance(each, torch.jit.ScriptModule) for each in net.modules()):
        must = "the net must be a module whose calls can be seen"
        raise RecipeError(message(must, "it is compiled by torch.jit", "pass the module it was made from"))


@dataclass(frozen=True)
class _Given:
    """What the user gave as one input: its shape, and its dtype and exactness where it is an array."""

    shape: Dims
    dtype: torch.dtype | None
    is_exact: bool

    @classmethod
    def of(cls, value: Any) -> _Given:
        if isinstance(value, Tensor):
            return cls(tuple(value.shape), value.dtype, True)
        if isinstance(value, np.ndarray):
            return cls(value.shape, torch.from_numpy(np.empty(0, value.dtype)).dtype, True)
        sizes = (value,) if isinstance(value, int) else tuple(value)
        if not all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in sizes):
            raise RecipeError(
                message(
                    "a shape must be whole numbers from 1",
                    f"{value!r}",
                    "write (1, 32, 32), or pass a tensor",
                )
            )
        return cls(sizes, None, False)

    def tensor(self, net: nn.Module, batch: int | None) -> Tensor:
        """Return a tensor of this shape, with a batch in front."""
        first = next((each for each in net.modules() if not any(True for _ in each.children())), net)
        words = isinstance(first, nn.Embedding | nn.EmbeddingBag)
        dtype = self.dtype or (torch.int64 if words else dtype_of(net))
        lead = () if batch is None else (batch,)
        return torch.empty((*lead, *self.shape), dtype=dtype, device="meta")


@dataclass(frozen=True)
class _Reading:
    """One way to understand the input's shape, and the pass that it leads to."""

    text: str
    passed: Pass
    more: Pass | None

    @property
    def problems(self) -> list[str]:
        """Return what does not fit, in the batch that has more of it."""
        return max((each.problems for each in (self.passed, self.more) if each), key=len)

    @property
    def outputs(self) -> tuple[Shape, ...]:
        """Return the shapes that come out, with N for the batch."""
        return _symbols(self.passed.outputs, self.more.outputs if self.more else None)


def _several(input_shape: Any) -> list[Any]:
    """Return the inputs of a net one by one: a list of shapes or tensors is several."""
    is_list = isinstance(input_shape, list | tuple)
    if is_list and input_shape and not any(isinstance(each, int | float | str) for each in input_shape):
        return list(input_shape)
    if not is_list and not isinstance(input_shape, Tensor | np.ndarray | int):
        raise RecipeError(
            message("input_shape must be a shape or a tensor", f"{input_shape!r}", "write, say, (1, 32, 32)")
        )
    return [input_shape]


def _readings(net: nn.Module, given: Sequence[_Given]) -> list[_Reading]:
    """Try the ways in which a shape can be meant, the likeliest first, until one fits."""
    if any(each.is_exact for each in given):
        passed = run(net, [each.tensor(net, None) for each in given], judge)
        return [_Reading("the input exactly as it is", passed, None)]
    ranks = [_rank(each) for each in net.modules()]
    wanted = next(filter(None, ranks), None)
    dimensions = len(given[0].shape)
    ways = [_with_batch, _one_example] if dimensions == wanted else [_one_example, _with_batch]
    if dimensions < (wanted or 2):
        ways = [_one_example]
    found: list[_Reading] = []
    for way in ways:
        found.append(way(net, given))
        if not found[-1].problems:
            break
    return found


def _rank(module: nn.Module) -> int | None:
    """Return how many dimensions a batch has that a layer takes, where its kind says so."""
    if isinstance(module, nn.Linear | nn.Embedding):
        return 2
    if isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        return 3
    is_sized = isinstance(module, nn.modules.conv._ConvNd | nn.modules.pooling._MaxPoolNd)
    return _RANKS.get(type(module).__name__[-2:]) if is_sized else None


def _with_batch(net: nn.Module, given: Sequence[_Given]) -> _Reading:
    size = given[0].shape[0] if given[0].shape else 1
    passed = run(net, [each.tensor(net, None) for each in given], judge, size)
    return _Reading(f"read as a batch of {counted(size, 'example')}", passed, None)


def _one_example(net: nn.Module, given: Sequence[_Given]) -> _Reading:
    """Run a smaller and a larger batch, to see what grows with it."""
    few, more = (run(net, [each.tensor(net, size) for each in given], judge, size) for size in (_FEW, _MORE))
    text = "read as the shape of one example, N of them are a batch"
    outputs = _symbols(few.outputs[:1], more.outputs[:1])
    if outputs and "N" not in outputs[0] and few.calls and not few.problems:
        mixed = joined_by(few.calls, few.calls[-1], _FEW)
        few.problems += [mixed] if mixed else []
    return _Reading(text, few, more)


def _without_batch(net: nn.Module, given: Sequence[_Given]) -> list[str]:
    """Say that a batch is missing, if with a batch of one everything fits."""
    if run(net, [each.tensor(net, 1) for each in given], judge).problems:
        return []
    shape = given[0].shape
    return [
        message(
            f"{_class_name(net)} takes a batch of examples, {times(('N', *shape))}",
            f"the input is {times(shape)}, a single {'image' if len(shape) == 3 else 'example'}",
            f"write x.unsqueeze(0), which gives {times((1, *shape))}",
        )
    ]


def _target(found: _Reading, target: Any) -> tuple[Shape, torch.dtype | None]:
    """Return the target's shape with its batch, read in the way in which the input was read."""
    given = _Given.of(target)
    if given.is_exact or found.more is None:
        return given.shape, given.dtype
    return ("N", *given.shape), given.dtype


def _view(net: nn.Module, found: _Reading, problems: Sequence[str]) -> Shapes:
    batch = found.passed.inputs[0][0] if found.passed.inputs[0] else 1
    seen: set[int] = set()
    layers = []
    twins = found.more.calls if found.more else []
    for number, call in enumerate(found.passed.calls, start=1):
        twin = twins[number - 1] if number <= len(twins) and twins[number - 1].name == call.name else None
        layers.append(_layer(number, call, twin, batch, seen))
        seen |= call.parameters.keys()
    more = found.more.inputs if found.more else None
    return Shapes(
        net=_class_name(net),
        reading=found.text,
        inputs=_symbols(found.passed.inputs, more),
        outputs=found.outputs,
        layers=tuple(layers),
        parameters=found.passed.parameters,
        trained=found.passed.trained,
        parameter_memory=found.passed.parameter_bytes,
        multiply_adds=sum(each.multiply_adds for each in layers),
        memory=sum(each.memory for each in layers),
        unused=found.passed.unused,
        problems=tuple(dict.fromkeys(problems)),
    )


def _layer(number: int, call: Call, twin: Call | None, batch: int, seen: set[int]) -> LayerShape:
    rank = len(call.window) if call.window else 0
    is_sized = call.window is not None and bool(call.inputs) and len(call.inputs[0]) > rank
    own = {key: count for key, count in call.parameters.items() if key not in seen}
    return LayerShape(
        number=number,
        name=call.name,
        kind=call.kind,
        inputs=_symbols(call.inputs, twin.inputs if twin else None),
        outputs=_symbols(call.outputs, twin.outputs if twin else None),
        parameters=sum(own.values()),
        repeated=bool(call.parameters) and not own,
        multiply_adds=round(call.flops / 2 / batch) if call.outputs else 0,
        memory=round(call.new_bytes / batch),
        arithmetic=arithmetic(call.window, call.inputs[0][-rank:]) if call.window and is_sized else (),
        problem=call.failed or (twin.failed if twin else None),
    )


def _symbols(few: Sequence[Dims], more: Sequence[Dims] | None) -> tuple[Shape, ...]:
    """Return shapes with N for what grows with the batch; without a second pass the numbers as they are."""
    if more is None or [len(each) for each in few] != [len(each) for each in more]:
        return tuple(few)
    return tuple(tuple(map(_symbol, first, second)) for first, second in zip(few, more, strict=True))


def _symbol(few: int, more: int) -> int | str:
    """Return one side: a number, or how it grows with the batch.

    >>> _symbol(30, 30), _symbol(23, 29), _symbol(46, 58), _symbol(24, 30)
    (30, 'N', '2N', 'N + 1')
    """
    slope, rest = divmod(more - few, _MORE - _FEW)
    if not slope and not rest:
        return few
    shift = few - slope * _FEW
    if rest:
        return "?"
    return f"{'' if slope == 1 else slope}N" + (f" {'-' if shift < 0 else '+'} {abs(shift)}" if shift else "")


def _class_name(net: nn.Module) -> str:
    return type(net).__name__
