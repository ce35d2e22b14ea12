"""The charts of a report: nothing lies over their edges, axes are round, and many rows become few marks."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.lens import charts
from glassnet.lens.axes import fitted, log_axis, number_axis, text_width, time_axis
from glassnet.lens.charts import Plot, Row, matrix_chart, row_chart
from glassnet.lens.figures import number_figures, reliability, time_curve
from glassnet.lens.markup import element, escaped
from glassnet.randomness import stream

NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)
DAY = 86_400.0


def places(svg: str, *names: str) -> list[float]:
    return [float(found) for name in names for found in re.findall(rf'\b{name}="([-\d.]+)"', svg)]


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_an_axis_of_numbers_holds_every_value_between_round_ticks(values):
    axis = number_axis(values, "x")
    at = axis.places(values)
    rounding = 1e-6 * (axis.high - axis.low)
    assert axis.low - rounding <= min(values)
    assert max(values) <= axis.high + rounding
    assert ((at >= 0) & (at <= 1)).all()
    assert 2 <= len(axis.ticks) <= 13
    assert len(set(axis.labels)) == len(axis.labels)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.013, 0.0234], ("0.0125", "0.0150", "0.0175", "0.0200", "0.0225", "0.0250")),
        ([-5e6, 3e6], ("−6M", "−4M", "−2M", "0", "2M", "4M")),
        ([5, 5], ("4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6")),
        ([], ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
        ([np.nan, 1, 30], ("0", "10", "20", "30")),
    ],
)
def test_ticks_are_written_as_people_write_them(values, labels):
    assert number_axis(values, "x").labels == labels


def test_a_loss_that_falls_steeply_is_read_in_powers_of_ten():
    axis = log_axis([0.02, 3.0], "loss")
    assert axis.labels == ("0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5")
    assert axis.place(axis.low) == 0
    assert axis.place(axis.high) == 1


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (0.2, ("09:00", "10:00", "11:00", "12:00")),
        (21, ("17 Mar", "24 Mar", "31 Mar")),
        (300, ("May 2011", "Jul 2011", "Sep 2011", "Nov 2011", "Jan 2012")),
        (2000, ("2012", "2013", "2014", "2015", "2016")),
    ],
)
def test_ticks_of_time_are_round_times(days, labels):
    start = 1_300_000_000.0  # 2011-03-13 07:06:40
    assert time_axis([start + 3600, start + 3600 + days * DAY], "time").labels == labels


def test_what_is_drawn_lies_within_the_drawing():
    chance = stream(0, "test", "charts")
    xs, ys = chance.normal(size=200) * 1e5, chance.normal(size=200) * 1e-3
    plot = Plot(
        number_axis(xs, "x"), number_axis(ys, "a title that is far too long for its axis " * 4), "t", "d"
    )
    plot.dots(xs, ys, "network").whiskers(xs, ys - 1e-4, ys, "truth").columns([0, 1, 2], [1, 2], "network")
    svg = plot.svg()
    assert all(0 <= each <= plot.width for each in places(svg, "cx", "x1", "x2", "x"))
    assert all(0 <= each <= plot.height for each in places(svg, "cy", "y1", "y2", "y", "height"))


def test_long_names_are_cut_in_a_row_chart_and_wide_letters_count_twice():
    rows = [Row("名" * 200, -3.0, "−3", (-4.0, 9.0)), Row("<b>", 2.0, "2")]
    svg = row_chart(rows, number_axis([-4, 9], "x"), "t", "d", bars=True)
    assert "&lt;b&gt;" in svg
    assert "<b>" not in svg
    assert all(0 <= each <= charts.WIDTH for each in places(svg, "x", "x1", "x2"))
    assert text_width("名" * 10, 12) == 120
    assert text_width(fitted("名" * 200, 100, 12), 12) <= 106


def test_a_matrix_shows_each_count_once_and_fits_many_classes():
    svg = matrix_chart(np.arange(256.0).reshape(16, 16), [f"class {n}" for n in range(16)], "t", "d")
    assert svg.count(">255<") == 1
    assert max(places(svg, "x")) <= charts.WIDTH


def test_a_million_rows_become_a_few_hundred_marks():
    chance = stream(0, "test", "million")
    truth = chance.gamma(2, 50, 1_000_000)
    times = np.arange(1_000_000) * 60.0
    found = number_figures("y", truth, truth + chance.normal(size=len(truth)), times)
    assert found.time is not None
    assert len(found.time.times) == 300
    assert found.time.rows_each >= 3333
    assert found.detail is not None
    assert len(found.detail.times) == 300
    assert found.cloud.counts.sum() == 1_000_000
    assert len(found.tenths.truth) == 10
    assert abs(found.residuals.shares.sum() - 1) < 1e-9


def test_the_hours_of_a_day_that_has_only_its_date_are_spread_over_it():
    days = np.repeat([0.0, DAY, 2 * DAY], 24)
    found = time_curve(days, np.arange(72.0), np.arange(72.0))
    assert found is not None
    assert found.times.tolist() == [3600.0 * hour for hour in range(72)]
    assert found.rows_each == 1


def test_the_rows_of_a_day_that_is_cut_off_lie_at_its_end_and_at_its_beginning():
    days = np.repeat([0.0, DAY, 2 * DAY, 3 * DAY], [2, 24, 24, 3])
    found = time_curve(days, np.arange(53.0), np.arange(53.0))
    assert found is not None
    assert found.times.tolist() == [3600.0 * hour for hour in range(22, 75)]


def test_the_sizes_of_errors_and_the_groups_of_predictions_are_those_of_the_rows():
    truth = np.arange(100.0)
    found = number_figures("y", truth, truth + np.where(truth < 50, 1.0, -3.0), None)
    assert found.time is None
    assert found.residuals.within == ((0.5, 2.0), (0.8, 3.0), (0.9, 3.0), (0.95, 3.0), (1.0, 3.0))
    assert found.residuals.mean == -1
    assert found.tenths.truth.tolist()[0] == 4.5
    assert found.tenths.answers.tolist()[0] == 5.5


def test_one_row_and_equal_rows_can_be_drawn():
    for count in (1, 2, 500):
        found = number_figures("y", np.full(count, 2.0), np.full(count, 2.0), np.zeros(count))
        assert found.time is None
        assert found.residuals.shares.sum() == pytest.approx(1)


def test_calibration_finds_the_groups_whose_probabilities_are_off():
    chance = stream(0, "test", "calibration")
    said = chance.uniform(size=5000)
    chances = np.stack([1 - said, said], axis=1)
    right = reliability(chances, (chance.uniform(size=5000) < said).astype(np.int64), ("no", "yes"))
    wrong = reliability(chances, (chance.uniform(size=5000) < said**3).astype(np.int64), ("no", "yes"))
    assert right.rows.sum() == 5000
    assert right.off.sum() <= 2
    assert wrong.off.sum() >= 7


def test_equal_probabilities_are_one_group():
    chances = np.tile([0.7, 0.2, 0.1], (90, 1))
    found = reliability(chances, np.zeros(90, dtype=np.int64), ("a", "b", "c"))
    assert found.rows.tolist() == [90]
    assert found.came_true.tolist() == [1.0]


def test_attributes_and_texts_are_escaped_wherever_they_enter():
    hostile = "\"><script>'\x00\ud800\u202e"
    found = element("p", hostile, class_=hostile)
    assert found == element("p", escaped(hostile), class_=escaped(hostile))
    assert found.encode("utf-8").count(b"<") == 2
    assert "\u202e" not in found
