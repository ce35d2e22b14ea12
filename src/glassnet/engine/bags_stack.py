"""Dense layers on top of a bag: what its n-grams add up to goes through activations to the outputs.

A first layer without an activation makes each n-gram a vector, and a text the mean of its vectors (Joulin et
al. 2016, "Bag of Tricks for Efficient Text Classification"); with one the bag is the input of a common
multilayer network. Answers need NumPy alone; :mod:`glassnet.engine.bags_torch` trains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import RecipeError, message
from glassnet.notation import HiddenLayer, parse_net
from glassnet.reference.activations import ELEMENTWISE

Numbers = NDArray[np.float32]


def hidden_layers(notation: str) -> tuple[HiddenLayer, ...]:
    """Read the hidden layers of a bag, such as ``10:identity`` or ``64:relu:0.2``; "" has none.

    Raises:
        RecipeError: it is no such notation, or one of more than dense layers.
    """
    if not notation:
        return ()
    must = f"hidden layers of a bag must be units:activation:dropout, activations {', '.join(ELEMENTWISE)}"
    try:
        spec = parse_net(notation)
    except ValueError as error:
        raise RecipeError(message(must, str(error), "write 64:relu")) from None
    known = all(layer.activation in ELEMENTWISE for layer in spec.hidden)
    if spec.name is not None or spec.members > 1 or spec.waves or not known:
        raise RecipeError(message(must, repr(notation), "write 64:relu"))
    return spec.hidden


def shapes(hidden: Sequence[HiddenLayer], outputs: int) -> Iterator[tuple[int, int]]:
    """Yield inputs and outputs of each layer above the first, which has a row of weights an n-gram."""
    yield from pairwise([*(each.units for each in hidden), outputs])


@dataclass(frozen=True, eq=False)
class Stack:
    """What stands between the sums of a bag and its outputs: activation, weights, activation, weights.

    Attributes:
        hidden: the layers; the sums are those of the first. Dropout is not used here: nothing is trained.
        weights: of each layer above the first. Shapes: (inputs, outputs), float32.
        biases: of the same. Shapes: (outputs,), float32.
    """

    hidden: tuple[HiddenLayer, ...] = ()
    weights: tuple[Numbers, ...] = ()
    biases: tuple[Numbers, ...] = ()

    @property
    def bends(self) -> bool:
        """Whether outputs are no sums over n-grams any more: a layer has an activation."""
        return any(layer.activation != "identity" for layer in self.hidden)

    def __call__(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        """Shape: (texts, units of the first layer) -> (texts, outputs); without layers the same numbers."""
        found = sums.astype(np.float64)
        for layer, weights, bias in zip(self.hidden, self.weights, self.biases, strict=True):
            found = ELEMENTWISE[layer.activation][0](found) @ weights + bias
        return found

    def arrays(self) -> dict[str, Numbers]:
        """Return what a file must hold beside the notation of the layers."""
        named = {f"stack.{number}.weights": each for number, each in enumerate(self.weights)}
        return named | {f"stack.{number}.bias": each for number, each in enumerate(self.biases)}

    @classmethod
    def from_arrays(cls, hidden: tuple[HiddenLayer, ...], arrays: Mapping[str, Numbers]) -> Stack:
        """Take what ``arrays`` gave."""
        numbers = range(len(hidden))
        weights = tuple(arrays[f"stack.{number}.weights"] for number in numbers)
        return cls(hidden, weights, tuple(arrays[f"stack.{number}.bias"] for number in numbers))
