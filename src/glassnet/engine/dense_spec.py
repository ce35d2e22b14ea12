"""What a dense net is made of, whichever engine runs it: layers, objective, optimiser, masks of dropout.

These records say what is trained and nothing of how. ``dense_net`` in ``dense.py`` makes a net of them. Every
engine computes the same numbers, the masks of dropout included, which are a pure function of
(seed, step, layer, unit, row).

Shapes: X (n, inputs) and, for class ids, y int64 (n,), otherwise y (n, outputs); weight of rows (n,); the
weights of a layer (outputs, inputs), its bias (outputs,), as in ``torch.nn.Linear``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import RecipeError, did_you_mean, message

Array = NDArray[Any]
Parameters = list[tuple[Array, Array | None]]
"""Weight (outputs, inputs) and bias (outputs,) or None of each layer."""

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "silu")
LOSSES = ("mse", "mae", "binary_cross_entropy", "cross_entropy", "poisson")
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")


@dataclass(frozen=True)
class Layer:
    """Dropout on the layer's inputs, then x W^T + b, then the activation.

    Attributes:
        inputs, outputs: units before and of this layer, from 1.
        activation: one of ``ACTIVATIONS``.
        slope: of leaky_relu below 0.
        dropout: probability with which each input is set to 0 in training; the others are divided by 1 - p.
        bias: whether there is one.

    Raises:
        RecipeError: a value is not one of these; all are named.
    """

    inputs: int
    outputs: int
    activation: str = "identity"
    slope: float = 0.01
    dropout: float = 0.0
    bias: bool = True

    def __post_init__(self) -> None:
        problems = [
            *_wrong_number("inputs", self.inputs, 1, whole=True),
            *_wrong_number("outputs", self.outputs, 1, whole=True),
            *_wrong_name("activation", self.activation, ACTIVATIONS),
            *_wrong_number("slope", self.slope, -math.inf),
            *_wrong_number("dropout", self.dropout, 0, below=1),
        ]
        if problems:
            raise RecipeError(problems)


@dataclass(frozen=True)
class Objective:
    """What the gradient descends: a loss, its scale, penalties and the limit of the gradient.

    A batch's loss is scale * sum(w * loss of the row) / sum(w), where the loss of a row is the mean over its
    outputs. binary_cross_entropy, cross_entropy and poisson take the outputs as logits or logarithms.

    Attributes:
        loss: one of ``LOSSES``.
        scale: multiplies loss and gradient.
        l1, l2: l1 * |w| + l2 / 2 * w^2 for each weight, biases excepted; in the gradient, not in the loss.
        l2_per_batch: divide l2 by the sum of the weights of the batch's rows.
        clip: limit of the Euclidean norm of all gradients together, penalties included.

    Raises:
        RecipeError: a value is not one of these; all are named.
    """

    loss: str
    scale: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    l2_per_batch: bool = False
    clip: float | None = None

    def __post_init__(self) -> None:
        problems = [
            *_wrong_name("loss", self.loss, LOSSES),
            *_wrong_number("scale", self.scale, 0, open_start=True),
            *_wrong_number("l1", self.l1, 0),
            *_wrong_number("l2", self.l2, 0),
            *([] if self.clip is None else _wrong_number("clip", self.clip, 0, open_start=True)),
        ]
        if problems:
            raise RecipeError(problems)


@dataclass(frozen=True)
class Optimizer:
    """How a gradient becomes an update: exactly torch's definition of the optimiser of that name.

    Attributes:
        name: one of ``OPTIMIZERS``.
        momentum: of sgd and rmsprop.
        nesterov: of sgd.
        betas, eps: of adam and adamw; eps of rmsprop too.
        alpha: smoothing of rmsprop.
        weight_decay: decoupled in adamw, otherwise added to the gradient; of biases too.
        eps_corrected: of adam: eps beside the corrected root, as in torch. False: beside the root itself, as
            in section 2 of Kingma and Ba (2014) and in scikit-learn.

    Raises:
        RecipeError: a value is not one of these; all are named.
    """

    name: str = "sgd"
    momentum: float = 0.0
    nesterov: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    alpha: float = 0.99
    weight_decay: float = 0.0
    eps_corrected: bool = True

    def __post_init__(self) -> None:
        problems = [
            *_wrong_name("optimizer", self.name, OPTIMIZERS),
            *_wrong_number("momentum", self.momentum, 0),
            *[each for beta in self.betas for each in _wrong_number("betas", beta, 0, below=1)],
            *_wrong_number("eps", self.eps, 0),
            *_wrong_number("alpha", self.alpha, 0),
            *_wrong_number("weight_decay", self.weight_decay, 0),
            *self._not_its_own(),
        ]
        if problems:
            raise RecipeError(problems)

    def _not_its_own(self) -> list[str]:
        """Name the settings that are given to an optimiser without them: they would do nothing."""
        owners = {
            "momentum": ("sgd", "rmsprop"),
            "nesterov": ("sgd",),
            "betas": ("adam", "adamw"),
            "eps": ("adam", "adamw", "rmsprop"),
            "alpha": ("rmsprop",),
            "eps_corrected": ("adam", "adamw"),
        }
        default = {field.name: field.default for field in fields(self)}
        return [
            message(
                f"{name} is a setting of {' and '.join(owned_by)}",
                f"optimizer={self.name!r}, {name}={getattr(self, name)!r}",
                "leave it out, or choose another optimizer",
            )
            for name, owned_by in owners.items()
            if getattr(self, name) != default[name] and self.name not in owned_by
        ]


class DenseNet(Protocol):
    """A dense net on one engine; X, y and weights of rows in the net's own dtype, C order.

    ``engine`` says which one runs it: "native" or "numpy".
    """

    engine: str
    dtype: str

    def set_parameters(self, parameters: Parameters) -> None:
        """Take weights and biases, one pair for each layer."""

    def parameters(self) -> Parameters:
        """Return copies of weights and biases."""

    def copy_parameters(self, to: Parameters) -> bool:
        """Write weights and biases into arrays of that shape, of the net's dtype and in C order.

        Returns:
            Whether all are finite.
        """

    def train(
        self, X: Array, y: Array, weight: Array | None, order: Array, sizes: Array, rates: Array
    ) -> float:
        """Make one pass and return its weighted mean loss, each batch's loss being from before its update.

        Args:
            order: the rows, int64; the first batch is order[:sizes[0]], and so on.
            sizes: rows of each batch, int64.
            rates: the learning rate of each batch, float64.
        """

    def outputs(self, X: Array) -> Array:
        """Return the last layer's outputs, shape (n, outputs): logits, without dropout."""

    def loss(self, X: Array, y: Array, weight: Array | None = None) -> float:
        """Return the loss without dropout and penalties."""

    def loss_and_gradients(self, X: Array, y: Array, weight: Array | None = None) -> tuple[float, Parameters]:
        """Return the loss and its gradients, without dropout and penalties."""

    def state(self) -> dict[str, Any]:
        """Return the number of updates made, "step", and the optimiser's memory.

        Memory is flat arrays: all weights, layer by layer and row by row, then all biases. sgd has
        "momentum"; adam and adamw have "mean" and "square"; rmsprop has "square" and "momentum".
        """

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what ``state`` returned."""

    def scale_momentum(self, factor: float) -> None:
        """Multiply the momentum, for rules that keep the learning rate inside the velocity."""


def check_net(layers: Sequence[Layer], objective: Objective, dtype: str, seed: int) -> None:
    """Check what the records cannot see one by one.

    Raises:
        RecipeError: layers do not follow each other, the loss does not suit the outputs, dtype or seed is
            unknown; all are named.
    """
    problems = _wrong_name("dtype", dtype, ("float32", "float64"))
    problems += _wrong_number("seed", seed, 0, whole=True)
    if not layers:
        problems.append(message("a net needs a layer", "there is none", "pass a list of Layer"))
    for at, (one, following) in enumerate(pairwise(layers), start=1):
        if one.outputs != following.inputs:
            must = f"layer {at} must take the {one.outputs} units of layer {at - 1}"
            problems.append(message(must, f"inputs={following.inputs}", f"write inputs={one.outputs}"))
    if layers and objective.loss == "cross_entropy" and layers[-1].outputs < 2:
        found = f"the last layer has {layers[-1].outputs}"
        do = "use binary_cross_entropy for two classes with one output"
        problems.append(message("cross_entropy needs an output for each class, 2 or more", found, do))
    if problems:
        raise RecipeError(problems)


def dropout_mask(seed: int, step: int, layer: int, units: int, rows: int, p: float) -> NDArray[np.bool_]:
    """Return which inputs of a layer are kept, shape (units, rows): the same on every engine.

    Each input gets a hash of seed, step, layer, unit and row, all 32 bits of it as good as random, and is
    dropped where it is below p * 2^32. (The hash is "triple32", the search for which is in Wellons 2018,
    "Prospecting for hash functions"; the keys come from SplitMix64, Steele, Lea and Flood 2014.)

    Args:
        step: updates made before this one.
        layer: its index from 0.
        rows: those of the batch; a row is known by its place in it.
    """
    key = seed & _ALL_64
    for number in (step, layer):
        key = _splitmix(key ^ ((number + 1) * _GOLDEN_64 & _ALL_64))
    unit_keys = _mix(np.arange(units, dtype=np.uint32) + np.uint32(key & _ALL_32)) ^ np.uint32(key >> 32)
    row_keys = np.arange(rows, dtype=np.uint32) * np.uint32(0x9E3779B9)
    hashes = _mix(row_keys[None, :] ^ unit_keys[:, None])
    return np.asarray(hashes >= np.uint32(math.floor(p * 2.0**32)))


_ALL_32, _ALL_64 = 2**32 - 1, 2**64 - 1
_GOLDEN_64 = 0x9E3779B97F4A7C15


def _splitmix(z: int) -> int:
    z = z + _GOLDEN_64 & _ALL_64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _ALL_64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _ALL_64
    return z ^ z >> 31


def _mix(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    for shift, factor in ((17, 0xED5AD4BB), (11, 0xAC4C1B51), (15, 0x31848BAB)):
        x = (x ^ x >> np.uint32(shift)) * np.uint32(factor)
    return x ^ x >> np.uint32(14)


def _wrong_name(what: str, name: object, known: Sequence[str]) -> list[str]:
    if name in known:
        return []
    must = f"{what} must be a name that is known"
    return [message(must, f"{what}={name!r}", did_you_mean(str(name), known))]


def _wrong_number(
    name: str,
    value: Any,
    start: float,
    *,
    below: float = math.inf,
    open_start: bool = False,
    whole: bool = False,
) -> list[str]:
    """Say where a number is not one, not finite or out of its range; start itself counts unless open."""
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    is_number = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if is_number and (start < value if open_start else start <= value) and value < below:
        return []
    what = "a whole number" if whole else "a number"
    limits = {math.inf: f"above {start:g}" if open_start else f"from {start:g}"}
    limit = limits.get(below, f"from {start:g} to below {below:g}") if start > -math.inf else "that is finite"
    do = "choose one within its range"
    return [message(f"{name} must be {what} {limit}", f"{name}={value!r}", do)]
