"""Runs a net and writes down each tensor operation: what went in, number by number, and what came out.

The recorder stands below autograd, where every way of writing a network (``nn.Sequential``, a ``forward``
that calls functions, operators on tensors) has become the same few operations of torch. It knows for each
number in memory which operation wrote it, as a code. So views (``view``, ``flatten``, ``permute``, a slice)
need no rule: they look at the same numbers, and so do operations that only move numbers (``cat``, padding,
``embedding``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from glassnet.lens.trace_codes import SHEET, ZERO, Codes
from glassnet.lens.trace_parts import PARTS

MOVES = frozenset(
    (
        *("cat", "stack", "index", "index_select", "gather", "take", "masked_select", "where", "masked_fill"),
        *("clone", "_unsafe_view", "repeat", "flip", "roll", "embedding", "tril", "triu", "im2col"),
        *("unsafe_split", "unsafe_chunk", "split_with_sizes_copy", "slice_scatter", "select_scatter"),
        *("reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "constant_pad_nd"),
        *("replication_pad1d", "replication_pad2d", "replication_pad3d"),
        *("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"),
        *("pixel_shuffle", "pixel_unshuffle"),
    )
)
"""Operations whose result holds numbers of their inputs (or the 0 of padding), elsewhere."""
_DRAWN = (
    "bernoulli",
    "bernoulli_",
    "random_",
    "uniform_",
    "normal_",
    "rand",
    "randn",
    "rand_like",
    "randn_like",
)


@dataclass(frozen=True, eq=False)
class Operand:
    """A tensor that goes into an operation: its numbers, their codes, and whether a gradient goes back."""

    value: Tensor
    codes: Codes
    passes: bool


@dataclass(eq=False)
class Recorded:
    """One sheet as it was recorded.

    Attributes:
        value: the numbers, as they were then.
        kind: of given numbers what they are (input, weight, ...); of others ``operation``.
        op: the operation's name in torch, such as ``addmm``; empty for given numbers.
        module: path of the module in whose forward it ran.
        function: what computes it again from ``arguments``, in which each Operand stands for its tensor.
        which: its place among several results.
    """

    value: Tensor
    kind: str
    name: str = ""
    op: str = ""
    module: str = ""
    leaf_module: bool = False
    function: Callable[..., Any] | None = None
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    which: int = 0
    results: tuple[Any, ...] = ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The tensors that went in, those of lists too."""
        return tuple(each for each in _flat((self.arguments, self.options)) if isinstance(each, Operand))


def _flat(values: Any) -> Iterator[Any]:
    if isinstance(values, list | tuple):
        for each in values:
            yield from _flat(each)
    elif isinstance(values, dict):
        yield from _flat(tuple(values.values()))
    else:
        yield values


def replaced(values: Any, change: Callable[[Any], Any]) -> Any:
    """Return arguments with every Operand or Tensor in them changed, lists kept as lists."""
    if isinstance(values, list | tuple):
        return type(values)(replaced(each, change) for each in values)
    if isinstance(values, dict):
        return {name: replaced(each, change) for name, each in values.items()}
    return change(values) if isinstance(values, Operand | Tensor) else values


@dataclass(frozen=True)
class Moved:
    """A step that computes nothing: the same numbers in another shape or place."""

    after: int
    op: str
    before_shape: tuple[int, ...]
    shape: tuple[int, ...]


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the operations that run inside the block; ``sheets[code // SHEET]`` has written a number."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        zero = torch.zeros((), dtype=torch.float64)
        self.sheets: list[Recorded] = [Recorded(zero, "zero", "0")]
        self.moves: list[Moved] = []
        self._owners: dict[tuple[int, int], Tensor] = {}
        self._alive: list[Tensor] = []
        self._path: list[tuple[str, bool]] = [("", False)]
        self._inside: set[int] | None = None
        self.stage = ""

    def give(self, tensor: Tensor, kind: str, name: str) -> None:
        """Name numbers that no operation computes, such as inputs and weights."""
        if tensor.numel():
            self._own(tensor, self._add(Recorded(tensor.detach().clone(), kind, name)))

    @contextmanager
    def module(self, path: str, leaf: bool) -> Iterator[None]:
        """Say in whose forward operations run."""
        self._path.append((path, leaf))
        yield
        self._path.pop()

    def codes(self, tensor: Tensor) -> Codes:
        """Return the code of each number of a tensor, in its shape."""
        if not tensor.numel():
            return np.empty(tuple(tensor.shape), dtype=np.int64)
        owner = self._owner(tensor)
        if owner is None:
            self._alive.append(tensor)
            kind = "constant" if tensor.is_floating_point() else "index"
            bytes_of = tensor.untyped_storage().data_ptr()
            if any(key[0] == bytes_of for key in self._owners):  # drawn whole numbers, looked at as bytes
                kind = "drawn"
            value = tensor.detach().clone()
            self._own(tensor, self._add(Recorded(value, kind, kind, module=self._path[-1][0])))
            owner = self._owner(tensor)
        assert owner is not None
        return owner.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset()).numpy().copy()

    def _owner(self, tensor: Tensor) -> Tensor | None:
        return self._owners.get((tensor.untyped_storage().data_ptr(), tensor.element_size()))

    def _own(self, tensor: Tensor, codes: Codes) -> None:
        """Note which codes the numbers of a tensor have from now on."""
        self._alive.append(tensor)
        key = (tensor.untyped_storage().data_ptr(), tensor.element_size())
        size = tensor.untyped_storage().nbytes() // tensor.element_size()
        owner = self._owners.setdefault(key, torch.zeros(size, dtype=torch.int64))
        place = owner.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
        places = torch.from_numpy(np.array(codes)).view(tensor.size())
        for at in np.ndindex(
            *(n if s == 0 else 1 for n, s in zip(tensor.size(), tensor.stride(), strict=True))
        ):
            where = tuple(
                slice(i, i + 1) if s == 0 else slice(None) for i, s in zip(at, tensor.stride(), strict=True)
            )
            place[where].copy_(places[where])

    def _add(self, sheet: Recorded) -> Codes:
        """Add a sheet and return the codes of its numbers, in its shape."""
        self.sheets.append(sheet)
        start = (len(self.sheets) - 1) * SHEET
        return np.arange(start, start + sheet.value.numel(), dtype=np.int64).reshape(tuple(sheet.value.shape))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation and write it down."""
        options = kwargs or {}
        name = func._schema.name.removeprefix("aten::")
        if func.is_view or name in ("empty", "empty_like", "new_empty", "detach", "lift_fresh"):
            result = func(*args, **options)
            self._look(name, args, result)
            return result
        operands = replaced((args, options), self._operand)
        result = func(*args, **options)
        if name in ("copy_", "fill_", "zero_"):
            self._overwrite(name, operands[0], result)
            return result
        if name.endswith("_") and not name.endswith("__"):
            func, name = _not_in_place(func, name), name.rstrip("_")
        if name in MOVES:
            self._move(func, name, operands, result)
        elif name not in PARTS or not self._in_parts(name, args, options, result):
            self._compute(func, name, operands, result)
        return result

    def _operand(self, tensor: Tensor) -> Operand:
        passes = torch.is_grad_enabled() and tensor.requires_grad
        passes = passes or (self._inside is not None and id(tensor) in self._inside)
        return Operand(tensor.detach().clone(), self.codes(tensor), passes)

    def _look(self, name: str, args: tuple[Any, ...], result: Any) -> None:
        """Note a view: nothing is computed, and inside the parts of an operation it passes gradients on."""
        source = args[0] if args and isinstance(args[0], Tensor) else None
        for each in _flat(result):
            if isinstance(each, Tensor):
                self._alive.append(each)
                if (
                    source is not None
                    and self._inside is not None
                    and (id(source) in self._inside or source.requires_grad)
                ):
                    self._inside.add(id(each))
        if isinstance(result, Tensor) and source is not None and name in ("view", "permute", "transpose"):
            shapes = tuple(source.shape), tuple(result.shape)
            self.moves.append(Moved(len(self.sheets) - 1, name, *shapes))

    def _overwrite(self, name: str, args: tuple[Any, ...], result: Tensor) -> None:
        if name == "copy_":
            self._own(result, np.broadcast_to(args[1].codes, tuple(result.shape)))
        elif name == "zero_" or args[1] == 0:
            self._own(result, np.full(tuple(result.shape), ZERO))
        else:
            self.give(result, "constant", "constant")

    def _move(self, func: Any, name: str, operands: tuple[Any, Any], result: Any) -> None:
        """Move the codes as the numbers were moved, by the same operation."""
        args, options = operands
        fills = name in ("constant_pad_nd", "masked_fill")
        fill = options.get("value", args[2] if len(args) > 2 else 0) if fills else 0
        if fill and not isinstance(fill, Operand):
            self._compute(func, name, operands, result)
            return
        kept = args[:1] if name == "where" else args[1:2] if name in ("index", "masked_fill") else ()

        def as_codes(dtype: torch.dtype) -> Any:
            def change(each: Operand) -> Tensor:
                chooses = any(each is one for one in _flat(kept))
                moves = each.value.is_floating_point() or each is args[0] or each is fill
                return torch.from_numpy(each.codes).to(dtype) if moves and not chooses else each.value

            return func(*replaced(args, change), **replaced(options, change))

        try:
            codes = as_codes(torch.int64)
        except RuntimeError:  # some operations are made for floats alone; codes are exact there too
            codes = as_codes(torch.float64)
        for each, moved in zip(_flat([result]), _flat([codes]), strict=True):
            self._own(each, moved.to(torch.int64).numpy())
            self._pass_on(operands, each)

    def _pass_on(self, operands: Any, result: Tensor) -> None:
        if self._inside is not None and any(isinstance(o, Operand) and o.passes for o in _flat(operands)):
            self._inside.add(id(result))

    def _in_parts(self, name: str, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> bool:
        """Record an operation as simpler ones, which a reader can follow; say whether that was possible."""
        outermost, first = self._inside is None, result[0] if isinstance(result, tuple) else result
        if self._inside is None:
            self._inside = set()
        with self:
            simple = PARTS[name](*args, **options)
        if simple is not None:
            self._own(first, self.codes(simple))
            if not outermost and id(simple) in self._inside:
                self._inside.add(id(first))
        if outermost:
            self._inside = None
        return simple is not None

    def _compute(self, func: Any, name: str, operands: tuple[Any, Any], result: Any) -> None:
        path, leaf = self._path[-1]
        results = tuple(result) if isinstance(result, list | tuple) else (result,)
        drawn = name in _DRAWN or f"{name}_" in _DRAWN
        given = not any(isinstance(each, Operand) for each in _flat(operands))
        for which, each in enumerate(results):
            if not isinstance(each, Tensor) or not each.numel():
                continue
            value = each.detach().clone()
            if drawn:
                sheet = Recorded(value, "drawn", "drawn", module=path, leaf_module=leaf)
            elif given:
                sheet = Recorded(value, "constant", "constant", module=path, leaf_module=leaf)
            else:
                sheet = Recorded(value, "operation", "", name, path, leaf, func, *operands, which, results)
            if self.stage:
                sheet.module = self.stage
            self._own(each, self._add(sheet))
            self._pass_on(operands, each)


def _not_in_place(func: Any, name: str) -> Any:
    """Return the form of an operation that leaves its input as it is."""
    packet = getattr(torch.ops.aten, name.rstrip("_"), None)
    return getattr(packet, func._overloadname, None) if packet is not None else None


@contextmanager
def watched(recorder: Recorder, net: nn.Module) -> Iterator[None]:
    """Tell the recorder in whose forward operations run; the net's own hooks stay as they are."""
    paths = {id(each): name for name, each in net.named_modules()}
    calls: Counter[str] = Counter()
    handles: list[Any] = []
    open_blocks: list[Any] = []

    def enter(module: nn.Module, _: Any) -> None:
        path = paths[id(module)]
        calls[path] += 1
        again = f"{path}_{calls[path]}" if calls[path] > 1 else path
        if path.split(".")[-1].isdecimal():  # the layers of nn.Sequential have numbers only
            again += f".{type(module).__name__.lower()}"
        block = recorder.module(again, not any(True for _ in module.children()))
        block.__enter__()
        open_blocks.append(block)

    def leave(module: nn.Module, _: Any, __: Any) -> None:
        open_blocks.pop().__exit__(None, None, None)

    for each in net.modules():
        handles.append(each.register_forward_pre_hook(enter, prepend=True))
        handles.append(each.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
