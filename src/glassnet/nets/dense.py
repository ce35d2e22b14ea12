"""Dense networks: a net as the user wrote it, between the inputs of a schema and the outputs of a task."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from glassnet.errors import RecipeError, message
from glassnet.nets.spec import (
    Activation,
    BatchNorm,
    Dropout,
    Layer,
    LayerNorm,
    Linear,
    Periodic,
    Stack,
    Tabular,
)
from glassnet.notation import HiddenLayer, NetSpec

Norm = Literal["none", "batch", "layer"]
Average = Literal["identity", "sigmoid", "softmax", "exp"]


def dense_stack(inputs: int, outputs: int, net: NetSpec, norm: Norm = "none") -> Stack:
    """Plan a dense network: for each hidden layer linear, norm, activation, dropout; then a linear output.

    Args:
        inputs: width of an encoded row, 1 or more.
        outputs: width of what the task wants, 1 or more.
        net: hidden layers; none of them gives a linear model.
        norm: what stands between the linear part and the activation of each hidden layer.

    Raises:
        RecipeError: the network is larger than the limits of :mod:`glassnet.nets.spec`.

        >>> from glassnet.notation import parse_net
        >>> [each.layer for each in dense_stack(3, 1, parse_net("20:tanh:0.2"), norm="batch").layers]
        ['linear', 'batch_norm', 'tanh', 'dropout', 'linear']
    """
    width = inputs
    layers: list[Layer] = []
    try:
        for hidden in net.hidden:
            layers += _hidden_layers(width, hidden, norm)
            width = hidden.units
        return Stack(layers=(*layers, Linear(inputs=width, outputs=outputs)))
    except ValidationError as error:
        raise RecipeError([_limit_problem(each["msg"], inputs, outputs) for each in error.errors()]) from None


def tabular_net(
    inputs: int,
    outputs: int,
    net: NetSpec,
    numbers: tuple[int, ...] = (),
    average: Average = "identity",
    norm: Norm = "none",
) -> Tabular:
    """Plan networks that share their hidden layers; see :class:`glassnet.nets.spec.Tabular`.

    Args:
        inputs: width of an encoded row.
        outputs: width of what the task wants.
        net: at least one hidden layer, ``members`` and ``waves``.
        numbers: positions of the inputs that are numbers; they get waves where the net asks for them.
        average: how the task turns outputs into predictions.
        norm: as in :func:`dense_stack`.

    Raises:
        RecipeError: the network is larger than the limits of :mod:`glassnet.nets.spec`.

        >>> from glassnet.notation import parse_net
        >>> tabular_net(3, 1, parse_net("4x20:tanh+waves"), numbers=(0,)).units
        7
    """
    periodic = Periodic() if net.waves and numbers else None
    width = inputs + (len(numbers) * periodic.width if periodic else 0)
    layers: list[Layer] = []
    try:
        for hidden in net.hidden:
            layers += _hidden_layers(width, hidden, norm)
            width = hidden.units
        return Tabular(
            inputs=inputs,
            outputs=outputs,
            members=net.members,
            trunk=tuple(layers),
            numbers=numbers if periodic else (),
            periodic=periodic,
            average=average,
        )
    except ValidationError as error:
        raise RecipeError([_limit_problem(each["msg"], inputs, outputs) for each in error.errors()]) from None


def _hidden_layers(inputs: int, hidden: HiddenLayer, norm: Norm) -> list[Layer]:
    layers: list[Layer] = [Linear(inputs=inputs, outputs=hidden.units)]
    if norm == "batch":
        layers.append(BatchNorm(features=hidden.units))
    elif norm == "layer":
        layers.append(LayerNorm(features=hidden.units))
    layers.append(Activation(layer=hidden.activation))
    if hidden.dropout > 0:
        layers.append(Dropout(p=hidden.dropout))
    return layers


def _limit_problem(found: str, inputs: int, outputs: int) -> str:
    must = f"a dense network from {inputs} inputs to {outputs} outputs must keep the limits on size"
    return message(must, found.removeprefix("Value error, "), "write fewer or smaller layers in --net")
