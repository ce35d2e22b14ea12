"""One run on texts from its recipe to its TextModel: read, split, compare, train, score, save.

torch is not imported: see ``tests/run/test_text_imports.py``.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from glassnet.engine.bags_choice import in_words
from glassnet.errors import DataError, GlassnetWarning, NonFiniteLoss, message
from glassnet.model.texts import TextModel
from glassnet.model.texts_manifest import TextBaselines, TextSchema
from glassnet.notation import parse_split
from glassnet.plan.texts import TextPlan
from glassnet.run.context import Outcome, Own
from glassnet.run.fold_scores import FoldScores, pooled, results_of
from glassnet.run.same import earlier_plan, with_checksum
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
from glassnet.run.text_report import write_text_report
from glassnet.run.text_scoring import fold_scores
from glassnet.run.told import own_warnings, say_again

if TYPE_CHECKING:
    from glassnet.data.split import Fold
    from glassnet.engine.bags import PassRecord
    from glassnet.recipe import Recipe
    from glassnet.results import Results
    from glassnet.run.folder import RunFolder
    from glassnet.run.reporter import Reporter
    from glassnet.run.signals import Interrupts

BUDGET_SHARE = 0.4
"""The part of what is left of a budget after which no further way to train is tried; the last one that began,
the final training and the scores take the rest."""


@dataclass
class _Run:
    """A run at work: what it was given, its plan once it has one, and the seconds of its parts."""

    recipe: Recipe
    folder: RunFolder | None
    reporter: Reporter
    began: float
    plan: TextPlan | None = None
    settled: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def timed(self, part: str, since: float) -> None:
        """Add the time since then to a part of the run."""
        self.seconds[part] = self.seconds.get(part, 0.0) + time.monotonic() - since


def carry_out(
    recipe: Recipe,
    folder: RunFolder | None,
    own: Own,
    reporter: Reporter,
    interrupts: Interrupts,
    began: float,
) -> Outcome:
    """Do the whole work of a run on texts; see :func:`glassnet.run.train.train`.

    An interrupted run begins its net again: that takes seconds, and ends with the same bits.

    Raises:
        RequestError: recipe or data are wrong.
        NonFiniteLoss: training failed.
    """
    check_bag(recipe)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GlassnetWarning)
        since = time.monotonic()
        reporter.phase(f"reading {recipe.data or 'the texts'}")
        prepared = prepare_texts(recipe, own)
        recipe = _with_checksums(recipe, prepared, folder)
        for leak in prepared.leaks:
            warnings.warn(leak.warning or "", GlassnetWarning, stacklevel=2)
        run = _Run(recipe, folder, reporter, began, earlier_plan(folder, TextPlan))
        run.timed("read", since)
        model, scored = _train_folds(run, prepared)
        if folder is not None:
            since = time.monotonic()
            folder.keep_model(model.to_bytes(), interrupted=False)
            run.timed("save", since)
            since = time.monotonic()
            reporter.phase("writing the report")
            write_text_report(folder, model, prepared, scored, own_warnings(caught))
            run.timed("report", since)
        run.timed("total", began)
    say_again(caught)
    return Outcome(model, folder, run.seconds, own_warnings(caught))


def _with_checksums(recipe: Recipe, prepared: TextPrepared, folder: RunFolder | None) -> Recipe:
    """Return the recipe with the SHA-256 of its data and of its test texts.

    Raises:
        DataError: they are not what the recipe was written for.
    """
    recipe = with_checksum(recipe, prepared.rows.sha256, folder)
    found = prepared.test_sha256
    if recipe.test_sha256 == found:
        return recipe
    if recipe.test_sha256 is not None:
        must, do = "a run goes on only with the test texts that it began with", "put the old ones back"
        raise DataError(message(must, f"{recipe.test} has changed since", do))
    recipe = recipe.model_copy(update={"test_sha256": found})
    if folder is not None:
        folder.write_recipe(recipe)
    return recipe


@dataclass(frozen=True)
class _Done:
    """One fold when its work is done."""

    nets: TrainedBags
    scores: FoldScores
    baselines: TextBaselines


Scored = list[tuple["Fold", FoldScores]]


def _train_folds(run: _Run, prepared: TextPrepared) -> tuple[TextModel, Scored]:
    """Train every fold, and for several folds a final net on everything; return the model of the last, and
    what was scored."""
    total = len(prepared.folds) + (prepared.final is not None)
    folds = [
        _train_fold(run, prepared, fold, f"fold{number}" if total > 1 else "net", total - number + 1)
        for number, fold in enumerate(prepared.folds, start=1)
    ]
    scored = [(fold, done.scores) for fold, done in zip(prepared.folds, folds, strict=True)]
    if prepared.final is None:
        return _model(run, prepared, folds[0], results_of([folds[0].scores])), scored
    done = _train_fold(run, prepared, prepared.final, "net", 1)
    repeated = parse_split(prepared.test).kind == "repeat"
    results = pooled([each.scores for each in folds], done.scores, repeated=repeated)
    return _model(run, prepared, done, results), scored


def _train_fold(run: _Run, prepared: TextPrepared, fold: Fold, name: str, left: int) -> _Done:
    """Train and score one fold; ``left`` folds share what is left of a budget."""
    plan = _settle(run, prepared, fold)
    since = time.monotonic()
    limit = None
    if run.recipe.budget is not None:
        limit = max(run.recipe.budget - (since - run.began), 0.0) * BUDGET_SHARE / left
    nets = train_fold(run.recipe, prepared, fold, plan.threads, limit, _teller(run, name))
    if nets.best.history and not _is_finite(nets.best.history[-1]):
        must, do = "the loss of texts must stay finite", "start again with a lower lr"
        raise NonFiniteLoss(message(must, f"it is {nets.best.history[-1].loss}", do))
    _keep_history(run, name, nets)
    run.timed("train", since)
    since = time.monotonic()
    run.reporter.phase("scoring")
    scores, baselines = fold_scores(run.recipe, prepared, fold, nets, plan.threads)
    run.timed("score", since)
    return _Done(nets, scores, baselines)


def _is_finite(record: PassRecord) -> bool:
    return record.loss - record.loss == 0.0


def _settle(run: _Run, prepared: TextPrepared, fold: Fold) -> TextPlan:
    """Return the plan, which the first fold makes, writes down and shows."""
    if run.plan is None:
        engine, reason = engine_of_bags()
        run.plan = TextPlan(
            task=prepared.task.name,
            task_reason=prepared.task.reason,
            columns=prepared.columns,
            column=prepared.rows.column,
            test=prepared.test,
            validation=prepared.validation,
            unit=prepared.unit,
            compare=fixed(run.recipe) is None and len(fold.validation) > 0,
            refit=run.recipe.refit is not False and len(fold.validation) > 0,
            engine=engine,
            engine_reason=reason,
            threads=threads_of(run.recipe),
            reproducible=run.recipe.budget is None,
        )
    if not run.settled:
        run.settled = True
        if run.folder is not None:
            run.folder.write_plan(run.plan.model_dump_json(indent=2))
        run.reporter.planned(run.plan)
    return run.plan


def _teller(run: _Run, fold: str) -> Tell:
    """Return what passes the progress of a fold on to the reporter."""

    def tell(name: str, record: PassRecord) -> None:
        left = record.seconds / record.number * (record.passes - record.number)
        label = name if fold == "net" else f"{fold}, {name}"
        run.reporter.progress(label, None, record.number, record.passes, left)

    return tell


def _keep_history(run: _Run, name: str, nets: TrainedBags) -> None:
    if run.folder is None:
        return
    run.lines += [f'{{"net": "{name}", {record.to_json()[1:]}' for record in nets.history]
    run.folder.write_history(run.lines)


def _model(run: _Run, prepared: TextPrepared, done: _Done, results: Results) -> TextModel:
    final, plan = done.nets.final, run.plan
    assert plan is not None
    history = done.nets.history
    history.engine, history.engine_reason = plan.engine, plan.engine_reason
    update = {
        "trials": done.nets.trials,
        "reading": in_words(final.vocabulary.options, final.settings),
        "epochs": final.settings.passes,
    }
    return TextModel(
        net=final,
        schema=TextSchema(column=prepared.rows.column, target=prepared.target),
        task=prepared.task,
        recipe=run.recipe,
        plan=plan.model_copy(update=update),
        history=history,
        results=results,
        baselines=done.baselines,
    )
