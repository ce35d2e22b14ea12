"""Scoring a fold: whose rows the baselines see, and when the memory of the tables is given back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.data.sources import open_source
from glassnet.randomness import stream
from glassnet.recipe import make_recipe
from glassnet.run.prepare import Encoded, Prepared, encode, prepare
from glassnet.run.scoring import Judge, _at, _codes


def table(rows=80, seed=0):
    chance = stream(seed, "table")
    size = chance.normal(size=rows)
    colour = np.array(["red", "green", "blue"])[chance.integers(0, 3, rows)]
    noise = 0.1 * chance.normal(size=rows)
    return pl.DataFrame({"size": size, "colour": colour, "y": size + (colour == "red") + noise})


def prepared(data, **options) -> tuple[Prepared, list[Encoded]]:
    recipe = make_recipe(target="y", **options)
    ready = prepare(recipe, open_source(data))
    return ready, [encode(ready, fold) for fold in (*ready.folds, *([ready.final] if ready.final else []))]


@pytest.mark.parametrize(("test", "folds"), [("random:0.2", 1), ("cv:2", 3)])
def test_the_tables_are_given_back_once_the_last_fold_has_read_them(test, folds):
    ready, encoded = prepared(table(), test=test)
    assert len(encoded) == folds
    for each in encoded:
        assert len(ready.tables) == 1
        Judge(each, ready, make_recipe(target="y", test=test))
    assert ready.tables == ()


def test_trees_see_the_rows_that_are_meant_also_those_of_a_test_file(tmp_path):
    data, other = table(), table(30, seed=1)
    other.write_csv(tmp_path / "other.csv")
    ready, (encoded,) = prepared(data, test=f"file:{tmp_path / 'other.csv'}")
    fold = encoded.fold
    for rows, frame in ((fold.train, data[fold.train]), (fold.test, other), (fold.test[5:7], other[5:7])):
        codes, categorical = _codes(encoded, ready.tables, rows)
        np.testing.assert_array_equal(codes[:, 0], frame["size"].to_numpy().astype(np.float32))
        levels = encoded.schema.columns[1].levels
        assert [levels[int(place)] for place in codes[:, 1]] == frame["colour"].to_list()
        assert categorical.tolist() == [False, True]


def test_rows_that_lie_together_are_not_copied():
    matrix = np.arange(20, dtype=np.float32).reshape(10, 2)
    assert np.shares_memory(_at(matrix, np.arange(3, 8)), matrix)
    for rows in ([0, 1, 3], [4], [*range(10)], []):
        np.testing.assert_array_equal(_at(matrix, np.array(rows, dtype=np.int64)), matrix[rows])


def test_training_and_validation_scores_count_the_sample_weights_as_test_scores_do():
    random = np.random.default_rng(0)
    rows = pl.DataFrame(
        {"x": random.normal(size=60), "y": random.normal(size=60), "w": random.choice([0.0, 1.0, 5.0], 60)}
    )
    model = gn.train(
        rows, target="y", weight="w", net="linear", epochs=1, test="last:10", validation="last:10"
    )
    for split, some in (("train", rows[:40]), ("validation", rows[40:50]), ("test", rows[50:])):
        errors = (model.predict(some) - some["y"].to_numpy()) ** 2
        expected = np.average(errors, weights=some["w"].to_numpy()) ** 0.5
        assert model.results.metrics[split]["rmse"] == pytest.approx(expected, rel=1e-6)
