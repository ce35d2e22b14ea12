"""Architectures as torch modules, and back: build with an initialisation by name, load weights, describe.

>>> from glassnet.nets.dense import dense_stack
>>> from glassnet.notation import parse_net
>>> stack = dense_stack(56, 1, parse_net("20:sigmoid"))
>>> net = build(stack, init="1/sqrt(n)", seed=0)
>>> net(torch.zeros(128, 56)).shape
torch.Size([128, 1])
>>> describe(net) == stack
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from glassnet.errors import FormatError, message
from glassnet.nets import spec
from glassnet.nets.activations import ACTIVATIONS
from glassnet.nets.convolution import LeNetwork, Photo
from glassnet.nets.photo_spec import LeNet, PhotoNet, Published
from glassnet.nets.pretrained import architecture as published
from glassnet.nets.recurrent import RecurrentNet
from glassnet.nets.tabular import BatchedLinear, ByteDropout, TabularNet
from glassnet.randomness import torch_seeded
from glassnet.recipe import InitName

Built = spec.Stack | spec.Tabular | spec.Recurrent | PhotoNet | LeNet | Published
"""What Glassnet builds itself, weights and all, from the description alone."""

# What torch lets one change, and the value at which a layer is the listed one.
_CONSTANTS: dict[type[nn.Module], dict[str, object]] = {
    nn.LeakyReLU: {"negative_slope": 0.01},
    nn.GELU: {"approximate": "none"},
    nn.ELU: {"alpha": 1.0},
    nn.Softplus: {"beta": 1.0, "threshold": 20.0},
    nn.BatchNorm1d: {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True},
    nn.LayerNorm: {"eps": 1e-5, "elementwise_affine": True},
}


def _fill_scaled(weight: torch.Tensor) -> torch.Tensor:
    bound = 1 / math.sqrt(weight.shape[1])
    return nn.init.uniform_(weight, -bound, bound)


# Weights of shape (outputs, inputs); n is the number of inputs. See build().
_FILLS: dict[InitName, Callable[[torch.Tensor], torch.Tensor]] = {
    "zeros": nn.init.zeros_,
    "ones": nn.init.ones_,
    "uniform": lambda weight: nn.init.uniform_(weight, -0.5, 0.5),
    "normal": lambda weight: nn.init.normal_(weight, 0.0, 0.1),
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "1/sqrt(n)": _fill_scaled,
}


def _refill(layer: nn.Module, fill: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Draw the weights of one linear layer, of each of a batch by itself, and set its biases to 0."""
    if isinstance(layer, nn.Linear):
        fill(layer.weight)
    elif isinstance(layer, BatchedLinear):
        for each in layer.weight.detach():
            fill(each.T)
    if isinstance(layer, nn.Linear | BatchedLinear) and layer.bias is not None:
        nn.init.zeros_(layer.bias)


def build(architecture: Built, init: InitName = "default", seed: int = 0) -> nn.Module:
    """Build an architecture in float32 on the CPU, in training mode. No global state is changed.

    The weights of linear layers from n inputs to m outputs are drawn as ``init`` says:

    ================  ==============================================================================
    default           torch's own: weights and biases U(-1/sqrt(n), 1/sqrt(n))
    zeros, ones       all the same: every unit of a layer then learns the same thing
    uniform           U(-0.5, 0.5)
    normal            N(0, 0.1), 0.1 being the standard deviation
    xavier_uniform    U(-b, b) with b = sqrt(6 / (n + m)) (Glorot and Bengio 2010, eq. 16)
    xavier_normal     N(0, sqrt(2 / (n + m)))
    kaiming_uniform   U(-b, b) with b = sqrt(6 / n), for ReLU (He et al. 2015, eq. 10)
    kaiming_normal    N(0, sqrt(2 / n))
    1/sqrt(n)         U(-1/sqrt(n), 1/sqrt(n))
    ================  ==============================================================================

    With any but ``default`` biases start at 0. Norm layers start at scale 1 and shift 0. Each layer of a
    batch is drawn by itself.

    Args:
        architecture: what to build.
        init: name of the initialisation.
        seed: 0 or above; the same seed gives the same weights, to the bit.
    """
    with torch_seeded(seed, "weights"):
        net = _module_of(architecture, "cpu")
        if init != "default":
            for each in net.modules():
                _refill(each, _FILLS[init])
    return net


def load_weights(
    architecture: Built, arrays: Mapping[str, NDArray[Any]], name: str = "the network"
) -> nn.Module:
    """Build an architecture with given weights, in training mode: ``"0.weight"`` is a stack's first layer's.

    Names, shapes and dtypes are checked before a tensor is made; the arrays are copied. ``name`` says in
    messages whose weights they are, e.g. ``"rides.glass"``.

    Raises:
        FormatError: an array is missing, surplus, or of another shape or dtype; all of them are named.
    """
    net = _module_of(architecture, "meta")
    expected = {key: _kind(each) for key, each in net.state_dict().items()}
    found = {key: f"{each.dtype.name} {each.shape}" for key, each in arrays.items()}
    wrong = [key for key in sorted(expected.keys() | found.keys()) if expected.get(key) != found.get(key)]
    if wrong:
        raise FormatError([_weight_problem(name, key, expected.get(key), found.get(key)) for key in wrong])
    tensors = {key: torch.from_numpy(np.array(each, order="C")) for key, each in arrays.items()}
    net.load_state_dict(tensors, assign=True)
    return net


def describe(module: nn.Module) -> spec.Stack | None:
    """Return the stack that is this module, or None where no stack is exactly it.

    A stack is a ``torch.nn.Sequential`` of listed layers in float32, of those exact types and with
    torch's own constants, numbered names, no hooks, no parametrisations, no weights shared, nothing added.
    """
    if type(module) is not nn.Sequential or _altered(module):
        return None
    try:
        layers = [_layer(each) for each in module]
        stack = spec.Stack(layers=tuple(each for each in layers if each is not None))
    except ValueError:  # a width, a probability or a size that the schema does not have
        return None
    if len(stack.layers) != len(layers) or _shares_parameters(module):
        return None
    plain = {name: _kind(each) for name, each in _modules(stack.layers, "meta").state_dict().items()}
    return stack if plain == {name: _kind(each) for name, each in module.state_dict().items()} else None


def _module_of(architecture: Built, device: str) -> nn.Module:
    if isinstance(architecture, spec.Tabular):
        trunk = [
            ByteDropout(each.p) if isinstance(each, spec.Dropout) else _module(each, device)
            for each in architecture.trunk
        ]
        return TabularNet(architecture, nn.Sequential(*trunk), device)
    if isinstance(architecture, spec.Recurrent):
        return RecurrentNet(architecture, device)
    if isinstance(architecture, PhotoNet):
        return Photo(architecture, device)
    if isinstance(architecture, LeNet):
        return LeNetwork(architecture, device)
    if isinstance(architecture, Published):
        with torch.device(device):
            return published(architecture.name, architecture.outputs)
    return _modules(architecture.layers, device)


def _modules(layers: tuple[spec.Layer, ...], device: str) -> nn.Sequential:
    return nn.Sequential(*(_module(each, device) for each in layers))


def _module(layer: spec.Layer, device: str) -> nn.Module:
    if isinstance(layer, spec.Linear):
        return nn.Linear(layer.inputs, layer.outputs, layer.bias, device=device, dtype=torch.float32)
    if isinstance(layer, spec.BatchNorm):
        return nn.BatchNorm1d(layer.features, device=device, dtype=torch.float32)
    if isinstance(layer, spec.LayerNorm):
        return nn.LayerNorm(layer.features, device=device, dtype=torch.float32)
    if isinstance(layer, spec.Dropout):
        return nn.Dropout(layer.p)
    return ACTIVATIONS[layer.layer]()


def _layer(module: nn.Module) -> spec.Layer | None:
    """Return the listed layer that a module is; None for any other."""
    kind = type(module)
    if _altered(module) or any(
        getattr(module, name) != value for name, value in _CONSTANTS.get(kind, {}).items()
    ):
        return None
    if isinstance(module, nn.Linear) and kind is nn.Linear:
        return spec.Linear(
            inputs=module.in_features, outputs=module.out_features, bias=module.bias is not None
        )
    if isinstance(module, nn.BatchNorm1d) and kind is nn.BatchNorm1d:
        return spec.BatchNorm(features=module.num_features)
    if isinstance(module, nn.LayerNorm) and kind is nn.LayerNorm and len(module.normalized_shape) == 1:
        return spec.LayerNorm(features=module.normalized_shape[0])
    if isinstance(module, nn.Dropout) and kind is nn.Dropout:
        return spec.Dropout(p=module.p)
    name = next((name for name, each in ACTIVATIONS.items() if each is kind), None)
    return spec.Activation(layer=name) if name else None


def _altered(module: nn.Module) -> bool:
    """Whether hooks, or a forward of its own, make a module another than its class says."""
    attributes = vars(module)
    return "forward" in attributes or any(attributes[name] for name in attributes if name.endswith("_hooks"))


def _shares_parameters(module: nn.Module) -> bool:
    parameters = [id(each) for _, each in module.named_parameters(remove_duplicate=False)]
    return len(set(parameters)) < len(parameters)


def _kind(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _weight_problem(name: str, key: str, expected: str | None, found: str | None) -> str:
    must = f"{name} must have {key!r}, {expected}" if expected else f"{name} must have no {key!r}"
    return message(must, found or "there is none", "take the weights that were saved with this network")
