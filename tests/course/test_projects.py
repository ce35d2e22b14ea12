"""The course's two table projects on their real data, with the marks that the course sets."""

from __future__ import annotations

import polars as pl
import pytest

import glassnet as gn

HOURS = "bike-sharing/hour.csv"


@pytest.fixture(scope="module")
def rides(local_data) -> gn.Model:
    """The course's own network on the course's split of the hourly rides."""
    return gn.train(
        local_data(HOURS),
        target="cnt",
        drop="casual,registered",
        test="last:504",
        validation="last:1440",
        net="20:sigmoid",
        optimizer="sgd",
        lr=0.3,
        batch_size=128,
    )


def test_the_bike_network_keeps_the_marks_of_the_course_C31(rides, local_data):
    """Scaled mean square error: below 0.09 in training, below 0.18 on the 60 days before the test."""
    counts = pl.read_csv(local_data(HOURS))["cnt"]
    assert rides.results.rows == {"train": 15_435, "validation": 1_440, "test": 504}
    variance = float(counts[:15_435].var(ddof=0) or 0.0)
    assert rides.results.metrics["train"]["rmse"] ** 2 / variance < 0.09
    assert rides.results.metrics["validation"]["rmse"] ** 2 / variance < 0.18


def test_the_bike_network_beats_its_baselines_but_not_at_christmas_C31(rides, local_data):
    """The test period holds Christmas: there the hours of the day do not repeat, and the net is too high."""
    results = rides.evaluate()
    assert results.metrics["test"]["rmse"] < results.baselines["linear"]["test"]["rmse"]
    last = pl.read_csv(local_data(HOURS)).tail(504)
    before = rides.evaluate(last.filter(pl.col("dteday") < "2012-12-22"))
    christmas = last.filter(pl.col("dteday").is_between(pl.lit("2012-12-22"), pl.lit("2012-12-31")))
    assert rides.evaluate(christmas).metrics["test"]["rmse"] > 1.5 * before.metrics["test"]["rmse"]
    assert rides.predict(christmas).mean() > christmas["cnt"].mean() * 1.3


def test_the_bike_columns_are_those_of_the_course_C31(rides):
    """Dummies for the codes, numbers scaled, what leaks or counts the rows left out."""
    roles = {column.name: column.role for column in rides.plan.columns}
    assert {name for name, role in roles.items() if role == "category"} == {
        *("season", "mnth", "hr", "weekday", "weathersit")
    }
    assert {name for name, role in roles.items() if role == "boolean"} == {"yr", "holiday", "workingday"}
    assert {column.name for column in rides.plan.columns if not column.used} == {
        *("instant", "casual", "registered", "cnt")
    }


def test_admissions_are_scored_beside_what_needs_no_network_C24(local_data):
    """There is little to find in 400 rows, and the result says so: they cannot be told apart."""
    model = gn.train(local_data("admissions/student_data.csv"), target="admit", test="random:0.1")
    roles = {column.name: column.role for column in model.plan.columns}
    assert roles == {"admit": "target", "gre": "number", "gpa": "number", "rank": "category"}
    assert model.task.classes == ("0", "1")
    low, high = model.results.intervals["test"]["accuracy"]
    assert low <= model.results.baselines["majority"]["test"]["accuracy"] <= high
    assert "cannot be told apart" in (model.results.verdict() or "")
    assert set(model.predict({"gre": 700, "gpa": 3.9, "rank": 1})) <= {0, 1}
