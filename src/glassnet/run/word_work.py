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
from glassnet.engine.arrays import checked_rows
from glassnet.engine.naive_bayes import fit_naive_bayes
from glassnet.errors import RecipeError, message
from glassnet.model.texts_manifest import TextSchema
from glassnet.model.words import WordModel, outputs_of_words
from glassnet.nets.recurrent import LastAnswer
from glassnet.notation import parse_split
from glassnet.plan.words import WordPlan
from glassnet.run.context import Context
from glassnet.run.fold_scores import FoldScores, results_of
from glassnet.run.frame import Done
from glassnet.run.recurrent import decided, learning, new_net, settings_of, spec_of, train_recurrent
from glassnet.run.same import earlier_plan, with_checksum
from glassnet.run.text_prepare import TextPrepared, prepare_texts
from glassnet.run.text_report import training_report
from glassnet.run.told import warn_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.engine.history import History
    from glassnet.engine.rows import Rows
    from glassnet.errors import NonFiniteLoss
    from glassnet.recipe import Recipe

    Codes = NDArray[np.int32]

WORDS, LEAST, LENGTH = 20_000, 2, 250
"""Words that are known at most, how often one has to be there, and how many of a text are read."""
EMBEDDING, UNITS, DROPOUT = 64, 128, 0.5
BATCH_SIZE, EPOCHS, PATIENCE = 64, 20, 3
LEARNING_RATES = {"sgd": 0.1, "adam": 0.002, "adamw": 0.002, "rmsprop": 0.001}
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
    history, failure = _train(context, plan, prepared, fold, codes, net)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    scores = _scores(context.recipe, prepared, fold, codes, net)
    context.timed("score", since)
    done = {"epochs": history.best_epoch or 0, "reproducible": history.stopped != "budget"}
    counts = np.bincount(prepared.truth[fold.train], minlength=len(prepared.task.classes))
    model = WordModel(
        net=net,
        vocabulary=vocabulary,
        shares=counts / counts.sum(),
        schema=TextSchema(column=prepared.rows.column, target=prepared.task.class_target),
        task=prepared.task,
        recipe=context.recipe,
        plan=plan.model_copy(update=done),
        history=history,
        results=results_of([scores]),
    )
    return Done(model, failure, partial(training_report, model, prepared, [(fold, scores)]))


def _plan(recipe: Recipe, prepared: TextPrepared, fold: Fold) -> WordPlan:
    """Decide what the recipe leaves open."""
    return WordPlan(
        **prepared.facts,
        net=decided(recipe.net, UNITS, DROPOUT),
        compare=False,
        reading=f"words in order, the last {recipe.window or LENGTH}",
        refit=False,
        engine="torch",
        engine_reason="not fused: a recurrent net",
        threads=recipe.threads or 1,
        words=recipe.window or LENGTH,
        batch_size=recipe.batch_size or BATCH_SIZE,
        most_epochs=recipe.epochs or EPOCHS,
        **learning(recipe, LEARNING_RATES),
        patience=(recipe.patience or PATIENCE) if len(fold.validation) else None,
    )


def _new_net(plan: WordPlan, vocabulary: WordVocabulary, prepared: TextPrepared, seed: int) -> LastAnswer:
    sizes = {"symbols": vocabulary.size, "inputs": EMBEDDING, "outputs": prepared.task.outputs}
    return LastAnswer(new_net(spec_of(plan.net, 1, UNITS, **sizes), seed))


def _train(
    context: Context, plan: WordPlan, prepared: TextPrepared, fold: Fold, codes: Codes, net: LastAnswer
) -> tuple[History, NonFiniteLoss | None]:
    recipe, task, validates = context.recipe, prepared.task, len(fold.validation) > 0

    def rows(some: NDArray[np.int64]) -> Rows:
        weight = None if prepared.weights is None else prepared.weights[some]
        return checked_rows(net, codes[some], task.for_loss(prepared.truth[some]), weight, loss=task.loss)

    settings = settings_of(
        recipe,
        plan,
        loss=task.loss,
        epochs=plan.most_epochs,
        validates=validates,
        precision="bfloat16" if recipe.precision == "bfloat16" else "float32",
    )
    held = rows(fold.validation) if validates else None
    return train_recurrent(context, net, rows(fold.train), held, settings)


def _scores(recipe: Recipe, prepared: TextPrepared, fold: Fold, codes: Codes, net: LastAnswer) -> FoldScores:
    """Score the net beside majority and naive Bayes, all of them learned from the training texts."""
    split, judged = fold.judged()
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
