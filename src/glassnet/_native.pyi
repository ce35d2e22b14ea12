"""The compiled extension, as the type checker sees it."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
LayerParts = tuple[int, int, int, float, float, bool]
ObjectiveParts = tuple[int, float, float, float, bool, float]
TabularShape = tuple[int, int, list[int], int, int, float]
OptimizerParts = tuple[int, float, bool, float, float, float, float, float, bool]

def kernel_names() -> list[str]: ...
def empty() -> None: ...
def peak(kernels: str = "auto", seconds: float = 0.05) -> float: ...
def order(words: Array, to: Array) -> None: ...
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
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        sizes: Array,
        rates: Array,
        record: Array | None = None,
    ) -> float: ...
    def outputs(self, X: Array) -> Array: ...
    def loss(self, X: Array, y: Array, weight: Array | None) -> float: ...
    def gradients(self, X: Array, y: Array, weight: Array | None) -> float: ...
    def worst_gradient_error(self, X: Array, y: Array, step: float) -> float: ...
    def read(self, which: str) -> Array: ...
    def write(self, which: str, numbers: Array) -> None: ...
    def take(self, pairs: list[tuple[Array, Array | None]]) -> None: ...
    def give(self, pairs: list[tuple[Array, Array | None]]) -> bool: ...
    def scale_momentum(self, factor: float) -> None: ...

class DenseFloat64(DenseFloat32): ...

class TabularFloat32:
    steps: int
    def __init__(
        self,
        shape: TabularShape,
        layers: list[LayerParts],
        objective: ObjectiveParts,
        optimizer: OptimizerParts,
        seed: int,
        kernels: str,
    ) -> None: ...
    def train(
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        sizes: Array,
        rates: Array,
        record: Array | None,
        threads: int,
    ) -> float: ...
    def outputs(self, X: Array, threads: int) -> Array: ...
    def exchange_average(self) -> None: ...
    def read(self, which: str) -> Array: ...
    def write(self, which: str, numbers: Array) -> None: ...

class TabularFloat64(TabularFloat32): ...

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
def vary_photos(
    photos: Array,
    rows: Array | None,
    columns: Array | None,
    places: Array | None,
    reflect: bool,
    matrices: Array | None,
    offsets: Array | None,
    to: Array,
    threads: int,
) -> None: ...

class TextReader:
    def __init__(
        self,
        words: Array,
        alone: Array,
        folds: Array,
        marks: str,
        ngrams: int,
        bits: int,
        html: bool,
        lower: bool,
        with_marks: bool,
    ) -> None: ...
    def token_keys(self, text: bytes) -> Array: ...
    def spans(self, text: bytes, wanted: Array) -> Array: ...
    def count(
        self, blob: Array, offsets: Array, min_count: int, most: int, threads: int
    ) -> tuple[Array, Array]: ...
    def encode(
        self, columns: TextColumns, blob: Array, offsets: Array, with_counts: bool, threads: int
    ) -> tuple[Array, Array, Array]: ...

def narrow(
    offsets: Array, columns: Array, rows: Array, place: Array | None, threads: int
) -> tuple[Array, Array]: ...

class TextColumns:
    def __init__(self, keys: Array) -> None: ...

class BagSolver:
    def __init__(
        self,
        offsets: Array,
        columns: Array,
        values: Array | None,
        width: int,
        labels: Array,
        weight: Array,
        outputs: int,
        l2: float,
        threads: int,
    ) -> None: ...
    def class_counts(self, weight: Array) -> Array: ...
    def rescale(self, scale: Array) -> None: ...
    def step(self, length: float, products: int, precision: float) -> float: ...
    def read(self) -> tuple[Array, Array]: ...

def class_sums(
    offsets: Array,
    columns: Array,
    values: Array | None,
    width: int,
    labels: Array,
    weight: Array,
    classes: int,
    threads: int,
) -> Array: ...
def sparse_logits(
    offsets: Array, columns: Array, values: Array | None, weights: Array, bias: Array, threads: int
) -> Array: ...
