"""``ImageClassifier``: a convolutional net on photos behind scikit-learn's contract.

Photos go in as arrays or as paths: they are decoded, varied and learned in ``fit``, as
``gn.train(..., task="image")`` does. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.classes import check_several
from glassnet.estimators.parameters import check, number, one_of, or_else
from glassnet.estimators.rows import check_each
from glassnet.estimators.trained import TrainedClassifier, class_names, threads_of, told_as_value_errors

FEWEST = 200
"""Fewer photos than this are all learned from: none are held back to validate."""
_RULES = {
    "size": or_else(number(4, 1024, whole=True), None),
    "epochs": or_else(number(1, whole=True), None),
    "lr": or_else(number(0, above=True), None),
    "batch_size": or_else(number(1, whole=True), None),
    "n_jobs": or_else(number(-1, whole=True), None),
    "class_weight": or_else(one_of("balanced"), None),
}


@dataclass(eq=False, repr=False)
class ImageClassifier(TrainedClassifier):
    """Classes from photos.

    Args:
        net: "photo", "photo:64-128", "lenet"; see ``gn.train``.
        size: pixels of a side, as the net sees photos; None: their own, 96 at most.
        augment: how training photos are varied, such as "flip,shift:4"; "none" for not at all; None: decided.
        pretrained: a net to begin with, by name or as a file.
        epochs, lr, batch_size: of the training; None: decided.
        validation: which photos validate, such as "random:0.1"; "none" for none.
        class_weight: "balanced" makes classes count the same.
        n_jobs: threads; None or -1: decided.
        random_state: seed.
        options: any other field of ``gn.Recipe``.

    Attributes:
        model_: the ``gn.ImageModel`` inside: save it, look into it.
        classes_: what it learned.
    """

    net: Any = None
    _: KW_ONLY
    size: Any = None
    augment: Any = None
    pretrained: Any = None
    epochs: Any = None
    lr: Any = None
    batch_size: Any = None
    validation: Any = None
    class_weight: Any = None
    n_jobs: Any = None
    random_state: Any = None
    options: Any = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags

    def fit(self, X: Any, y: Any) -> ImageClassifier:
        """Train on photos.

        Args:
            X: numbers of shape (photos, height, width) or (photos, height, width, 3), bytes or any others of
                which the least is black and the greatest white; or a list of paths, or of photos as bytes.
            y: classes, shape (photos,).

        Raises:
            ValueError: parameters, photos or classes are wrong.
        """
        check(vars(self), _RULES)
        photos = _photos(X)
        ids = self._learn_classes(photos, y)
        check_several(ids, "photos")
        self._train(photos, class_names(ids))
        return self

    def _probabilities(self, X: Any) -> Array:
        return np.asarray(self.model_.predict_proba(_photos(X)))

    def _train(self, photos: Any, labels: list[str]) -> None:
        from glassnet.data.image_source import find_photos

        names = ("net", "size", "augment", "pretrained", "epochs", "lr", "batch_size", "class_weight")
        data: Any = (photos, labels)
        with told_as_value_errors():
            if isinstance(photos, list):
                data = replace(find_photos(photos), labels=tuple(labels))
        self._train_model(
            data,
            task="image",
            threads=threads_of(self.n_jobs),
            validation=self.validation or ("none" if len(labels) < FEWEST else None),
            **{name: getattr(self, name) for name in names},
        )


def _photos(X: Any) -> Any:
    """Return photos as an array of numbers, or as a list of paths or bytes.

    Raises:
        ValueError: X is neither, or is empty.
    """
    do = "pass an array of shape (photos, height, width), or a list of paths"
    if hasattr(X, "shape") and len(X.shape) in (3, 4):
        return np.asarray(X)
    if isinstance(X, str | bytes) or not isinstance(X, Iterable) or getattr(X, "ndim", 1) != 1:
        found = f"a {type(X).__name__}" + (f" of shape {X.shape}" if hasattr(X, "shape") else "")
        raise ValueError(message("X must hold photos", found, do))
    photos = list(X)
    if photos and all(hasattr(each, "shape") for each in photos):
        shapes = {np.shape(each) for each in photos}
        if len(shapes) == 1:
            return np.stack(photos)
    check_each(photos, "photos", _is_one, do)
    return [each if isinstance(each, bytes) else str(each) for each in photos]


def _is_one(each: Any) -> bool:
    return isinstance(each, str | bytes) or hasattr(each, "__fspath__")
