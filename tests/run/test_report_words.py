"""A report for somebody new to it: one phrase for one thing, one class in all charts, words explained."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.lens.charts import matrix_chart
from glassnet.lens.dependence import Dependence
from glassnet.lens.figures import number_figures
from glassnet.lens.page_charts import dependence_chart, time_charts
from glassnet.lens.wording import REFIT
from glassnet.randomness import stream


def table(rows: int = 300) -> pl.DataFrame:
    chance = stream(0, "test", "words")
    x = chance.normal(size=rows)
    return pl.DataFrame(
        {
            "day": (np.datetime64("2024-01-01") + np.arange(rows)).astype(str),
            "half": np.where(np.arange(rows) < rows // 2, "first", "second"),
            "a long name of a column that must be read whole": x.round(3),
            "y": (10 * x + chance.normal(size=rows)).round(3),
            "bought": np.where(x + chance.normal(size=rows) > 0, "yes", "no"),
            "size": np.array(["S", "M", "L"])[np.digitize(x, [-0.5, 0.5])],
        }
    )


def reported(target: str, test: str = "last:60") -> gn.lens.report.Report:
    others = {"y", "bought", "size"} - {target}
    table().drop(others).write_csv("data.csv")
    options = {"net": "8", "epochs": 3, "threads": 1, "out": test[:4], "test": test}
    return gn.report(gn.train("data.csv", target=target, **options))


def words_of(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).replace("&#39;", "'").split())


@pytest.mark.parametrize("target", ["bought", "size"])
def test_all_explanations_are_about_one_class_and_its_probability_is_said(target):
    found = reported(target).explained
    example = found.example.contributions
    assert {each.answer for each in found.dependence} == {example.answer}
    if target == "bought":
        assert example.answer == "yes"
    assert example.probability == pytest.approx(1 / (1 + np.exp(-example.output)))
    total = example.baseline_output + sum(each.value for each in example.columns) + example.residual
    assert total == pytest.approx(example.output)


def html(target: str, test: str = "last:60") -> str:
    reported(target, test)
    return Path(test[:4], "report.html").read_text(encoding="utf-8")


def test_a_column_of_one_value_has_no_worth_that_is_known():
    said = words_of(html("y"))
    assert "half not known" in said
    assert "What has one value in all these rows (not known) cannot be judged by them." in said
    assert "in all test rows half is second" in said
    assert "the same in all these rows" not in said
    assert "(not known)" not in words_of(html("y", test="random:0.2"))


@pytest.mark.parametrize("target", ["y", "bought"])
def test_words_are_explained_where_they_stand_and_each_link_leads_there(target):
    found = html(target)
    anchors = re.findall('id="([^"]*)"', found)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall('href="#([^"]*)"', found)) <= set(anchors)
    assert {"word-network", "word-interval", "word-linear"} <= set(anchors)
    assert ("word-auc" in anchors) == (target == "bought") != ("word-bias" in anchors)
    assert "how often a row of yes gets a higher probability of it than one of no" in found or target == "y"


def test_one_thing_has_one_name_and_each_chart_a_title_of_its_own():
    found = html("bought")
    titles = re.findall("<figcaption><b>([^<]*)", found)
    assert len(titles) == len(set(titles))
    assert "Is the difference of log loss more than luck?" in titles
    for other in ("undecided", "Undecided", "same shares", "not to be told"):
        assert other not in found


def test_each_count_of_a_confusion_matrix_is_written_zero_too():
    assert ">0</text>" in matrix_chart(np.array([[3.0, 0.0], [1.0, 2.0]]), ["a", "b"], "t", "d")


def test_a_line_over_time_does_not_lead_across_missing_hours():
    hours = np.delete(np.arange(100.0), np.r_[40:60]) * 3600
    figures = number_figures("y", hours, hours, hours, np.stack([hours - 1, hours + 1], axis=1))
    (found,) = (str(each) for each in time_charts(figures))
    broad = found.partition('class="narrow"')[0]
    assert [each.count("M") for each in re.findall(' d="([^"]*)"', broad)] == [2, 2]
    assert broad.count("<polygon") == 2


def test_times_without_a_step_of_their_own_make_one_line():
    times = np.cumsum(stream(0, "test", "times").exponential(size=100))
    (found,) = (str(each) for each in time_charts(number_figures("y", times, times, times)))
    assert {each.count("M") for each in re.findall(' d="([^"]*)"', found)} == {1}


def test_an_axis_of_a_column_ends_where_its_values_end():
    hours = tuple(map(str, range(24)))
    curve = Dependence("hr", "y", None, hours, (1.0,) * 24, (0.0,) * 24, (2.0,) * 24, 100, ())
    assert ">25<" not in dependence_chart(curve)
    assert ">20<" in dependence_chart(curve)


def test_validation_rows_that_the_network_learned_from_later_are_not_called_unseen():
    report = gn.report(gn.train("diabetes", epochs=2, threads=1, seed=1))
    assert [each.use for each in report.splits if each.name == "validation rows"] == [REFIT]
    report = gn.report(gn.train("diabetes", net="linear", epochs=2, threads=1))
    assert "not learned from" in next(each.use for each in report.splits if each.name == "validation rows")
