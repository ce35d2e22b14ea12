"""``ImageClassifier`` keeps scikit-learn's contract for photos, in the company of its estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks as checks

from glassnet.estimators import ImageClassifier

QUICK = {"net": "photo:16-32:1", "epochs": 2, "n_jobs": 1, "options": {"precision": "float32"}}
NEED_NO_TABLE = [
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_estimator_cloneable,
    checks.check_estimator_repr,
    checks.check_estimator_tags_renamed,
    checks.check_get_params_invariance,
    checks.check_mixin_order,
    checks.check_no_attributes_set_in_init,
    checks.check_parameters_default_constructible,
    checks.check_set_params,
    checks.check_valid_tag_types,
]


@pytest.mark.parametrize("check", NEED_NO_TABLE, ids=lambda each: each.__name__)
def test_the_checks_of_scikit_learn_that_need_no_table_pass(check):
    check("ImageClassifier", ImageClassifier(**QUICK))


def test_it_learns_from_arrays_and_answers_with_the_labels_that_it_was_given(stripes):
    photos, labels = stripes(120)
    model = ImageClassifier(**QUICK | {"epochs": 8}, random_state=0).fit(photos, labels)
    assert model.classes_.tolist() == ["across", "upright"]
    new, truth = stripes(40, seed=1)
    assert model.score(new, truth) > 0.9
    assert model.predict_proba(new).sum(axis=1) == pytest.approx(np.ones(40))


def test_it_learns_from_paths_and_from_bytes(stripes_folder, tmp_path):
    paths = sorted(stripes_folder(tmp_path / "photos", 40).rglob("*.png"))
    labels = [path.parent.name for path in paths]
    model = ImageClassifier(**QUICK).fit(paths, labels)
    assert (model.predict(paths) == model.predict([path.read_bytes() for path in paths])).all()


def test_numbers_of_any_range_are_photos_and_whole_numbers_stay_classes():
    X, y = load_digits(return_X_y=True)
    model = ImageClassifier(**QUICK | {"epochs": 4}, random_state=0).fit(X[:600].reshape(-1, 8, 8), y[:600])
    assert model.classes_.dtype.kind == "i"
    assert (model.predict(X[600:900].reshape(-1, 8, 8)) == y[600:900]).mean() > 0.6


def test_the_same_seed_gives_the_same_probabilities(stripes):
    photos, labels = stripes(40)
    model = ImageClassifier(**QUICK, random_state=3)
    first, second = (clone(model).fit(photos, labels).predict_proba(photos) for _ in range(2))
    assert first == pytest.approx(second, abs=1e-5)


def test_it_stands_in_cross_validation_and_search(stripes):
    photos, labels = stripes(48)
    assert len(cross_val_score(ImageClassifier(**QUICK), photos, labels, cv=2)) == 2
    found = GridSearchCV(ImageClassifier(**QUICK), {"augment": ["none", "shift:1"]}, cv=2)
    assert set(found.fit(photos, labels).best_params_) == {"augment"}


def test_a_fitted_one_can_be_pickled(stripes):
    photos, labels = stripes(40)
    model = ImageClassifier(**QUICK).fit(photos, labels)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(photos) == model.predict_proba(photos)).all()


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ("photo.png", [0], "X must hold photos"),
        ([], [], "0 photos"),
        ([3, 4], [0, 1], "element 0 is 3"),
        (np.zeros((2, 64)), [0, 1], "of shape"),
        (np.zeros((2, 8, 8)), None, "requires y"),
        (np.zeros((2, 8, 8)), [0, 0], "more than one class"),
        (np.zeros((3, 8, 8)), [0, 1], "inconsistent numbers of samples"),
        (np.zeros((4, 8, 8, 2)), [0, 1, 0, 1], "must hold numbers of shape"),
        (np.full((4, 8, 8), np.nan), [0, 1, 0, 1], "finite"),
    ],
)
def test_what_is_wrong_is_said_as_scikit_learn_wants_it(X, y, said):
    with pytest.raises(ValueError, match=said):
        ImageClassifier(**QUICK).fit(X, y)


def test_wrong_parameters_are_said_together():
    with pytest.raises(ValueError, match="epochs must be") as error:
        ImageClassifier(epochs=0, size=2, class_weight="equal").fit(np.zeros((2, 8, 8)), [0, 1])
    assert "size must be" in str(error.value)
    assert "class_weight must be" in str(error.value)
