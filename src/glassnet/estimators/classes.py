"""Classes and their weights, which every classifier here checks alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import unique_labels

from glassnet.errors import message
from glassnet.estimators.parameters import wrong


def first_classes(estimator: Any, classes: Any) -> bool:
    """Say whether these classes are the first of ``partial_fit``; ``classes_`` holds them from then on.

    Raises:
        ValueError: there are none yet, or there are others.
    """
    known = getattr(estimator, "classes_", None)
    if known is None and classes is None:
        must = "classes must be passed on the first call to partial_fit"
        raise ValueError(message(must, "classes=None", "pass all classes that will ever come"))
    if known is None:
        estimator.classes_ = unique_labels(classes)
        return True
    if classes is not None and not np.array_equal(known, unique_labels(classes)):
        must = f"classes must be those of the last call to partial_fit, {known}"
        raise ValueError(message(must, f"classes={classes!r}", "leave them out"))
    return False


def class_weight_rule(name: str, value: Any) -> list[str]:
    """Ask for None, "balanced" or a mapping."""
    if value is None or (isinstance(value, str) and value == "balanced") or isinstance(value, dict | list):
        return []
    return wrong(name, value, "None, 'balanced' or a mapping from class to weight", "write one of them")
