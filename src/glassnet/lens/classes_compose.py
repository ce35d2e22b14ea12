"""What the reports of texts and of photos have in common: rows that were judged have a class each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glassnet.lens.answer import answer
from glassnet.lens.evidence import Evidence
from glassnet.lens.figures import reliability
from glassnet.lens.report import Report
from glassnet.lens.report_frame import Material, task_report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glassnet.model.images import ImageModel
    from glassnet.model.texts import TextModel


@dataclass(frozen=True)
class JudgedClasses:
    """Texts or photos that were judged.

    Attributes:
        truth: class index of each. Shape: (rows,).
        answers: their probabilities. Shape: (rows, classes).
    """

    truth: NDArray[np.int64]
    answers: NDArray[np.float64]


@dataclass(frozen=True)
class ClassesMaterial(Material):
    """``judged`` is None where the texts or photos are not at hand."""

    judged: JudgedClasses | None = None


def classes_report(
    model: TextModel | ImageModel, material: ClassesMaterial, inputs: str, facts: Iterable[tuple[str, str]]
) -> Report:
    """Make the report; ``inputs`` says from what the classes are predicted: "the words of a text"."""
    results, is_other, judged = material.results, material.is_other_data, material.judged
    chances = None if judged is None else reliability(judged.answers, judged.truth, model.task.classes)
    leaks = () if is_other else model.results.leaks
    # The rules that look at scores ask a model for its task, plan and history alone.
    seen = Evidence(model, results, is_other, {}, reliability=chances, leaks=leaks)
    told = answer(model, results, material.data, "", inputs, is_other=is_other)
    return task_report(model, seen, material, answer=told, facts=facts)
