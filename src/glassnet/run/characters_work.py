"""One run on a long text, from its recipe to its Model: read, cut, plan, train, score, save."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.characters import Vocabulary, read_long_text
from glassnet.engine.characters_training import CharacterSettings, Text, train_characters
from glassnet.engine.threads import using_threads
from glassnet.errors import RecipeError, message
from glassnet.metrics.characters import character_difference, character_scores
from glassnet.model.characters import CharacterModel, Drawn
from glassnet.plan.characters import CharacterPlan
from glassnet.results import Results
from glassnet.run.budget import Budget, budget_of
from glassnet.run.characters_choose import make_plan, most_steps, net_of, quickest
from glassnet.run.characters_prepare import PreparedText, baseline_losses, prepare_text
from glassnet.run.characters_report import training_report
from glassnet.run.context import Context, Own
from glassnet.run.course import train_on_course, training_problems
from glassnet.run.frame import Done
from glassnet.run.merged import joined_results
from glassnet.run.recurrent import new_net
from glassnet.run.same import earlier_plan, with_checksum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.engine.history import History
    from glassnet.engine.loop import Loop
    from glassnet.errors import NonFiniteLoss
    from glassnet.nets.recurrent import RecurrentNet
    from glassnet.recipe import Recipe

    Floats = NDArray[np.float64]

VALIDATED = 250_000
"""Characters that are validated on after each epoch."""
SAMPLE, SAMPLE_TEMPERATURE = 200, 0.7
"""Characters of the sample after each epoch, and how freely they are drawn."""
_UNUSED = (
    *(
        "target",
        "column",
        "text",
        "drop",
        "roles",
        "missing",
        "weight",
        "class_weight",
        "keep_leaks",
        "scaling",
    ),
    *("norm", "init", "loss", "nesterov", "l1", "l2", "ema", "horizon", "restarts", "keep_weights", "refit"),
    *("tune", "engine"),
)
"""Options of a recipe that mean nothing for a text."""


def characters_work(context: Context) -> Done:
    """Do the work of a run on one long text; see :mod:`glassnet.run.frame`."""
    recipe, since = context.recipe, time.monotonic()
    _check_recipe(recipe, context.own)
    context.reporter.phase(f"reading {recipe.data}")
    text = read_long_text(recipe.data or "")
    context.recipe = with_checksum(recipe, text.sha256, context.folder)
    work = prepare_text(context.recipe, text)
    context.timed("read", since)
    return _trained(context, work)


def _check_recipe(recipe: Recipe, own: Own) -> None:
    """Refuse what a recipe asks for that a text cannot have, all of it together."""
    problems = recipe.refusals(_UNUSED, "a text has no {name}", "leave {name} out with --task characters")
    problems += training_problems(recipe)
    if own.data is not None:
        must = "characters are learned from a text file"
        problems.append(message(must, f"a {type(own.data).__name__}", "write it to a file first"))
    if problems:
        raise RecipeError(problems)


def _trained(context: Context, work: PreparedText) -> Done:
    """Fit the baselines, plan, train and score."""
    since = time.monotonic()
    context.reporter.phase("fitting the baselines")
    baselines = {split: baseline_losses(work, split) for split in work.parts.spans() if split != "train"}
    context.timed("baselines", since)
    since = time.monotonic()
    budget = budget_of(context, sum(len(work.of(split)[0]) for split in work.parts.spans()))
    plan = earlier_plan(context.folder, CharacterPlan) or _new_plan(context, work, budget)
    context.settle(plan)
    context.timed("plan", since)
    since = time.monotonic()
    with context.interrupts.asking():
        net, history, failure = _train(context, work, plan, budget)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    plan = plan.model_copy(update={"reproducible": not context.cut_short})
    model = CharacterModel(net, work.vocabulary, context.recipe, plan, history, work.frequencies)
    with using_threads(plan.threads):
        losses = {
            split: {"network": model.losses(*work.of(split)), **baselines.get(split, {})}
            for split in work.parts.spans()
        }
    model.results = _results(work, losses, context.recipe.seed)
    context.timed("score", since)
    return Done(model, failure, partial(training_report, model, work, losses))


def _new_plan(context: Context, work: PreparedText, budget: Budget | None) -> CharacterPlan:
    context.reporter.phase("measuring how fast this machine learns")
    held = work.parts.validation - work.parts.train, work.parts.test - work.parts.validation
    validation, test = (f"last:{each}" if each else "none" for each in held)
    train = work.on_device(work.train)
    return make_plan(context.recipe, (test, validation), work.vocabulary.size, train, budget)


def _train(
    context: Context, work: PreparedText, plan: CharacterPlan, budget: Budget | None
) -> tuple[RecurrentNet, History, NonFiniteLoss | None]:
    spec = net_of(plan.net, work.parts.train, work.vocabulary.size)
    net = new_net(spec, context.recipe.seed).to(work.device)
    codes, first = (work.codes[:1], 1)
    if plan.validation != "none":
        codes, first = work.of("validation")
    text = Text(work.on_device(work.train), work.on_device(codes[: first + VALIDATED]), first)
    history, failure = train_on_course(
        context,
        "net",
        partial(train_characters, net, text, _settings(context.recipe, plan)),
        steps=plan.steps,
        most=most_steps(context.recipe, plan.steps_per_epoch, work.parts.train),
        deadline=None if budget is None else budget.deadline(quickest(plan).characters_per_second),
        callbacks=[Sampler(context, work.vocabulary)],
    )
    return net, history, failure


def _settings(recipe: Recipe, plan: CharacterPlan) -> CharacterSettings:
    return CharacterSettings(
        streams=plan.batch_size,
        window=plan.window,
        steps=plan.steps,
        optimizer=plan.optimizer,
        lr=plan.lr,
        momentum=recipe.momentum,
        weight_decay=plan.weight_decay,
        schedule=plan.schedule,
        warmup=plan.warmup,
        clip=plan.clip,
        patience=plan.patience,
        precision=plan.precision,
        threads=plan.threads,
        seed=recipe.seed,
    )


class Sampler:
    """An engine callback: after an epoch the net writes a little, to be seen and into the folder.

    Where epochs are short it does so after some of them only, so that samples take about 5 % of the time.
    """

    def __init__(self, context: Context, vocabulary: Vocabulary) -> None:
        self.context, self.vocabulary = context, vocabulary
        self.not_before = 0.0

    def epoch_end(self, loop: Loop) -> None:
        """Write a sample."""
        net: Any = loop.net
        began = time.monotonic()
        if began < self.not_before and loop.epoch < loop.epochs:
            return
        begin = self.vocabulary.encode("\n" if "\n" in self.vocabulary.characters else " ")
        drawn = Drawn(net, begin, SAMPLE_TEMPERATURE, None, self.context.recipe.seed)
        text = self.vocabulary.decode(drawn.next() for _ in range(SAMPLE))
        self.context.reporter.sample(loop.history[-1], text)
        if self.context.folder is not None:
            self.context.folder.keep_sample(loop.epoch, text)
        self.not_before = time.monotonic() + 20 * (time.monotonic() - began)


def _results(work: PreparedText, losses: dict[str, dict[str, Floats]], seed: int) -> Results:
    """Score every part of the text, beside the baselines where there are any."""
    found = []
    for split, by_method in losses.items():
        ours = by_method["network"]
        theirs = {name: each for name, each in by_method.items() if name != "network"}
        judged = Results.judged(
            split,
            len(ours),
            character_scores(ours, seed),
            {name: character_scores(each, seed) for name, each in theirs.items()},
            {
                name: {"nats_per_character": character_difference(ours, each, seed)}
                for name, each in theirs.items()
            },
            _note(work, split, len(ours)),
        )
        found.append(judged)
    return joined_results(found)


def _note(work: PreparedText, split: str, scored: int) -> list[str]:
    begin, end = work.parts.spans()[split]
    if scored >= end - begin - 1:
        return []
    return [f"{split}: the first {scored:,} of {end - begin:,} characters were scored"]
