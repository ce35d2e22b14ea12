"""A report says how far answers can be trusted: intervals, leaks, and rows that count differently."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.cli import run
from glassnet.randomness import stream

QUICK = {"target": "y", "net": "8", "epochs": 4, "threads": 1, "out": "run"}
BAND = '<polygon points="[^"]+" class="band network">'


def rows(count: int = 320) -> pl.DataFrame:
    chance = stream(0, "test", "trust")
    x = chance.normal(size=count)
    return pl.DataFrame(
        {
            "day": (np.datetime64("2024-01-01") + np.arange(count) // 4).astype(str),
            "x": x.round(3),
            "noise": chance.normal(size=count).round(3),
            "w": chance.integers(1, 4, size=count),
            "y": (10 * x + chance.normal(size=count)).round(3),
        }
    )


def trained(table: pl.DataFrame, **options: object) -> gn.Model:
    table.write_csv("data.csv")
    return gn.train("data.csv", **(QUICK | options))


def html() -> str:
    return Path("run/report.html").read_text(encoding="utf-8")


def words(text: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", text).replace("&#39;", "'").split())


def opening() -> str:
    return words(html().partition("<header>")[2].partition("<h2")[0])


def test_intervals_are_drawn_over_time_and_said_with_their_measured_coverage():
    model = trained(rows(), drop="w")
    held = model.results.prediction_intervals["test"]
    report = gn.report(model)
    time = report.numbers[0].time
    low, high = time.ends.T
    assert np.mean((low <= time.truth) & (time.truth <= high)) == pytest.approx(held.coverage)
    assert report.numbers[0].tenths.ends.shape == (8, 2)
    assert "its prediction interval, which should hold the truth" in html()
    assert len(re.findall(BAND, html())) >= 3, "over time, broad and narrow, and by level"
    share, ends = 100 * held.coverage, [100 * each for each in held.interval]
    known = f"(95 % interval {ends[0]:.1f} % to {ends[1]:.1f} %)"
    assert f"for {share:.1f} % of these rows it did {known}" in opening()
    assert f"of the 64 test rows it did {known}" in words(html())


def test_the_intervals_of_several_folds_are_measured_but_not_drawn_and_that_is_said():
    model = trained(rows(), drop="w", test="windows:2x10d")
    held = model.results.prediction_intervals["test"]
    assert f"{100 * held.coverage:.3g} % of these rows" in opening()
    assert "its prediction interval, which should hold the truth" not in html()
    assert "No chart shows them: the network of each fold had intervals of its own." in words(html())


def test_without_test_rows_the_report_says_why_intervals_are_not_measured():
    found = gn.report(trained(rows(), drop="w", test="none"))
    assert found.coverage is None
    assert found.numbers[0].time.ends is None, "validation rows made the intervals"
    assert found.missing[-1].endswith("there are no test rows to measure them on")
    found = gn.report(trained(rows(), drop="w", validation="none", out="second"))
    assert found.missing[-1].endswith("there are too few of these")


def test_means_over_many_rows_have_no_intervals_and_their_last_rows_have():
    found = gn.report(trained(rows(4000), drop="w")).numbers[0]
    assert found.time.rows_each > 1
    assert found.time.ends is None
    assert found.detail.ends.shape == (300, 2)


def test_columns_that_give_the_target_away_are_named_at_the_top_and_in_the_table_of_columns():
    part = rows().rename({"y": "b"}).with_columns(a=(9 * stream(1, "test", "a").normal(size=320)).round(3))
    part = part.with_columns(y=(pl.col("a") + pl.col("b")).round(3))
    model = trained(part, drop="w")
    finding = model.results.leaks[0].finding
    assert f"Not used, because they give the target away: b and a ({finding})." in opening()
    assert words(html()).count(f"leak, left out {finding}") == 2
    assert "b and a" in str(gn.report(model))
    with pytest.warns(gn.GlassnetWarning, match="kept leak"):
        kept = gn.report(trained(part, drop="w", keep_leaks=True, out="kept"))
    assert kept.doubts[0].title == "Columns give the target away"
    verdicts = re.findall(r'class="verdict (\w+)"><b>([^<]*)', Path("kept/report.html").read_text())
    assert set(verdicts) == {("unsure", "In doubt.")}
    assert "Not used" not in str(kept)


@pytest.mark.filterwarnings("default::glassnet.GlassnetWarning")
def test_a_warning_of_the_split_is_said_once_among_the_doubts(capsys):
    table = rows(600).drop("w", "day").with_columns(more=stream(1, "test", "more").normal(size=600))
    copies = table.head(200).with_columns(pl.col("x") + 1e-5, pl.col("noise") - 1e-5)
    pl.concat([table, copies]).write_csv("data.csv")
    assert run(["train", "data.csv", "--target", "y", "--net", "8", "--epochs", "4", "--out", "run"]) == 0
    said = capsys.readouterr()
    assert (said.err + said.out).count("are nearly training rows") == 1
    found = gn.report(gn.load("run/model.glass"))
    assert [each.title for each in found.doubts].count("It has nearly seen the rows that judge it") == 1
    assert words(html()).count("are nearly training rows") == 1
    assert not any("near duplicates" in each for each in found.notes)
    assert run(["report", "run/model.glass", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["leaks"][0]["kind"] == "near_duplicates"


def test_charts_that_count_rows_equally_where_scores_weigh_them_say_so():
    model = trained(rows(), weight="w")
    assert "Scores weigh each row by its w; charts of numbers" in words(html())
    assert gn.report(model, rows().drop("w")).counting == ""
    trained(rows(), drop="w", out="second")
    assert "Scores weigh" not in Path("second/report.html").read_text(encoding="utf-8")
