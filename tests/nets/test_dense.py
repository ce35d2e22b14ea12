"""A net as the user wrote it becomes the layers that the words say, in the order that the docs say."""

from __future__ import annotations

import pytest

from glassnet.errors import RecipeError
from glassnet.nets.dense import dense_stack, tabular_net
from glassnet.nets.spec import Activation, BatchNorm, Dropout, LayerNorm, Linear, Periodic
from glassnet.notation import NetSpec, parse_net


def test_no_hidden_layer_is_a_linear_model():
    assert dense_stack(56, 3, NetSpec(name=None)).layers == (Linear(inputs=56, outputs=3),)


def test_one_hidden_layer():
    assert dense_stack(56, 1, parse_net("20:sigmoid")).layers == (
        Linear(inputs=56, outputs=20),
        Activation(layer="sigmoid"),
        Linear(inputs=20, outputs=1),
    )


def test_two_hidden_layers_with_dropout_in_one_of_them():
    assert dense_stack(5, 2, parse_net("64:relu,32:tanh:0.2")).layers == (
        Linear(inputs=5, outputs=64),
        Activation(layer="relu"),
        Linear(inputs=64, outputs=32),
        Activation(layer="tanh"),
        Dropout(p=0.2),
        Linear(inputs=32, outputs=2),
    )


@pytest.mark.parametrize(("norm", "layer"), [("batch", BatchNorm), ("layer", LayerNorm)])
def test_the_norm_stands_between_linear_and_activation_of_hidden_layers_only(norm, layer):
    assert dense_stack(5, 1, parse_net("8:relu:0.5"), norm).layers == (
        Linear(inputs=5, outputs=8),
        layer(features=8),
        Activation(layer="relu"),
        Dropout(p=0.5),
        Linear(inputs=8, outputs=1),
    )


def test_a_network_beyond_the_limits_is_a_wrong_recipe():
    with pytest.raises(
        RecipeError, match=r"from 1 inputs to 1 outputs .*however: .*at most 536870912 parameters"
    ):
        dense_stack(1, 1, parse_net("1048576,1048576"))
    with pytest.raises(RecipeError, match=r"from 16777217 inputs .*less than or equal to 16777216"):
        dense_stack(2**24 + 1, 1, NetSpec(name=None))


def test_networks_that_share_their_layers_take_in_the_waves_of_numbers_behind_the_inputs():
    net = tabular_net(5, 2, parse_net("3x8,4:tanh:0.2+waves"), (1, 4), "softmax", norm="layer")
    assert net.trunk == (
        *(Linear(inputs=5 + 2 * 4, outputs=8), LayerNorm(features=8), Activation(layer="tanh")),
        *(Linear(inputs=8, outputs=4), LayerNorm(features=4), Activation(layer="tanh"), Dropout(p=0.2)),
    )
    assert (net.inputs, net.outputs, net.members, net.average) == (5, 2, 3, "softmax")
    assert (net.numbers, net.periodic) == ((1, 4), Periodic(frequencies=16, width=4, sigma=0.1))


@pytest.mark.parametrize(("notation", "numbers"), [("3x8+waves", ()), ("3x8", (1, 4)), ("8+waves", ())])
def test_without_numbers_or_without_the_word_there_are_no_waves(notation, numbers):
    net = tabular_net(5, 1, parse_net(notation), numbers)
    assert (net.numbers, net.periodic, net.units) == ((), None, 5)


def test_many_networks_beyond_the_limits_are_a_wrong_recipe():
    with pytest.raises(RecipeError, match=r"however: a tabular net must have at most 536870912 parameters"):
        tabular_net(1, 1, parse_net("8x1048576,1048576"))
