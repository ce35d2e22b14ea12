"""The doctor's rules about training: what the loss did, and what it could have done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

import torch

from glassnet.lens import doctor_changes as changes
from glassnet.lens.doctor_changes import Change
from glassnet.lens.doctor_evidence import CLEAR, MUCH_LOWER, Evidence, Suspicion
from glassnet.lens.doctor_run import Run
from glassnet.lens.doctor_view import Figure, Finding
from glassnet.lens.numerals import counted, number, percent

LONG_UPDATE, SHORT_UPDATE = 0.1, 1e-3
"""Updates should be about a thousandth of the weights: a rule of thumb of the field (A. Karpathy)."""
EXPLODED = 10.0
"""A step was too long that made the loss so many times what it was at the start, whatever came after."""
LOWER = (1 / 10, 1 / 100, 1 / 1000)
HIGHER = (10.0, 100.0, 1e3, 1e4, 1e5)
HALF_WAY = 0.5
RISE, LARGE_RISE = 1.3, 1.5
BY_HEART = 0.1
FEW_ROWS = 50
CONSTANT = 0.05
NO_BETTER = 0.9
FEW_HELD = 20


def learning_rate_too_high(seen: Evidence) -> Iterator[Suspicion]:
    """Long steps, where shorter ones fit far better."""
    run = seen.run
    highest = max([each for each in run.train_losses if math.isfinite(each)], default=math.inf)
    exploded = run.broke is not None or highest > 2 * seen.start.loss
    if not seen.may_try or not (exploded or run.update > LONG_UPDATE or seen.end.loss >= seen.start.loss):
        return
    best, factor = _best(seen, LOWER, on_training_rows=not exploded)
    if best is None and highest > EXPLODED * seen.start.loss:
        tried = {each: seen.what_if(_named(each), partial(changes.rate_times, each)) for each in LOWER}
        factor, best = min(tried.items(), key=lambda each: each[1].best_loss)
    if best is not None:
        yield _rate("learning_rate_too_high", seen, best, factor)


def learning_rate_too_low(seen: Evidence) -> Iterator[Suspicion]:
    """Short steps, and a loss that is still on its way where longer ones have long arrived."""
    run = seen.run
    if not seen.may_try or run.broke is not None or not run.update < SHORT_UPDATE:
        return
    if run.train_losses[-1] > 1.05 * min(run.train_losses):
        return
    best, factor = _best(seen, HIGHER)
    if best is None:
        return
    start = run.held_losses[0]
    if start - run.best_loss < HALF_WAY * (start - best.best_loss):
        yield _rate("learning_rate_too_low", seen, best, factor)


def _named(factor: float) -> str:
    return f"rate x {factor:g}"


def _best(
    seen: Evidence, factors: Sequence[float], on_training_rows: bool = True
) -> tuple[Run | None, float]:
    """Return the best of the runs with other learning rates that is much better, and its factor."""
    found: Run | None = None
    chosen = 1.0
    for factor in factors:
        other = seen.what_if(_named(factor), partial(changes.rate_times, factor))
        better = other.best_loss < MUCH_LOWER * (found.best_loss if found else math.inf)
        if better and seen.is_much_better(other, on_training_rows):
            found, chosen = other, factor
        elif found:
            break
    return found, chosen


def _rate(name: str, seen: Evidence, best: Run, factor: float) -> Suspicion:
    is_high = name.endswith("high")
    run, settings = seen.run, seen.case.settings
    habits = run.habits
    rate = habits.rates[0] if habits and habits.rates else changes.rate_of(settings)
    ended = "broke down" if run.broke else f"reached a held-out loss of {number(run.best_loss, 3)}"
    other = f"with {number(rate * factor, 2)} for {number(rate, 2)} it reaches {number(best.best_loss, 3)}"
    numbers: dict[str, Figure] = {
        "rate": rate,
        "update": run.update,
        "held_out": run.best_loss,
        "other": best.best_loss,
    }
    why = (
        "each step jumps over the valley instead of going down into it"
        if is_high
        else "each step is so short that the training ends before it has got anywhere"
    )
    return Suspicion(
        Finding(
            name,
            f"{_step(run.update)}the run {ended}, {other}",
            why,
            f"set the learning rate to {number(rate * factor, 2)}",
            epoch=run.broke or (1 if is_high else seen.end.epoch),
            numbers=numbers,
        ),
        Change(partial(changes.rate_times, factor)),
    )


def _step(update: float) -> str:
    if math.isnan(update):
        return ""
    return f"a step changes the weights by {number(update, 2)} of their size (about 0.001 is usual); "


def weight_decay_too_large(seen: Evidence) -> Iterator[Suspicion]:
    """Penalties that leave nothing of the weights."""
    settings = seen.case.settings
    given = {
        name: getattr(settings, name) for name in ("weight_decay", "l1", "l2") if getattr(settings, name)
    }
    if not given or not seen.may_try or seen.run.broke is not None:
        return
    before, after = (math.hypot(*look.norms.values()) for look in (seen.start, seen.end))
    constant = seen.constant_on_training_rows
    if after > 0.7 * before and not seen.end.loss > MUCH_LOWER * constant:
        return
    free = seen.what_if("no penalties", changes.without_penalties)
    if not seen.is_much_better(free):
        return
    named = ", ".join(f"{name}={number(value, 3)}" for name, value in given.items())
    yield Suspicion(
        Finding(
            "weight_decay_too_large",
            f"with {named} the weights shrank from {number(before, 3)} to {number(after, 3)} (norm); the "
            f"held-out loss is {number(seen.run.best_loss, 3)}, without {number(free.best_loss, 3)}",
            "the penalty pulls the weights to 0 more strongly than the data pulls them away",
            f"set {next(iter(given))} to 0, or to a hundredth of what it is",
            epoch=seen.end.epoch,
            numbers={"norm_before": before, "norm_after": after, **given},
        ),
        Change(changes.without_penalties),
    )


def too_few_rows(seen: Evidence) -> Iterator[Suspicion]:
    """So few rows that chance decides."""
    if seen.rows >= FEW_ROWS:
        return
    yield Suspicion(
        Finding(
            "too_few_rows",
            f"{counted(seen.rows, 'row')} to learn from and to judge by, beside "
            f"{counted(sum(each.numel() for each in seen.run.net.parameters()), 'weight')}",
            "with so few rows a net learns them by heart, and no score that comes from them can be trusted",
            "collect more rows, fifty at the very least; until then a smaller net or a linear model",
            numbers={"rows": seen.rows},
        ),
        Change(changes.half_the_rows, expects="higher"),
    )


def overfitting(seen: Evidence) -> Iterator[Suspicion]:
    """A held-out loss that has risen again while the training loss went on falling."""
    run = seen.run
    if run.broke is not None or seen.stopped_early or run.best_loss <= 0:
        return
    told = counted(max(1, run.best_epoch), "epoch" if run.habits is None else "update")
    lasting = min(run.held_losses[-max(3, len(run.held_losses) // 5) :])
    train = seen.end.loss
    if lasting < RISE * run.best_loss or train > MUCH_LOWER * run.last_loss or not _rose(seen):
        return
    yield Suspicion(
        Finding(
            "overfitting",
            f"the held-out loss was lowest after {told}, "
            f"{number(run.best_loss, 3)}, and is {number(run.last_loss, 3)} at the end, where the training "
            f"loss is {number(train, 3)}",
            "the net went on to learn its training rows by heart, with what is chance in them",
            f"stop after {told}: keep validation rows and set patience",
            epoch=run.best_epoch,
            numbers={
                "best": run.best_loss,
                "last": run.last_loss,
                "train": train,
                "best_epoch": run.best_epoch,
            },
        ),
        Change(partial(changes.epochs_of, run.best_epoch)) if run.habits is None else None,
    )


def _rose(seen: Evidence) -> bool:
    """Say whether the rise is clear, row by row; of a recorded run only its means are known.

    Few rows make few rises clear. Beside training rows that are known by heart, a rise by half will do where
    it ends above what a constant loses, or is one standard error among fewer than 40 rows.
    """
    run = seen.run
    if run.best_output is None or run.last_output is None:
        return True
    few = len(seen.case.held.y) < 2 * FEW_HELD
    by_heart = seen.end.loss < BY_HEART * run.last_loss and run.last_loss > LARGE_RISE * run.best_loss
    if by_heart and run.last_loss > seen.constant > run.best_loss:
        return True
    large = run.last_loss - run.best_loss > BY_HEART * seen.constant
    return seen.is_clearly_lower(
        run.best_output, run.last_output, 1.0 if few and by_heart and large else CLEAR
    )


def underfitting(seen: Evidence) -> Iterator[Suspicion]:
    """A net that fits its own training rows worse than a forest fits rows that it never saw."""
    run, (mean, error), train = seen.run, seen.forest, seen.end.loss
    if run.broke is not None or not mean < NO_BETTER * train or train - mean < CONSTANT * seen.constant:
        return
    weights = sum(each.numel() for each in run.net.parameters())
    found = _too_small_or_too_short(seen, mean + CLEAR * error < MUCH_LOWER * train)
    if found is None:
        return
    cause, do, change = found
    yield Suspicion(
        Finding(
            "underfitting",
            f"its loss is {number(train, 3)} on the rows that it was trained on; a forest of trees comes to "
            f"{number(mean, 3)} on rows that it never saw (a constant: {number(seen.constant, 3)})",
            cause.format(weights=counted(weights, "weight")),
            do,
            epoch=seen.end.epoch,
            numbers={"train": train, "forest": mean, "constant": seen.constant, "weights": weights},
        ),
        change,
    )


def _too_small_or_too_short(seen: Evidence, surely: bool) -> tuple[str, str, Change | None] | None:
    """Tell whether the net is too small, or was stopped too early: whichever mends it is the cause."""
    wider = Change(changes.with_hidden_layer)
    too_small = "the net ({weights}) is too simple, or too tightly held, for what there is to learn"
    add = "add hidden units: two hidden layers of 64 ReLU units"
    if not seen.may_try:
        return (too_small, add, None) if surely else None
    if seen.is_much_better(seen.what_if("wider", wider.make)):
        return too_small, add, wider
    epochs = 5 * seen.case.settings.epochs
    longer = Change(partial(changes.epochs_of, epochs))
    is_far = surely and seen.end.loss > HALF_WAY * seen.constant and seen.run.habits is None
    if is_far and seen.is_much_better(seen.what_if("longer", longer.make)):
        return (
            "the training ended before the net had learned what it can",
            f"train for {epochs} epochs",
            longer,
        )
    return None


def constant_prediction(seen: Evidence) -> Iterator[Suspicion]:
    """Answers that do not depend on the row."""
    output, y = seen.end.output, seen.case.train.y[: len(seen.end.output)]
    if not bool(output.isfinite().all()) or len(y) < 2 or bool((y == y[:1]).all()):
        return
    if seen.loss in ("cross_entropy", "binary_cross_entropy"):
        shares = output.softmax(dim=1) if seen.loss == "cross_entropy" else output.sigmoid()
        spread = float(shares.float().std(dim=0).max())
        limit, told = (
            0.02,
            f"its probabilities differ by {number(spread, 2)} (standard deviation) over the rows",
        )
    else:
        spread = float((output.float().std(dim=0) / y.float().std(dim=0).clamp_min(1e-12)).max())
        limit, told = CONSTANT, f"its answers vary by {percent(spread, 2)} of what the targets vary"
    if spread >= limit:
        return
    yield Suspicion(
        Finding(
            "constant_prediction",
            f"{told}; its loss is {number(seen.end.loss, 3)}, the best "
            f"constant's {number(seen.constant_on_training_rows, 3)}",
            "what a row says does not get through to the output, so the net answers the average",
            "look at the findings above it first: this is what a net does that cannot learn",
            epoch=seen.end.epoch,
            numbers={"spread": spread},
        ),
    )


def nothing_to_learn(seen: Evidence) -> Iterator[Suspicion]:
    """Inputs that say nothing about the targets, as far as a net and a forest can tell."""
    (trees, _), run, constant = seen.forest, seen.run, seen.constant
    if math.isnan(trees) or seen.rows < FEW_ROWS or len(seen.case.held.y) < FEW_HELD:
        return
    answers = ((run.best_loss, run.best_output), (trees, seen.forest_output))
    if any(
        each < NO_BETTER * constant or seen.is_clearly_lower(output, seen.constant_output)
        for each, output in answers
    ):
        return
    yield Suspicion(
        Finding(
            "nothing_to_learn",
            f"on held-out rows a constant loses {number(constant, 3)}, the net at its best "
            f"{number(seen.run.best_loss, 3)} and a forest of trees {number(trees, 3)}",
            "the inputs say nothing about the targets: they are unrelated, or inputs and targets lie in a "
            "different order",
            "check that each row's target is its own: look at some rows, and at what sorted or shuffled them",
            numbers={"constant": constant, "net": seen.run.best_loss, "forest": trees},
        )
    )


def not_finite(seen: Evidence) -> Iterator[Suspicion]:
    """A run that broke down."""
    run = seen.run
    if run.broke is None:
        return
    finite = all(bool(torch.isfinite(each).all()) for each in run.net.parameters())
    yield Suspicion(
        Finding(
            "not_finite",
            f"the loss{'' if finite else ' and the weights'} became infinite or no number, epoch {run.broke}",
            "numbers grew beyond what a float can hold",
            "lower the learning rate, scale the inputs, or limit the gradient with clip=1.0",
            epoch=run.broke,
        ),
        Change(partial(changes.rate_times, 0.1)),
    )


RULES = (
    learning_rate_too_high,
    learning_rate_too_low,
    weight_decay_too_large,
    too_few_rows,
    overfitting,
    underfitting,
    constant_prediction,
    nothing_to_learn,
    not_finite,
)
