"""How many photos each class has, and what they weigh so that all classes count alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNEVEN = 1.5
"""From this ratio of the largest class to the smallest on, classes are called uneven."""
FEW = 10
"""A class with fewer photos is named."""


@dataclass(frozen=True)
class ClassFacts:
    """Numbers of photos by class.

    Attributes:
        counts: of each class, 0 where it has none, in the order of the classes.
    """

    counts: dict[str, int]

    @property
    def ratio(self) -> float:
        """The photos of the largest class for one of the smallest; infinity where a class has none."""
        least = min(self.counts.values(), default=0)
        return max(self.counts.values(), default=0) / least if least else float("inf")

    @property
    def weights(self) -> NDArray[np.float64]:
        """What a photo of each class weighs for all classes to count alike: photos / (classes * count).

        Shape: (classes,). As scikit-learn's ``balanced``: the mean over all photos is 1. A class without
        photos weighs 0.
        """
        counts = np.array(list(self.counts.values()), np.float64)
        shares = np.divide(1.0, counts, out=np.zeros_like(counts), where=counts > 0)
        return np.asarray(counts.sum() * shares / np.count_nonzero(counts), np.float64)

    def told(self) -> str | None:
        """Say that classes are uneven or small; None where they are neither.

        >>> ClassFacts({"cat": 300, "dog": 100}).told()
        "classes are uneven: 300 of 'cat' to 100 of 'dog', 3.0 times as many"
        """
        if len(self.counts) < 2:
            return None
        most, least = (pick(self.counts, key=lambda name: self.counts[name]) for pick in (max, min))
        small = [f"{count:,} of {name!r}" for name, count in self.counts.items() if count < FEW]
        if small:
            return f"classes are small: {', '.join(small[:20])}, where {FEW} or more would tell something"
        if self.ratio < UNEVEN:
            return None
        both = f"{self.counts[most]:,} of {most!r} to {self.counts[least]:,} of {least!r}"
        return f"classes are uneven: {both}, {self.ratio:.1f} times as many"


def class_facts(labels: Sequence[str], classes: Sequence[str]) -> ClassFacts:
    """Count the photos of each class.

    >>> class_facts(["cat", "dog", "cat"], ["cat", "dog"]).counts
    {'cat': 2, 'dog': 1}
    """
    counted = Counter(labels)
    return ClassFacts({name: counted[name] for name in classes})
