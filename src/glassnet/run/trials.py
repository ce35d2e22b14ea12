"""Comparing ways to train on the validation rows of a fold, and refitting the best one on more rows.

A run with a net of the user's trains what was asked for, once or with several restarts. The default net
compares: a positive target with a long tail is learned plainly, as its root and as its logarithm, by one or
several nets. ``--tune`` compares these and random others until its time is up. Each training has a checkpoint
of its own, so that a run that goes on finds what is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.targets import LEAST_NUMBER
from glassnet.plan.table import Trial
from glassnet.run.context import Allowance
from glassnet.run.nets import TrainedNet, train_one
from glassnet.run.tuning import bracket

if TYPE_CHECKING:
    from glassnet.plan.table import Plan
    from glassnet.recipe import TargetScale
    from glassnet.run.context import Context
    from glassnet.run.prepare import Encoded

LONG_TAIL = 1.0
"""A target whose skewness is above this is tried on other scales; that of an exponential curve is 2."""
LEAST_SPREAD = 1e-3
"""A target that varies by a smaller part of its mean looks the same on every scale."""
LONGER = 3
"""Each round of a comparison is so many times as long as the one before."""
MOST_TRIALS = 1_000
EXPLORING = 0.5
"""The share of the time for tuning in which trials are compared; the rest is for the best and its refit."""
_VARIED = ("net", "lr", "weight_decay", "batch_size", "target_scale")


@dataclass(frozen=True)
class Tried:
    """One trial when its training is done: its plan, its rows as it learned them, and its net."""

    trial: Trial
    plan: Plan
    encoded: Encoded
    trained: TrainedNet


@dataclass(frozen=True)
class Chosen:
    """What a fold ends with: ``best`` is the net that validation judged, ``final`` the one that is kept."""

    plan: Plan
    encoded: Encoded
    best: TrainedNet
    final: TrainedNet


def train_nets(context: Context, plan: Plan, encoded: Encoded, name: str) -> Chosen:
    """Compare, train, choose, and refit where the plan asks for it.

    The final net is the refit on training and validation rows together, else the best net itself.
    """
    halving = Halving(context, plan, encoded, name)
    tried = [halving.train(trial) for trial in halving.starts(context.recipe.restarts)]
    while all(each.trained.failure for each in tried) and halving.runner_up is not None:
        tried.append(halving.train(halving.runner_up))
    chosen = min(tried, key=lambda each: _rank(each.trial))
    best, plan = chosen.trained, chosen.plan.model_copy(update={"trials": halving.trials})
    if context.interrupts.requested:
        best.history.stopped = "interrupted"
    ended_well = best.history.stopped in ("epochs", "early_stopping", "budget")
    if not (plan.refit and best.history.best_epoch and ended_well and len(encoded.fold.validation)):
        return Chosen(plan, chosen.encoded, best, best)
    refit = _refit(context, chosen, f"{name}-refit")
    if refit.history.stopped == "epochs" and refit.failure is None:
        return Chosen(plan, chosen.encoded, best, refit)
    best.history.stopped = refit.history.stopped
    best = replace(best, failure=refit.failure)
    return Chosen(plan, chosen.encoded, best, best)


def most_epochs(plan: Plan, encoded: Encoded, restarts: int) -> float:
    """Return how many epochs a fold is trained at most: compared, trained to the end, refitted."""
    count, done, pause, total = len(_pool(plan, encoded)), 0, _first_pause(plan), 0
    while count > 1:
        total, done, count = total + count * (pause - done), pause, -(-count // 2)
        pause = min(LONGER * pause, plan.epochs)
    refit = max(1.0, plan.refit_factor * plan.epochs) if plan.refit else 0.0
    return total + restarts * plan.epochs - done + refit


class Halving:
    """Successive halving: all trials for a few epochs, the better half of them for more, until one is left.

    Where each stands is read from the history of its validation rows, so that a run that goes on decides as
    before (Jamieson and Talwalkar 2016, "Non-stochastic best arm identification", section 3).
    """

    def __init__(self, context: Context, plan: Plan, encoded: Encoded, name: str) -> None:
        self.context, self.plan, self.encoded, self.name = context, plan, encoded, name
        self.pool = _pool(plan, encoded)
        self.stands: dict[Trial, Trial] = {}
        self.spent: dict[str, float] = {}
        self.broken_off: dict[Trial, Tried] = {}

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What was compared, each as far as it came; none where nothing was to be compared."""
        return tuple(self.stands.values()) if self.plan.compare else ()

    @property
    def runner_up(self) -> Trial | None:
        """The best trial of those whose training has not failed, to go on with where the winner's did."""
        sound = [each for each, stand in self.stands.items() if stand.score is not None]
        return min(sound, key=self._stand, default=None)

    def starts(self, restarts: int) -> Iterator[Trial]:
        """Yield the best trial, from each of its beginnings; fewer after an interruption."""
        chosen = self._tuned() if self.plan.tune else self._left_of(self.pool)
        for restart in range(restarts):
            if restart == 0 or not self.context.interrupts.requested:
                yield chosen.model_copy(update={"restart": restart})

    def _tuned(self) -> Trial:
        """Return the best trial of as many brackets as there is time for, and leave it the rest of it."""
        first, scales = self.pool, _scales(self.encoded)
        some, self.pool, self.context.allowance = first, [], None
        while some and len(self.pool) < MOST_TRIALS and not self._ends():
            some = bracket(self.plan, self.context.recipe, first, scales, self.pool)
            self.pool += some
            if some:
                self._left_of(some)
        best = min(self.pool or first, key=self._stand)
        left = max((self.plan.tune or 0.0) - sum(self.spent.values()), 0.0)
        epochs = self.plan.epochs * (1 + self.plan.refit * self.plan.refit_factor)
        self.context.allowance = Allowance(left, epochs)
        return best

    def _left_of(self, pool: list[Trial]) -> Trial:
        left, pause = pool, _first_pause(self.plan)
        while len(left) > 1 and not self._ends():
            for each in left:
                if not self._ends():
                    self.train(each, pause)
            left = sorted(left, key=self._stand)[: -(-len(left) // 2)]
            pause *= LONGER
        return left[0]

    def _stand(self, trial: Trial) -> float:
        return _rank(self.stands[trial]) if trial in self.stands else np.inf

    def _ends(self) -> bool:
        """Whether nothing new is to be tried. Time is counted from the histories, which a run that goes on
        finds again."""
        late = self.plan.tune is not None and sum(self.spent.values()) >= EXPLORING * self.plan.tune
        return late or self.context.interrupts.requested

    def train(self, trial: Trial, pause: int | None = None) -> Tried:
        """Train a trial to a pause or to its end, and note where it stands; not again what a signal ended."""
        if trial in self.broken_off:
            return self.broken_off[trial]
        plan = self.plan.model_copy(update=trial.model_dump(include=set(_VARIED)))
        encoded, fold = self.encoded.on_scale(trial.target_scale), self.encoded.fold
        name = self._label(trial)
        rows = fold.train, fold.validation
        trained = train_one(self.context, plan, encoded, name, *rows, trial.restart, pause)
        self.stands[trial] = _standing(trial, trained, pause)
        self.spent[name] = _seconds_of(trained, pause)
        tried = Tried(self.stands[trial], plan, encoded, trained)
        if trained.interrupted:
            self.broken_off[trial] = tried
        return tried

    def _label(self, trial: Trial) -> str:
        if trial.restart:
            return f"{self.name}-restart{trial.restart + 1}"
        number = self.pool.index(trial)
        return f"{self.name}-trial{number + 1}" if number else self.name


def _standing(trial: Trial, trained: TrainedNet, pause: int | None) -> Trial:
    """Return the trial with its best epoch among those before the pause, and the score of that."""
    records = [each for each in trained.history if pause is None or each.epoch <= pause]
    if trained.failure is not None or not records:
        return trial
    if records[0].validation_loss is None:
        return trial.model_copy(update={"score": records[-1].train_loss, "epochs": records[-1].epoch})
    best = min(records, key=lambda each: each.validation_loss or 0.0)
    score = best.metrics.get("rmse", best.validation_loss)
    return trial.model_copy(update={"score": score, "epochs": best.epoch})


def _seconds_of(trained: TrainedNet, pause: int | None) -> float:
    return sum(each.seconds or 0.0 for each in trained.history if pause is None or each.epoch <= pause)


def _rank(trial: Trial) -> float:
    return np.inf if trial.score is None else trial.score


def _pool(plan: Plan, encoded: Encoded) -> list[Trial]:
    """Return what is to be compared, the first of which is trained where nothing is."""
    first = Trial(**plan.model_dump(include=set(_VARIED)))
    if not plan.compare:
        return [first]
    nets = (plan.net, *plan.other_nets)
    scales = _scales(encoded)
    return [first.model_copy(update={"net": net, "target_scale": on}) for net in nets for on in scales]


def _first_pause(plan: Plan) -> int:
    return max(1, plan.epochs // 16)


def _scales(encoded: Encoded) -> list[TargetScale]:
    """Return the scales on which the target is to be tried, the plain one first."""
    fold, task = encoded.fold, encoded.task
    if task.name != "regression" or task.loss != "mse":
        return ["plain"]
    values = encoded.truth[fold.train].astype(np.float64)
    mean, spread = values.mean(), values.std()
    if values.min() < 0 or spread <= LEAST_SPREAD * mean or mean < LEAST_NUMBER:
        return ["plain"]
    skewness = np.mean(((values - mean) / spread) ** 3)
    return ["plain", "sqrt", "log"] if skewness > LONG_TAIL else ["plain"]


def _refit(context: Context, chosen: Tried, name: str) -> TrainedNet:
    """Train again on validation rows too; where that is cut short, the net as validation judged it stays."""
    plan, fold = chosen.plan, chosen.encoded.fold
    rows = np.sort(np.concatenate([fold.train, fold.validation]))
    epochs = max(1, round(plan.refit_factor * chosen.trial.epochs))
    again = plan.model_copy(update={"epochs": epochs, "schedule": plan.refit_schedule})
    return train_one(context, again, chosen.encoded, name, rows, rows[:0], chosen.trial.restart)
