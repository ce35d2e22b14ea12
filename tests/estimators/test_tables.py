"""``TableClassifier`` and ``TableRegressor`` take raw frames and are ``gn.train`` behind the contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from glassnet.estimators import TableClassifier, TableRegressor

QUICK = {"net": "16", "epochs": 40, "lr": 0.02, "random_state": 0}


def mixed_rows(count=240):
    """Return a frame of several kinds of columns, and a number that follows from them."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=count),
            "city": rng.choice(["Bonn", "Graz", "Bern"], count),
            "day": pd.date_range("2024-01-01", periods=count),
            "open": rng.random(count) > 0.5,
            "target": rng.normal(size=count),
        }
    )
    y = X["size"] + 2.0 * (X["city"] == "Graz") + X["open"]
    X.loc[::17, "city"] = None
    return X, y.to_numpy()


def test_numbers_come_from_mixed_columns_with_missing_cells():
    X, y = mixed_rows()
    reg = TableRegressor(**QUICK).fit(X, y)
    assert reg.score(X, y) > 0.9
    assert reg.feature_names_in_.tolist() == list(X)
    answers = reg.predict(pl.from_pandas(X))
    assert answers.tolist() == reg.predict(X).tolist()
    low, high = reg.predict_interval(X, 0.8)
    assert np.mean((low <= y) & (y <= high)) == pytest.approx(0.8, abs=0.15)
    assert reg.model_.recipe.test == "none"


def test_classes_come_back_as_they_were():
    X, y = mixed_rows()
    classes = np.array([30, 4, 500])[np.digitize(y, [0.5, 1.5])]
    clf = TableClassifier(**QUICK).fit(X, classes)
    assert clf.classes_.tolist() == [4, 30, 500]
    p = clf.predict_proba(X)
    assert p.shape == (len(X), 3)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert clf.predict(X).tolist() == clf.classes_[p.argmax(axis=1)].tolist()
    assert clf.score(X, classes) > 0.8
    np.testing.assert_allclose(clf.predict_log_proba(X), np.log(p))


def test_more_than_ten_classes_keep_their_order():
    """Sorted as text "class 10" stands before "class 2"."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(12), 20)
    X = np.column_stack([np.cos(y), np.sin(y), y]) + rng.normal(scale=0.01, size=(240, 3))
    clf = TableClassifier(**QUICK, keep_leaks=True, validation="none").fit(X, y)
    assert clf.score(X, y) > 0.9


def test_several_targets_and_weights_of_rows():
    X, y = mixed_rows()
    both = TableRegressor(**QUICK).fit(X, np.column_stack([y, -y]))
    assert both.predict(X).shape == (len(X), 2)
    weight = np.arange(len(X)) % 2.0
    wrong = np.where(weight > 0, y, 50.0)
    assert np.abs(TableRegressor(**QUICK).fit(X, wrong, sample_weight=weight).predict(X) - y).mean() < 5
    classes = y > 1
    often = [
        TableClassifier(**QUICK, class_weight=weights).fit(X, classes).predict(X).mean()
        for weights in ({True: 0.05}, {True: 20.0})
    ]
    assert often[0] < often[1]


def test_what_train_refuses_is_a_value_error():
    X, y = mixed_rows()
    with pytest.raises(ValueError, match="optimizer"):
        TableRegressor(optimizer="sdg").fit(X, y)
    with pytest.raises(ValueError, match="every option of a recipe must be a known one"):
        TableRegressor(options={"lerning_rate": 1}).fit(X, y)
    with pytest.raises(ValueError, match="class_weight must be None"):
        TableClassifier(class_weight="even").fit(X, y > 1)


def test_options_reach_the_recipe_and_nothing_is_written(tmp_path):
    X, y = mixed_rows()
    reg = TableRegressor(**QUICK, roles={"city": "category"}, options={"clip": 0.5, "restarts": 2}).fit(X, y)
    assert reg.model_.recipe.clip == 0.5
    assert reg.model_.recipe.restarts == 2
    assert list(tmp_path.iterdir()) == []
