"""What the doctor's rules look at: a run, its data, and what else could have been learned from that data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from glassnet.engine.losses import loss_by_name
from glassnet.lens.doctor_changes import Change
from glassnet.lens.doctor_look import Look
from glassnet.lens.doctor_run import Case, Floats, Run, outputs, row_losses, run
from glassnet.lens.doctor_view import Finding
from glassnet.randomness import derived_seed

NAMED = {
    "mse_loss": "mse",
    "l1_loss": "mae",
    "huber_loss": "huber",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    "cross_entropy": "cross_entropy",
    "nll_loss": "cross_entropy",
}
"""torch's own functions, and which of our losses they are."""
_TREES, _MOST_GROWN_ON = 100, 2_000
MUCH_LOWER = 0.8
"""A loss is much lower than another one where it is at most this share of it."""
CLEAR = 2.0
"""A mean difference is clear where it is so many standard errors from 0: about 95 %."""


@dataclass(frozen=True)
class Suspicion:
    """A finding, and its change as a thing that can be done; None where it cannot be tried."""

    finding: Finding
    change: Change | None = None


@dataclass(frozen=True)
class Evidence:
    """What is known.

    Attributes:
        run: what was seen: of a run under the doctor's eyes, or of one that a history records.
        case: net, rows and settings, by which other runs can be tried.
        loss: the name of the loss where it is known.
        columns: names of the inputs.
        rows: how many rows there are to learn from.
        broadcast: the shapes of outputs and targets that do not fit each other.
        may_try: whether rules may train the net in other ways to tell causes apart.
        giveaways: columns that give the target away, and what was found about each.
    """

    run: Run
    case: Case
    loss: str | None
    columns: tuple[str, ...]
    rows: int
    broadcast: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    may_try: bool = True
    giveaways: tuple[tuple[tuple[int, ...], str], ...] = ()
    stopped_early: bool = False
    tried: dict[str, Run] = field(default_factory=dict)

    @property
    def start(self) -> Look:
        """The look before the first epoch."""
        return self.run.looks[0]

    @property
    def end(self) -> Look:
        """The look after the last epoch."""
        return self.run.looks[-1]

    def what_if(self, name: str, change: Callable[[Case], Case]) -> Run:
        """Return the run of a changed case; each name is trained once."""
        if name not in self.tried:
            self.tried[name] = run(change(self.case))
        return self.tried[name]

    def is_clearly_lower(self, one: Tensor | None, other: Tensor | None, errors: float = CLEAR) -> bool:
        """Say whether held-out rows lose clearly less with one output than with another, row by row.

        That is by so many standard errors of the mean difference. Outputs that are not known (of a recorded
        run) or not finite count as worse.
        """
        case = self.case
        if one is None or not bool(one.isfinite().all()):
            return False
        if other is None or not bool(other.isfinite().all()):
            return True
        mine, theirs = (row_losses(case.loss, each, case.held.y) for each in (one, other))
        difference = theirs - mine
        if len(difference) < 5:
            return bool(difference.mean() > 0)
        return bool(difference.mean() > errors * difference.std(ddof=1) / math.sqrt(len(difference)))

    def is_much_better(self, other: Run, on_training_rows: bool = True) -> bool:
        """Say whether another run, at its best, answers held-out rows clearly and much better.

        Unless told otherwise it must fit its training rows much better too: a run that only learned less by
        heart is another matter.
        """
        mine = self.run
        if other.broke is not None:
            return False
        fits = mine.broke is not None or other.train_losses[-1] <= MUCH_LOWER * mine.train_losses[-1]
        if on_training_rows and not fits:
            return False
        if other.best_loss > MUCH_LOWER * mine.best_loss:
            return False
        return self.is_clearly_lower(other.best_output, mine.best_output)

    @cached_property
    def constant_output(self) -> Tensor | None:
        """The best constant, once for each held-out row."""
        return constant_outputs(self.loss, self.case.train.y, self.case.held.y)

    @cached_property
    def constant(self) -> float:
        """The loss of the held-out rows where each is answered by the best constant; NaN if not known."""
        answers = self.constant_output
        return math.nan if answers is None else float(self.case.loss(answers, self.case.held.y, None))

    @cached_property
    def constant_on_training_rows(self) -> float:
        """As ``constant``, of the training rows."""
        y = self.case.train.y
        answers = constant_outputs(self.loss, y, y)
        return math.nan if answers is None else float(self.case.loss(answers, y, None))

    @cached_property
    def forest_output(self) -> Tensor | None:
        """What a forest answers held-out rows, having learned from the training rows; None: not known.

        It needs no scaling, no learning rate and no luck, so it says how much the rows let one learn.
        """
        return _forest_outputs(self.case, self.loss)

    @cached_property
    def forest(self) -> tuple[float, float]:
        """The forest's mean loss on held-out rows and the standard error of that mean; NaN if not known."""
        if self.forest_output is None:
            return math.nan, math.nan
        rows = row_losses(self.case.loss, self.forest_output, self.case.held.y)
        return float(rows.mean()), float(rows.std()) / math.sqrt(max(1, len(rows) - 1))


def recognised(loss: object, output: Tensor, y: Tensor) -> str | None:
    """Name one of our losses that a callable of the user's equals; a name is returned as it is."""
    if not callable(loss):
        return str(loss)
    seen = _Called()
    with torch.no_grad(), seen:
        value = loss(output, y)
    for name in seen.names:
        known = NAMED.get(name)
        if known and isinstance(value, Tensor) and not value.ndim:
            named = loss_by_name(known)
            if torch.allclose(named(output, y, None), value, rtol=1e-4):
                return known
    return None


class _Called(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        self.names.append(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


def constant_outputs(loss: str | None, y: Tensor, like: Tensor) -> Tensor | None:
    """Return the best constant for targets y, once for each of other targets; None for an unknown loss."""
    if loss == "cross_entropy" and y.ndim == 1:
        shares = torch.bincount(y, minlength=int(max(y.max(), like.max())) + 1).float() + 1e-3
        return (shares / shares.sum()).log().expand(len(like), -1)
    mean = y.float().mean(dim=0)
    if loss in ("mse", "huber", "mae"):
        best = y.median(dim=0).values if loss == "mae" else mean
    elif loss == "binary_cross_entropy":
        best = mean.clamp(1e-3, 1 - 1e-3).logit()
    elif loss == "poisson":
        best = mean.clamp_min(1e-6).log()
    else:
        return None
    return best.to(y.dtype).expand(like.shape)


def _forest_outputs(case: Case, loss: str | None) -> Tensor | None:
    X, y, held = case.train.X[:_MOST_GROWN_ON], case.train.y[:_MOST_GROWN_ON], case.held
    if X.ndim != 2 or y.ndim > 2 or len(y) < 20:
        return None
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    options = {
        "n_estimators": _TREES,
        "random_state": derived_seed(case.settings.seed, "doctor", "trees") % 2**32,
    }
    if loss in ("cross_entropy", "binary_cross_entropy") and (y.ndim == 1 or y.shape[1] == 1):
        if bool((y.float() != y.float().round()).any()):
            return None
        forest = ExtraTreesClassifier(min_samples_leaf=2, **options).fit(
            X.numpy(), y.long().reshape(-1).numpy()
        )
        return _as_outputs(forest.predict_proba(held.X.numpy()), forest.classes_, loss, case)
    if loss in ("mse", "mae", "huber"):
        forest = ExtraTreesRegressor(min_samples_leaf=2, **options).fit(X.numpy(), y.numpy().squeeze())
        return torch.from_numpy(forest.predict(held.X.numpy())).to(y.dtype).reshape(held.y.shape)
    return None


def _as_outputs(shares: Floats, classes: Floats, loss: str, case: Case) -> Tensor:
    """Turn a forest's shares into logits; each class is given half a tree more than voted for it."""
    width = 2 if loss == "binary_cross_entropy" else outputs(case.net, case.train.X[:2]).shape[1]
    votes = np.full((len(shares), width), 0.5)
    votes[:, classes.astype(int)] += shares * _TREES
    logs = torch.from_numpy(np.log(votes / votes.sum(axis=1, keepdims=True))).to(case.train.X.dtype)
    return logs if loss == "cross_entropy" else (logs[:, 1:] - logs[:, :1])
