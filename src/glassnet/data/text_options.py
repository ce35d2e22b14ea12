"""How texts become features: words, n-grams, the vocabulary and what a feature counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from glassnet.errors import RecipeError, message

Weighting = Literal["presence", "counts", "tfidf"]
LONGEST = 3
MOST_BITS = 30


@dataclass(frozen=True)
class TextOptions:
    """How texts are read. What is fitted to a text collection under these options is a ``Vocabulary``.

    Attributes:
        ngrams: 1 to 3: single tokens, pairs and triples of neighbours. Scripts without spaces always have
            pairs.
        min_count: in how many training texts an n-gram must be to become a feature, at least 1.
        max_features: the most features, those in most texts; at least 1.
        bits: None for an exact vocabulary; 1 to 30 for n-grams hashed to so many bits, where some share a
            feature.
        weighting: 1 where an n-gram is there (``presence``), how often (``counts``), or the logarithm of how
            often times the logarithm of how rare (``tfidf``).
        html: tags such as ``<br />`` are no words.
        lower: capital and small letters are the same.
        marks: punctuation, ``! ? . , ; : ( ) " * - /``, is tokens.
    """

    ngrams: int = 3
    min_count: int = 2
    max_features: int = 4_000_000
    bits: int | None = None
    weighting: Weighting = "presence"
    html: bool = True
    lower: bool = True
    marks: bool = True

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            RecipeError: values that they cannot have; all are named.
        """
        problems = []
        ranges = {"ngrams": (1, LONGEST), "min_count": (1, 2**31 - 1), "max_features": (1, 2**31 - 1)}
        if self.bits is not None:
            ranges["bits"] = (1, MOST_BITS)
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (isinstance(value, int) and low <= value <= high):
                problems.append(
                    message(f"{name} must be from {low} to {high}", f"{name}={value!r}", "write another")
                )
        if self.weighting not in get_args(Weighting):
            known = ", ".join(get_args(Weighting))
            problems.append(
                message(f"weighting must be one of {known}", repr(self.weighting), "write one of them")
            )
        if problems:
            raise RecipeError(problems)
