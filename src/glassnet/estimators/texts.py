"""``TextClassifier``: a bag of words on raw texts behind scikit-learn's contract.

Raw strings go in: words, n-grams and their weights are found in ``fit``, as ``gn.train(..., task="text")``
does. Neither torch nor matplotlib is imported, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.classes import class_weight_rule
from glassnet.estimators.parameters import check, number, one_of, or_else
from glassnet.estimators.rows import checked_weight
from glassnet.estimators.tables import told_as_value_errors

FEWEST = 50
"""Fewer texts than this are all learned from: none are held back to compare ways to read them."""
_RULES = {
    "ngrams": or_else(number(1, 3, whole=True), None),
    "min_count": or_else(number(1, whole=True), None),
    "weighting": or_else(one_of("presence", "counts", "tfidf"), None),
    "epochs": or_else(number(1, whole=True), None),
    "lr": or_else(number(0, 1, above=True), None),
    "l2": or_else(number(0), None),
    "n_jobs": or_else(number(-1, whole=True), None),
    "class_weight": class_weight_rule,
}


@dataclass(eq=False, repr=False)
class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classes from raw texts.

    Where neither reading nor learning is set, several ways are compared on a tenth of the texts, and the best
    is trained again on all of them; with any of them set, one net is trained as written.

    Args:
        ngrams: up to how many neighbouring words are one feature, 1 to 3.
        min_count: in how many texts a feature must be.
        weighting: "presence", "counts" or "tfidf".
        epochs: steps of Newton's method.
        lr: the part of each step that is taken, up to 1.
        l2: penalty on the weights.
        validation: which texts compare, such as "random:0.1"; "none" for none.
        class_weight: weight of each class as a mapping, or "balanced".
        n_jobs: cores; None or -1: all. The result is the same with any number.
        random_state: seed.
        options: any other field of ``gn.Recipe``.

    Attributes:
        model_: the ``gn.TextModel`` inside: save it, look into it, ask it for its words.
        classes_: what it learned.
    """

    ngrams: Any = None
    _: KW_ONLY
    min_count: Any = None
    weighting: Any = None
    epochs: Any = None
    lr: Any = None
    l2: Any = None
    validation: Any = None
    class_weight: Any = None
    n_jobs: Any = None
    random_state: Any = None
    options: Any = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TextClassifier:
        """Train on texts.

        Args:
            X: texts, shape (texts,): a list, an array or a series of ``str`` or ``bytes``.
            y: classes, shape (texts,).
            sample_weight: how much each text counts, shape (texts,).

        Raises:
            ValueError: parameters, texts or classes are wrong.
        """
        check(vars(self), _RULES)
        texts = _texts(X)
        if y is None:
            must = "TextClassifier requires y to be passed, but the target y is None"
            raise ValueError(message(must, "y=None", "pass it as the second argument of fit"))
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_consistent_length(texts, y)
        self.classes_, ids = np.unique(y, return_inverse=True)
        weight = checked_weight(sample_weight, len(texts), np.float64)
        classes = len(np.unique(ids if weight is None else ids[weight > 0]))
        if classes < 2:
            must, do = "y must hold more than one class that counts", "pass texts of another class"
            raise ValueError(message(must, f"it holds {classes} class", do))
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weight = by_class if weight is None else weight * by_class
        self._train(texts, ids, weight)
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each text; shape (texts,)."""
        p = self.predict_proba(X)
        return np.asarray(self.classes_[p.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class of ``classes_``; shape (texts, classes)."""
        check_is_fitted(self, "model_")
        with told_as_value_errors():
            p = self.model_.predict_proba(_texts(X))
        ids = [int(name.removeprefix("class ")) for name in self.model_.task.classes]
        return np.asarray(p[:, np.argsort(ids)])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _train(self, texts: list[str | bytes], ids: Array, weight: Array | None) -> None:
        import polars as pl

        from glassnet.run.train import train

        whole = [each if isinstance(each, str) else each.decode("utf-8", "replace") for each in texts]
        columns = [pl.Series("text", whole, pl.String), pl.Series("class", [f"class {each}" for each in ids])]
        given: dict[str, Any] = {"l2": self.l2, "lr": self.lr, "epochs": self.epochs}
        reading = {"ngrams": self.ngrams, "min_count": self.min_count, "weighting": self.weighting}
        given["text"] = {name: value for name, value in reading.items() if value is not None} or None
        given["threads"] = self.n_jobs if self.n_jobs not in (None, -1, 0) else None
        given["validation"] = self.validation or ("none" if len(texts) < FEWEST else None)
        if weight is not None:
            columns.append(pl.Series("weight", weight))
            given["weight"] = "weight"
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        chosen = {name: value for name, value in given.items() if value is not None} | (self.options or {})
        with told_as_value_errors():
            self.model_: Any = train(
                pl.DataFrame(columns),
                task="text",
                column="text",
                target="class",
                test="none",
                seed=seed,
                **chosen,
            )


def _texts(X: Any) -> list[str | bytes]:
    """Return texts as a list.

    Raises:
        ValueError: X is one text, or holds anything but texts, or nothing.
    """
    do = "pass a list of texts"
    if isinstance(X, str | bytes) or not isinstance(X, Iterable) or getattr(X, "ndim", 1) != 1:
        found = "one text" if isinstance(X, str | bytes) else f"a {type(X).__name__}"
        found += f" of shape {X.shape}" if hasattr(X, "shape") else ""
        raise ValueError(message("X must be an iterable over raw texts", found, do))
    texts = list(X)
    wrong = [place for place, each in enumerate(texts) if not isinstance(each, str | bytes)]
    if wrong or not texts:
        found = f"element {wrong[0]} is {texts[wrong[0]]!r:.60}" if wrong else "it is empty: 0 texts"
        raise ValueError(message("X must hold texts", found, do))
    return texts
