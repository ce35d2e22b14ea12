"""Records to JSON and back, with and without timings; the frame; the table that is printed."""

from __future__ import annotations

import math

import polars as pl
import pytest

from glassnet.engine.history import EpochRecord, History
from glassnet.errors import FormatError


def history():
    records = [
        EpochRecord(1, 0.5, 0.75, 0.1, {"rmse": 3.0}, 0.25),
        EpochRecord(2, 0.1 + 0.2, 0.6, 0.05, {"rmse": math.nan}, 0.125),
    ]
    return History(records, "torch", "why", "epochs", 2, {"threads": 1}, [0.5, 0.25])


def test_json_lines_keep_everything_with_timings():
    text = history().to_jsonl()
    again = History.from_jsonl(text)
    assert text.count("\n") == 3
    assert again.to_jsonl() == text
    assert again[1].train_loss == 0.1 + 0.2
    assert again[0].seconds == 0.25
    assert math.isnan(again[1].metrics["rmse"])
    assert (again.stopped, again.best_epoch, again.plan, again.step_losses) == (
        "epochs",
        2,
        {"threads": 1},
        [0.5, 0.25],
    )


def test_json_leaves_the_timings_out_so_that_equal_runs_give_equal_text():
    slower = history()
    slower.records[0] = EpochRecord(1, 0.5, 0.75, 0.1, {"rmse": 3.0}, 99.0)
    assert slower.to_json() == history().to_json()
    assert "seconds" not in slower.to_json()
    assert History.from_json(slower.to_json())[0].seconds is None
    assert History.from_json(slower.to_json()).to_json() == slower.to_json()


def test_the_lines_of_a_run_that_goes_on_can_be_read():
    lines = history().to_jsonl().splitlines()
    assert History.from_jsonl(lines[0]).stopped is None
    assert len(History.from_jsonl("\n".join(lines[:2]))) == 2
    assert lines[0] == history()[0].to_json()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"records": [{"epoch": 1}]}', '{"records": 3}', '{"surplus": 1, "records": []}']
)
def test_anything_else_is_a_format_error(text):
    with pytest.raises(FormatError, match="a history must be as"):
        History.from_json(text)


def test_the_frame_has_one_row_per_epoch_and_a_column_per_metric():
    frame = history().frame()
    assert frame.columns == ["epoch", "train_loss", "validation_loss", "learning_rate", "rmse", "seconds"]
    assert frame["epoch"].to_list() == [1, 2]
    assert frame.schema["validation_loss"] == pl.Float64
    assert History([EpochRecord(1, 0.5, None, 0.1)]).frame()["validation_loss"].to_list() == [None]
    assert History().frame().height == 0


def test_it_is_a_sequence_of_records():
    assert len(history()) == 2
    assert [record.epoch for record in history()] == [1, 2]
    assert history()[-1].epoch == 2


def test_the_printed_table_marks_the_best_epoch():
    assert repr(history()).splitlines() == [
        "History: 2 epochs, stopped: epochs, weights of epoch 2, engine torch",
        " epoch   train loss  validation          lr        rmse",
        "     1          0.5        0.75         0.1           3",
        "*    2          0.3         0.6        0.05         nan",
    ]
    assert repr(History()) == "History: 0 epochs, not ended, engine torch"
