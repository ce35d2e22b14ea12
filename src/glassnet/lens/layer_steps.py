"""One photo on its way through a net: what each layer and each function gave, with its numbers.

Layers of torch.nn are one step each; what else a forward calls (``F.relu``, ``F.max_pool2d``, ``torch.cat``)
is a step of its own. The net itself is run, in evaluation mode, and is left as it was. A layer that works in
place (``nn.ReLU(inplace=True)``) does not change what was seen before it: it gets a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from glassnet.engine.evaluating import evaluating
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.photo_input import PhotoInput
from glassnet.lens.shape_recorder import SILENT, is_one_call, name_of, tensors_in
from glassnet.randomness import torch_seeded


@dataclass(eq=False)
class Step:
    """What a layer or a function was given and what it gave.

    Attributes:
        name: the layer's path in the net, or the function's name; with a number from its second call on.
        kind: the layer's class; "function" for functions.
        module: the layer; None for functions.
        given, made: the first tensor that went in, and the first that came out.
        args, kwargs: all that a function was given.
    """

    name: str
    kind: str
    module: nn.Module | None
    given: Tensor
    made: Tensor
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def is_map(self) -> bool:
        """Whether it gave numbers that lie beside each other as in a picture."""
        return self.made.ndim == 4


def is_kind(step: Step, kinds: Sequence[str]) -> bool:
    """Say whether a step is a layer, or one made from it, or a function of one of these names."""
    names = [each.__name__ for each in type(step.module).__mro__] if step.module else [step.name.split()[0]]
    return any(each in kinds for each in names)


@dataclass(frozen=True)
class Forward:
    """The steps of a photo in their order, what each larger part of the net gave, and the net's output."""

    steps: tuple[Step, ...]
    parts: dict[str, Tensor]
    output: Tensor

    @property
    def maps(self) -> list[Step]:
        """The steps that gave maps."""
        return [each for each in self.steps if each.is_map]

    def step(self, name: str, kinds: Sequence[str] = (), what: str = "layer") -> Step:
        """Return a step by its name.

        Raises:
            RecipeError: there is none of that name, or it is of another kind.
        """
        known = [each for each in self.steps if not kinds or is_kind(each, kinds)]
        found = next((each for each in known if each.name == name), None)
        if found is not None:
            return found
        do = did_you_mean(name, [each.name for each in known])
        raise RecipeError(message(f"layer must be the name of a {what} that is called", f"{name!r}", do))


def forward(given: PhotoInput, *, gradients: bool = False) -> Forward:
    """Run a photo through its net and write down every step.

    Args:
        given: photo and net.
        gradients: keep what is needed to differentiate the output by each step.

    Raises:
        RecipeError: the net cannot take the photo.
    """
    x = given.x.clone().requires_grad_(gradients)
    with (
        evaluating(given.net),
        torch.set_grad_enabled(gradients),
        torch_seeded(0, "look inside"),
        _Recorder(given.net, x) as recorder,
    ):
        try:
            output = given.net(x)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise RecipeError(_cannot_take(given, error)) from error
        finally:
            recorder.let_go()
    if not isinstance(output, Tensor):
        must, do = "the net must return one tensor", "wrap it in a module that returns only that tensor"
        raise RecipeError(message(must, f"it returned a {type(output).__name__}", do))
    return Forward(tuple(recorder.steps), recorder.parts, output)


def _cannot_take(given: PhotoInput, error: Exception) -> str:
    shape = " x ".join(map(str, given.x.shape))
    first = next(iter(str(error).splitlines()), "") or type(error).__name__
    do = "pass a photo of the size and with the channels that it was trained on; gn.shapes says what fits"
    return message(f"the net must take a photo of {shape}", f"torch says {first!r}", do)


class _Recorder(TorchFunctionMode):
    """Writes down every step of a forward pass that comes from the photo, while it is active."""

    def __init__(self, net: nn.Module, x: Tensor) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.parts: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._from_photo = {id(x): x}  # holds the tensors, so that no id is used twice
        self._open: nn.Module | None = None
        self._names = {id(module): name for name, module in net.named_modules()}
        self._hooks: list[RemovableHandle] = []
        for module in net.modules():
            if is_one_call(module):
                self._hooks.append(module.register_forward_pre_hook(self._enter))
                self._hooks.append(module.register_forward_hook(self._leave, with_kwargs=True))
            else:
                self._hooks.append(module.register_forward_hook(self._whole))

    def let_go(self) -> None:
        """Take all hooks off the net."""
        for each in self._hooks:
            each.remove()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one function of torch, and write it down if it is the forward's own."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self._open is not None:
            return result
        name = name_of(func)
        return self._written(name, "function", None, args, kwargs, result, quiet=name in SILENT)

    def _enter(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self._open = self._open or module

    def _leave(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        if self._open is not module:
            return None
        kind = type(module).__name__
        answer = self._written(self._names[id(module)] or kind, kind, module, args, kwargs, result)
        self._open = None
        return answer

    def _whole(self, module: nn.Module, args: tuple[Any, ...], result: Any) -> None:
        if isinstance(result, Tensor) and self._names[id(module)]:
            self.parts[self._names[id(module)]] = result

    def _written(
        self,
        name: str,
        kind: str,
        module: nn.Module | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        quiet: bool = False,
    ) -> Any:
        """Write a step down, and return what the forward goes on with."""
        open_before, self._open = self._open, module or nn.Identity()
        try:
            given = [each for each in tensors_in((args, kwargs)) if id(each) in self._from_photo]
            made = [each for each in tensors_in(result) if each.is_floating_point()]
            if not given or not made:
                return result
            self._from_photo.update({id(each): each for each in made})
            if quiet:
                return result
            kept, passed = self._kept(given, made[0], result)
            self._counts[name] = count = self._counts.get(name, 0) + 1
            unique = name if count == 1 else f"{name} {count}"
            self.steps.append(Step(unique, kind, module, given[0], kept, args, kwargs))
            self._from_photo.update({id(each): each for each in tensors_in(passed)})
            return passed
        finally:
            self._open = open_before

    @staticmethod
    def _kept(given: Sequence[Tensor], made: Tensor, result: Any) -> tuple[Tensor, Any]:
        """Return the numbers as they are now, and what goes on: a copy where that may be changed in place."""
        owners = {each.untyped_storage()._cdata for each in given}
        if made.untyped_storage()._cdata in owners or result is not made:
            return (made if made.requires_grad else made.clone()), result
        return made, made.clone()
