"""The closed schema of architectures: all that a recipe can ask for and a ``.glass`` file can describe.

Torch-free. A file that names another layer, another key or a size beyond the limits is refused here,
before anything is built.

    >>> hidden, output = Linear(inputs=56, outputs=20), Linear(inputs=20, outputs=1)
    >>> stack = Stack(layers=(hidden, Activation(layer="sigmoid"), output))
    >>> stack.inputs, stack.outputs, stack.parameters
    (56, 1, 1161)
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from glassnet import notation
from glassnet.errors import message

SIZE_LIMIT = 1 << 24  # units of one layer
LAYERS_LIMIT = 1000
PARAMETERS_LIMIT = 1 << 29  # of one stack: 2 GiB of float32, what a .glass file can hold
WIDEST_ROW = 1 << 26  # of all members of a tabular net together: 256 MiB of float32

Size = Annotated[int, Field(strict=True, ge=1, le=SIZE_LIMIT)]


class Record(BaseModel):
    """A description that cannot be changed and has no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Linear(Record):
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


class Activation(Record):
    """A function of each number by itself, with torch's default constants.

    Shape: (rows, n) -> (rows, n).

        >>> Activation(layer="relu").layer
        'relu'
    """

    layer: notation.Activation


class Dropout(Record):
    """While training, each number is set to 0 with probability p, and the others are divided by 1 - p.

    Shape: (rows, n) -> (rows, n).

        >>> Dropout(p=0.5).p
        0.5
    """

    layer: Literal["dropout"] = "dropout"
    p: Annotated[float, Field(strict=True, ge=0, le=1)]


class BatchNorm(Record):
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


class LayerNorm(Record):
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


class Stack(Record):
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
        return _parameters(self.layers)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_widths(self.layers)
        check_size("a stack", self.parameters)
        return self


class Periodic(Record):
    """Waves of a number, cosines of ``frequencies`` learned frequencies, and ``width`` sums of them.

    ``sigma`` is the standard deviation of the frequencies to begin with, in periods per unit of the number.

        >>> Periodic(frequencies=16, width=4).parameters
        100
    """

    frequencies: Annotated[int, Field(strict=True, ge=1, le=1024)] = 16
    width: Annotated[int, Field(strict=True, ge=1, le=1024)] = 4
    sigma: Annotated[float, Field(strict=True, gt=0, le=1000)] = 0.1

    @property
    def parameters(self) -> int:
        """Number of trained numbers for each number of a row."""
        return 2 * self.frequencies + self.width * (self.frequencies + 1)


class Tabular(Record):
    """A few networks that share their hidden layers, trained together; see :mod:`glassnet.nets.tabular`.

    Shape: (rows, inputs) -> (rows, outputs), of float32 numbers.

        >>> trunk = (Linear(inputs=13, outputs=16), Activation(layer="relu"))
        >>> waves = {"numbers": (0, 3), "periodic": Periodic(width=4)}
        >>> Tabular(inputs=5, outputs=1, members=2, trunk=trunk, **waves).parameters
        484

    Attributes:
        members: networks.
        trunk: the hidden layers that they share; they take the inputs and the waves after them.
        numbers: positions of the input units that are numbers, ascending; they get waves.
        average: what turns an output into a prediction, of which the mean over members is taken.
    """

    kind: Literal["tabular"] = "tabular"
    inputs: Size
    outputs: Size
    members: Annotated[int, Field(strict=True, ge=1, le=1024)]
    trunk: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=LAYERS_LIMIT)]
    numbers: tuple[Annotated[int, Field(strict=True, ge=0)], ...] = ()
    periodic: Periodic | None = None
    average: Literal["identity", "sigmoid", "softmax", "exp"] = "identity"

    @property
    def units(self) -> int:
        """Width of what a member takes in: the inputs, and the sums of their waves."""
        return self.inputs + (len(self.numbers) * self.periodic.width if self.periodic else 0)

    @property
    def widths(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each layer of the trunk that has weights."""
        return _widths(self.trunk)

    @property
    def widest(self) -> int:
        """The most numbers that a member computes for a row in one step."""
        waves = len(self.numbers) * self.periodic.frequencies if self.periodic else 0
        return max(waves, self.outputs, *(max(each) for each in self.widths))

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        waves = len(self.numbers) * self.periodic.parameters if self.periodic else 0
        own = self.members * (self.units + (self.widths[-1][1] + 1) * self.outputs)
        return waves + own + _parameters(self.trunk)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if list(self.numbers) != sorted(set(self.numbers)) or max(self.numbers, default=0) >= self.inputs:
            raise ValueError(
                message(
                    f"numbers must be distinct ascending positions below {self.inputs}",
                    f"{self.numbers[:20]}",
                    "take them from the schema",
                )
            )
        if bool(self.numbers) != (self.periodic is not None):
            raise ValueError(
                message(
                    "numbers and periodic must be given together",
                    f"{len(self.numbers)} numbers and periodic={self.periodic!r}",
                    "give both or neither",
                )
            )
        _check_widths(self.trunk, self.units)
        check_size("a tabular net", self.parameters)
        if self.members * self.widest > WIDEST_ROW:
            raise ValueError(
                message(
                    f"a tabular net must compute at most {WIDEST_ROW} numbers for a row in one layer",
                    f"{self.members} members of {self.widest}",
                    "use fewer members or narrower layers",
                )
            )
        return self


class Recurrent(Record):
    """Recurrent layers over a sequence, and a linear layer on what they put out.

    Shape: (steps, sequences) of whole numbers below ``symbols``, or (steps, sequences, inputs) of numbers
    where ``symbols`` is None, -> (steps, sequences, outputs); see :mod:`glassnet.nets.recurrent`.

        >>> Recurrent(symbols=83, inputs=16, cell="lstm", layers=1, units=8, outputs=83).parameters
        2907

    Attributes:
        symbols: how many different symbols there are; each has ``inputs`` learned numbers.
        cell: ``lstm`` or ``gru``.
        layers, units: recurrent layers one above the other, and the units of each.
        dropout: share of the numbers between layers that is set to 0 while training.
    """

    kind: Literal["recurrent"] = "recurrent"
    symbols: Size | None
    inputs: Size
    cell: notation.Cell
    layers: Annotated[int, Field(strict=True, ge=1, le=notation.MAX_RECURRENT_LAYERS)]
    units: Annotated[int, Field(strict=True, ge=1, le=notation.MAX_RECURRENT_UNITS)]
    dropout: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0
    outputs: Size

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        gates = 4 if self.cell == "lstm" else 3
        first = gates * self.units * (self.inputs + self.units + 2)
        others = (self.layers - 1) * gates * self.units * (2 * self.units + 2)
        return (self.symbols or 0) * self.inputs + first + others + self.outputs * (self.units + 1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_size("a recurrent net", self.parameters)
        return self


class Own(Record):
    """A module of the user's own: the file holds its weights, and the name of what built it as a note.

    The name is shown, never looked up: loading takes the module as an argument.

        >>> Own(builder="my_nets.Twin").builder
        'my_nets.Twin'
    """

    kind: Literal["own"] = "own"
    builder: Annotated[str, Field(min_length=1, max_length=200)]


Architecture = Annotated[Stack | Tabular | Own, Field(discriminator="kind")]
"""What the net of a model of tables may be."""


def _widths(layers: tuple[Layer, ...]) -> list[tuple[int, int]]:
    """Return (inputs, outputs) of each layer that has weights."""
    widths: list[tuple[int, int]] = []
    for each in layers:
        if isinstance(each, Linear):
            widths.append((each.inputs, each.outputs))
        elif isinstance(each, BatchNorm | LayerNorm):
            widths.append((each.features, each.features))
    return widths


def _parameters(layers: tuple[Layer, ...]) -> int:
    return sum(each.parameters for each in layers if not isinstance(each, Activation | Dropout))


def _check_widths(layers: tuple[Layer, ...], inputs: int | None = None) -> None:
    """Check that each layer with weights takes what the one before it gives, the first one ``inputs``."""
    widths = _widths(layers)
    if not widths:
        raise ValueError(
            message("a stack must have a layer with weights", "there is none", "add a linear layer")
        )
    gives = [widths[0][0] if inputs is None else inputs, *(each[1] for each in widths)]
    for number, (given, (takes, _)) in enumerate(zip(gives, widths, strict=False), start=1):
        if given != takes:
            raise ValueError(
                message(
                    f"layer {number} of those with weights must take what the one before it gives",
                    f"it takes {takes} numbers and gets {given}",
                    "make the two equal",
                )
            )


def check_size(what: str, parameters: int) -> None:
    """Check that a net has no more parameters than a file can hold."""
    if parameters > PARAMETERS_LIMIT:
        raise ValueError(
            message(
                f"{what} must have at most {PARAMETERS_LIMIT} parameters",
                f"{parameters} of them",
                "use fewer or narrower layers",
            )
        )
