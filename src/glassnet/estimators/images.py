"""``ImageClassifier``: a convolutional net on photos behind scikit-learn's contract.

Photos go in as arrays or as paths: they are decoded, varied and learned in ``fit``, as
``gn.train(..., task="image")`` does. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.parameters import check, number, one_of, or_else
from glassnet.estimators.tables import told_as_value_errors

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
class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
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
        if y is None:
            must = "ImageClassifier requires y to be passed, but the target y is None"
            raise ValueError(message(must, "y=None", "pass it as the second argument of fit"))
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_consistent_length(photos, y)
        self.classes_, ids = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            must, do = "y must hold more than one class", "pass photos of another class"
            raise ValueError(message(must, f"it holds {len(self.classes_)} class", do))
        self._train(photos, [f"class {each}" for each in ids])
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each photo; shape (photos,)."""
        p = self.predict_proba(X)
        return np.asarray(self.classes_[p.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class of ``classes_``; shape (photos, classes)."""
        check_is_fitted(self, "model_")
        with told_as_value_errors():
            p = self.model_.predict_proba(_photos(X))
        ids = [int(name.removeprefix("class ")) for name in self.model_.task.classes]
        return np.asarray(p[:, np.argsort(ids)])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _train(self, photos: Any, labels: list[str]) -> None:
        from glassnet.data.image_source import find_photos
        from glassnet.run.train import train

        names = ("net", "size", "augment", "pretrained", "epochs", "lr", "batch_size", "class_weight")
        given = {name: getattr(self, name) for name in names}
        given["threads"] = self.n_jobs if self.n_jobs not in (None, -1, 0) else None
        given["validation"] = self.validation or ("none" if len(labels) < FEWEST else None)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        chosen = {name: value for name, value in given.items() if value is not None} | (self.options or {})
        with told_as_value_errors():
            data: Any = (photos, labels)
            if isinstance(photos, list):
                data = replace(find_photos(photos), labels=tuple(labels))
            self.model_: Any = train(data, task="image", test="none", seed=seed, **chosen)


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
    wrong = [place for place, each in enumerate(photos) if not _is_one(each)]
    if wrong or not photos:
        found = f"element {wrong[0]} is {photos[wrong[0]]!r:.60}" if wrong else "it is empty: 0 photos"
        raise ValueError(message("X must hold photos", found, do))
    return [each if isinstance(each, bytes) else str(each) for each in photos]


def _is_one(each: Any) -> bool:
    return isinstance(each, str | bytes) or hasattr(each, "__fspath__")
