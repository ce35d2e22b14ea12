"""One run from its recipe to its Model: read, split, fit baselines, plan, train, score, save."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from glassnet.data.sources import open_source
from glassnet.errors import FormatError, GlassnetWarning, message
from glassnet.model import Model
from glassnet.plan import Plan
from glassnet.run.budget import within_budget
from glassnet.run.choose import default_batch_size, make_plan, net_notation
from glassnet.run.context import Context
from glassnet.run.nets import TrainedNet, threads_for, train_nets
from glassnet.run.prepare import Encoded, Prepared, column_plans, encode, prepare
from glassnet.run.scoring import FoldScores, Judge, pooled, results_of
from glassnet.run.signals import listening
from glassnet.run.train import Outcome

if TYPE_CHECKING:
    from glassnet.data.split import Fold
    from glassnet.recipe import Recipe
    from glassnet.results import Results
    from glassnet.run.folder import RunFolder
    from glassnet.run.reporter import Reporter
    from glassnet.run.train import Own


def carry_out(
    recipe: Recipe, folder: RunFolder | None, own: Own, reporter: Reporter, began: float
) -> Outcome:
    """Do the whole work of a run, or what is left of it; see :func:`glassnet.run.train.train`.

    Raises:
        RequestError: recipe or data are wrong.
        NonFiniteLoss: training failed; the model of the last good weights was saved before.
        Interrupted: a signal came before there was a net.
    """
    with listening() as interrupts, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GlassnetWarning)
        context = Context(recipe, own, folder, reporter, interrupts, began, _earlier_plan(folder))
        since = time.monotonic()
        reporter.phase(f"reading {recipe.data or 'the data'}")
        source = open_source(recipe.data if own.data is None else own.data, recipe.missing)
        prepared = prepare(recipe, source)
        context.timed("read", since)
        model, failure = _train_folds(context, prepared)
        if folder is not None:
            model.save(folder.model)
            folder.finish(interrupted=model.history.stopped == "interrupted")
        context.timed("total", began)
    told = _say_again(caught)
    if failure is not None:
        raise failure
    return Outcome(model, folder, context.seconds, told)


@dataclass(frozen=True)
class _Trained:
    """One fold when its work is done: ``best`` is the net that validation judged, ``final`` is kept."""

    encoded: Encoded
    plan: Plan
    best: TrainedNet
    final: TrainedNet
    scores: FoldScores

    @property
    def broken_off(self) -> bool:
        return self.final.interrupted or self.final.failure is not None

    def model(self, recipe: Recipe, results: Results) -> Model:
        history = self.best.history
        if self.final.interrupted:
            history.stopped = "interrupted"
        return Model(
            net=self.final.net,
            schema=self.encoded.schema,
            task=self.encoded.task,
            architecture=self.final.architecture,
            recipe=recipe,
            plan=self.plan,
            history=history,
            results=results,
            baselines=self.scores.saved,
        )


def _train_folds(context: Context, prepared: Prepared) -> tuple[Model, Exception | None]:
    """Train every fold, and for several folds a final net on everything; return the model of the last."""
    if prepared.final is None:
        done = _train_fold(context, prepared, prepared.folds[0], "net", 1)
        return done.model(context.recipe, results_of([done.scores])), done.final.failure
    folds: list[FoldScores] = []
    for number, fold in enumerate(prepared.folds, start=1):
        done = _train_fold(context, prepared, fold, f"fold{number}", len(prepared.folds) + 1)
        folds.append(done.scores)
        if done.broken_off:
            return done.model(context.recipe, results_of(folds)), done.final.failure
    done = _train_fold(context, prepared, prepared.final, "net", 1)
    return done.model(context.recipe, pooled(folds, done.scores)), done.final.failure


def _train_fold(context: Context, prepared: Prepared, fold: Fold, name: str, folds: int) -> _Trained:
    """Train and score one fold; the first one settles the plan."""
    since = time.monotonic()
    context.reporter.phase("fitting the baselines")
    encoded = encode(prepared, fold)
    judge = Judge(encoded, prepared, context.recipe)
    context.timed("baselines", since)
    plan = context.plan or _plan(context, prepared, encoded, folds, time.monotonic() - since)
    context.settle(plan)
    since = time.monotonic()
    context.interrupts.training = True
    best, final = train_nets(context, plan, encoded, name)
    context.interrupts.training = final.interrupted
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    scores = judge.scores(best.net, final.net)
    context.timed("score", since)
    return _Trained(encoded, plan, best, final, scores)


def _plan(context: Context, prepared: Prepared, encoded: Encoded, folds: int, scoring: float) -> Plan:
    """Make the plan; under a budget, what baselines and scoring took tells how long the rest will take."""
    recipe, rows = context.recipe, len(encoded.fold.train)
    notation = net_notation(recipe.net, rows)
    columns = column_plans(prepared, encoded.schema)
    batch_size = recipe.batch_size or default_batch_size(rows)
    threads = recipe.threads or threads_for(context, encoded, notation, batch_size)
    plan = make_plan(recipe, prepared, columns, rows, notation, threads)
    trainings = folds * (recipe.restarts + (1 if plan.refit else 0))
    return within_budget(context, encoded, plan, trainings, reserve=0.5 + scoring * (folds - 0.5))


def _earlier_plan(folder: RunFolder | None) -> Plan | None:
    """Return the plan of an earlier start of this run, to be reused."""
    found = folder.read_plan() if folder is not None else None
    if found is None or folder is None:
        return None
    try:
        return Plan.model_validate(found)
    except ValidationError as error:
        raise FormatError(
            message(
                f"{folder.plan} must be as the run wrote it",
                error.errors(include_url=False)[0]["msg"],
                "delete it and start the run again",
            )
        ) from None


def _say_again(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """Pass on what was warned of meanwhile, and return Glassnet's own warnings as texts."""
    for each in caught:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return tuple(str(each.message) for each in caught if issubclass(each.category, GlassnetWarning))
