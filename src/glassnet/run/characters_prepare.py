"""A long text before anything is trained: cut and coded; and what the baselines make of its parts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.data.characters import LongText, Parts, Vocabulary, cut, vocabulary_of
from glassnet.engine.arrays import device_named
from glassnet.engine.characters import LEAD_IN
from glassnet.errors import GlassnetWarning
from glassnet.run.ngrams import frequencies, ngram_losses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.recipe import Recipe

    Floats = NDArray[np.float64]

SCORED = {"train": 100_000, "validation": 300_000, "test": 300_000}
"""Characters of a part that are scored at most: its first ones."""


@dataclass(frozen=True)
class PreparedText:
    """A text that is cut, its codes, and what is known of it before a net is trained."""

    codes: NDArray[np.int32]
    parts: Parts
    vocabulary: Vocabulary
    frequencies: Floats
    device: torch.device

    @property
    def train(self) -> NDArray[np.int32]:
        """The codes that train."""
        return self.codes[: self.parts.train]

    def of(self, split: str) -> tuple[NDArray[np.int32], int]:
        """Return codes of a part, of a long one the first, after some that are only read, and how many."""
        begin, end = self.parts.spans()[split]
        first = max(begin, 1)
        start = max(0, first - 1 - LEAD_IN)
        return self.codes[start : min(end, begin + SCORED[split])], first - start

    def on_device(self, codes: NDArray[np.int32]) -> torch.Tensor:
        """Return codes where the net is trained."""
        return torch.from_numpy(codes).to(self.device)


def prepare_text(recipe: Recipe, text: LongText) -> PreparedText:
    """Cut a text and code its characters; those that the training part lacks are warned of."""
    parts = cut(len(text.characters), recipe.validation, recipe.test)
    vocabulary = vocabulary_of(text.characters[: parts.train])
    codes = vocabulary.encode(text.characters)
    unknown = int((codes == 0).sum())
    if unknown:
        said = f"{unknown:,} characters that are kept from training do not occur in it"
        warnings.warn(said, GlassnetWarning, stacklevel=2)
    shares = frequencies(codes[: parts.train], vocabulary.size)
    return PreparedText(codes, parts, vocabulary, shares, device_named(recipe.device))


def baseline_losses(work: PreparedText, split: str) -> dict[str, Floats]:
    """Return the losses of a part by each baseline, which sees all text before the part."""
    codes, first = work.of(split)
    before = work.codes[: work.parts.spans()[split][0]]
    shares = frequencies(before, work.vocabulary.size)
    ngrams = ngram_losses(before, codes, first, work.vocabulary.size)
    return {"frequencies": -np.log(shares[codes[first:]]), "ngrams": ngrams}
