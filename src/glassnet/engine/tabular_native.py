"""The tabular net in compiled kernels: all members of a batch go through the trunk without Python between.

What it computes is ``glassnet.nets.tabular``; the arithmetic is in ``native/tabular.cpp``. All that is
trained is handed over as flat arrays in the order of the module's parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.engine.dense_checks import check_state
from glassnet.engine.dense_native import MEMORY, layer_parts, objective_parts, optimizer_parts
from glassnet.engine.dense_spec import Array, Layer, Objective, Optimizer
from glassnet.engine.dense_steps import memory_of
from glassnet.nets.spec import Tabular


class NativeTabular:
    """A tabular net in compiled kernels: several members that share a trunk of dense layers.

    Args:
        tabular: members, inputs, numbers and their waves.
        layers: of the trunk, and the output layer of each member; dropout as in ``dense_spec``, where member
            m's row r of a batch of n rows has the place m * n + r.
        average: decay of the moving average of the weights, or 0 for none; see :meth:`exchange_average`.
        dtype: "float32" or "float64".
        seed: of the masks of dropout.
        threads: the most that work at once; the result does not depend on it.
        kernels: see ``NativeNet``.

    Raises:
        ImportError: the extension is not there.
        ValueError: the parts do not fit together, or the processor does not run such kernels.
    """

    def __init__(
        self,
        tabular: Tabular,
        layers: Sequence[Layer],
        objective: Objective,
        optimizer: Optimizer,
        average: float = 0.0,
        dtype: str = "float32",
        seed: int = 0,
        threads: int = 1,
        kernels: str = "auto",
    ) -> None:
        from glassnet import _native

        self.members, self.outputs_each = tabular.members, tabular.outputs
        self.dtype, self.threads = dtype, threads
        self.memory = {name: MEMORY[name] for name in memory_of(optimizer)}
        self.memory |= {"average": "average"} if average else {}
        waves = tabular.periodic
        shape = (
            *(tabular.members, tabular.inputs, list(tabular.numbers)),
            *((waves.frequencies, waves.width) if waves else (0, 0)),
            average,
        )
        kind = _native.TabularFloat32 if dtype == "float32" else _native.TabularFloat64
        parts = [layer_parts(each) for each in layers], objective_parts(objective), optimizer_parts(optimizer)
        self.core = kind(shape, *parts, seed % 2**64, kernels)

    def set_parameters(self, parameters: Sequence[Array]) -> None:
        """Take what is trained, an array for each parameter of the module."""
        self.core.write("values", np.concatenate([each.ravel() for each in parameters]))

    def copy_parameters(self, to: Sequence[Array]) -> bool:
        """Write what is trained into such arrays; say whether all of it is finite."""
        values, start = self.core.read("values"), 0
        for each in to:
            each[...] = values[start : start + each.size].reshape(each.shape)
            start += each.size
        return bool(np.isfinite(values).all())

    def exchange_average(self) -> None:
        """Let the weights and their moving average change places; nothing happens before the first step."""
        self.core.exchange_average()

    def train(
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        sizes: Array,
        rates: Array,
        record: Array | None = None,
    ) -> float:
        """Make one pass over ``order`` in batches; return the mean loss over rows and members, by weight.

        ``record`` gets what :meth:`glassnet.engine.dense_native.NativeNet.train` says.
        """
        return self.core.train(X, y, weight, order, sizes, rates, record, self.threads)

    def outputs(self, X: Array) -> Array:
        """Return what each member answers, without dropout: shape (members, rows, outputs)."""
        return self.core.outputs(X, self.threads).reshape(self.members, len(X), self.outputs_each)

    def state(self) -> dict[str, Any]:
        """Return the step count and copies of the optimiser's memory, the average among it."""
        return {"step": self.core.steps, **{name: self.core.read(own) for name, own in self.memory.items()}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what ``state`` returned.

        Raises:
            RecipeError: it is the state of another net.
        """
        check_state(state, list(self.memory), len(self.core.read("values")))
        self.core.steps = int(state["step"])
        for name, own in self.memory.items():
            self.core.write(own, np.ascontiguousarray(state[name], self.dtype))
