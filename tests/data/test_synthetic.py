"""Synthetic data is always the same, and has the shape that its name promises."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from glassnet.data.synthetic import SYNTHETIC, lines, synthetic_rides, xor


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_same_data_comes_each_time(name: str) -> None:
    assert SYNTHETIC[name]().equals(SYNTHETIC[name]())


def test_points_of_two_lines_are_separated_by_a_line_and_those_of_xor_are_not() -> None:
    flat, crossed = lines(), xor()
    above = flat["x2"] - 0.5 * flat["x1"] > 0
    assert (above == (flat["label"] == 1)).all()
    assert ((crossed["x1"] * crossed["x2"] < 0) == (crossed["label"] == 1)).all()


def test_rides_have_the_calendar_of_their_two_years() -> None:
    rides = synthetic_rides()
    day = rides["dteday"].str.to_date()
    assert (day.min(), day.max(), rides.height) == (day[0], day[-1], 731 * 24)
    assert (rides["hr"] == pl.Series([*range(24)] * 731)).all()
    assert (rides["weekday"] == day.dt.weekday() % 7).all()
    assert (rides["mnth"] == day.dt.month()).all()
    assert (rides["yr"] == day.dt.year() - 2011).all()
    assert rides.filter(holiday=1)["dteday"].n_unique() == 21
    working = (rides["holiday"] == 0) & rides["weekday"].is_in([1, 2, 3, 4, 5])
    assert (rides["workingday"] == working.cast(pl.Int64)).all()


def test_rides_follow_hour_season_and_weather() -> None:
    rides = synthetic_rides()
    assert (rides["cnt"] == rides["casual"] + rides["registered"]).all()
    hours = rides.filter(workingday=1).group_by("hr").agg(pl.col("cnt").mean()).sort("hr")["cnt"]
    assert hours[8] > 2 * hours[10]
    assert hours[17] > 2 * hours[14]
    months = rides.group_by("mnth").agg(pl.col("cnt").mean()).sort("mnth")["cnt"]
    assert months[6] > 2 * months[0]
    weather = rides.group_by("weathersit").agg(pl.col("cnt").mean()).sort("weathersit")["cnt"].to_list()
    assert weather == sorted(weather, reverse=True)
    assert np.isfinite(rides.select(pl.col("temp", "atemp", "hum", "windspeed")).to_numpy()).all()
    assert (
        rides.select(pl.col("temp", "atemp", "hum", "windspeed").is_between(0, 1).all()).row(0) == (True,) * 4
    )
