"""Permutation importance: the closed form of a linear model, honest intervals, and what it says of itself."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import DataError, RecipeError
from glassnet.lens import importance as module
from glassnet.lens.importance import permutation_importance
from glassnet.randomness import stream


def increases(view):
    return {each.column: each.increase for each in view.columns}


def test_a_linear_model_loses_twice_the_squared_weight_times_the_variance(linear):
    """MSE grows by E[(w x - w x')²] = 2 w² Var(x) where the noise has nothing to do with x."""
    made = linear(rows=2000, weights={"温度": 1.0, "open": 0.5})
    noise = 30 * stream(0, "test").normal(size=2000)
    rows = made.rows.with_columns(pl.Series("骑行", made.model.predict(made.rows) + noise))
    view = permutation_importance(made.model, rows, repeats=10)
    assert view.score == pytest.approx(30, rel=0.05)
    assert view.metric == "rmse"
    scale = made.model.schema.targets[0].scale
    found = {name: (view.score + more) ** 2 - view.score**2 for name, more in increases(view).items()}
    share = made.rows["open"].mean()
    assert found["温度"] == pytest.approx(2 * scale**2, rel=0.05)
    assert found["open"] == pytest.approx(2 * 0.25 * share * (1 - share) * scale**2, rel=0.15)


def test_columns_that_the_net_does_not_read_are_worth_exactly_nothing(linear):
    made = linear(weights={"温度": 1.0})
    rest = [each for each in permutation_importance(made.model, made.rows).columns if each.column != "温度"]
    assert len(rest) == 4
    assert all((each.increase, each.interval) == (0.0, (0.0, 0.0)) for each in rest)


def test_all_units_of_a_column_are_shuffled_together(linear):
    """Shuffled one by one, a row could be red and blue at once; together the net sees only real colours."""
    made = linear(weights={"colour=red": 5.0, "colour=green": 5.0, "colour=blue": 5.0})
    assert increases(permutation_importance(made.model, made.rows))["colour"] == pytest.approx(0, abs=1e-4)


def test_the_most_important_column_comes_first_and_intervals_hold_the_estimate(linear):
    made = linear()
    view = permutation_importance(made.model, made.rows)
    values = [each.increase for each in view.columns]
    assert values == sorted(values, reverse=True)
    assert all(each.interval[0] <= each.increase <= each.interval[1] for each in view.columns)


def test_the_score_is_that_of_evaluate(linear):
    made = linear()
    expected = made.model.evaluate(made.rows).metrics["test"]
    assert permutation_importance(made.model, made.rows).score == pytest.approx(expected["rmse"])
    classes = linear("bought")
    view = permutation_importance(classes.model, classes.rows)
    assert view.metric == "log_loss"
    assert view.score == pytest.approx(classes.model.evaluate(classes.rows).metrics["test"]["log_loss"])


def test_the_order_of_the_data_columns_changes_nothing_and_the_seed_decides(linear):
    made = linear()
    view = permutation_importance(made.model, made.rows, seed=3)
    assert permutation_importance(made.model, made.rows.select(made.rows.columns[::-1]), seed=3) == view
    assert permutation_importance(made.model, made.rows, seed=4) != view


def test_intervals_resample_the_groups_of_the_run():
    """Rows copied within their group are no news; by rows the interval would shrink to a third."""
    chance = stream(0, "test")
    x = chance.normal(size=80)
    once = pl.DataFrame({"x": x, "y": x + chance.normal(size=80), "shop": [f"shop {n}" for n in range(80)]})
    model = gn.train(once, target="y", test="group:shop", net="linear", epochs=30)
    copied = pl.concat([once] * 10)
    widths = [np.ptp(permutation_importance(model, rows).columns[0].interval) for rows in (once, copied)]
    assert widths[1] > 0.6 * widths[0]
    by_row = permutation_importance(model, copied.drop("shop"))
    assert np.ptp(by_row.columns[0].interval) < 0.5 * widths[1]
    assert by_row.notes == ("intervals resample rows: not every row has its group",)


def test_of_many_rows_a_sample_is_looked_at_and_said(linear, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 50)
    made = linear()
    view = permutation_importance(made.model, made.rows)
    assert view.rows == 50
    assert view.notes[0] == "from a random sample of 50 of 400 rows"


def test_columns_that_stay_the_same_in_the_rows_are_named(linear):
    made = linear()
    view = permutation_importance(made.model, made.rows.with_columns(colour=pl.lit("red")))
    assert view.notes == ("the same in all these rows, so not to be judged by them: colour",)


def test_a_single_row_has_no_interval(linear):
    made = linear()
    view = permutation_importance(made.model, made.rows[:1])
    assert {each.interval for each in view.columns} == {None}
    assert "温度                   0              -" in str(view)


def test_the_text_lines_up_and_the_view_is_json(linear):
    made = linear(weights={"温度": 1.0})
    view = permutation_importance(made.model, made.rows, repeats=2)
    lines = str(view).splitlines()
    assert lines[0].endswith("on 400 rows, each column shuffled 2x")
    assert lines[1].split("  ")[:2] == ["column", "increase of rmse"]
    assert lines[2].startswith("温度  ")
    assert asdict(view)["columns"][0]["column"] == "温度"


def test_wrong_requests_are_named(linear):
    made = linear()
    with pytest.raises(RecipeError, match="repeats must be 1 or more, however: repeats=0"):
        permutation_importance(made.model, made.rows, repeats=0)
    with pytest.raises(DataError, match="must have the target column '骑行'"):
        permutation_importance(made.model, made.rows.drop("骑行"))
