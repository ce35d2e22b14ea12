"""Training: epochs, batches, steps, early stopping, and starting again.

    row      one example
    batch    the rows that one step looks at
    step     forward, backward and update on one batch
    epoch    every row once; so rows / batch_size steps

(The course calls the steps epochs where it speaks of batches. 24 points in batches of 6 are 4 steps, and
these 4 steps are *one* epoch.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import NonFiniteLoss, RecipeError, message
from glassnet.randomness import epoch_order
from glassnet.reference.activations import Floats
from glassnet.reference.arrays import numbers
from glassnet.reference.dense import (
    Layer,
    checked_inputs,
    checked_layers,
    forward,
    gradients,
    random_layers,
    with_parameters,
)
from glassnet.reference.limits import wrong_count, wrong_number
from glassnet.reference.losses import checked_target, loss_value, wrong_loss
from glassnet.reference.optimizers import Memory, Optimizer
from glassnet.reference.regularisers import Mask, clip_gradients, dropout_mask, penalty_gradient

Masks = Callable[[int, int], Sequence[Mask]]
"""masks(step, rows) -> one mask for each layer, or None where that layer has no dropout."""


def _wrong_rule(optimizer: object) -> list[str]:
    if isinstance(optimizer, Optimizer):
        return []
    found, do = f"optimizer={optimizer!r}", "write for example optimizer=SGD(lr=0.1)"
    return [message("optimizer must be SGD, RMSprop, Adam or AdamW", found, do)]


@dataclass(frozen=True)
class Settings:
    """How to train; ``fit`` says what each one means."""

    loss: str
    optimizer: Optimizer
    batch_size: int | None = None
    epochs: int = 10
    l1: float = 0.0
    l2: float = 0.0
    clip: float | None = None
    dropout: float = 0.0
    masks: Masks | None = None
    patience: int | None = None
    schedule: Callable[[int], float] | None = None
    shuffle: bool = True
    seed: int = 0

    def problems(self) -> list[str]:
        """Return what is wrong, one message each."""
        wrong = [*wrong_loss(self.loss), *_wrong_rule(self.optimizer)]
        for name in ("batch_size", "epochs", "patience"):
            if (count := getattr(self, name)) is not None:
                wrong += wrong_count(name, count)
        wrong += [*wrong_number("l1", self.l1, least=0), *wrong_number("l2", self.l2, least=0)]
        if self.clip is not None:
            wrong += wrong_number("clip", self.clip, above=0, example=1.0)
        wrong += wrong_number("dropout", self.dropout, least=0, below=1, example=0.2)
        wrong += wrong_count("seed", self.seed, least=0, example=0)
        return wrong


@dataclass(frozen=True)
class Run:
    """What happened. Index 0 of ``weights`` is the start, index e holds the layers after epoch e.

    Attributes:
        layers: those of the best epoch: of the lowest validation loss, without validation the last one.
        losses: for each epoch the mean over its rows, each measured before the step that used it.
        validation_losses: after each epoch; empty without validation rows.
        step_losses: for each step.
        stopped: "epochs" or "early_stopping".
    """

    layers: list[Layer]
    losses: list[float]
    validation_losses: list[float]
    step_losses: list[float]
    best_epoch: int
    stopped: str
    weights: list[list[Layer]] = field(repr=False)

    def __str__(self) -> str:
        lines = [f"{len(self.losses)} epochs, stopped: {self.stopped}, weights of epoch {self.best_epoch}"]
        lines.append(" epoch  train loss" + ("  validation" if self.validation_losses else ""))
        for epoch in _some(len(self.losses), self.best_epoch):
            mark = "*" if epoch == self.best_epoch else " "
            held = f"{self.validation_losses[epoch - 1]:12.5g}" if self.validation_losses else ""
            lines.append(f"{mark}{epoch:5d}{self.losses[epoch - 1]:12.5g}{held}")
        return "\n".join(lines)


def _some(epochs: int, best: int) -> list[int]:
    """Return about ten epochs to show, the first, the best and the last one among them."""
    return sorted({*np.linspace(1, epochs, min(epochs, 10)).round().astype(int).tolist(), best})


def batch_sizes(rows: int, batch_size: int | None) -> list[int]:
    """Return the sizes of an epoch's batches: one for each step.

    None is one batch of all rows. The last batch may be smaller; a single row left over joins the batch
    before it, as in Glassnet's engine, because layers that normalise a batch cannot train on one row.

    >>> batch_sizes(24, 6), batch_sizes(24, None), batch_sizes(10, 4), batch_sizes(9, 4)
    ([6, 6, 6, 6], [24], [4, 4, 2], [4, 5])
    """
    size = rows if batch_size is None else batch_size
    sizes = [size] * (rows // size)
    rest = rows % size
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def batches(rows: int, settings: Settings, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of the rows of each batch: in an order of (seed, epoch), or as the rows lie."""
    order = epoch_order(settings.seed, epoch, rows) if settings.shuffle else np.arange(rows)
    ends = np.cumsum(batch_sizes(rows, settings.batch_size))
    yield from np.split(order, ends[:-1])


def train_step(
    layers: Sequence[Layer],
    x: Floats,
    target: Floats,
    settings: Settings,
    memories: list[dict[str, Memory]],
    t: int,
    weight: Floats | None = None,
) -> tuple[float, list[Layer]]:
    """Make step t: return the loss before it and the layers after it.

    The gradient of the loss, then what the penalties add to it, then clipping, then the optimiser.

    Args:
        memories: what the optimiser remembers of each parameter; empty dictionaries at first, written here.
    """
    loss, slopes = gradients(layers, x, target, settings.loss, weight, _masks(layers, settings, t, len(x)))
    for layer, own in zip(layers, slopes, strict=True):
        own["W"] = own["W"] + penalty_gradient(layer.W, settings.l1, settings.l2)
    if settings.clip is not None:
        clipped = iter(clip_gradients([d for own in slopes for d in own.values()], settings.clip))
        slopes = [{name: next(clipped) for name in own} for own in slopes]
    lr = settings.optimizer.lr * (settings.schedule(t - 1) if settings.schedule else 1.0)
    updated = [
        {
            name: settings.optimizer.step(w, own[name], memory.setdefault(name, {}), t, lr)
            for name, w in layer.parameters.items()
        }
        for layer, own, memory in zip(layers, slopes, memories, strict=True)
    ]
    return loss, with_parameters(layers, updated)


def _masks(layers: Sequence[Layer], settings: Settings, t: int, rows: int) -> Sequence[Mask] | None:
    if settings.masks is not None:
        return settings.masks(t, rows)
    if not settings.dropout:
        return None
    rates = [*(settings.dropout for _ in layers[:-1]), 0.0]
    return [
        dropout_mask(rows, layer.W.shape[1], rate, seed=settings.seed, layer=k, step=t) if rate else None
        for k, (layer, rate) in enumerate(zip(layers, rates, strict=True))
    ]


def fit(
    layers: Sequence[Layer],
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str,
    optimizer: Optimizer,
    batch_size: int | None = None,
    epochs: int = 10,
    l1: float = 0.0,
    l2: float = 0.0,
    clip: float | None = None,
    dropout: float = 0.0,
    masks: Masks | None = None,
    validation: Sequence[Any] | None = None,
    patience: int | None = None,
    schedule: Callable[[int], float] | None = None,
    sample_weight: ArrayLike | None = None,
    shuffle: bool = True,
    seed: int = 0,
) -> Run:
    """Train the layers and return what happened; the layers that were given stay as they are.

    Args:
        X, y: inputs (n, inputs) and targets, see ``losses``.
        loss: a name of ``losses.LOSSES``; with logits where it needs them, so without softmax at the end.
        optimizer: for example ``SGD(lr=0.1, momentum=0.9)``.
        batch_size: rows a step. None: all of them (full batch); 1: row by row.
        l1, l2: penalties on the weights, which are not part of the reported losses.
        clip: limit of the gradient's Euclidean norm, penalties included.
        dropout: chance of each hidden unit to be off in a step; ``masks`` gives the masks instead.
        validation: (X, y) or (X, y, weights).
        patience: early stopping: end after so many epochs without a lower validation loss.
        schedule: schedule(steps done) -> what the learning rate is multiplied with.
        sample_weight: what each row counts for, shape (n,).

    Raises:
        RecipeError: something that was asked for is wrong; all that was found is named.
        NonFiniteLoss: the loss or the weights became infinite or not a number.
    """
    settings = Settings(
        loss, optimizer, batch_size, epochs, l1, l2, clip, dropout, masks, patience, schedule, shuffle, seed
    )
    if problems := [*settings.problems(), *_wrong_validation(patience, validation)]:
        raise RecipeError(problems)
    layers = checked_layers(layers)
    train = _checked_rows(layers, loss, (X, y, sample_weight))
    held_out = None if validation is None else _checked_rows(layers, loss, validation)
    with np.errstate(over="ignore", invalid="ignore"):
        return _epochs(layers, train, held_out, settings)


Rows = tuple[Floats, Floats, Floats | None]


def _epochs(layers: list[Layer], train: Rows, held_out: Rows | None, settings: Settings) -> Run:
    X, y, weight = train
    memories: list[dict[str, Memory]] = [{} for _ in layers]
    run = Run(layers, [], [], [], 0, "epochs", [layers])
    for epoch in range(1, settings.epochs + 1):
        total = counted = 0.0
        for at in batches(len(X), settings, epoch):
            own = None if weight is None else weight[at]
            t = len(run.step_losses) + 1
            loss, layers = train_step(layers, X[at], y[at], settings, memories, t, own)
            share = len(at) if own is None else float(own.sum())
            total, counted = total + loss * share, counted + share
            run.step_losses.append(loss)
        run.losses.append(total / counted)
        run.weights.append(layers)
        if held_out is not None:
            run.validation_losses.append(_loss_of(layers, held_out, settings.loss))
        _check_finite(run, settings)
        best = _best_epoch(run)
        if settings.patience and epoch - best >= settings.patience and epoch < settings.epochs:
            return _ended(run, best, "early_stopping")
    return _ended(run, _best_epoch(run), "epochs")


def _ended(run: Run, best: int, stopped: str) -> Run:
    return Run(
        run.weights[best], run.losses, run.validation_losses, run.step_losses, best, stopped, run.weights
    )


def _best_epoch(run: Run) -> int:
    return 1 + int(np.argmin(run.validation_losses)) if run.validation_losses else len(run.losses)


def _loss_of(layers: Sequence[Layer], rows: Rows, loss: str) -> float:
    X, y, weight = rows
    return loss_value(loss, forward(layers, X).output, y, weight)


def _check_finite(run: Run, settings: Settings) -> None:
    losses = [run.losses[-1], *run.validation_losses[-1:]]
    weights = [w for layer in run.weights[-1] for w in layer.parameters.values()]
    if np.isfinite(losses).all() and all(np.isfinite(w).all() for w in weights):
        return
    found = f"epoch {len(run.losses)} ended with loss {run.losses[-1]:g} at lr={settings.optimizer.lr:g}"
    lower = f"lower lr (try {settings.optimizer.lr / 10:.1g})"
    do = f"{lower}, scale the inputs, or limit the gradient with clip=1.0"
    raise NonFiniteLoss(message("the loss and the weights must stay finite", found, do))


def _wrong_validation(patience: int | None, validation: object) -> list[str]:
    if validation is None:
        do = "pass validation=(X, y), or leave patience out"
        return [] if patience is None else [message("patience needs validation rows", "there are none", do)]
    if isinstance(validation, tuple | list) and len(validation) in (2, 3):
        return []
    must, do = "validation must be a tuple (X, y) or (X, y, weights)", "write validation=(X, y)"
    return [message(must, f"it is a {type(validation).__name__}", do)]


def _checked_rows(layers: Sequence[Layer], loss: str, rows: Sequence[Any]) -> Rows:
    X = checked_inputs(layers, rows[0])
    y = checked_target(loss, rows[1], len(X), layers[-1].W.shape[1])
    if len(rows) < 3 or rows[2] is None:
        return X, y, None
    weight = numbers(rows[2], "weights")
    if weight.shape != (len(X),) or not (np.isfinite(weight) & (weight >= 0)).all() or not weight.sum():
        must = f"weights must be one finite number from 0 per row, shape ({len(X)},), and not all 0"
        raise RecipeError(message(must, f"shape {weight.shape}", "pass for example np.ones(n)"))
    return X, y, weight


def random_restarts(
    sizes: Sequence[int],
    X: ArrayLike,
    y: ArrayLike,
    *,
    hidden: str = "sigmoid",
    output: str = "identity",
    starts: int = 5,
    loss: str,
    optimizer: Optimizer,
    epochs: int = 100,
    batch_size: int | None = None,
) -> list[Run]:
    """Train from several random starts and return the runs, the one with the lowest last loss first.

    Which valley gradient descent ends in hangs on where it starts. Several starts find several valleys.

    Raises:
        RecipeError, NonFiniteLoss: as ``random_layers`` and ``fit``.
    """
    if problems := wrong_count("starts", starts, example=5):
        raise RecipeError(problems)
    runs = [
        fit(
            random_layers(sizes, hidden, output, seed=start),
            X, y, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size, seed=start,
        )
        for start in range(starts)
    ]  # fmt: skip
    return sorted(runs, key=lambda run: run.losses[-1])
