"""One run in which a recurrent net reads texts word by word: read, split, train, score, save."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.data.text_features import Vocabulary
from glassnet.data.text_options import TextOptions
from glassnet.data.words import WordVocabulary, fit_words
from glassnet.engine import checkpoint as checkpoints
from glassnet.engine.arrays import checked_rows
from glassnet.engine.history import History
from glassnet.engine.naive_bayes import fit_naive_bayes
from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.errors import NonFiniteLoss, RecipeError, message
from glassnet.model.texts_manifest import TextSchema
from glassnet.model.words import WordModel, outputs_of_words
from glassnet.nets.build import build
from glassnet.nets.recurrent import LastAnswer
from glassnet.nets.spec import Recurrent
from glassnet.notation import RecurrentSpec, parse_recurrent, parse_split, write_recurrent
from glassnet.plan.words import WordPlan
from glassnet.randomness import derived_seed
from glassnet.run.context import Context, Follower
from glassnet.run.fold_scores import FoldScores, results_of
from glassnet.run.frame import Done
from glassnet.run.same import earlier_plan, with_checksum
from glassnet.run.text_prepare import TextPrepared, prepare_texts
from glassnet.run.text_scoring import judged_texts
from glassnet.run.told import warn_of

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.recipe import Recipe

    Codes = NDArray[np.int32]

WORDS, LEAST, LENGTH = 20_000, 2, 250
"""Words that are known at most, how often one has to be there, and how many of a text are read."""
EMBEDDING, UNITS, DROPOUT = 64, 128, 0.5
BATCH_SIZE, EPOCHS, PATIENCE, CLIP = 64, 20, 3, 1.0
LEARNING_RATES = {"sgd": 0.1, "adam": 0.002, "adamw": 0.002, "rmsprop": 0.001}
BUDGET_SHARE = 0.85
"""The part of what is left of a budget that training takes."""
_OF_BAGS = ("text", "refit")
"""Options of a recipe that a bag of words alone has."""
_UNUSED = (
    *("drop", "roles", "keep_leaks", "restarts", "tune", "ema", "l1", "l2", "norm", "init"),
    *("keep_weights", "scaling", "loss", "engine", "horizon"),
)
"""Options of a recipe that mean nothing here."""


def word_work(context: Context) -> Done:
    """Do the work of such a run; see :mod:`glassnet.run.frame`."""
    _check_recipe(context.recipe)
    since = time.monotonic()
    context.reporter.phase(f"reading {context.recipe.data or 'the texts'}")
    prepared = prepare_texts(context.recipe, context.own)
    context.recipe = with_checksum(context.recipe, prepared.rows.sha256, context.folder)
    warn_of(prepared.leaks)
    context.timed("read", since)
    return _trained(context, prepared)


def _check_recipe(recipe: Recipe) -> None:
    """Refuse what a recipe asks for that a net of words does not have, all of it together."""
    must = "a recurrent net of texts must be asked for what it has"
    problems = recipe.refusals(_OF_BAGS, must, "leave it out, or use net='bag'")
    problems += recipe.refusals(_UNUSED, must)
    if recipe.test is not None and parse_split(recipe.test).has_folds:
        must, do = "a recurrent net of texts is judged on one split", "write --test random:0.1"
        problems.append(message(must, f"test={recipe.test!r}", do))
    if problems:
        raise RecipeError(problems)


def _trained(context: Context, prepared: TextPrepared) -> Done:
    fold, since = prepared.folds[0], time.monotonic()
    context.reporter.phase("counting the words")
    length = min(context.recipe.window or LENGTH, 10_000)
    vocabulary = fit_words(prepared.rows.texts.take(fold.train), WORDS, LEAST, length)
    codes = vocabulary.encode(prepared.rows.texts)
    plan = earlier_plan(context.folder, WordPlan) or _plan(context.recipe, prepared, fold)
    context.settle(plan)
    context.timed("words", since)
    since = time.monotonic()
    net = _new_net(plan, vocabulary, prepared, context.recipe.seed)
    with context.interrupts.asking():
        history, failure = _train(context, plan, prepared, fold, codes, net)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    results = results_of([_scores(context.recipe, prepared, fold, codes, net)])
    context.timed("score", since)
    done = {"epochs": history.best_epoch or 0, "reproducible": history.stopped != "budget"}
    counts = np.bincount(prepared.truth[fold.train], minlength=len(prepared.task.classes))
    model = WordModel(
        net=net,
        vocabulary=vocabulary,
        shares=counts / counts.sum(),
        schema=TextSchema(column=prepared.rows.column, target=prepared.target),
        task=prepared.task,
        recipe=context.recipe,
        plan=plan.model_copy(update=done),
        history=history,
        results=results,
    )
    return Done(model, failure)


def _plan(recipe: Recipe, prepared: TextPrepared, fold: Fold) -> WordPlan:
    """Decide what the recipe leaves open."""
    asked = parse_recurrent(recipe.net)
    dropout = DROPOUT if asked.dropout is None else asked.dropout
    spec = RecurrentSpec(asked.cell, asked.layers or 1, asked.units or UNITS, dropout)
    return WordPlan(
        task=prepared.task.name,
        task_reason=prepared.task.reason,
        columns=prepared.columns,
        column=prepared.rows.column,
        test=prepared.test,
        validation=prepared.validation,
        unit=prepared.unit,
        net=write_recurrent(spec),
        compare=False,
        reading=f"words in order, the last {recipe.window or LENGTH}",
        refit=False,
        engine="torch",
        engine_reason="not fused: a recurrent net",
        threads=recipe.threads or 1,
        words=recipe.window or LENGTH,
        batch_size=recipe.batch_size or BATCH_SIZE,
        most_epochs=recipe.epochs or EPOCHS,
        lr=recipe.lr or LEARNING_RATES[recipe.optimizer],
        optimizer=recipe.optimizer,
        schedule=recipe.schedule or "constant",
        warmup=recipe.warmup,
        weight_decay=0.01 if recipe.weight_decay is None else recipe.weight_decay,
        clip=recipe.clip or CLIP,
        patience=(recipe.patience or PATIENCE) if len(fold.validation) else None,
    )


def _new_net(plan: WordPlan, vocabulary: WordVocabulary, prepared: TextPrepared, seed: int) -> LastAnswer:
    asked = parse_recurrent(plan.net)
    spec = Recurrent(
        symbols=vocabulary.size,
        inputs=EMBEDDING,
        cell=asked.cell,
        layers=asked.layers or 1,
        units=asked.units or UNITS,
        dropout=asked.dropout or 0.0,
        outputs=prepared.task.outputs,
    )
    net: Any = build(spec, seed=derived_seed(seed, "weights"))
    return LastAnswer(net)


def _settings(recipe: Recipe, plan: WordPlan, loss: str) -> Settings:
    return Settings(
        loss=loss,
        optimizer=plan.optimizer,
        lr=plan.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=plan.weight_decay,
        batch_size=plan.batch_size,
        epochs=plan.most_epochs,
        patience=plan.patience,
        schedule=plan.schedule,
        warmup=plan.warmup,
        clip=plan.clip,
        seed=recipe.seed,
        device=recipe.device,
        precision="bfloat16" if recipe.precision == "bfloat16" else "float32",
        threads=plan.threads,
        engine="torch",
    )


def _train(
    context: Context, plan: WordPlan, prepared: TextPrepared, fold: Fold, codes: Codes, net: LastAnswer
) -> tuple[History, NonFiniteLoss | None]:
    recipe, task = context.recipe, prepared.task
    settings = _settings(recipe, plan, task.loss)

    def rows(some: NDArray[np.int64]) -> Any:
        weight = None if prepared.weights is None else prepared.weights[some]
        return checked_rows(net, codes[some], task.for_loss(prepared.truth[some]), weight, loss=settings.loss)

    follower = Follower(context, "net")
    path = context.checkpoint("net")
    budget = recipe.budget
    left = None if budget is None else BUDGET_SHARE * (context.began + budget - time.monotonic())
    try:
        history = train_net(
            net,
            rows(fold.train),
            settings,
            validation=rows(fold.validation) if len(fold.validation) else None,
            callbacks=[follower],
            progress=follower.progress,
            should_stop=lambda: context.interrupts.requested,
            deadline=None if left is None else time.monotonic() + left,
            state=checkpoints.earlier(path),
            save=None if path is None else partial(checkpoints.write, path),
        )
    except NonFiniteLoss as error:
        return follower.history or History(), error
    return history, None


def _scores(recipe: Recipe, prepared: TextPrepared, fold: Fold, codes: Codes, net: LastAnswer) -> FoldScores:
    """Score the net beside majority and naive Bayes, all of them learned from the training texts."""
    split, judged = judged_texts(fold)
    task, texts, classes = prepared.task, prepared.rows.texts, len(prepared.task.classes)
    metrics = {}
    with torch.random.fork_rng(devices=[]):
        for name in ("train", "validation"):
            some = getattr(fold, name)
            if len(some):
                answers = task.decode(outputs_of_words(net, codes[some]))
                weight = None if prepared.weights is None else prepared.weights[some]
                metrics[name] = task.metrics(prepared.truth[some], answers, weight)
        ours = task.decode(outputs_of_words(net, codes[judged]))
    bag = Vocabulary.fit(texts.take(fold.train), TextOptions(ngrams=1))
    labels = prepared.truth[fold.train]
    bayes = fit_naive_bayes(bag.encode(texts.take(fold.train)), labels, classes)
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return FoldScores(
        task=task,
        seed=recipe.seed,
        split=split,
        metrics=metrics,
        rows={name: len(getattr(fold, name)) for name in ("train", "validation", "test")},
        truth=prepared.truth[judged],
        predictions={
            "": ours,
            "majority": np.tile(shares, (len(judged), 1)),
            "naive_bayes": task.decode(bayes.logits(bag.encode(texts.take(judged)))),
        },
        units=None if prepared.units is None else prepared.units[judged],
        weights=None if prepared.weights is None else prepared.weights[judged],
        saved=None,
        leaks=prepared.leaks,
        notes=(),
        conformal=None,
        ends=None,
    )
