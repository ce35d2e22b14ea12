"""Texts as sequences of words: each word its place in a vocabulary, padded to the longest text.

>>> vocabulary = fit_words(Texts.of(["Good film!", "a bad bad film"]), most=3, least=1, length=4)
>>> vocabulary.words
('bad', 'film', '!')
>>> vocabulary.encode(Texts.of(["bad film good", ""])).tolist()
[[2, 3, 1], [1, 0, 0]]
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, cached_property
from itertools import groupby
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ALONE, MARK, QUOTE, TAG, WORD, folds, kinds
from glassnet.errors import message

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Codes: after a text's end; a word that is not known; the first word."""
MOST_WORDS = 200_000
LONGEST = 10_000

Word = Annotated[str, Field(min_length=1, max_length=1000)]


class WordVocabulary(BaseModel):
    """The words that a model knows, the most frequent first, and how many of a text it reads.

    Attributes:
        words: code 2 is the first of them. Code 1 stands for all others, 0 for what comes after a text's end.
        length: of a longer text the last so many words are read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Annotated[tuple[Word, ...], Field(max_length=MOST_WORDS)]
    length: Annotated[int, Field(ge=1, le=LONGEST)]

    @model_validator(mode="after")
    def _check_once(self) -> Self:
        if len(set(self.words)) < len(self.words):
            raise ValueError(
                message("a vocabulary must hold each word once", "one is twice", "take the one of the run")
            )
        return self

    @property
    def size(self) -> int:
        """Number of codes."""
        return FIRST + len(self.words)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {word: code for code, word in enumerate(self.words, start=FIRST)}

    def encode(self, texts: Texts) -> NDArray[np.int32]:
        """Return the codes of the last words of each text; a text without words is one unknown word.

        Shape: (texts, words of the longest, at least 1).
        """
        codes = self._codes
        rows = [[codes.get(word, UNKNOWN) for word in words_of(text)[-self.length :]] for text in texts]
        longest = max((len(row) for row in rows), default=1)
        encoded = np.full((len(rows), max(1, longest)), PADDING, np.int32)
        for place, row in enumerate(rows):
            encoded[place, : max(1, len(row))] = row or UNKNOWN
        return encoded


def fit_words(texts: Texts, most: int, least: int, length: int) -> WordVocabulary:
    """Return the most frequent words of training texts.

    Args:
        most: words that are kept at most; least: how often a word has to be there.
        length: words of a text that are read.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
    kept = sorted((-count, word) for word, count in counts.items() if count >= least)
    return WordVocabulary(words=tuple(word for _, word in kept[:most]), length=length)


def words_of(text: str) -> list[str]:
    """Cut a text into words as :func:`glassnet.data.text_tokens.tokens` does by default, in one pass.

    >>> words_of("I didn't like it!<br />很好")
    ['i', "didn't", 'like', 'it', '!', '很', '好']
    """
    return _pattern().findall(TAG.sub(" ", text).translate(folds(TextOptions().lower)))


@cache
def _pattern() -> re.Pattern[str]:
    word, quote = _class(WORD), _class(QUOTE)
    return re.compile(f"{_class(ALONE)}|{_class(MARK)}|{word}+(?:{quote}{word}+)*")


def _class(kind: int) -> str:
    """Return the class of all code points of a kind, as a regular expression writes it."""
    ranges, point = [], 0
    for each, run in groupby(kinds()):
        length = sum(1 for _ in run)
        if each == kind:
            ranges.append(f"{re.escape(chr(point))}-{re.escape(chr(point + length - 1))}")
        point += length
    return f"[{''.join(ranges)}]"
