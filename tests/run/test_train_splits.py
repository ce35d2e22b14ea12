"""Which rows train, choose and judge; what is fitted on which of them, and what is said about it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import polars as pl
import pytest

import glassnet as gn

QUICK = {"net": "8", "epochs": 2, "test": "random:0.25", "batch_size": 32}
INPUTS = ["x1", "x2", "colour"]


def columns(frame: pl.DataFrame, *targets: str) -> pl.DataFrame:
    return frame.select(*INPUTS, *targets)


def test_without_validation_the_last_epoch_is_kept_and_nothing_is_refitted(frame):
    model = gn.train(frame, target="y", validation="none", **{**QUICK, "net": "tabular"})
    assert not model.plan.refit
    assert model.plan.patience is None
    assert model.history.best_epoch == 2
    assert "validation" not in model.results.metrics


def test_without_test_rows_validation_is_what_is_shown(frame):
    model = gn.train(frame, target="y", **{**QUICK, "test": "none"})
    assert model.results.shown_split() == "validation"
    assert set(model.results.baselines["linear"]) == {"validation"}
    nothing = gn.train(frame, target="y", **{**QUICK, "test": "none", "validation": "none"})
    assert nothing.results.shown_split() == "train"
    assert nothing.results.rows["train"] == len(frame)


@pytest.mark.filterwarnings("ignore::glassnet.GlassnetWarning")
def test_without_test_rows_a_table_with_dates_is_validated_by_time(table):
    data = table().select(*INPUTS, "day", "y")
    model = gn.train(data, target="y", **{**QUICK, "test": "none"})
    assert model.plan.validation == "last:0.2"
    assert gn.train(data, target="y", **{**QUICK, "test": "cv:3"}).plan.validation == "random:0.2"


def test_the_last_rows_by_time_are_the_test_rows_and_whole_days_are_resampled(table):
    data = table().select(*INPUTS, "day", "y").sample(fraction=1, shuffle=True, seed=3)
    model = gn.train(data, target="y", **{**QUICK, "test": "last:5d"})
    assert model.plan.unit == "day"
    assert model.results.rows["test"] == 20
    assert model.plan.validation == "last:5d"
    assert model.results.rows["validation"] == 20


def test_whole_groups_are_held_out_and_resampled(table):
    data = table().select(*INPUTS, "shop", "y")
    model = gn.train(data, target="y", **{**QUICK, "test": "group:shop"})
    assert model.plan.unit == "group"
    assert "shop" not in [column.name for column in model.schema.columns]
    counts = data["shop"].value_counts()["count"].to_list()
    assert model.results.rows["test"] in {sum(counts[i] for i in each) for each in _subsets(len(counts))}


def _subsets(count: int) -> list[list[int]]:
    return [[i for i in range(count) if mask >> i & 1] for mask in range(1 << count)]


def test_a_file_of_its_own_can_be_the_test_rows(table):
    columns(table(60, seed=2), "y").write_csv("test.csv")
    model = gn.train(columns(table(), "y"), target="y", **{**QUICK, "test": "file:test.csv"})
    assert model.results.rows["test"] == 60
    assert model.results.rows["train"] + model.results.rows["validation"] == 160
    again = model.evaluate("test.csv")
    assert again.metrics["test"] == pytest.approx(model.results.metrics["test"])


@pytest.mark.parametrize(("test", "folds", "rows"), [("cv:3", 3, 160), ("windows:2x3d", 2, 24)])
def test_several_folds_are_scored_together_and_the_saved_net_is_trained_on_everything(
    table, test, folds, rows
):
    data = table().select(*INPUTS, "day", "y")
    model = gn.train(data, target="y", out="run", **{**QUICK, "test": test})
    results = model.results
    assert results.rows["test"] == rows
    assert results.rows["train"] + results.rows["validation"] == 160
    assert len(results.details["folds"]) == folds
    assert any(f"{folds} nets" in note for note in results.notes)
    lines = Path("run/history.jsonl").read_text().splitlines()
    nets = dict.fromkeys(json.loads(line)["net"] for line in lines)
    assert list(nets) == [*(f"fold{number}" for number in range(1, folds + 1)), "net"]


def test_rows_that_stand_on_both_sides_are_counted_and_reported(frame):
    doubled = pl.concat([frame, frame])
    model = gn.train(doubled, target="y", **QUICK)
    found = [note for note in model.results.notes if "stand in the training rows too" in note]
    assert len(found) == 1
    assert int(found[0].split()[0]) > 40
    assert not [n for n in gn.train(frame, target="y", **QUICK).results.notes if "training rows too" in n]


def test_the_schema_knows_nothing_of_validation_and_test_rows(frame):
    """All other rows get other numbers and categories, and the schema, scales included, stays the same."""
    options = {**QUICK, "test": "last:40", "validation": "last:30"}
    frame = frame.with_row_index("row")
    changed = frame.with_columns(
        pl.when(pl.col("row") < 90).then(name).otherwise(pl.col(name) * 7 + 3).alias(name)
        for name in ("x1", "x2", "y")
    ).with_columns(pl.when(pl.col("row") < 90).then("colour").otherwise(pl.lit("violet")).alias("colour"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gn.GlassnetWarning)
        one, other = (gn.train(each, target="y", drop="row", **options) for each in (frame, changed))
    assert one.schema == other.schema
    third = frame.with_columns(x1=pl.col("x1") * 2)
    assert gn.train(third, target="y", drop="row", **options).schema != one.schema
