"""C47: a numeric series is foretold by a recurrent net, beside simple ways, never looking ahead."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.data.series import find_season, last_values, moments_of, seasonal_values
from glassnet.data.table import as_table

WISHES = {"task": "series", "target": "load", "net": "lstm:1x16", "device": "cpu"}


def waves(rows: int = 600, seed: int = 0) -> pl.DataFrame:
    """Make up a series with a season of 12 rows, a slow swing, and pushes that another column tells."""
    random, row = np.random.default_rng(seed), np.arange(rows)
    push = (random.random(rows) < 0.2).astype(float)
    load = 10 + 3 * np.sin(row * np.pi / 6) + np.sin(row / 40) + 2 * np.roll(push, 1)
    return pl.DataFrame({"load": load + random.normal(0, 0.1, rows), "push": push, "note": "same"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "waves"
    gn.train(waves(), out=folder, horizon=3, epochs=25, lr=0.01, test="last:120", **WISHES)
    return folder


def test_it_is_better_than_last_and_seasonal_value_where_there_is_more_to_know(folder):
    results = gn.load(folder / "model.glass").results
    assert set(results.metrics) == {"train", "validation", "test"}
    assert results.metrics["test"]["rmse"] < 0.8 * results.baselines["seasonal"]["test"]["rmse"]
    assert results.metrics["test"]["rmse"] < 0.8 * results.baselines["last_value"]["test"]["rmse"]
    assert results.differences["seasonal"]["test"]["rmse"].outcome == "better"
    assert len(results.details["test"]["per_output"]) == 3


def test_the_other_column_is_used_and_what_is_not_is_said(folder):
    plan = json.loads((folder / "plan.json").read_text())
    assert {each["name"]: each["used"] for each in plan["columns"]} == {
        "load": True,
        "push": True,
        "note": False,
    }
    assert (plan["season"], plan["window"], plan["horizon"]) == (12, 16, 3)


def test_the_next_values_come_from_the_last_rows_of_a_table(folder):
    model, rows = gn.load(folder / "model.glass"), waves(700, seed=1)
    found = model.predict(rows)
    assert found.shape == (3,)
    assert np.array_equal(found, model.predict(rows.tail(16)))
    assert model.evaluate(rows).rows == {"test": 700 - 16 + 1 - 3}
    with pytest.raises(gn.DataError, match="at least 16 rows"):
        model.predict(rows.head(15))


def test_what_comes_later_changes_no_forecast(folder):
    model, rows = gn.load(folder / "model.glass"), waves(200, seed=2)
    later = rows.with_columns(
        load=pl.when(pl.int_range(pl.len()) > 100).then(999.0).otherwise("load"),
        push=pl.when(pl.int_range(pl.len()) > 100).then(1.0).otherwise("push"),
    )
    moments = np.arange(15, 101)
    (values, before), (changed, after) = (model.schema.read(as_table(each, "rows")) for each in (rows, later))
    assert np.array_equal(model.forecasts(before, moments), model.forecasts(after, moments))
    assert not np.array_equal(
        model.forecasts(before, np.array([101])), model.forecasts(after, np.array([101]))
    )
    for foretold in (last_values, lambda v, m, h: seasonal_values(v, m, h, 12)):
        assert np.array_equal(foretold(values, moments, 3), foretold(changed, moments, 3))


def test_what_is_kept_from_training_has_no_influence_on_scaling_season_or_weights():
    rows = waves(300)
    spoilt = rows.with_columns(
        load=pl.when(pl.int_range(pl.len()) >= 250).then(pl.col("load") * 100).otherwise("load")
    )
    wishes = {**WISHES, "epochs": 2, "test": "last:50", "validation": "none"}
    clean, other = (gn.train(each, **wishes) for each in (rows, spoilt))
    assert clean.schema == other.schema
    assert clean.plan == other.plan
    assert all(
        np.array_equal(a.detach().numpy(), b.detach().numpy())
        for a, b in zip(clean.net.parameters(), other.net.parameters(), strict=True)
    )


def test_moments_keep_their_window_and_what_they_foretell_inside():
    assert moments_of(0, 10, 4, 2).tolist() == [3, 4, 5, 6, 7]
    assert moments_of(6, 10, 4, 2).tolist() == [5, 6, 7]
    assert moments_of(0, 4, 4, 2).tolist() == []


def test_the_seasonal_value_is_always_one_that_is_known():
    values = np.arange(20.0)
    assert seasonal_values(values, np.array([9]), 7, 3).tolist() == [[7, 8, 9, 7, 8, 9, 7]]
    assert last_values(values, np.array([9]), 2).tolist() == [[9, 9]]


def test_a_season_is_found_under_a_swing_and_none_in_a_line_or_in_noise():
    assert find_season(waves(600)["load"].to_numpy() + np.arange(600) / 50) == 12
    assert find_season(np.arange(50.0)) is None
    assert find_season(np.random.default_rng(0).normal(size=2000)) is None
    assert find_season(np.cumsum(np.random.default_rng(0).normal(size=2000))) is None
    assert find_season(np.array([1.0, 2.0])) is None


def test_a_series_without_other_columns_and_one_value_ahead():
    model = gn.train(waves(200).select("load"), **WISHES, epochs=2)
    assert model.schema.inputs is None
    assert model.predict(waves(200).select("load")).shape == (1,)
    assert set(model.results.metrics["test"]) == {"rmse", "mae", "r2"}


def test_the_file_is_saved_again_bit_for_bit_and_the_seed_decides_it(folder):
    again = gn.train(waves(), horizon=3, epochs=25, lr=0.01, test="last:120", **WISHES)
    assert again.to_bytes() == (folder / "model.glass").read_bytes()
    assert gn.load(folder / "model.glass").to_bytes() == (folder / "model.glass").read_bytes()


def test_a_run_that_was_stopped_goes_on_to_the_bits_of_one_left_alone(tmp_path, resumed):
    waves(300).write_csv(tmp_path / "waves.csv")
    wishes = {**WISHES, "net": "gru:2x6:0.2", "epochs": 4, "patience": 99}
    gn.train(tmp_path / "waves.csv", out=tmp_path / "whole", **wishes)
    broken = resumed(tmp_path / "waves.csv", 2, **wishes)
    assert (broken / "model.glass").read_bytes() == (tmp_path / "whole" / "model.glass").read_bytes()


def test_rows_out_of_the_order_of_time_are_refused():
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    rows = pl.DataFrame({"load": np.arange(28.0) % 5, "day": [*days[:20], days[5], *days[21:]]})
    with pytest.raises(gn.DataError, match=r"order of 'day'.*row 21"):
        gn.train(rows, **WISHES)


@pytest.mark.parametrize(
    ("rows", "more", "found"),
    [
        (waves(10), {"horizon": 4}, "rows must hold"),
        (waves(60), {"horizon": 7}, "validation rows must hold the values"),
        (waves(100), {"horizon": 90}, "must hold a window"),
        (waves(100).with_columns(load=1.0), {}, "must vary"),
        (waves(100).with_columns(load=pl.lit("x")), {}, "load"),
        (waves(100).rename({"load": "lood"}), {}, "did you mean 'lood'"),
        (waves(100), {"test": "random:0.2"}, "must keep its last rows"),
    ],
)
def test_what_cannot_be_foretold_is_an_error_that_says_why(rows, more, found):
    with pytest.raises(gn.RequestError, match=found):
        gn.train(rows, **{**WISHES, **more})


CHANGES = {
    "another key": lambda manifest, arrays: manifest.update(code="1"),
    "a longer horizon": lambda manifest, arrays: manifest["plan"].update(horizon=4),
    "a window of nothing": lambda manifest, arrays: manifest["plan"].update(window=0),
    "symbols": lambda manifest, arrays: manifest["networks"]["net"].update(symbols=5),
    "another scale": lambda manifest, arrays: manifest["schema"]["target"].update(scale=3.0),
    "no inputs": lambda manifest, arrays: manifest["schema"].update(inputs=None),
    "an array of nobody": lambda manifest, arrays: arrays.update({"more": np.zeros(1, np.float32)}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_refused(name, folder, refused_when_changed):
    refused_when_changed(folder / "model.glass", CHANGES[name])
