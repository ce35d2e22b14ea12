"""A request to the doctor about a trained Model: its record, and what its net does with rows."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import torch
from torch import nn

from glassnet.engine.arrays import checked_rows
from glassnet.engine.rows import Rows
from glassnet.engine.settings import Settings
from glassnet.lens.doctor_evidence import Evidence
from glassnet.lens.doctor_look import look
from glassnet.lens.doctor_run import Case, Run, outputs, run
from glassnet.lens.inputs import some_rows
from glassnet.lens.numerals import counted
from glassnet.model.table import Model
from glassnet.nets.build import build
from glassnet.nets.spec import Own
from glassnet.randomness import derived_seed, stream

MOST_ROWS = 5_000
HELD = 0.2


@dataclass(frozen=True)
class ModelRequest:
    """What ``diagnose`` was asked about a Model; without data only its record is known."""

    model: Model
    data: object

    @property
    def seen(self) -> str:
        """What is looked at, in words."""
        weights = counted(sum(each.numel() for each in self.model.net.parameters()), "weight")
        rows = counted(self.model.results.rows.get("train", 0), "row")
        return f"a model of {weights}, trained on {rows} for {counted(len(self.model.history), 'epoch')}"

    def notes(self) -> tuple[str, ...]:
        """Return what could not be looked at."""
        if self.data is None:
            return (
                "only what the model records was looked at; give it rows to have its layers looked at too",
            )
        if self._is_own:
            return (
                "how its own net and loss begin is not in the model: only where they ended was looked at",
            )
        return ()

    @property
    def _is_own(self) -> bool:
        return isinstance(self.model.architecture, Own)

    def evidence(self) -> Evidence | None:
        """Look at the net, as it began and as it is, on the rows; None without rows, or a loss to judge by.

        Raises:
            DataError: columns or cells do not fit, or a target is missing.
        """
        model = self.model
        if self.data is None or model.task.loss.startswith("own:"):
            return None
        examples = model.examples(self.data)
        chosen = some_rows(len(examples.inputs), MOST_ROWS, model.recipe.seed, "doctor")
        y = model.task.for_loss(examples.truth[chosen])
        rows = checked_rows(model.net, examples.inputs[chosen], y, loss=model.task.loss)
        order = torch.from_numpy(stream(model.recipe.seed, "doctor", "held").permutation(len(rows.y)))
        cut = round(HELD * len(order)) if len(order) > 4 else 0
        held, train = (order[:cut], order[cut:]) if cut else (order, order)
        case = Case(
            net=self._begun(),
            train=Rows(rows.X[train], rows.y[train]),
            held=Rows(rows.X[held], rows.y[held]),
            settings=self._settings(),
            judge=model.task.loss,
        )
        return Evidence(
            run=self._run(case),
            case=case,
            loss=model.task.loss,
            columns=tuple(model.schema.input_names),
            rows=model.results.rows.get("train", len(rows.y)) + model.results.rows.get("validation", 0),
            may_try=not self._is_own,
            stopped_early=True,
        )

    def _begun(self) -> nn.Module:
        """Return the net as its training began; an own net as it is."""
        model = self.model
        if isinstance(model.architecture, Own):
            return copy.deepcopy(model.net)
        return build(model.architecture, model.recipe.init, derived_seed(model.recipe.seed, "weights"))

    def _settings(self) -> Settings:
        recipe, plan = self.model.recipe, self.model.plan
        return Settings(
            loss=self.model.task.loss,
            optimizer=plan.optimizer,
            lr=plan.lr,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=plan.weight_decay,
            l1=recipe.l1,
            l2=recipe.l2,
            batch_size=plan.batch_size,
            epochs=max(1, len(self.model.history)),
            schedule=plan.schedule,
            warmup=recipe.warmup,
            clip=recipe.clip,
            ema=plan.ema,
            seed=recipe.seed,
            device="cpu",
            threads=1,
        )

    def _run(self, case: Case) -> Run:
        """Return the recorded run, as far as the record and two looks tell it."""
        history, net = self.model.history, copy.deepcopy(self.model.net).cpu()
        X, y = case.train.X[:2_000], case.train.y[:2_000]
        answers = [outputs(each, case.held.X) for each in (case.net, net)]
        first = replace(case.settings, epochs=1, schedule=None, warmup=0)
        broke = history.stopped == "non_finite"
        return Run(
            net=net,
            looks=[
                look(case.net, X, y, case.loss, 0),
                look(net, X, y, case.loss, history.best_epoch or len(history)),
            ],
            train_losses=[each.train_loss for each in history] or [math.inf],
            held_losses=[float(case.loss(each, case.held.y, None)) for each in answers],
            best_output=answers[-1],
            last_output=answers[-1],
            best_epoch=history.best_epoch or len(history),
            updates={} if self._is_own else run(replace(case, settings=first)).updates,
            stopped=history.stopped,
            broke=len(history) + 1 if broke else None,
        )
