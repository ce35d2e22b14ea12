"""What recurrent nets foretell, as Views: the next values of a series, the next characters of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EXAMPLES = 4
MOST_BEFORE = 3
"""Before a forecast so many times as many values are shown as it foretells, at most the window."""
PIECES, LEAST_PIECE = 60, 500
"""A text is drawn in at most so many pieces, of at least so many characters."""
PASSAGE = 700


@dataclass(frozen=True)
class Forecast:
    """One forecast beside what came: values ``before`` it, (b,), ``truth`` and ``answers``, (horizon,).

    ``row`` is the number of the last row before it, from 1.
    """

    row: int
    before: Floats
    truth: Floats
    answers: Floats


@dataclass(frozen=True)
class SeriesFindings:
    """What a net makes of a series.

    Attributes:
        target: the column that is foretold.
        examples: a few forecasts, evenly from all; empty where one value is foretold at a time.
        errors: the RMSE of each step ahead, (horizon,), of the network and of each simple method.
    """

    target: str
    examples: tuple[Forecast, ...]
    errors: Mapping[str, Floats]


@dataclass(frozen=True)
class CharacterFindings:
    """What a net makes of a long text.

    Attributes:
        at: the middle of each piece of the judged text, in characters from its beginning. Shape: (pieces,).
        nats: mean nats per character of each piece, (pieces,), of the network and of each simple method.
        passage: a passage of the judged text, each character with the nats that it cost.
        samples: what the net writes by itself: temperature and text.
    """

    at: Floats
    nats: Mapping[str, Floats]
    passage: tuple[tuple[str, float], ...]
    samples: tuple[tuple[float, str], ...]


def series_findings(
    target: str,
    values: Floats,
    moments: NDArray[np.int64],
    truth: Floats,
    answers: Mapping[str, Floats],
    window: int,
) -> SeriesFindings:
    """Return what is drawn of forecasts.

    Args:
        values: the whole series. Shape: (rows,).
        moments: the last row before each forecast, from 0. Shape: (moments,).
        truth, answers: what came and what was foretold, by method; "network" is the net's. Shape:
            (moments, horizon).
        window: rows that the net sees.
    """
    horizon, examples = truth.shape[1], []
    if horizon > 1:
        back = min(window, MOST_BEFORE * horizon)
        for place in np.unique(np.linspace(0, len(moments) - 1, EXAMPLES).astype(int)).tolist():
            end = int(moments[place]) + 1
            before = values[max(end - back, 0) : end]
            examples.append(Forecast(end, before, truth[place], answers["network"][place]))
    errors = {name: np.sqrt(((each - truth) ** 2).mean(axis=0)) for name, each in answers.items()}
    return SeriesFindings(target, tuple(examples), errors)


def character_findings(
    text: str, losses: Mapping[str, Floats], samples: tuple[tuple[float, str], ...]
) -> CharacterFindings:
    """Return what is drawn of a text that was foretold.

    Args:
        text: the judged characters.
        losses: -ln of the probability of each, by method; "network" is the net's. Shape: (characters,).
        samples: what the net writes.
    """
    pieces = int(np.clip(len(text) // LEAST_PIECE, 1, PIECES))
    edges = np.linspace(0, len(text), pieces + 1).astype(np.int64)
    sizes = np.diff(edges)
    nats = {name: np.add.reduceat(each, edges[:-1]) / sizes for name, each in losses.items()}
    begin = max(0, (len(text) - PASSAGE) // 2)
    passage = zip(text[begin : begin + PASSAGE], losses["network"][begin : begin + PASSAGE], strict=True)
    shown = tuple((character, float(each)) for character, each in passage)
    return CharacterFindings((edges[:-1] + edges[1:]) / 2, nats, shown, samples)
