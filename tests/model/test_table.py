"""A Model takes raw rows in any dress and answers in the user's units; what it saves answers the same."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.errors import DataError, GlassnetWarning, RecipeError, RequestError, WorkError


def written(rides, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rides)
        writer.writerows(zip(*rides.values(), strict=True))
    return path


def records(rides):
    return [dict(zip(rides, row, strict=True)) for row in zip(*rides.values(), strict=True)]


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass", "poisson", "multioutput"])
def test_rows_in_any_dress_get_the_same_answers(golden, rides, tmp_path, name):
    model = golden(name)
    expected = model.predict(rides)
    path = written(rides, tmp_path / "rides.csv")
    frame = pl.DataFrame(rides)
    frame.write_parquet(tmp_path / "rides.parquet")
    frame.write_ndjson(tmp_path / "rides.jsonl")
    dresses = [path, str(path), tmp_path / "rides.parquet", tmp_path / "rides.jsonl", frame, frame.lazy()]
    dresses += [pd.DataFrame(rides), pa.table(rides), records(rides), frame.select(sorted(rides))]
    for each in dresses:
        np.testing.assert_array_equal(model.predict(each), expected)
    singles = [model.predict(row) for row in records(rides)]
    assert all(len(each) == 1 for each in singles)
    if model.task.is_classification:
        assert [each[0] for each in singles] == expected.tolist()
    else:
        np.testing.assert_allclose(np.concatenate(singles), expected, rtol=1e-5)


def test_numpy_rows_go_with_a_model_of_numpy_rows():
    X = np.random.default_rng(0).normal(size=(60, 4))
    model = gn.train(np.column_stack([X[:, :3], X @ [1, 2, 3, 0]]), target="x4", net="3", epochs=2)
    answers = model.predict(X[:5, :3])
    assert answers.shape == (5,)
    np.testing.assert_array_equal(model.predict({"x1": X[:5, 0], "x2": X[:5, 1], "x3": X[:5, 2]}), answers)


def test_answers_are_in_the_users_units_and_classes_as_they_were_written(golden, rides):
    without = {name: cells for name, cells in rides.items() if name not in MODEL_TARGETS}
    assert 0 < golden("regression").predict(without).mean() < 100
    assert golden("multioutput").predict(without | {"wind": rides["wind"]}).shape == (24, 2)
    assert (golden("poisson").predict(without) > 0).all()
    classes = golden("multiclass").predict(without)
    assert classes.dtype == np.int64
    assert set(classes.tolist()) <= {0, 10, 20}
    assert set(golden("binary").predict(without).tolist()) == {"Busy", "calm"}


MODEL_TARGETS = ("rides", "calls", "kind", "busy")


def test_probabilities_belong_to_the_classes_in_their_order(golden, rides):
    for name in ("binary", "multiclass"):
        model = golden(name)
        chances = model.predict_proba(rides)
        assert chances.shape == (24, len(model.task.classes))
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        said = [model.task.classes[place] for place in chances.argmax(axis=1)]
        assert said == [str(answer) for answer in model.predict(rides)]
    with pytest.raises(RecipeError, match="task=poisson; call predict"):
        golden("poisson").predict_proba(rides)


def test_without_data_evaluate_returns_what_the_run_scored(golden):
    model = golden("regression")
    assert model.evaluate() is model.results
    assert model.results.metrics.keys() == {"train", "validation", "test"}


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass", "poisson"])
def test_the_runs_own_test_rows_get_the_runs_own_scores(golden, training_rides, name):
    model = golden(name)
    test = chosen_rows(training_rides, model)
    found = model.evaluate(test)
    assert found.rows["test"] == model.results.rows["test"]
    constant = "majority" if model.task.is_classification else "mean"
    assert found.baselines.keys() == {constant, "linear"}
    for mine, runs in [
        (found.metrics["test"], model.results.metrics["test"]),
        *((found.baselines[each]["test"], model.results.baselines[each]["test"]) for each in found.baselines),
    ]:
        assert mine == pytest.approx(runs, rel=1e-5)
    for metric, interval in model.results.intervals["test"].items():
        assert found.intervals["test"][metric] == pytest.approx(interval, rel=1e-5)
    assert found.details["test"]["units"] == model.results.details["test"]["units"] < found.rows["test"]
    assert found.notes == tuple(each for each in model.results.notes if each.startswith("the 90 % intervals"))


def chosen_rows(rides, model):
    """Take the rows that the run judged: the last fifth, or the groups that it set aside."""
    frame = pl.DataFrame(rides)
    if model.plan.unit == "day":
        return frame.tail(model.results.rows["test"])
    from glassnet.data.row_facts import row_groups
    from glassnet.data.split import RowFacts, make_folds
    from glassnet.data.table import as_table
    from glassnet.notation import parse_split

    table = as_table(frame)
    spec = parse_split(model.plan.test)
    facts = RowFacts(table.rows, groups=row_groups(table, spec.column))
    return frame[make_folds(facts, spec, spec, model.recipe.seed)[0].test]


def test_what_the_rows_lack_for_intervals_and_weights_is_said_in_a_note(golden, rides):
    model = golden("binary")
    without = {name: cells for name, cells in rides.items() if name not in ("station", "trust")}
    found = model.evaluate(without)
    assert found.notes == (
        "every row counts 1: there is no column 'trust' with weights",
        "intervals resample rows: not every row has its group",
    )
    assert found.details["test"]["units"] == 24
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        found = golden("regression").evaluate({**rides, "when": [None, *rides["when"][1:]]})
    assert found.notes == ("intervals resample rows: not every row has its day",)


def test_the_words_for_missing_cells_of_the_run_hold_for_new_rows_too(golden, rides):
    model = golden("regression")
    cells = [str(value) if value is not None else "" for value in rides["temp"]]
    worded = {**rides, "temp": [each or "-999" for each in cells]}
    np.testing.assert_array_equal(model.predict(worded), model.predict({**rides, "temp": cells}))


def test_everything_wrong_with_new_rows_is_said_at_once_by_file_row_and_column(golden, tmp_path):
    (tmp_path / "new.csv").write_text(
        "when,Temp,sky,holiday,wind,station,trust,extra\n"
        "2024-01-01 00:00,1,clear,maybe,3,S1,1,x\n"
        "2024-13-01 00:00,2,clear,no,1e31,S1,1,x\n"
    )
    with pytest.raises(DataError) as error:
        golden("regression").predict(tmp_path / "new.csv")
    assert [each.split(";")[0] for each in error.value.problems] == [
        "new.csv must have the column 'temp', however: it is missing",
        "new.csv must have only columns that training had, however: column 'Temp' is surplus",
        "new.csv must have only columns that training had, however: column 'extra' is surplus",
        "new.csv, row 2, column 'when' must be a date written %Y-%m-%d %H:%M, however: '2024-13-01 00:00'",
        "new.csv, row 1, column 'holiday' must be no or yes, however: 'maybe'",
        "new.csv, row 2, column 'wind' must be a number of at most 1e+30 in size, however: 1e+31",
    ]
    assert "did you mean 'Temp'?" in error.value.problems[0]


def test_everything_wrong_with_rows_to_be_scored_is_said_at_once(golden, rides):
    wrong = {**rides, "wind": ["much"] * 24, "kind": [30, None, *rides["kind"][2:]]}
    with pytest.raises(DataError) as error:
        golden("multiclass").evaluate(wrong)
    assert [each.split(";")[0] for each in error.value.problems] == [
        "dict, row 1, column 'wind' and the 23 other cells of the column must be a number, however: 'much'",
        "dict, row 2, column 'kind' must have a value, because it is the target, however: a missing cell",
        "dict, row 1, column 'kind' must be a class of the training rows (0, 10, 20), however: 30",
    ]
    with pytest.raises(DataError, match="must have the target column 'kind'"):
        golden("multiclass").evaluate({name: rides[name] for name in rides if name != "kind"})


@pytest.mark.parametrize("empty", [{}, [], {"when": []}, pl.DataFrame(), [{}]])
def test_a_table_without_rows_is_refused(golden, empty):
    with pytest.raises(DataError, match="must"):
        golden("regression").predict(empty)


def test_an_answer_that_is_not_finite_is_an_error_and_names_the_row(golden, rides):
    model = golden("regression")
    broken = gn.Model(**{**vars(model), "net": Broken(model.net)})
    with pytest.raises(WorkError, match="2 rows have others, row 3 first"):
        broken.predict(rides)
    with pytest.raises(WorkError, match="2 rows have others, row 3 first"):
        broken.evaluate(rides)


class Broken(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        found = self.net(x).clone()
        found[[2, 5]] = torch.inf
        return found


def test_a_model_says_what_it_is_as_text_and_as_escaped_html(golden):
    model = golden("multiclass")
    assert repr(model).splitlines()[:5] == [
        "Model",
        "  task: multiclass: kind",
        "  classes: 0, 10, 20",
        "  inputs: 7 columns, 57 units",
        "  net: 6:silu:0.1, 381 parameters",
    ]
    plan = model.plan.model_copy(update={"net": "<script>&"})
    html = gn.Model(**{**vars(model), "plan": plan})._repr_html_()
    assert html.startswith("<table><tr><th>task</th><td>multiclass: kind</td></tr>")
    assert "&lt;script&gt;&amp;" in html
    assert "<script>" not in html


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass", "poisson", "multioutput"])
def test_a_model_is_the_same_after_saving_and_loading_to_the_bit(golden, rides, tmp_path, name):
    model = golden(name)
    model.save(tmp_path / "a.glass")
    again = gn.load(str(tmp_path / "a.glass"))
    np.testing.assert_array_equal(again.predict(rides), model.predict(rides))
    assert again.evaluate(rides) == model.evaluate(rides)
    assert again.evaluate() == model.evaluate()
    assert (again.recipe, again.plan, again.schema, again.task) == (
        model.recipe,
        model.plan,
        model.schema,
        model.task,
    )
    assert repr(again) == repr(model)
    assert repr(again.history) == repr(model.history)
    assert again.to_bytes() == (tmp_path / "a.glass").read_bytes() == model.to_bytes()


def test_saving_where_no_file_can_be_is_a_wrong_request(golden, tmp_path):
    with pytest.raises(RequestError, match="must be a file in a folder that exists"):
        golden("binary").save(tmp_path / "none" / "a.glass")


def test_weights_that_do_not_fit_are_named_with_the_file(golden, tmp_path):
    model = golden("regression")
    first = torch.nn.Linear(56, 6)
    gn.Model(**{**vars(model), "net": nn.Sequential(first, *model.net[1:])}).save(tmp_path / "a.glass")
    with pytest.raises(gn.FormatError, match=r"a\.glass must have '0\.weight', float32 \(6, 57\), however: "):
        gn.load(tmp_path / "a.glass")


NO_TABLES = [
    5,
    "none.csv",
    b"abc",
    [1, 2],
    [[1]],
    [{"temp": 1}, 3],
    {"temp": np.array(3)},
    {"temp": [[1], [2]]},
]
NO_TABLES += [np.zeros(3), np.zeros((0, 3)), np.zeros((2, 2), complex), {"temp": [1], "sky": "a"}, object()]


@pytest.mark.parametrize("data", NO_TABLES)
def test_what_is_no_table_is_refused(golden, data):
    with pytest.raises(DataError, match=", however: "):
        golden("regression").predict(data)
