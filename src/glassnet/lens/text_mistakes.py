"""The texts that a model is most wrong about, with their words: wrong labels stand here too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.text_rows import TextRows
    from glassnet.model.texts import TextModel

SHOWN = 10
LETTERS = 400
"""So much of a text is shown."""


@dataclass(frozen=True)
class TextMistake:
    """One text with a wrong answer.

    Attributes:
        where: its row or file.
        truth, answer: classes.
        probability: what the model gave its wrong answer.
        text: its beginning.
    """

    where: str
    truth: str
    answer: str
    probability: float
    text: str


@dataclass(frozen=True)
class TextMistakes:
    """The most confident mistakes among some texts, the surest first.

    Attributes:
        texts: how many were answered; ``wrong`` of them wrongly.
    """

    texts: int
    wrong: int
    worst: tuple[TextMistake, ...]

    def __str__(self) -> str:
        lines = [f"{self.wrong:,} of {self.texts:,} texts answered wrongly; the surest of these:"]
        for each in self.worst:
            lines.append(
                f"  {each.where}: {each.truth}, answered {each.answer} ({each.probability:.1%}): {each.text}"
            )
        return "\n".join(lines)


def text_mistakes(model: TextModel, rows: TextRows) -> TextMistakes:
    """Return the most confident mistakes among texts with labels.

    Raises:
        DataError: a label is missing or unknown.
    """
    return mistakes_of(rows, model.truth(rows), model.predictions(rows), model.task.classes)


def mistakes_of(
    rows: TextRows, truth: NDArray[np.int64], answers: NDArray[np.float64], classes: tuple[str, ...]
) -> TextMistakes:
    """Return the most confident mistakes among texts that were answered.

    Shapes: truth (texts,), class indices; answers (texts, classes), probabilities.
    """
    said = answers.argmax(axis=1)
    chance = answers[np.arange(len(said)), said]
    wrong = np.flatnonzero(said != truth)
    worst = wrong[np.argsort(-chance[wrong], kind="stable")[:SHOWN]]
    found = [
        TextMistake(
            where=rows.where(row),
            truth=classes[truth[row]],
            answer=classes[said[row]],
            probability=float(chance[row]),
            text=_beginning(rows.texts[row]),
        )
        for row in worst.tolist()
    ]
    return TextMistakes(len(rows), len(wrong), tuple(found))


def _beginning(text: str) -> str:
    text = " ".join(text[: 4 * LETTERS].split())
    return text if len(text) <= LETTERS else text[: LETTERS - 3] + "..."
