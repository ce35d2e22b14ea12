"""One run on texts from its recipe to its TextModel: read, split, compare, train, score, save.

torch is not imported: see ``tests/run/test_text_imports.py``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from glassnet.engine.bags_choice import in_words
from glassnet.errors import NonFiniteLoss, message
from glassnet.model.texts import TextModel
from glassnet.model.texts_manifest import TextBaselines, TextSchema
from glassnet.notation import parse_split
from glassnet.plan.texts import TextPlan
from glassnet.run.context import Context
from glassnet.run.fold_scores import FoldScores, pooled, results_of
from glassnet.run.frame import Done
from glassnet.run.same import earlier_plan, with_checksums
from glassnet.run.text_nets import (
    Tell,
    TrainedBags,
    check_bag,
    engine_of_bags,
    fixed,
    threads_of,
    train_fold,
)
from glassnet.run.text_prepare import TextPrepared, prepare_texts
from glassnet.run.text_report import training_report
from glassnet.run.text_scoring import fold_scores
from glassnet.run.told import warn_of

if TYPE_CHECKING:
    from glassnet.data.split import Fold
    from glassnet.engine.bags import PassRecord
    from glassnet.recipe import Recipe
    from glassnet.results import Results

BUDGET_SHARE = 0.4
"""The part of what is left of a budget after which no further way to train is tried; the last one that began,
the final training and the scores take the rest."""


def text_work(context: Context) -> Done:
    """Do the work of a run on texts; see :mod:`glassnet.context.frame`.

    An interrupted run begins its net again: that takes seconds, and ends with the same bits.
    """
    check_bag(context.recipe)
    since = time.monotonic()
    context.reporter.phase(f"reading {context.recipe.data or 'the texts'}")
    prepared = prepare_texts(context.recipe, context.own)
    sha256, test_sha256 = prepared.rows.sha256, prepared.test_sha256
    context.recipe = with_checksums(context.recipe, sha256, test_sha256, context.folder)
    warn_of(prepared.leaks)
    context.timed("read", since)
    plan = earlier_plan(context.folder, TextPlan) or _plan(context.recipe, prepared)
    context.settle(plan)
    model, scored = _train_folds(context, plan, prepared)
    return Done(model, report=partial(training_report, model, prepared, scored))


@dataclass(frozen=True)
class _Done:
    """One fold when its work is done."""

    nets: TrainedBags
    scores: FoldScores
    baselines: TextBaselines


Scored = list[tuple["Fold", FoldScores]]


def _train_folds(context: Context, plan: TextPlan, prepared: TextPrepared) -> tuple[TextModel, Scored]:
    """Train every fold, and for several folds a final net on everything; return the model of the last, and
    what was scored."""
    total = len(prepared.folds) + (prepared.final is not None)
    folds = [
        _train_fold(
            context, plan, prepared, fold, f"fold{number}" if total > 1 else "net", total - number + 1
        )
        for number, fold in enumerate(prepared.folds, start=1)
    ]
    scored = [(fold, done.scores) for fold, done in zip(prepared.folds, folds, strict=True)]
    if prepared.final is None:
        return _model(context.recipe, plan, prepared, folds[0], results_of([folds[0].scores])), scored
    done = _train_fold(context, plan, prepared, prepared.final, "net", 1)
    repeated = parse_split(prepared.test).kind == "repeat"
    results = pooled([each.scores for each in folds], done.scores, repeated=repeated)
    return _model(context.recipe, plan, prepared, done, results), scored


def _train_fold(
    context: Context, plan: TextPlan, prepared: TextPrepared, fold: Fold, name: str, left: int
) -> _Done:
    """Train and score one fold; ``left`` folds share what is left of a budget."""
    since = time.monotonic()
    limit = None
    if context.recipe.budget is not None:
        limit = max(context.recipe.budget - (since - context.began), 0.0) * BUDGET_SHARE / left
    nets = train_fold(context.recipe, prepared, fold, plan.threads, limit, _teller(context, name))
    if nets.best.history and not _is_finite(nets.best.history[-1]):
        must, do = "the loss of texts must stay finite", "start again with a lower lr"
        raise NonFiniteLoss(message(must, f"it is {nets.best.history[-1].loss}", do))
    _keep_history(context, name, nets)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    scores, baselines = fold_scores(context.recipe, prepared, fold, nets, plan.threads)
    context.timed("score", since)
    return _Done(nets, scores, baselines)


def _is_finite(record: PassRecord) -> bool:
    return record.loss - record.loss == 0.0


def _plan(recipe: Recipe, prepared: TextPrepared) -> TextPlan:
    """Decide what the recipe leaves open."""
    engine, reason = engine_of_bags(recipe)
    validates = len(prepared.folds[0].validation) > 0
    return TextPlan(
        **prepared.facts,
        net=recipe.net,
        compare=fixed(recipe, len(prepared.folds[0].train)) is None and validates,
        refit=recipe.refit is not False and validates,
        engine=engine,
        engine_reason=reason,
        threads=threads_of(recipe),
        reproducible=recipe.budget is None,
    )


def _teller(context: Context, fold: str) -> Tell:
    """Return what passes the progress of a fold on to the reporter."""

    def tell(name: str, record: PassRecord) -> None:
        left = record.seconds / record.number * (record.passes - record.number)
        label = name if fold == "net" else f"{fold}, {name}"
        context.reporter.progress(label, None, record.number, record.passes, left)

    return tell


def _keep_history(context: Context, name: str, nets: TrainedBags) -> None:
    if context.folder is None:
        return
    context.lines += [f'{{"net": "{name}", {record.to_json()[1:]}' for record in nets.history]
    context.folder.write_history(context.lines)


def _model(
    recipe: Recipe, plan: TextPlan, prepared: TextPrepared, done: _Done, results: Results
) -> TextModel:
    final, history = done.nets.final, done.nets.history
    history.engine, history.engine_reason = plan.engine, plan.engine_reason
    update = {
        "trials": done.nets.trials,
        "reading": in_words(final.vocabulary.options, final.settings),
        "epochs": final.settings.passes,
    }
    return TextModel(
        net=final,
        schema=TextSchema(column=prepared.rows.column, target=prepared.task.class_target),
        task=prepared.task,
        recipe=recipe,
        plan=plan.model_copy(update=update),
        history=history,
        results=results,
        baselines=done.baselines,
    )
