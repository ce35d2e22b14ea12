"""From a model of texts and its judged texts to the Report; ``compose`` is the same for tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

from glassnet.lens.classes_compose import ClassesMaterial, JudgedClasses, classes_report
from glassnet.lens.numerals import counted
from glassnet.lens.report import Report, TextFindings
from glassnet.lens.report_frame import origin_of
from glassnet.lens.text_words import word_weights
from glassnet.lens.wording import ENDINGS
from glassnet.plan.words import WordPlan

if TYPE_CHECKING:
    from glassnet.lens.text_mistakes import TextMistakes
    from glassnet.model.texts import TextModel
    from glassnet.model.words import WordModel


@dataclass(frozen=True)
class JudgedTexts(JudgedClasses):
    """Texts that were judged; ``mistakes`` are the most confident ones among them."""

    mistakes: TextMistakes


@dataclass(frozen=True)
class TextMaterial(ClassesMaterial):
    """What a report on texts is made of, beside the model."""

    judged: JudgedTexts | None = None


def compose_texts(model: TextModel, material: TextMaterial) -> Report:
    """Make the report."""
    report = classes_report(model, material, "the words of a text", _facts(model))
    words = None if _in_order(model) else word_weights(model)
    mistakes = None if material.judged is None else material.judged.mistakes
    return replace(report, texts=TextFindings(words, mistakes))


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
    plan, history = model.plan, model.history
    yield "task", f"{plan.task}: {plan.task_reason}"
    yield from _of_words(model) if _in_order(model) else _of_bag(model)
    yield "training", f"{counted(len(history), 'epoch')}, {ENDINGS.get(history.stopped or '', '')}"
    if plan.refit:
        yield "refit", "then trained again on training and validation texts together"
    yield "computed on", f"{plan.device}, {counted(plan.threads, 'thread')}, engine {history.engine}"
    yield from origin_of(model.recipe, "texts in memory")
