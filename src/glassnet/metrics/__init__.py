"""Honest scores: every metric of a task with an interval that says how far it could be off.

Written in NumPy, because the same few sums that make a score make all its resamples at once, and because
evaluating a saved model then needs nothing else; the tests hold each score to scikit-learn's.

    >>> import numpy as np
    >>> scores = score("regression", truth=np.arange(8.0), prediction=np.arange(8.0) + 1)
    >>> scores.metrics["rmse"], scores.intervals["rmse"]
    (1.0, (1.0, 1.0))
"""

from __future__ import annotations

from glassnet.metrics.classification import class_scores, confusion_matrix
from glassnet.metrics.scores import (
    Scores,
    bootstrap_intervals,
    classification_scores,
    poisson_scores,
    regression_scores,
    score,
)

__all__ = [
    "Scores",
    "bootstrap_intervals",
    "class_scores",
    "classification_scores",
    "confusion_matrix",
    "poisson_scores",
    "regression_scores",
    "score",
]
