"""Too simple, right, too complex: the complexity graph, sparse against even weights, dropout step by step.

Underfitting: the network is too simple, both errors are high. Overfitting: it has learned the noise of the
training rows too, so their error is low and that of others is high. Source: Goodfellow, Bengio and Courville
2016, sections 5.2 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet.errors import RecipeError, message
from glassnet.randomness import stream
from glassnet.reference.activations import Floats
from glassnet.reference.dense import Layer, random_layers
from glassnet.reference.optimizers import SGD, Adam
from glassnet.reference.regularisers import dropout_mask
from glassnet.reference.training import Run, fit

Set = tuple[Floats, Floats]


def noisy_curve(rows: int = 40, *, noise: float = 0.3, seed: int = 0) -> tuple[Set, Set]:
    """Return two sets of points near one sine wave, to train on and to validate: (x (n, 1), y (n,)) each."""
    rng = stream(seed, "curve")
    x = rng.uniform(-1.0, 1.0, (2, rows, 1))
    y = np.sin(np.pi * x[..., 0]) + noise * rng.normal(size=(2, rows))
    return (x[0], y[0]), (x[1], y[1])


@dataclass(frozen=True)
class ComplexityGraph:
    """Training and validation error against something that grows; ``best`` is where validation is lowest."""

    what: str
    values: list[int]
    train: list[float]
    validation: list[float]

    @property
    def best(self) -> int:
        """The value with the lowest validation error."""
        return self.values[int(np.argmin(self.validation))]

    def __str__(self) -> str:
        lines = [f"{self.what:>12} {'train':>9} {'validation':>11}"]
        for value, train, held in zip(self.values, self.train, self.validation, strict=True):
            fit_is = "right" if value == self.best else "underfitting" if value < self.best else "overfitting"
            lines.append(f"{value:12d} {train:9.4f} {held:11.4f}  {fit_is}")
        return "\n".join(lines)


def complexity_graph(
    units: Sequence[int] = (1, 2, 4, 16, 64),
    train: Set | None = None,
    validation: Set | None = None,
    *,
    epochs: int = 3000,
    seed: int = 0,
) -> ComplexityGraph:
    """Train one network for each number of hidden units, all equally long: complexity by size.

    Args:
        train, validation: (x, y); without them a noisy sine wave.
    """
    own = noisy_curve(12, seed=seed)
    (X, y), held_out = train or own[0], validation or own[1]
    runs = [
        fit(
            random_layers([X.shape[1], count, 1], "tanh", seed=seed), X, y,
            loss="mse", optimizer=Adam(lr=0.01), epochs=epochs, validation=held_out,
        )
        for count in sorted(units)
    ]  # fmt: skip
    last = [run.validation_losses[-1] for run in runs]
    return ComplexityGraph("hidden units", sorted(units), [run.losses[-1] for run in runs], last)


def epoch_graph(run: Run, every: int = 1) -> ComplexityGraph:
    """Return the graph of one run with validation rows: complexity by epochs.

    Its lowest point is where early stopping takes the weights from: ``fit(..., patience=20)`` ends 20 epochs
    after it and hands back the weights of that epoch.
    """
    shown = sorted({*range(1, len(run.losses) + 1, every), run.best_epoch, len(run.losses)})
    train = [run.losses[epoch - 1] for epoch in shown]
    return ComplexityGraph("epoch", shown, train, [run.validation_losses[epoch - 1] for epoch in shown])


@dataclass(frozen=True)
class SparseAndEven:
    """One linear model on the same rows without a penalty, with L1 and with L2. Shapes: (inputs,)."""

    plain: Floats
    l1: Floats
    l2: Floats

    def __str__(self) -> str:
        lines = ["weight      plain        L1        L2"]
        for k, row in enumerate(zip(self.plain, self.l1, self.l2, strict=True), start=1):
            lines.append(f"{'w' + str(k):6s} " + " ".join(f"{each:9.3f}" for each in row))
        counts = [int((np.abs(w) < 0.01).sum()) for w in (self.plain, self.l1, self.l2)]
        lines.append("near 0 " + " ".join(f"{count:9d}" for count in counts))
        return "\n".join(lines)


def sparse_and_even(
    X: Floats | None = None, y: Floats | None = None, *, l1: float = 0.2, l2: float = 0.2, epochs: int = 3000
) -> SparseAndEven:
    """Show on the same rows that L1 picks inputs and L2 spreads the weight.

    Without X and y: eight inputs. The first two say almost the same thing, so that the weights (1, 0) and
    (0.5, 0.5) fit almost equally well; the third matters too, the other five are noise. L1 comes near (1, 0)
    and leaves the noise out, L2 comes near (0.5, 0.5) and keeps a little of everything. The rate shrinks to
    0, because the pull of L1, as strong near 0 as elsewhere, makes steps of one size overshoot for ever.
    """
    if X is None or y is None:
        X, y = twin_inputs()

    def weights(l1: float, l2: float) -> Floats:
        layers = [Layer(np.zeros((X.shape[1], 1)), np.zeros(1))]
        run = fit(
            layers, X, y, loss="mse", optimizer=SGD(lr=0.05), epochs=epochs,
            l1=l1, l2=l2, schedule=lambda step: 1.0 - step / epochs,
        )  # fmt: skip
        return run.layers[0].W[:, 0]

    return SparseAndEven(weights(0.0, 0.0), weights(l1, 0.0), weights(0.0, l2))


def twin_inputs(rows: int = 100, seed: int = 0) -> Set:
    """Return rows with eight inputs: two twins, of which the second is a little smaller, one more that
    matters, five of noise. y is half from each twin, and the third."""
    rng = stream(seed, "twins")
    X = rng.normal(size=(rows, 8))
    X[:, 1] = 0.9 * X[:, 0] + 0.1 * X[:, 1]
    return X, 0.5 * X[:, 0] + 0.55 * X[:, 1] + X[:, 2] + 0.1 * rng.normal(size=rows)


@dataclass(frozen=True)
class DropoutSteps:
    """``on[t, j]`` says whether unit j is on in step t; ``sums[t]`` is what the next unit then adds up.

    ``whole`` is the sum with all units on, as it is in use. Shapes: (steps, units), (steps,).
    """

    on: Floats
    sums: Floats
    whole: float

    def __str__(self) -> str:
        lines = ["step   sum   units that are on"]
        for t, (row, total) in enumerate(zip(self.on[:8], self.sums, strict=False), start=1):
            lines.append(f"{t:4d} {total:6.2f}  {' '.join('#' if each else '.' for each in row)}")
        lines.append(f"mean {self.sums.mean():6.2f}  of {len(self.sums)} steps")
        lines.append(
            f"used {self.whole:6.2f}  {' '.join('#' for _ in self.on[0])}  all of them, without dropout"
        )
        return "\n".join(lines)


def dropout_steps(a: Floats, w: Floats, dropout: float, steps: int = 1000, *, seed: int = 0) -> DropoutSteps:
    """Show which units are off in each step, and that their sum is right on average.

    Args:
        a: what the units say, shape (units,).
        w: the weights of the unit that adds them up, shape (units,).
        dropout: the chance of each unit to be off in a step, from 0 and below 1.

    Raises:
        RecipeError: a, w or dropout are wrong.
    """
    if a.ndim != 1 or a.shape != w.shape or not len(a):
        must, found = "a and w must have one number for each unit", f"shapes {a.shape} and {w.shape}"
        raise RecipeError(message(must, found, "pass two lists of the same length as arrays"))
    masks = np.vstack([dropout_mask(1, len(a), dropout, seed=seed, step=t) for t in range(1, steps + 1)])
    return DropoutSteps((masks > 0).astype(float), (masks * a) @ w, float(a @ w))
