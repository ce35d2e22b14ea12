"""What a report distrusts row by row: stretches of time, extremes, and what the judged rows leave out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.lens.doubts_rows import bad_stretch, smoothed
from glassnet.lens.stretches import worst_stretch
from glassnet.randomness import stream

DAY = 86_400.0


def seen(truth: Any, answers: Any, times: Any = None, task: str = "regression") -> Any:
    """Give what the rules look at of rows with their truth and answers."""
    judged: Any = SimpleNamespace(truth=truth, answers=answers, raw=SimpleNamespace(times=times))
    judged = type("Rows", (SimpleNamespace,), {"__len__": lambda rows: len(rows.truth)})(**vars(judged))
    model = SimpleNamespace(
        task=SimpleNamespace(is_classification=task != "regression"),
        schema=SimpleNamespace(target_names=("y",)),
    )
    return SimpleNamespace(judged=judged, model=model, numbers=(), spans={}, split="test")


def noise(rows: int, name: str = "noise") -> Any:
    return stream(0, "test", "doubts", name).normal(size=rows)


def test_a_stretch_of_time_that_is_much_worse_is_named_with_its_dates():
    times = np.repeat(np.arange(48) * DAY, 10)
    errors = noise(480) + np.where((times >= 20 * DAY) & (times < 26 * DAY), 5.0, 0.0)
    (found,) = bad_stretch(seen(np.zeros(480), errors, times))
    assert found.title == "One stretch of time is much worse"
    assert found.evidence.startswith("from 1970-01-21 to 1970-01-26 (60 rows) answers are off by 5.")
    assert ", nearly all too high; elsewhere by 0." in found.evidence


def test_a_stretch_in_which_more_answers_are_wrong_is_named():
    times = np.arange(600) * DAY
    wrong = (np.arange(600) % 20 == 0) | ((np.arange(600) >= 300) & (np.arange(600) < 375))
    chances = np.stack([1.0 - wrong, wrong], axis=1)
    (found,) = bad_stretch(seen(np.zeros(600, dtype=np.int64), chances, times, task="binary"))
    assert "(75 rows) 100 % of its answers are wrong, elsewhere 4.95 %" in found.evidence


@pytest.mark.parametrize("rows", [50, 300, 2000])
def test_errors_that_only_vary_have_no_stretch(rows):
    hours = np.arange(rows)
    daily = noise(rows) * (1 + 3 * np.sin(hours * np.pi / 24) ** 2)
    assert worst_stretch(hours * 3600.0, np.abs(daily)) is None
    one_row = np.where(hours == rows // 2, 1000.0, np.abs(daily))
    assert worst_stretch(hours * 3600.0, one_row) is None
    assert [*bad_stretch(seen(np.zeros(rows), daily))] == [], "without times nothing is said"


def test_extremes_whose_answers_lie_near_the_middle_are_named():
    truth = np.linspace(0, 100, 400)
    assert [*smoothed(seen(truth, truth + noise(400)))] == []
    (found,) = smoothed(seen(truth, np.minimum(truth, 60.0)))
    assert found.title == "It pulls extremes to the middle"
    assert found.evidence == "the tenth of the rows with the highest y has a mean of 95.1, its answers 60"
    (both,) = smoothed(seen(truth, 50 + 0.5 * (truth - 50)))
    assert "with the lowest y has a mean of 4.89, its answers 27.4" in both.evidence


def test_answers_that_are_only_too_high_do_not_pull_extremes_to_the_middle():
    truth = np.linspace(0, 100, 400)
    assert [*smoothed(seen(truth, truth + 30))] == []


def table(rows: int = 900) -> pl.DataFrame:
    day = np.arange(rows)
    return pl.DataFrame(
        {
            "day": (np.datetime64("2022-01-01") + day).astype(str),
            "year": 2022 + day // 365,
            "season": np.array(["cold", "warm"])[day // 180 % 2],
            "rare": np.where(day % 97 == 1, "yes", "no"),
            "x": noise(rows, "x").round(3),
            "y": noise(rows, "y").round(3),
        }
    )


def parts(test: str) -> list[str]:
    """Train on half of the columns' story, and return what is said of the part that is judged."""
    options: dict[str, Any] = {"target": "y", "net": "linear", "epochs": 1, "threads": 1}
    table().write_csv("data.csv")
    gn.train("data.csv", test=test, out="run", **options)
    found = gn.report(gn.load("run/model.glass")).doubts
    return [
        each.evidence for each in found if each.title == "It is judged by a part of what it was trained on"
    ]


def test_rows_of_one_season_and_columns_of_one_value_are_named_and_rare_values_are_not():
    (said,) = parts("last:60")
    assert said == (
        "test rows are from 2024-04-20 to 2024-06-18 only, training rows of 779 days; in all test rows "
        "year is 2024 and season is cold: how good it is elsewhere is not known"
    )


def test_rows_drawn_from_everywhere_leave_no_part_out():
    assert parts("random:0.2") == []
