"""The compiled extension, as the type checker sees it."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
LayerParts = tuple[int, int, int, float, float, bool]
ObjectiveParts = tuple[int, float, float, float, bool, float]
OptimizerParts = tuple[int, float, bool, float, float, float, float, float, bool]

def kernel_names() -> list[str]: ...
def empty() -> None: ...
def peak(kernels: str = "auto", seconds: float = 0.05) -> float: ...
def apply(function: str, x: Array, kernels: str) -> Array: ...

class DenseFloat32:
    steps: int
    @property
    def kernels(self) -> str: ...
    def __init__(
        self,
        layers: list[LayerParts],
        objective: ObjectiveParts,
        optimizer: OptimizerParts,
        seed: int,
        kernels: str,
    ) -> None: ...
    def train(
        self, X: Array, y: Array, weight: Array | None, order: Array, sizes: Array, rates: Array
    ) -> float: ...
    def outputs(self, X: Array) -> Array: ...
    def loss(self, X: Array, y: Array, weight: Array | None) -> float: ...
    def gradients(self, X: Array, y: Array, weight: Array | None) -> float: ...
    def worst_gradient_error(self, X: Array, y: Array, step: float) -> float: ...
    def read(self, which: str) -> Array: ...
    def write(self, which: str, numbers: Array) -> None: ...
    def take(self, pairs: list[tuple[Array, Array | None]]) -> None: ...
    def give(self, pairs: list[tuple[Array, Array | None]]) -> None: ...
    def scale_momentum(self, factor: float) -> None: ...

class DenseFloat64(DenseFloat32): ...

def train_many(
    nets: Sequence[DenseFloat32],
    X: Array,
    y: Array,
    weights: Sequence[Array | None],
    orders: Sequence[Array],
    sizes: Array,
    rates: Sequence[Array],
    threads: int,
) -> list[float]: ...
def sentiment_train(
    words: Array,
    times: Array | None,
    starts: Array,
    targets: Array,
    hidden: Array,
    output: Array,
    rate: float,
    scores: Array,
) -> None: ...
def sentiment_scores(
    words: Array, times: Array | None, starts: Array, hidden: Array, output: Array, scores: Array
) -> None: ...
