"""The doctor's rules about what a trained Model records of itself: losses by epoch, scores, leaks, rows.

No rows are needed, and nothing is trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from glassnet.lens.doctor_evidence import MUCH_LOWER
from glassnet.lens.doctor_training_rules import EXPLODED, FEW_ROWS, HALF_WAY, RISE
from glassnet.lens.doctor_view import Figure, Finding
from glassnet.lens.numerals import counted, number
from glassnet.metrics.compare import main_metrics
from glassnet.model.table import Model

HARDLY = 0.1
SAME = 0.01


def recorded(model: Model) -> tuple[Finding, ...]:
    """Return what the record of a model gives reason to say."""
    return tuple(finding for rule in RULES for finding in rule(model))


def _labels(model: Model) -> Iterator[Finding]:
    for leak in model.results.leaks:
        if leak.kind == "kept_leak":
            names = ", ".join(leak.columns)
            yield Finding(
                "labels_in_inputs",
                f"{names}: {leak.finding}",
                "these columns were made from the target, or are known only after it, so the score says "
                "nothing about new rows",
                f"train without --keep-leaks, which leaves out {names}",
                numbers={"columns": names},
            )


def _constant(model: Model) -> tuple[str, float, float] | None:
    """Return the main metric, what always answering the mean or the shares scores, and what the net does."""
    results, metric = model.results, main_metrics(model.task.name)[0]
    split, base = results.shown_split(), "majority" if model.task.is_classification else "mean"
    if split is None or metric not in results.baselines.get(base, {}).get(split, {}):
        return None
    return metric, results.baselines[base][split][metric], results.metrics[split][metric]


def _loss_of_constant(model: Model) -> float:
    """Return about what the best constant loses in training: numbers are learned on the scale of 1."""
    known = _constant(model)
    if not model.task.is_classification:
        return math.inf if model.task.name == "poisson" else 1.0
    return math.inf if known is None else known[1]


def _rate(model: Model) -> Iterator[Finding]:
    """Look at how the training loss went: far up, or hardly down although it fell in every epoch."""
    history, losses = model.history, [each.train_loss for each in model.history]
    ends = {"first": losses[0], "last": losses[-1]} if losses else {}
    numbers: dict[str, Figure] = {"rate": model.plan.lr, **ends}
    if history.stopped == "non_finite" or max(losses, default=0.0) > EXPLODED * _loss_of_constant(model):
        told = "became infinite" if history.stopped == "non_finite" else f"was up at {number(max(losses), 3)}"
        yield Finding(
            "learning_rate_too_high",
            f"with a learning rate of {number(model.plan.lr, 3)} the training loss {told}",
            "each step jumps over the valley instead of going down into it",
            f"train with --lr {number(model.plan.lr / 10, 2)}",
            epoch=len(losses) or 1,
            numbers=numbers,
        )
    elif _creeps(losses):
        yield Finding(
            "learning_rate_too_low",
            f"the training loss fell in each of {counted(len(losses), 'epoch')}, and only from "
            f"{number(losses[0], 4)} to {number(losses[-1], 4)}, with a learning rate of "
            f"{number(model.plan.lr, 3)}",
            "each step is so short that the training ended before it had got anywhere",
            f"train with --lr {number(model.plan.lr * 100, 2)}",
            epoch=len(losses),
            numbers=numbers,
        )


def _creeps(losses: list[float]) -> bool:
    """Say whether the loss fell in every epoch, hardly in all, and at its end nearly as fast as at first."""
    if len(losses) < 4 or losses != sorted(losses, reverse=True) or losses[0] <= 0:
        return False
    middle = losses[len(losses) // 2]
    is_straight = middle - losses[-1] > HALF_WAY * (losses[0] - middle)
    return is_straight and losses[0] - losses[-1] < HARDLY * losses[0]


def _few_rows(model: Model) -> Iterator[Finding]:
    rows = model.results.rows.get("train", 0) + model.results.rows.get("validation", 0)
    if 0 < rows < FEW_ROWS:
        yield Finding(
            "too_few_rows",
            f"{counted(rows, 'row')} to learn from and to choose by",
            "with so few rows a net learns them by heart, and no score that comes from them can be trusted",
            "collect more rows, fifty at the very least; until then train with --net linear",
            numbers={"rows": rows},
        )


def _overfitting(model: Model) -> Iterator[Finding]:
    """Look for a validation loss that rose and stayed high, where nothing ended the run for that."""
    history = model.history
    losses = [each.validation_loss for each in history if each.validation_loss is not None]
    if history.stopped == "early_stopping" or len(losses) < 3 or min(losses) <= 0:
        return
    best, train = min(losses), history[-1].train_loss
    lasting = min(losses[-max(3, len(losses) // 5) :])
    if lasting < RISE * best or train > MUCH_LOWER * losses[-1]:
        return
    epoch = losses.index(best) + 1
    yield Finding(
        "overfitting",
        f"the validation loss was lowest after {counted(epoch, 'epoch')}, {number(best, 3)}, and is "
        f"{number(losses[-1], 3)} after {len(losses)}, where the training loss is {number(train, 3)}",
        "the net went on to learn its training rows by heart, with what is chance in them; the model keeps "
        "the weights of its best epoch, so what is lost is time",
        "train with --patience 5, or with a smaller --net",
        epoch=epoch,
        numbers={"best": best, "last": losses[-1], "train": train, "best_epoch": epoch},
    )


def _underfitting(model: Model) -> Iterator[Finding]:
    """Look for trees that answer rows which they never saw better than the net its own training rows."""
    results, metric = model.results, main_metrics(model.task.name)[0]
    split = results.shown_split() or ""
    beside = results.differences.get("gradient_boosting", {}).get(split, {}).get(metric)
    train = results.metrics.get("train", {}).get(metric)
    if beside is None or train is None or beside.outcome != "worse":
        return
    if beside.baseline < (MUCH_LOWER if metric == "log_loss" else math.sqrt(MUCH_LOWER)) * train:
        yield Finding(
            "underfitting",
            f"{metric} {number(train, 3)} on its own training rows; gradient boosting has "
            f"{number(beside.baseline, 3)} on {split} rows, which it never saw",
            f"the net ({model.plan.net}) is too simple, too tightly held or too shortly trained for what "
            "there is to learn",
            "train with a larger --net, such as 64,64:relu, or leave --net out",
            numbers={"train": train, "gradient_boosting": beside.baseline},
        )


def _constant_answers(model: Model) -> Iterator[Finding]:
    known = _constant(model)
    if known is None or abs(known[2] - known[1]) > SAME * known[1]:
        return
    metric, base, net = known
    yield Finding(
        "constant_prediction",
        f"{metric} {number(net, 4)} on {model.results.shown_split()} rows, {number(base, 4)} if each row is "
        "answered the same",
        "what a row says does not get through to the answer, or there is nothing in it to learn",
        "look at the findings above first; without any, at whether rows and targets belong together",
        numbers={"net": net, "constant": base},
    )


RULES = (_labels, _rate, _few_rows, _overfitting, _underfitting, _constant_answers)
