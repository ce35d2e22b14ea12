"""The networks that are trained, each with its data: sizes, batch, activation, optimiser."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
RATES = {"sgd": 0.01, "adam": 0.001}

_IN_AN_EPOCH = 4_000_000_000
"""About how many multiply-adds an epoch has, where its steps are few."""
_LEAST_STEPS, _MOST_ROWS = 4, 1 << 17
"""What comes once an epoch (a new order of the rows, weights that are kept) is shared by several steps."""
_TELLING = 8
"""So many of the inputs say something of the target."""


@dataclass(frozen=True)
class Workload:
    """One net and how it is trained.

    Attributes:
        sizes: numbers of units, inputs first. One output is trained on the mean square, several on the
            cross-entropy of classes.
        activation: of the hidden layers, "sigmoid" or "relu".
        dropout: behind each hidden layer.
    """

    sizes: tuple[int, ...]
    batch: int
    activation: str = "relu"
    optimizer: str = "adam"
    dropout: float = 0.0

    @property
    def name(self) -> str:
        """What the figures stand under: ``56-20-1 sigmoid, batch 128, sgd``."""
        sizes = "-".join(map(str, self.sizes))
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        return f"{sizes} {self.activation}, batch {self.batch}, {self.optimizer}{dropout}"

    @property
    def loss(self) -> str:
        """The loss by its name in ``gn.fit``."""
        return "mse" if self.sizes[-1] == 1 else "cross_entropy"

    @property
    def learning_rate(self) -> float:
        """The usual one of the optimiser."""
        return RATES[self.optimizer]

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one step: forward, gradient of the weights, gradient of the hidden units."""
        products = [inputs * outputs for inputs, outputs in pairwise(self.sizes)]
        return self.batch * (3 * sum(products) - products[0])

    @property
    def steps_per_epoch(self) -> int:
        """Few where a step is much work or many rows; otherwise 120 as in bike sharing, or 1,024 rows."""
        steps = min(
            _IN_AN_EPOCH // self.multiply_adds, max(120, 1024 // self.batch), _MOST_ROWS // self.batch
        )
        return max(_LEAST_STEPS, steps)

    @property
    def rows(self) -> int:
        """Rows of the data: whole batches."""
        return self.batch * self.steps_per_epoch


@dataclass(frozen=True)
class Problem:
    """A workload with its rows and the weights that everybody starts from.

    Shapes: X (rows, inputs) float32; y (rows, 1) float32, or classes (rows,) int64; start: for each layer
    weight (outputs, inputs) and bias (outputs,), float32.
    """

    workload: Workload
    X: Floats
    y: NDArray[np.float32] | NDArray[np.int64]
    start: list[tuple[Floats, Floats]] = field(repr=False)


def problem(workload: Workload, rows: int | None = None) -> Problem:
    """Make up rows that a net can learn, so that gradients stay what they are in real trainings."""
    chance = np.random.default_rng(0)
    count, (inputs, *_, outputs) = rows or workload.rows, workload.sizes
    X = chance.standard_normal((count, inputs), dtype=np.float32)
    teacher = chance.standard_normal((min(inputs, _TELLING), outputs), dtype=np.float32)
    noise = chance.standard_normal((count, outputs), dtype=np.float32)
    scores = X[:, :_TELLING] @ teacher + noise
    y = scores if workload.loss == "mse" else scores.argmax(axis=1).astype(np.int64)
    return Problem(workload, X, y, [_layer(chance, *pair) for pair in pairwise(workload.sizes)])


def _layer(chance: np.random.Generator, inputs: int, outputs: int) -> tuple[Floats, Floats]:
    """Draw a layer as torch does: uniform up to 1 / sqrt(inputs)."""
    limit = inputs**-0.5
    weight, bias = chance.uniform(-limit, limit, (outputs, inputs)), chance.uniform(-limit, limit, outputs)
    return weight.astype(np.float32), bias.astype(np.float32)


NAMED = (
    Workload((56, 20, 1), 128, "sigmoid", "sgd"),
    Workload((56, 20, 1), 128, "sigmoid", "adam", dropout=0.2),
    Workload((13, 64, 64, 1), 64),
    Workload((64, 128, 128, 10), 128),
    Workload((64, 256, 256, 10), 256),
    Workload((784, 512, 512, 10), 128),
)

_SHAPES = (
    (2, 2, 1),
    (8, 8, 8, 1),
    (13, 32, 32, 1),
    (64, 64, 64, 10),
    (128, 128, 128, 10),
    (256, 256, 256, 10),
    (512, 512, 512, 10),
    (1024, 1024, 1024, 10),
)
_BATCHES = (1, 8, 64, 512, 4096)
_DEPTHS = (1, 2, 3, 4, 5)

GRID = tuple(
    dict.fromkeys(
        [
            *(Workload(sizes, batch) for sizes in _SHAPES for batch in _BATCHES),
            *(
                Workload((32, *depth * (width,), 10), batch)
                for width in (16, 64, 256)
                for depth in _DEPTHS
                for batch in (32, 256)
            ),
        ]
    )
)
"""From 2-2-1 to 1024-1024-1024-10, batches of 1 to 4,096 rows, one to five hidden layers."""
