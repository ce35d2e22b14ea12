"""``TextClassifier`` keeps scikit-learn's contract for texts and stands in the company of its estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks as checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.estimators import TextClassifier

QUICK = {"epochs": 3, "ngrams": 1}
NEED_NO_TABLE = [
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_estimator_cloneable,
    checks.check_estimator_repr,
    checks.check_estimator_tags_renamed,
    checks.check_estimators_unfitted,
    checks.check_get_params_invariance,
    checks.check_mixin_order,
    checks.check_no_attributes_set_in_init,
    checks.check_parameters_default_constructible,
    checks.check_set_params,
    checks.check_supervised_y_no_nan,
    checks.check_valid_tag_types,
]
ORDER = "texts are learned from one after the other, so that one of weight 2 is not the text met twice"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": ORDER,
}
"""Checks of scikit-learn that do not pass, and why."""


class OfNumbers(TextClassifier):
    """``TextClassifier`` for a table of numbers: each row becomes the text of its rounded cells."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = False, True
        return tags

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._rows(X, reset=True), y, sample_weight)

    def predict_proba(self, X):
        check_is_fitted(self)
        return super().predict_proba(self._rows(X, reset=False))

    def _rows(self, X, reset):
        X = np.round(validate_data(self, X, reset=reset, dtype="numeric")).astype(int)
        return [" ".join(f"x{place}n{cell}" for place, cell in enumerate(row)) for row in X]


@pytest.mark.parametrize("check", NEED_NO_TABLE, ids=lambda each: each.__name__)
def test_the_checks_of_scikit_learn_that_need_no_table_pass(check):
    check("TextClassifier", TextClassifier(**QUICK))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::glassnet.errors.GlassnetWarning")
@parametrize_with_checks([OfNumbers(**QUICK)], expected_failed_checks=lambda _: EXPECTED)
def test_the_others_pass_on_texts_that_are_made_of_numbers(estimator, check):
    check(estimator)


def test_it_learns_from_strings_and_answers_with_the_labels_that_it_was_given(reviews):
    texts, labels = reviews(80)
    model = TextClassifier(random_state=0).fit(texts, labels)
    assert model.classes_.tolist() == ["neg", "pos"]
    new, truth = reviews(40, seed=1)
    assert model.score(new, truth) > 0.9
    p = model.predict_proba(new)
    assert p.shape == (40, 2)
    assert np.allclose(p.sum(axis=1), 1)
    assert (model.classes_[p.argmax(axis=1)] == model.predict(new)).all()
    assert np.allclose(np.log(p), model.predict_log_proba(new))


@pytest.mark.parametrize(
    "container", [list, tuple, np.array, pd.Series, lambda X: [each.encode() for each in X]]
)
def test_texts_come_in_any_sequence(reviews, container):
    texts, labels = reviews(40)
    plain = TextClassifier(**QUICK, random_state=0).fit(texts, labels).predict_proba(texts)
    model = TextClassifier(**QUICK, random_state=0).fit(container(texts), labels)
    assert np.array_equal(model.predict_proba(container(texts)), plain)


def test_classes_may_be_numbers_and_more_than_two(reviews):
    texts, labels = reviews(60)
    texts += [f"a bird flies over water {place}" for place in range(30)]
    y = [{"neg": 3, "pos": 11}[each] for each in labels] + [5] * 30
    model = TextClassifier(**QUICK, random_state=0).fit(texts, y)
    assert model.classes_.tolist() == [3, 5, 11]
    assert model.predict(
        ["a bird flies in water", "wonderful great lovely", "awful dull boring"]
    ).tolist() == [5, 11, 3]


def test_equal_seeds_give_equal_answers_and_fit_begins_anew(reviews):
    texts, labels = reviews(60)
    model = TextClassifier(random_state=3)
    first = model.fit(texts, labels).predict_proba(texts)
    assert np.array_equal(first, model.fit(texts, labels).predict_proba(texts))
    assert np.array_equal(first, clone(model).fit(texts, labels).predict_proba(texts))


def test_it_is_cloned_and_pickled(reviews):
    texts, labels = reviews(40)
    model = TextClassifier(ngrams=2, epochs=2, class_weight="balanced", random_state=1).fit(texts, labels)
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(texts), model.predict_proba(texts))


def test_it_stands_in_pipelines_and_searches(reviews):
    texts, labels = reviews(60)
    chain = make_pipeline(
        FunctionTransformer(lambda X: [each.upper() for each in X]), TextClassifier(epochs=2)
    )
    search = GridSearchCV(chain, {"textclassifier__ngrams": [1, 2]}, cv=2).fit(texts, labels)
    assert search.best_score_ > 0.8
    assert cross_val_score(TextClassifier(**QUICK), texts, labels, cv=3).mean() > 0.8


def test_weights_of_texts_and_of_classes_count(reviews):
    texts, labels = ["a film"] * 20, ["neg"] * 15 + ["pos"] * 5  # few enough: none are held back
    plain = TextClassifier(**QUICK, random_state=0).fit(texts, labels)
    assert plain.predict(["a film"]).tolist() == ["neg"]
    weighed = TextClassifier(**QUICK, random_state=0)
    weight = np.where(np.array(labels) == "pos", 9.0, 1.0)
    assert weighed.fit(texts, labels, sample_weight=weight).predict(["a film"]).tolist() == ["pos"]
    by_class = TextClassifier(**QUICK, random_state=0, class_weight={"pos": 9.0, "neg": 1.0}).fit(
        texts, labels
    )
    assert np.array_equal(by_class.predict_proba(["a film"]), weighed.predict_proba(["a film"]))


@pytest.mark.parametrize(
    ("X", "y", "text"),
    [
        ("one text", ["a"], "X must be an iterable over raw texts, however: one text"),
        (np.zeros((3, 2)), [0, 1, 0], "however: a ndarray of shape"),
        (["a", 3], [0, 1], "X must hold texts, however: element 1 is 3"),
        ([], [], "it is empty"),
        (["a", "b"], None, "requires y to be passed, but the target y is None"),
        (["a", "b"], [1, 1], "it holds 1 class"),
        (["a", "b", "c"], [0, 1], "inconsistent numbers of samples"),
        (["", " "], [0, 1], "all 2 are empty"),
    ],
)
def test_wrong_requests_are_value_errors_that_say_what_is_wrong(X, y, text):
    with pytest.raises(ValueError, match=text):
        TextClassifier().fit(X, y)


def test_all_wrong_parameters_are_said_at_once():
    with pytest.raises(ValueError, match="ngrams must be") as error:
        TextClassifier(ngrams=4, weighting="counted", lr=0).fit(["a", "b"], [0, 1])
    assert "did you mean 'counts'" in str(error.value)
    assert "lr must be" in str(error.value)


def test_the_model_inside_is_saved_and_answers_alike(reviews, tmp_path):
    import glassnet as gn

    texts, labels = reviews(60)
    model = TextClassifier(random_state=0).fit(texts, labels)
    model.model_.save(tmp_path / "m.glass")
    assert np.array_equal(gn.load(tmp_path / "m.glass").predict_proba(texts), model.predict_proba(texts))
