"""The closed schema of architectures: all that a recipe can ask for and a ``.glass`` file can describe.

Torch-free. A file that names another layer, another key or a size beyond the limits is refused here,
before anything is built.

    >>> hidden, output = Linear(inputs=56, outputs=20), Linear(inputs=20, outputs=1)
    >>> stack = Stack(layers=(hidden, Activation(layer="sigmoid"), output))
    >>> stack.inputs, stack.outputs, stack.parameters
    (56, 1, 1161)
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from glassnet import notation
from glassnet.errors import message

SIZE_LIMIT = 1 << 24  # units of one layer
LAYERS_LIMIT = 1000
PARAMETERS_LIMIT = 1 << 29  # of one stack: 2 GiB of float32, what a .glass file can hold

Size = Annotated[int, Field(strict=True, ge=1, le=SIZE_LIMIT)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Linear(_Record):
    """A weighted sum of all inputs, and a bias where asked, for each output: ``torch.nn.Linear``.

    Shape: (rows, inputs) -> (rows, outputs).

        >>> Linear(inputs=3, outputs=2, bias=False).parameters
        6
    """

    layer: Literal["linear"] = "linear"
    inputs: Size
    outputs: Size
    bias: Annotated[bool, Field(strict=True)] = True

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.outputs * (self.inputs + self.bias)


class Activation(_Record):
    """A function of each number by itself, with torch's default constants.

    Shape: (rows, n) -> (rows, n).

        >>> Activation(layer="relu").layer
        'relu'
    """

    layer: notation.Activation


class Dropout(_Record):
    """While training, each number is set to 0 with probability p, and the others are divided by 1 - p.

    Shape: (rows, n) -> (rows, n).

        >>> Dropout(p=0.5).p
        0.5
    """

    layer: Literal["dropout"] = "dropout"
    p: Annotated[float, Field(strict=True, ge=0, le=1)]


class BatchNorm(_Record):
    """Each feature gets mean 0 and variance 1 over the batch, then its own scale and shift.

    Shape: (rows, features) -> (rows, features).

        >>> BatchNorm(features=20).parameters
        40
    """

    layer: Literal["batch_norm"] = "batch_norm"
    features: Size

    @property
    def parameters(self) -> int:
        """Number of scales and shifts."""
        return 2 * self.features


class LayerNorm(_Record):
    """Each row gets mean 0 and variance 1 over its features, then each feature its own scale and shift.

    Shape: (rows, features) -> (rows, features).

        >>> LayerNorm(features=20).parameters
        40
    """

    layer: Literal["layer_norm"] = "layer_norm"
    features: Size

    @property
    def parameters(self) -> int:
        """Number of scales and shifts."""
        return 2 * self.features


Layer = Annotated[Linear | Activation | Dropout | BatchNorm | LayerNorm, Field(discriminator="layer")]


class Stack(_Record):
    """Listed layers, one after the other, of float32 numbers.

    Shape: (rows, inputs) -> (rows, outputs).

        >>> Stack(layers=(Linear(inputs=3, outputs=1),)).outputs
        1

    Raises:
        pydantic.ValidationError: no layer has weights, widths do not follow each other, or a limit
            (``LAYERS_LIMIT``, ``SIZE_LIMIT``, ``PARAMETERS_LIMIT``) is exceeded.
    """

    kind: Literal["stack"] = "stack"
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=LAYERS_LIMIT)]

    @property
    def inputs(self) -> int:
        """Width of a row that goes in."""
        return _widths(self.layers)[0][0]

    @property
    def outputs(self) -> int:
        """Width of a row that comes out."""
        return _widths(self.layers)[-1][1]

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        return sum(each.parameters for each in self.layers if not isinstance(each, Activation | Dropout))

    @model_validator(mode="after")
    def _check_widths(self) -> Self:
        widths = _widths(self.layers)
        if not widths:
            raise ValueError(
                message("a stack must have a layer with weights", "there is none", "add a linear layer")
            )
        for number, (before, after) in enumerate(pairwise(widths), start=2):
            if before[1] != after[0]:
                raise ValueError(
                    message(
                        f"layer {number} of those with weights must take what the one before it gives",
                        f"it takes {after[0]} numbers and gets {before[1]}",
                        "make the two equal",
                    )
                )
        if self.parameters > PARAMETERS_LIMIT:
            raise ValueError(
                message(
                    f"a stack must have at most {PARAMETERS_LIMIT} parameters",
                    f"{self.parameters} of them",
                    "use fewer or narrower layers",
                )
            )
        return self


class Own(_Record):
    """A module of the user's own: the file holds its weights, and the name of what built it as a note.

    The name is shown, never looked up: loading takes the module as an argument.

        >>> Own(builder="my_nets.Twin").builder
        'my_nets.Twin'
    """

    kind: Literal["own"] = "own"
    builder: Annotated[str, Field(min_length=1, max_length=200)]


Architecture = Annotated[Stack | Own, Field(discriminator="kind")]


def _widths(layers: tuple[Layer, ...]) -> list[tuple[int, int]]:
    """Return (inputs, outputs) of each layer that has weights."""
    widths: list[tuple[int, int]] = []
    for each in layers:
        if isinstance(each, Linear):
            widths.append((each.inputs, each.outputs))
        elif isinstance(each, BatchNorm | LayerNorm):
            widths.append((each.features, each.features))
    return widths
