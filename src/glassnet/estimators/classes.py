"""Classes and their weights, which every classifier here checks alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from glassnet.engine.dense import Array
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


def weighted_by_class(
    class_weight: Any, y: Any, weight: Array | None, dtype: Any = np.float64
) -> Array | None:
    """Return the weights of rows times those of their classes ``y``; None where neither has any."""
    if class_weight is None:
        return weight
    by_class = compute_sample_weight(class_weight, y).astype(dtype)
    return np.asarray(by_class if weight is None else weight * by_class)


def check_several(ids: Array, rows: str, must: str = "y must hold more than one class") -> None:
    """Check that rows, texts or photos are of more than one class.

    Raises:
        ValueError: they are not.
    """
    classes = len(np.unique(ids))
    if classes < 2:
        raise ValueError(message(must, f"it holds {classes} class", f"pass {rows} of another class"))
