"""Partial dependence: slopes of a linear model, brute force for any other, and what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import RecipeError
from glassnet.lens import dependence as module
from glassnet.lens.dependence import partial_dependence


def test_a_linear_model_has_the_slope_of_its_weight(linear):
    made = linear()
    view = partial_dependence(made.model, made.rows, "温度")
    slope = np.diff(view.mean) / np.diff(view.values)
    expected = made.model.schema.targets[0].scale * made.weights["温度"] / made.rows["温度"].std(ddof=0)
    assert slope == pytest.approx(np.full(19, expected), rel=1e-3)
    assert np.ptp(np.subtract(view.high, view.low)) < 1e-3  # every row has the same slope


@pytest.mark.parametrize(("column", "value"), [("温度", 25.0), ("colour", "green"), ("open", "true")])
def test_each_point_is_the_mean_answer_to_rows_with_that_value(linear, column, value):
    rows = linear().rows
    model = gn.train(rows, target="骑行", test="none", net="16:tanh", epochs=5)
    changed = rows.with_columns(pl.lit(value == "true" if column == "open" else value).alias(column))
    answers = model.predict(changed)
    grid = rows if column != "温度" else pl.concat([changed[:1], rows[:15]])
    view = partial_dependence(model, grid, column)
    assert value in view.values
    if column == "温度":
        grid_answers = model.predict(grid.with_columns(pl.lit(value).alias(column)))
        assert view.mean[view.values.index(value)] == pytest.approx(grid_answers.mean(), rel=1e-5)
        return
    place = view.values.index(value)
    assert view.mean[place] == pytest.approx(answers.mean(), rel=1e-5)
    assert view.low[place] == pytest.approx(np.quantile(answers, 0.1), rel=1e-5)
    assert view.high[place] == pytest.approx(np.quantile(answers, 0.9), rel=1e-5)


def test_few_values_are_all_taken_and_many_become_quantiles(linear):
    made = linear()
    values = partial_dependence(made.model, made.rows, "温度", points=7).values
    assert len(values) == 7
    assert set(values) <= set(made.rows["温度"])
    assert values[3] == pytest.approx(made.rows["温度"].median(), abs=0.2)
    assert values[0] > made.rows["温度"].min()
    assert values[-1] < made.rows["温度"].max()
    few = made.rows.with_columns((pl.col("温度") > 20).cast(pl.Float64).alias("温度"))
    assert partial_dependence(made.model, few, "温度").values == (0.0, 1.0)


def test_missing_cells_are_a_level_of_categories_and_booleans(linear):
    gaps = linear().rows.with_columns(
        pl.when(pl.int_range(400) % 5 > 0).then("colour"),
        pl.when(pl.int_range(400) % 7 > 0).then("open"),
    )
    model = gn.train(gaps, target="骑行", test="none", net="8:tanh", epochs=2)
    for column, levels in {"colour": {"red", "green", "blue"}, "open": {"false", "true"}}.items():
        view = partial_dependence(model, gaps, column)
        assert set(view.values) == {*levels, "(missing)"}
        answers = model.predict(gaps.with_columns(pl.lit(None, gaps.schema[column]).alias(column)))
        assert view.mean[view.values.index("(missing)")] == pytest.approx(answers.mean(), rel=1e-5)


def test_missing_numbers_stay_out_of_the_grid(linear):
    made = linear()
    view = partial_dependence(made.model, made.rows, "wind")
    assert np.isfinite(view.values).all()
    empty = made.rows.with_columns(pl.lit(None, pl.Float64).alias("wind"))
    assert partial_dependence(made.model, empty, "wind").values == (pytest.approx(made.rows["wind"].mean()),)


def test_classes_show_the_probability_of_one(linear):
    two = linear("bought")
    view = partial_dependence(two.model, two.rows, "open")
    assert (view.answer, view.unit) == ("yes", "probability of bought=yes")
    other = partial_dependence(two.model, two.rows, "open", output="no")
    assert np.add(view.mean, other.mean) == pytest.approx([1, 1])
    three = linear("kind")
    means = three.model.predict_proba(three.rows).mean(axis=0)
    view = partial_dependence(three.model, three.rows, "温度")
    assert view.answer == three.model.task.classes[int(means.argmax())]


def test_the_target_need_not_be_there_and_a_sample_is_said(linear, monkeypatch):
    made = linear()
    view = partial_dependence(made.model, made.rows.drop("骑行"), "open")
    assert (view.rows, view.notes) == (400, ())
    monkeypatch.setattr(module, "MOST_ROWS", 30)
    sample = partial_dependence(made.model, made.rows, "open")
    assert (sample.rows, sample.notes) == (30, ("from a random sample of 30 of 400 rows",))


def test_the_text_has_a_line_for_each_value(linear):
    made = linear()
    lines = str(partial_dependence(made.model, made.rows, "colour")).splitlines()
    assert lines[0] == "骑行, 400 rows"
    assert lines[1].split() == ["colour", "mean", "80", "%", "of", "rows"]
    assert [line.split()[0] for line in lines[2:]] == ["blue", "green", "red"]


@pytest.mark.parametrize(
    ("column", "options", "text"),
    [
        ("when", {}, "'when' is a date, whose parts"),
        ("colou", {}, "however: column='colou'; did you mean 'colour'"),
        ("骑行", {}, "however: column='骑行'"),
        ("wind", {"points": 1}, "points must be 2 or more"),
        ("wind", {"output": "cnt"}, "output must be a class or a target of the model"),
    ],
)
def test_what_cannot_be_varied_is_named(linear, column, options, text):
    made = linear()
    with pytest.raises(RecipeError, match=text):
        partial_dependence(made.model, made.rows, column, **options)


def test_a_column_that_was_left_out_says_why(linear):
    rows = linear().rows.with_columns(same=pl.lit(3))
    model = gn.train(rows, target="骑行", test="none", net="linear", epochs=1)
    with pytest.raises(RecipeError, match="'same' is left out: "):
        partial_dependence(model, rows, "same")
