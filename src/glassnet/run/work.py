"""One run on a table, from its recipe to its Model: read, split, fit baselines, plan, train, score."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from glassnet.data.sources import open_source
from glassnet.model.table import Model
from glassnet.notation import parse_split
from glassnet.plan.table import Plan
from glassnet.run.budget import within_budget
from glassnet.run.choose import default_batch_size, make_plan, net_notation
from glassnet.run.context import Context
from glassnet.run.fold_scores import FoldScores, pooled, results_of
from glassnet.run.frame import Done
from glassnet.run.kept import KeptRows, keep_rows
from glassnet.run.nets import engine_for, settings_of, threads_for
from glassnet.run.prepare import Encoded, Prepared, column_plans, encode, prepare
from glassnet.run.report import training_report
from glassnet.run.same import earlier_plan, with_checksum
from glassnet.run.scoring import Judge
from glassnet.run.told import warn_of
from glassnet.run.trials import Chosen, train_nets

if TYPE_CHECKING:
    from glassnet.data.split import Fold
    from glassnet.results import Results


def table_work(context: Context) -> Done:
    """Do the work of a run on a table; see :mod:`glassnet.run.frame`."""
    recipe, since = context.recipe, time.monotonic()
    context.reporter.phase(f"reading {recipe.data or 'the data'}")
    source = open_source(recipe.data if context.own.data is None else context.own.data, recipe.missing)
    context.recipe = with_checksum(recipe, source.sha256, context.folder)
    context.plan = earlier_plan(context.folder, Plan)
    prepared = prepare(context.recipe, source)
    warn_of(prepared.leaks)
    context.timed("read", since)
    model, failure, folds = _train_folds(context, prepared)
    return Done(model, failure, partial(training_report, context, model, folds))


@dataclass(frozen=True)
class _Trained:
    """One fold when its work is done."""

    done: Chosen
    scores: FoldScores
    kept: KeptRows | None

    @property
    def failure(self) -> Exception | None:
        return self.done.final.failure

    @property
    def broken_off(self) -> bool:
        return self.done.final.interrupted or self.failure is not None

    def model(self, context: Context, results: Results) -> Model:
        done = self.done
        return Model(
            net=done.final.net,
            schema=done.encoded.schema,
            task=done.encoded.task,
            architecture=done.final.architecture,
            recipe=context.recipe,
            plan=done.plan.model_copy(update={"reproducible": not context.cut_short}),
            history=done.best.history,
            results=results,
            baselines=self.scores.saved,
            conformal=self.scores.conformal,
        )


Folds = list[tuple[FoldScores, KeptRows]]


def _train_folds(context: Context, prepared: Prepared) -> tuple[Model, Exception | None, Folds]:
    """Train every fold, and for several folds a final net on everything; return the model of the last, and
    with a run folder what its report needs of the folds that were scored."""
    if prepared.final is None:
        done = _train_fold(context, prepared, prepared.folds[0], "net", 1)
        return done.model(context, results_of([done.scores])), done.failure, _kept([done])
    folds: list[_Trained] = []
    for number, fold in enumerate(prepared.folds, start=1):
        done = _train_fold(context, prepared, fold, f"fold{number}", len(prepared.folds) + 1)
        folds.append(done)
        if done.broken_off:
            results = results_of([each.scores for each in folds])
            return done.model(context, results), done.failure, _kept(folds)
    done = _train_fold(context, prepared, prepared.final, "net", 1)
    repeated = parse_split(prepared.test).kind == "repeat"
    results = pooled([each.scores for each in folds], done.scores, repeated=repeated)
    return done.model(context, results), done.failure, _kept(folds)


def _kept(folds: list[_Trained]) -> Folds:
    return [(each.scores, each.kept) for each in folds if each.kept is not None]


def _train_fold(context: Context, prepared: Prepared, fold: Fold, name: str, folds: int) -> _Trained:
    """Train and score one fold; the first one settles the plan."""
    since = time.monotonic()
    encoded = encode(prepared, fold)
    plan = context.plan or _plan(context, prepared, encoded)
    context.reporter.phase("fitting the baselines")
    seed, has_report = context.recipe.seed, context.folder is not None
    kept = keep_rows(prepared, fold, encoded.schema, seed) if has_report else None
    judge = Judge(encoded, prepared, context.recipe)
    context.timed("baselines", since)
    if context.plan is None:
        plan = within_budget(context, encoded, judge, plan, folds, time.monotonic() - since)
        plan = plan.model_copy(update={"tune": plan.tune / folds if plan.tune else None})
    context.plan = plan
    context.settle(plan)
    since = time.monotonic()
    with context.interrupts.asking():
        done = train_nets(context, plan, encoded, name)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    scores = judge.scores(done)
    context.timed("score", since)
    return _Trained(done, scores, kept)


def _plan(context: Context, prepared: Prepared, encoded: Encoded) -> Plan:
    """Make the plan, and check that a net can be trained so before anything slow begins."""
    recipe, rows = context.recipe, len(encoded.fold.train)
    notation = net_notation(recipe.net, rows)
    columns = column_plans(prepared, encoded.schema)
    batch_size = recipe.batch_size or default_batch_size(recipe.net, rows)
    threads = recipe.threads or threads_for(context, encoded, notation, batch_size)
    plan = make_plan(recipe, prepared, columns, rows, notation, threads)
    settings_of(context, plan, encoded.task.loss, recipe.seed).check(plan.patience is not None)
    engine, reason = engine_for(context, encoded, plan)
    return plan.model_copy(update={"engine": engine, "engine_reason": reason})
