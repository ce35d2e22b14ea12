"""``fit``: train any torch module on arrays. ``train_net``: the same on checked rows, with all the reins."""

from __future__ import annotations

import copy
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from glassnet.engine import callbacks as features
from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.arrays import checked_rows, device_named, device_of, dtype_of
from glassnet.engine.checkpoint import State
from glassnet.engine.choice import Members, Stack, choose_engine
from glassnet.engine.fused import FusedEpoch
from glassnet.engine.history import History
from glassnet.engine.loop import Loop
from glassnet.engine.losses import LOSSES, loss_by_name
from glassnet.engine.probe import probe
from glassnet.engine.reference import fit_with_reference
from glassnet.engine.rows import Rows, batch_sizes, batches
from glassnet.engine.settings import Settings
from glassnet.engine.steps import evaluate, supervised_step
from glassnet.engine.threads import choose_threads, using_threads
from glassnet.errors import RecipeError, message

_EVALUATED = 1 << 20
"""About how many numbers of X go through the net at once where nothing is trained."""
_CHECKSUMMED = 1 << 14
"""So many rows of X are copied at once for their checksum."""


def train_net(
    net: nn.Module,
    train: Rows,
    settings: Settings,
    *,
    validation: Rows | None = None,
    callbacks: Sequence[object] = (),
    progress: features.ProgressFunction | None = None,
    score: Callable[[Tensor, Tensor], Mapping[str, float]] | None = None,
    should_stop: Callable[[], bool] | None = None,
    deadline: float | None = None,
    pause: int | None = None,
    state: State | None = None,
    save: Callable[[State], None] | None = None,
    save_every: float = 5.0,
) -> History:
    """Train the net in place on rows from ``checked_rows``; afterwards it holds the best epoch's weights.

    The net ends in evaluation mode, on the device where it was. See ``fit`` for the settings and errors.
    A run that is finished is not trained on: its hooks ``fit_begin`` and ``fit_end`` are called, no others.

    Args:
        score: score(outputs, targets) of the validation rows -> metrics for each record.
        should_stop: asked before each step; true ends the run as "interrupted".
        deadline: a time of ``time.monotonic()`` at which the run ends as "budget".
        pause: the run ends as "paused" after so many epochs, counted from its first beginning.
        state: go on from here: with the same settings and rows it ends with the bits of an unbroken run.
        save: is given the state at the end of an epoch, at most every ``save_every`` seconds, and when the
            run is finished.
    """
    settings.check(validation is not None)
    _check_net(net, settings)
    asked = _asked(settings, train, validation) if state or save else {}
    history = _history(state, asked, pause)
    best = features.BestWeights(settings.patience, state.best if state else None)
    reins = [
        features.NonFinite(),
        score and validation and features.Score(score, validation.y),
        *callbacks,
        best,
        pause and features.Pause(pause),
        save and features.Checkpointing(checkpoints.saving(save, best, asked), save_every),
        progress and features.Progress(progress),
        deadline is not None and features.Deadline(deadline),
        should_stop and features.StopFlag(should_stop),
    ]
    with _moved(net, device_named(settings.device)):
        stack = choose_engine(net, train, settings, history, callbacks, goes_on=state is not None)
        loop = _loop(net, train, validation, settings, history, list(filter(None, reins)), stack)
        if state:
            checkpoints.restore(state, net, loop.optimizer)
        with using_threads(settings.threads or history.plan["threads"]):
            return loop.fit()


@contextmanager
def _moved(net: nn.Module, device: torch.device) -> Iterator[None]:
    """Have the net on a device inside the block; afterwards it is where it was, in evaluation mode."""
    home = device_of(net)
    try:
        net.to(device)
        yield
    finally:
        net.eval().to(home)


def _loop(
    net: nn.Module,
    train: Rows,
    validation: Rows | None,
    settings: Settings,
    history: History,
    callbacks: Sequence[object],
    stack: Stack | Members | None,
) -> Loop:
    s, device = settings, device_of(net)
    history.plan = history.plan or _plan(net, train, s, device)
    fused = FusedEpoch(stack, train, s, s.threads or history.plan["threads"]) if stack else None
    optimizer = fused.optimizer() if fused else s.torch_optimizer(net)
    steps = len(batch_sizes(len(train.y), s.batch_size))
    loss = loss_by_name(s.loss)
    validate = None
    if validation is not None and fused:
        validate = fused.validate(loss, validation)
    elif validation is not None:
        at_once = max(s.batch_size, _EVALUATED // max(1, validation.X[0].numel()))
        validate = partial(evaluate, net, loss, validation.to(device), at_once, s.precision)
    return Loop(
        net,
        optimizer,
        supervised_step(net, loss, s.precision),
        partial(batches, train.to(device), s.batch_size, shuffle=s.shuffle, seed=s.seed),
        run_epoch=fused,
        epochs=s.epochs,
        steps_per_epoch=steps,
        validate=validate,
        callbacks=[*([] if fused else _shaping(optimizer, s, steps)), *callbacks],
        seed=s.seed,
        history=history,
        epoch=len(history),
        step_count=len(history) * steps,
    )


def _shaping(optimizer: torch.optim.Optimizer, settings: Settings, steps_per_epoch: int) -> list[object]:
    """Return the callbacks that shape learning rate, gradient and weights."""
    s = settings
    shaping: list[object] = []
    if s.schedule not in (None, "constant") or s.warmup:
        total = s.epochs * steps_per_epoch
        shaping.append(features.Schedule(optimizer, s.schedule or "constant", total, s.warmup))
    if s.l1 or s.l2:
        shaping.append(features.Penalties(s.l1, s.l2))
    if s.clip is not None:
        shaping.append(features.Clip(s.clip))
    if s.ema:
        shaping.append(features.Averaging(s.ema))
    return shaping


def _check_net(net: nn.Module, settings: Settings) -> None:
    if not any(each.requires_grad for each in net.parameters()):
        found = f"none of {sum(1 for _ in net.parameters())} requires a gradient"
        do = "give the net a layer with weights, or call net.requires_grad_(True)"
        raise RecipeError(message("the net must have parameters to train", found, do))
    if settings.precision == "bfloat16" and dtype_of(net) == torch.float64:
        do = "call net.float(), or leave precision out"
        raise RecipeError(message("precision='bfloat16' needs a net of float32", "the net is float64", do))


def _plan(net: nn.Module, train: Rows, settings: Settings, device: torch.device) -> dict[str, Any]:
    rows = min(settings.batch_size, len(train.y))
    arithmetic = 3 * rows * probe(net, train.X[:2].to(device)).multiply_adds
    return {
        "device": str(device),
        "dtype": str(dtype_of(net)).removeprefix("torch."),
        "precision": settings.precision,
        "threads": settings.threads or choose_threads(arithmetic),
        "multiply_adds_per_step": arithmetic,
        "parameters": sum(each.numel() for each in net.parameters()),
        "rows": len(train.y),
        "epochs": settings.epochs,
        "steps_per_epoch": len(batch_sizes(len(train.y), settings.batch_size)),
    }


def _history(state: State | None, asked: dict[str, Any], pause: int | None) -> History:
    if state is None:
        return History()
    problems = [
        message(
            "a run goes on only with the request that it began with",
            f"{name} was {state.asked.get(name)!r} and is {asked.get(name)!r}",
            "ask for the same, or remove the checkpoint to begin from the start",
        )
        for name in checkpoints.differing(state, asked)
    ]
    if problems:
        raise RecipeError(problems)
    history = copy.deepcopy(state.history)
    if history.stopped == "paused" and (pause is None or len(history) < pause):
        history.stopped = None
    return history


def _asked(settings: Settings, train: Rows, validation: Rows | None) -> dict[str, Any]:
    """Return the settings and a checksum of the data, which together decide the bits of a run."""
    checksum = 0
    for rows in (train, validation) if validation is not None else (train,):
        for each in chain(rows.pieces(_CHECKSUMMED), (rows.y, rows.weight)):
            if each is not None:
                checksum = zlib.crc32(each.contiguous().view(torch.uint8).numpy().data, checksum)
    return {**settings.asked(), "data": f"{checksum:08x}"}


def fit(
    net: nn.Module,
    X: Any,
    y: Any,
    *,
    loss: str | Callable[..., Any],
    optimizer: str | Callable[..., torch.optim.Optimizer] = "adamw",
    lr: float | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
    batch_size: int = 32,
    epochs: int = 10,
    validation: tuple[Any, ...] | None = None,
    patience: int | None = None,
    schedule: str | None = None,
    warmup: float = 0,
    clip: float | None = None,
    ema: float = 0.0,
    shuffle: bool = True,
    sample_weight: Any = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "float32",
    engine: str = "auto",
    threads: int | None = None,
    budget: float | None = None,
    callbacks: Sequence[object] = (),
    progress: features.ProgressFunction | None = None,
    checkpoint: str | Path | None = None,
) -> History:
    """Train any ``nn.Module`` in place and return what happened.

    Afterwards the net holds the weights of its best epoch on the validation rows (of the last whole epoch
    without such rows), whatever ended the run, errors included. It is then in evaluation mode, on the device
    where it was. Random numbers, thread count and dtype of torch are as before. Ctrl-C ends the run in good
    order: ``History.stopped`` is then "interrupted".

    Args:
        X: inputs (n, ...), converted to the net's dtype; whole numbers stay so for a net with an embedding.
        y: targets. (n, k) like the net's outputs, and (n,) beside outputs (n, 1) is reshaped; class ids (n,)
            for cross_entropy.
        loss: "mse", "mae", "huber", "binary_cross_entropy" and "cross_entropy" (from logits), "poisson" (from
            the log of the rate), or a callable(output, target) that returns a scalar or one value per row.
        optimizer: "sgd", "adam", "adamw", "rmsprop", a class of torch.optim or a callable(parameters).
        lr: learning rate, above 0; None: 0.01 for sgd, 0.001 for the others, a class's own default.
        momentum, nesterov: for sgd; momentum for rmsprop too.
        weight_decay: as torch's optimiser defines it.
        l1, l2: penalties l1 * |w| and l2 / 2 * w^2 on weight matrices, not biases; not in the reported loss.
        batch_size: rows a step; the last batch may be smaller, and a single last row joins the one before.
        validation: (X, y) or (X, y, weights).
        patience: end after so many epochs without a better validation loss.
        schedule: "constant", "step", "cosine" or "one_cycle" over the whole run, step by step.
        warmup: part of the run (below 1) or steps in which the learning rate grows linearly.
        clip: limit of the gradient's Euclidean norm, penalties included.
        ema: keep the moving average of the weights over about 1 / (1 - ema) steps, and validate and hand over
            that; 0: the weights themselves.
        shuffle: visit the rows in a new order in each epoch, a pure function of (seed, epoch).
        sample_weight: one number from 0 per row.
        device: "auto" is CUDA where torch sees it, otherwise the CPU.
        precision: "float32" computes in the net's own dtype, "bfloat16" under autocast.
        engine: "auto" is "fused" where that understands net and settings, and otherwise "torch". "fused" is
            compiled kernels, for stacks of ``nn.Linear``, activations and dropout on the CPU. "reference" is
            NumPy in float64 for such stacks without dropout before the first layer, slow and to compare
            with: there an error leaves the net as it was, and nothing is timed.
        threads: of torch on the CPU; None: by the amount of arithmetic.
        budget: seconds after which the run ends as "budget", within an epoch too; how many epochs it gets
            depends on the machine.
        callbacks: objects with hooks, see ``loop``.
        progress: progress(record, done, total, eta), see ``callbacks.ProgressFunction``.
        checkpoint: a file; the run goes on from it if it is there, and otherwise begins and writes it.

    Raises:
        RecipeError: arguments are wrong; all of them are named.
        NonFiniteLoss: the loss or the weights became infinite or not a number.
        FormatError: the checkpoint is damaged or of another net.
    """
    settings = Settings(
        loss=loss,
        optimizer=optimizer,
        lr=lr,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
        l1=l1,
        l2=l2,
        batch_size=batch_size,
        epochs=epochs,
        patience=patience,
        schedule=schedule,
        warmup=warmup,
        clip=clip,
        ema=ema,
        shuffle=shuffle,
        seed=seed,
        device=device,
        precision=precision,
        engine=engine,
        threads=threads,
    )
    began, path = time.monotonic(), Path(checkpoint) if checkpoint is not None else None
    train, held_out = _checked(net, settings, (X, y, sample_weight), validation, budget)
    if engine == "reference":
        reins = {"callbacks": callbacks, "progress": progress, "checkpoint": checkpoint, "budget": budget}
        given = {name: bool(each) for name, each in reins.items()}
        return fit_with_reference(net, train, held_out, settings, given)
    return train_net(
        net,
        train,
        settings,
        validation=held_out,
        callbacks=callbacks,
        progress=progress,
        deadline=None if budget is None else began + budget,
        state=checkpoints.earlier(path),
        save=partial(checkpoints.write, path) if path else None,
    )


def _checked(
    net: nn.Module, settings: Settings, train: tuple[Any, ...], validation: Any, budget: float | None
) -> tuple[Rows, Rows | None]:
    """Check settings and arrays together, and return the arrays as rows."""
    problems = settings.problems(validation is not None)
    if budget is not None and not budget > 0:
        problems.append(
            message("budget must be above 0 seconds", f"budget={budget!r}", "write for example budget=60")
        )
    asked = [(train, ("X", "y", "sample_weight"))]
    if isinstance(validation, tuple) and len(validation) in (2, 3):
        asked.append((validation, ("validation X", "validation y", "validation weights")))
    elif validation is not None:
        must = "validation must be a tuple (X, y) or (X, y, weights)"
        problems.append(message(must, f"it is a {type(validation).__name__}", "write validation=(X, y)"))
    known = callable(settings.loss) or settings.loss in LOSSES
    rows: list[Rows] = []
    for arrays, names in asked if known else []:
        try:
            rows.append(checked_rows(net, *arrays, loss=settings.loss, names=names))
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)
    return rows[0], rows[1] if len(rows) > 1 else None
