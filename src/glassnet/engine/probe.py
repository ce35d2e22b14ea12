"""One forward pass on two rows, before training: what the net returns and how much arithmetic it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from glassnet.engine.evaluating import evaluating
from glassnet.errors import RecipeError, message
from glassnet.nets.tabular import BatchedLinear
from glassnet.randomness import torch_seeded


class Probe(NamedTuple):
    """``output``: the net's outputs for two rows (or one); ``multiply_adds``: of one row, forward."""

    output: Tensor
    multiply_adds: int


def probe(net: nn.Module, X: Tensor) -> Probe:
    """Run the net on the first two rows of X, on its own device, in evaluation mode and without gradients.

    The net's mode and torch's generators are put back.

    Raises:
        RecipeError: the net cannot take such rows or does not return one tensor with a row for each.
    """
    counts: list[int] = []
    leaves = [each for each in net.modules() if not any(True for _ in each.children())]
    watches = [
        each.register_forward_hook(lambda *seen: counts.append(_multiply_adds(*seen))) for each in leaves
    ]
    try:
        with evaluating(net), torch.no_grad(), torch_seeded(0, "probe"):
            output = net(X[:2])
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise RecipeError(_cannot_take(X, first)) from error
    finally:
        for watch in watches:
            watch.remove()
    if not isinstance(output, Tensor) or output.shape[:1] != X[:2].shape[:1]:
        raise RecipeError(_wrong_output(X, output))
    return Probe(output, sum(counts) // len(output))


def _multiply_adds(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> int:
    weight = getattr(layer, "weight", None)
    if isinstance(layer, nn.RNNBase):
        read = inputs[0].data  # of padded sequences that are packed, all that is no padding
        positions = read.numel() // read.shape[-1]
        return int(positions * sum(each.numel() for each in layer.parameters()))
    if isinstance(layer, nn.Embedding | nn.EmbeddingBag) or not isinstance(weight, Tensor) or weight.ndim < 2:
        return 0
    if isinstance(layer, BatchedLinear):
        return int(output.numel() * layer.inputs)
    return int(output.numel() * weight[0].numel())


def _cannot_take(X: Tensor, found: str) -> str:
    kind = str(X.dtype).removeprefix("torch.")
    return message(
        f"the net must take X, which is {kind} of shape {('n', *X.shape[1:])}".replace("'", ""),
        f"it fails with {found!r}",
        "give the net a first layer for such rows, or reshape X",
    )


def _wrong_output(X: Tensor, output: object) -> str:
    found = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
    return message(
        "the net must return one tensor with one row per row of X",
        f"for {len(X[:2])} rows it returned {found}",
        "wrap the net in a module whose forward returns only that tensor",
    )
