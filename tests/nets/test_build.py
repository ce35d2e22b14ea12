"""A stack becomes the torch module that one would write by hand, from a seed or from weights, and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from glassnet.errors import FormatError
from glassnet.nets import build as building
from glassnet.nets.build import build, describe, load_weights
from glassnet.nets.dense import dense_stack
from glassnet.nets.spec import Activation, BatchNorm, Dropout, LayerNorm, Linear, Stack, Tabular
from glassnet.notation import ACTIVATIONS, parse_net
from glassnet.recipe import InitName

INITS = InitName.__args__
EVERY_LAYER = Stack(
    layers=(
        Linear(inputs=3, outputs=4, bias=False),
        BatchNorm(features=4),
        LayerNorm(features=4),
        Dropout(p=0.25),
        *(Activation(layer=name) for name in ACTIVATIONS),
        Linear(inputs=4, outputs=2),
    )
)
BY_HAND = {
    "identity": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),
    "relu": lambda x: torch.where(x > 0, x, 0.0),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
    "elu": lambda x: torch.where(x > 0, x, torch.exp(x) - 1),
    "softplus": lambda x: torch.log(1 + torch.exp(x)),
}


def weights_of(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: each.detach().numpy().copy() for name, each in net.state_dict().items()}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_activation_is_its_formula(name):
    net = build(Stack(layers=(Linear(inputs=5, outputs=7), Activation(layer=name))), init="normal")
    x = torch.linspace(-30, 30, 45).reshape(9, 5)
    torch.testing.assert_close(net(x), BY_HAND[name](net[0](x)))


def test_a_built_network_computes_what_the_same_one_written_by_hand_does():
    net = build(dense_stack(3, 2, parse_net("8:tanh,4:relu:0.5"), norm="batch"), seed=1)
    hand = nn.Sequential(
        *(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh()),
        *(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(4, 2),
    )
    assert str(net) == str(hand)
    hand.load_state_dict(net.state_dict())
    x = torch.linspace(-1, 1, 30).reshape(10, 3)
    assert torch.equal(net.eval()(x), hand.eval()(x))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    stack = dense_stack(3, 1, parse_net("8:relu"))
    for init in set(INITS) - {"zeros", "ones"}:
        first, again, other = (weights_of(build(stack, init, seed)) for seed in (4, 4, 5))
        assert all(np.array_equal(first[name], again[name]) for name in first)
        assert not np.array_equal(first["0.weight"], other["0.weight"])


@pytest.mark.parametrize("init", INITS)
def test_building_changes_no_global_state(init):
    before = torch.random.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        net = build(EVERY_LAYER, init)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert {each.dtype for each in net.parameters()} == {torch.float32}


N, M = 300, 100
# Of a weight matrix from N inputs to M outputs: largest possible size (None: no limit), standard deviation.
FORMULAS = {
    "default": (1 / math.sqrt(N), 1 / math.sqrt(3 * N)),
    "zeros": (0.0, 0.0),
    "uniform": (0.5, 0.5 / math.sqrt(3)),
    "normal": (None, 0.1),
    "xavier_uniform": (math.sqrt(6 / (N + M)), math.sqrt(2 / (N + M))),
    "xavier_normal": (None, math.sqrt(2 / (N + M))),
    "kaiming_uniform": (math.sqrt(6 / N), math.sqrt(2 / N)),
    "kaiming_normal": (None, math.sqrt(2 / N)),
    "1/sqrt(n)": (1 / math.sqrt(N), 1 / math.sqrt(3 * N)),
}


@pytest.mark.parametrize("init", FORMULAS)
def test_each_initialisation_has_the_moments_of_its_formula(init):
    net = build(Stack(layers=(Linear(inputs=N, outputs=M), BatchNorm(features=M))), init)
    weight = net[0].weight.detach().double()
    bound, deviation = FORMULAS[init]
    assert float(weight.mean()) == pytest.approx(0, abs=4 * deviation / math.sqrt(N * M))
    assert float(weight.std()) == pytest.approx(deviation, rel=0.02)
    if bound is not None:
        assert 0.999 * bound <= float(weight.abs().max()) <= bound * (1 + 1e-6)
    assert (init == "default") == bool(net[0].bias.any())
    assert (net[1].weight == 1).all()
    assert (net[1].bias == 0).all()


def test_ones_are_ones_and_every_initialisation_of_a_recipe_can_be_built():
    net = build(Stack(layers=(Linear(inputs=3, outputs=2),)), "ones")
    assert net[0].weight.tolist() == [[1, 1, 1]] * 2
    assert net[0].bias.tolist() == [0, 0]
    assert {*FORMULAS, "ones"} == set(INITS)


def test_loaded_weights_are_the_saved_ones_to_the_bit_and_can_be_trained_on():
    net = build(EVERY_LAYER, seed=3)
    net(torch.linspace(0, 1, 12).reshape(4, 3))  # moves the running statistics
    saved = weights_of(net)
    loaded = load_weights(EVERY_LAYER, saved)
    assert weights_of(loaded).keys() == saved.keys()
    assert all(np.array_equal(each, saved[name]) for name, each in weights_of(loaded).items())
    x = torch.linspace(-1, 1, 30).reshape(10, 3)
    assert torch.equal(net.eval()(x), loaded.eval()(x))
    assert {name for name, _ in loaded.named_parameters()} == {name for name, _ in net.named_parameters()}
    assert all(each.requires_grad and each.device.type == "cpu" for each in loaded.parameters())


def test_loaded_weights_are_copies():
    saved = weights_of(build(EVERY_LAYER))
    frozen = {name: each.copy() for name, each in saved.items()}
    for each in frozen.values():
        each.flags.writeable = False
    loaded = load_weights(EVERY_LAYER, frozen)
    with torch.no_grad():
        loaded[0].weight.fill_(9)
    assert np.array_equal(frozen["0.weight"], saved["0.weight"])


def test_every_wrong_array_is_named():
    saved = weights_of(build(Stack(layers=(Linear(inputs=3, outputs=2), Linear(inputs=2, outputs=1)))))
    saved["0.weight"] = saved["0.weight"].T
    saved["0.bias"] = saved["0.bias"].astype(np.float64)
    saved["evil"] = saved.pop("1.bias")
    with pytest.raises(FormatError) as caught:
        load_weights(
            Stack(layers=(Linear(inputs=3, outputs=2), Linear(inputs=2, outputs=1))), saved, "a.glass"
        )
    do = "; take the weights that were saved with this network"
    assert caught.value.problems == (
        "a.glass must have '0.bias', float32 (2,), however: float64 (2,)" + do,
        "a.glass must have '0.weight', float32 (2, 3), however: float32 (3, 2)" + do,
        "a.glass must have '1.bias', float32 (1,), however: there is none" + do,
        "a.glass must have no 'evil', however: float32 (1,)" + do,
    )


def test_nothing_is_allocated_for_an_architecture_that_its_arrays_do_not_fit(monkeypatch):
    devices: list[str] = []
    module_of = building._module_of
    monkeypatch.setattr(
        building, "_module_of", lambda net, device: devices.append(device) or module_of(net, device)
    )
    huge = Stack(layers=(Linear(inputs=2**24, outputs=31),))  # 2 GB of weights, were they made
    with pytest.raises(FormatError, match=r"'0\.weight', float32 \(31, 16777216\), however: there is none"):
        load_weights(huge, {})
    several = Tabular(inputs=2**24, outputs=31, members=1, trunk=(Linear(inputs=2**24, outputs=30),))
    with pytest.raises(FormatError, match=r"'signs', float32 \(16777216,\), however: there is none"):
        load_weights(several, {})
    assert devices == ["meta", "meta"]
    for net in (huge, several):
        assert all(each.is_meta for each in module_of(net, "meta").parameters())


def test_a_described_module_builds_the_same_module():
    assert describe(build(EVERY_LAYER)) == EVERY_LAYER
    hand = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Dropout(0.1), nn.Linear(4, 1, bias=False))
    assert str(build(describe(hand))).replace("ReLU()", "ReLU(inplace=True)") == str(hand)


def test_one_activation_may_stand_in_several_places():
    relu = nn.ReLU()
    found = describe(nn.Sequential(nn.Linear(3, 4), relu, nn.Linear(4, 4), relu))
    assert [each.layer for each in found.layers] == ["linear", "relu", "linear", "relu"]


class Odd(nn.Linear):
    """A Linear that computes something else."""

    def forward(self, x):
        return super().forward(x) ** 2


def hooked() -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].register_forward_hook(lambda module, inputs, output: output * 2)
    return net


def hooked_outside() -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2))
    net.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
    return net


def patched() -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].forward = lambda x: x
    return net


def shared_module() -> nn.Module:
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, layer)


def shared_weight() -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    return net


def with_buffer() -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2))
    net.register_buffer("more", torch.zeros(1))
    return net


def named() -> nn.Module:
    net = nn.Sequential()
    net.add_module("first", nn.Linear(2, 2))
    return net


@pytest.mark.parametrize(
    "net",
    [
        nn.Linear(2, 2),
        nn.Sequential(),
        nn.Sequential(nn.ReLU()),
        nn.Sequential(Odd(2, 2)),
        nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 3)),
        nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU())),
        nn.Sequential(nn.Linear(2, 2), nn.Softmax(1)),
        nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.2)),
        nn.Sequential(nn.Linear(2, 2), nn.GELU("tanh")),
        nn.Sequential(nn.Linear(2, 2), nn.ELU(2.0)),
        nn.Sequential(nn.Linear(2, 2), nn.Softplus(beta=2)),
        nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, eps=1e-3)),
        nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False)),
        nn.Sequential(nn.Linear(2, 2), nn.LayerNorm((2,), bias=False)),
        nn.Sequential(nn.Linear(2, 2), nn.LayerNorm((2, 2))),
        nn.Sequential(nn.Linear(2, 2).double()),
        nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))),
        nn.Sequential(nn.LazyLinear(2)),
        hooked(),
        hooked_outside(),
        patched(),
        shared_module(),
        shared_weight(),
        with_buffer(),
        named(),
    ],
    ids=repr,
)
def test_a_module_that_is_no_stack_is_not_described_as_one(net):
    assert describe(net) is None


def test_a_layer_without_width_is_not_described():
    with pytest.warns(UserWarning, match="zero-element"):
        net = nn.Sequential(nn.Linear(0, 2))
    assert describe(net) is None
