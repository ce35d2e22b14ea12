"""From a model of texts and its judged texts to the Report; ``compose`` is the same for tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from glassnet.lens.again import again
from glassnet.lens.answer import answer, context
from glassnet.lens.curves import learning_curve
from glassnet.lens.doubts import doubts
from glassnet.lens.evidence import Evidence
from glassnet.lens.figures import reliability
from glassnet.lens.numerals import counted, number
from glassnet.lens.report import Doubt, Report, SplitRows, TextFindings
from glassnet.lens.text_words import word_weights
from glassnet.lens.verdicts import advice, verdicts
from glassnet.lens.wording import ENDINGS, REFIT, SPLITS, USES, how_cut
from glassnet.plan.words import WordPlan
from glassnet.version import __version__

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from glassnet.lens.text_mistakes import TextMistakes
    from glassnet.model.texts import TextModel
    from glassnet.model.words import WordModel
    from glassnet.results import Results


@dataclass(frozen=True)
class TextMaterial:
    """What a report is made of, beside the model.

    Attributes:
        data: the name of what the judged texts were read from.
        results: the scores that are told.
        truth: class index of each judged text; None where the texts are not at hand.
        answers: their probabilities.
        mistakes: the most confident mistakes among them.
        is_other_data: whether they are others than those of the run.
        notes: what the run said beside the notes of its results.
        missing: what could not be had, why, and how to get it.
        found: doubts about these texts, beside those that the figures give.
    """

    data: str
    results: Results
    truth: NDArray[Any] | None = None
    answers: NDArray[np.float64] | None = None
    mistakes: TextMistakes | None = None
    is_other_data: bool = False
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    found: tuple[Doubt, ...] = ()


def compose_texts(model: TextModel, material: TextMaterial) -> Report:
    """Make the report."""
    results, is_other = material.results, material.is_other_data
    split = results.shown_split()
    chances = None
    if material.truth is not None and material.answers is not None:
        chances = reliability(material.answers, material.truth, model.task.classes)
    leaks = () if is_other else model.results.leaks
    # The rules that look at scores ask a model for its task, plan and history alone.
    evidence = Evidence(model, results, is_other, {}, reliability=chances, leaks=leaks)
    return Report(
        data=material.data,
        targets=(model.schema.target.name,),
        task=model.task.name,
        classes=model.task.classes,
        split=split,
        judged=_judged(evidence),
        unit=model.plan.unit,
        is_other_data=is_other,
        answer=answer(model, results, material.data, "", "the words of a text", is_other=is_other),
        verdicts=tuple(verdicts(results, model.task.name)),
        advice=advice(results, model.task.name),
        context=tuple(context(results)),
        leaks=leaks,
        doubts=(*material.found, *doubts(evidence)),
        notes=_notes(model, material),
        counting="",
        results=results,
        splits=tuple(_splits(model, results, is_other)),
        columns=model.plan.columns,
        learning=learning_curve(model.history) if len(model.history) else None,
        numbers=(),
        reliability=chances,
        explained=None,
        coverage=None,
        missing=material.missing,
        facts=tuple(_facts(model)),
        again=again(model.recipe),
        texts=TextFindings(None if _in_order(model) else word_weights(model), material.mistakes),
    )


def _judged(seen: Evidence) -> int:
    units, rows = seen.details.get("units"), seen.results.rows.get(seen.split, 0)
    is_repeated = seen.model.plan.test.startswith("repeat") and not seen.is_other_data
    return units if is_repeated and isinstance(units, int) else rows


def _notes(model: TextModel, material: TextMaterial) -> tuple[str, ...]:
    """Return what was noted and does not stand among the doubts."""
    told = model.results.warnings()
    notes = dict.fromkeys([*material.notes, *material.results.notes])
    return tuple(each for each in notes if each not in told)


def _splits(model: TextModel, results: Results, is_other: bool) -> Iterator[SplitRows]:
    rows = model.results.rows
    for name in ("train", "validation", "test"):
        if rows.get(name):
            use = REFIT if name == "validation" and model.plan.refit else USES[name]
            yield SplitRows(SPLITS[name], rows[name], how_cut(model.plan, name), use)
    if is_other:
        count = results.rows.get("test", 0)
        yield SplitRows("rows judged here", count, "given to the report", "judged in this report")


def _in_order(model: TextModel) -> TypeGuard[WordModel]:
    """Say whether a recurrent net reads the words; to ask the plan imports no torch."""
    return isinstance(model.plan, WordPlan)


def _of_bag(model: TextModel) -> Iterator[tuple[str, str]]:
    net = model.net
    yield "network", f"a bag of words: {model.plan.reading}"
    yield "features", f"{len(net.weights):,}, counted in {counted(net.vocabulary.texts, 'text')}"
    compared = model.plan.compared()
    if compared is not None:
        yield "choice", compared
    yield "loss", model.task.loss
    if net.settings.hidden:
        yield "optimiser", f"Adam, rate {net.settings.learning_rate:g}"
    else:
        yield "optimiser", f"steps of Newton's method, penalty {net.settings.l2:g}"


def _of_words(model: WordModel) -> Iterator[tuple[str, str]]:
    plan, weights = model.plan, sum(each.numel() for each in model.net.parameters())
    yield "network", f"{plan.net}, {counted(weights, 'weight')}"
    yield "reads", f"{plan.reading}; it knows {counted(len(model.vocabulary.words), 'word')}"
    yield "loss", model.task.loss
    yield "optimiser", f"{plan.optimizer}, rate {plan.lr:g}, {counted(plan.batch_size, 'text')} a step"


def _facts(model: TextModel) -> Iterator[tuple[str, str]]:
    """Yield how the model was made."""
    plan, history, recipe = model.plan, model.history, model.recipe
    yield "task", f"{plan.task}: {plan.task_reason}"
    yield from _of_words(model) if _in_order(model) else _of_bag(model)
    yield "training", f"{counted(len(history), 'epoch')}, {ENDINGS.get(history.stopped or '', '')}"
    if plan.refit:
        yield "refit", "then trained again on training and validation texts together"
    yield "computed on", f"{plan.device}, {counted(plan.threads, 'thread')}, engine {history.engine}"
    yield "seed", number(recipe.seed, 12)
    yield "data", f"{recipe.data or 'texts in memory'}, SHA-256 {recipe.sha256 or 'unknown'}"
    yield "glassnet", __version__
