"""What nets say on a slice: their answers, and the lines and answers of the units of the first layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from glassnet.errors import RecipeError, message
from glassnet.lens.boundary_slice import Slice
from glassnet.lens.boundary_view import Line
from glassnet.model.table import outputs_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

MOST_UNITS = 12
"""Of more hidden units than this only the first ones are shown."""


def answers(net: nn.Module | Callable[[Floats], ArrayLike], rows: Floats) -> Floats:
    """Ask a net or a function. Shape: (n, inputs) -> (n, outputs).

    Raises:
        RecipeError: it does not take such rows, or gives something else.
    """
    try:
        found = outputs_of(net, rows.astype(np.float32)) if isinstance(net, nn.Module) else net(rows)
        values = np.asarray(found.detach() if isinstance(found, Tensor) else found, dtype=np.float64)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        must = f"the net must take rows of {rows.shape[1]} inputs"
        raise RecipeError(message(must, f"it fails with {first!r}", "look with gn.shapes")) from error
    if values.ndim not in (1, 2) or len(values) != len(rows):
        must = "the net must give one answer, or one for each class, for every row"
        raise RecipeError(message(must, f"for {len(rows)} rows it gives shape {values.shape}", "reshape it"))
    return values.reshape(len(rows), -1)


def lines_of(net: object, cut: Slice) -> tuple[Line, ...]:
    """Return the boundary of a linear net, or the lines of the units of the first hidden layer.

    The line of a unit is where its weighted sum is 0. () where the first layer is not linear.
    """
    layers = _layers(net, cut)
    if not layers:
        return ()
    first = layers[0]
    weights = _array(first.weight)
    biases = (_array(first.bias) if first.bias is not None else np.zeros(len(weights))) + weights @ cut.rest
    pairs = weights[:, cut.places]
    is_output = len(layers) == 1
    blend = _array(layers[1].weight)[0] if len(layers) == 2 and layers[1].out_features == 1 else None
    return tuple(
        Line(
            name="boundary"
            if is_output and len(weights) == 1
            else f"{'class' if is_output else 'unit'} {n + 1}",
            weights=(float(pair[0]), float(pair[1])),
            bias=float(bias),
            blend=None if blend is None else float(blend[n]),
        )
        for n, (pair, bias) in enumerate(zip(pairs[:MOST_UNITS], biases, strict=False))
    )


def hidden_of(net: object, cut: Slice) -> Floats | None:
    """Return what each unit of the first hidden layer answers; None where there is none.

    Shape: (units, len(y), len(x)).
    """
    layers = _layers(net, cut)
    if len(layers) < 2 or not isinstance(net, nn.Sequential):
        return None
    second = next(place for place, each in enumerate(net) if each is layers[1])
    values = outputs_of(net[:second], cut.asked().astype(np.float32)).T[:MOST_UNITS]
    return np.asarray(values, dtype=np.float64).reshape(-1, len(cut.y), len(cut.x))


def _layers(net: object, cut: Slice) -> Sequence[nn.Linear]:
    """Return the linear layers of a plain stack that begins with one; none of any other net."""
    if isinstance(net, nn.Linear):
        stack: list[Any] = [net]
    elif isinstance(net, nn.Sequential):
        stack = [each for each in net if not isinstance(each, nn.Identity | nn.Flatten)]
    else:
        return []
    if not stack or not isinstance(stack[0], nn.Linear) or stack[0].in_features != cut.rows.shape[1]:
        return []
    return [each for each in stack if isinstance(each, nn.Linear)]


def _array(tensor: Tensor) -> Floats:
    return tensor.detach().cpu().double().numpy()
