"""Modules of the user's own: built, written as arrays, and filled again from them.

Such a module never travels in a file. Its weights do, and whoever loads them passes the module in.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from glassnet.errors import FormatError, RecipeError, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

# What a file can hold, and what else widens to it without losing a bit.
_KEPT_AS = {
    torch.bool: torch.bool,
    torch.uint8: torch.uint8,
    **dict.fromkeys((torch.int8, torch.int16, torch.int32, torch.int64), torch.int64),
    **dict.fromkeys((torch.float16, torch.bfloat16, torch.float32), torch.float32),
    torch.float64: torch.float64,
}


def own_module(own: object, inputs: int, outputs: int) -> nn.Module:
    """Return a copy of the user's module, or the module that the user's callable builds.

    Args:
        own: a module, or a callable(inputs, outputs) that returns one.
        inputs: width of an encoded row.
        outputs: width of what the task wants.

    Raises:
        RecipeError: it is neither.
    """
    is_builder = callable(own) and not isinstance(own, nn.Module)
    net: object = own(inputs, outputs) if is_builder else own  # type: ignore[operator]
    if isinstance(net, nn.Module):
        return net if is_builder else copy.deepcopy(net)
    raise RecipeError(
        message(
            "net must be a torch module, or a callable(inputs, outputs) that returns one",
            f"it is a {type(net).__name__}",
            "pass the module itself or its builder",
        )
    )


def check_can_be_saved(net: nn.Module) -> None:
    """Check that a file can hold the module's parameters and buffers, before it is trained.

    Raises:
        RecipeError: naming each that is no tensor of real numbers, or holds infinite ones.
    """
    problems = []
    for name, each in net.state_dict().items():
        if not isinstance(each, torch.Tensor) or each.dtype not in _KEPT_AS:
            found = f"{each.dtype}" if isinstance(each, torch.Tensor) else f"a {type(each).__name__}"
        elif not bool(torch.isfinite(each).all()):
            found = "infinite ones, or NaN"
        else:
            continue
        must = f"the net's {name!r} must be a tensor of finite real numbers, so that the model can be saved"
        problems.append(message(must, found, "make it a buffer with persistent=False, or of another dtype"))
    if problems:
        raise RecipeError(problems)


def arrays_of(net: nn.Module) -> dict[str, NDArray[Any]]:
    """Return a module's parameters and buffers by name, on the CPU, in dtypes that a file can hold.

    Half precision and short integers widen without loss. Any module trained by Glassnet has passed
    :func:`check_can_be_saved`, or is a stack.
    """
    state = net.state_dict()
    return {name: each.detach().cpu().to(_KEPT_AS[each.dtype]).numpy() for name, each in state.items()}


def fill(net: nn.Module, arrays: Mapping[str, NDArray[Any]], name: str) -> None:
    """Copy arrays into a module that has exactly these parameters and buffers.

    Args:
        net: the module; it is changed.
        arrays: as :func:`arrays_of` gave them.
        name: the file's name, for the message.

    Raises:
        FormatError: an array is missing, surplus, or of another shape or dtype; all of them are named.
    """
    wanted = {key: _kind(each) for key, each in arrays_of(net).items()}
    found = {key: _kind(each) for key, each in arrays.items()}
    wrong = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
    if wrong:
        raise FormatError(
            [
                message(
                    f"the module passed in must have the weights of {name}",
                    f"{key!r} is {wanted.get(key, 'not')} in the module and "
                    f"{found.get(key, 'not')} in the file",
                    "build it as it was when it was trained",
                )
                for key in wrong
            ]
        )
    net.load_state_dict({key: torch.from_numpy(each) for key, each in arrays.items()})


def filled(
    own: object, builder: str, arrays: Mapping[str, NDArray[Any]], sizes: tuple[int, int], name: str
) -> nn.Module:
    """Return the user's module with the weights of a file.

    Args:
        own: a module, or what builds it from ``sizes``; see :func:`own_module`.
        builder: what the file calls it; ``name`` is the file's.

    Raises:
        RecipeError: it was not passed in.
        FormatError: see :func:`fill`.
    """
    if own is None:
        must = f"{name} holds the weights of your own module {builder!r}"
        raise RecipeError(
            message(must, "no module was passed in", "build it and call load(path, net=module)")
        )
    module = own_module(own, *sizes)
    fill(module, arrays, name)
    return module


def _kind(array: NDArray[np.generic]) -> str:
    return f"{array.dtype.name} {array.shape}"
