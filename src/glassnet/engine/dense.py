"""Dense nets below torch: one face, and an engine behind it.

    net = dense_net([Layer(56, 20, "sigmoid"), Layer(20, 1)], Objective("mse"), Optimizer("sgd"))
    net.set_parameters([(W1, b1), (W2, b2)])
    loss = net.train(X, y, None, order, sizes, rates)      # one pass over the rows

``net.engine`` says which engine it is: "native", the compiled kernels, or "numpy", whose numbers are the
same. Importing this module imports NumPy and nothing heavier.
"""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.engine.dense_native import NativeNet, train_natively
from glassnet.engine.dense_numpy import NumpyNet
from glassnet.engine.dense_spec import (
    ACTIVATIONS,
    LOSSES,
    OPTIMIZERS,
    Array,
    DenseNet,
    Layer,
    Objective,
    Optimizer,
    Parameters,
    dropout_mask,
)
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.native_status import native_status

__all__ = [
    "ACTIVATIONS",
    "ENGINES",
    "LOSSES",
    "OPTIMIZERS",
    "Array",
    "DenseNet",
    "Layer",
    "NativeNet",
    "Objective",
    "Optimizer",
    "Parameters",
    "dense_net",
    "dropout_mask",
    "train_many",
]

ENGINES = ("auto", "native", "numpy")


def dense_net(
    layers: Sequence[Layer],
    objective: Objective,
    optimizer: Optimizer,
    dtype: str = "float32",
    seed: int = 0,
    engine: str = "auto",
) -> DenseNet:
    """Return a net with weights of 0, to be given others with ``set_parameters``.

    Args:
        dtype: "float32" or "float64": of weights, rows and sums.
        seed: of the masks of dropout.
        engine: "native", "numpy", or "auto" for the fastest that is there.

    Raises:
        RecipeError: the parts do not fit together, or the engine is not there.
    """
    if engine not in ENGINES:
        must = "engine must be a name that is known"
        raise RecipeError(message(must, f"engine={engine!r}", did_you_mean(engine, ENGINES)))
    status = native_status()
    if engine == "native" and not status.available:
        do = "use engine='auto', or see glassnet info for how to get it"
        raise RecipeError(message("engine='native' needs the compiled extension", "it is missing", do))
    if engine == "numpy" or not status.available:
        return NumpyNet(layers, objective, optimizer, dtype, seed)
    return NativeNet(layers, objective, optimizer, dtype, seed)


def train_many(
    nets: Sequence[DenseNet],
    X: Array,
    y: Array,
    weights: Sequence[Array | None],
    orders: Sequence[Array],
    sizes: Array,
    rates: Sequence[Array],
    threads: int = 1,
) -> list[float]:
    """Make one pass of each net over the same rows and return their losses, as ``train`` of each alone.

    Native nets run ``threads`` at a time, NumPy's one after the other: their products are too small to let go
    of the interpreter.

    Args:
        weights, orders, rates: those of each net.
        sizes: rows of each batch, the same for all.
        threads: how many nets may run at once.
    """
    native = [net for net in nets if isinstance(net, NativeNet)]
    if len(native) == len(nets):
        return train_natively(native, X, y, weights, orders, sizes, rates, threads)
    return [
        net.train(X, y, weight, order, sizes, rate)
        for net, weight, order, rate in zip(nets, weights, orders, rates, strict=True)
    ]
