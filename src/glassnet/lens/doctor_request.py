"""A request to the doctor about a net of the user's own: checked, and run once to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.rows import Rows, batches
from glassnet.engine.settings import Settings
from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.doctor_evidence import Evidence, recognised
from glassnet.lens.doctor_giveaways import giveaways
from glassnet.lens.doctor_loop import Trainer
from glassnet.lens.doctor_run import Case, outputs, run
from glassnet.lens.numerals import counted
from glassnet.randomness import stream

HELD = 0.2
"""Share of the rows that is held out where no validation rows are given."""

Step = Callable[[nn.Module, torch.optim.Optimizer, Tensor, Tensor], Any]
"""step(net, optimizer, X, y): one update of the net on one batch."""

_SETTINGS = sorted(
    {each.name for each in fields(Settings)} - {"loss", "device", "engine", "precision", "threads"}
)


@dataclass(frozen=True)
class Request:
    """What ``diagnose`` was asked about a net."""

    net: nn.Module
    X: Any
    y: Any
    loss: str | Callable[..., Any] | None
    validation: tuple[Any, Any] | None
    train: Trainer | None
    step: Step | None
    columns: Sequence[str] | None
    settings: dict[str, Any]

    def evidence(self) -> tuple[Evidence, str, tuple[str, ...]]:
        """Train a copy under the doctor's eyes; return what was seen, of what, and what to note.

        Raises:
            RecipeError: settings or arrays are wrong; every problem is named.
        """
        settings = self._checked()
        rows = checked_rows(self.net, self.X, self.y, loss=settings.loss)
        train, held = self._split(rows, settings)
        output = outputs(self.net, train.X[:2])
        loss = recognised(settings.loss, output, train.y[: len(output)])
        given, broadcast = _given(output, self.y, len(train.y))
        case = Case(
            net=self.net,
            train=train,
            held=held,
            settings=settings,
            judge=loss or settings.loss,
            loop=self._loop(settings),
            given=given,
        )
        names = tuple(map(str, self.columns or _names(self.X, train.X)))
        evidence = Evidence(
            run=run(case, looks=True),
            case=case,
            loss=loss,
            columns=names,
            rows=len(rows.y),
            broadcast=broadcast if callable(settings.loss) and case.loop is None else None,
            giveaways=giveaways(train, held, names),
        )
        return evidence, self._told(evidence), tuple(self._notes(evidence, broadcast))

    def _checked(self) -> Settings:
        """Check everything that is not an array, and return the settings."""
        problems = [
            message("settings must be those of fit", f"{name}={value!r}", did_you_mean(name, _SETTINGS))
            for name, value in self.settings.items()
            if name not in _SETTINGS
        ]
        if self.X is None or self.y is None or self.loss is None:
            absent = [name for name in ("X", "y", "loss") if getattr(self, name) is None]
            do = "write diagnose(net, X, y, loss='mse')"
            problems.append(
                message("a net needs X, y and loss to be diagnosed", f"{absent[0]} is missing", do)
            )
        if self.train is not None and self.step is not None:
            must = "train and step are two ways to hand in a loop"
            problems.append(message(must, "both were given", "leave one of them out"))
        known = {name: value for name, value in self.settings.items() if name in _SETTINGS}
        settings = Settings(loss=self.loss or "mse", **known, device="cpu", threads=1)
        problems += settings.problems(self.validation is not None)
        if problems:
            raise RecipeError(problems)
        return settings

    def _split(self, rows: Rows, settings: Settings) -> tuple[Rows, Rows]:
        """Return the rows to train on and those to judge by, which without validation rows are a fifth."""
        if self.validation is not None:
            names = ("validation X", "validation y", "validation weights")
            return rows, checked_rows(self.net, *self.validation, loss=settings.loss, names=names)
        count = len(rows.y)
        order = torch.from_numpy(stream(settings.seed, "doctor", "held").permutation(count))
        held = order[: round(HELD * count)] if count > 4 else order
        train = order[round(HELD * count) :] if count > 4 else order
        return Rows(rows.X[train], rows.y[train]), Rows(rows.X[held], rows.y[held])

    def _loop(self, settings: Settings) -> Trainer | None:
        if self.step is None:
            return self.train
        return partial(_by_steps, self.step, settings)

    def _told(self, evidence: Evidence) -> str:
        run, count = evidence.run, len(evidence.case.train.y)
        weights = counted(sum(each.numel() for each in self.net.parameters()), "weight")
        done = (
            counted(len(run.held_losses) - 1, "epoch")
            if run.habits is None
            else f"{counted(run.habits.updates, 'update')} by a loop of your own"
        )
        held = counted(len(evidence.case.held.y), "row")
        return f"a net of {weights}, trained on {counted(count, 'row')} for {done} and judged by {held}"

    def _notes(self, evidence: Evidence, broadcast: Shapes | None) -> Iterator[str]:
        if self.validation is None:
            yield "a copy was trained on four fifths of the rows, drawn at random, and judged by the others"
        if broadcast and evidence.broadcast is None and evidence.case.loop is None:
            yield (
                f"targets {broadcast[1]} were reshaped to the outputs, {broadcast[0]}, as gn.fit does; a "
                "loss of torch's would broadcast them"
            )
        if evidence.loss is None:
            yield "the loss is one of your own: what a constant or a forest would lose is not known"
        if evidence.case.loop is not None:
            yield "of a loop of your own, epochs are counted in updates"


Shapes = tuple[tuple[int, ...], tuple[int, ...]]


def _given(output: Tensor, y: Any, rows: int) -> tuple[tuple[int, ...] | None, Shapes | None]:
    """Return the shape of one target as it was given, where torch would broadcast it over the outputs."""
    tail, own = tuple(np.shape(y)[1:]), tuple(output.shape[1:])
    if {tail, own} != {(), (1,)}:
        return None, None
    return tail, ((rows, *own), (rows, *tail))


def _names(X: Any, inputs: Tensor) -> Sequence[str]:
    named = getattr(X, "columns", None)
    if named is not None and len(named) == inputs.shape[1]:
        return list(named)
    return [f"input {place}" for place in range(1, inputs[0].numel() + 1)] if inputs.ndim == 2 else ["inputs"]


def _by_steps(step: Step, settings: Settings, net: nn.Module, X: Tensor, y: Tensor) -> None:
    """Call the user's step for each batch of each epoch."""
    s = settings
    optimizer = s.torch_optimizer(net)
    for epoch in range(1, s.epochs + 1):
        for batch in batches(Rows(X, y), s.batch_size, epoch, shuffle=s.shuffle, seed=s.seed):
            step(net, optimizer, batch.X, batch.y)
