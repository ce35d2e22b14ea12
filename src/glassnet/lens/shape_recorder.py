"""One forward pass, call by call: what each layer and each function was given and what it gave.

The pass runs on a copy of the net whose weights are tensors without numbers (torch's "meta" device), so that
it costs neither arithmetic nor memory, and the net itself is never touched. A net whose forward looks at
numbers (``if x.sum() > 0``) runs again with zeros.

Layers of torch.nn are one call each. What else a forward calls (``F.relu``, ``x.view``, ``torch.cat``) is a
call of its own, in the order in which it happens.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from glassnet.errors import RecipeError, message
from glassnet.lens.shape_sizes import Window, window_of, window_of_call
from glassnet.randomness import torch_seeded

Dims = tuple[int, ...]
_TRANSPARENT = ("torch.nn.modules.container", "torch.nn.modules.transformer")
"""Modules of torch that only call others."""
SILENT = frozenset(
    ["detach", "contiguous", "to", "float", "double", "cpu", "clone", "requires_grad_", "type", "data"]
)
"""Calls that change no shape and belong to no layer."""


@dataclass(eq=False)
class Call:
    """One call of a layer or a function.

    Attributes:
        name: the layer's path in the net, or the function's name.
        kind: the layer's class; "function" for functions.
        module: the layer, in the copy; None for functions.
        inputs, outputs: shapes of the tensors that went in and came out.
        makers: for each input the number of the call that made it; None for the net's own inputs.
        window: of convolutions and pooling.
        parameters: ids of the layer's parameters, and how many numbers each has.
        flops: floating point operations of matrix products and convolutions.
        new_bytes: what its outputs add to the memory; 0 where they are looks at their inputs.
        failed: the first line of torch's own message, where the call did not go through.
    """

    name: str
    kind: str
    module: nn.Module | None
    inputs: tuple[Dims, ...]
    makers: tuple[int | None, ...]
    args: tuple[Any, ...] = ()
    window: Window | None = None
    parameters: dict[int, int] = field(default_factory=dict)
    outputs: tuple[Dims, ...] = ()
    flops: int = 0
    new_bytes: int = 0
    failed: str | None = None

    @property
    def said(self) -> str:
        """Return what the layer is called in a sentence; one that is only a number gets its kind too."""
        is_number = self.name.rpartition(".")[2].isdigit()
        return f"layer {self.name} ({self.kind})" if is_number else self.name


@dataclass
class Pass:
    """A forward pass.

    Attributes:
        calls, problems: in their order.
        inputs, outputs: shapes; no outputs where the pass did not come to its end.
        unused: layers, or parameters of the net's own, that no call used.
        parameters, trained, parameter_bytes: of the net, each parameter counted once.
    """

    calls: list[Call]
    problems: list[str]
    inputs: tuple[Dims, ...]
    outputs: tuple[Dims, ...]
    unused: tuple[str, ...]
    parameters: int
    trained: int
    parameter_bytes: int


Judge = Callable[["Recorder", Call, Any], tuple[str, Tensor | None] | None]
"""judge(recorder, call, values) -> None where the call fits; else the problem, and a tensor to go on with:
the layer's input, or instead of a failed function its output."""


def run(net: nn.Module, inputs: Sequence[Tensor], judge: Judge, batch: int | None = None) -> Pass:
    """Send tensors of these shapes and dtypes through a copy of the net, in evaluation mode.

    Args:
        net: is not touched.
        inputs: their numbers do not matter.
        judge: says what does not fit.
        batch: how many examples the inputs hold; None where this is not known.

    Raises:
        RecipeError: the net cannot be copied.
    """
    first = _run_on("meta", net, inputs, judge, batch)
    return first if first.outputs else _run_on("cpu", net, inputs, judge, batch)


def tensors_in(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments or in a result, also in lists, tuples and mappings."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        for each in values.values():
            yield from tensors_in(each)
    elif isinstance(values, tuple | list) and not isinstance(values, torch.Size):
        for each in values:
            yield from tensors_in(each)


def _run_on(device: str, net: nn.Module, inputs: Sequence[Tensor], judge: Judge, batch: int | None) -> Pass:
    twin = _copy(net, device)
    given = [torch.zeros(each.shape, dtype=each.dtype, device=device) for each in inputs]
    with (
        warnings.catch_warnings(action="ignore"),
        torch.no_grad(),
        torch_seeded(0, "shapes"),
        FlopCounterMode(display=False) as counter,
    ):
        recorder = Recorder(twin, given, judge, counter, batch)
        with torch.device(device), recorder:
            try:
                result = twin(*given)
            except Exception as error:  # whatever a forward of the user's own raises
                recorder.stop(error)
                result = None
    ends = [tuple(tuple(each.shape) for each in tensors_in(end)) for end in (given, result)]
    unused = _unused(twin, recorder.calls) if result is not None else ()
    known = [each for each in twin.parameters() if not nn.parameter.is_lazy(each)]
    return Pass(
        calls=recorder.calls,
        problems=recorder.problems,
        inputs=ends[0],
        outputs=ends[1],
        unused=unused,
        parameters=sum(each.numel() for each in known),
        trained=sum(each.numel() for each in known if each.requires_grad),
        parameter_bytes=sum(each.numel() * each.element_size() for each in known),
    )


def _unused(net: nn.Module, calls: Sequence[Call]) -> tuple[str, ...]:
    used = {key for call in calls for key in call.parameters}
    names = [name for name, each in net.named_parameters() if id(each) not in used]
    return tuple(dict.fromkeys(name.rpartition(".")[0] or name for name in names))


def _copy(net: nn.Module, device: str) -> nn.Module:
    """Copy the net, in evaluation mode; on "meta" its weights and buffers become shapes without numbers."""
    tensors = {
        id(each): each for each in (*net.parameters(), *net.buffers()) if not nn.parameter.is_lazy(each)
    }
    memo: dict[int, Any] = {key: _on(device, each) for key, each in tensors.items()}
    try:
        twin = copy.deepcopy(net, memo)
    except Exception as error:
        found = f"copy.deepcopy fails with {type(error).__name__}: {error}"
        raise RecipeError(
            message("the net must be one that can be copied", found, "take out of it what cannot")
        ) from error
    for module in twin.modules():
        hooks = module._forward_pre_hooks
        for key in [key for key, hook in hooks.items() if not _is_of_torch(hook)]:
            del hooks[key]
        module._forward_hooks.clear()
    return twin.eval()


def _on(device: str, tensor: Tensor) -> Tensor:
    moved = tensor.detach().to(device)
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(moved, requires_grad=tensor.requires_grad)
    return moved if device == "meta" else moved.clone()


def _is_of_torch(hook: object) -> bool:
    """Say whether a hook is part of a layer (weight_norm, spectral_norm), not something that looks on."""
    return (getattr(hook, "__module__", None) or type(hook).__module__).startswith("torch.")


class Recorder(TorchFunctionMode):
    """Writes down every call of a forward pass while it is active."""

    def __init__(
        self,
        net: nn.Module,
        inputs: Sequence[Tensor],
        judge: Judge,
        counter: FlopCounterMode,
        batch: int | None,
    ) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self.inputs, self.batch = inputs, batch
        self._judge, self._counter = judge, counter
        self._made: dict[int, tuple[int, Tensor]] = {}  # holds the tensors, so that no id is used twice
        self._open: Call | None = None
        self._is_busy = False
        self._names = {id(module): name for name, module in net.named_modules()}
        for module in net.modules():
            if is_one_call(module):
                module.register_forward_pre_hook(self._enter, with_kwargs=True, prepend=True)
                module.register_forward_hook(self._leave)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one function of torch and write it down, if it is the forward's own and gives tensors."""
        kwargs = kwargs or {}
        if self._is_busy or self._open is not None:
            return func(*args, **kwargs)
        given = [each for each in tensors_in((args, kwargs)) if not isinstance(each, nn.Parameter)]
        name = name_of(func)
        call = self._begin(name, "function", None, given, args)
        call.parameters = {
            id(each): each.numel() for each in tensors_in((args, kwargs)) if isinstance(each, nn.Parameter)
        }
        call.window = window_of_call(name, args, kwargs)
        try:
            result = func(*args, **kwargs)
        except RuntimeError as error:
            result = self._instead(call, args, error)
        made = list(tensors_in(result))
        if made and (given or call.parameters) and name not in SILENT:
            self.calls.append(call)
            self._end(call, list(tensors_in((args, kwargs))), made)
        elif made and given:
            self._follow(given, made)
        return result

    def stop(self, error: Exception) -> None:
        """Write down where the pass ended."""
        call, self._open = self._open, None
        if call is None:
            failed = [each for each in self.calls if each.failed and not each.outputs]
            call = failed[-1] if failed else Call("forward", "function", None, (), ())
            self.calls += [] if failed else [call]
        if call.failed not in self.problems:
            shapes = " and ".join(" x ".join(map(str, each)) for each in call.inputs) or "what it is given"
            of_batch = f", a batch of {self.batch}" if self.batch else ""
            must = f"{call.said} must take {shapes}{of_batch}"
            do = "compare its numbers with the shapes before it"
            call.failed = message(must, f"torch says {_first_line(error)!r}", do)
            self.problems.append(call.failed)

    def maker_of(self, tensor: Tensor) -> int | None:
        """Return the number of the call that made a tensor; None for the net's own inputs."""
        found = self._made.get(id(tensor))
        return found[0] if found else None

    def _begin(
        self, name: str, kind: str, module: nn.Module | None, given: Sequence[Tensor], args: tuple[Any, ...]
    ) -> Call:
        shapes = tuple(tuple(each.shape) for each in given)
        makers = tuple(map(self.maker_of, given))
        return Call(name, kind, module, shapes, makers, args, flops=-self._counter.get_total_flops())

    def _end(self, call: Call, given: Sequence[Tensor], made: Sequence[Tensor]) -> None:
        call.outputs = tuple(tuple(each.shape) for each in made)
        call.flops += self._counter.get_total_flops()
        old = {each.untyped_storage()._cdata for each in given}
        new = [each for each in made if each.untyped_storage()._cdata not in old]
        call.new_bytes = sum(each.numel() * each.element_size() for each in new)
        for each in made:
            self._made[id(each)] = (len(self.calls) - 1, each)

    def _follow(self, given: Sequence[Tensor], made: Sequence[Tensor]) -> None:
        """Let tensors that a silent call made count as what went into it."""
        maker = self.maker_of(given[0])
        if maker is not None:
            self._made.update({id(each): (maker, each) for each in made})

    def _instead(self, call: Call, args: tuple[Any, ...], error: RuntimeError) -> Tensor:
        """Judge a function that failed: a tensor to go on with, or the error again."""
        call.failed = _first_line(error)
        verdict = self._judge(self, call, args)
        if verdict is not None:
            self.problems.append(verdict[0])
            call.failed = verdict[0]
            if verdict[1] is not None:
                return verdict[1]
        self.calls.append(call)
        raise error

    def _enter(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._open is not None or self._is_busy:
            return None
        self._is_busy = True
        given = list(tensors_in((args, kwargs)))
        call = self._begin(
            self._names[id(module)] or type(module).__name__, type(module).__name__, module, given, args
        )
        call.window = window_of(module)
        self.calls.append(call)
        verdict = self._judge(self, call, args)
        self._is_busy, self._open = False, call
        if verdict is None:
            return None
        self.problems.append(verdict[0])
        call.failed = verdict[0]
        return None if verdict[1] is None else ((verdict[1], *args[1:]), kwargs)

    def _leave(self, module: nn.Module, args: tuple[Any, ...], result: Any) -> None:
        call = self._open
        if call is None or call.module is not module:
            return
        call.parameters = {id(each): each.numel() for each in module.parameters()}
        self._end(call, list(tensors_in(args)), list(tensors_in(result)))
        if isinstance(module, nn.RNNBase):
            call.flops = _flops_of_recurrent(module, call.inputs[0])
        self._open = None


def is_one_call(module: nn.Module) -> bool:
    """Say whether a module is shown as one call: torch's own layers, but not what only calls others."""
    home = type(module).__module__
    return home.startswith("torch.nn.") and not home.startswith(_TRANSPARENT)


def _flops_of_recurrent(module: nn.RNNBase, given: Dims) -> int:
    """Count two operations for each weight and position; torch's own kernels hide theirs."""
    positions = torch.Size(given[:-1]).numel()
    return 2 * positions * sum(each.numel() for each in module.parameters() if each.ndim > 1)


def name_of(func: Any) -> str:
    """Return what a function of torch is called: ``relu``, ``view``."""
    name = getattr(func, "__name__", str(func))
    if name == "__get__":  # a property, such as x.T
        name = getattr(func.__self__, "__name__", name)
    return str(name).strip("_")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
