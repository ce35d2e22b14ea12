"""``TextClassifier``: a bag of words on raw texts behind scikit-learn's contract.

Raw strings go in: words, n-grams and their weights are found in ``fit``, as ``gn.train(..., task="text")``
does. Neither torch nor matplotlib is imported, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from glassnet.engine.dense import Array
from glassnet.errors import message
from glassnet.estimators.classes import check_several, class_weight_rule, weighted_by_class
from glassnet.estimators.parameters import check, number, one_of, or_else
from glassnet.estimators.rows import check_each, checked_weight
from glassnet.estimators.trained import TrainedClassifier, class_names, threads_of

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
class TextClassifier(TrainedClassifier):
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
        ids = self._learn_classes(texts, y)
        weight = checked_weight(sample_weight, len(texts), np.float64)
        counting = ids if weight is None else ids[weight > 0]
        check_several(counting, "texts", "y must hold more than one class that counts")
        self._train(texts, ids, weighted_by_class(self.class_weight, self.classes_[ids], weight))
        return self

    def _probabilities(self, X: Any) -> Array:
        return np.asarray(self.model_.predict_proba(_texts(X)))

    def _train(self, texts: list[str | bytes], ids: Array, weight: Array | None) -> None:
        import polars as pl

        whole = [each if isinstance(each, str) else each.decode("utf-8", "replace") for each in texts]
        columns = [pl.Series("text", whole, pl.String), pl.Series("class", class_names(ids))]
        if weight is not None:
            columns.append(pl.Series("weight", weight))
        reading = {"ngrams": self.ngrams, "min_count": self.min_count, "weighting": self.weighting}
        self._train_model(
            pl.DataFrame(columns),
            task="text",
            column="text",
            target="class",
            weight=None if weight is None else "weight",
            text={name: value for name, value in reading.items() if value is not None} or None,
            epochs=self.epochs,
            lr=self.lr,
            l2=self.l2,
            threads=threads_of(self.n_jobs),
            validation=self.validation or ("none" if len(texts) < FEWEST else None),
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
    check_each(texts, "texts", lambda each: isinstance(each, str | bytes), do)
    return texts
